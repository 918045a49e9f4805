// Stand-in until the emulator is there: refuses all accesses of the macro, keeps no tables.
module capram_emulated_macro #(
  parameter int unsigned MacRows = 64,
  parameter int unsigned Columns = 128,
  parameter int unsigned ColumnsPerSlice = 4,
  parameter int unsigned PostLanes = 1
) (
  input  logic        clk_i,
  input  logic        rst_ni,
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
  input  logic        table_request_i,
  input  logic        table_write_i,
  input  logic [9:0]  table_addr_i,
  input  logic [15:0] table_data_i,
  output logic [15:0] table_data_o,
  output logic        table_done_o,
  input  logic [15:0] lambda_i,
  input  logic [15:0] noise_i,
  input  logic        noise_load_i,
  input  logic [31:0] noise_seed_i,
  output logic [capram_board_pkg::Errors-1:0] rules_o
);
  logic unused;
  assign unused = ^{clk_i, rst_ni, wb_stb_i, wb_we_i, wb_sel_i, wb_adr_i, wb_dat_i, table_write_i,
                    table_addr_i, table_data_i, lambda_i, noise_i, noise_load_i, noise_seed_i,
                    MacRows, Columns, ColumnsPerSlice, PostLanes};
  assign open_o       = 1'b1;
  assign wb_ack_o     = 1'b0;
  assign wb_err_o     = wb_cyc_i;
  assign wb_dat_o     = '0;
  assign busy_o       = 1'b0;
  assign table_data_o = '0;
  assign table_done_o = table_request_i;
  assign rules_o      = '0;
endmodule
