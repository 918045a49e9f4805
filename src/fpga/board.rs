//! What is particular to a board: `rtl/fpga/boards/<board>.yaml`, schema `capram.board/1`. Another
//! board is another file, and a top that names its pins.

use serde::de::{Error, Visitor};
use serde::{Deserialize, Deserializer, Serialize};
use std::collections::BTreeMap;
use std::fmt;
use std::path::{Path, PathBuf};

/// What every file begins with.
const SCHEMA: &str = "capram.board/1";
/// Signals of every top.
const SIGNALS: [&str; 3] = ["crystal", "rx", "tx"];

/// A file that is not that of a board.
#[derive(Debug, thiserror::Error)]
pub enum BoardError {
    /// There is no such board.
    #[error("{name}: no such board; allowed: {}, or a file", known.join(", "))]
    Unknown {
        /// What was asked for.
        name: String,
        /// Boards that there are.
        known: Vec<String>,
    },
    /// The file cannot be read.
    #[error("{}: {source}", file.display())]
    Read {
        /// The file.
        file: PathBuf,
        /// Why.
        source: std::io::Error,
    },
    /// A key or a value is wrong.
    #[error("{}{}: {message}", file.display(), place(*position))]
    Invalid {
        /// The file.
        file: PathBuf,
        /// Line and column, where they are known.
        position: Option<(usize, usize)>,
        /// Key, value and what is allowed.
        message: String,
    },
}

fn place(position: Option<(usize, usize)>) -> String {
    position.map_or(String::new(), |(line, column)| format!(":{line}:{column}"))
}

/// A board.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Board {
    /// `capram.board/1`.
    #[serde(deserialize_with = "schema")]
    pub schema: String,
    /// Name for people.
    #[serde(deserialize_with = "filled")]
    pub name: String,
    /// What BOARD_INFO says, different for every board.
    #[serde(deserialize_with = "within::<_, 1, 255>")]
    pub number: u64,
    /// Family of its FPGA.
    pub family: Family,
    /// FPGA, as nextpnr calls it.
    pub device: String,
    /// Its package, likewise.
    #[serde(deserialize_with = "filled")]
    pub package: String,
    /// Top module, `rtl/fpga/<top>.sv`.
    #[serde(deserialize_with = "identifier")]
    pub top: String,
    /// Frequency of the design's clock.
    #[serde(deserialize_with = "within::<_, 1_000_000, 200_000_000>")]
    pub clock_hz: u64,
    /// Cycles of it to a bit of the host link. In fewer an idle macro does not write a word of its
    /// array (some 170 cycles) while the next one arrives (40 bits).
    #[serde(deserialize_with = "within::<_, 5, 255>")]
    pub clocks_per_bit: u64,
    /// log2 of the cycles after which an idle line ends a frame.
    #[serde(deserialize_with = "within::<_, 8, 31>")]
    pub timeout_log2: u64,
    /// Pins by signals of the top.
    #[serde(deserialize_with = "pins")]
    pub pins: BTreeMap<String, String>,
    /// Arguments of openFPGALoader before the bitstream's name.
    pub programmer: Vec<String>,
    /// What the design may take.
    pub budget: Budget,
    /// Primitives that the design must have exactly so many of.
    pub primitives: BTreeMap<String, u64>,
    /// What the virtual board is made of.
    pub virtual_board: VirtualBoard,
}

/// Family of an FPGA: which tools make its bitstreams.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Family {
    /// Lattice iCE40: nextpnr-ice40, icepack.
    Ice40,
    /// Lattice ECP5: nextpnr-ecp5, ecppack.
    Ecp5,
}

impl Family {
    /// File of a built bitstream.
    pub fn bitstream(self) -> &'static str {
        match self {
            Self::Ice40 => "capram.bin",
            Self::Ecp5 => "capram.bit",
        }
    }

    /// FPGAs that the tools know.
    pub fn devices(self) -> &'static [&'static str] {
        match self {
            Self::Ice40 => &["hx1k", "hx4k", "hx8k", "lp1k", "lp4k", "lp8k", "up3k", "up5k"],
            Self::Ecp5 => &["12k", "25k", "45k", "85k"],
        }
    }
}

/// What a design may take of its FPGA.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Budget {
    /// Logic cells at most.
    #[serde(deserialize_with = "within::<_, 1, 1_000_000>")]
    pub logic_cells: u64,
    /// Block RAMs at most.
    #[serde(deserialize_with = "within::<_, 0, 10_000>")]
    pub block_rams: u64,
    /// MHz of the design's clock at least.
    #[serde(deserialize_with = "within::<_, 1, 1_000>")]
    pub mhz: u64,
}

/// What is simulated when there is no board.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum VirtualBoard {
    /// The bitstream, unpacked.
    Bitstream,
    /// The netlist after placement and routing.
    Netlist,
}

fn schema<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match text.as_str() {
        SCHEMA => Ok(text),
        _ => Err(D::Error::custom(format!("{text:?} does not fit; allowed: {SCHEMA}"))),
    }
}

fn within<'de, D: Deserializer<'de>, const LOW: u64, const HIGH: u64>(
    deserializer: D,
) -> Result<u64, D::Error> {
    deserializer.deserialize_any(Within::<LOW, HIGH>)
}

/// A visitor, so that the reader adds key and place to what it refuses.
struct Within<const LOW: u64, const HIGH: u64>;

impl<const LOW: u64, const HIGH: u64> Within<LOW, HIGH> {
    fn checked<E: Error>(value: i128) -> Result<u64, E> {
        let fits = u64::try_from(value).ok().filter(|value| (LOW..=HIGH).contains(value));
        fits.ok_or_else(|| E::custom(format!("{value} is out of range; allowed: {LOW} to {HIGH}")))
    }
}

impl<const LOW: u64, const HIGH: u64> Visitor<'_> for Within<LOW, HIGH> {
    type Value = u64;

    fn expecting(&self, f: &mut fmt::Formatter) -> fmt::Result {
        write!(f, "an integer from {LOW} to {HIGH}")
    }

    fn visit_u64<E: Error>(self, value: u64) -> Result<u64, E> {
        Self::checked(value.into())
    }

    fn visit_i64<E: Error>(self, value: i64) -> Result<u64, E> {
        Self::checked(value.into())
    }
}

fn filled<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    let printable = |c: char| !c.is_control();
    match !text.is_empty() && text.chars().all(printable) {
        true => Ok(text),
        false => Err(D::Error::custom(format!("{text:?} does not fit; allowed: a printable text"))),
    }
}

fn identifier<'de, D: Deserializer<'de>>(deserializer: D) -> Result<String, D::Error> {
    let text = String::deserialize(deserializer)?;
    match is_identifier(&text) {
        true => Ok(text),
        false => Err(D::Error::custom(format!("{text:?} does not fit; allowed: a module's name"))),
    }
}

fn is_identifier(text: &str) -> bool {
    text.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        && text.chars().all(|c| c.is_ascii_alphanumeric() || c == '_')
}

/// `name` or `name[3]`.
fn is_signal(text: &str) -> bool {
    let (name, index) = match text.split_once('[') {
        Some((name, index)) => (name, index.strip_suffix(']')),
        None => (text, Some("0")),
    };
    is_identifier(name)
        && index.is_some_and(|i| !i.is_empty() && i.bytes().all(|b| b.is_ascii_digit()))
}

/// A pin is a word or a number; both end up in constraint files, so neither may hold anything else.
#[derive(Deserialize)]
#[serde(untagged)]
enum Pin {
    Number(u64),
    Name(String),
}

fn pins<'de, D: Deserializer<'de>>(deserializer: D) -> Result<BTreeMap<String, String>, D::Error> {
    let mut pins: BTreeMap<String, String> = BTreeMap::new();
    for (signal, pin) in BTreeMap::<String, Pin>::deserialize(deserializer)? {
        let pin = match pin {
            Pin::Number(number) => number.to_string(),
            Pin::Name(name) => name,
        };
        if !is_signal(&signal) {
            let message = format!("{signal:?} does not fit; allowed: a signal, as in leds[3]");
            return Err(D::Error::custom(message));
        }
        if pin.is_empty() || !pin.bytes().all(|b| b.is_ascii_alphanumeric()) {
            let message = format!("{signal}: {pin:?} does not fit; allowed: a pin, as in B10");
            return Err(D::Error::custom(message));
        }
        if let Some((other, _)) = pins.iter().find(|(_, taken)| **taken == pin) {
            let message = format!("{signal}: {pin} is taken by {other}; allowed: a pin for each");
            return Err(D::Error::custom(message));
        }
        pins.insert(signal, pin);
    }
    match SIGNALS.iter().find(|signal| !pins.contains_key(**signal)) {
        Some(signal) => {
            let needed = SIGNALS.join(", ");
            Err(D::Error::custom(format!("{signal}: missing; {needed} are needed")))
        }
        None => Ok(pins),
    }
}

/// Where the boards' files and tops are.
pub fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("rtl/fpga/boards")
}

/// Names of the boards that there are, sorted.
pub fn known() -> Vec<String> {
    let entries = std::fs::read_dir(folder()).into_iter().flatten().flatten();
    let yaml = |path: &PathBuf| path.extension().is_some_and(|extension| extension == "yaml");
    let paths = entries.map(|entry| entry.path()).filter(yaml);
    let mut names: Vec<String> =
        paths.filter_map(|path| Some(path.file_stem()?.to_str()?.to_owned())).collect();
    names.sort();
    names
}

impl Board {
    /// File of a build that its virtual board is made of.
    pub fn simulated(&self) -> &'static str {
        match self.virtual_board {
            VirtualBoard::Bitstream => self.family.bitstream(),
            VirtualBoard::Netlist => "netlist.v",
        }
    }

    /// A board by its name, or by its file; what its results are called, too.
    pub fn find(name: &Path) -> Result<(Self, String), BoardError> {
        let word = name.to_string_lossy();
        let is_word = word.chars().all(|c| c.is_ascii_alphanumeric() || c == '_' || c == '-');
        let file = match is_word && !name.is_file() {
            true => folder().join(format!("{word}.yaml")),
            false => name.to_owned(),
        };
        if !file.is_file() {
            return Err(BoardError::Unknown { name: word.into_owned(), known: known() });
        }
        let id = file.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        Ok((Self::load(&file)?, id))
    }

    /// Reads a file.
    pub fn load(file: &Path) -> Result<Self, BoardError> {
        let text = std::fs::read_to_string(file)
            .map_err(|source| BoardError::Read { file: file.to_owned(), source })?;
        Self::parse(&text, file)
    }

    /// Reads the text of a file.
    pub fn parse(text: &str, file: &Path) -> Result<Self, BoardError> {
        let invalid =
            |position, message| BoardError::Invalid { file: file.to_owned(), position, message };
        let board: Self = serde_yaml::from_str(text).map_err(|error| {
            let position = error.location().map(|at| (at.line(), at.column()));
            let mut message = error.to_string();
            if let Some((line, column)) = position {
                message = message.replace(&format!(" at line {line} column {column}"), "");
            }
            invalid(position, message)
        })?;
        board.check().map_err(|message| invalid(None, message))?;
        Ok(board)
    }

    /// Values that must go together.
    fn check(&self) -> Result<(), String> {
        let devices = self.family.devices();
        if !devices.contains(&self.device.as_str()) {
            return Err(format!(
                "device: {:?} does not fit this family; allowed: {}",
                self.device,
                devices.join(", ")
            ));
        }
        if self.budget.mhz * 1_000_000 < self.clock_hz {
            return Err(format!(
                "budget.mhz: {} MHz are less than clock_hz: {}; allowed: at least as many",
                self.budget.mhz, self.clock_hz
            ));
        }
        Ok(())
    }

    /// Bits per second on the host link.
    pub fn baud(&self) -> f64 {
        self.clock_hz as f64 / self.clocks_per_bit as f64
    }

    /// Parameters of the top and their values, as Verilog.
    pub fn parameters(&self, build_hash: u32) -> Vec<(String, String)> {
        let parameters = [
            ("BuildHash", format!("32'h{build_hash:08x}")),
            ("BoardNumber", format!("8'd{}", self.number)),
            ("ClockHz", self.clock_hz.to_string()),
            ("ClocksPerBit", self.clocks_per_bit.to_string()),
            ("TimeoutLog2", self.timeout_log2.to_string()),
        ];
        parameters.map(|(name, value)| (name.to_string(), value)).into()
    }

    /// The constraint file: pins, for an ECP5 with their voltage.
    pub fn constraints(&self) -> String {
        let line = |(signal, pin): (&String, &String)| match self.family {
            Family::Ice40 => format!("set_io {signal} {pin}\n"),
            Family::Ecp5 => format!(
                "LOCATE COMP \"{signal}\" SITE \"{pin}\";\n\
                 IOBUF PORT \"{signal}\" IO_TYPE=LVCMOS33;\n"
            ),
        };
        self.pins.iter().map(line).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hx8k() -> String {
        std::fs::read_to_string(folder().join("hx8k.yaml")).unwrap()
    }

    #[track_caller]
    fn refused(text: &str, wanted: &[&str]) {
        let error = Board::parse(text, Path::new("b.yaml")).unwrap_err().to_string();
        for part in wanted {
            assert!(error.contains(part), "{part:?} is not in {error:?}");
        }
        assert!(!error.contains('\n') && error.starts_with("b.yaml:"), "{error}");
    }

    #[test]
    fn every_board_of_the_folder_is_valid_and_has_a_number_and_a_top_of_its_own() {
        let boards: Vec<Board> =
            known().iter().map(|name| Board::find(Path::new(name)).unwrap().0).collect();
        assert!(boards.len() >= 3);
        for (i, board) in boards.iter().enumerate() {
            let top = folder().with_file_name(format!("{}.sv", board.top));
            assert!(top.is_file(), "{}", top.display());
            for other in &boards[..i] {
                assert!(board.number != other.number && board.top != other.top, "{}", other.name);
            }
        }
    }

    #[test]
    fn what_is_wrong_is_named_with_its_place_and_what_is_allowed() {
        let good = hx8k();
        let with = |from: &str, to: &str| {
            assert_eq!(good.matches(from).count(), 1, "{from}");
            good.replace(from, to)
        };
        refused(
            &with("number: 1\n", "number: 0\n"),
            &["b.yaml:5:", "number: 0 is out of range; allowed: 1 to 255"],
        );
        refused(&with("number: 1\n", "number: -1\n"), &["-1 is out of range"]);
        refused(
            &with("number: 1\n", "number: one\n"),
            &["b.yaml:5:", "number: ", "invalid type: string \"one\""],
        );
        refused(&with("number: 1\n", "number: 1\nnumber: 1\n"), &["duplicate"]);
        refused(&with("number: 1\n", ""), &["missing field `number`"]);
        refused(
            &with("number: 1\n", "number: 1\ncolour: red\n"),
            &["b.yaml:6:", "unknown field `colour`", "`clock_hz`"],
        );
        refused(
            &with("family: ice40", "family: ice41"),
            &["unknown variant `ice41`", "`ice40` or `ecp5`"],
        );
        refused(&with("device: hx8k", "device: hx9k"), &["device: \"hx9k\"", "allowed: hx1k"]);
        refused(&with("board/1", "board/2"), &["capram.board/2", "allowed: capram.board/1"]);
        refused(
            &with("clocks_per_bit: 6", "clocks_per_bit: 4"),
            &["4 is out of range; allowed: 5 to 255"],
        );
        refused(&with("  rx: B10 ", "  rx: J3 "), &["rx: J3 is taken by crystal"]);
        refused(&with("  rx: B10 ", "  rx: \"B10; x\" "), &["rx: \"B10; x\" does not fit"]);
        refused(&with("  leds[3]:", "  leds[3:"), &["b.yaml:"]);
        refused(&with("  tx: B12", "  ty: B12"), &["tx: missing"]);
        refused(&with("mhz: 24", "mhz: 23"), &["budget.mhz: 23 MHz are less than clock_hz"]);
        refused(&with("mhz: 24", "mhz: 24, luts: 1"), &["budget", "unknown field `luts`"]);
        refused(&with("top: capram_hx8k", "top: ../top"), &["allowed: a module's name"]);
        refused("schema: [", &[]);
    }

    #[test]
    fn an_unknown_board_is_answered_with_those_that_there_are() {
        let error = Board::find(Path::new("hx9k")).unwrap_err().to_string();
        assert!(error.contains("hx9k: no such board; allowed: hx8k, icebreaker, ulx3s"), "{error}");
    }

    #[test]
    fn constraints_of_both_families() {
        let pcf = Board::find(Path::new("icebreaker")).unwrap().0.constraints();
        assert!(pcf.contains("set_io rx 6\n"), "{pcf}");
        let lpf = Board::find(Path::new("ulx3s")).unwrap().0.constraints();
        assert!(lpf.contains("LOCATE COMP \"leds[7]\" SITE \"H3\";\n"), "{lpf}");
    }
}
