`include "capram_assert.svh"

// The emulator's only multiplier: a signed factor times an unsigned word, two bits of the word per
// cycle, then shifted right: product = (factor * word + half) >> (11 + shift), half of a last place, so
// rounded to nearest.
//
// The word lies in the low half of the product's register and makes room for it bit by bit, so a
// shift is nothing but more such cycles in which nothing is added; an odd one is a multiplexer. What
// the high half holds at the start is added to the product: the half.
//
// `start_i` loads both; `done_o` is high from 8 + shift / 2 cycles after the one that follows it, and
// the product stands until the next start, which may come in the first of these cycles.
module capram_emu_multiplier
  import capram_emu_pkg::*;
(
  input  logic                          clk_i,
  input  logic                          rst_ni,
  input  logic                          start_i,
  input  logic signed [FactorBits-1:0]  factor_i,
  input  logic [WordBits-1:0]           word_i,
  input  logic [3:0]                    shift_i,
  output logic                          done_o,
  output logic signed [VoltageBits-1:0] product_o
);
  localparam int unsigned Bits = FactorBits + WordBits;
  localparam int unsigned Kept = Bits - ProductShift;
  localparam int unsigned AddCycles = WordBits / 2;

  logic signed [FactorBits-1:0] factor_q;
  logic signed [Bits-1:0] product_q, product_next;
  logic [3:0] count_q, shift_q;
  logic add;

  logic signed [FactorBits:0] first, second;
  logic signed [FactorBits-1:0] high;
  assign high   = product_q[Bits-1:WordBits];
  assign first  = (FactorBits + 1)'(high) + (add && product_q[0] ? (FactorBits + 1)'(factor_q) : '0);
  assign second = (FactorBits + 1)'(signed'(first[FactorBits:1])) +
      (add && product_q[1] ? (FactorBits + 1)'(factor_q) : '0);
  assign product_next = {second, first[0], product_q[WordBits-1:2]};

  assign add    = count_q < 4'(AddCycles);
  assign done_o = count_q >= 4'(AddCycles) + {1'b0, shift_q[3:1]};

  logic signed [Kept-1:0] kept;
  assign kept      = signed'(product_q[Bits-1:ProductShift]) >>> shift_q[0];
  assign product_o = VoltageBits'(kept);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      count_q   <= '0;
      shift_q   <= '0;
      factor_q  <= '0;
      product_q <= '0;
    end else if (start_i) begin
      count_q   <= '0;
      shift_q   <= shift_i;
      factor_q  <= factor_i;
      product_q <= {FactorBits'(1) << (5'(ProductShift - 1) + {1'b0, shift_i}), word_i};
    end else if (!done_o) begin
      count_q   <= count_q + 4'd1;
      product_q <= product_next;
    end
  end

  `CAPRAM_ASSERT(CounterHoldsTheShift, !start_i || shift_i < 4'd15)
endmodule
