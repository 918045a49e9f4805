`include "capram_assert.svh"

// Wishbone B4 classic slave: decodes, checks, and answers every request with exactly one ack or
// err. A refused request changes nothing but a sticky error bit.
//
// Latency, request visible in cycle n: registers, tables' writes and operations answer in n + 1;
// tables' reads in n + 2, RESULT in n + 3; ACCUMULATOR two cycles after the lanes leave the read
// port; SRAM when the access is over; OPERATION_WAIT when the queue has room.
module capram_bus
  import capram_pkg::*;
  import capram_reg_pkg::*;
#(
  parameter int unsigned MacRows = 64,
  parameter int unsigned Columns = 128,
  parameter int unsigned ColumnsPerSlice = 4,
  localparam int unsigned Slices = Columns / ColumnsPerSlice,
  localparam int unsigned RowWords = (Columns + 31) / 32,
  localparam int unsigned ClusterBits = index_width(MacRows),
  localparam int unsigned LoadIndexBits = index_width(MacRows / LoadDigits)
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  // Wishbone
  input  logic        wb_cyc_i,
  input  logic        wb_stb_i,
  input  logic        wb_we_i,
  input  logic [3:0]  wb_sel_i,
  input  logic [15:0] wb_adr_i,
  input  logic [31:0] wb_dat_i,
  output logic [31:0] wb_dat_o,
  output logic        wb_ack_o,
  output logic        wb_err_o,
  // registers
  output logic        register_write_o,
  input  logic [31:0] register_data_i,
  output logic [Errors-1:0] error_o,
  input  logic        busy_i,
  // operations
  output logic        push_o,
  output operation_t  operation_o,
  input  operation_t  head_i,
  input  operation_t  second_i,
  input  logic        head_valid_i,
  input  logic        second_valid_i,
  input  logic        low_pending_i,
  input  logic [3:0]  low_slot_i,
  // activation memory
  output logic        activation_write_o,
  output logic [3:0]  activation_slot_o,
  output logic [LoadIndexBits-1:0] activation_index_o,
  output logic [LoadBits-1:0] activation_data_o,
  // tables of the post-processor
  output logic        write_calibration_o,
  output logic        write_master_o,
  output logic        write_factor_o,
  output logic        write_bias_o,
  output logic [8:0]  table_address_o,
  input  logic [17:0] calibration_i,
  input  logic [MasterBits-1:0] master_i,
  input  logic [FactorBits-1:0] factor_i,
  input  logic [AccBits-1:0] bias_i,
  input  logic [AccBits-1:0] accumulator_i,
  input  logic        accumulator_free_i,
  output logic [6:0]  result_address_o,
  input  logic [15:0] result_i,
  // array
  output logic        sram_start_o,
  output logic        sram_write_o,
  output logic [ClusterBits-1:0] sram_cluster_o,
  output logic [2:0]  sram_plane_o,
  output logic [1:0]  sram_word_o,
  input  logic        sram_done_i,
  input  logic        sram_read_done_i,
  input  logic [31:0] sram_data_i
);
  typedef enum logic [2:0] {
    Ready,
    TableRead,
    ResultLow,
    ResultHigh,
    SramAccess,
    Answer
  } state_e;

  state_e state_q, state_d;
  logic error_q, error_d, ack_low_half_q;
  logic [31:0] data_q, data_d;

  // --- decode --------------------------------------------------------------------------------------
  logic in_registers, in_activation, in_master, in_result, in_calibration, in_accumulator, in_bias,
        in_factor, in_sram;
  assign in_registers   = wb_adr_i[15:7] == '0;
  assign in_activation  = wb_adr_i[15:9] == AddrActivation[15:9];
  assign in_master      = wb_adr_i[15:9] == AddrMaster[15:9];
  assign in_result      = wb_adr_i[15:8] == AddrResult[15:8];
  assign in_calibration = wb_adr_i[15:11] == AddrCalibration[15:11];
  assign in_accumulator = wb_adr_i[15:10] == AddrAccumulator[15:10];
  assign in_bias        = wb_adr_i[15:10] == AddrBias[15:10];
  assign in_factor      = wb_adr_i[15:10] == AddrMultiplier[15:10];
  assign in_sram        = wb_adr_i[15:13] == AddrSram[15:13];

  logic [4:0] register;
  logic read_only, write_only, is_operation, operation_waits, is_clear, is_setting;
  assign register        = wb_adr_i[6:2];
  assign operation_waits = in_registers && register == AddrOperationWait[6:2];
  assign is_operation    = operation_waits || (in_registers && register == AddrOperation[6:2]);
  assign is_clear        = in_registers && register == AddrClearCounters[6:2];
  assign write_only      = is_operation || is_clear || in_activation;
  assign read_only       = in_result || in_accumulator ||
                           (in_registers && (register <= AddrStatus[6:2] ||
                                             register >= AddrCycles[6:2]));
  // What may not change under a running operation.
  assign is_setting      = in_registers && !read_only && !is_operation &&
                           register != AddrError[6:2];

  logic [8:0] word_index;
  logic [10:0] sram_index;
  logic is_timing, exists;
  assign word_index = wb_adr_i[10:2];
  assign sram_index = wb_adr_i[12:2];
  assign is_timing  = in_registers && register >= AddrTimingReset[6:2] &&
                      register <= AddrTimingSense[6:2];
  always_comb begin
    exists = 1'b1;
    if (in_registers) begin
      if (register[4:2] == AddrSliceEnable0[6:4]) exists = 32 * 32'(register[1:0]) < Slices;
      else exists = register <= AddrClipped[6:2] && !(register > AddrTimingSense[6:2] &&
                                                      register < AddrSliceEnable0[6:2]);
    end else if (in_activation) exists = 32'(word_index[2:0]) < MacRows / 8;
    else if (in_calibration) exists = 32'(word_index[6:0]) < Slices;
    else if (in_accumulator || in_bias || in_factor) exists = 32'(word_index[6:0]) < Columns;
    else if (in_result) exists = 32'(word_index[4:0]) < (Columns + 3) / 4;
    else if (in_sram) exists = 32'(sram_index) < Planes * MacRows * RowWords;
    else exists = in_master;
  end

  // --- check ---------------------------------------------------------------------------------------
  operation_t operation;
  assign operation = operation_t'(wb_dat_i[$bits(operation_t)-1:0]);

  function automatic logic needs(operation_t waiting, logic [3:0] slot);
    return waiting.slot[3:1] == slot[3:1] && (two_pass(waiting) || waiting.slot[0] == slot[0]);
  endfunction

  logic [3:0] slot;
  logic slot_in_use;
  assign slot        = word_index[6:3];
  assign slot_in_use = (head_valid_i && needs(head_i, slot)) ||
                       (second_valid_i && needs(second_i, slot)) ||
                       (low_pending_i && low_slot_i == slot);

  logic request, accepted;
  logic [Errors-1:0] refusals;
  assign request  = wb_cyc_i && wb_stb_i && state_q == Ready;
  assign accepted = request && refusals == '0;

  // One reason per refusal: the first that applies.
  always_comb begin
    refusals = '0;
    if (wb_adr_i[1:0] != '0 || wb_sel_i != '1) refusals[ErrUnaligned] = 1'b1;
    else if (!exists) refusals[ErrReservedAddress] = 1'b1;
    else if (wb_we_i ? read_only : write_only) refusals[ErrAccess] = 1'b1;
    else if (busy_i && (in_sram || in_calibration || in_master || in_bias || in_factor ||
                        (is_setting && wb_we_i))) refusals[ErrBusy] = 1'b1;
    else if (is_timing && wb_we_i && wb_dat_i[3:0] == '0) refusals[ErrBadValue] = 1'b1;
    else if (is_operation && (wb_dat_i[31:$bits(operation_t)] != '0 ||
                              !legal(operation, ColumnsPerSlice))) refusals[ErrBadOperation] = 1'b1;
    else if (is_operation && !operation_waits && second_valid_i) refusals[ErrQueueFull] = 1'b1;
    else if (in_activation && slot_in_use) refusals[ErrActivationInUse] = 1'b1;
  end
  assign error_o = request ? refusals : '0;

  // --- act -----------------------------------------------------------------------------------------
  assign register_write_o    = accepted && wb_we_i && in_registers;
  assign push_o              = accepted && is_operation && !second_valid_i;
  assign operation_o         = operation;
  assign write_calibration_o = accepted && wb_we_i && in_calibration;
  assign write_master_o      = accepted && wb_we_i && in_master;
  assign write_factor_o      = accepted && wb_we_i && in_factor;
  assign write_bias_o        = accepted && wb_we_i && in_bias;
  assign table_address_o     = word_index;
  assign result_address_o    = {word_index[5:0], state_q == ResultLow};

  // Activations take two cycles, the second while the first is acknowledged.
  assign activation_write_o  = (accepted && in_activation) || ack_low_half_q;
  assign activation_slot_o   = slot;
  assign activation_index_o  = LoadIndexBits'({word_index[2:0], ack_low_half_q});
  assign activation_data_o   = ack_low_half_q ? wb_dat_i[31:16] : wb_dat_i[15:0];

  assign sram_start_o = accepted && in_sram;
  assign sram_write_o = wb_we_i;
  if (RowWords == 1) begin : g_one_word
    assign sram_word_o    = '0;
    assign sram_plane_o   = sram_index[2:0];
    assign sram_cluster_o = sram_index[3+:ClusterBits];
  end else begin : g_words
    // Two or four words to a row.
    localparam int unsigned WordBits = $clog2(RowWords);
    assign sram_word_o    = 2'(sram_index[WordBits-1:0]);
    assign sram_plane_o   = sram_index[WordBits+:3];
    assign sram_cluster_o = sram_index[WordBits+3+:ClusterBits];
  end

  always_comb begin
    state_d = state_q;
    error_d = 1'b0;
    data_d  = data_q;
    unique case (state_q)
      Ready: begin
        if (request && refusals != '0) begin
          state_d = Answer;
          error_d = 1'b1;
        end else if (request) begin
          state_d = Answer;
          if (in_sram) state_d = SramAccess;
          else if (operation_waits && second_valid_i) state_d = Ready;
          else if (in_accumulator) state_d = accumulator_free_i ? TableRead : Ready;
          else if (in_result) state_d = ResultLow;
          else if (!wb_we_i && !in_registers) state_d = TableRead;
          if (!wb_we_i) data_d = register_data_i;
        end
      end
      TableRead: begin
        state_d = Answer;
        if (in_accumulator) data_d = accumulator_i;
        else if (in_bias) data_d = bias_i;
        else if (in_factor) data_d = 32'(factor_i);
        else if (in_master) data_d = {{24{master_i[7]}}, master_i};
        else data_d = {{6{calibration_i[17]}}, calibration_i[17:8], 8'd0, calibration_i[7:0]};
      end
      ResultLow: begin
        state_d      = ResultHigh;
        data_d[15:0] = result_i;
      end
      ResultHigh: begin
        state_d       = Answer;
        data_d[31:16] = result_i;
      end
      SramAccess: begin
        if (sram_read_done_i) data_d = sram_data_i;
        if (sram_done_i) state_d = Answer;
      end
      default: state_d = Ready;  // Answer
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q        <= Ready;
      error_q        <= 1'b0;
      ack_low_half_q <= 1'b0;
      data_q         <= '0;
    end else begin
      state_q        <= state_d;
      error_q        <= error_d;
      ack_low_half_q <= accepted && in_activation;
      data_q         <= data_d;
    end
  end

  assign wb_ack_o = state_q == Answer && !error_q;
  assign wb_err_o = state_q == Answer && error_q;
  assign wb_dat_o = data_q;

  `CAPRAM_ASSERT(OneAnswer, !(wb_ack_o && wb_err_o))
  `CAPRAM_ASSERT(RequestIsHeld, state_q == Ready || (wb_cyc_i && wb_stb_i))
endmodule
