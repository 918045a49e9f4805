// Random numbers for the comparators' decisions: the sum of twelve bytes of a shift register, less
// its mean. Twelve uniform numbers make a bell of +-6 standard deviations, and with bytes the
// standard deviation is 255.998, a power of two, so that scaling it takes no constant.
//
// The register's recurrence b(n) = b(n-32) ^ b(n-30) ^ b(n-26) ^ b(n-25) has the longest period,
// 2^32 - 1. All its taps are more than 8 bits back, so a whole byte of it is one gate per bit.
//
// `draw_i` starts a draw, 12 cycles; `done_o` is high when it is complete and until the next.
module capram_emu_noise
  import capram_emu_pkg::*;
(
  input  logic                        clk_i,
  input  logic                        rst_ni,
  input  logic                        load_i,
  input  logic [31:0]                 seed_i,   // 0 counts as 1
  input  logic                        draw_i,
  output logic                        done_o,
  output logic signed [NoiseBits-1:0] sum_o
);
  localparam int unsigned Bytes = 12;
  localparam logic signed [NoiseBits-1:0] Mean = NoiseBits'(Bytes * 255 / 2);

  logic [31:0] state_q;
  logic [7:0] next;
  logic [3:0] left_q;
  logic signed [NoiseBits-1:0] sum_q;

  assign next   = state_q[31:24] ^ state_q[29:22] ^ state_q[25:18] ^ state_q[24:17];
  assign done_o = left_q == '0;
  assign sum_o  = sum_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) state_q <= 32'd1;
    else if (load_i) state_q <= {seed_i[31:1], seed_i[0] || seed_i == '0};
    else if (!done_o) state_q <= {state_q[23:0], next};
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      left_q <= '0;
      sum_q  <= '0;
    end else if (draw_i) begin
      left_q <= 4'(Bytes);
      sum_q  <= -Mean;
    end else if (!done_o) begin
      left_q <= left_q - 4'd1;
      sum_q  <= sum_q + signed'({4'b0, next});
    end
  end
endmodule
