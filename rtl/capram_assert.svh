// Assertions on rules that a module relies on. Simulation only; a failure names file, line and time.
`ifndef CAPRAM_ASSERT_SVH
`define CAPRAM_ASSERT_SVH
`ifdef SYNTHESIS
`define CAPRAM_ASSERT(name_, condition_)
`define CAPRAM_ASSERT_INIT(name_, condition_)
`else
// Holds at every clock edge out of reset.
`define CAPRAM_ASSERT(name_, condition_) \
  always @(posedge clk_i) if (rst_ni) name_ : assert (condition_) else $error(`"rule broken: name_`");
// Holds for the parameters of this instance.
`define CAPRAM_ASSERT_INIT(name_, condition_) \
  initial name_ : assert (condition_) else $fatal(1, `"parameters not supported: name_`");
`endif
`endif
