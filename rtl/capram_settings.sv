// Settings and performance counters behind the register map.
//
// Writes arrive checked (capram_bus refuses the others); reads are combinational.
module capram_settings
  import capram_pkg::*;
#(
  parameter int unsigned MacRows = 64,
  parameter int unsigned Slices = 32,
  parameter int unsigned ColumnsPerSlice = 4,
  parameter int unsigned PostLanes = 1,
  localparam int unsigned CountBits = index_width(PostLanes + 1)
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  // register access
  input  logic                 write_i,
  input  logic [4:0]           index_i,      // word of the register block
  input  logic [31:0]          write_data_i,
  output logic [31:0]          read_data_o,
  // errors, set by the bus
  input  logic [capram_reg_pkg::Errors-1:0] error_i,
  // settings
  output timing_t              timing_o,
  output logic [4:0]           shift_o,
  output logic [2:0]           result_bits_m1_o,
  output logic [Slices-1:0]    enable_o,
  // state shown in STATUS
  input  logic                 busy_i,
  input  logic                 head_valid_i,
  input  logic                 second_valid_i,
  // events to count
  input  logic                 stall_i,
  input  logic                 operation_done_i,
  input  logic [CountBits-1:0] converted_i,
  input  logic [CountBits-1:0] clipped_i
);
  import capram_reg_pkg::*;

  pulse_t [Pulses-1:0] timing_q;
  logic [4:0] shift_q;
  logic [2:0] result_bits_m1_q;
  logic [127:0] enable_words;
  logic [Slices-1:0] enable_q;
  logic [Errors-1:0] error_q;
  logic [31:0] cycles_q, stalls_q, operations_q, conversions_q, clipped_q;

  assign timing_o         = timing_q;
  assign shift_o          = shift_q;
  assign result_bits_m1_o = result_bits_m1_q;
  assign enable_o         = enable_q;
  assign enable_words     = 128'(enable_q);

  // TIMING registers lie side by side; so do the words of SLICE_ENABLE.
  logic [4:0] timing_index;
  logic is_timing, is_enable;
  assign timing_index = index_i - AddrTimingReset[6:2];
  assign is_timing    = timing_index < 5'(Pulses);
  assign is_enable    = index_i[4:2] == AddrSliceEnable0[6:4];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      timing_q         <= {Pulses{pulse_t'{gap: 3'd0, width: 4'd1}}};
      shift_q          <= '0;
      result_bits_m1_q <= 3'd3;
      enable_q         <= '1;
    end else if (write_i) begin
      for (int unsigned i = 0; i < Pulses; i++) begin
        if (timing_index == 5'(i)) begin
          timing_q[i] <= '{gap: write_data_i[10:8], width: write_data_i[3:0]};
        end
      end
      for (int unsigned i = 0; i < Slices; i++) begin
        if (is_enable && index_i[1:0] == 2'(i / 32)) enable_q[i] <= write_data_i[i%32];
      end
      if (index_i == AddrRequant[6:2]) begin
        shift_q          <= write_data_i[4:0];
        result_bits_m1_q <= write_data_i[10:8];
      end
    end
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) error_q <= '0;
    else if (write_i && index_i == AddrError[6:2]) error_q <= error_q & ~write_data_i[Errors-1:0];
    else error_q <= error_q | error_i;
  end

  logic clear;
  assign clear = write_i && index_i == AddrClearCounters[6:2];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      cycles_q      <= '0;
      stalls_q      <= '0;
      operations_q  <= '0;
      conversions_q <= '0;
      clipped_q     <= '0;
    end else if (clear) begin
      cycles_q      <= '0;
      stalls_q      <= '0;
      operations_q  <= '0;
      conversions_q <= '0;
      clipped_q     <= '0;
    end else begin
      cycles_q      <= cycles_q + 32'(busy_i);
      stalls_q      <= stalls_q + 32'(stall_i);
      operations_q  <= operations_q + 32'(operation_done_i);
      conversions_q <= conversions_q + 32'(converted_i);
      clipped_q     <= clipped_q + 32'(clipped_i);
    end
  end

  pulse_t timing_read;
  assign timing_read = timing_q[timing_index[3:0]];

  always_comb begin
    unique case (index_i)
      AddrId[6:2]:       read_data_o = 32'h4341_5052;
      AddrVersion[6:2]:  read_data_o = 32'h0001_0000;
      AddrGeometry[6:2]: read_data_o = {7'd0, 5'(PostLanes), 4'(ColumnsPerSlice), 8'(Slices), 8'(MacRows)};
      AddrStatus[6:2]:   read_data_o = {26'd0, 2'(head_valid_i) + 2'(second_valid_i), 2'd0, second_valid_i, busy_i};
      AddrError[6:2]:    read_data_o = 32'(error_q);
      AddrRequant[6:2]:  read_data_o = {21'd0, result_bits_m1_q, 3'd0, shift_q};
      AddrCycles[6:2]:   read_data_o = cycles_q;
      AddrStalls[6:2]:   read_data_o = stalls_q;
      AddrOperations[6:2]:  read_data_o = operations_q;
      AddrConversions[6:2]: read_data_o = conversions_q;
      AddrClipped[6:2]:  read_data_o = clipped_q;
      default: begin
        if (is_timing) read_data_o = {21'd0, timing_read.gap, 4'd0, timing_read.width};
        else read_data_o = enable_words[{index_i[1:0], 5'd0}+:32];
      end
    endcase
  end
endmodule
