//! Text and numbers as HTML shows them.

use crate::report::characterize::figures::{self, NOTHING};

/// Text from the data, so that none of it is taken for markup.
pub fn escape(text: &str) -> String {
    let mut escaped = String::with_capacity(text.len());
    for character in text.chars() {
        match character {
            '&' => escaped.push_str("&amp;"),
            '<' => escaped.push_str("&lt;"),
            '>' => escaped.push_str("&gt;"),
            '"' => escaped.push_str("&quot;"),
            '\'' => escaped.push_str("&#39;"),
            // Not allowed in HTML, and nothing to see.
            control if control.is_control() && !control.is_whitespace() => {}
            other => escaped.push(other),
        }
    }
    escaped
}

/// A number as it is printed for a terminal, with a true minus; a dash for what is none.
pub fn typeset(number: &str) -> String {
    match number {
        NOTHING => "–".into(),
        _ => number.replace('-', "\u{2212}"),
    }
}

/// A number with so many decimals.
pub fn number(value: f64, decimals: usize) -> String {
    typeset(&figures::fixed(value, decimals))
}

/// The same with its sign, also a plus.
pub fn signed(value: f64, decimals: usize) -> String {
    let text = number(value, decimals);
    let plus = value > 0.0 && text.starts_with(|c: char| c.is_ascii_digit());
    if plus { format!("+{text}") } else { text }
}

/// A share in percent, without the sign.
pub fn percent(share: f64, decimals: usize) -> String {
    typeset(&figures::percent(share, decimals))
}

/// Largest magnitude of the finite values.
pub fn largest(values: impl IntoIterator<Item = f64>) -> f64 {
    values.into_iter().filter(|v| v.is_finite()).fold(0.0, |top, value| value.abs().max(top))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markup_is_escaped_and_numbers_are_typeset() {
        assert_eq!(escape("<b a='1'>&\"\u{1}"), "&lt;b a=&#39;1&#39;&gt;&amp;&quot;");
        assert_eq!(number(-1.25, 1), "\u{2212}1.2");
        assert_eq!(number(f64::NAN, 1), "–");
        assert_eq!((signed(0.5, 1), signed(0.0, 1)), ("+0.5".into(), "0.0".into()));
        assert_eq!(signed(f64::INFINITY, 1), "–");
        assert_eq!(largest([1.0, f64::NAN, -3.0]), 3.0);
    }
}
