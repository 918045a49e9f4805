`include "capram_assert.svh"

// Host link: frames of LiteX's uartbone on a UART become accesses of a bus.
//
//   command (1 write, 2 read), words (1 to 255), address of the first word / 4 (4 bytes), then for a
//   write the data; the answer of a read is the data; multi-byte numbers have their highest byte first
//
// A word that is written is kept aside while the bus takes it, for as long as the next word needs to
// arrive. What comes when there is no room for it, a word before the last one is taken or anything
// while a read waits or is answered, is lost with all that follows it until the line has been idle.
//
// All bytes of frames in both directions go through the CRC. Accesses wait until it has caught up,
// so a read of it sees all bytes before its own answer.
//
// ClocksPerBit  cycles of clk_i to a bit on the line, at least 5
// TimeoutLog2   a line that is idle for 2^TimeoutLog2 cycles ends a frame
module capram_uartbone #(
  parameter int unsigned ClocksPerBit = 8,
  parameter int unsigned TimeoutLog2 = 18
) (
  input  logic        clk_i,
  input  logic        rst_ni,
  input  logic        rx_i,
  output logic        tx_o,
  // bus: a request is held until done_i, in the same cycle or later
  output logic        request_o,
  output logic        write_o,
  output logic        outside_o,   // beyond what address_o can say
  output logic [14:0] address_o,   // of a word
  output logic [31:0] write_data_o,
  input  logic        done_i,
  input  logic [31:0] read_data_i,
  // checks
  input  logic        crc_clear_i,
  output logic [31:0] crc_o,
  output logic        dropped_o,       // one cycle: a frame was
  output logic        framing_error_o  // one cycle
);
  localparam logic [7:0] WriteCommand = 8'd1;
  localparam logic [7:0] ReadCommand = 8'd2;

  // --- line ----------------------------------------------------------------------------------------
  logic line_idle, received, ready, send;
  logic [7:0] byte_in;
  logic [31:0] shift_q;  // bytes of a word, received or to send

  capram_uart_rx #(
    .ClocksPerBit(ClocksPerBit)
  ) u_rx (
    .clk_i,
    .rst_ni,
    .rx_i,
    .idle_o (line_idle),
    .valid_o(received),
    .data_o (byte_in),
    .framing_error_o
  );

  capram_uart_tx #(
    .ClocksPerBit(ClocksPerBit)
  ) u_tx (
    .clk_i,
    .rst_ni,
    .valid_i(send),
    .data_i (shift_q[31:24]),
    .ready_o(ready),
    .tx_o
  );

  logic [TimeoutLog2:0] idle_q;  // cycles, up to the time-out
  logic expired;
  assign expired = idle_q[TimeoutLog2];

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) idle_q <= '0;
    else if (!line_idle) idle_q <= '0;
    else if (!expired) idle_q <= idle_q + 1'b1;
  end

  // --- frames --------------------------------------------------------------------------------------
  typedef enum logic [2:0] {
    Command,
    Length,
    Address,
    Data,   // of a write
    Read,   // waits for the bus
    Send    // the word read
  } state_e;

  state_e state_q, state_d;
  logic reads_q;               // the frame's command
  logic [1:0] count_q;         // bytes of address or data
  logic [7:0] words_q;         // to come
  logic [14:0] next_q;         // address of the next word
  logic next_outside_q;
  logic lost_q;                // until the line has been idle
  logic waits_q, write_q;      // an access does, and is a write
  logic crc_busy;

  // A byte that can be used; whether it completes what it belongs to.
  logic receiving, no_room, accepted, is_command, last_byte, last_word;
  assign receiving  = state_q != Read && state_q != Send;
  assign last_byte  = count_q == '1;
  assign last_word  = words_q == 8'd1;
  assign no_room    = !receiving || crc_busy || (state_q == Data && last_byte && waits_q);
  assign accepted   = received && !lost_q && !no_room;
  assign is_command = byte_in == WriteCommand || byte_in == ReadCommand;

  logic overrun, cut, header_end, word_end;
  assign overrun    = received && !lost_q && no_room;
  assign cut        = receiving && state_q != Command && (expired || framing_error_o);
  assign header_end = accepted && state_q == Address && last_byte;
  assign word_end   = accepted && state_q == Data && last_byte;
  assign send       = state_q == Send && ready;
  assign dropped_o  = overrun || cut || (header_end && words_q == '0);

  always_comb begin
    state_d = state_q;
    unique case (state_q)
      Command: if (accepted && is_command) state_d = Length;
      Length:  if (accepted) state_d = Address;
      Address: begin
        if (header_end) state_d = words_q == '0 ? Command : reads_q ? Read : Data;
      end
      Data:    if (word_end && last_word) state_d = Command;
      Read:    if (done_i && !write_q) state_d = Send;
      default: if (send && last_byte) state_d = last_word ? Command : Read;  // Send
    endcase
    if (cut || (overrun && receiving)) state_d = Command;
  end

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      state_q <= Command;
      count_q <= '0;
      lost_q  <= 1'b0;
    end else begin
      state_q <= state_d;
      if (state_q == Command || state_q == Length) count_q <= '0;
      else if (accepted || send) count_q <= count_q + 2'd1;
      if (overrun) lost_q <= 1'b1;
      else if (expired || framing_error_o) lost_q <= 1'b0;
    end
  end

  // A word is behind us when the bus may have it: a read's is, when it has been sent.
  logic advance;
  assign advance = word_end || (send && last_byte);

  always_ff @(posedge clk_i) begin
    if (accepted && state_q == Command) reads_q <= byte_in == ReadCommand;
    if (accepted && state_q == Length) words_q <= byte_in;
    else if (advance) words_q <= words_q - 8'd1;

    if (accepted && state_q == Address) begin
      next_q <= {next_q[6:0], byte_in};
      // What the shift register loses must have been 0.
      next_outside_q <= count_q != '0 && (next_outside_q || (last_byte ? next_q[7] : next_q[7:0] != '0));
    end else if (advance) begin
      {next_outside_q, next_q} <= {next_outside_q, next_q} + 16'd1;
    end

    if (accepted || send) shift_q <= {shift_q[23:0], byte_in};
    else if (state_q == Read) shift_q <= read_data_i;
  end

  // --- bus -----------------------------------------------------------------------------------------
  // A write leaves the frame behind and waits alone; a read waits behind it.
  logic request_q, read_waits;
  assign read_waits = state_q == Read && !waits_q;

  always_ff @(posedge clk_i or negedge rst_ni) begin
    if (!rst_ni) begin
      waits_q   <= 1'b0;
      write_q   <= 1'b0;
      request_q <= 1'b0;
    end else begin
      if (word_end || read_waits) waits_q <= 1'b1;
      else if (done_i) waits_q <= 1'b0;
      if (word_end) write_q <= 1'b1;
      else if (read_waits) write_q <= 1'b0;
      request_q <= waits_q && (request_q || !crc_busy) && !done_i;
    end
  end

  always_ff @(posedge clk_i) begin
    if (word_end) write_data_o <= {shift_q[23:0], byte_in};
    if (word_end || read_waits) {outside_o, address_o} <= {next_outside_q, next_q};
  end

  assign request_o = request_q;
  assign write_o   = write_q;

  // --- CRC -----------------------------------------------------------------------------------------
  capram_crc u_crc (
    .clk_i,
    .rst_ni,
    .clear_i(crc_clear_i),
    .start_i((accepted && (state_q != Command || is_command)) || send),
    .data_i (send ? shift_q[31:24] : byte_in),
    .busy_o (crc_busy),
    .crc_o
  );

  `CAPRAM_ASSERT_INIT(AWordIsTakenInTime, ClocksPerBit >= 5)
  `CAPRAM_ASSERT(DoneWhenAsked, !done_i || request_q)
endmodule
