//! What the model predicts away from the point that it is fitted to.

use super::{Breakdown, EnergyError, Measurement, Workload, measure};
use crate::config::{Config, Range, WeightFormat};
use crate::report::characterize::facts;
use serde::Serialize;

/// One point of a sweep.
#[derive(Clone, Debug, PartialEq, Serialize)]
pub struct Row {
    /// What is varied.
    pub name: &'static str,
    /// Where, as text.
    pub label: String,
    /// Where, as a number: steps of an operation for formats, r for ranges, V for supplies.
    pub value: f64,
    pub power_mw: f64,
    /// Of one operation; operations of several steps do more than others.
    pub pj_per_operation: f64,
    pub fj_per_mac: f64,
    pub gops: f64,
    pub tops_per_watt: f64,
    /// A published power to look at beside it, in mW.
    pub published_mw: Option<f64>,
    /// Electrical rules that were violated: the macro does not work there.
    pub violated_rules: Vec<&'static str>,
}

impl Row {
    fn new(name: &'static str, label: String, value: f64, measured: &Measurement) -> Self {
        let Breakdown { power_mw, pj_per_operation, fj_per_mac, gops, tops_per_watt, .. } =
            measured.breakdown;
        Self {
            name,
            label,
            value,
            power_mw,
            pj_per_operation,
            fj_per_mac,
            gops,
            tops_per_watt,
            published_mw: None,
            violated_rules: measured.violated_rules.clone(),
        }
    }
}

/// One quantity at a time, all others as in the peak workload.
pub fn sweep(config: &Config) -> Result<Vec<Row>, EnergyError> {
    let sweeps = [published, formats, sparsities, widths, ranges, supplies];
    let rows: Result<Vec<_>, _> = sweeps.iter().map(|sweep| sweep(config)).collect();
    Ok(rows?.concat())
}

type Rows = Result<Vec<Row>, EnergyError>;

/// The point of the fit. Its format is differential and all slices are on, as at the other published
/// power, which stands beside it.
fn published(config: &Config) -> Rows {
    let workload = Workload::peak(&config.geometry);
    let measured = measure(config, &workload)?;
    let row = Row::new("peak", workload.format.name().into(), workload.sparsity, &measured);
    Ok(vec![Row { published_mw: Some(facts::DIFFERENTIAL_MW.value), ..row }])
}

fn formats(config: &Config) -> Rows {
    let geometry = &config.geometry;
    let fit = WeightFormat::ALL.into_iter().filter(|&format| geometry.units(format) > 0);
    fit.map(|format| {
        let measured = measure(config, &Workload { format, ..Workload::peak(geometry) })?;
        let steps = format.digits() as f64;
        Ok(Row::new("weight format", format.name().into(), steps, &measured))
    })
    .collect()
}

fn sparsities(config: &Config) -> Rows {
    let tenths = (0..10).map(|tenth| f64::from(tenth) / 10.0);
    tenths
        .map(|sparsity| {
            let workload = Workload { sparsity, ..Workload::peak(&config.geometry) };
            let measured = measure(config, &workload)?;
            let label = format!("{:.0} %", 100.0 * sparsity);
            Ok(Row::new("activation sparsity", label, sparsity, &measured))
        })
        .collect()
}

fn widths(config: &Config) -> Rows {
    let widths = [1, 2, 4, 8].into_iter();
    widths
        .map(|bits| {
            let workload = Workload { activation_bits: bits, ..Workload::peak(&config.geometry) };
            let measured = measure(config, &workload)?;
            Ok(Row::new("activation width", format!("{bits} bit"), bits.into(), &measured))
        })
        .collect()
}

fn ranges(config: &Config) -> Rows {
    let one = |range: Range| {
        let measured = measure(config, &Workload { range, ..Workload::peak(&config.geometry) })?;
        let label = ["1", "1/2", "1/4", "1/8"][range as usize];
        Ok(Row::new("range", label.into(), range.factor(), &measured))
    };
    Range::ALL.into_iter().map(one).collect()
}

/// At the configured rate, which silicon would not reach at every supply; the rules say where the
/// analog side does not.
fn supplies(config: &Config) -> Rows {
    let under = |hundredths: u32| {
        let mut config = config.clone();
        let supply_v = f64::from(hundredths) / 100.0;
        config.analog.conditions.supply_v = supply_v;
        config.analog = config.analog.under_its_conditions();
        (supply_v, config)
    };
    // Where switches no longer conduct there is nothing to measure.
    let legal = |(_, config): &(f64, Config)| config.validate().is_ok();
    let one = |(supply_v, config): (f64, Config)| {
        let measured = measure(&config, &Workload::peak(&config.geometry))?;
        Ok(Row::new("supply", format!("{supply_v:.2} V"), supply_v, &measured))
    };
    (100..=130).step_by(5).map(under).filter(legal).map(one).collect()
}
