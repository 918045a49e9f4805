// iCE40-HX8K breakout board: 12 MHz crystal, PLL to 24 MHz, UART of the FT2232H's second channel,
// eight LEDs.
module capram_hx8k #(
  parameter logic [31:0] BuildHash = '0,
  parameter logic [7:0] BoardNumber = 8'd1,
  parameter int unsigned ClockHz = 24_000_000,
  parameter int unsigned ClocksPerBit = 8,
  parameter int unsigned TimeoutLog2 = 18
) (
  input  logic       crystal,
  input  logic       rx,
  output logic       tx,
  output logic [7:0] leds
);
  logic clk, locked, rst_n, busy;

  // 12 MHz * (DIVF + 1) / (DIVR + 1) / 2^DIVQ
  SB_PLL40_CORE #(
    .FEEDBACK_PATH("SIMPLE"),
    .DIVR(4'd0),
    .DIVF(7'd63),
    .DIVQ(3'd5),
    .FILTER_RANGE(3'd1)
  ) u_pll (
    .REFERENCECLK(crystal),
    .PLLOUTCORE  (),
    .PLLOUTGLOBAL(clk),
    .EXTFEEDBACK (1'b0),
    .DYNAMICDELAY(8'd0),
    .LOCK        (locked),
    .BYPASS      (1'b0),
    .RESETB      (1'b1),
    .LATCHINPUTVALUE(1'b0),
    .SDO         (),
    .SDI         (1'b0),
    .SCLK        (1'b0)
  );

  capram_reset u_reset (
    .clk_i  (clk),
    .ready_i(locked),
    .rst_no (rst_n)
  );

  capram_fpga #(
    .BuildHash(BuildHash),
    .BoardNumber(BoardNumber),
    .ClockHz(ClockHz),
    .ClocksPerBit(ClocksPerBit),
    .TimeoutLog2(TimeoutLog2)
  ) u_fpga (
    .clk_i (clk),
    .rst_ni(rst_n),
    .rx_i  (rx),
    .tx_o  (tx),
    .busy_o(busy)
  );

  assign leds = {4'd0, !tx, !rx, busy, rst_n};
endmodule
