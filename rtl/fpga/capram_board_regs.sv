`include "capram_assert.svh"

// Registers of the board around the macro, `rtl/fpga/registers.yaml`.
//
// Registers answer in the cycle of the request. The emulator's tables answer when the emulator does,
// and refuse while the macro works.
//
// BuildHash     tells bitstreams apart
// BoardNumber   ... and boards
// ClockHz       frequency of clk_i
// ClocksPerBit  of the host link, only to be read
// TimeoutLog2   likewise
module capram_board_regs
  import capram_board_pkg::*;
#(
  parameter logic [31:0] BuildHash = '0,
  parameter logic [7:0] BoardNumber = '0,
  parameter int unsigned ClockHz = 24_000_000,
  parameter int unsigned ClocksPerBit = 8,
  parameter int unsigned TimeoutLog2 = 18
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  // bus: a request is held until done_o
  input  logic        request_i,
  input  logic        write_i,
  input  logic [13:0] address_i,     // of a word in the board's page
  input  logic [31:0] write_data_i,
  output logic [31:0] read_data_o,   // 0 when refused
  output logic        done_o,
  output logic        refused_o,     // with done_o
  // host link
  input  logic [31:0] crc_i,
  output logic        crc_clear_o,
  input  logic        refused_i,     // an access, here or in the macro
  input  logic        dropped_i,     // a frame
  input  logic        framing_error_i,
  // emulator
  input  logic        busy_i,        // the macro is
  output logic        table_request_o,
  output logic        table_write_o,
  output logic [9:0]  table_addr_o,
  output logic [15:0] table_data_o,
  input  logic [15:0] table_data_i,
  input  logic        table_done_i,
  output logic [15:0] lambda_o,
  output logic [15:0] noise_o,
  output logic        noise_load_o,
  output logic [31:0] noise_seed_o,
  input  logic [Errors-1:0] rules_i
);
  localparam logic [31:0] Id = 32'h4350_4642;
  localparam logic [31:0] Version = 32'h0001_0000;
  localparam logic [31:0] Info = {11'd0, 5'(TimeoutLog2), 8'(ClocksPerBit), BoardNumber};

  logic [31:0] scratch_q, cycles_q;
  logic [15:0] lambda_q, noise_q;
  logic [3:0] refused_q, dropped_q, framing_q;
  logic [Errors-1:0] rules_q;

  // --- decode --------------------------------------------------------------------------------------
  // Bits of a byte address that a window or the registers have in common.
  logic in_table, in_registers;
  logic [3:0] register;
  assign in_table     = address_i[13:10] == AddrEmulatorTable[15:12];
  assign in_registers = address_i[13:4] == '0;
  assign register     = address_i[3:0];

  logic read_only, write_only, exists, accepted, writes;
  assign read_only  = register <= AddrClockHz[5:2] || register == AddrLinkCrc[5:2] ||
                      register == AddrBoardCycles[5:2];
  assign write_only = register == AddrLinkCrcClear[5:2] || register == AddrNoiseSeed[5:2];
  assign exists     = register <= AddrNoiseSeed[5:2];
  always_comb begin
    accepted = 1'b0;
    if (in_table) accepted = !busy_i;
    else if (in_registers) accepted = exists && !(write_i ? read_only : write_only);
  end

  assign done_o    = request_i && (!accepted || !in_table || table_done_i);
  assign refused_o = request_i && !accepted;
  assign writes    = request_i && accepted && in_registers && write_i;

  // --- read ----------------------------------------------------------------------------------------
  always_comb begin
    read_data_o = '0;
    if (in_table) read_data_o = 32'(table_data_i);
    else begin
      unique case (register)
        AddrBoardId[5:2]:      read_data_o = Id;
        AddrBoardVersion[5:2]: read_data_o = Version;
        AddrBuildHash[5:2]:    read_data_o = BuildHash;
        AddrBoardInfo[5:2]:    read_data_o = Info;
        AddrClockHz[5:2]:      read_data_o = ClockHz;
        AddrScratch[5:2]:      read_data_o = scratch_q;
        AddrLinkCrc[5:2]:      read_data_o = crc_i;
        AddrLinkErrors[5:2]:   read_data_o = {12'd0, framing_q, 4'd0, dropped_q, 4'd0, refused_q};
        AddrBoardCycles[5:2]:  read_data_o = cycles_q;
        AddrRules[5:2]:        read_data_o = 32'(rules_q);
        AddrLambda[5:2]:       read_data_o = 32'(lambda_q);
        AddrNoise[5:2]:        read_data_o = 32'(noise_q);
        default:               read_data_o = '0;
      endcase
    end
    if (!accepted) read_data_o = '0;
  end

  // --- write ---------------------------------------------------------------------------------------
  logic clear_errors, clear_rules;
  assign clear_errors = writes && register == AddrLinkErrors[5:2];
  assign clear_rules  = writes && register == AddrRules[5:2];

  function automatic logic [3:0] counted(logic [3:0] count, logic event_seen);
    return count + 4'(event_seen && count != '1);
  endfunction

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      scratch_q <= '0;
      cycles_q  <= '0;
      lambda_q  <= '0;
      noise_q   <= '0;
      refused_q <= '0;
      dropped_q <= '0;
      framing_q <= '0;
      rules_q   <= '0;
    end else begin
      cycles_q <= cycles_q + 32'd1;
      if (writes && register == AddrScratch[5:2]) scratch_q <= write_data_i;
      if (writes && register == AddrLambda[5:2]) lambda_q <= write_data_i[15:0];
      if (writes && register == AddrNoise[5:2]) noise_q <= write_data_i[15:0];
      refused_q <= clear_errors ? '0 : counted(refused_q, refused_i);
      dropped_q <= clear_errors ? '0 : counted(dropped_q, dropped_i);
      framing_q <= clear_errors ? '0 : counted(framing_q, framing_error_i);
      rules_q   <= (clear_rules ? '0 : rules_q) | rules_i;
    end
  end

  assign crc_clear_o     = writes && register == AddrLinkCrcClear[5:2];
  assign table_request_o = request_i && accepted && in_table;
  assign table_write_o   = write_i;
  assign table_addr_o    = address_i[9:0];
  assign table_data_o    = write_data_i[15:0];
  assign lambda_o        = lambda_q;
  assign noise_o         = noise_q;
  assign noise_load_o    = writes && register == AddrNoiseSeed[5:2];
  assign noise_seed_o    = write_data_i;

  `CAPRAM_ASSERT(TablesAnswerWhenAsked, !table_done_i || table_request_o)
endmodule
