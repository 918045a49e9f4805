//! Blocks of a UP5K that icebox_vlog leaves out of its netlist: its big memories and multipliers. A
//! simulation without them would be of another design.

/// Enables of the four SPRAMs: column of the tile (row 1), row and column of the bit in it.
const SPRAM_ENABLES: [(u32, usize, usize); 4] = [(0, 1, 7), (0, 0, 7), (25, 1, 7), (25, 0, 7)];

/// A hard block that the unpacked bits use and the netlist lacks.
pub fn lost_block(bits: &str, netlist: &str) -> Option<&'static str> {
    if SPRAM_ENABLES.into_iter().any(|enable| is_set(bits, enable)) {
        return Some("an SPRAM (SB_SPRAM256KA)");
    }
    // All that is printed of a multiplier is where its inputs come from.
    netlist.contains("/* DSP").then_some("a multiplier (SB_MAC16)")
}

fn is_set(bits: &str, (x, row, column): (u32, usize, usize)) -> bool {
    let title = format!(".ipcon_tile {x} 1");
    let rows = bits.lines().skip_while(|line| *line != title).skip(1);
    let line = rows.take_while(|line| !line.starts_with('.')).nth(row);
    line.is_some_and(|line| line.as_bytes().get(column) == Some(&b'1'))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn enabled_memories_and_connected_multipliers_are_seen() {
        let tile = |first: &str, second: &str| {
            format!(".device 5k\n.ipcon_tile 0 1\n{first}\n{second}\n.ipcon_tile 25 1\n0\n0\n")
        };
        assert_eq!(lost_block(&tile("00000000", "11111110"), "module chip"), None);
        assert!(lost_block(&tile("00000001", "00000000"), "").unwrap().contains("SPRAM"));
        assert!(lost_block(&tile("00000000", "00000001"), "").unwrap().contains("SPRAM"));
        let multiplier = "/* DSP0    0  5 */ assign dsp0_0_5_clk = n3;";
        assert!(lost_block("", multiplier).unwrap().contains("MAC16"));
    }
}
