// iCEBreaker, an iCE40 UP5K: 12 MHz crystal without PLL, UART of the FT2232H's second channel, two
// LEDs that light when low.
module capram_icebreaker #(
  parameter logic [31:0] BuildHash = '0,
  parameter logic [7:0] BoardNumber = 8'd2,
  parameter int unsigned ClockHz = 12_000_000,
  parameter int unsigned ClocksPerBit = 8,
  parameter int unsigned TimeoutLog2 = 18
) (
  input  logic crystal,
  input  logic rx,
  output logic tx,
  output logic red_n,
  output logic green_n
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

  assign red_n   = !busy;
  assign green_n = !rst_n;
endmodule
