//! Fewer points for the same picture.

/// Columns per unit of the plot: finer than a screen shows.
const COLUMNS: f64 = 2.0;

/// A point in the plot, or a gap.
type Place = Option<(f64, f64)>;

/// Keeps of all points in one column the first, the lowest, the highest and the last: a line
/// through these covers what a line through all of them covers.
pub fn out(places: &[Place]) -> Vec<Place> {
    let column = |place: &Place| place.map(|(x, _)| (COLUMNS * x).floor());
    let chunks = places.chunk_by(|a, b| column(a) == column(b));
    chunks.flat_map(extremes).collect()
}

fn extremes(chunk: &[Place]) -> Vec<Place> {
    let height = |&i: &usize| chunk[i].map_or(0.0, |(_, y)| y);
    let by_height = |a: &usize, b: &usize| height(a).total_cmp(&height(b));
    let lowest = (0..chunk.len()).min_by(by_height).unwrap_or(0);
    let highest = (0..chunk.len()).max_by(by_height).unwrap_or(0);
    let mut kept = vec![0, lowest, highest, chunk.len() - 1];
    kept.sort_unstable();
    kept.dedup();
    kept.into_iter().map(|i| chunk[i]).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn extremes_and_gaps_stay() {
        let crowd = [1.0, 5.0, 3.0, 4.0, -2.0, 0.0, 1.0].map(|y| Some((10.0, y)));
        let heights = |places: &[Place]| -> Vec<f64> {
            places.iter().map(|place| place.map_or(f64::NAN, |(_, y)| y)).collect()
        };
        assert_eq!(heights(&out(&crowd)), [1.0, 5.0, -2.0, 1.0]);
        let sparse = [Some((1.0, 1.0)), None, Some((2.0, 2.0))];
        assert_eq!(out(&sparse), sparse);
        assert_eq!(out(&[]), []);
    }
}
