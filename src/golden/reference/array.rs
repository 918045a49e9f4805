//! Stored cells and the capacitances behind them, summed up for the closed forms.
//!
//! A *line* is a column's place within its slice (0..columns_per_slice), or the dummy reference
//! column; all per-slice values of a line lie next to each other.

use super::electrical::Electrical;
use crate::config::{Geometry, PLANES, WORD_BITS};
use crate::golden::chip::Chip;

/// MAC rows of the largest array; smaller ones are padded with capacitors of zero.
pub(super) const ROWS: usize = 64;

/// One value per MAC row.
pub(super) type PerRow = [i16; ROWS];

/// A line of all slices: what does not depend on the stored cells. Capacitances are in
/// `C_u / CAP_UNIT`.
#[derive(Clone, Debug)]
pub(super) struct Line {
    /// MAC capacitors k_m.
    pub capacitors: Vec<PerRow>,
    /// K, the sum of the MAC capacitors.
    pub sum: Vec<f64>,
    /// k_p.
    pub parasitic: Vec<f64>,
    /// K + k_p.
    pub total: Vec<f64>,
    /// Loss per cycle of the connected nodes, in V.
    pub leak: Vec<f64>,
    /// Noise of the opening reset switch on the bit line, in V.
    pub reset_sigma: Vec<f64>,
    /// What the charge C_u V_FS of one injection cell removes, in V.
    pub injection: Vec<f64>,
}

/// A line's cells in one plane.
#[derive(Clone, Debug)]
pub(super) struct Cells {
    /// Capacitors of cells that store 1, 0 elsewhere.
    pub ones: Vec<PerRow>,
    /// Their sum, exact.
    count: Vec<i32>,
    /// Their sum.
    pub ones_sum: Vec<f64>,
    /// Noise that SAMPLE leaves on the cell-1 capacitors, in V.
    pub sample_sigma: Vec<f64>,
    /// Noise that MULTIPLY leaves on the cell-0 capacitors, in V.
    pub multiply_sigma: Vec<f64>,
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
            (0..slices).map(column)
        };
        let lines: Vec<_> =
            (0..=per_slice).map(|line| Line::new(chip, electrical, columns_of(line))).collect();
        let mut cells = vec![Cells::empty(slices); PLANES * per_slice];
        cells.push(Cells::dummy(&lines[per_slice], geometry.reference_rows()));
        let words = vec![vec![0; geometry.words_per_row()]; geometry.rows()];
        let rows = geometry.mac_rows;
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
            self.cells[index].set(slice, m, stored, self.lines[line].capacitors[slice][m]);
        }
    }
}

impl Line {
    fn new(chip: &Chip, electrical: &Electrical, columns: impl Iterator<Item = usize>) -> Self {
        let mut line = Self {
            capacitors: Vec::new(),
            sum: Vec::new(),
            parasitic: Vec::new(),
            total: Vec::new(),
            leak: Vec::new(),
            reset_sigma: Vec::new(),
            injection: Vec::new(),
        };
        for column in columns {
            let mut capacitors = [0; ROWS];
            let drawn = chip.capacitors(column);
            capacitors[..drawn.len()].copy_from_slice(drawn);
            let sum: i32 = drawn.iter().map(|&k| i32::from(k)).sum();
            let parasitic = f64::from(chip.parasitic(column));
            let sum = f64::from(sum);
            line.capacitors.push(capacitors);
            line.sum.push(sum);
            line.parasitic.push(parasitic);
            line.total.push(sum + parasitic);
            line.leak.push(electrical.shared_leak(sum, parasitic));
            line.reset_sigma.push(electrical.ktc_sigma(parasitic));
            line.injection.push(electrical.injection(sum + parasitic));
        }
        line
    }
}

impl Cells {
    fn empty(slices: usize) -> Self {
        let zero = vec![0.0; slices];
        Self {
            ones: vec![[0; ROWS]; slices],
            count: vec![0; slices],
            ones_sum: zero.clone(),
            sample_sigma: zero.clone(),
            multiply_sigma: zero,
            stale: true,
        }
    }

    /// The reference column: its first rows act as cell 1.
    fn dummy(line: &Line, reference_rows: usize) -> Self {
        let mut cells = Self::empty(line.sum.len());
        for (slice, capacitors) in line.capacitors.iter().enumerate() {
            for (m, &capacitor) in capacitors.iter().enumerate().take(reference_rows) {
                cells.set(slice, m, true, capacitor);
            }
        }
        cells
    }

    fn set(&mut self, slice: usize, m: usize, stored: bool, capacitor: i16) {
        self.count[slice] += if stored { i32::from(capacitor) } else { -i32::from(capacitor) };
        self.ones[slice][m] = if stored { capacitor } else { 0 };
        self.stale = true;
    }

    /// Weighted sums over dummy columns of what the rows below M/2 carry; the others carry 0.
    pub(super) fn dummy_sums(&self, sums: &mut [i32], carried: i16) {
        for (sum, count) in sums.iter_mut().zip(&self.count) {
            *sum = count * i32::from(carried);
        }
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
                let masked: i32 = cells.ones[column / 4].iter().map(|&k| i32::from(k)).sum();
                assert_eq!(masked, sum);
            }
        }
    }
}
