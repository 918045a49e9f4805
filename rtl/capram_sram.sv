`include "capram_assert.svh"

// Timing of normal reads and writes of the array, one 32-bit word of one row at a time:
//
//   PRECHARGE, ACCESS (word line, write drivers when writing), SENSE (reads)
//
// A request is held until `done_o`; the access starts in the next cycle. Sense data are taken at
// the end of SENSE. The write time, the develop time and the precharge time of the cells are the
// array's; pulse widths are programmed to suit them.
module capram_sram
  import capram_pkg::*;
#(
  parameter int unsigned MacRows = 64,
  localparam int unsigned ClusterBits = index_width(MacRows)
) (
  input  logic                   clk_i,
  input  logic                   rst_ni,
  input  timing_t                timing_i,
  // request
  input  logic                   start_i,     // for one cycle
  input  logic                   write_i,
  input  logic [ClusterBits-1:0] cluster_i,
  input  logic [2:0]             plane_i,
  input  logic [1:0]             word_i,
  input  logic [31:0]            write_data_i,
  output logic                   done_o,      // last cycle of the access
  output logic                   read_done_o, // sense data are taken at the end of this cycle
  // array
  output logic                   active_o,
  output logic                   precharge_o,
  output logic                   word_line_o,
  output logic                   write_o,
  output logic                   sense_o,
  output logic [ClusterBits-1:0] cluster_o,
  output logic [2:0]             plane_o,
  output logic [1:0]             word_o,
  output logic [31:0]            write_data_o
);
  typedef enum logic [1:0] {
    Inactive,
    Precharge,
    Access,
    Sense
  } state_e;

  state_e state_q, state_next;
  logic write_q;
  logic in_pulse, pulse_end, phase_end, unused_full_width;
  pulse_t pulse;

  always_comb begin
    unique case (state_q)
      Precharge: pulse = timing_i.precharge;
      Access:    pulse = timing_i.access;
      default:   pulse = timing_i.sense;
    endcase
  end

  always_comb begin
    unique case (state_q)
      Precharge: state_next = Access;
      Access:    state_next = write_q ? Inactive : Sense;
      Sense:     state_next = Inactive;
      default:   state_next = Precharge;
    endcase
  end

  capram_pulse_timer u_timer (
    .clk_i,
    .rst_ni,
    .start_i     (start_i || (phase_end && state_next != Inactive)),
    .hold_i      (1'b0),
    .pulse_i     (pulse),
    .pulse_o     (in_pulse),
    .full_width_o(unused_full_width),
    .pulse_end_o (pulse_end),
    .end_o       (phase_end)
  );

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) state_q <= Inactive;
    else if (start_i || phase_end) state_q <= state_next;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      write_q      <= 1'b0;
      cluster_o    <= '0;
      plane_o      <= '0;
      word_o       <= '0;
      write_data_o <= '0;
    end else if (start_i) begin
      write_q   <= write_i;
      cluster_o <= cluster_i;
      plane_o   <= plane_i;
      word_o    <= word_i;
      if (write_i) write_data_o <= write_data_i;
    end
  end

  assign done_o      = phase_end && state_next == Inactive;
  assign read_done_o = state_q == Sense && pulse_end;
  assign active_o    = state_q != Inactive;
  assign precharge_o = state_q == Precharge && in_pulse;
  assign word_line_o = state_q == Access && in_pulse;
  assign write_o     = word_line_o && write_q;
  assign sense_o     = state_q == Sense && in_pulse;

  `CAPRAM_ASSERT(StartsOnlyWhenIdle, !start_i || state_q == Inactive)
  `CAPRAM_ASSERT(NoWordLineWhilePrecharging, !(precharge_o && word_line_o))
endmodule
