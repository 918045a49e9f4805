// The array's cells, 2048 words of 32 columns in the SRAM window's order: address = {MAC row, plane,
// word of the row}. Eight slices share a word; of one of them both sides come out at once, the column
// that converts and its right neighbour.
//
// Latency: word and sides one cycle after the address.
module capram_emu_cells (
  input  logic        clk_i,
  input  logic        write_i,
  input  logic [10:0] addr_i,
  input  logic [31:0] write_data_i,
  output logic [31:0] read_data_o,
  input  logic [2:0]  slice_i,   // of the eight in the word
  input  logic [1:0]  column_i,  // within the slice
  output logic        cell_p_o,
  output logic        cell_n_o
);
  logic [3:0] columns;
  logic [1:0] next_column;

  capram_ram #(
    .Width(32),
    .Depth(2048)
  ) u_ram (
    .clk_i,
    .write_i,
    .write_addr_i(addr_i),
    .write_data_i,
    .read_addr_i (addr_i),
    .read_data_o
  );

  assign columns     = read_data_o[{slice_i, 2'b00}+:4];
  assign next_column = column_i + 2'd1;
  assign cell_p_o    = columns[column_i];
  assign cell_n_o    = columns[next_column];
endmodule
