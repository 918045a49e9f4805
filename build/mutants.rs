//! Planted bugs. `testbenches/mutants.yaml` lists expressions of the RTL and what to put in their
//! place; all of them go into one copy of the sources, each behind a run-time selector, so that one
//! model holds every bug and the RTL itself stays clean.

use std::collections::BTreeMap;
use std::ops::Range;
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
/// `module` is the simulation top.
pub fn plant(yaml: &Path, folder: &Path, module: &str) -> Result<(), String> {
    let at = |e: &dyn std::fmt::Display| format!("{}: {e}", yaml.display());
    let text = std::fs::read_to_string(yaml).map_err(|e| at(&e))?;
    let list: Mutants = serde_yaml::from_str(&text).map_err(|e| at(&e))?;
    let mut places: BTreeMap<&str, Vec<Place>> = BTreeMap::new();
    for (i, mutant) in list.mutants.iter().enumerate() {
        match find(folder, mutant, i + 1) {
            Ok(place) => places.entry(&mutant.file).or_default().push(place),
            // Who works on that line wants a build; the test `mutants` insists that all are found.
            Err(e) => println!("cargo::warning={}", at(&format!("{} left out: {e}", mutant.name))),
        }
    }
    places.into_iter().try_for_each(|(file, places)| rewrite(&folder.join(file), places))?;
    select(&folder.join(format!("{module}.sv")), folder)
}

/// Where a bug goes, and the expression that holds both it and the original.
struct Place {
    range: Range<usize>,
    text: String,
}

fn find(folder: &Path, mutant: &Mutant, number: usize) -> Result<Place, String> {
    let Mutant { file, find, replace, .. } = mutant;
    let source = std::fs::read_to_string(folder.join(file)).map_err(|e| format!("{file}: {e}"))?;
    let found: Vec<usize> = source.match_indices(find).map(|(start, _)| start).collect();
    let [start] = found[..] else {
        return Err(format!("`{find}` stands {} times in {file}, must be once", found.len()));
    };
    let text = format!("(capram_mutant_pkg::selected == 8'd{number} ? ({replace}) : ({find}))");
    Ok(Place { range: start..start + find.len(), text })
}

/// Puts the bugs in from the end, so that the places before them stay where they are.
fn rewrite(path: &Path, mut places: Vec<Place>) -> Result<(), String> {
    let mut source = std::fs::read_to_string(path).map_err(|e| e.to_string())?;
    places.sort_by_key(|place| std::cmp::Reverse(place.range.start));
    if places.windows(2).any(|pair| pair[1].range.end > pair[0].range.start) {
        return Err(format!("{}: two mutants overlap", path.display()));
    }
    for place in places {
        source.replace_range(place.range, &place.text);
    }
    std::fs::write(path, source).map_err(|e| e.to_string())
}

/// Drives the selector from the spare bits of the simulation top's first drive word.
fn select(top: &Path, folder: &Path) -> Result<(), String> {
    let source = std::fs::read_to_string(top).map_err(|e| e.to_string())?;
    let driven = source.replace(
        "endmodule",
        "  always_comb capram_mutant_pkg::selected = drive_i[0][15:8];\nendmodule",
    );
    std::fs::write(top, driven).map_err(|e| e.to_string())?;
    std::fs::write(folder.join("capram_mutant_pkg.sv"), SELECTOR).map_err(|e| e.to_string())
}
