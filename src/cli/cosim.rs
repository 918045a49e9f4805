//! `capram cosim`: random operations by seed, or a stimulus from Python.

use super::common::{
    ConfigArguments, MAX_CHIP, RangeName, check_distinct, check_output, cores, print, progress,
};
use anyhow::bail;
use capram::config::WeightFormat;
use capram::cosim::{Cosim, Model, Outcome, step_markers};
use capram::report::write_atomic;
use capram::stimulus::{FileSettings, FileStimulus, RandomStimulus, Stimulus};
use capram::testbench::Sample;
use capram::wave::{Window, write_views};
use clap::ValueEnum;
use ndarray::{Array2, Array3};
use ndarray_npy::NpzWriter;
use std::io::Cursor;
use std::path::{Path, PathBuf};

#[derive(clap::Args)]
pub struct Arguments {
    #[command(flatten)]
    config: ConfigArguments,
    /// Random operations to run
    #[arg(long, default_value_t = 200, conflicts_with = "stimulus", value_parser = clap::value_parser!(u64).range(1..=1_000_000_000))]
    ops: u64,
    /// Seed of the stimulus, of the chips and of the noise
    #[arg(long, default_value_t = 1)]
    seed: u64,
    /// Number of the drawn chip
    #[arg(long, default_value_t = 0, value_parser = clap::value_parser!(u64).range(0..=MAX_CHIP))]
    chip: u64,
    /// Threads; the results do not depend on them [default: all cores]
    #[arg(long, value_parser = clap::value_parser!(u16).range(1..=1024))]
    threads: Option<u16>,
    /// Write the waves of the first batch, with a view for GTKWave and one for Surfer beside them
    #[arg(long, value_name = "FILE.fst")]
    waves: Option<PathBuf>,
    /// Where the waves around a mismatch go without --waves
    #[arg(long, value_name = "FILE.fst", default_value = "capram-failure.fst")]
    failure_waves: PathBuf,
    /// Run the macro with its analog side emulated as on an FPGA; goes with --config fpga
    #[arg(long)]
    emulated: bool,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Operations from an .npz with `weights`, `activations` and `plane`
    #[arg(long, value_name = "FILE.npz")]
    stimulus: Option<PathBuf>,
    /// Write the codes and results that the RTL produced
    #[arg(long, value_name = "FILE.npz", requires = "stimulus")]
    results: Option<PathBuf>,
    /// How a stimulus file's weights are stored
    #[arg(long, value_name = "FORMAT", default_value = "diff1", requires = "stimulus")]
    weight_format: Format,
    /// Width of a stimulus file's activations
    #[arg(long, value_name = "BITS", default_value_t = 4, requires = "stimulus", value_parser = clap::value_parser!(u8).range(1..=8))]
    activation_bits: u8,
    /// Conversion range of a stimulus file's operations
    #[arg(long, default_value = "1", requires = "stimulus")]
    range: RangeName,
    /// DAC level of the reference column, 0..15
    #[arg(long, value_name = "L", default_value_t = 15, requires = "stimulus", value_parser = clap::value_parser!(u8).range(0..=15))]
    reference_level: u8,
}

#[derive(Clone, Copy, ValueEnum)]
enum Format {
    Single1,
    Single2,
    Single3,
    Single4,
    Diff1,
    Diff2,
}

impl Arguments {
    /// Runs, prints and writes; true if everything matched.
    pub fn run(self) -> anyhow::Result<bool> {
        let config = self.config.load_built()?;
        let file = match &self.stimulus {
            Some(path) => Some(FileStimulus::load(path, config.geometry, self.settings())?),
            None => None,
        };
        let random = RandomStimulus::new(config.geometry, self.seed, self.ops);
        let stimulus: &dyn Stimulus = file.as_ref().map_or(&random, |file| file);
        let cosim = Cosim {
            config: &config,
            sample: Sample { seed: self.seed, chip: self.chip },
            stimulus,
            threads: self.threads.map_or_else(cores, usize::from),
            waves: self.waves.clone(),
            failure_waves: self.failure_waves.clone(),
            keep: self.results.is_some(),
            model: if self.emulated { Model::Emulated } else { Model::Macro },
        };
        self.check_outputs()?;
        let bar = progress(stimulus.operations(), "operations");
        let outcome = cosim.run(&|operations| bar.inc(operations))?;
        bar.finish_and_clear();
        if let (Some(path), true) = (&self.waves, outcome.report.passed()) {
            whole_view(path, &cosim, &outcome)?;
        }
        if let Some(path) = &self.json {
            outcome.report.write_json(path)?;
        }
        if let (Some(path), Some(file)) = (&self.results, &file) {
            write_results(path, &outcome, config.geometry.slices(), file)?;
        }
        print(&outcome.report)?;
        Ok(outcome.report.passed())
    }

    fn settings(&self) -> FileSettings {
        FileSettings {
            format: WeightFormat::ALL[self.weight_format as usize],
            activation_bits: self.activation_bits,
            range: self.range.into(),
            level: self.reference_level,
        }
    }

    /// Refuses what could not be written before hours are spent on it.
    fn check_outputs(&self) -> anyhow::Result<()> {
        let asked = [&self.json, &self.results, &self.waves].into_iter().flatten();
        let outputs: Vec<PathBuf> = asked.chain([&self.failure_waves]).cloned().collect();
        for path in &outputs {
            check_output(path)?;
            if ["gtkw", "sucl"].iter().any(|kind| path.extension().is_some_and(|e| e == *kind)) {
                bail!("{}: is the name of a view; waves are .fst files", path.display());
            }
        }
        check_distinct(&outputs)
    }
}

/// Cycles that the viewers show at first.
const SHOWN: u64 = 100;

/// The viewers' files for a run that went well: the first conversions of the first batch.
fn whole_view(fst: &Path, cosim: &Cosim, outcome: &Outcome) -> anyhow::Result<()> {
    let Some(first) = outcome.batches.first() else { return Ok(()) };
    let ps = |cycle: u64| (cycle as f64 * cosim.config.timing.period_s() * 1e12) as u64;
    // The first activations take two cycles per word of eight rows, then one per four rows.
    let start = first.operating.start + cosim.config.geometry.mac_rows as u64 / 2;
    let window =
        Window { from_ps: ps(start), to_ps: ps(start + SHOWN), end_ps: ps(first.operating.end) };
    let markers = step_markers(first, ps);
    write_views(fst, &cosim.view(&[0, 1], window, markers))?;
    Ok(())
}

/// `codes` (uint8, [operations, conversion steps, slices]) and `results` (int32, [operations,
/// outputs]); not if the run ended early: then its verdict says why.
fn write_results(
    path: &Path,
    outcome: &Outcome,
    slices: usize,
    file: &FileStimulus,
) -> anyhow::Result<()> {
    let operations = outcome.batches.iter().map(|b| b.results.len()).sum();
    let steps: usize = outcome.batches.iter().flat_map(|b| &b.codes).map(Vec::len).sum();
    if operations as u64 != file.operations() || steps != operations * file.steps() {
        eprintln!(
            "capram: {}: not written, the run ended early after many mismatches",
            path.display()
        );
        return Ok(());
    }
    let codes =
        outcome.batches.iter().flat_map(|b| &b.codes).flatten().flatten().copied().collect();
    let results = outcome.batches.iter().flat_map(|b| &b.results).flatten().copied().collect();
    let codes: Array3<u8> = Array3::from_shape_vec((operations, file.steps(), slices), codes)?;
    let results: Array2<i32> = Array2::from_shape_vec((operations, file.outputs()), results)?;
    let mut bytes = Cursor::new(vec![]);
    let mut npz = NpzWriter::new(&mut bytes);
    npz.add_array("codes", &codes)?;
    npz.add_array("results", &results)?;
    npz.finish()?;
    Ok(write_atomic(path, bytes.get_ref())?)
}
