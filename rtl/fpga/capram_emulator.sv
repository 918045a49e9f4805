`include "capram_assert.svh"

// Array and analog side of the macro in fixed point, behind its pins: cells, row DACs, sharing,
// injection, comparators. docs/fpga.md, section 3, says what each pin does and what the tables hold.
//
// Everything is done one slice after the other with one multiplier and one accumulator; the macro's
// clock stands still meanwhile. `look_i` says that the pins of a macro cycle stand, until `done_o`.
//
// Number formats: voltages are in 2^-26 V. A product is factor * word >> (11 + shift), rounded:
//   SHARE    (S << 11)    * gain   >> 11               = S gain
//   INJECT   (v >> 8)     * lambda >> 14               = p, relative change of the charge in 2^-20
//            (2^20 + p)   * q      >> (16 - i + r)     = d, r = log2(1/range), q in 2^(i-22) V
//   STROBE   (bytes << 9) * noise  >> 11               = noise, bytes have a deviation of 2^8
module capram_emulator
  import capram_emu_pkg::*;
#(
  parameter int unsigned MacRows = 64,
  parameter int unsigned Slices = 32
) (
  input  logic                 clk_i,
  input  logic                 rst_ni,
  input  logic                 look_i,
  output logic                 done_o,
  // array
  input  logic [capram_pkg::Planes-1:0] plane_wl_i,
  input  logic [MacRows-1:0]   cluster_sel_i,
  input  logic                 write_i,
  input  logic                 sense_i,
  input  logic [1:0]           word_i,
  input  logic [31:0]          write_data_i,
  output logic [31:0]          read_data_o,
  input  logic [MacRows*capram_pkg::DigitBits-1:0] dac_i,
  // slices
  input  logic [Slices-1:0]    slice_active_i,
  input  logic [1:0]           column_i,
  input  logic                 differential_i,
  input  logic [1:0]           range_i,
  input  logic [3:0]           level_i,
  input  logic                 reset_i,
  input  logic                 sample_i,
  input  logic                 share_i,
  input  logic                 strobe_i,
  output logic [Slices-1:0]    comparators_o,
  input  logic                 inject_i,
  input  logic                 inject_twice_i,
  input  logic [4:0]           cells_i,
  input  logic [Slices-1:0]    inject_p_i,
  input  logic [Slices-1:0]    inject_n_i,
  // tables: a request is held until done
  input  logic                 table_request_i,
  input  logic                 table_write_i,
  input  logic [TableBits-1:0] table_addr_i,
  input  logic [WordBits-1:0]  table_data_i,
  output logic [WordBits-1:0]  table_data_o,
  output logic                 table_done_o,
  // settings
  input  logic [WordBits-1:0]  lambda_i,
  input  logic [WordBits-1:0]  noise_i,
  input  logic                 noise_load_i,
  input  logic [31:0]          noise_seed_i,
  // observation
  output logic [capram_board_pkg::Errors-1:0] rules_o,
  output logic                 state_write_o,   // a side's voltage changes
  output logic [5:0]           state_index_o,   // slice, side
  output logic [31:0]          state_o          // 2^-26 V, signed
);
  state_e state;
  works_t works;
  logic [5:0] row;
  logic [4:0] slice;
  logic second_side, sharing, strobing, multiplied, drawn;

  // --- the slice that is served --------------------------------------------------------------------
  logic active, discharge_p, discharge_n, injecting, fire, side;
  assign active      = slice_active_i[slice];
  assign discharge_p = inject_p_i[slice];
  assign discharge_n = inject_n_i[slice];
  assign injecting   = !sharing && !strobing;
  assign fire        = (discharge_p || discharge_n) && cells_i != '0;
  assign side        = injecting ? discharge_n : second_side;

  // --- what the pins ask for -----------------------------------------------------------------------
  logic [2:0] plane;
  logic emptied;

  capram_emu_history u_history (
    .clk_i,
    .rst_ni,
    .look_i,
    .end_i       (done_o),
    .plane_wl_i,
    .write_i,
    .sense_i,
    .reset_i,
    .sample_i,
    .share_i,
    .strobe_i,
    .inject_i,
    .works_o     (works),
    .plane_o     (plane),
    .multiplied_o(emptied),
    .both_sides_i(state == Low && injecting && discharge_p && discharge_n),
    .rules_o
  );

  capram_emu_sequencer u_sequencer (
    .clk_i,
    .rst_ni,
    .look_i,
    .works_i     (works),
    .done_o,
    .host_i      (table_request_i),
    .active_i    (active),
    .fire_i      (fire),
    .twice_i     (inject_twice_i),
    .noisy_i     (noise_i != '0),
    .multiplied_i(multiplied),
    .drawn_i     (drawn),
    .state_o     (state),
    .row_o       (row),
    .slice_o     (slice),
    .side_o      (second_side),
    .sharing_o   (sharing),
    .strobing_o  (strobing)
  );

  // --- cells ---------------------------------------------------------------------------------------
  // The row opened last stays addressed while nothing else is: its word is on the sense amplifiers.
  logic [5:0] open_row_q, cell_row;
  logic selected, cell_p, cell_n;
  logic [1:0] cell_word;
  assign selected  = state == Rows && cluster_sel_i[row];
  assign cell_row  = state == Rows || state == Sum ? row : open_row_q;
  assign cell_word = state == Sum ? slice[4:3] : word_i;

  capram_emu_cells u_cells (
    .clk_i,
    .write_i     (selected && write_i),
    .addr_i      ({cell_row, plane, cell_word}),
    .write_data_i,
    .read_data_o,
    .slice_i     (slice[2:0]),
    .column_i,
    .cell_p_o    (cell_p),
    .cell_n_o    (cell_n)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) open_row_q <= '0;
    else if (selected) open_row_q <= row;
  end

  // --- tables --------------------------------------------------------------------------------------
  // Cells fire by powers of two, 2^i.
  logic [2:0] cells_log2;
  assign cells_log2 = {cells_i[4], cells_i[2] || cells_i[3], cells_i[1] || cells_i[3]};

  // A slice has 16 words, 8 for each side.
  logic dummy, table_write;
  logic [3:0] in_slice;
  logic [1:0] gain_column;
  logic [TableBits-1:0] address;
  logic [WordBits-1:0] word, write_word;
  logic signed [VoltageBits-1:0] voltage_q;

  assign dummy       = second_side && !differential_i;
  assign gain_column = column_i + {1'b0, second_side};

  always_comb begin
    unique case (state)
      Gain:            in_slice = {1'b1, 3'd5};
      Low, WriteLow:   in_slice = {side, 3'd6};
      High, WriteHigh: in_slice = {side, 3'd7};
      default:         in_slice = strobing ? {1'b0, 3'd5} : {side, cells_log2};
    endcase
  end

  always_comb begin
    unique case (state)
      Rest, HostDone: address = table_addr_i;
      Digits, Sum:    address = {4'b0010, row};
      Gain:           address = dummy ? {1'b1, slice, in_slice} : {3'b000, slice, gain_column};
      default:        address = {1'b1, slice, in_slice};
    endcase
  end

  assign table_write = (state == Rest && !look_i && table_request_i && table_write_i) ||
      state == Digits || state == WriteLow || state == WriteHigh;

  always_comb begin
    unique case (state)
      Digits:    write_word = {12'b0, dac_i[{row, 2'b00}+:4]};
      WriteLow:  write_word = voltage_q[15:0];
      WriteHigh: write_word = WordBits'(voltage_q >>> WordBits);
      default:   write_word = table_data_i;
    endcase
  end

  capram_ram #(
    .Width(WordBits),
    .Depth(1 << TableBits)
  ) u_tables (
    .clk_i,
    .write_i     (table_write),
    .write_addr_i(address),
    .write_data_i(write_word),
    .read_addr_i (address),
    .read_data_o (word)
  );

  assign table_data_o = word;
  assign table_done_o = state == HostDone;

  // --- sums of digits over cells -------------------------------------------------------------------
  logic adding_q;  // the row addressed in the last cycle has to be added
  logic [9:0] sum_p_q, sum_n_q, sum;
  logic [3:0] digit;
  assign digit = word[3:0];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      adding_q <= 1'b0;
      sum_p_q  <= '0;
      sum_n_q  <= '0;
    end else begin
      adding_q <= state == Sum && active;
      if (state == Sum && !adding_q) begin
        sum_p_q <= '0;
        sum_n_q <= '0;
      end else if (adding_q) begin
        // A cell keeps its capacitor's charge if it stores 1, or if no plane was opened.
        if (cell_p || !emptied) sum_p_q <= sum_p_q + {6'b0, digit};
        if (cell_n || !emptied) sum_n_q <= sum_n_q + {6'b0, digit};
      end
    end
  end

  // Half of the dummy column's rows carry the level.
  always_comb begin
    sum = second_side ? sum_n_q : sum_p_q;
    if (dummy) sum = active ? 10'(MacRows / 2) * {6'b0, level_i} : '0;
  end

  // --- noise ---------------------------------------------------------------------------------------
  logic signed [NoiseBits-1:0] bytes;
  capram_emu_noise u_noise (
    .clk_i,
    .rst_ni,
    .load_i(noise_load_i),
    .seed_i(noise_seed_i),
    .draw_i(state == Low && strobing && !second_side && noise_i != '0),
    .done_o(drawn),
    .sum_o (bytes)
  );

  // --- multiplier ----------------------------------------------------------------------------------
  logic start;
  logic signed [FactorBits-1:0] factor;
  logic [WordBits-1:0] multiplied_word;
  logic [3:0] shift;
  logic signed [VoltageBits-1:0] product;

  always_comb begin
    unique case (state)
      GainStart:   factor = {1'b0, sum, 11'b0};
      NoiseStart:  factor = FactorBits'(bytes) << 9;
      LambdaStart: factor = FactorBits'(voltage_q >>> 8);
      default:     factor = {product[21:20] + 2'd1, product[19:0]};  // 1 + p
    endcase
  end

  always_comb begin
    unique case (state)
      LambdaStart: multiplied_word = lambda_i;
      NoiseStart:  multiplied_word = noise_i;
      default:     multiplied_word = word;
    endcase
  end

  always_comb begin
    unique case (state)
      LambdaStart: shift = 4'd3;
      LambdaWait:  shift = 4'd5 - {1'b0, cells_log2} + {2'b0, range_i};  // for the charge
      default:     shift = '0;
    endcase
  end

  assign start = state == GainStart || state == LambdaStart || (state == NoiseStart && drawn) ||
      (state == LambdaWait && multiplied);

  capram_emu_multiplier u_multiplier (
    .clk_i,
    .rst_ni,
    .start_i  (start),
    .factor_i (factor),
    .word_i   (multiplied_word),
    .shift_i  (shift),
    .done_o   (multiplied),
    .product_o(product)
  );

  // --- accumulator ---------------------------------------------------------------------------------
  // Holds the voltage that changes, or the comparator's difference; a voltage comes in two words.
  logic clear, add, subtract;
  logic [WordBits-1:0] low_q;
  logic signed [VoltageBits-1:0] operand;

  assign clear    = state == GainStart || (state == Low && !(strobing && second_side));
  assign add      = state == Take || state == Offset ||
      (multiplied && (state == GainWait || state == NoiseWait || state == ChargeWait));
  assign subtract = state == ChargeWait || (state == Take && strobing && second_side);

  always_comb begin
    unique case (state)
      Take:    operand = {word[VoltageBits-WordBits-1:0], low_q};
      Offset:  operand = VoltageBits'(signed'(word)) << 7;
      default: operand = product;
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      low_q     <= '0;
      voltage_q <= '0;
    end else begin
      if (state == High) low_q <= word;
      if (clear) voltage_q <= '0;
      else if (add) voltage_q <= voltage_q + (operand ^ {VoltageBits{subtract}}) + VoltageBits'(subtract);
    end
  end

  // --- comparators ---------------------------------------------------------------------------------
  // Slice by slice from the top, so that slice 0 has arrived at bit 0 after the last.
  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) comparators_o <= '0;
    else if (done_o && !strobe_i) comparators_o <= '0;
    else if (state == Decide) comparators_o <= {!voltage_q[VoltageBits-1], comparators_o[Slices-1:1]};
  end

  assign state_write_o = state == WriteLow;
  assign state_index_o = {slice, side};
  assign state_o       = 32'(voltage_q);

  `CAPRAM_ASSERT(ChangeOfTheChargeIsSmall, state != LambdaWait || !multiplied ||
      (product < 28'sd1 << 20 && product >= -(28'sd1 << 20)))
  `CAPRAM_ASSERT(LooksWhileNothingElse, !look_i || !table_done_o)
  `CAPRAM_ASSERT_INIT(MemoriesHaveThisGeometry, MacRows == 64 && Slices == 32)
endmodule
