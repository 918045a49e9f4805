`include "capram_assert.svh"

// Digital side of a CAP-RAM macro: host bus, operation sequencing, SRAM timing, ciSAR logic and
// post-processing. The array, the MAC capacitors, the row DACs, the injection cells and the
// comparators are outside, behind the pins of the second group.
//
// MacRows          MAC rows; eight times as many physical rows
// Columns          columns of the array
// ColumnsPerSlice  columns that share an ADC: 1, 2 or 4
// PostLanes        post-processing lanes; slices / lanes cycles per conversion step keep up
module capram_macro
  import capram_pkg::*;
#(
  parameter int unsigned MacRows = 64,
  parameter int unsigned Columns = 128,
  parameter int unsigned ColumnsPerSlice = 4,
  parameter int unsigned PostLanes = 2,
  localparam int unsigned Slices = Columns / ColumnsPerSlice
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  // Wishbone B4 classic, byte addresses
  input  logic        wb_cyc_i,
  input  logic        wb_stb_i,
  input  logic        wb_we_i,
  input  logic [3:0]  wb_sel_i,
  input  logic [15:0] wb_adr_i,
  input  logic [31:0] wb_dat_i,
  output logic [31:0] wb_dat_o,
  output logic        wb_ack_o,
  output logic        wb_err_o,
  // array
  output logic                          busy_o,
  output logic [Planes-1:0]             plane_wl_o,     // word line k of the selected clusters
  output logic [MacRows-1:0]            cluster_sel_o,
  output logic                          precharge_o,
  output logic                          write_o,
  output logic                          sense_o,
  output logic [1:0]                    word_o,
  output logic [31:0]                   write_data_o,
  input  logic [31:0]                   read_data_i,
  output logic [MacRows*DigitBits-1:0]  dac_o,
  // slices
  output logic [Slices-1:0]             slice_active_o,
  output logic [1:0]                    column_o,
  output logic                          differential_o,
  output logic [1:0]                    range_o,
  output logic [3:0]                    level_o,
  output logic                          reset_o,
  output logic                          sample_o,
  output logic                          share_o,
  output logic                          strobe_o,
  input  logic [Slices-1:0]             comparators_i,
  output logic                          inject_o,
  output logic                          inject_twice_o,
  output logic [4:0]                    cells_o,
  output logic [Slices-1:0]             inject_p_o,
  output logic [Slices-1:0]             inject_n_o,
  output logic                          latch_o,
  output logic [AdcBits-1:0][Slices-1:0] decisions_o
);
  localparam int unsigned CountBits = index_width(PostLanes + 1);
  localparam int unsigned ClusterBits = index_width(MacRows);
  localparam int unsigned LoadIndexBits = index_width(MacRows / LoadDigits);

  // --- host ----------------------------------------------------------------------------------------
  logic register_write, sequencer_busy, post_busy;
  logic [31:0] register_data;
  logic [capram_reg_pkg::Errors-1:0] error;
  timing_t timing;
  logic [4:0] shift;
  logic [2:0] result_bits_m1;
  logic [Slices-1:0] enable;

  logic push, pop, head_valid, second_valid, low_pending;
  operation_t operation, head, second;
  logic [3:0] low_slot;

  logic activation_write;
  logic [3:0] activation_slot;
  logic [LoadIndexBits-1:0] activation_index;
  logic [LoadBits-1:0] activation_data;

  logic write_calibration, write_master, write_factor, write_bias, accumulator_free;
  logic [8:0] table_address;
  logic [17:0] calibration;
  logic [MasterBits-1:0] master;
  logic [FactorBits-1:0] factor;
  logic [AccBits-1:0] bias, accumulator;
  logic [6:0] result_address;
  logic [15:0] result;

  logic sram_start, sram_write, sram_done, sram_read_done;
  logic [ClusterBits-1:0] sram_cluster;
  logic [2:0] sram_plane;
  logic [1:0] sram_word;

  logic stall, operation_done;
  logic [CountBits-1:0] converted, clipped;

  assign busy_o = sequencer_busy || post_busy;

  capram_bus #(
    .MacRows(MacRows),
    .Columns(Columns),
    .ColumnsPerSlice(ColumnsPerSlice)
  ) u_bus (
    .clk_i,
    .rst_ni,
    .wb_cyc_i,
    .wb_stb_i,
    .wb_we_i,
    .wb_sel_i,
    .wb_adr_i,
    .wb_dat_i,
    .wb_dat_o,
    .wb_ack_o,
    .wb_err_o,
    .register_write_o   (register_write),
    .register_data_i    (register_data),
    .error_o            (error),
    .busy_i             (busy_o),
    .push_o             (push),
    .operation_o        (operation),
    .head_i             (head),
    .second_i           (second),
    .head_valid_i       (head_valid),
    .second_valid_i     (second_valid),
    .low_pending_i      (low_pending),
    .low_slot_i         (low_slot),
    .activation_write_o (activation_write),
    .activation_slot_o  (activation_slot),
    .activation_index_o (activation_index),
    .activation_data_o  (activation_data),
    .write_calibration_o(write_calibration),
    .write_master_o     (write_master),
    .write_factor_o     (write_factor),
    .write_bias_o       (write_bias),
    .table_address_o    (table_address),
    .calibration_i      (calibration),
    .master_i           (master),
    .factor_i           (factor),
    .bias_i             (bias),
    .accumulator_i      (accumulator),
    .accumulator_free_i (accumulator_free),
    .result_address_o   (result_address),
    .result_i           (result),
    .sram_start_o       (sram_start),
    .sram_write_o       (sram_write),
    .sram_cluster_o     (sram_cluster),
    .sram_plane_o       (sram_plane),
    .sram_word_o        (sram_word),
    .sram_done_i        (sram_done),
    .sram_read_done_i   (sram_read_done),
    .sram_data_i        (read_data_i)
  );

  capram_settings #(
    .MacRows(MacRows),
    .Slices(Slices),
    .ColumnsPerSlice(ColumnsPerSlice),
    .PostLanes(PostLanes)
  ) u_settings (
    .clk_i,
    .rst_ni,
    .write_i         (register_write),
    .index_i         (wb_adr_i[6:2]),
    .write_data_i    (wb_dat_i),
    .read_data_o     (register_data),
    .error_i         (error),
    .timing_o        (timing),
    .shift_o         (shift),
    .result_bits_m1_o(result_bits_m1),
    .enable_o        (enable),
    .busy_i          (busy_o),
    .head_valid_i    (head_valid),
    .second_valid_i  (second_valid),
    .stall_i         (stall),
    .operation_done_i(operation_done),
    .converted_i     (converted),
    .clipped_i       (clipped)
  );

  // --- operations ----------------------------------------------------------------------------------
  capram_queue u_queue (
    .clk_i,
    .rst_ni,
    .push_i        (push),
    .operation_i   (operation),
    .pop_i         (pop),
    .head_o        (head),
    .head_valid_o  (head_valid),
    .second_o      (second),
    .second_valid_o(second_valid)
  );

  logic pass_known, pass_start, pass_ready, sample_end, last_sample;
  logic [3:0] next_slot;
  logic [SumBits-1:0] digit_sum;

  capram_loader #(
    .MacRows(MacRows)
  ) u_loader (
    .clk_i,
    .rst_ni,
    .write_i      (activation_write),
    .write_slot_i (activation_slot),
    .write_index_i(activation_index),
    .write_data_i (activation_data),
    .pass_known_i (pass_known),
    .next_slot_i  (next_slot),
    .pass_start_i (pass_start),
    .sample_end_i (sample_end),
    .last_sample_i(last_sample),
    .ready_o      (pass_ready),
    .digits_o     (dac_o),
    .digit_sum_o  (digit_sum)
  );

  logic post_ready, codes, active, multiply, strobe_end;
  logic [2:0] plane;
  step_t step;

  capram_sequencer #(
    .MacRows(MacRows)
  ) u_sequencer (
    .clk_i,
    .rst_ni,
    .timing_i        (timing),
    .head_i          (head),
    .head_valid_i    (head_valid),
    .pop_o           (pop),
    .pass_known_o    (pass_known),
    .next_slot_o     (next_slot),
    .pass_start_o    (pass_start),
    .sample_end_o    (sample_end),
    .last_sample_o   (last_sample),
    .pass_ready_i    (pass_ready),
    .low_pending_o   (low_pending),
    .low_slot_o      (low_slot),
    .post_ready_i    (post_ready),
    .codes_o         (codes),
    .digit_sum_i     (digit_sum),
    .step_o          (step),
    .active_o        (active),
    .reset_o,
    .sample_o,
    .multiply_o      (multiply),
    .share_o,
    .strobe_o,
    .strobe_end_o    (strobe_end),
    .inject_o,
    .inject_twice_o,
    .cells_o,
    .latch_o,
    .plane_o         (plane),
    .column_o,
    .differential_o,
    .range_o,
    .level_o,
    .busy_o          (sequencer_busy),
    .stall_o         (stall),
    .operation_done_o(operation_done)
  );

  // --- slices --------------------------------------------------------------------------------------
  assign slice_active_o = active ? enable : '0;

  capram_cisar #(
    .Slices(Slices)
  ) u_cisar (
    .clk_i,
    .rst_ni,
    .strobe_end_i (strobe_end),
    .inject_i     (inject_o),
    .active_i     (slice_active_o),
    .comparators_i,
    .inject_p_o,
    .inject_n_o,
    .decisions_o
  );

  capram_post #(
    .Slices(Slices),
    .ColumnsPerSlice(ColumnsPerSlice),
    .PostLanes(PostLanes)
  ) u_post (
    .clk_i,
    .rst_ni,
    .codes_i            (codes),
    .decisions_i        (decisions_o),
    .enable_i           (enable),
    .step_i             (step),
    .ready_o            (post_ready),
    .busy_o             (post_busy),
    .shift_i            (shift),
    .result_bits_m1_i   (result_bits_m1),
    .write_calibration_i(write_calibration),
    .write_master_i     (write_master),
    .write_factor_i     (write_factor),
    .write_bias_i       (write_bias),
    .address_i          (table_address),
    .write_data_i       (wb_dat_i),
    .accumulator_free_o (accumulator_free),
    .calibration_o      (calibration),
    .master_o           (master),
    .factor_o           (factor),
    .bias_o             (bias),
    .accumulator_o      (accumulator),
    .result_address_i   (result_address),
    .result_o           (result),
    .converted_o        (converted),
    .clipped_o          (clipped)
  );

  // --- array ---------------------------------------------------------------------------------------
  logic sram_active, sram_word_line;
  logic [ClusterBits-1:0] access_cluster;
  logic [2:0] access_plane;

  capram_sram #(
    .MacRows(MacRows)
  ) u_sram (
    .clk_i,
    .rst_ni,
    .timing_i    (timing),
    .start_i     (sram_start),
    .write_i     (sram_write),
    .cluster_i   (sram_cluster),
    .plane_i     (sram_plane),
    .word_i      (sram_word),
    .write_data_i(wb_dat_i),
    .done_o      (sram_done),
    .read_done_o (sram_read_done),
    .active_o    (sram_active),
    .precharge_o,
    .word_line_o (sram_word_line),
    .write_o,
    .sense_o,
    .cluster_o   (access_cluster),
    .plane_o     (access_plane),
    .word_o,
    .write_data_o
  );

  // Compute opens the plane's word line in every cluster, an access in one.
  always_comb begin
    plane_wl_o = '0;
    if (multiply) plane_wl_o = Planes'(1) << plane;
    else if (sram_word_line) plane_wl_o = Planes'(1) << access_plane;
  end
  always_comb begin
    cluster_sel_o = '0;
    if (active) cluster_sel_o = '1;
    else if (sram_active) cluster_sel_o = MacRows'(1) << access_cluster;
  end

  `CAPRAM_ASSERT(OneWordLinePerCluster, $onehot0(plane_wl_o))
  `CAPRAM_ASSERT(ComputeOrAccess, !(active && sram_active))
  `CAPRAM_ASSERT_INIT(ColumnsAreWholeSlices, Slices * ColumnsPerSlice == Columns && Columns <= 128)
  `CAPRAM_ASSERT_INIT(SliceSizes, ColumnsPerSlice == 1 || ColumnsPerSlice == 2 || ColumnsPerSlice == 4)
endmodule
