`include "capram_assert.svh"

// Makes the macro's clock, a register of the board's: one macro cycle goes through
//
//   RISE     the macro's clock rises at the end of this cycle
//   FALL     ... and falls at the end of this one; the macro's outputs settle
//   EMULATE  the emulator answers to the pins, until it says that it is done
//   OPEN     answers of the bus are taken; its inputs change at the end of this cycle
//
// Everything that crosses between the clocks so stands still for at least a cycle of the board's clock
// before and after an edge of the macro's. While the macro has nothing to do, its clock rests in OPEN;
// after an answer it makes one more cycle, which takes the answer off the bus.
module capram_stepper (
  input  logic clk_i,
  input  logic rst_ni,
  // macro
  output logic mclk_o,
  input  logic request_i,  // on the macro's bus
  input  logic answer_i,   // ack or err
  input  logic busy_i,
  // emulator
  output logic look_o,     // EMULATE
  input  logic done_i,
  // host
  output logic open_o,
  output logic rest_o      // the macro's clock rests
);
  typedef enum logic [1:0] {
    Open,
    Rise,
    Fall,
    Emulate
  } state_e;

  state_e state_q, state_next;
  logic mclk_q, go;

  assign mclk_o = mclk_q;
  assign go     = request_i || answer_i || busy_i;
  assign look_o = state_q == Emulate;
  assign open_o = state_q == Open;
  assign rest_o = state_q == Open && !go;

  always_comb begin
    unique case (state_q)
      Open:    state_next = go ? Rise : Open;
      Rise:    state_next = Fall;
      Fall:    state_next = Emulate;
      default: state_next = done_i ? Open : Emulate;
    endcase
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Open;
      mclk_q  <= 1'b0;
    end else begin
      state_q <= state_next;
      mclk_q  <= state_q == Rise;
    end
  end

  `CAPRAM_ASSERT(HighInFallOnly, mclk_q == (state_q == Fall))
endmodule
