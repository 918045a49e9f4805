// Memory with one write and one read port, written in the shape that block RAMs are inferred from.
//
// Latency: read data one cycle after the address. A read of the address being written returns
// the old or the new word; callers never rely on either.
//
// Width      bits of a word
// Depth      words
// MaskBits   bits that share a write enable
module capram_ram #(
  parameter int unsigned Width = 16,
  parameter int unsigned Depth = 256,
  parameter int unsigned MaskBits = Width,
  localparam int unsigned Lanes = Width / MaskBits,
  localparam int unsigned AddrBits = capram_pkg::index_width(Depth)
) (
  input  logic                clk_i,
  input  logic [Lanes-1:0]    write_i,
  input  logic [AddrBits-1:0] write_addr_i,
  input  logic [Width-1:0]    write_data_i,
  input  logic [AddrBits-1:0] read_addr_i,
  output logic [Width-1:0]    read_data_o
);
  (* no_rw_check *)
  logic [Width-1:0] words[Depth];

  always_ff @(posedge clk_i) begin
    for (int unsigned i = 0; i < Lanes; i++) begin
      if (write_i[i]) begin
        words[write_addr_i][i*MaskBits+:MaskBits] <= write_data_i[i*MaskBits+:MaskBits];
      end
    end
    read_data_o <= words[read_addr_i];
  end
endmodule
