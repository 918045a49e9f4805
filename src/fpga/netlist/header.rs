//! The header of an unpacked netlist.
//!
//! icebox_vlog writes `module chip (input a, output b);` and then declares a and b once more, as nets
//! or registers. Only the old form of a header, with names alone, allows that.

/// Pins that every design of this project has, with their directions.
const PINS: [(&str, &str); 3] = [("input", "crystal"), ("input", "rx"), ("output", "tx")];

/// Rewrites the header of `netlist`, and checks that the pins are there.
pub fn separate_header(netlist: &str) -> Result<String, String> {
    let start = netlist.find("module chip (").ok_or("no module chip in the unpacked netlist")?;
    let (before, rest) = netlist.split_at(start);
    let inner = &rest["module chip (".len()..];
    let (ports, body) = inner.split_once(");").ok_or("the header of module chip has no end")?;
    let mut names = vec![];
    let mut directions = String::new();
    for port in ports.split(',').map(str::trim).filter(|port| !port.is_empty()) {
        let (direction, name) = port.split_once(' ').ok_or(format!("port `{port}`"))?;
        if !["input", "output", "inout"].contains(&direction) {
            return Err(format!("port `{port}` of the unpacked netlist has no direction"));
        }
        // The blank after an escaped name belongs to it.
        names.push(format!("{name} "));
        directions += &format!("{direction} {name} ;\n");
    }
    for (direction, name) in PINS {
        let unmatched = format!("// Warning: unmatched port '{name}'\n");
        if !directions.contains(&format!("{direction} {name} ;\n")) || body.contains(&unmatched) {
            return Err(format!("has no {direction} at the pin of {name}: not this design"));
        }
    }
    Ok(format!("{before}module chip ({});\n{directions}{body}", names.join(", ")))
}

#[cfg(test)]
mod tests {
    use super::*;

    const NETLIST: &str = "\nmodule chip (input crystal, output \\leds[0] , output tx, input rx);\n\n\
                           wire crystal, rx;\nreg tx = 0;\nwire \\leds[0] ;\nendmodule\n";

    #[test]
    fn every_port_is_named_first_and_declared_then() {
        let separate = separate_header(NETLIST).unwrap();
        assert_eq!(
            separate,
            "\nmodule chip (crystal , \\leds[0] , tx , rx );\n\
             input crystal ;\noutput \\leds[0] ;\noutput tx ;\ninput rx ;\n\n\n\
             wire crystal, rx;\nreg tx = 0;\nwire \\leds[0] ;\nendmodule\n"
        );
    }

    #[test]
    fn a_design_with_other_pins_is_refused() {
        let no_tx = NETLIST.replace("output tx", "input tx");
        assert_eq!(
            separate_header(&no_tx).unwrap_err(),
            "has no output at the pin of tx: not this design"
        );
        // A pin that nothing uses comes last, as an input.
        let unused = NETLIST.to_owned() + "// Warning: unmatched port 'rx'\n";
        assert!(separate_header(&unused).unwrap_err().contains("at the pin of rx"));
    }

    #[test]
    fn what_is_no_netlist_is_refused() {
        assert!(separate_header("").is_err());
        assert!(separate_header("module chip (input a").is_err());
        assert!(separate_header("module chip (a, b);").is_err());
        assert!(separate_header("module chip (wire a, input b);").is_err());
    }
}
