// Simulation top of the host link alone, with a short time-out: the testbench plays the host's UART
// and the bus.
//
// drive 0: bit 0 rst_n, bit 1 rx, bit 2 done, bit 3 crc_clear; drive 1: data read.
// pins 0: bit 0 tx, bit 1 request, bit 2 write, bit 3 outside, bit 4 dropped, bit 5 framing error;
// pins 1: address; pins 2: data to write; pins 3: CRC.
module capram_uartbone_sim (
  input  logic        clk_i,
  input  logic [31:0] drive_i[8],
  output logic [31:0] pins_o[56]
);
  logic [14:0] address;

  capram_uartbone #(
    .ClocksPerBit(8),
    .TimeoutLog2(9)
  ) u_link (
    .clk_i,
    .rst_ni         (drive_i[0][0]),
    .rx_i           (drive_i[0][1]),
    .tx_o           (pins_o[0][0]),
    .request_o      (pins_o[0][1]),
    .write_o        (pins_o[0][2]),
    .outside_o      (pins_o[0][3]),
    .address_o      (address),
    .write_data_o   (pins_o[2]),
    .done_i         (drive_i[0][2]),
    .read_data_i    (drive_i[1]),
    .crc_clear_i    (drive_i[0][3]),
    .crc_o          (pins_o[3]),
    .dropped_o      (pins_o[0][4]),
    .framing_error_o(pins_o[0][5])
  );

  assign pins_o[0][31:6] = '0;
  assign pins_o[1] = 32'(address);
  for (genvar i = 4; i < 56; i++) begin : g_none
    assign pins_o[i] = '0;
  end
endmodule
