//! Stored cells and the capacitances behind them, summed up for the closed forms.
//!
//! A *line* is a column's place within its slice (0..columns_per_slice), or the dummy reference
//! column; all per-slice values of a line lie next to each other.

use super::electrical::Electrical;
use super::weights::{Stored, Weights};
use crate::config::{Geometry, PLANES, WORD_BITS};
use crate::golden::chip::Chip;
use crate::golden::simd::{Aligned, padded};

/// MAC rows of the largest array; smaller ones are padded with capacitors of zero.
pub(super) const ROWS: usize = 64;

/// One value per MAC row.
pub(super) type PerRow = [i16; ROWS];

/// A line of all slices, padded to whole vectors: what does not depend on the stored cells.
/// Capacitances are in `C_u / CAP_UNIT`.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// MAC capacitors k_m.
    pub capacitors: Weights,
    /// K, the sum of the MAC capacitors.
    pub sum: Aligned<f64>,
    /// k_p.
    pub parasitic: Aligned<f64>,
    /// K + k_p.
    pub total: Aligned<f64>,
    /// Loss per cycle of the connected nodes, in V.
    pub leak: Aligned<f64>,
    /// Noise of the opening reset switch on the bit line, in V.
    pub reset_sigma: Aligned<f64>,
    /// What the charge C_u V_FS of one injection cell removes, in V.
    pub injection: Aligned<f64>,
}

/// A line's cells in one plane.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    /// Cells that store 1.
    pub ones: Stored,
    /// Sum of their capacitors, exact.
    count: Vec<i32>,
    /// The same.
    pub ones_sum: Aligned<f64>,
    /// Noise that SAMPLE leaves on the cell-1 capacitors, in V.
    pub sample_sigma: Aligned<f64>,
    /// Noise that MULTIPLY leaves on the cell-0 capacitors, in V.
    pub multiply_sigma: Aligned<f64>,
    /// The last three need to be computed again.
    stale: bool,
}

/// The whole array.
#[derive(Clone, Debug)]
pub(super) struct Array {
    rows: usize,
    slices: usize,
    columns_per_slice: usize,
    /// `[line]`, the dummy last.
    lines: Vec<Line>,
    /// `[plane * columns_per_slice + line]`, the dummy last.
    cells: Vec<Cells>,
    /// Stored words, `[row][word]`.
    words: Vec<Vec<u32>>,
}

impl Array {
    pub(super) fn new(geometry: &Geometry, chip: &Chip, electrical: &Electrical) -> Self {
        let per_slice = geometry.columns_per_slice;
        let slices = geometry.slices();
        let columns_of = |line: usize| {
            let dummy = line == per_slice;
            let column = move |s| if dummy { chip.dummy(s) } else { s * per_slice + line };
            (0..slices).map(column).collect::<Vec<_>>()
        };
        let lines: Vec<_> =
            (0..=per_slice).map(|line| Line::new(chip, electrical, &columns_of(line))).collect();
        let rows = geometry.mac_rows;
        let mut cells = vec![Cells::empty(slices); PLANES * per_slice];
        cells.push(Cells::dummy(&lines[per_slice], geometry));
        let words = vec![vec![0; geometry.words_per_row()]; geometry.rows()];
        Self { rows, slices, columns_per_slice: per_slice, lines, cells, words }
    }

    /// Line number of the dummy columns.
    pub(super) fn dummy(&self) -> usize {
        self.columns_per_slice
    }

    /// Digits that charge the dummy columns: the reference level below M/2, 0 above.
    pub(super) fn dummy_digits(&self, level: u8) -> PerRow {
        std::array::from_fn(|m| if m < self.rows / 2 { level.into() } else { 0 })
    }

    pub(super) fn line(&self, line: usize) -> &Line {
        &self.lines[line]
    }

    fn cell_index(&self, plane: usize, line: usize) -> usize {
        if line == self.dummy() { self.cells.len() - 1 } else { plane * self.dummy() + line }
    }

    /// Cells of a line; the dummy line has the same in every plane. Call
    /// [`refresh`](Self::refresh) first.
    pub(super) fn cells(&self, plane: usize, line: usize) -> &Cells {
        &self.cells[self.cell_index(plane, line)]
    }

    /// Brings the sums over a line's cells up to date.
    pub(super) fn refresh(&mut self, plane: usize, line: usize, electrical: &Electrical) {
        let index = self.cell_index(plane, line);
        let cells = &mut self.cells[index];
        if cells.stale {
            cells.refresh(&self.lines[line], electrical);
        }
    }

    /// Stored word of a physical row; 0 outside the array.
    pub(super) fn word(&self, row: usize, word: usize) -> u32 {
        self.words.get(row).and_then(|r| r.get(word)).copied().unwrap_or(0)
    }

    /// Stores a word. Bits beyond the last column, and words outside the array, are dropped.
    pub(super) fn store(&mut self, row: usize, word: usize, data: u32) {
        let columns = self.slices * self.columns_per_slice;
        let Some(entry) = self.words.get_mut(row).and_then(|r| r.get_mut(word)) else { return };
        let kept = columns - word * WORD_BITS;
        let data = if kept < WORD_BITS { data & ((1 << kept) - 1) } else { data };
        let changed = *entry ^ data;
        *entry = data;
        let (m, plane) = (row / PLANES, row % PLANES);
        debug_assert!(m < self.rows);
        for bit in (0..WORD_BITS).filter(|bit| changed >> bit & 1 == 1) {
            let column = word * WORD_BITS + bit;
            let (slice, line) = (column / self.columns_per_slice, column % self.columns_per_slice);
            let index = self.cell_index(plane, line);
            let stored = data >> bit & 1 == 1;
            self.cells[index].set(slice, m, stored, self.lines[line].capacitors.get(slice, m));
        }
    }
}

impl Line {
    fn new(chip: &Chip, electrical: &Electrical, columns: &[usize]) -> Self {
        let slices = columns.len();
        // Padding is a column of one unit: no vector divides by zero.
        let padding = (1.0, 0.0);
        let sums: Vec<(f64, f64)> = columns.iter().map(|&column| sums(chip, column)).collect();
        let row = |value: &dyn Fn(f64, f64) -> f64| {
            let mut row = Aligned::zeroed(padded(slices));
            for (s, entry) in row.iter_mut().enumerate() {
                let (sum, parasitic) = *sums.get(s).unwrap_or(&padding);
                *entry = value(sum, parasitic);
            }
            row
        };
        Self {
            capacitors: Weights::new(slices, chip.capacitors(columns[0]).len(), |slice, m| {
                chip.capacitors(columns[slice])[m]
            }),
            sum: row(&|sum, _| sum),
            parasitic: row(&|_, parasitic| parasitic),
            total: row(&|sum, parasitic| sum + parasitic),
            leak: row(&|sum, parasitic| electrical.shared_leak(sum, parasitic)),
            reset_sigma: row(&|_, parasitic| electrical.ktc_sigma(parasitic)),
            injection: row(&|sum, parasitic| electrical.injection(sum + parasitic)),
        }
    }
}

/// K and k_p of a column.
fn sums(chip: &Chip, column: usize) -> (f64, f64) {
    let sum: i32 = chip.capacitors(column).iter().map(|&k| i32::from(k)).sum();
    (f64::from(sum), f64::from(chip.parasitic(column)))
}

impl Cells {
    fn empty(slices: usize) -> Self {
        let zero = Aligned::zeroed(padded(slices));
        Self {
            ones: Stored::none(slices),
            count: vec![0; slices],
            ones_sum: zero.clone(),
            sample_sigma: zero.clone(),
            multiply_sigma: zero,
            stale: true,
        }
    }

    /// The reference column: its first rows act as cell 1.
    fn dummy(line: &Line, geometry: &Geometry) -> Self {
        let slices = geometry.slices();
        let mut cells = Self::empty(slices);
        for slice in 0..slices {
            for m in 0..geometry.reference_rows() {
                cells.set(slice, m, true, line.capacitors.get(slice, m));
            }
        }
        cells
    }

    fn set(&mut self, slice: usize, m: usize, stored: bool, capacitor: i16) {
        self.count[slice] += if stored { i32::from(capacitor) } else { -i32::from(capacitor) };
        self.ones.set(slice, m, stored);
        self.stale = true;
    }

    fn refresh(&mut self, line: &Line, electrical: &Electrical) {
        for (slice, &count) in self.count.iter().enumerate() {
            let ones = f64::from(count);
            self.ones_sum[slice] = ones;
            self.sample_sigma[slice] = electrical.ktc_sigma(ones);
            self.multiply_sigma[slice] = electrical.ktc_sigma(line.sum[slice] - ones);
        }
        self.stale = false;
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::golden::reference::fixtures;

    /// Random overwriting keeps the running sums equal to sums over what is stored.
    #[test]
    fn sums_follow_the_stored_cells() {
        let geometry = fixtures::geometry();
        let analog = fixtures::analog();
        let chip = Chip::draw(&geometry, &analog, 5, 0);
        let electrical = Electrical::new(&geometry, &analog, &fixtures::timing());
        let mut array = Array::new(&geometry, &chip, &electrical);
        let mut bits = fixtures::Bits::new(1);
        for _ in 0..2000 {
            array.store(bits.below(128), 0, bits.next());
        }
        for plane in 0..PLANES {
            for column in 0..geometry.columns {
                let stored = |m: usize| array.word(8 * m + plane, 0) >> column & 1 == 1;
                let drawn = chip.capacitors(column);
                let sum: i32 = (0..16).filter(|&m| stored(m)).map(|m| i32::from(drawn[m])).sum();
                let cells = array.cells(plane, column % 4);
                assert_eq!(cells.count[column / 4], sum);
                assert!((0..16).all(|m| cells.ones.get(column / 4, m) == stored(m)));
            }
        }
    }
}
