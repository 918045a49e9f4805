`include "capram_assert.svh"

// Successive-approximation logic of all slices, one bit lane per slice.
//
// Each decision shifts into a 7-bit register per slice, so that the register holds the code when
// the search is over and its youngest bit steers the injection: comparator 1 means V_P is higher,
// and the cells remove charge from P; otherwise from N. The cells only ever remove charge.
//
// Decisions are kept as bit planes: plane 0 is the latest decision of every slice.
module capram_cisar
  import capram_pkg::*;
#(
  parameter int unsigned Slices = 32
) (
  input  logic                           clk_i,
  input  logic                           rst_ni,
  input  logic                           strobe_end_i,  // take the comparators
  input  logic                           inject_i,
  input  logic [Slices-1:0]              active_i,
  input  logic [Slices-1:0]              comparators_i,
  output logic [Slices-1:0]              inject_p_o,
  output logic [Slices-1:0]              inject_n_o,
  output logic [AdcBits-1:0][Slices-1:0] decisions_o
);
  logic [AdcBits-1:0][Slices-1:0] decisions_q;

  assign decisions_o = decisions_q;
  assign inject_p_o  = inject_i ? active_i & decisions_q[0] : '0;
  assign inject_n_o  = inject_i ? active_i & ~decisions_q[0] : '0;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) decisions_q <= '0;
    else if (strobe_end_i) decisions_q <= {decisions_q[AdcBits-2:0], comparators_i};
  end

  `CAPRAM_ASSERT(OneSideOnly, (inject_p_o & inject_n_o) == '0)
  `CAPRAM_ASSERT(OnlyActiveSlices, ((inject_p_o | inject_n_o) & ~active_i) == '0)
endmodule
