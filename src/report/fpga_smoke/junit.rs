//! The checks as JUnit XML, which CI systems read.

use super::{CheckRow, SmokeReport};
use std::fmt::Write;

/// One test suite, one test case for each check.
pub fn xml(report: &SmokeReport) -> String {
    let count = |verdict: &str| report.checks.iter().filter(|row| row.verdict == verdict).count();
    let seconds: f64 = report.checks.iter().map(|row| row.seconds).sum();
    let mut xml = format!(
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n  <testsuite \
         name=\"capram.fpga.smoke.{}\" tests=\"{}\" failures=\"{}\" errors=\"0\" skipped=\"{}\" \
         time=\"{seconds:.3}\">\n",
        escaped(&report.board),
        report.checks.len(),
        count("failed"),
        count("skipped")
    );
    for row in &report.checks {
        write_case(&mut xml, row);
    }
    xml += "  </testsuite>\n</testsuites>\n";
    xml
}

fn write_case(xml: &mut String, row: &CheckRow) {
    let name = escaped(&row.name);
    // A String takes everything.
    let _ = write!(
        xml,
        "    <testcase classname=\"capram.fpga.smoke\" name=\"{name}\" time=\"{:.3}\">",
        row.seconds
    );
    let detail = escaped(&row.detail);
    let _ = match (&row.difference, row.verdict.as_str()) {
        (Some(found), _) => {
            let place = escaped(&found.place);
            let (expected, got) = (escaped(&found.expected), escaped(&found.got));
            let message = format!("{place}: expected {expected}, got {got}");
            write!(xml, "<failure message=\"{message}\"/>")
        }
        (None, "skipped") => write!(xml, "<skipped message=\"{detail}\"/>"),
        (None, _) => write!(xml, "<system-out>{detail}</system-out>"),
    };
    *xml += "</testcase>\n";
}

/// Text as XML takes it; characters that XML has not are left out.
fn escaped(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '<' => escaped += "&lt;",
            '>' => escaped += "&gt;",
            '&' => escaped += "&amp;",
            '"' => escaped += "&quot;",
            c if c < ' ' => escaped.push(' '),
            '\u{fffe}' | '\u{ffff}' => (),
            c => escaped.push(c),
        }
    }
    escaped
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_is_escaped() {
        assert_eq!(escaped("a<b & \"c\"\u{1}"), "a&lt;b &amp; &quot;c&quot; ");
    }
}
