`include "capram_assert.svh"

// Post-processor: takes the codes of a conversion step and serves the slices in turn, PostLanes at
// a time. Lane l serves slices l*N .. l*N + N - 1 (N = Slices / PostLanes), one per cycle; the step
// and the slice index are common to all lanes and are delayed here, stage by stage:
//
//   stage 0  code at the head of the lane's shift register, calibration address
//   stage 1  gain and offset; master-curve address
//   stage 2  master curve, range, single-ended offset; accumulator address
//   stage 3  accumulate
//   stage 4  multiply by the requantization factor
//   stage 5  add the bias
//   stage 6  round, shift, clip, store the result
//
// The next step's codes can be taken N cycles after these.
module capram_post
  import capram_pkg::*;
#(
  parameter int unsigned Slices = 32,
  parameter int unsigned ColumnsPerSlice = 4,
  parameter int unsigned PostLanes = 1,
  localparam int unsigned LaneSlices = Slices / PostLanes,
  localparam int unsigned CountBits = index_width(PostLanes + 1)
) (
  input  logic                           clk_i,
  input  logic                           rst_ni,
  // from the sequencer
  input  logic                           codes_i,
  input  logic [AdcBits-1:0][Slices-1:0] decisions_i,
  input  logic [Slices-1:0]              enable_i,
  input  step_t                          step_i,
  output logic                           ready_o,
  output logic                           busy_o,
  // settings
  input  logic [4:0]                     shift_i,
  input  logic [2:0]                     result_bits_m1_i,
  // host access to the tables; outputs are numbered as in the register map
  input  logic                           write_calibration_i,
  input  logic                           write_master_i,
  input  logic                           write_factor_i,
  input  logic                           write_bias_i,
  input  logic [8:0]                     address_i,
  input  logic [31:0]                    write_data_i,
  output logic                           accumulator_free_o, // an accumulator read is served now
  output logic [17:0]                    calibration_o,      // one cycle after the address
  output logic [MasterBits-1:0]          master_o,
  output logic [FactorBits-1:0]          factor_o,
  output logic [AccBits-1:0]             bias_o,
  output logic [AccBits-1:0]             accumulator_o,
  input  logic [6:0]                     result_address_i,   // half word: bank, place
  output logic [15:0]                    result_o,
  // performance
  output logic [CountBits-1:0]           converted_o,
  output logic [CountBits-1:0]           clipped_o
);
  localparam int unsigned IndexBits = index_width(LaneSlices);
  localparam int unsigned LaneBits = index_width(PostLanes);
  localparam int unsigned Stages = 7;

  logic shifting_q;
  logic [AdcBits-1:0][Slices-1:0] hold_q;
  logic [Slices-1:0] enable_q;
  logic [Stages-1:0] valid;
  logic [Stages-1:0][IndexBits-1:0] index;
  step_t step[Stages];

  // --- sequencing, common to all lanes -----------------------------------------------------------
  logic [IndexBits-1:0] index_q;
  logic last_index;
  assign last_index = index_q == IndexBits'(LaneSlices - 1);
  assign ready_o    = !shifting_q || last_index;
  assign busy_o     = |valid;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      shifting_q <= 1'b0;
      index_q    <= '0;
    end else begin
      if (codes_i) shifting_q <= 1'b1;
      else if (last_index) shifting_q <= 1'b0;
      if (shifting_q) index_q <= last_index ? '0 : index_q + 1'b1;
    end
  end

  step_t step_q;
  always_ff @(posedge clk_i) begin
    if (codes_i) step_q <= step_i;
    if (codes_i) enable_q <= enable_i;
    else if (shifting_q) enable_q <= {1'b0, enable_q[Slices-1:1]};
    for (int unsigned b = 0; b < AdcBits; b++) begin
      if (codes_i) hold_q[b] <= decisions_i[b];
      else if (shifting_q) hold_q[b] <= {1'b0, hold_q[b][Slices-1:1]};
    end
  end

  assign valid[0] = shifting_q;
  assign index[0] = index_q;
  assign step[0]  = step_q;
  for (genvar i = 1; i < int'(Stages); i++) begin : g_stage
    logic valid_q;
    logic [IndexBits-1:0] stage_index_q;
    step_t stage_step_q;
    always_ff @(posedge clk_i or negedge rst_ni) begin
      if (!rst_ni) valid_q <= 1'b0;
      else valid_q <= valid[i-1];
    end
    always_ff @(posedge clk_i) begin
      stage_index_q <= index[i-1];
      stage_step_q  <= step[i-1];
    end
    assign valid[i] = valid_q;
    assign index[i] = stage_index_q;
    assign step[i]  = stage_step_q;
  end

  // --- lanes -------------------------------------------------------------------------------------
  // Host outputs are {bank, unit, lane, index}; calibration is {range, lane, index} of 9 bits.
  localparam int unsigned SliceBits = $clog2(Slices);
  localparam int unsigned UnitIndexBits = index_width(ColumnsPerSlice);

  logic host_bank;
  logic [1:0] host_range;
  logic [UnitIndexBits-1:0] host_unit;
  logic [IndexBits-1:0] host_index;
  logic [LaneBits-1:0] host_lane, host_lane_q, result_lane, result_lane_q;
  assign host_bank  = address_i[7];
  assign host_range = address_i[8:7];
  assign host_unit  = UnitIndexBits'(address_i[6:0] >> SliceBits);
  assign host_index = IndexBits'(address_i[6:0]);
  assign host_lane  = LaneBits'((address_i[6:0] & 7'(Slices - 1)) >> $clog2(LaneSlices));

  // A half word holds 4 results of up to 4 bits or 2 wider ones; drop the lane from its place.
  logic wide;
  logic [6:0] result_output;
  assign wide          = result_bits_m1_i[2];
  assign result_output = wide ? {result_address_i[5:0], 1'b0} : {result_address_i[4:0], 2'b0};
  assign result_lane   = LaneBits'((result_output & 7'(Slices - 1)) >> $clog2(LaneSlices));

  logic [PostLanes-1:0] converted, clipped;
  logic [PostLanes-1:0][17:0] calibration;
  logic [PostLanes-1:0][FactorBits-1:0] factor;
  logic [PostLanes-1:0][AccBits-1:0] bias, accumulator;
  logic [PostLanes-1:0][MasterBits-1:0] master;
  logic [PostLanes-1:0][15:0] result;

  for (genvar l = 0; l < int'(PostLanes); l++) begin : g_lane
    logic [AdcBits-1:0] code;
    logic enabled, host_here;
    for (genvar b = 0; b < int'(AdcBits); b++) begin : g_bit
      assign code[b] = hold_q[b][l*LaneSlices];
    end
    assign enabled   = enable_q[l*LaneSlices];
    assign host_here = PostLanes == 1 || host_lane == LaneBits'(l);

    capram_post_lane #(
      .LaneSlices(LaneSlices),
      .Units     (ColumnsPerSlice)
    ) u_lane (
      .clk_i,
      .rst_ni,
      .valid_i            (valid),
      .index_i            (index),
      .step_i             (step),
      .code_i             (code),
      .enabled_i          (enabled),
      .shift_i,
      .result_bits_m1_i,
      .busy_i             (busy_o),
      .write_calibration_i(write_calibration_i && host_here),
      .write_master_i,
      .write_factor_i     (write_factor_i && host_here),
      .write_bias_i       (write_bias_i && host_here),
      .host_bank_i        (host_bank),
      .host_range_i       (host_range),
      .host_unit_i        (host_unit),
      .host_index_i       (host_index),
      .host_master_i      (address_i[6:0]),
      .write_data_i,
      .calibration_o      (calibration[l]),
      .master_o           (master[l]),
      .factor_o           (factor[l]),
      .bias_o             (bias[l]),
      .accumulator_o      (accumulator[l]),
      .result_bank_i      (result_address_i[6]),
      .result_unit_i      (UnitIndexBits'(result_output >> SliceBits)),
      .result_index_i     (IndexBits'(result_output)),
      .result_o           (result[l]),
      .converted_o        (converted[l]),
      .clipped_o          (clipped[l])
    );
  end

  always_ff @(posedge clk_i) begin
    host_lane_q   <= host_lane;
    result_lane_q <= result_lane;
  end

  assign accumulator_free_o = !valid[2];
  assign calibration_o = calibration[host_lane_q];
  assign factor_o      = factor[host_lane_q];
  assign bias_o        = bias[host_lane_q];
  assign accumulator_o = accumulator[host_lane_q];
  assign master_o      = master[0];  // every lane holds the same curve
  assign result_o      = result[result_lane_q];
  assign converted_o   = CountBits'($countones(converted));
  assign clipped_o     = CountBits'($countones(clipped));

  `CAPRAM_ASSERT_INIT(LanesDivideSlices, PostLanes * LaneSlices == Slices)
  `CAPRAM_ASSERT_INIT(LanesArePowersOfTwo, 1 << $clog2(PostLanes) == PostLanes && 1 << $clog2(Slices) == Slices)
  `CAPRAM_ASSERT_INIT(ResultWordsStayInOneLane, PostLanes == 1 || LaneSlices >= 8)
  `CAPRAM_ASSERT(TakesCodesOnlyWhenReady, !codes_i || ready_o)
endmodule
