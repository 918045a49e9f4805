// Simulation top of the ciSAR logic alone: 32 slices, the testbench plays the sequencer.
//
// drive 0: bit 0 rst_n, bit 1 strobe_end, bit 2 inject; drive 1: active; drive 4: comparators.
module capram_cisar_sim
  import capram_pkg::*;
(
  input  logic        clk_i,
  input  logic [31:0] drive_i[8],
  output logic [31:0] pins_o[56]
);
  logic [AdcBits-1:0][31:0] decisions;

  capram_cisar #(
    .Slices(32)
  ) u_cisar (
    .clk_i,
    .rst_ni       (drive_i[0][0]),
    .strobe_end_i (drive_i[0][1]),
    .inject_i     (drive_i[0][2]),
    .active_i     (drive_i[1]),
    .comparators_i(drive_i[4]),
    .inject_p_o   (pins_o[8]),
    .inject_n_o   (pins_o[12]),
    .decisions_o  (decisions)
  );

  for (genvar i = 0; i < 56; i++) begin : g_word
    if (i >= 25 && i < 53 && (i - 25) % 4 == 0) begin : g_decision
      assign pins_o[i] = decisions[(i-25)/4];
    end else if (i != 8 && i != 12) begin : g_none
      assign pins_o[i] = '0;
    end
  end
endmodule
