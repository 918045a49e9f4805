`include "capram_assert.svh"

// Activation memory and the digit register that the row DACs follow.
//
// The register fills with four digits a cycle while the array does not look at it: from the end of
// a pass's last SAMPLE to the next pass's first, so that loading hides behind the conversions.
// An address issued in cycle n shows on `digits_o` in cycle n + 2.
//
// Host words arrive as two halves, low half first.
module capram_loader
  import capram_pkg::*;
#(
  parameter int unsigned MacRows = 64,
  localparam int unsigned Loads = MacRows / LoadDigits,
  localparam int unsigned LoadIndexBits = index_width(Loads)
) (
  input  logic                            clk_i,
  input  logic                            rst_ni,
  // host side
  input  logic                            write_i,
  input  logic [3:0]                      write_slot_i,
  input  logic [LoadIndexBits-1:0]        write_index_i,
  input  logic [LoadBits-1:0]             write_data_i,
  // sequencer side
  input  logic                            pass_known_i,   // a next pass exists, its slot is next_slot_i
  input  logic [3:0]                      next_slot_i,
  input  logic                            pass_start_i,   // its first step starts in the next cycle
  input  logic                            sample_end_i,   // last cycle of a SAMPLE pulse
  input  logic                            last_sample_i,  // ... of the last step of a pass
  output logic                            ready_o,        // the next pass may start
  // array side
  output logic [MacRows*DigitBits-1:0]    digits_o,
  output logic [SumBits-1:0]              digit_sum_o     // of the pass under way, after its SAMPLE
);
  logic free_q, done_q, arrives_q;
  logic [LoadIndexBits-1:0] issue_index_q, arrive_index_q;
  logic issue, issue_last;
  logic [LoadBits-1:0] arriving;
  logic [Loads-1:0][LoadBits-1:0] digits_q;
  logic [SumBits-1:0] sum_q, pass_sum_q, arriving_sum;

  assign issue      = free_q && pass_known_i && !done_q;
  assign issue_last = issue && issue_index_q == LoadIndexBits'(Loads - 1);
  assign ready_o    = done_q || issue_last;
  assign digits_o   = digits_q;
  assign digit_sum_o = pass_sum_q;

  capram_ram #(
    .Width(LoadBits),
    .Depth(Slots << LoadIndexBits)
  ) u_memory (
    .clk_i,
    .write_i     (write_i),
    .write_addr_i({write_slot_i, write_index_i}),
    .write_data_i,
    .read_addr_i ({next_slot_i, issue_index_q}),
    .read_data_o (arriving)
  );

  always_comb begin
    arriving_sum = '0;
    for (int unsigned i = 0; i < LoadDigits; i++) begin
      arriving_sum += SumBits'(arriving[i*DigitBits+:DigitBits]);
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      free_q        <= 1'b1;
      done_q        <= 1'b0;
      arrives_q     <= 1'b0;
      issue_index_q <= '0;
    end else begin
      if (pass_start_i) free_q <= 1'b0;
      else if (sample_end_i && last_sample_i) free_q <= 1'b1;

      if (pass_start_i) done_q <= 1'b0;
      else if (issue_last) done_q <= 1'b1;

      arrives_q <= issue;
      if (issue) issue_index_q <= issue_last ? '0 : issue_index_q + 1'b1;
    end
  end

  // The sum of a pass is complete with its last digits, before SAMPLE ends; the next pass's digits
  // may be arriving when its last code is taken, hence the copy.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      digits_q       <= '0;
      arrive_index_q <= '0;
      sum_q          <= '0;
      pass_sum_q     <= '0;
    end else begin
      arrive_index_q <= issue_index_q;
      for (int unsigned i = 0; i < Loads; i++) begin
        if (arrives_q && arrive_index_q == LoadIndexBits'(i)) digits_q[i] <= arriving;
      end
      if (arrives_q) sum_q <= (arrive_index_q == '0 ? '0 : sum_q) + arriving_sum;
      if (sample_end_i) pass_sum_q <= sum_q;
    end
  end

  `CAPRAM_ASSERT_INIT(RowsAreWholeWords, MacRows % 8 == 0 && MacRows >= 8 && MacRows <= 64)
  `CAPRAM_ASSERT(StartsLoaded, !pass_start_i || ready_o)
endmodule
