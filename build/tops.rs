//! Which Verilated models there are: the macro in every geometry that `configs/` names, its mutated
//! twin for the planted-bug tests, and single modules.

use serde_yaml::Value;
use std::collections::BTreeMap;
use std::path::Path;

/// One model to build.
pub struct Top {
    /// Name of the model, the key in the table of tops; a C identifier.
    pub name: String,
    /// Top module, `rtl/sim/<module>.sv`.
    pub module: &'static str,
    /// Parameters of the top.
    pub parameters: Vec<(String, u64)>,
    /// Whether the sources carry planted bugs.
    pub mutated: bool,
    /// Whether the macro's analog side is emulated: the sources of `rtl/fpga` come along.
    pub emulated: bool,
}

impl Top {
    /// The list of its planted bugs.
    pub fn mutants(&self) -> &'static str {
        match self.module {
            "capram_uartbone_sim" => "testbenches/mutants_link.yaml",
            _ => "testbenches/mutants.yaml",
        }
    }
}

/// Rust literal of a macro's geometry, and its parameters.
pub struct Geometry {
    pub fields: [u64; 4],
}

const FIELDS: [&str; 4] = ["mac_rows", "columns", "columns_per_slice", "post_lanes"];
const PARAMETERS: [&str; 4] = ["MacRows", "Columns", "ColumnsPerSlice", "PostLanes"];

impl Geometry {
    pub fn name(&self) -> String {
        let [rows, columns, slice, lanes] = self.fields;
        format!("r{rows}c{columns}s{slice}l{lanes}")
    }

    fn parameters(&self) -> Vec<(String, u64)> {
        PARAMETERS.iter().map(|p| p.to_string()).zip(self.fields).collect()
    }

    /// A `capram::config::Geometry` expression.
    pub fn literal(&self) -> String {
        let fields = FIELDS.iter().zip(self.fields).map(|(name, value)| format!("{name}: {value}"));
        format!("Geometry {{ {} }}", fields.collect::<Vec<_>>().join(", "))
    }
}

/// Distinct geometries of the configurations in a folder.
pub fn geometries(folder: &Path) -> Result<Vec<Geometry>, String> {
    let mut found = BTreeMap::new();
    let entries = std::fs::read_dir(folder).map_err(|e| format!("{}: {e}", folder.display()))?;
    for path in entries.flatten().map(|entry| entry.path()) {
        if path.extension().is_some_and(|e| e == "yaml") {
            let geometry = geometry(&path, 0)?;
            found.insert(geometry.name(), geometry);
        }
    }
    Ok(found.into_values().collect())
}

/// A configuration's geometry, its `base` chain followed.
pub fn geometry(path: &Path, depth: usize) -> Result<Geometry, String> {
    let at = |what: &str| format!("{}: {what}", path.display());
    if depth > 8 {
        return Err(at("`base` chain longer than 8"));
    }
    let text = std::fs::read_to_string(path).map_err(|e| at(&e.to_string()))?;
    let yaml: Value = serde_yaml::from_str(&text).map_err(|e| at(&e.to_string()))?;
    let base = match yaml.get("base").and_then(Value::as_str) {
        Some(base) => Some(geometry(&path.with_file_name(base), depth + 1)?),
        None => None,
    };
    let mut fields = base.map_or([0; 4], |base| base.fields);
    for (field, name) in fields.iter_mut().zip(FIELDS) {
        if let Some(value) = yaml.get("geometry").and_then(|g| g.get(name)) {
            *field = value
                .as_u64()
                .ok_or_else(|| at(&format!("geometry.{name} is not a whole number")))?;
        }
        if *field == 0 {
            return Err(at(&format!("geometry.{name} is missing or 0")));
        }
    }
    Ok(Geometry { fields })
}

/// All models; the one with the planted bugs has the geometry `small`, the one with an emulated analog
/// side the geometry `emulated`.
pub fn tops(geometries: &[Geometry], small: &Geometry, emulated: &Geometry) -> Vec<Top> {
    let macro_top = |g: &Geometry, mutated| Top {
        name: if mutated { "mutants".into() } else { g.name() },
        module: "capram_sim",
        parameters: g.parameters(),
        mutated,
        emulated: false,
    };
    let module = |name: &str, module| Top {
        name: name.into(),
        module,
        parameters: vec![],
        mutated: false,
        emulated: false,
    };
    let mut tops: Vec<Top> = geometries.iter().map(|g| macro_top(g, false)).collect();
    tops.push(macro_top(small, true));
    tops.push(Top {
        parameters: emulated.parameters(),
        emulated: true,
        ..module("emulated", "capram_emulated_sim")
    });
    tops.push(module("cisar", "capram_cisar_sim"));
    tops.push(module("sram", "capram_sram_sim"));
    tops.push(module("echo", "capram_echo_sim"));
    tops.push(Top { mutated: true, ..module("uartbone", "capram_uartbone_sim") });
    tops
}
