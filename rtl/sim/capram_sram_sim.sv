// Simulation top of the SRAM timing alone: 64 MAC rows, the testbench plays the bus.
//
// drive 0: bit 0 rst_n, bit 1 start, bit 2 write, bits 10:8 plane, 21:16 cluster, 25:24 word;
// drive 1: pulses, 7 bits each (gap, width): precharge lowest, access, sense;
// drive 2: write data. pins 53: bit 0 done, bit 1 read_done.
module capram_sram_sim
  import capram_pkg::*;
(
  input  logic        clk_i,
  input  logic [31:0] drive_i[8],
  output logic [31:0] pins_o[56]
);
  timing_t pulses;
  logic active, word_line, precharge, write, sense, done, read_done;
  logic [5:0] cluster;
  logic [2:0] plane;
  logic [1:0] word;
  logic [63:0] cluster_sel;

  always_comb begin
    pulses           = '0;
    pulses.precharge = drive_i[1][6:0];
    pulses.access    = drive_i[1][13:7];
    pulses.sense     = drive_i[1][20:14];
  end

  capram_sram #(
    .MacRows(64)
  ) u_sram (
    .clk_i,
    .rst_ni      (drive_i[0][0]),
    .timing_i    (pulses),
    .start_i     (drive_i[0][1]),
    .write_i     (drive_i[0][2]),
    .cluster_i   (drive_i[0][21:16]),
    .plane_i     (drive_i[0][10:8]),
    .word_i      (drive_i[0][25:24]),
    .write_data_i(drive_i[2]),
    .done_o      (done),
    .read_done_o (read_done),
    .active_o    (active),
    .precharge_o (precharge),
    .word_line_o (word_line),
    .write_o     (write),
    .sense_o     (sense),
    .cluster_o   (cluster),
    .plane_o     (plane),
    .word_o      (word),
    .write_data_o(pins_o[16])
  );

  assign cluster_sel = active ? 64'd1 << cluster : '0;
  assign pins_o[0]   = {5'd0, word, 15'd0, sense, write, precharge, 7'd0};
  assign pins_o[1]   = word_line ? 32'd1 << plane : '0;
  assign pins_o[2]   = cluster_sel[31:0];
  assign pins_o[3]   = cluster_sel[63:32];
  assign pins_o[53]  = {30'd0, read_done, done};
  for (genvar i = 4; i < 56; i++) begin : g_word
    if (i != 16 && i != 53) begin : g_none
      assign pins_o[i] = '0;
    end
  end
endmodule
