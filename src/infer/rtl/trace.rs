//! Waves of an image from its beginning, with a marker where each layer's work begins.

use super::failure::{Setup, forgive};
use super::machine::RtlMachine;
use crate::mapping::{Program, Stage};
use crate::wave::{Marker, Window, cosim_view, write_views};
use std::path::Path;

/// Cycles that the viewers show at first.
const SHOWN: u64 = 150;

/// Runs an image on a fresh macro and writes its waves with views beside them. `name` names a layer
/// by its number. The loading before the image is left out.
pub fn trace(
    setup: &Setup,
    program: &Program,
    name: &dyn Fn(usize) -> String,
    path: &Path,
    image: impl FnOnce(&mut RtlMachine) -> anyhow::Result<()>,
) -> anyhow::Result<()> {
    let mut machine = setup.machine()?;
    let start = machine.bench().now();
    machine.bench().open_waves(path)?;
    forgive(&mut machine, image)?;
    machine.bench().close_waves();
    let end = machine.bench().now();
    let markers = layers(program, name, machine.queued_at());
    let first = markers.first().map_or(start, |&(_, cycle)| cycle);
    let window =
        Window { from_ps: setup.ps(first), to_ps: setup.ps(first + SHOWN), end_ps: setup.ps(end) };
    let marker = |(name, cycle)| Marker { name, time_ps: setup.ps(cycle) };
    let markers = markers.into_iter().map(marker).collect();
    write_views(path, &cosim_view(&setup.config.geometry, &[0, 1], window, markers))?;
    Ok(())
}

/// Names of the macro's layers and the cycles in which their first operation was queued.
fn layers(program: &Program, name: &dyn Fn(usize) -> String, queued: &[u64]) -> Vec<(String, u64)> {
    let mut operation = 0;
    let mut layers = vec![];
    for stage in &program.stages {
        let Stage::Macro(stage) = stage else { continue };
        layers.extend(queued.get(operation).map(|&cycle| (name(stage.layer), cycle)));
        operation += stage.bursts.iter().map(|burst| burst.operations.len()).sum::<usize>();
    }
    layers
}
