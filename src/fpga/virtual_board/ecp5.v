// Behaviour of the ECP5 cells in a netlist after place and route.
//
// Such a netlist says with parameters how a pin is connected: `<pin>MUX` may be the pin's name,
// "INV", "0" or "1". A pin that is not connected is 1, as in the silicon; "INV" of it makes a 0.

`define CAPRAM_PIN(pin) wire pin``_in = pin``MUX == "INV" ? ~pin : pin``MUX == "0" ? 1'b0 \
                                    : pin``MUX == "1" ? 1'b1 : pin;

module DCCA (input tri1 CLKI, CE, output CLKO);
  assign CLKO = CLKI;  // nothing here stops a global clock
endmodule

// A pin has its direction in a parameter, which no port can follow: the cell's name says it, too.
module TRELLIS_IO_INPUT #(
  parameter DIR = "", parameter DATAMUX_MDDR = "", parameter DATAMUX_ODDR = ""
) (input B, output O);
  assign O = B;
endmodule

module TRELLIS_IO_OUTPUT #(
  parameter DIR = "", parameter DATAMUX_MDDR = "", parameter DATAMUX_ODDR = ""
) (output B, input tri1 I);
  assign B = I;
endmodule

module TRELLIS_FF #(
  parameter GSR = "", parameter CEMUX = "1", parameter CLKMUX = "CLK", parameter LSRMUX = "LSR",
  parameter SRMODE = "LSR_OVER_CE", parameter REGSET = "RESET", parameter SD = "1"
) (
  input CLK, LSR, DI, M, input tri1 CE, output reg Q
);
  `CAPRAM_PIN(CE)
  wire clock  = CLKMUX == "INV" ? ~CLK : CLK;
  wire reset  = LSRMUX == "INV" ? ~LSR : LSR;
  wire data   = SD == "0" ? M : DI;  // from outside, or from the look-up table beside it
  localparam Start = REGSET == "SET";
  initial Q = Start;
  generate
    if (SRMODE == "ASYNC") begin : async
      always @(posedge clock, posedge reset)
        if (reset) Q <= Start;
        else if (CE_in) Q <= data;
    end else begin : sync
      always @(posedge clock)
        if (reset) Q <= Start;
        else if (CE_in) Q <= data;
    end
  endgenerate
endmodule

// A look-up table, alone, in a carry chain, or as 16 bits of memory.
module TRELLIS_COMB #(
  parameter MODE = "LOGIC", parameter [15:0] INITVAL = 0, parameter CCU2_INJECT1 = "NO",
  parameter WREMUX = "WRE", parameter WCKMUX = "WCK", parameter IS_Z1 = 0
) (
  input tri1 A, B, C, D, M, FCI, F1, FXA, FXB, WD, WAD0, WAD1, WAD2, WAD3, WRE, WCK,
  output F, FCO, OFX
);
  generate
    if (MODE == "CCU2") begin : carry
      wire sum  = INITVAL[{D, C, B, A}];
      wire half = INITVAL[{2'b00, B, A}];
      assign F   = CCU2_INJECT1 == "YES" ? sum : sum ^ FCI;
      assign FCO = sum ? FCI : CCU2_INJECT1 == "YES" ? 1'b0 : half;
    end else if (MODE == "DPRAM") begin : memory
      `CAPRAM_PIN(WRE)
      `CAPRAM_PIN(WCK)
      reg [15:0] cells = INITVAL;
      always @(posedge WCK_in) if (WRE_in) cells[{WAD3, WAD2, WAD1, WAD0}] <= WD;
      assign F = cells[{A, C, B, D}];
    end else begin : logic_
      assign F = INITVAL[{D, C, B, A}];
    end
    assign OFX = IS_Z1 ? (M ? FXB : FXA) : (M ? F1 : F);
  endgenerate
endmodule

// Takes address and data of a write to the memories beside it in.
module TRELLIS_RAMW (
  input tri1 A0, B0, C0, D0, A1, B1, C1, D1,
  output WADO0, WADO1, WADO2, WADO3, WDO0, WDO1, WDO2, WDO3
);
  assign {WADO3, WADO2, WADO1, WADO0} = {A0, C0, B0, D0};
  assign {WDO3, WDO2, WDO1, WDO0} = {B1, D1, A1, C1};
endmodule

// 1024 words of 18 bits, kept as halves of 9, with two ports. Each port is 18, 9, 4, 2 or 1 bits
// wide; narrow ones count bits from the bottom of a half and leave its ninth alone. At 36 bits, A
// writes and B reads two words, the first of them through the data pins of A.
module DP16KD #(
  parameter integer DATA_WIDTH_A = 18, parameter integer DATA_WIDTH_B = 18,
  parameter REGMODE_A = "NOREG", parameter REGMODE_B = "NOREG",
  parameter WRITEMODE_A = "NORMAL", parameter WRITEMODE_B = "NORMAL",
  parameter RESETMODE = "SYNC", parameter ASYNC_RESET_RELEASE = "SYNC", parameter GSR = "",
  parameter CSDECODE_A = "0b000", parameter CSDECODE_B = "0b000", parameter INIT_DATA = "",
  parameter WID = 0,
  parameter DIA0MUX = "", parameter DIA1MUX = "", parameter DIA2MUX = "", parameter DIA3MUX = "",
  parameter DIA4MUX = "", parameter DIA5MUX = "", parameter DIA6MUX = "", parameter DIA7MUX = "",
  parameter DIA8MUX = "", parameter DIA9MUX = "", parameter DIA10MUX = "",
  parameter DIA11MUX = "", parameter DIA12MUX = "", parameter DIA13MUX = "",
  parameter DIA14MUX = "", parameter DIA15MUX = "", parameter DIA16MUX = "",
  parameter DIA17MUX = "", parameter ADA0MUX = "", parameter ADA1MUX = "", parameter ADA2MUX = "",
  parameter ADA3MUX = "", parameter ADA4MUX = "", parameter ADA5MUX = "", parameter ADA6MUX = "",
  parameter ADA7MUX = "", parameter ADA8MUX = "", parameter ADA9MUX = "", parameter ADA10MUX = "",
  parameter ADA11MUX = "", parameter ADA12MUX = "", parameter ADA13MUX = "",
  parameter CEAMUX = "", parameter OCEAMUX = "", parameter CLKAMUX = "", parameter WEAMUX = "",
  parameter RSTAMUX = "", parameter CSA0MUX = "", parameter CSA1MUX = "", parameter CSA2MUX = "",
  parameter DIB0MUX = "", parameter DIB1MUX = "", parameter DIB2MUX = "", parameter DIB3MUX = "",
  parameter DIB4MUX = "", parameter DIB5MUX = "", parameter DIB6MUX = "", parameter DIB7MUX = "",
  parameter DIB8MUX = "", parameter DIB9MUX = "", parameter DIB10MUX = "",
  parameter DIB11MUX = "", parameter DIB12MUX = "", parameter DIB13MUX = "",
  parameter DIB14MUX = "", parameter DIB15MUX = "", parameter DIB16MUX = "",
  parameter DIB17MUX = "", parameter ADB0MUX = "", parameter ADB1MUX = "", parameter ADB2MUX = "",
  parameter ADB3MUX = "", parameter ADB4MUX = "", parameter ADB5MUX = "", parameter ADB6MUX = "",
  parameter ADB7MUX = "", parameter ADB8MUX = "", parameter ADB9MUX = "", parameter ADB10MUX = "",
  parameter ADB11MUX = "", parameter ADB12MUX = "", parameter ADB13MUX = "",
  parameter CEBMUX = "", parameter OCEBMUX = "", parameter CLKBMUX = "", parameter WEBMUX = "",
  parameter RSTBMUX = "", parameter CSB0MUX = "", parameter CSB1MUX = "", parameter CSB2MUX = "",
  parameter [319:0] INITVAL_00 = 0, parameter [319:0] INITVAL_01 = 0,
  parameter [319:0] INITVAL_02 = 0, parameter [319:0] INITVAL_03 = 0,
  parameter [319:0] INITVAL_04 = 0, parameter [319:0] INITVAL_05 = 0,
  parameter [319:0] INITVAL_06 = 0, parameter [319:0] INITVAL_07 = 0,
  parameter [319:0] INITVAL_08 = 0, parameter [319:0] INITVAL_09 = 0,
  parameter [319:0] INITVAL_0A = 0, parameter [319:0] INITVAL_0B = 0,
  parameter [319:0] INITVAL_0C = 0, parameter [319:0] INITVAL_0D = 0,
  parameter [319:0] INITVAL_0E = 0, parameter [319:0] INITVAL_0F = 0,
  parameter [319:0] INITVAL_10 = 0, parameter [319:0] INITVAL_11 = 0,
  parameter [319:0] INITVAL_12 = 0, parameter [319:0] INITVAL_13 = 0,
  parameter [319:0] INITVAL_14 = 0, parameter [319:0] INITVAL_15 = 0,
  parameter [319:0] INITVAL_16 = 0, parameter [319:0] INITVAL_17 = 0,
  parameter [319:0] INITVAL_18 = 0, parameter [319:0] INITVAL_19 = 0,
  parameter [319:0] INITVAL_1A = 0, parameter [319:0] INITVAL_1B = 0,
  parameter [319:0] INITVAL_1C = 0, parameter [319:0] INITVAL_1D = 0,
  parameter [319:0] INITVAL_1E = 0, parameter [319:0] INITVAL_1F = 0,
  parameter [319:0] INITVAL_20 = 0, parameter [319:0] INITVAL_21 = 0,
  parameter [319:0] INITVAL_22 = 0, parameter [319:0] INITVAL_23 = 0,
  parameter [319:0] INITVAL_24 = 0, parameter [319:0] INITVAL_25 = 0,
  parameter [319:0] INITVAL_26 = 0, parameter [319:0] INITVAL_27 = 0,
  parameter [319:0] INITVAL_28 = 0, parameter [319:0] INITVAL_29 = 0,
  parameter [319:0] INITVAL_2A = 0, parameter [319:0] INITVAL_2B = 0,
  parameter [319:0] INITVAL_2C = 0, parameter [319:0] INITVAL_2D = 0,
  parameter [319:0] INITVAL_2E = 0, parameter [319:0] INITVAL_2F = 0,
  parameter [319:0] INITVAL_30 = 0, parameter [319:0] INITVAL_31 = 0,
  parameter [319:0] INITVAL_32 = 0, parameter [319:0] INITVAL_33 = 0,
  parameter [319:0] INITVAL_34 = 0, parameter [319:0] INITVAL_35 = 0,
  parameter [319:0] INITVAL_36 = 0, parameter [319:0] INITVAL_37 = 0,
  parameter [319:0] INITVAL_38 = 0, parameter [319:0] INITVAL_39 = 0,
  parameter [319:0] INITVAL_3A = 0, parameter [319:0] INITVAL_3B = 0,
  parameter [319:0] INITVAL_3C = 0, parameter [319:0] INITVAL_3D = 0,
  parameter [319:0] INITVAL_3E = 0, parameter [319:0] INITVAL_3F = 0
) (
  input tri1
    DIA0, DIA1, DIA2, DIA3, DIA4, DIA5, DIA6, DIA7, DIA8, DIA9, DIA10, DIA11, DIA12, DIA13, DIA14,
    DIA15, DIA16, DIA17, ADA0, ADA1, ADA2, ADA3, ADA4, ADA5, ADA6, ADA7, ADA8, ADA9, ADA10, ADA11,
    ADA12, ADA13, CEA, OCEA, CLKA, WEA, RSTA, CSA0, CSA1, CSA2, DIB0, DIB1, DIB2, DIB3, DIB4,
    DIB5, DIB6, DIB7, DIB8, DIB9, DIB10, DIB11, DIB12, DIB13, DIB14, DIB15, DIB16, DIB17, ADB0,
    ADB1, ADB2, ADB3, ADB4, ADB5, ADB6, ADB7, ADB8, ADB9, ADB10, ADB11, ADB12, ADB13, CEB, OCEB,
    CLKB, WEB, RSTB, CSB0, CSB1, CSB2,
  output
    DOA0, DOA1, DOA2, DOA3, DOA4, DOA5, DOA6, DOA7, DOA8, DOA9, DOA10, DOA11, DOA12, DOA13, DOA14,
    DOA15, DOA16, DOA17, DOB0, DOB1, DOB2, DOB3, DOB4, DOB5, DOB6, DOB7, DOB8, DOB9, DOB10, DOB11,
    DOB12, DOB13, DOB14, DOB15, DOB16, DOB17
);
  `CAPRAM_PIN(DIA0) `CAPRAM_PIN(DIA1) `CAPRAM_PIN(DIA2) `CAPRAM_PIN(DIA3) `CAPRAM_PIN(DIA4)
  `CAPRAM_PIN(DIA5) `CAPRAM_PIN(DIA6) `CAPRAM_PIN(DIA7) `CAPRAM_PIN(DIA8) `CAPRAM_PIN(DIA9)
  `CAPRAM_PIN(DIA10) `CAPRAM_PIN(DIA11) `CAPRAM_PIN(DIA12) `CAPRAM_PIN(DIA13) `CAPRAM_PIN(DIA14)
  `CAPRAM_PIN(DIA15) `CAPRAM_PIN(DIA16) `CAPRAM_PIN(DIA17) `CAPRAM_PIN(ADA0) `CAPRAM_PIN(ADA1)
  `CAPRAM_PIN(ADA2) `CAPRAM_PIN(ADA3) `CAPRAM_PIN(ADA4) `CAPRAM_PIN(ADA5) `CAPRAM_PIN(ADA6)
  `CAPRAM_PIN(ADA7) `CAPRAM_PIN(ADA8) `CAPRAM_PIN(ADA9) `CAPRAM_PIN(ADA10) `CAPRAM_PIN(ADA11)
  `CAPRAM_PIN(ADA12) `CAPRAM_PIN(ADA13) `CAPRAM_PIN(CEA) `CAPRAM_PIN(OCEA) `CAPRAM_PIN(CLKA)
  `CAPRAM_PIN(WEA) `CAPRAM_PIN(RSTA) `CAPRAM_PIN(CSA0) `CAPRAM_PIN(CSA1) `CAPRAM_PIN(CSA2)
  `CAPRAM_PIN(DIB0) `CAPRAM_PIN(DIB1) `CAPRAM_PIN(DIB2) `CAPRAM_PIN(DIB3) `CAPRAM_PIN(DIB4)
  `CAPRAM_PIN(DIB5) `CAPRAM_PIN(DIB6) `CAPRAM_PIN(DIB7) `CAPRAM_PIN(DIB8) `CAPRAM_PIN(DIB9)
  `CAPRAM_PIN(DIB10) `CAPRAM_PIN(DIB11) `CAPRAM_PIN(DIB12) `CAPRAM_PIN(DIB13) `CAPRAM_PIN(DIB14)
  `CAPRAM_PIN(DIB15) `CAPRAM_PIN(DIB16) `CAPRAM_PIN(DIB17) `CAPRAM_PIN(ADB0) `CAPRAM_PIN(ADB1)
  `CAPRAM_PIN(ADB2) `CAPRAM_PIN(ADB3) `CAPRAM_PIN(ADB4) `CAPRAM_PIN(ADB5) `CAPRAM_PIN(ADB6)
  `CAPRAM_PIN(ADB7) `CAPRAM_PIN(ADB8) `CAPRAM_PIN(ADB9) `CAPRAM_PIN(ADB10) `CAPRAM_PIN(ADB11)
  `CAPRAM_PIN(ADB12) `CAPRAM_PIN(ADB13) `CAPRAM_PIN(CEB) `CAPRAM_PIN(OCEB) `CAPRAM_PIN(CLKB)
  `CAPRAM_PIN(WEB) `CAPRAM_PIN(RSTB) `CAPRAM_PIN(CSB0) `CAPRAM_PIN(CSB1) `CAPRAM_PIN(CSB2)

  localparam [20479:0] Init = {
    INITVAL_3F, INITVAL_3E, INITVAL_3D, INITVAL_3C, INITVAL_3B, INITVAL_3A, INITVAL_39,
    INITVAL_38, INITVAL_37, INITVAL_36, INITVAL_35, INITVAL_34, INITVAL_33, INITVAL_32,
    INITVAL_31, INITVAL_30, INITVAL_2F, INITVAL_2E, INITVAL_2D, INITVAL_2C, INITVAL_2B,
    INITVAL_2A, INITVAL_29, INITVAL_28, INITVAL_27, INITVAL_26, INITVAL_25, INITVAL_24,
    INITVAL_23, INITVAL_22, INITVAL_21, INITVAL_20, INITVAL_1F, INITVAL_1E, INITVAL_1D,
    INITVAL_1C, INITVAL_1B, INITVAL_1A, INITVAL_19, INITVAL_18, INITVAL_17, INITVAL_16,
    INITVAL_15, INITVAL_14, INITVAL_13, INITVAL_12, INITVAL_11, INITVAL_10, INITVAL_0F,
    INITVAL_0E, INITVAL_0D, INITVAL_0C, INITVAL_0B, INITVAL_0A, INITVAL_09, INITVAL_08,
    INITVAL_07, INITVAL_06, INITVAL_05, INITVAL_04, INITVAL_03, INITVAL_02, INITVAL_01, INITVAL_00};
  reg [8:0] halves [0:2047];
  integer i;
  // A row of 320 bits is 16 words of 18 bits, 20 bits apart.
  initial for (i = 0; i < 2048; i = i + 1) halves[i] = Init[20*(i/2)+9*(i%2)+:9];

  wire [17:0] data_a =
    {DIA17_in, DIA16_in, DIA15_in, DIA14_in, DIA13_in, DIA12_in, DIA11_in, DIA10_in, DIA9_in,
     DIA8_in, DIA7_in, DIA6_in, DIA5_in, DIA4_in, DIA3_in, DIA2_in, DIA1_in, DIA0_in};
  wire [13:0] address_a =
    {ADA13_in, ADA12_in, ADA11_in, ADA10_in, ADA9_in, ADA8_in, ADA7_in, ADA6_in, ADA5_in, ADA4_in,
     ADA3_in, ADA2_in, ADA1_in, ADA0_in};
  reg [17:0] read_a = 0, held_a = 0;
  wire [17:0] now_a;
  wire [8:0] high_a, low_a;
  wire high_write_a, low_write_a;
  capram_dp16kd_bits #(.Width(DATA_WIDTH_A)) bits_a (
    .address(address_a), .data(data_a), .high(halves[{address_a[13:4], 1'b1}]),
    .low(halves[{address_a[13:4], 1'b0}]), .read(now_a),
    .high_write(high_write_a), .low_write(low_write_a), .high_next(high_a), .low_next(low_a)
  );
  localparam Wide = DATA_WIDTH_A == 36;
  wire on_a = CEA_in && !CSA0_in && !CSA1_in && !CSA2_in;
  always @(posedge CLKA_in) begin
    if (on_a && WEA_in && Wide) begin
      for (i = 0; i < 4; i = i + 1)
        if (address_a[i]) halves[{address_a[13:5], i[1:0]}] <= data_of_both[9*i+:9];
    end else if (on_a && WEA_in) begin
      if (high_write_a) halves[{address_a[13:4], 1'b1}] <= high_a;
      if (low_write_a) halves[{address_a[13:4], 1'b0}] <= low_a;
    end
    if (RSTA_in) read_a <= 0;
    else if (on_a && (!WEA_in || WRITEMODE_A == "READBEFOREWRITE")) read_a <= now_a;
    if (OCEA_in) held_a <= read_a;
  end
  assign {
    DOA17, DOA16, DOA15, DOA14, DOA13, DOA12, DOA11, DOA10, DOA9, DOA8,
    DOA7, DOA6, DOA5, DOA4, DOA3, DOA2, DOA1, DOA0
  } = Wide ? wide[17:0] : REGMODE_A == "OUTREG" ? held_a : read_a;

  wire [17:0] data_b =
    {DIB17_in, DIB16_in, DIB15_in, DIB14_in, DIB13_in, DIB12_in, DIB11_in, DIB10_in, DIB9_in,
     DIB8_in, DIB7_in, DIB6_in, DIB5_in, DIB4_in, DIB3_in, DIB2_in, DIB1_in, DIB0_in};
  wire [13:0] address_b =
    {ADB13_in, ADB12_in, ADB11_in, ADB10_in, ADB9_in, ADB8_in, ADB7_in, ADB6_in, ADB5_in, ADB4_in,
     ADB3_in, ADB2_in, ADB1_in, ADB0_in};
  wire [35:0] data_of_both = {data_b, data_a};
  reg [35:0] read_wide = 0, held_wide = 0;
  wire [35:0] wide = REGMODE_B == "OUTREG" ? held_wide : read_wide;
  reg [17:0] read_b = 0, held_b = 0;
  wire [17:0] now_b;
  wire [8:0] high_b, low_b;
  wire high_write_b, low_write_b;
  capram_dp16kd_bits #(.Width(DATA_WIDTH_B)) bits_b (
    .address(address_b), .data(data_b), .high(halves[{address_b[13:4], 1'b1}]),
    .low(halves[{address_b[13:4], 1'b0}]), .read(now_b),
    .high_write(high_write_b), .low_write(low_write_b), .high_next(high_b), .low_next(low_b)
  );
  wire on_b = CEB_in && !CSB0_in && !CSB1_in && !CSB2_in;
  always @(posedge CLKB_in) begin
    if (on_b && WEB_in && !Wide) begin
      if (high_write_b) halves[{address_b[13:4], 1'b1}] <= high_b;
      if (low_write_b) halves[{address_b[13:4], 1'b0}] <= low_b;
    end
    if (RSTB_in) read_b <= 0;
    else if (on_b && (!WEB_in || WRITEMODE_B == "READBEFOREWRITE")) read_b <= now_b;
    if (OCEB_in) held_b <= read_b;
    if (RSTB_in) read_wide <= 0;
    else if (on_b)
      read_wide <= {halves[{address_b[13:5], 2'd3}], halves[{address_b[13:5], 2'd2}],
                    halves[{address_b[13:5], 2'd1}], halves[{address_b[13:5], 2'd0}]};
    if (OCEB_in) held_wide <= read_wide;
  end
  assign {
    DOB17, DOB16, DOB15, DOB14, DOB13, DOB12, DOB11, DOB10, DOB9, DOB8,
    DOB7, DOB6, DOB5, DOB4, DOB3, DOB2, DOB1, DOB0
  } = Wide ? wide[35:18] : REGMODE_B == "OUTREG" ? held_b : read_b;

  generate
    if (WRITEMODE_A == "WRITETHROUGH" || WRITEMODE_B == "WRITETHROUGH" || CSDECODE_A != "0b000"
        || CSDECODE_B != "0b000" || Wide != (DATA_WIDTH_B == 36)) begin : unknown
      $error("DP16KD: WRITETHROUGH, decoded chip selects, 36 bits of one port are not simulated");
    end
  endgenerate
endmodule

// What a port of some width reads, and what its write leaves, in a word.
module capram_dp16kd_bits #(parameter integer Width = 18) (
  input [13:0] address, input [17:0] data, input [8:0] high, low,
  output [17:0] read, output high_write, low_write, output [8:0] high_next, low_next
);
  generate
    if (Width == 18) begin : word
      assign read      = {high, low};
      assign {high_write, low_write} = address[1:0];
      assign {high_next, low_next} = data;
    end else begin : part
      localparam [8:0] Bits = Width == 9 ? 9'h1ff : (9'd1 << Width) - 9'd1;
      wire [2:0] first = Width == 9 ? 3'd0 : Width == 4 ? {address[2], 2'd0}
                       : Width == 2 ? {address[2:1], 1'd0} : address[2:0];
      wire [8:0] half = address[3] ? high : low;
      wire [8:0] next = (half & ~(Bits << first)) | ((data[8:0] & Bits) << first);
      assign read      = {9'd0, half >> first & Bits};
      assign {high_write, low_write} = {address[3], !address[3]};
      assign {high_next, low_next} = {next, next};
    end
  endgenerate
endmodule
