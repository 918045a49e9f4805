// Reset after configuration: ends, in step with the clock, 64 cycles after the clock is ready. Until
// then block RAMs of an iCE40 may not answer.
//
// It is off for one cycle before it begins: simulators see an asynchronous reset by its edge. The
// registers here rely on being 0 after configuration.
module capram_reset (
  input  logic clk_i,
  input  logic ready_i,
  output logic rst_no
);
  logic [6:0] count_q;
  logic rst_nq;
  assign rst_no = rst_nq;

  always_ff @(posedge clk_i or negedge ready_i) begin
    if (!ready_i) begin
      count_q <= '0;
      rst_nq  <= 1'b0;
    end else begin
      if (!count_q[6]) count_q <= count_q + 7'd1;
      rst_nq <= count_q == '0 || count_q[6];
    end
  end
endmodule
