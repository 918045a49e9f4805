//! `capram fpga serve`: a virtual board on a pseudo-terminal.

use anyhow::Context;
use capram::fpga::board::Board;
use capram::fpga::pty::Pty;
use capram::fpga::virtual_board::{Cache, Design, Timing, VirtualBoard};
use std::io::{self, Write};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

#[derive(clap::Args)]
pub struct Arguments {
    /// Board, or its file
    #[arg(long, value_name = "BOARD")]
    board: PathBuf,
    /// What the board is made from: a bitstream for an iCE40, netlist.v of a build for an ECP5
    /// [default: the board's RTL]
    #[arg(long, value_name = "FILE")]
    bitstream: Option<PathBuf>,
    /// Make a symbolic link to the pseudo-terminal, as long as it is served
    #[arg(long, value_name = "PATH")]
    link: Option<PathBuf>,
}

impl Arguments {
    /// Serves until it is interrupted.
    pub fn run(self) -> anyhow::Result<bool> {
        let stop = Arc::new(AtomicBool::new(false));
        let (board, _) = Board::find(&self.board)?;
        let cache = Cache::find()?;
        let design = match &self.bitstream {
            Some(file) => Design::of_file(&board, file, &cache)?,
            None => Design::of_rtl(&board),
        };
        let program = design.compile(&cache)?;
        let mut virtual_board =
            VirtualBoard::start(&program, &design.name, Timing::of(&board), None)?;
        let mut pty = Pty::open()?;
        let interrupted = Arc::clone(&stop);
        ctrlc::set_handler(move || interrupted.store(true, Ordering::Relaxed))
            .context("Ctrl-C cannot be caught")?;
        if let Some(link) = &self.link {
            pty.link(link)?;
        }
        let path = self.link.as_deref().unwrap_or(pty.path());
        let line = writeln!(io::stdout(), "{} on {}", design.name, path.display());
        line.and_then(|()| io::stdout().flush()).context("stdout")?;
        pty.serve(&mut virtual_board, &stop)?;
        Ok(true)
    }
}
