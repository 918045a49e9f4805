//! The netlist of an ECP5 after place and route, as yosys writes it.

/// Names cells by what their models cannot see from within: pins by their direction, as
/// `TRELLIS_IO_INPUT`, and look-up tables with a multiplexer of two others (IS_Z1) by that.
pub fn name_cells(netlist: &str) -> String {
    let pins = rename(netlist, "TRELLIS_IO #(", |cell| {
        let direction = cell.split(".DIR(\"").nth(1).and_then(|rest| rest.split('"').next());
        format!("TRELLIS_IO_{} #(", direction.unwrap_or("UNKNOWN"))
    });
    rename(&pins, "TRELLIS_COMB #(", |cell| {
        let upper = cell.contains(".FXA(") || cell.contains(".FXB(");
        format!("TRELLIS_COMB #({}", if upper { ".IS_Z1(1), " } else { "" })
    })
}

/// Puts something in the place of every `start` of a cell, which is told the rest of the cell.
fn rename(netlist: &str, start: &str, name: impl Fn(&str) -> String) -> String {
    let mut parts = netlist.split(start);
    let mut renamed = parts.next().unwrap_or_default().to_owned();
    for part in parts {
        renamed += &name(part.split(';').next().unwrap_or_default());
        renamed += part;
    }
    renamed
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_pin_is_named_by_its_own_direction() {
        let netlist = "wire \\a$TRELLIS_IO_IN ;\n  TRELLIS_IO #(\n    .DIR(\"INPUT\")\n  ) a (.B(a));\n  \
                       TRELLIS_IO #(\n    .X(\"Y\"),\n    .DIR(\"OUTPUT\")\n  ) b (.B(b));\n  \
                       TRELLIS_IO #(\n    .X(\"Y\")\n  ) c (.B(c));\nTRELLIS_FF";
        let named = name_cells(netlist);
        let wanted = ["$TRELLIS_IO_IN ;", "TRELLIS_IO_INPUT #(", "TRELLIS_IO_OUTPUT #("];
        for part in wanted.into_iter().chain(["TRELLIS_IO_UNKNOWN #(", "TRELLIS_FF"]) {
            assert_eq!(named.matches(part).count(), 1, "{part}");
        }
    }
    #[test]
    fn a_multiplexer_of_two_tables_is_told_so() {
        let netlist = "TRELLIS_COMB #(\n.INITVAL(16'h1)) a (.F(x), .FXA(y));\n\
                       TRELLIS_COMB #(\n.INITVAL(16'h1)) b (.F(x), .F1(y));";
        let named = name_cells(netlist);
        assert!(named.starts_with("TRELLIS_COMB #(.IS_Z1(1), \n.INITVAL"), "{named}");
        assert_eq!(named.matches("IS_Z1").count(), 1);
    }
}
