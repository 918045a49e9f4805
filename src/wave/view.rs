//! What a viewer is to show, as plain data.

/// How a signal is drawn.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Kind {
    /// One bit.
    Bit,
    /// A vector in hexadecimal; its width in bits.
    Hex(u32),
    /// A vector as an unsigned number; its width in bits.
    Unsigned(u32),
    /// An enumeration, by the names that the FST holds; its width in bits.
    Enum(u32),
    /// A real number as a curve, in steps, scaled to its range over the whole file; its height in
    /// lines. (Neither viewer's file can hold limits of its own.)
    Analog { lines: u32 },
    /// Bit `bit` of each of `words`, most significant first, as an unsigned number. `width` is the
    /// width of each word. Surfer can not take words apart: it leaves such a signal out.
    Slice { words: Vec<String>, width: u32, bit: u32 },
}

/// Colour of a trace.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Color {
    #[default]
    Normal,
    Red,
    Yellow,
}

/// A trace.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Signal {
    /// Path in the FST, scopes separated by dots, with an array index but without a bit range; for
    /// [`Kind::Slice`] a name to show.
    pub path: String,
    pub kind: Kind,
    pub color: Color,
}

impl Signal {
    /// A trace in the normal colour.
    pub fn new(path: impl Into<String>, kind: Kind) -> Self {
        Self { path: path.into(), kind, color: Color::Normal }
    }

    /// The same in another colour.
    pub fn colored(self, color: Color) -> Self {
        Self { color, ..self }
    }
}

/// Traces under a common heading.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Group {
    pub name: String,
    pub signals: Vec<Signal>,
}

/// A named point in time.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Marker {
    pub name: String,
    pub time_ps: u64,
}

/// Part of the time axis; the FST's unit is 1 ps.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Window {
    pub from_ps: u64,
    pub to_ps: u64,
    /// Last time in the file.
    pub end_ps: u64,
}

/// Everything that a viewer is to show.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct View {
    pub groups: Vec<Group>,
    /// GTKWave has room for the first 26.
    pub markers: Vec<Marker>,
    pub window: Window,
}

impl View {
    /// Paths of all signals that the FST must have.
    pub fn paths(&self) -> impl Iterator<Item = &str> {
        let signals = self.groups.iter().flat_map(|group| &group.signals);
        signals.flat_map(|signal| match &signal.kind {
            Kind::Slice { words, .. } => words.iter().map(String::as_str).collect::<Vec<_>>(),
            _ => vec![signal.path.as_str()],
        })
    }
}

/// A name without what the viewers' files give a meaning to; nothing but letters, digits and `_`.
pub fn plain(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}
