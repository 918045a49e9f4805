// Simulation top for the language boundary alone: pin word i is drive word i mod 8, turned left by
// i bits and taken at the clock edge. `real` ports come back nowhere; they show in the waves.
// Drive 0 bits 31:29 end the simulation: 4 $finish, 5 $fatal, 6 $stop, 7 a failing assertion.
module capram_echo_sim (
  input  logic        clk_i,
  input  logic [31:0] drive_i[8],
  output logic [31:0] pins_o[56],
  input  real         observed_p[4],
  input  real         observed_n[4],
  input  real         golden_p[4],
  input  real         golden_n[4],
  input  real         error_p[4],
  input  real         error_n[4]
);
  for (genvar i = 0; i < 56; i++) begin : g_word
    localparam int unsigned Turn = i % 32;
    logic [63:0] twice;
    logic [31:0] word_q;
    assign twice = {drive_i[i%8], drive_i[i%8]};
    always_ff @(posedge clk_i) word_q <= twice[(32-Turn)+:32];
    assign pins_o[i] = word_q;
  end

  always @(posedge clk_i) begin
    if (drive_i[0][31:29] == 3'd5) $fatal(1, "asked to fail");
    if (drive_i[0][31:29] == 3'd6) $stop;
    if (drive_i[0][31:29] == 3'd4) $finish;
    asked : assert (drive_i[0][31:29] != 3'd7) else $error("asked to break an assertion");
  end
endmodule
