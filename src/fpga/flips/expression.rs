//! Expressions of an unpacked netlist: `?:`, `&`, `|`, `!`, parentheses, names, constants.

/// A parsed expression.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expression {
    Constant(bool),
    Net(String),
    Not(Box<Self>),
    And(Box<[Self; 2]>),
    Or(Box<[Self; 2]>),
    /// Condition, value if it holds, value otherwise.
    Choice(Box<[Self; 3]>),
}

impl Expression {
    /// Nothing if the text is no expression.
    pub fn parse(text: &str) -> Option<Self> {
        let mut parser = Parser { rest: text };
        let parsed = parser.choice()?;
        parser.rest.trim().is_empty().then_some(parsed)
    }
}

struct Parser<'t> {
    rest: &'t str,
}

impl Parser<'_> {
    fn next_is(&mut self, token: char) -> bool {
        self.rest = self.rest.trim_start();
        match self.rest.strip_prefix(token) {
            Some(rest) => {
                self.rest = rest;
                true
            }
            None => false,
        }
    }

    fn choice(&mut self) -> Option<Expression> {
        let condition = self.any()?;
        if !self.next_is('?') {
            return Some(condition);
        }
        let then = self.choice()?;
        if !self.next_is(':') {
            return None;
        }
        Some(Expression::Choice(Box::new([condition, then, self.choice()?])))
    }

    fn any(&mut self) -> Option<Expression> {
        let mut value = self.all()?;
        while self.next_is('|') {
            value = Expression::Or(Box::new([value, self.all()?]));
        }
        Some(value)
    }

    fn all(&mut self) -> Option<Expression> {
        let mut value = self.one()?;
        while self.next_is('&') {
            value = Expression::And(Box::new([value, self.one()?]));
        }
        Some(value)
    }

    fn one(&mut self) -> Option<Expression> {
        if self.next_is('!') {
            return Some(Expression::Not(Box::new(self.one()?)));
        }
        if self.next_is('(') {
            let value = self.choice()?;
            return self.next_is(')').then_some(value);
        }
        let text = self.rest;
        let end = match text.strip_prefix('\\') {
            Some(_) => text.find(' '),
            None => text.find(|c: char| !c.is_ascii_alphanumeric() && c != '_' && c != '\''),
        };
        let (word, rest) = text.split_at(end.unwrap_or(text.len()));
        self.rest = rest;
        match word {
            "" => None,
            "1'b0" => Some(Expression::Constant(false)),
            "1'b1" => Some(Expression::Constant(true)),
            net => Some(Expression::Net(net.into())),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn net(name: &str) -> Expression {
        Expression::Net(name.into())
    }

    #[test]
    fn operators_bind_as_in_verilog() {
        let and = |a, b| Expression::And(Box::new([a, b]));
        let or = |a, b| Expression::Or(Box::new([a, b]));
        let not = |a| Expression::Not(Box::new(a));
        assert_eq!(
            Expression::parse("a | !b & c"),
            Some(or(net("a"), and(not(net("b")), net("c"))))
        );
        let choice = Expression::Choice(Box::new([
            or(net("a"), net("b")),
            net("\\led[0]"),
            Expression::Choice(Box::new([net("c"), Expression::Constant(true), net("d")])),
        ]));
        assert_eq!(Expression::parse("(a | b) ? \\led[0]  : c ? 1'b1 : d"), Some(choice));
    }

    #[test]
    fn what_is_no_expression_is_refused() {
        for text in ["", "a &", "(a", "a b", "a ? b", "!"] {
            assert_eq!(Expression::parse(text), None, "{text}");
        }
    }
}
