//! What has no transfer.

use super::*;
use crate::config::Parasitic;

fn refused(change: impl Fn(&mut Config), column: usize) -> TransferError {
    let mut config = ideal();
    change(&mut config);
    let Config { geometry, analog, timing, .. } = &config;
    Transfer::new(geometry, analog, timing, Range::Full, column).unwrap_err()
}

#[test]
fn a_pair_has_to_be_in_the_slice() {
    for (columns_per_slice, column) in [(4, 3), (2, 1), (1, 0), (4, usize::MAX)] {
        let error = refused(|c| c.geometry.columns_per_slice = columns_per_slice, column);
        assert_eq!(error, TransferError::Column { column, columns_per_slice });
    }
}

#[test]
fn contradictions_are_refused() {
    let none = Parasitic { per_row: 0.0, fixed_ff: 0.0 };
    let error = refused(|c| c.analog.bit_line_parasitic = none, 0);
    assert_eq!(error, TransferError::Conflict(Conflict::NoParasitic));
    let error = refused(|c| c.geometry.columns_per_slice = 3, 0);
    assert_eq!(error, TransferError::Conflict(Conflict::ColumnsPerSlice(3)));
    let error = refused(|c| c.geometry.mac_rows = 0, 0);
    assert_eq!(error, TransferError::Size { mac_rows: 0, columns: 128 });
    assert_eq!(refused(|c| c.timing.pulses.inject.width = 0, 0), TransferError::Pulse);
    let error = refused(|c| c.timing.nominal_step_cycles = 0, 0);
    assert_eq!(error, TransferError::Clock { hertz: 0.0 });
}
