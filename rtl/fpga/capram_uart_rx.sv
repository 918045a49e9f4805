`include "capram_assert.svh"

// Receiver of a UART, 8N1: samples every bit once, in its middle.
//
// The middle is counted from the falling edge of the start bit, so that after ten bits a line that
// is 2 % off is sampled 0.2 bits beside it. A start bit that is high again at its middle was none.
// A byte without stop bit is a framing error; a break looks like one. After it the receiver waits
// until the line is high.
//
// ClocksPerBit  cycles of clk_i to a bit, at least 4
module capram_uart_rx #(
  parameter int unsigned ClocksPerBit = 8
) (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       rx_i,            // asynchronous
  output logic       idle_o,          // the line is high and no byte is under way
  output logic       valid_o,         // one cycle: data_o is a byte
  output logic [7:0] data_o,
  output logic       framing_error_o  // one cycle
);
  localparam int unsigned PhaseBits = $clog2(ClocksPerBit);
  localparam logic [PhaseBits-1:0] WholeBit = PhaseBits'(ClocksPerBit - 1);
  // The edge is seen half a cycle after it happened, on average.
  localparam logic [PhaseBits-1:0] HalfBit = PhaseBits'(ClocksPerBit / 2 - 1);

  typedef enum logic [1:0] {
    Idle,
    Receive,
    WaitForHigh
  } state_e;

  state_e state_q;
  logic meta_q, line_q;
  logic [PhaseBits-1:0] phase_q;
  logic [3:0] bit_q;  // 0 the start bit, 1 to 8 the data, 9 the stop bit
  logic [7:0] data_q;

  logic sample, stop;
  assign sample = state_q == Receive && phase_q == '0;
  assign stop   = sample && bit_q == 4'd9;

  assign idle_o          = state_q == Idle && line_q;
  assign valid_o         = stop && line_q;
  assign framing_error_o = stop && !line_q;
  assign data_o          = data_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      meta_q <= 1'b1;
      line_q <= 1'b1;
    end else begin
      meta_q <= rx_i;
      line_q <= meta_q;
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      // A line that is low from the start is no start bit.
      state_q <= WaitForHigh;
      phase_q <= '0;
      bit_q   <= '0;
    end else begin
      unique case (state_q)
        Idle: begin
          phase_q <= HalfBit;
          bit_q   <= '0;
          if (!line_q) state_q <= Receive;
        end
        Receive: begin
          phase_q <= sample ? WholeBit : phase_q - 1'b1;
          if (sample) begin
            bit_q <= bit_q + 4'd1;
            if (bit_q == '0 && line_q) state_q <= Idle;
            if (bit_q == 4'd9) state_q <= line_q ? Idle : WaitForHigh;
          end
        end
        default: if (line_q) state_q <= Idle;
      endcase
    end
  end

  always_ff @(posedge clk_i) begin
    if (sample && !stop) data_q <= {line_q, data_q[7:1]};
  end

  `CAPRAM_ASSERT_INIT(EnoughClocks, ClocksPerBit >= 4)
endmodule
