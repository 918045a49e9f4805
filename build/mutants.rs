//! Planted bugs. `testbenches/mutants.yaml` lists expressions of the RTL and what to put in their
//! place; all of them go into one copy of the sources, each behind a run-time selector, so that one
//! model holds every bug and the RTL itself stays clean.

use std::path::Path;

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutants {
    mutants: Vec<Mutant>,
}

#[derive(serde::Deserialize)]
#[serde(deny_unknown_fields)]
struct Mutant {
    name: String,
    file: String,
    find: String,
    replace: String,
    #[allow(dead_code)] // for the test that runs them
    found_by: Vec<String>,
    #[allow(dead_code)]
    what: String,
}

const SELECTOR: &str = "package capram_mutant_pkg;\n  logic [7:0] selected;\nendpackage\n";

/// Rewrites the copies of the sources in `folder`; bug number i is the i-th of the list, from 1.
pub fn plant(yaml: &Path, folder: &Path) -> Result<(), String> {
    let text = std::fs::read_to_string(yaml).map_err(|e| format!("{}: {e}", yaml.display()))?;
    let list: Mutants = serde_yaml::from_str(&text).map_err(|e| format!("{}: {e}", yaml.display()))?;
    for (i, mutant) in list.mutants.iter().enumerate() {
        plant_one(folder, mutant, i + 1)
            .map_err(|e| format!("{}: mutant {}: {e}", yaml.display(), mutant.name))?;
    }
    select(folder)
}

fn plant_one(folder: &Path, mutant: &Mutant, number: usize) -> Result<(), String> {
    let path = folder.join(&mutant.file);
    let source = std::fs::read_to_string(&path).map_err(|e| format!("{}: {e}", mutant.file))?;
    let places = source.matches(&mutant.find).count();
    if places != 1 {
        return Err(format!("`{}` stands {places} times in {}, must be once", mutant.find, mutant.file));
    }
    let (find, replace) = (&mutant.find, &mutant.replace);
    let both = format!("(capram_mutant_pkg::selected == 8'd{number} ? ({replace}) : ({find}))");
    std::fs::write(path, source.replace(find, &both)).map_err(|e| e.to_string())
}

/// Drives the selector from the spare bits of the simulation top's first drive word.
fn select(folder: &Path) -> Result<(), String> {
    let path = folder.join("capram_sim.sv");
    let source = std::fs::read_to_string(&path).map_err(|e| e.to_string())?;
    let driven = source.replace(
        "endmodule",
        "  always_comb capram_mutant_pkg::selected = drive_i[0][15:8];\nendmodule",
    );
    std::fs::write(&path, driven).map_err(|e| e.to_string())?;
    std::fs::write(folder.join("capram_mutant_pkg.sv"), SELECTOR).map_err(|e| e.to_string())
}
