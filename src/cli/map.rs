//! `capram map`: a network's place in the macro, as report, SRAM image, program and floor plan.

use super::common::{
    ConfigArguments, check_distinct, check_output, load_network, network_files, print,
};
use anyhow::{Context, bail};
use capram::config::Geometry;
use capram::mapping::{Mapping, hex};
use capram::network::Network;
use capram::report::map::{MapReport, floor_plan, program};
use capram::report::write_atomic;
use std::fs::File;
use std::io::Read;
use std::path::{Path, PathBuf};

/// Longest SRAM image that is read: 64 times what the largest array takes.
const LONGEST_IMAGE: u64 = 1 << 20;

#[derive(clap::Args)]
pub struct Arguments {
    /// Network file, or the name of a built-in one
    #[arg(value_name = "NETWORK")]
    network: PathBuf,
    #[command(flatten)]
    config: ConfigArguments,
    /// Write the SRAM's contents for $readmemh
    #[arg(long, value_name = "FILE.hex")]
    sram: Option<PathBuf>,
    /// Write the host's work for an image as JSON
    #[arg(long, value_name = "FILE.json")]
    program: Option<PathBuf>,
    /// Draw where everything lies
    #[arg(long, value_name = "FILE.svg")]
    floor_plan: Option<PathBuf>,
    /// Write the report as JSON
    #[arg(long, value_name = "FILE")]
    json: Option<PathBuf>,
    /// Read an SRAM image back and compare every weight: this one, or without a name the one that
    /// --sram writes
    #[arg(long, value_name = "FILE.hex", num_args = 0..=1)]
    check: Option<Option<PathBuf>>,
}

impl Arguments {
    /// Places, writes and prints; true unless a checked image differs.
    pub fn run(self) -> anyhow::Result<bool> {
        let config = self.config.load()?;
        self.check_outputs()?;
        let network = load_network(&self.network)?;
        let given = match &self.check {
            Some(Some(file)) => Some(read_image(file, &config.geometry)?),
            _ => None,
        };
        let mapping = Mapping::new(&network, &config.geometry)
            .with_context(|| format!("{}", self.network.display()))?;
        let mut report = MapReport::new(&network, &config, &mapping);
        self.write_image(&network, &mapping)?;
        match (&self.check, given) {
            (Some(Some(file)), Some(sram)) => report.check(&network, &mapping, &sram, Some(file)),
            (Some(_), _) => self.check_written(&network, &mapping, &mut report)?,
            (None, _) => (),
        }
        self.write(&network, &mapping, &report)?;
        print(&report)?;
        Ok(report.matches())
    }

    /// Refuses what could not be written, or would replace the image that is to be checked.
    fn check_outputs(&self) -> anyhow::Result<()> {
        let outputs = [&self.sram, &self.program, &self.floor_plan, &self.json];
        let mut files: Vec<PathBuf> = outputs.into_iter().flatten().cloned().collect();
        files.iter().try_for_each(|path| check_output(path))?;
        let given = self.check.iter().flatten();
        let written = [&self.sram, &self.program, &self.floor_plan].into_iter().flatten();
        if given.clone().count() > 0 && written.count() > 0 {
            bail!(
                "--check FILE.hex compares an image and writes none; it cannot be used with --sram, \
                 --program or --floor-plan"
            );
        }
        files.extend(given.cloned());
        files.extend(network_files(&self.network));
        files.extend(self.config.file());
        check_distinct(&files)
    }

    fn write_image(&self, network: &Network, mapping: &Mapping) -> anyhow::Result<()> {
        let Some(path) = &self.sram else { return Ok(()) };
        let text = hex::write(&network.name, &mapping.geometry, &mapping.program.sram);
        Ok(write_atomic(path, text.as_bytes())?)
    }

    /// The image that was just written, or what would have been.
    fn check_written(
        &self,
        network: &Network,
        mapping: &Mapping,
        report: &mut MapReport,
    ) -> anyhow::Result<()> {
        let sram = match &self.sram {
            Some(path) => read_image(path, &mapping.geometry)?,
            None => mapping.program.sram.clone(),
        };
        report.check(network, mapping, &sram, self.sram.as_deref());
        Ok(())
    }

    fn write(
        &self,
        network: &Network,
        mapping: &Mapping,
        report: &MapReport,
    ) -> anyhow::Result<()> {
        if let Some(path) = &self.program {
            write_atomic(path, program::json(network, mapping)?.as_bytes())?;
        }
        if let Some(path) = &self.floor_plan {
            write_atomic(path, floor_plan::svg(network, report).as_bytes())?;
        }
        if let Some(path) = &self.json {
            report.write_json(path)?;
        }
        Ok(())
    }
}

/// An SRAM image from a file.
fn read_image(path: &Path, geometry: &Geometry) -> anyhow::Result<Vec<u32>> {
    let read = || -> anyhow::Result<Vec<u32>> {
        let mut text = String::new();
        File::open(path)?.take(LONGEST_IMAGE).read_to_string(&mut text)?;
        Ok(hex::read(&text, geometry)?)
    };
    read().with_context(|| path.display().to_string())
}
