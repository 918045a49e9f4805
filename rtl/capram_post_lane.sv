// Arithmetic and memories of one post-processing lane; see capram_post for the stages.
//
// Adders are written two operands at a time: on an FPGA a carry chain takes one logic cell a bit, a
// sum of three operands five.
//
//   v   = (z G + 16 O + 8) >> 4,  z = 2 code - 127
//   v  += M[clip((v >> 4) + 64, 0, 127)]
//   y   = (15 v) >> log2(1/r), plus the step's offset
//   acc = (first ? 0 : acc) +- (y << shift)
//   q   = clip((acc * factor + bias + round) >> s, 0, 2^n - 1)
module capram_post_lane
  import capram_pkg::*;
#(
  parameter int unsigned LaneSlices = 32,
  parameter int unsigned Units = 4,
  localparam int unsigned IndexBits = index_width(LaneSlices),
  localparam int unsigned UnitIndexBits = index_width(Units)
) (
  input  logic                         clk_i,
  input  logic                         rst_ni,
  input  logic [6:0]                   valid_i,
  input  logic [6:0][IndexBits-1:0]    index_i,
  input  step_t                        step_i[7],
  input  logic [AdcBits-1:0]           code_i,
  input  logic                         enabled_i,
  input  logic [4:0]                   shift_i,
  input  logic [2:0]                   result_bits_m1_i,
  // host
  input  logic                         busy_i,
  input  logic                         write_calibration_i,
  input  logic                         write_master_i,
  input  logic                         write_factor_i,
  input  logic                         write_bias_i,
  input  logic                         host_bank_i,
  input  logic [1:0]                   host_range_i,
  input  logic [UnitIndexBits-1:0]     host_unit_i,
  input  logic [IndexBits-1:0]         host_index_i,
  input  logic [6:0]                   host_master_i,
  input  logic [31:0]                  write_data_i,
  output logic [17:0]                  calibration_o,
  output logic [MasterBits-1:0]        master_o,
  output logic [FactorBits-1:0]        factor_o,
  output logic [AccBits-1:0]           bias_o,
  output logic [AccBits-1:0]           accumulator_o,
  input  logic                         result_bank_i,
  input  logic [UnitIndexBits-1:0]     result_unit_i,
  input  logic [IndexBits-1:0]         result_index_i,
  output logic [15:0]                  result_o,
  output logic                         converted_o,
  output logic                         clipped_o
);
  // Outputs of this lane: {bank, unit, index}.
  localparam int unsigned OutputBits = 1 + UnitIndexBits + IndexBits;
  localparam int unsigned Outputs = 1 << OutputBits;

  function automatic logic [OutputBits-1:0] place(step_t step, logic [IndexBits-1:0] index);
    return {step.bank, step.unit[UnitIndexBits-1:0], index};
  endfunction

  logic [OutputBits-1:0] host_place;
  assign host_place = {host_bank_i, host_unit_i, host_index_i};

  // --- stage 0: count, address the calibration -----------------------------------------------------
  logic [6:1] enabled_q;
  assign converted_o = valid_i[0] && enabled_i;
  assign clipped_o   = converted_o && (code_i == '0 || code_i == '1);

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) enabled_q <= '0;
    else enabled_q <= {enabled_q[5:1], converted_o};
  end

  logic [17:0] calibration;
  capram_ram #(
    .Width(GainBits + OffsetBits),
    .Depth(4 << IndexBits)
  ) u_calibration (
    .clk_i,
    .write_i     (write_calibration_i),
    .write_addr_i({host_range_i, host_index_i}),
    .write_data_i({write_data_i[16+:OffsetBits], write_data_i[GainBits-1:0]}),
    .read_addr_i (busy_i ? {step_i[0].range, index_i[0]} : {host_range_i, host_index_i}),
    .read_data_o (calibration)
  );
  assign calibration_o = calibration;

  // --- stage 1: gain and offset --------------------------------------------------------------------
  logic [AdcBits-1:0] code_q;
  logic signed [ValueBits+3:0] scaled;
  logic signed [ValueBits-1:0] corrected, corrected_q;
  logic signed [ValueBits-5:0] corrected_lsb;
  logic [6:0] master_address;

  // z = 2 code - 127 is the two's complement number {~code[6], code[5:0], 1}, so that z G is a sum
  // of shifted gains, each row one bit further up; the last one counts negative.
  logic [GainBits-1:0] gain;
  logic signed [OffsetBits-1:0] offset;
  logic [GainBits:0] row;
  logic [AdcBits-1:0] low;
  logic signed [GainBits+1:0] high;
  assign gain   = calibration[GainBits-1:0];
  assign offset = calibration[GainBits+:OffsetBits];
  always_comb begin
    row = {1'b0, gain};
    for (int unsigned i = 0; i < AdcBits - 1; i++) begin
      low[i] = row[0];
      row    = {1'b0, row[GainBits:1]} + (code_q[i] ? {1'b0, gain} : '0);
    end
    low[AdcBits-1] = row[0];
  end
  assign high   = $signed({2'b0, row[GainBits:1]})
                - (code_q[AdcBits-1] ? '0 : $signed({2'b0, gain}));
  assign scaled = $signed({high[GainBits+1], high, low})
                + $signed({{4{offset[OffsetBits-1]}}, offset, 4'd8});
  assign corrected = ValueBits'(scaled >>> 4);

  assign corrected_lsb = corrected[ValueBits-1:4];
  always_comb begin
    if (corrected_lsb < -64) master_address = '0;
    else if (corrected_lsb > 63) master_address = '1;
    else master_address = {~corrected_lsb[6], corrected_lsb[5:0]};
  end

  logic [MasterBits-1:0] master;
  capram_ram #(
    .Width(MasterBits),
    .Depth(1 << AdcBits)
  ) u_master (
    .clk_i,
    .write_i     (write_master_i),
    .write_addr_i(host_master_i),
    .write_data_i(write_data_i[MasterBits-1:0]),
    .read_addr_i (busy_i ? master_address : host_master_i),
    .read_data_o (master)
  );
  assign master_o = master;

  // --- stage 2: master curve, range, offsets -------------------------------------------------------
  logic signed [ValueBits-1:0] value;
  logic signed [UnitBits-1:0] fifteen, ranged, unit_value, unit_value_q;
  assign value        = corrected_q + $signed({{(ValueBits-MasterBits){master[MasterBits-1]}}, master});
  assign fifteen      = $signed({value, 4'b0}) - $signed({{4{value[ValueBits-1]}}, value});
  assign ranged       = fifteen >>> step_i[2].range;
  assign unit_value   = ranged + $signed(step_i[2].offset);

  always_ff @(posedge clk_i) begin
    code_q       <= code_i;
    corrected_q  <= corrected;
    unit_value_q <= unit_value;
  end

  logic [AccBits-1:0] accumulated, sum;
  capram_ram #(
    .Width(AccBits),
    .Depth(Outputs)
  ) u_accumulators (
    .clk_i,
    .write_i     (enabled_q[3]),
    .write_addr_i(place(step_i[3], index_i[3])),
    .write_data_i(sum),
    .read_addr_i (valid_i[2] ? place(step_i[2], index_i[2]) : host_place),
    .read_data_o (accumulated)
  );
  assign accumulator_o = accumulated;

  // --- stage 3: bit-weighted sum -------------------------------------------------------------------
  logic signed [UnitBits+6:0] weighted;
  logic [AccBits-1:0] addend;
  assign weighted = (UnitBits+7)'(unit_value_q) <<< step_i[3].shift;
  assign addend   = AccBits'(weighted);
  // Minus is adding the complement and one; the one comes in as a carry from below.
  logic unused_carry;
  assign {sum, unused_carry} = {step_i[3].first ? '0 : accumulated, 1'b1}
                             + {addend ^ {AccBits{step_i[3].negate}}, step_i[3].negate};

  // --- stages 4 to 6: requantize -------------------------------------------------------------------
  localparam int unsigned ProductBits = AccBits + FactorBits;

  logic [FactorBits-1:0] factor;
  logic [AccBits-1:0] bias;
  capram_ram #(
    .Width(FactorBits),
    .Depth(Outputs)
  ) u_factors (
    .clk_i,
    .write_i     (write_factor_i),
    .write_addr_i(host_place),
    .write_data_i(write_data_i[FactorBits-1:0]),
    .read_addr_i (busy_i ? place(step_i[3], index_i[3]) : host_place),
    .read_data_o (factor)
  );
  assign factor_o = factor;
  capram_ram #(
    .Width(AccBits),
    .Depth(Outputs)
  ) u_biases (
    .clk_i,
    .write_i     (write_bias_i),
    .write_addr_i(host_place),
    .write_data_i(write_data_i),
    .read_addr_i (busy_i ? place(step_i[4], index_i[4]) : host_place),
    .read_data_o (bias)
  );
  assign bias_o = bias;

  // Multiplies by two bits of the factor at a time: 0, 1, 2 or 3 sums a row, each row two bits
  // further up.
  logic signed [AccBits-1:0] sum_q;
  logic signed [AccBits+1:0] triple;
  logic signed [AccBits+1:0] part;
  logic [5:0] product_low;
  logic signed [ProductBits-1:0] product_q;
  logic signed [ProductBits:0] biased_q;

  function automatic logic signed [AccBits+1:0] times(
      logic [1:0] digit, logic signed [AccBits-1:0] once, logic signed [AccBits+1:0] three);
    unique case (digit)
      2'd1:    return (AccBits+2)'(once);
      2'd2:    return (AccBits+2)'(once) <<< 1;
      2'd3:    return three;
      default: return '0;
    endcase
  endfunction

  assign triple  = (AccBits+2)'(sum_q) + ((AccBits+2)'(sum_q) <<< 1);
  always_comb begin
    part = times(factor[1:0], sum_q, triple);
    for (int unsigned i = 0; i < 3; i++) begin
      product_low[2*i+:2] = part[1:0];
      part = (part >>> 2) + times(factor[2*i+2+:2], sum_q, triple);
    end
  end

  always_ff @(posedge clk_i) begin
    sum_q     <= sum;
    product_q <= {part, product_low};
    biased_q  <= (ProductBits+1)'(product_q) + (ProductBits+1)'($signed(bias));
  end

  // Shift right, widest step first, keeping only the bits that can still reach the result or its
  // rounding bit (the lowest); anything of a positive value above them means clipping.
  logic [ProductBits:0] window;
  logic [23:0] by16;
  logic [15:0] by8;
  logic [11:0] by4;
  logic [9:0] by2;
  logic [8:0] by1, rounded;
  logic above;
  logic [ResultBits-1:0] top, result;
  assign window  = {biased_q[ProductBits-1:0], 1'b0};
  assign by16    = shift_i[4] ? window[39:16] : window[23:0];
  assign by8     = shift_i[3] ? by16[23:8] : by16[15:0];
  assign by4     = shift_i[2] ? by8[15:4] : by8[11:0];
  assign by2     = shift_i[1] ? by4[11:2] : by4[9:0];
  assign by1     = shift_i[0] ? by2[9:1] : by2[8:0];
  assign above   = window[ProductBits] || (!shift_i[4] && |window[ProductBits-1:24]) ||
                   (!shift_i[3] && |by16[23:16]) || (!shift_i[2] && |by8[15:12]) ||
                   (!shift_i[1] && |by4[11:10]) || (!shift_i[0] && by2[9]);
  assign rounded = {1'b0, by1[8:1]} + 9'(by1[0]);
  assign top     = ResultBits'(~(ResultBits'('hfe) << result_bits_m1_i));
  always_comb begin
    if (biased_q[ProductBits]) result = '0;
    else if (above || rounded > {1'b0, top}) result = top;
    else result = rounded[ResultBits-1:0];
  end

  // Results of up to 4 bits are packed four to a half word, wider ones two.
  localparam int unsigned HalfBits = OutputBits - 1;  // half words of two results each
  logic wide;
  logic [3:0] result_write;
  logic [OutputBits-1:0] result_place, result_read_place;
  assign wide              = result_bits_m1_i[2];
  assign result_place      = place(step_i[6], index_i[6]);
  assign result_read_place = {result_bank_i, result_unit_i, result_index_i};
  always_comb begin
    result_write = '0;
    if (enabled_q[6] && step_i[6].last) begin
      result_write = wide ? 4'b0011 << {result_place[0], 1'b0} : 4'b0001 << result_place[1:0];
    end
  end

  function automatic logic [HalfBits-1:0] half(logic [OutputBits-1:0] output_place, logic is_wide);
    return {output_place[OutputBits-1],
            is_wide ? output_place[OutputBits-2:1] : {1'b0, output_place[OutputBits-2:2]}};
  endfunction

  capram_ram #(
    .Width   (16),
    .Depth   (1 << HalfBits),
    .MaskBits(4)
  ) u_results (
    .clk_i,
    .write_i     (result_write),
    .write_addr_i(half(result_place, wide)),
    .write_data_i(wide ? {2{result}} : {4{result[3:0]}}),
    .read_addr_i (half(result_read_place, wide)),
    .read_data_o (result_o)
  );
endmodule
