#!/bin/sh
# Lints the macro in every geometry, and every module alone as its own top, those around the macro on an
# FPGA too, on both Verilators.
set -eu
files=$(cargo run --release --quiet --example rtl_files)
emulated=$(cargo run --release --quiet --example rtl_files emulated)
fpga=$(cargo run --release --quiet --example rtl_files fpga)
sim=rtl/sim/capram_sim.sv
lint() {
  "$verilator" --lint-only -Wall --assert -Irtl rtl/lint/capram.vlt "$@" >"$log" 2>&1 || { cat "$log"; exit 1; }
  ! grep -q '%Warning\|%Error' "$log" || { cat "$log"; exit 1; }
}
log=$(mktemp)
trap 'rm -f "$log"' EXIT
passed=0
for verilator in "${VERILATOR:-verilator}" "$@"; do
  for lanes in "4 1" "4 2" "4 4" "2 4" "2 8" "1 8" "1 16"; do
    lint $files $sim --top-module capram_sim "-GColumnsPerSlice=${lanes% *}" "-GPostLanes=${lanes#* }"
    passed=$((passed + 1))
  done
  lint $files $sim --top-module capram_sim -GMacRows=16 -GColumns=16 -GPostLanes=1
  for module in ram pulse_timer queue loader sequencer cisar post_lane post sram settings bus macro; do
    lint $files --top-module "capram_$module"
    passed=$((passed + 1))
  done
  for module in emu_cells emu_multiplier emu_noise emu_history emu_sequencer emulator stepper emulated_macro; do
    lint $emulated --top-module "capram_$module"
    passed=$((passed + 1))
  done
  lint $emulated rtl/sim/capram_emulated_sim.sv --top-module capram_emulated_sim
  passed=$((passed + 1))
  for module in uart_rx uart_tx crc uartbone board_regs fpga reset; do
    lint $fpga --top-module "capram_$module"
    passed=$((passed + 1))
  done
  for board in rtl/fpga/boards/*.yaml; do
    top=$(sed -n 's/^top: //p' "$board")
    lint $fpga "rtl/fpga/$top.sv" --top-module "$top"
    passed=$((passed + 1))
  done
  lint $fpga rtl/sim/capram_uartbone_sim.sv --top-module capram_uartbone_sim
  passed=$((passed + 1))
  for top in cisar sram echo; do
    lint $files "rtl/sim/capram_${top}_sim.sv" --top-module "capram_${top}_sim"
    passed=$((passed + 1))
  done
done
echo "lint: $passed passed, 0 failed"
