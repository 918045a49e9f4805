// The macro with an emulated analog side and a clock that the emulator sets the pace of: what is the
// same on a board and in co-simulation.
//
// The bus is the macro's. Its inputs may change only at the end of a cycle in which `open_o` is high;
// a request is held until `wb_ack_o` or `wb_err_o` is seen in such a cycle. A request for a word of
// the tables is held until the pulse `table_done_o`; it waits until the macro is idle.
module capram_emulated_macro
  import capram_pkg::*;
#(
  parameter int unsigned MacRows = 64,
  parameter int unsigned Columns = 128,
  parameter int unsigned ColumnsPerSlice = 4,
  parameter int unsigned PostLanes = 1,
  localparam int unsigned Slices = Columns / ColumnsPerSlice
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  // macro's bus, Wishbone B4 classic, byte addresses
  input  logic        wb_cyc_i,
  input  logic        wb_stb_i,
  input  logic        wb_we_i,
  input  logic [3:0]  wb_sel_i,
  input  logic [15:0] wb_adr_i,
  input  logic [31:0] wb_dat_i,
  output logic [31:0] wb_dat_o,
  output logic        wb_ack_o,
  output logic        wb_err_o,
  output logic        open_o,
  output logic        busy_o,
  // emulator's tables
  input  logic        table_request_i,
  input  logic        table_write_i,
  input  logic [9:0]  table_addr_i,
  input  logic [15:0] table_data_i,
  output logic [15:0] table_data_o,
  output logic        table_done_o,
  // emulator's settings
  input  logic [15:0] lambda_i,      // 2^-16 per V
  input  logic [15:0] noise_i,       // standard deviation, 2^-20 V
  input  logic        noise_load_i,
  input  logic [31:0] noise_seed_i,
  // violations of rules, a pulse each
  output logic [capram_board_pkg::Errors-1:0] rules_o,
  // for simulation; open on a board
  output logic        state_write_o, // a side's voltage changes
  output logic [5:0]  state_index_o, // slice, side
  output logic [31:0] state_o,       // 2^-26 V above V_low, signed
  output logic [Slices-1:0] comparators_o
);
  logic mclk, look, emulated, rest;

  logic precharge, write, sense, differential, reset, sample, share, strobe, inject, inject_twice,
        latch;
  logic [Planes-1:0] plane_wl;
  logic [MacRows-1:0] cluster_sel;
  logic [1:0] word, column, range;
  logic [3:0] level;
  logic [4:0] cells;
  logic [31:0] write_data, read_data;
  logic [MacRows*DigitBits-1:0] dac;
  logic [Slices-1:0] slice_active, inject_p, inject_n;
  logic [AdcBits-1:0][Slices-1:0] decisions;

  capram_stepper u_stepper (
    .clk_i,
    .rst_ni,
    .mclk_o   (mclk),
    .request_i(wb_cyc_i && wb_stb_i),
    .answer_i (wb_ack_o || wb_err_o),
    .busy_i   (busy_o),
    .look_o   (look),
    .done_i   (emulated),
    .open_o,
    .rest_o   (rest)
  );

  capram_macro #(
    .MacRows(MacRows),
    .Columns(Columns),
    .ColumnsPerSlice(ColumnsPerSlice),
    .PostLanes(PostLanes)
  ) u_macro (
    .clk_i         (mclk),
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
    .busy_o,
    .plane_wl_o    (plane_wl),
    .cluster_sel_o (cluster_sel),
    .precharge_o   (precharge),
    .write_o       (write),
    .sense_o       (sense),
    .word_o        (word),
    .write_data_o  (write_data),
    .read_data_i   (read_data),
    .dac_o         (dac),
    .slice_active_o(slice_active),
    .column_o      (column),
    .differential_o(differential),
    .range_o       (range),
    .level_o       (level),
    .reset_o       (reset),
    .sample_o      (sample),
    .share_o       (share),
    .strobe_o      (strobe),
    .comparators_i (comparators_o),
    .inject_o      (inject),
    .inject_twice_o(inject_twice),
    .cells_o       (cells),
    .inject_p_o    (inject_p),
    .inject_n_o    (inject_n),
    .latch_o       (latch),
    .decisions_o   (decisions)
  );

  capram_emulator #(
    .MacRows(MacRows),
    .Slices(Slices)
  ) u_emulator (
    .clk_i,
    .rst_ni,
    .look_i         (look),
    .done_o         (emulated),
    .plane_wl_i     (plane_wl),
    .cluster_sel_i  (cluster_sel),
    .write_i        (write),
    .sense_i        (sense),
    .word_i         (word),
    .write_data_i   (write_data),
    .read_data_o    (read_data),
    .dac_i          (dac),
    .slice_active_i (slice_active),
    .column_i       (column),
    .differential_i (differential),
    .range_i        (range),
    .level_i        (level),
    .reset_i        (reset),
    .sample_i       (sample),
    .share_i        (share),
    .strobe_i       (strobe),
    .comparators_o,
    .inject_i       (inject),
    .inject_twice_i (inject_twice),
    .cells_i        (cells),
    .inject_p_i     (inject_p),
    .inject_n_i     (inject_n),
    .table_request_i(table_request_i && rest),
    .table_write_i,
    .table_addr_i,
    .table_data_i,
    .table_data_o,
    .table_done_o,
    .lambda_i,
    .noise_i,
    .noise_load_i,
    .noise_seed_i,
    .rules_o,
    .state_write_o,
    .state_index_o,
    .state_o
  );

  // Pins that a board has no use for.
  logic unused_pins;
  assign unused_pins = ^{precharge, latch, decisions};
endmodule
