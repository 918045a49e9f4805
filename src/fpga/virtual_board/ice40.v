// Behaviour of the iCE40 cells that an unpacked netlist contains; logic and flip-flops come as
// expressions.

// The virtual board has one time, cycles of the design's clock, so a PLL passes its reference on. It
// is locked from the start.
module SB_PLL40_CORE #(
  parameter FEEDBACK_PATH = "SIMPLE", parameter DELAY_ADJUSTMENT_MODE_FEEDBACK = "FIXED",
  parameter DELAY_ADJUSTMENT_MODE_RELATIVE = "FIXED", parameter PLLOUT_SELECT = "GENCLK",
  parameter SHIFTREG_DIV_MODE = 0, parameter FDA_FEEDBACK = 0, parameter FDA_RELATIVE = 0,
  parameter DIVR = 0, parameter DIVF = 0, parameter DIVQ = 0, parameter FILTER_RANGE = 0,
  parameter ENABLE_ICEGATE = 0, parameter TEST_MODE = 0
) (
  input REFERENCECLK, EXTFEEDBACK, BYPASS, RESETB, LATCHINPUTVALUE, SDI, SCLK,
  input [7:0] DYNAMICDELAY,
  output PLLOUTCORE, PLLOUTGLOBAL, LOCK, SDO
);
  assign PLLOUTCORE   = REFERENCECLK;
  assign PLLOUTGLOBAL = REFERENCECLK;
  assign LOCK = 1'b1;
  assign SDO  = 1'b0;
endmodule

module SB_PLL40_PAD #(
  parameter FEEDBACK_PATH = "SIMPLE", parameter DELAY_ADJUSTMENT_MODE_FEEDBACK = "FIXED",
  parameter DELAY_ADJUSTMENT_MODE_RELATIVE = "FIXED", parameter PLLOUT_SELECT = "GENCLK",
  parameter SHIFTREG_DIV_MODE = 0, parameter FDA_FEEDBACK = 0, parameter FDA_RELATIVE = 0,
  parameter DIVR = 0, parameter DIVF = 0, parameter DIVQ = 0, parameter FILTER_RANGE = 0,
  parameter ENABLE_ICEGATE = 0, parameter TEST_MODE = 0
) (
  input PACKAGEPIN, EXTFEEDBACK, BYPASS, RESETB, LATCHINPUTVALUE, SDI, SCLK,
  input [7:0] DYNAMICDELAY,
  output PLLOUTCORE, PLLOUTGLOBAL, LOCK, SDO
);
  assign PLLOUTCORE   = PACKAGEPIN;
  assign PLLOUTGLOBAL = PACKAGEPIN;
  assign LOCK = 1'b1;
  assign SDO  = 1'b0;
endmodule

// 256 rows of 16 bits. In mode m, 2^m addresses share a row: address bits 8 and up pick every 2^m-th
// bit of the row of the lower eight. Data are on every 2^m-th wire, counted from wire 2^m / 2 - 1, in
// mode 0 on all. Only in mode 0 the mask counts; a 1 in it keeps a bit. A row that is read while it is
// written gives what was in it.
module SB_RAM40_4K #(
  parameter integer READ_MODE = 0, parameter integer WRITE_MODE = 0,
  parameter [255:0] INIT_0 = 0, parameter [255:0] INIT_1 = 0, parameter [255:0] INIT_2 = 0,
  parameter [255:0] INIT_3 = 0, parameter [255:0] INIT_4 = 0, parameter [255:0] INIT_5 = 0,
  parameter [255:0] INIT_6 = 0, parameter [255:0] INIT_7 = 0, parameter [255:0] INIT_8 = 0,
  parameter [255:0] INIT_9 = 0, parameter [255:0] INIT_A = 0, parameter [255:0] INIT_B = 0,
  parameter [255:0] INIT_C = 0, parameter [255:0] INIT_D = 0, parameter [255:0] INIT_E = 0,
  parameter [255:0] INIT_F = 0
) (
  input RCLK, RCLKE, RE, WCLK, WCLKE, WE,
  input [10:0] RADDR, WADDR,
  input [15:0] MASK, WDATA,
  output [15:0] RDATA
);
  // Every 2^m-th bit, and the first wire with data.
  localparam [15:0] ReadBits  = READ_MODE == 0 ? 16'hffff : READ_MODE == 1 ? 16'h5555
                              : READ_MODE == 2 ? 16'h1111 : 16'h0101;
  localparam [15:0] WriteBits = WRITE_MODE == 0 ? 16'hffff : WRITE_MODE == 1 ? 16'h5555
                              : WRITE_MODE == 2 ? 16'h1111 : 16'h0101;
  localparam integer ReadWire  = READ_MODE == 0 ? 0 : (1 << READ_MODE) / 2 - 1;
  localparam integer WriteWire = WRITE_MODE == 0 ? 0 : (1 << WRITE_MODE) / 2 - 1;
  localparam [4095:0] Init = {INIT_F, INIT_E, INIT_D, INIT_C, INIT_B, INIT_A, INIT_9, INIT_8,
                              INIT_7, INIT_6, INIT_5, INIT_4, INIT_3, INIT_2, INIT_1, INIT_0};
  reg [15:0] rows [0:255];
  reg [15:0] data = 16'd0;
  assign RDATA = data;

  integer i;
  initial for (i = 0; i < 256; i = i + 1) rows[i] = Init[16*i+:16];

  // Which of the addresses that share a row.
  wire [2:0] read_part  = RADDR[10:8] & ((3'd1 << READ_MODE) - 3'd1);
  wire [2:0] write_part = WADDR[10:8] & ((3'd1 << WRITE_MODE) - 3'd1);

  always @(posedge RCLK) if (RE && RCLKE)
    data <= (rows[RADDR[7:0]] >> read_part & ReadBits) << ReadWire;

  generate
    if (WRITE_MODE == 0) begin : masked
      always @(posedge WCLK) if (WE && WCLKE)
        rows[WADDR[7:0]] <= (rows[WADDR[7:0]] & MASK) | (WDATA & ~MASK);
    end else begin : part
      always @(posedge WCLK) if (WE && WCLKE)
        rows[WADDR[7:0]] <= (rows[WADDR[7:0]] & ~(WriteBits << write_part))
                          | ((WDATA >> WriteWire & WriteBits) << write_part);
    end
  endgenerate
endmodule
