`include "capram_assert.svh"

// Transmitter of a UART, 8N1. A byte is taken in a cycle with valid_i and ready_o; bytes taken as
// soon as it is ready follow one another without a gap.
//
// ClocksPerBit  cycles of clk_i to a bit
module capram_uart_tx #(
  parameter int unsigned ClocksPerBit = 8
) (
  input  logic       clk_i,
  input  logic       rst_ni,
  input  logic       valid_i,
  input  logic [7:0] data_i,
  output logic       ready_o,
  output logic       tx_o
);
  localparam int unsigned PhaseBits = $clog2(ClocksPerBit);
  localparam logic [PhaseBits-1:0] WholeBit = PhaseBits'(ClocksPerBit - 1);

  logic [8:0] shift_q;   // the bit on the line, then what is still to come; a stop bit fills up
  logic [3:0] left_q;    // bits to come, with the one on the line; 0 at rest
  logic [PhaseBits-1:0] phase_q;
  logic bit_end;

  assign bit_end = phase_q == '0;
  assign ready_o = left_q == '0 || (left_q == 4'd1 && bit_end);
  assign tx_o    = shift_q[0];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      shift_q <= '1;
      left_q  <= '0;
      phase_q <= '0;
    end else if (valid_i && ready_o) begin
      shift_q <= {data_i, 1'b0};
      left_q  <= 4'd10;
      phase_q <= WholeBit;
    end else if (left_q != '0) begin
      phase_q <= bit_end ? WholeBit : phase_q - 1'b1;
      if (bit_end) begin
        shift_q <= {1'b1, shift_q[8:1]};
        left_q  <= left_q - 4'd1;
      end
    end
  end
endmodule
