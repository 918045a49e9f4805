`include "capram_assert.svh"

// CRC-32 of a stream of bytes (IEEE 802.3, as in zlib): one bit per cycle, so that a byte takes
// eight. A byte on a UART lasts ten times as long.
module capram_crc (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        clear_i,  // forget all bytes
  input  logic        start_i,  // takes data_i; not while busy
  input  logic [7:0]  data_i,
  output logic        busy_o,
  output logic [31:0] crc_o     // of the bytes so far, when not busy
);
  localparam logic [31:0] Polynomial = 32'hedb8_8320;  // lowest bit first

  logic [31:0] state_q;
  logic [7:0] byte_q;
  logic [3:0] left_q;  // bits

  assign busy_o = left_q != '0;
  assign crc_o  = ~state_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= '1;
      left_q  <= '0;
    end else if (clear_i) begin
      state_q <= '1;
      left_q  <= '0;
    end else if (start_i) begin
      left_q <= 4'd8;
    end else if (busy_o) begin
      state_q <= (state_q >> 1) ^ ({32{state_q[0] ^ byte_q[0]}} & Polynomial);
      left_q  <= left_q - 4'd1;
    end
  end

  always_ff @(posedge clk_i) byte_q <= start_i ? data_i : byte_q >> 1;

  `CAPRAM_ASSERT(OneByteAtATime, !(start_i && busy_o))
endmodule
