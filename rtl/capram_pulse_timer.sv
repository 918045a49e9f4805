`include "capram_assert.svh"

// Times one pulse after another: `width` cycles high, then `gap` cycles low.
//
// `start_i` begins the next pulse in the following cycle; the owner raises it when idle or
// together with `end_o`. `pulse_i` is the pulse under way. `hold_i` prolongs the last cycle of
// the pulse.
module capram_pulse_timer
  import capram_pkg::*;
(
  input  logic   clk_i,
  input  logic   rst_ni,
  input  logic   start_i,
  input  logic   hold_i,
  input  pulse_t pulse_i,
  output logic   pulse_o,      // in the pulse
  output logic   full_width_o, // the pulse has had its width (this is its last cycle unless held)
  output logic   pulse_end_o,  // last cycle of the pulse
  output logic   end_o         // last cycle of pulse and gap
);
  logic pulse_q, gap_q;
  logic [3:0] count_q;
  logic gap_end;

  assign pulse_o      = pulse_q;
  assign full_width_o = pulse_q && count_q + 4'd1 >= pulse_i.width;
  assign pulse_end_o  = full_width_o && !hold_i;
  assign gap_end      = gap_q && count_q[2:0] + 3'd1 == pulse_i.gap;
  assign end_o        = (pulse_end_o && pulse_i.gap == '0) || gap_end;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      pulse_q <= 1'b0;
      gap_q   <= 1'b0;
      count_q <= '0;
    end else if (start_i || pulse_end_o || gap_end) begin
      pulse_q <= start_i;
      gap_q   <= !start_i && pulse_end_o && !end_o;
      count_q <= '0;
    end else if (!full_width_o) begin
      count_q <= count_q + 4'd1;
    end
  end

  `CAPRAM_ASSERT(StartsOnlyWhenFree, !start_i || !(pulse_q || gap_q) || end_o)
endmodule
