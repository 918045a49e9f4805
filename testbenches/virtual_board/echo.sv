// The smallest board: answers every byte with its successor. 0xee ends the simulation.
module echo (
  input  logic crystal,
  input  logic rx,
  output logic tx
);
  logic rst_n, valid, ready, waiting_q;
  logic [7:0] data, data_q;

  capram_reset u_reset (
    .clk_i  (crystal),
    .ready_i(1'b1),
    .rst_no (rst_n)
  );

  capram_uart_rx u_rx (
    .clk_i  (crystal),
    .rst_ni (rst_n),
    .rx_i   (rx),
    .idle_o (),
    .valid_o(valid),
    .data_o (data),
    .framing_error_o()
  );

  capram_uart_tx u_tx (
    .clk_i  (crystal),
    .rst_ni (rst_n),
    .valid_i(waiting_q),
    .data_i (data_q),
    .ready_o(ready),
    .tx_o   (tx)
  );

  always_ff @(posedge crystal or negedge rst_n) begin
    if (!rst_n) begin
      waiting_q <= 1'b0;
    end else if (valid) begin
      waiting_q <= 1'b1;
      data_q    <= data + 8'd1;
      if (data == 8'hee) $fatal(1, "0xee");
    end else if (ready) begin
      waiting_q <= 1'b0;
    end
  end
endmodule
