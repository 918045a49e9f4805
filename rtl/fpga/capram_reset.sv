// Reset after configuration: ends, in step with the clock, 64 cycles after the clock is ready. Until
// then block RAMs of an iCE40 may not answer.
//
// The count relies on registers being 0 after configuration.
module capram_reset (
  input  logic clk_i,
  input  logic ready_i,
  output logic rst_no
);
  logic [6:0] count_q = '0;
  assign rst_no = count_q[6];

  always_ff @(posedge clk_i or negedge ready_i) begin
    if (!ready_i) count_q <= '0;
    else if (!rst_no) count_q <= count_q + 7'd1;
  end
endmodule
