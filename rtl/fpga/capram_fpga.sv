`include "capram_assert.svh"

// The design, the same on every board: a host link, the board's registers, and the macro with its
// emulated analog side.
//
//   byte address 0x0_0000 to 0x0_ffff  the macro
//                0x1_0000 to 0x1_ffff  the board
//
// All other addresses are refused. The macro runs in its own time and takes bus inputs only when it
// is open for them, so requests to it go through registers that change at no other time. A request
// stays for the macro cycle after its answer, as on any synchronous bus.
module capram_fpga #(
  parameter logic [31:0] BuildHash = '0,
  parameter logic [7:0] BoardNumber = '0,
  parameter int unsigned ClockHz = 24_000_000,
  parameter int unsigned ClocksPerBit = 8,
  parameter int unsigned TimeoutLog2 = 18,
  parameter int unsigned MacRows = 64,
  parameter int unsigned Columns = 128,
  parameter int unsigned ColumnsPerSlice = 4,
  parameter int unsigned PostLanes = 1
) (
  input  logic clk_i,
  input  logic rst_ni,
  input  logic rx_i,
  output logic tx_o,
  output logic busy_o  // the macro is
);
  // --- host link -----------------------------------------------------------------------------------
  logic request, write, outside, done, refused;
  logic [14:0] address;
  logic [31:0] write_data, read_data;
  logic crc_clear, dropped, framing_error;
  logic [31:0] crc;

  capram_uartbone #(
    .ClocksPerBit(ClocksPerBit),
    .TimeoutLog2(TimeoutLog2)
  ) u_link (
    .clk_i,
    .rst_ni,
    .rx_i,
    .tx_o,
    .request_o   (request),
    .write_o     (write),
    .outside_o   (outside),
    .address_o   (address),
    .write_data_o(write_data),
    .done_i      (done),
    .read_data_i (read_data),
    .crc_clear_i (crc_clear),
    .crc_o       (crc),
    .dropped_o   (dropped),
    .framing_error_o(framing_error)
  );

  // --- addresses -----------------------------------------------------------------------------------
  logic to_macro, to_board, board_done, board_refused, macro_done, macro_refused;
  logic [31:0] board_data, macro_data;
  logic ack, open;
  assign to_macro = request && !outside && !address[14];
  assign to_board = request && !outside && address[14];

  assign done    = (request && outside) || board_done || macro_done;
  assign refused = (request && outside) || board_refused || macro_refused;

  always_comb begin
    read_data = '0;
    if (to_board) read_data = board_data;
    else if (ack) read_data = macro_data;
  end

  // --- macro ---------------------------------------------------------------------------------------
  logic cyc_q, ended_q, write_q, error;
  logic [13:0] address_q;
  logic [31:0] write_data_q;
  assign macro_done    = cyc_q && !ended_q && open && (ack || error);
  assign macro_refused = macro_done && error;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      cyc_q   <= 1'b0;
      ended_q <= 1'b0;
    end else if (open) begin
      cyc_q   <= cyc_q ? !ended_q : to_macro;
      ended_q <= macro_done;
    end
  end

  always_ff @(posedge clk_i) begin
    if (open && !cyc_q) begin
      write_q      <= write;
      address_q    <= address[13:0];
      write_data_q <= write_data;
    end
  end

  logic table_request, table_write, table_done, noise_load;
  logic [9:0] table_addr;
  logic [15:0] table_to_emulator, table_from_emulator, lambda, noise;
  logic [31:0] noise_seed;
  logic [capram_board_pkg::Errors-1:0] rules;

  capram_emulated_macro #(
    .MacRows(MacRows),
    .Columns(Columns),
    .ColumnsPerSlice(ColumnsPerSlice),
    .PostLanes(PostLanes)
  ) u_macro (
    .clk_i,
    .rst_ni,
    .wb_cyc_i(cyc_q),
    .wb_stb_i(cyc_q),
    .wb_we_i (write_q),
    .wb_sel_i(4'b1111),
    .wb_adr_i({address_q, 2'd0}),
    .wb_dat_i(write_data_q),
    .wb_dat_o(macro_data),
    .wb_ack_o(ack),
    .wb_err_o(error),
    .open_o  (open),
    .busy_o,
    .table_request_i(table_request),
    .table_write_i  (table_write),
    .table_addr_i   (table_addr),
    .table_data_i   (table_to_emulator),
    .table_data_o   (table_from_emulator),
    .table_done_o   (table_done),
    .lambda_i    (lambda),
    .noise_i     (noise),
    .noise_load_i(noise_load),
    .noise_seed_i(noise_seed),
    .rules_o     (rules),
    .state_write_o(),
    .state_index_o(),
    .state_o      (),
    .comparators_o()
  );

  // --- registers -----------------------------------------------------------------------------------
  capram_board_regs #(
    .BuildHash(BuildHash),
    .BoardNumber(BoardNumber),
    .ClockHz(ClockHz),
    .ClocksPerBit(ClocksPerBit),
    .TimeoutLog2(TimeoutLog2)
  ) u_regs (
    .clk_i,
    .rst_ni,
    .request_i      (to_board),
    .write_i        (write),
    .address_i      (address[13:0]),
    .write_data_i   (write_data),
    .read_data_o    (board_data),
    .done_o         (board_done),
    .refused_o      (board_refused),
    .crc_i          (crc),
    .crc_clear_o    (crc_clear),
    .refused_i      (refused),
    .dropped_i      (dropped),
    .framing_error_i(framing_error),
    .busy_i         (busy_o),
    .table_request_o(table_request),
    .table_write_o  (table_write),
    .table_addr_o   (table_addr),
    .table_data_o   (table_to_emulator),
    .table_data_i   (table_from_emulator),
    .table_done_i   (table_done),
    .lambda_o       (lambda),
    .noise_o        (noise),
    .noise_load_o   (noise_load),
    .noise_seed_o   (noise_seed),
    .rules_i        (rules)
  );

  `CAPRAM_ASSERT(OneAnswer, !(board_done && macro_done))
endmodule
