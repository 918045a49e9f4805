// ULX3S, an ECP5: 25 MHz crystal, UART of the FT231X, eight LEDs.
//
// The FT231X divides 3 MHz; 25 MHz / 8 is not among its rates, 25 MHz / 25 is.
module capram_ulx3s #(
  parameter logic [31:0] BuildHash = '0,
  parameter logic [7:0] BoardNumber = 8'd3,
  parameter int unsigned ClockHz = 25_000_000,
  parameter int unsigned ClocksPerBit = 25,
  parameter int unsigned TimeoutLog2 = 18
) (
  input  logic       crystal,
  input  logic       rx,
  output logic       tx,
  output logic [7:0] leds,
  output logic       wifi_gpio0  // high: the ESP32 keeps its hands off
);
  logic rst_n, busy;

  capram_reset u_reset (
    .clk_i  (crystal),
    .ready_i(1'b1),
    .rst_no (rst_n)
  );

  capram_fpga #(
    .BuildHash(BuildHash),
    .BoardNumber(BoardNumber),
    .ClockHz(ClockHz),
    .ClocksPerBit(ClocksPerBit),
    .TimeoutLog2(TimeoutLog2)
  ) u_fpga (
    .clk_i (crystal),
    .rst_ni(rst_n),
    .rx_i  (rx),
    .tx_o  (tx),
    .busy_o(busy)
  );

  assign wifi_gpio0 = 1'b1;
  assign leds = {4'd0, !tx, !rx, busy, rst_n};
endmodule
