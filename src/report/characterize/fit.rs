//! What of the energy is fitted and what follows from the fit.

use super::{CharacterizeReport, EnergyReport, facts};
use crate::config::{Conditions, Corner};

/// Where the energy is fitted.
const CONDITIONS: Conditions =
    Conditions { corner: Corner::Tt, supply_v: 1.2, temperature_c: 25.0 };

/// How far the throughput may lie from the fit's to be the same operating point, in GOPS.
const SAME_GOPS: f64 = 0.01;

/// Whether the energy headline is the very point of the fit: default conditions, peak workload,
/// full range.
pub fn is_point_of_fit(report: &CharacterizeReport) -> bool {
    report.conditions == CONDITIONS
        && report.range == 1.0
        && (report.energy.gops - facts::PEAK_GOPS.value).abs() < SAME_GOPS
}

/// How the level of the headline came about.
pub fn remark(report: &CharacterizeReport) -> String {
    let Conditions { corner, supply_v, temperature_c } = CONDITIONS;
    if is_point_of_fit(report) {
        "the level is fitted".into()
    } else {
        format!("predicted from the fit at {supply_v} V, {}, {temperature_c} C", corner.name())
    }
}

/// Name, pJ and share of each part; the shares are of the parts' sum.
pub fn shares(energy: &EnergyReport) -> Vec<(&str, f64, f64)> {
    let all = total_pj(energy);
    let share = |pj: f64| if all > 0.0 { finite(pj) / all } else { 0.0 };
    energy.parts.iter().map(|(name, pj)| (name.as_str(), *pj, share(*pj))).collect()
}

/// Sum of the parts.
pub fn total_pj(energy: &EnergyReport) -> f64 {
    energy.parts.iter().map(|(_, pj)| finite(*pj)).sum()
}

fn finite(pj: f64) -> f64 {
    if pj.is_finite() { pj.max(0.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::super::fixture;
    use super::*;

    /// Another supply, another range or another rate is not what was fitted.
    #[test]
    fn only_one_point_is_fitted() {
        let fitted = fixture::report();
        assert_eq!(remark(&fitted), "the level is fitted");
        let mut others = [(); 3].map(|()| fitted.clone());
        others[0].conditions.supply_v = 1.1;
        others[1].range = 0.5;
        others[2].energy.gops = 286.72;
        for other in &others {
            assert_eq!(remark(other), "predicted from the fit at 1.2 V, tt, 25 C");
        }
    }

    #[test]
    fn shares_are_of_the_sum() {
        let parts = vec![("a".into(), 3.0), ("b".into(), 1.0), ("c".into(), f64::NAN)];
        let energy = EnergyReport { parts, pj_per_operation: 100.0, ..EnergyReport::default() };
        let shares: Vec<f64> = shares(&energy).into_iter().map(|(_, _, share)| share).collect();
        assert_eq!(shares, [0.75, 0.25, 0.0]);
    }
}
