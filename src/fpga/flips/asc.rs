//! The text form of an iCE40 bitstream (icestorm's `.asc`), and the bits of the tiles that a design uses.

use std::fmt;

/// A configuration bit: its tile, and its place there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Bit {
    /// `logic_tile`, `ramb_tile`, `ramt_tile` or `io_tile`.
    pub kind: String,
    /// Column and row of the tile.
    pub tile: (u32, u32),
    /// Row and column in the tile.
    pub place: (usize, usize),
    /// Where it stands in the text.
    offset: usize,
}

impl fmt::Display for Bit {
    fn fmt(&self, f: &mut fmt::Formatter) -> fmt::Result {
        let (x, y) = self.tile;
        let (row, column) = self.place;
        write!(f, "{} {x} {y} B{row}[{column}]", self.kind)
    }
}

/// Every bit of the tiles in which some bit is set: those are the tiles that a design uses.
pub fn bits_of_used_tiles(asc: &str) -> Vec<Bit> {
    let mut bits = vec![];
    let mut tile: Option<(String, (u32, u32))> = None;
    let mut rows: Vec<(usize, &str)> = vec![];
    let mut offset = 0;
    for line in asc.split_inclusive('\n') {
        let text = line.trim_end();
        if text.starts_with('.') || text.is_empty() {
            keep(&mut bits, tile.take(), &rows);
            rows.clear();
            tile = heading(text);
        } else if tile.is_some() {
            rows.push((offset, text));
        }
        offset += line.len();
    }
    keep(&mut bits, tile, &rows);
    bits
}

/// `.logic_tile 3 4` and its like; `None` for what has no configuration bits of its own.
fn heading(line: &str) -> Option<(String, (u32, u32))> {
    let mut words = line.split_whitespace();
    let kind = words.next()?.strip_prefix('.').filter(|kind| kind.ends_with("_tile"))?;
    let tile = (words.next()?.parse().ok()?, words.next()?.parse().ok()?);
    Some((kind.to_string(), tile))
}

fn keep(bits: &mut Vec<Bit>, tile: Option<(String, (u32, u32))>, rows: &[(usize, &str)]) {
    let Some((kind, tile)) = tile else { return };
    if !rows.iter().any(|(_, text)| text.contains('1')) {
        return;
    }
    for (row, (start, text)) in rows.iter().enumerate() {
        let bit =
            |column| Bit { kind: kind.clone(), tile, place: (row, column), offset: start + column };
        bits.extend((0..text.len()).map(bit));
    }
}

/// The same text with one bit the other way.
pub fn flipped(asc: &str, bit: &Bit) -> String {
    let mut text = asc.as_bytes().to_vec();
    if let Some(value) = text.get_mut(bit.offset) {
        *value ^= b'0' ^ b'1';
    }
    String::from_utf8_lossy(&text).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    const ASC: &str = ".comment one\n.device 8k\n.io_tile 1 0\n000\n000\n\n.logic_tile 1 1\n0100\n0000\n\
                       .ram_data 8 1\nffff\n.sym 3 name\n";

    #[test]
    fn only_used_tiles_count_and_only_their_own_bits() {
        let bits = bits_of_used_tiles(ASC);
        assert_eq!(bits.len(), 8);
        assert_eq!(bits[5].to_string(), "logic_tile 1 1 B1[1]");
    }

    #[test]
    fn a_flip_changes_one_character_and_twice_none() {
        for bit in bits_of_used_tiles(ASC) {
            let once = flipped(ASC, &bit);
            let differing = ASC.bytes().zip(once.bytes()).filter(|(a, b)| a != b).count();
            assert_eq!((once.len(), differing), (ASC.len(), 1));
            assert_eq!(flipped(&once, &bit), ASC);
        }
    }
}
