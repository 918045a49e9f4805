`include "capram_assert.svh"

// Takes the emulator through its works, one state per clock cycle:
//
//   SAMPLE   (Digits) x rows
//   access   (Rows) x rows
//   SHARE    ((Sum) x rows, SumLast, then per side Gain.. WriteLow WriteHigh) x slices
//   INJECT   (Low High Take, then per firing LambdaStart.. ChargeWait, WriteLow WriteHigh) x slices
//   STROBE   ((Low High Take) x sides, Offset, with noise NoiseStart NoiseWait, Decide) x slices
//
// Slices that have nothing to do are passed over. The works of a macro cycle are done one after the
// other; `done_o` is high in the first cycle in which none is left.
module capram_emu_sequencer
  import capram_emu_pkg::*;
(
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       look_i,          // the pins of a macro cycle stand
  input  works_t     works_i,
  output logic       done_o,
  input  logic       host_i,          // the host asks for a word of the tables, and the macro is idle
  // conditions
  input  logic       active_i,        // of the slice
  input  logic       fire_i,          // the slice's injection cells fire
  input  logic       twice_i,
  input  logic       noisy_i,
  input  logic       multiplied_i,
  input  logic       drawn_i,
  // where we are
  output state_e     state_o,
  output logic [5:0] row_o,
  output logic [4:0] slice_o,
  output logic       side_o,          // N after P
  output logic       sharing_o,       // the work under way; INJECT if neither
  output logic       strobing_o
);
  state_e state_q, state_next;
  works_t done_q, pending, taken;
  logic [5:0] row_q;
  logic [4:0] slice_q;
  logic side_q, second_q, sharing_q, strobing_q;
  logic last_row, next_slice, other_side, count_row;

  assign state_o    = state_q;
  assign row_o      = row_q;
  assign slice_o    = slice_q;
  assign side_o     = side_q;
  assign sharing_o  = sharing_q;
  assign strobing_o = strobing_q;

  // The lowest of the pending works.
  assign pending = works_i & ~done_q;
  assign taken   = pending & (~pending + works_t'(1));
  assign done_o  = look_i && state_q == Rest && pending == '0;

  assign last_row = row_q == '1;

  // A slice's work ends; the next slice begins as the first one did, the last one goes to Rest.
  state_e first, next_or_rest;
  assign first        = sharing_q ? Sum : Low;
  assign next_or_rest = slice_q == '1 ? Rest : first;

  always_comb begin
    state_next = state_q;
    next_slice = 1'b0;
    other_side = 1'b0;
    count_row  = 1'b0;
    unique case (state_q)
      Rest: begin
        if (look_i) begin
          if (taken.sample) state_next = Digits;
          else if (taken.rows) state_next = Rows;
          else if (taken.share) state_next = Sum;
          else if (taken.inject || taken.strobe) state_next = Low;
        end else if (host_i) begin
          state_next = HostDone;
        end
      end
      Digits, Rows: begin
        count_row = 1'b1;
        if (last_row) state_next = Rest;
      end
      Sum: begin
        // The sums of an inactive slice stay 0.
        count_row = active_i;
        if (!active_i) state_next = Gain;
        else if (last_row) state_next = SumLast;
      end
      SumLast:   state_next = Gain;
      Gain:      state_next = GainStart;
      GainStart: state_next = GainWait;
      GainWait:  if (multiplied_i) state_next = WriteLow;
      Low: begin
        if (strobing_q || fire_i) begin
          state_next = High;
        end else begin
          state_next = next_or_rest;
          next_slice = 1'b1;
        end
      end
      High: state_next = Take;
      Take: begin
        if (!strobing_q) state_next = LambdaStart;
        else begin
          state_next = side_q ? Offset : Low;
          other_side = 1'b1;
        end
      end
      Offset:     state_next = noisy_i ? NoiseStart : Decide;
      NoiseStart: if (drawn_i) state_next = NoiseWait;
      NoiseWait:  if (multiplied_i) state_next = Decide;
      Decide: begin
        state_next = next_or_rest;
        next_slice = 1'b1;
      end
      LambdaStart: state_next = LambdaWait;
      LambdaWait:  if (multiplied_i) state_next = ChargeWait;
      ChargeWait:  if (multiplied_i) state_next = twice_i && !second_q ? LambdaStart : WriteLow;
      WriteLow:    state_next = WriteHigh;
      WriteHigh: begin
        if (sharing_q && !side_q) begin
          state_next = Gain;
        end else begin
          state_next = next_or_rest;
          next_slice = 1'b1;
        end
        other_side = sharing_q;
      end
      default: state_next = Rest;  // HostDone
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q   <= Rest;
      done_q    <= '0;
      row_q     <= '0;
      slice_q   <= '0;
      side_q    <= 1'b0;
      second_q  <= 1'b0;
      strobing_q  <= 1'b0;
      sharing_q <= 1'b0;
    end else begin
      state_q <= state_next;
      if (done_o) done_q <= '0;
      else if (look_i && state_q == Rest) done_q <= done_q | taken;
      if (state_q == Rest) begin
        strobing_q  <= taken.strobe;
        sharing_q <= taken.share;
      end
      // Row, slice and side come back to 0 by themselves.
      if (count_row) row_q <= row_q + 6'd1;
      if (next_slice) slice_q <= slice_q + 5'd1;
      if (other_side) side_q <= !side_q;
      if (state_q == ChargeWait && multiplied_i) second_q <= twice_i && !second_q;
    end
  end

  `CAPRAM_ASSERT(StartsFromZero, state_q != Rest || (row_q == '0 && slice_q == '0 && !side_q && !second_q))
  `CAPRAM_ASSERT(OneWorkAtATime, $onehot0(taken))
endmodule
