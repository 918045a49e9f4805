// What the pins of a macro cycle ask the emulator to do, given the cycles before, and which rules they
// break. The array and the capacitors remember; this is where.
//
// Works are asked for while `look_i` is high; in its last cycle, `end_i`, the cycle becomes history.
module capram_emu_history
  import capram_emu_pkg::*;
  import capram_pkg::Planes;
(
  input  logic              clk_i,
  input  logic              rst_ni,
  input  logic              look_i,
  input  logic              end_i,
  // pins
  input  logic [Planes-1:0] plane_wl_i,
  input  logic              write_i,
  input  logic              sense_i,
  input  logic              reset_i,
  input  logic              sample_i,
  input  logic              share_i,
  input  logic              strobe_i,
  input  logic              inject_i,
  // what follows from them
  output works_t            works_o,
  output logic [2:0]        plane_o,       // the one opened last
  output logic              multiplied_o,  // cells storing 0 have emptied their capacitors
  input  logic              both_sides_i,  // of some slice, seen while injecting
  output logic [capram_board_pkg::Errors-1:0] rules_o
);
  logic share_q, strobe_q, inject_q;
  logic sampled_q;     // between SAMPLE and SHARE
  logic was_reset_q;   // since the capacitors were last connected
  logic multiplied_q;
  logic [2:0] plane_q;
  logic word_line, share_rises;

  assign word_line   = plane_wl_i != '0;
  assign share_rises = share_i && !share_q;

  // A pulse acts when it begins; word lines and row DACs do as long as they are on.
  assign works_o.sample = sample_i;
  assign works_o.rows   = word_line && (write_i || !sampled_q);
  assign works_o.share  = share_rises;
  assign works_o.inject = inject_i && !inject_q;
  assign works_o.strobe = strobe_i && !strobe_q;

  assign plane_o      = plane_q;
  assign multiplied_o = multiplied_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      plane_q <= '0;
    end else if (look_i && word_line) begin
      plane_q <= {plane_wl_i[7:4] != '0, {plane_wl_i[7:6], plane_wl_i[3:2]} != '0,
                  {plane_wl_i[7], plane_wl_i[5], plane_wl_i[3], plane_wl_i[1]} != '0};
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      share_q      <= 1'b0;
      strobe_q     <= 1'b0;
      inject_q     <= 1'b0;
      sampled_q    <= 1'b0;
      was_reset_q  <= 1'b0;
      multiplied_q <= 1'b0;
    end else if (end_i) begin
      share_q   <= share_i;
      strobe_q  <= strobe_i;
      inject_q  <= inject_i;
      sampled_q <= (sampled_q || sample_i) && !share_i;
      if (reset_i) was_reset_q <= 1'b1;
      else if (share_rises) was_reset_q <= 1'b0;
      if (sample_i) multiplied_q <= 1'b0;
      else if (word_line && sampled_q && !write_i && !sense_i) multiplied_q <= 1'b1;
    end
  end

  always_comb begin
    rules_o = '0;
    if (end_i) begin
      rules_o[capram_board_pkg::ErrTwoWordLines]         = !$onehot0(plane_wl_i);
      rules_o[capram_board_pkg::ErrShareWithoutReset]    = share_rises && !was_reset_q;
      rules_o[capram_board_pkg::ErrStrobeWithoutShare]   = strobe_i && !share_i;
      rules_o[capram_board_pkg::ErrInjectWhileStrobe]    = inject_i && strobe_i;
      rules_o[capram_board_pkg::ErrWordLineWhileSharing] = word_line && share_i;
    end
    rules_o[capram_board_pkg::ErrInjectBothSides] = both_sides_i;
  end
endmodule
