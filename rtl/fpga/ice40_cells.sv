// Primitives of the iCE40 that the boards' tops instantiate, as far as linters and synthesis need to
// know them.
(* blackbox *)
module SB_PLL40_CORE #(
  parameter FEEDBACK_PATH = "SIMPLE",
  parameter logic [3:0] DIVR = '0,
  parameter logic [6:0] DIVF = '0,
  parameter logic [2:0] DIVQ = '0,
  parameter logic [2:0] FILTER_RANGE = '0
) (
  input  logic       REFERENCECLK,
  output logic       PLLOUTCORE,
  output logic       PLLOUTGLOBAL,
  input  logic       EXTFEEDBACK,
  input  logic [7:0] DYNAMICDELAY,
  output logic       LOCK,
  input  logic       BYPASS,
  input  logic       RESETB,
  input  logic       LATCHINPUTVALUE,
  output logic       SDO,
  input  logic       SDI,
  input  logic       SCLK
);
endmodule
