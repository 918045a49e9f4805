`include "capram_assert.svh"

// Operations that wait: a first-in first-out queue of two. An operation leaves it when its first
// conversion step starts.
module capram_queue
  import capram_pkg::*;
(
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       push_i,
  input  operation_t operation_i,
  input  logic       pop_i,
  output operation_t head_o,
  output logic       head_valid_o,
  output operation_t second_o,
  output logic       second_valid_o
);
  operation_t head_q, second_q;
  logic head_valid_q, second_valid_q;

  assign head_o         = head_q;
  assign head_valid_o   = head_valid_q;
  assign second_o       = second_q;
  assign second_valid_o = second_valid_q;

  // Whether the head's place is free, or becomes free, in this cycle.
  logic head_free;
  assign head_free = !head_valid_q || pop_i;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      head_valid_q   <= 1'b0;
      second_valid_q <= 1'b0;
    end else begin
      if (head_free) head_valid_q <= second_valid_q || push_i;
      if (head_free) second_valid_q <= second_valid_q && push_i;
      else if (push_i) second_valid_q <= 1'b1;
    end
  end

  always_ff @(posedge clk_i) begin
    if (head_free) head_q <= second_valid_q ? second_q : operation_i;
    if (push_i) second_q <= operation_i;
  end

  `CAPRAM_ASSERT(NoPushWhenFull, !(push_i && second_valid_q))
  `CAPRAM_ASSERT(NoPopWhenEmpty, !pop_i || head_valid_q)
endmodule
