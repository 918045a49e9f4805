// Simulation top: packs the macro's pins into 32-bit words, the layout of src/pins.rs, and carries
// the analog node voltages of a run as `real` signals beside the RTL in the same waves.
module capram_sim
  import capram_pkg::*;
#(
  parameter int unsigned MacRows = 64,
  parameter int unsigned Columns = 128,
  parameter int unsigned ColumnsPerSlice = 4,
  parameter int unsigned PostLanes = 2,
  localparam int unsigned Slices = Columns / ColumnsPerSlice
) (
  input  logic        clk_i,
  /* verilator tracing_off */  // the waves show the pins by name
  input  logic [31:0] drive_i[8],
  output logic [31:0] pins_o[56],
  /* verilator tracing_on */
  // volts, for the waves only; the scope above the RTL is theirs
  input  real         observed_p[Slices],
  input  real         observed_n[Slices],
  input  real         golden_p[Slices],
  input  real         golden_n[Slices],
  input  real         error_p[Slices],
  input  real         error_n[Slices]
);
  logic [31:0] wb_dat, write_data;
  logic wb_ack, wb_err, busy, precharge, write, sense, differential, reset, sample, share, strobe,
        inject, inject_twice, latch;
  logic [7:0] plane_wl;
  logic [MacRows-1:0] cluster_sel;
  logic [1:0] word, column, range;
  logic [3:0] level;
  logic [4:0] cells;
  logic [MacRows*DigitBits-1:0] dac;
  logic [Slices-1:0] slice_active, inject_p, inject_n;
  logic [AdcBits-1:0][Slices-1:0] decisions;

  logic [127:0] comparators;
  assign comparators = {drive_i[7], drive_i[6], drive_i[5], drive_i[4]};

  capram_macro #(
    .MacRows(MacRows),
    .Columns(Columns),
    .ColumnsPerSlice(ColumnsPerSlice),
    .PostLanes(PostLanes)
  ) u_macro (
    .clk_i,
    .rst_ni        (drive_i[0][0]),
    .wb_cyc_i      (drive_i[0][1]),
    .wb_stb_i      (drive_i[0][2]),
    .wb_we_i       (drive_i[0][3]),
    .wb_sel_i      (drive_i[0][7:4]),
    .wb_adr_i      (drive_i[1][15:0]),
    .wb_dat_i      (drive_i[2]),
    .wb_dat_o      (wb_dat),
    .wb_ack_o      (wb_ack),
    .wb_err_o      (wb_err),
    .busy_o        (busy),
    .plane_wl_o    (plane_wl),
    .cluster_sel_o (cluster_sel),
    .precharge_o   (precharge),
    .write_o       (write),
    .sense_o       (sense),
    .word_o        (word),
    .write_data_o  (write_data),
    .read_data_i   (drive_i[3]),
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
    .comparators_i (comparators[Slices-1:0]),
    .inject_o      (inject),
    .inject_twice_o(inject_twice),
    .cells_o       (cells),
    .inject_p_o    (inject_p),
    .inject_n_o    (inject_n),
    .latch_o       (latch),
    .decisions_o   (decisions)
  );


  // Whole fields of 32-bit words; what a geometry does not have reads 0.
  logic [63:0] cluster_words;
  logic [127:0] active_words, inject_p_words, inject_n_words;
  logic [255:0] dac_words;
  logic [Slices-1:0] decision[AdcBits];  // plane 0 = latest decision of every slice
  logic [AdcBits-1:0][127:0] decision_words;
  assign cluster_words  = 64'(cluster_sel);
  assign active_words   = 128'(slice_active);
  assign inject_p_words = 128'(inject_p);
  assign inject_n_words = 128'(inject_n);
  assign dac_words      = 256'(dac);
  for (genvar b = 0; b < int'(AdcBits); b++) begin : g_decision
    assign decision[b]       = decisions[b];
    assign decision_words[b] = 128'(decisions[b]);
  end

  assign pins_o[0] = {5'd0, word, cells, level, range, column, busy, differential, sense, write,
                      precharge, latch, inject_twice, inject, strobe, share, sample, reset};
  assign pins_o[1] = {24'd0, plane_wl};
  for (genvar i = 0; i < 2; i++) begin : g_cluster
    assign pins_o[2+i] = cluster_words[32*i+:32];
  end
  for (genvar i = 0; i < 4; i++) begin : g_slice
    assign pins_o[4+i]  = active_words[32*i+:32];
    assign pins_o[8+i]  = inject_p_words[32*i+:32];
    assign pins_o[12+i] = inject_n_words[32*i+:32];
  end
  assign pins_o[16] = write_data;
  for (genvar i = 0; i < 8; i++) begin : g_dac
    assign pins_o[17+i] = dac_words[32*i+:32];
  end
  for (genvar b = 0; b < int'(AdcBits); b++) begin : g_plane
    for (genvar i = 0; i < 4; i++) begin : g_word
      assign pins_o[25+4*b+i] = decision_words[b][32*i+:32];
    end
  end
  assign pins_o[53] = {30'd0, wb_err, wb_ack};
  assign pins_o[54] = wb_dat;
  assign pins_o[55] = '0;
endmodule
