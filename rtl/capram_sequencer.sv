`include "capram_assert.svh"

// Runs operations: pass by pass (high activation digit first), unit by unit, column by column, and
// within a conversion step phase by phase:
//
//   RESET SAMPLE MULTIPLY SHARE (STROBE INJECT) x 6 STROBE LATCH
//
// Steps follow each other without a gap as long as the next pass's digits are loaded and the
// post-processor takes the codes in time; cycles lost to either are marked by `stall_o`.
module capram_sequencer
  import capram_pkg::*;
#(
  parameter int unsigned MacRows = 64
) (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  timing_t    timing_i,
  // queue
  input  operation_t head_i,
  input  logic       head_valid_i,
  output logic       pop_o,
  // loader
  output logic       pass_known_o,
  output logic [3:0] next_slot_o,
  output logic       pass_start_o,
  output logic       sample_end_o,
  output logic       last_sample_o,
  input  logic       pass_ready_i,
  // low digits still to be loaded, from this slot: the host must not touch it
  output logic       low_pending_o,
  output logic [3:0] low_slot_o,
  // post-processor
  input  logic       post_ready_i,
  output logic       codes_o,          // last cycle of LATCH: codes and step are valid
  input  logic [SumBits-1:0] digit_sum_i,
  output step_t      step_o,
  // array and ciSAR
  output logic       active_o,         // a step is under way
  output logic       reset_o,
  output logic       sample_o,
  output logic       multiply_o,
  output logic       share_o,
  output logic       strobe_o,
  output logic       strobe_end_o,     // comparators are taken at the end of this cycle
  output logic       inject_o,
  output logic       inject_twice_o,
  output logic [4:0] cells_o,
  output logic       latch_o,
  output logic [2:0] plane_o,
  output logic [1:0] column_o,
  output logic       differential_o,
  output logic [1:0] range_o,
  output logic [3:0] level_o,
  // performance
  output logic       busy_o,           // an operation is under way or waits
  output logic       stall_o,
  output logic       operation_done_o
);
  phase_e phase_q, phase_next;
  operation_t operation_q;
  logic running_q;         // operation_q is not finished
  logic high_pass_q;       // the pass under way has the high digits; the low ones follow
  logic [1:0] unit_q, digit_q, column_q;
  logic [2:0] decision_q;  // decisions taken in this step

  pulse_t pulse;
  logic in_pulse, full_width, pulse_end, phase_end, start;

  // --- where we are in the operation -------------------------------------------------------------
  logic last_digit, last_in_pass, step_end, pass_end, start_pass, start_step;

  assign last_digit   = digit_q == digits_m1(operation_q.format);
  assign last_in_pass = last_digit && unit_q == operation_q.units_m1;
  assign step_end     = phase_q == Latch && phase_end;
  assign pass_end     = step_end && last_in_pass;

  assign pass_known_o  = (running_q && high_pass_q) || head_valid_i;
  assign next_slot_o   = running_q && high_pass_q ? operation_q.slot | 4'd1 : head_i.slot;
  assign low_pending_o = running_q && high_pass_q;
  assign low_slot_o    = operation_q.slot | 4'd1;

  assign start_pass   = pass_ready_i && (phase_q == Idle || pass_end);
  assign start_step   = start_pass || (step_end && !last_in_pass);
  assign pass_start_o = start_pass;
  assign pop_o        = start_pass && !(running_q && high_pass_q);

  // --- phases ------------------------------------------------------------------------------------
  always_comb begin
    unique case (phase_q)
      Reset:    phase_next = Sample;
      Sample:   phase_next = Multiply;
      Multiply: phase_next = Share;
      Share:    phase_next = Strobe;
      Strobe:   phase_next = decision_q + 3'(pulse_end) == 3'(AdcBits) ? Latch : Inject;
      Inject:   phase_next = Strobe;
      default:  phase_next = start_step ? Reset : Idle;  // Latch, Idle
    endcase
  end

  always_comb begin
    unique case (phase_q)
      Reset:    pulse = timing_i.reset;
      Sample:   pulse = timing_i.sample;
      Multiply: pulse = timing_i.multiply;
      Share:    pulse = timing_i.share;
      Strobe:   pulse = timing_i.strobe;
      Inject:   pulse = timing_i.inject;
      default:  pulse = timing_i.latch;
    endcase
  end

  assign start = start_step || (phase_end && phase_q != Latch);

  capram_pulse_timer u_timer (
    .clk_i,
    .rst_ni,
    .start_i     (start),
    .hold_i      (phase_q == Latch && !post_ready_i),
    .pulse_i     (pulse),
    .pulse_o     (in_pulse),
    .full_width_o(full_width),
    .pulse_end_o (pulse_end),
    .end_o       (phase_end)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      phase_q    <= Idle;
      running_q  <= 1'b0;
      decision_q <= '0;
    end else begin
      if (phase_end || phase_q == Idle) phase_q <= phase_next;
      if (pop_o) running_q <= 1'b1;
      else if (pass_end && !high_pass_q) running_q <= 1'b0;
      if (start_step) decision_q <= '0;
      else if (strobe_end_o) decision_q <= decision_q + 3'd1;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      operation_q <= '0;
      high_pass_q <= 1'b0;
      unit_q      <= '0;
      digit_q     <= '0;
      column_q    <= '0;
    end else begin
      if (pop_o) operation_q <= head_i;
      if (start_pass) begin
        high_pass_q <= pop_o && two_pass(head_i);
        unit_q      <= '0;
        digit_q     <= '0;
        column_q    <= '0;
      end else if (start_step) begin
        unit_q   <= last_digit ? unit_q + 2'd1 : unit_q;
        digit_q  <= last_digit ? '0 : digit_q + 2'd1;
        // Units and digits lie side by side, so the next columns follow the last ones.
        column_q <= column_q + (is_differential(operation_q.format) ? 2'd2 : 2'd1);
      end
    end
  end

  // --- outputs -----------------------------------------------------------------------------------
  assign active_o       = phase_q != Idle;
  assign reset_o        = phase_q == Reset && in_pulse;
  assign sample_o       = phase_q == Sample && in_pulse;
  assign multiply_o     = phase_q == Multiply && in_pulse;
  assign share_o        = phase_q == Share || phase_q == Strobe || phase_q == Inject || latch_o;
  assign strobe_o       = phase_q == Strobe && in_pulse;
  assign strobe_end_o   = phase_q == Strobe && pulse_end;
  assign inject_o       = phase_q == Inject && in_pulse;
  assign inject_twice_o = inject_o && decision_q == 3'd1;
  assign latch_o        = phase_q == Latch && in_pulse;
  assign codes_o        = phase_q == Latch && pulse_end;

  // 16 cells serve the whole search: 32 units are all of them twice.
  always_comb begin
    cells_o = '0;
    if (inject_o) cells_o = decision_q == 3'd1 ? 5'd16 : 5'd16 >> (decision_q - 3'd2);
  end

  assign plane_o        = operation_q.plane;
  assign column_o       = column_q;
  assign differential_o = is_differential(operation_q.format);
  assign range_o        = operation_q.range;
  assign level_o        = operation_q.level;

  assign sample_end_o  = phase_q == Sample && pulse_end;
  assign last_sample_o = last_in_pass;

  logic bipolar, first_pass;
  assign bipolar    = operation_q.format == Single1;
  assign first_pass = high_pass_q == two_pass(operation_q);

  // y/16 stands for the sum of x b: half of the rows carry the level on the reference side. Bipolar
  // weights are 2 b - 1; their step counts twice, so half of the digit sum comes off here.
  logic [UnitBits-1:0] level_offset, digit_offset;
  assign level_offset = UnitBits'(operation_q.level) * UnitBits'(16 * (MacRows / 2));
  assign digit_offset = bipolar ? UnitBits'({digit_sum_i, 3'b0}) : '0;

  assign step_o.bank      = operation_q.bank;
  assign step_o.unit      = unit_q;
  assign step_o.range     = operation_q.range;
  assign step_o.offset    = differential_o ? '0 : level_offset - digit_offset;
  assign step_o.shift     = {high_pass_q, bipolar ? 2'd1 : digits_m1(operation_q.format) - digit_q};
  assign step_o.negate    = !differential_o && !bipolar && digit_q == '0;
  assign step_o.first     = operation_q.clear && first_pass && digit_q == '0;
  assign step_o.last      = operation_q.emit && !high_pass_q && last_digit;

  assign busy_o           = running_q || head_valid_i;
  assign stall_o          = (phase_q == Latch && full_width && !post_ready_i) ||
                            (phase_q == Idle && busy_o);
  assign operation_done_o = codes_o && last_in_pass && !high_pass_q;

  `CAPRAM_ASSERT(OnePhaseAtATime, $onehot0({reset_o, sample_o, multiply_o, strobe_o, inject_o, latch_o}))
  `CAPRAM_ASSERT(NoShareWhileReset, !(share_o && (reset_o || sample_o || multiply_o)))
endmodule
