// Simulation top of the macro with its emulated analog side: drive and pin words as in capram_sim,
// but the comparators and the data read come from the emulator. One macro cycle takes as many cycles
// of `clk_i` as it takes: `rose_o` marks the one after the macro's clock rose, `whole_o` says that
// the macro cycle is over, or that the macro's clock rests.
//
// Byte addresses with bit 16 set are the board's page, rtl/fpga/registers.yaml: EMULATOR_TABLE, LAMBDA,
// NOISE, NOISE_SEED and RULES. They are answered in pin word 53 like the macro's. Pin word 55 holds the
// emulator's comparators.
module capram_emulated_sim
  import capram_pkg::*;
  import capram_board_pkg::*;
#(
  parameter int unsigned MacRows = 64,
  parameter int unsigned Columns = 128,
  parameter int unsigned ColumnsPerSlice = 4,
  parameter int unsigned PostLanes = 1,
  localparam int unsigned Slices = Columns / ColumnsPerSlice
) (
  input  logic        clk_i,
  /* verilator tracing_off */  // the waves show the pins by name
  input  logic [31:0] drive_i[8],
  output logic [31:0] pins_o[56],
  /* verilator tracing_on */
  output logic        rose_o,
  output logic        whole_o,
  output logic [31:0] state_o[2*Slices],  // voltages of P, N of slice 0, and so on; 2^-26 V
  // volts, for the waves only; the scope above the RTL is theirs
  input  real         emulated_p[Slices],
  input  real         emulated_n[Slices],
  input  real         golden_p[Slices],
  input  real         golden_n[Slices],
  input  real         error_p[Slices],
  input  real         error_n[Slices]
);
  // --- board's page --------------------------------------------------------------------------------
  logic rst_n, request, board, table_request, register_write, table_done;
  logic [15:0] address, lambda_q, noise_q, table_data;
  logic [Errors-1:0] rules, rules_q;
  assign request        = rst_n && drive_i[0][1] && drive_i[0][2];
  assign board          = drive_i[1][16];
  assign address        = drive_i[1][15:0];
  assign table_request  = request && board && address[15:12] == AddrEmulatorTable[15:12];
  assign register_write = request && board && !table_request && drive_i[0][3];

  // A resting macro has no clock edge to be reset by, and a simulator wants one of the reset itself.
  initial rst_n = 1'b1;
  always_ff @(posedge clk_i) rst_n <= drive_i[0][0];

  always_ff @(posedge clk_i or negedge rst_n) begin
    if (!rst_n) begin
      lambda_q <= '0;
      noise_q  <= '0;
      rules_q  <= '0;
    end else begin
      if (register_write && address == AddrLambda) lambda_q <= drive_i[2][15:0];
      if (register_write && address == AddrNoise) noise_q <= drive_i[2][15:0];
      rules_q <= register_write && address == AddrRules ? '0 : rules_q | rules;
    end
  end

  // --- macro ---------------------------------------------------------------------------------------
  logic [31:0] wb_dat;
  logic wb_ack, wb_err, busy, open, state_write;
  logic [5:0] state_index;
  logic [31:0] state;
  logic [Slices-1:0] comparators;

  capram_emulated_macro #(
    .MacRows(MacRows),
    .Columns(Columns),
    .ColumnsPerSlice(ColumnsPerSlice),
    .PostLanes(PostLanes)
  ) u_emulated (
    .clk_i,
    .rst_ni         (rst_n),
    .wb_cyc_i       (request && !board),
    .wb_stb_i       (drive_i[0][2]),
    .wb_we_i        (drive_i[0][3]),
    .wb_sel_i       (drive_i[0][7:4]),
    .wb_adr_i       (address),
    .wb_dat_i       (drive_i[2]),
    .wb_dat_o       (wb_dat),
    .wb_ack_o       (wb_ack),
    .wb_err_o       (wb_err),
    .open_o         (open),
    .busy_o         (busy),
    .table_request_i(table_request),
    .table_write_i  (drive_i[0][3]),
    .table_addr_i   (address[11:2]),
    .table_data_i   (drive_i[2][15:0]),
    .table_data_o   (table_data),
    .table_done_o   (table_done),
    .lambda_i       (lambda_q),
    .noise_i        (noise_q),
    .noise_load_i   (register_write && address == AddrNoiseSeed),
    .noise_seed_i   (drive_i[2]),
    .rules_o        (rules),
    .state_write_o  (state_write),
    .state_index_o  (state_index),
    .state_o        (state),
    .comparators_o  (comparators)
  );

  assign whole_o = open;

  always_ff @(posedge clk_i or negedge rst_n) begin
    if (!rst_n) state_o <= '{default: '0};
    else if (state_write) state_o[state_index] <= state;
  end

  // --- pins, by name for the waves, then as words ----------------------------------------------------
  logic precharge, write, sense, differential, reset, sample, share, strobe, inject, inject_twice,
        latch;
  logic [7:0] plane_wl;
  logic [31:0] write_data;
  logic [63:0] cluster_sel;
  logic [1:0] word, column, range;
  logic [3:0] level;
  logic [4:0] cells;
  logic [255:0] dac;
  logic [Slices-1:0] slice_active, inject_p, inject_n;
  logic [Slices-1:0] decision[AdcBits];  // plane 0 = latest decision of every slice

  assign rose_o       = u_emulated.mclk;
  assign precharge    = u_emulated.precharge;
  assign write        = u_emulated.write;
  assign sense        = u_emulated.sense;
  assign differential = u_emulated.differential;
  assign reset        = u_emulated.reset;
  assign sample       = u_emulated.sample;
  assign share        = u_emulated.share;
  assign strobe       = u_emulated.strobe;
  assign inject       = u_emulated.inject;
  assign inject_twice = u_emulated.inject_twice;
  assign latch        = u_emulated.latch;
  assign plane_wl     = u_emulated.plane_wl;
  assign write_data   = u_emulated.write_data;
  assign cluster_sel  = 64'(u_emulated.cluster_sel);
  assign word         = u_emulated.word;
  assign column       = u_emulated.column;
  assign range        = u_emulated.range;
  assign level        = u_emulated.level;
  assign cells        = u_emulated.cells;
  assign dac          = 256'(u_emulated.dac);
  assign slice_active = u_emulated.slice_active;
  assign inject_p     = u_emulated.inject_p;
  assign inject_n     = u_emulated.inject_n;

  assign pins_o[0] = {5'd0, word, cells, level, range, column, busy, differential, sense, write,
                      precharge, latch, inject_twice, inject, strobe, share, sample, reset};
  assign pins_o[1]  = {24'd0, plane_wl};
  assign pins_o[2]  = cluster_sel[31:0];
  assign pins_o[3]  = cluster_sel[63:32];
  assign pins_o[4]  = 32'(slice_active);
  assign pins_o[8]  = 32'(inject_p);
  assign pins_o[12] = 32'(inject_n);
  assign pins_o[16] = write_data;
  for (genvar i = 0; i < 8; i++) begin : g_dac
    assign pins_o[17+i] = dac[32*i+:32];
  end
  for (genvar b = 0; b < int'(AdcBits); b++) begin : g_decision
    assign decision[b]    = u_emulated.decisions[b];
    assign pins_o[25+4*b] = 32'(decision[b]);
  end
  // A geometry that can be emulated has 32 slices.
  for (genvar i = 1; i < 4; i++) begin : g_no_slice
    assign pins_o[4+i]  = '0;
    assign pins_o[8+i]  = '0;
    assign pins_o[12+i] = '0;
    for (genvar b = 0; b < int'(AdcBits); b++) begin : g_no_decision
      assign pins_o[25+4*b+i] = '0;
    end
  end

  logic board_ack;
  assign board_ack  = table_done || (request && board && !table_request);
  assign pins_o[53] = {30'd0, wb_err, wb_ack || board_ack};
  always_comb begin
    pins_o[54] = wb_dat;
    if (table_done) pins_o[54] = {16'd0, table_data};
    else if (board) pins_o[54] = 32'(rules_q);
  end
  assign pins_o[55] = 32'(comparators);
endmodule
