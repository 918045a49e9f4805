//! The SRAM's contents as text that `$readmemh` takes: one physical row to a line.

use crate::config::{Geometry, WORD_BITS};

/// A file that is no image of this geometry.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HexError {
    #[error("line {line}: `{found}` is no row; allowed: {digits} hexadecimal digits")]
    Row { line: usize, found: String, digits: usize },
    #[error("{found} rows; this geometry has {wanted}")]
    Rows { found: usize, wanted: usize },
}

/// Longest part of a wrong line that a message quotes.
const QUOTED: usize = 40;

/// All rows, from physical row 0 on; the first digit holds the highest columns.
pub fn write(network: &str, geometry: &Geometry, sram: &[u32]) -> String {
    let Geometry { columns, mac_rows, .. } = *geometry;
    let name: String = network.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
    let mut text = format!(
        "// capram map: SRAM of {name}, for $readmemh into reg [{}:0] array [0:{}].\n\
         // One physical row of {columns} columns to a line, row 0 first; the most significant bit \
         is column {}.\n\
         // Physical row = 8 m + k: MAC row m (0..{}), plane k (0..7).\n",
        columns - 1,
        geometry.rows() - 1,
        columns - 1,
        mac_rows - 1,
    );
    for row in sram.chunks(geometry.words_per_row()) {
        let value =
            row.iter().rev().fold(0u128, |value, &word| value << WORD_BITS | u128::from(word));
        text += &format!("{value:0digits$x}\n", digits = columns / 4);
    }
    text
}

/// The words of such a text; comments and empty lines are skipped.
pub fn read(text: &str, geometry: &Geometry) -> Result<Vec<u32>, HexError> {
    let digits = geometry.columns / 4;
    let mut words = Vec::new();
    for (i, line) in text.lines().enumerate() {
        let row = line.split("//").next().unwrap_or("").trim();
        if row.is_empty() {
            continue;
        }
        let hexadecimal = row.len() == digits && row.chars().all(|c| c.is_ascii_hexdigit());
        let value = u128::from_str_radix(row, 16).ok().filter(|_| hexadecimal);
        let wrong =
            || HexError::Row { line: i + 1, found: row.chars().take(QUOTED).collect(), digits };
        let value = value.ok_or_else(wrong)?;
        words.extend((0..geometry.words_per_row()).map(|i| (value >> (WORD_BITS * i)) as u32));
    }
    let (found, wanted) = (words.len() / geometry.words_per_row(), geometry.rows());
    if found == wanted { Ok(words) } else { Err(HexError::Rows { found, wanted }) }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::config::Config;

    #[test]
    fn what_is_written_is_read() {
        for name in ["capram65", "small"] {
            let geometry = Config::builtin(name).unwrap().geometry;
            let count = geometry.rows() * geometry.words_per_row();
            let mask = if geometry.columns < 32 { (1 << geometry.columns) - 1 } else { u32::MAX };
            let words: Vec<u32> =
                (0..count as u32).map(|i| i.wrapping_mul(0x9e37_79b9) & mask).collect();
            let text = write("x", &geometry, &words);
            assert_eq!(read(&text, &geometry).unwrap(), words);
        }
    }

    #[test]
    fn wrong_lines_are_named() {
        let geometry = Config::builtin("small").unwrap().geometry;
        let error = |text| read(text, &geometry).unwrap_err().to_string();
        assert_eq!(
            error("0000\n00x0\n"),
            "line 2: `00x0` is no row; allowed: 4 hexadecimal digits"
        );
        assert_eq!(error("0000\n+000"), "line 2: `+000` is no row; allowed: 4 hexadecimal digits");
        assert_eq!(error("// a\n0000"), "1 rows; this geometry has 128");
    }
}
