//! What a terminal may show beside text.

use precedent_model::Assertion;
use std::io::IsTerminal;

/// Whether words are set apart by more than their place.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Style {
    on: bool,
}

impl Style {
    /// Text and nothing else.
    pub const PLAIN: Self = Self { on: false };
    /// As on a terminal.
    #[cfg(test)]
    pub const STYLED: Self = Self { on: true };

    /// What suits standard output: plain where it is no terminal, a dumb one, or `NO_COLOR` is set (no-color.org).
    pub fn of_stdout() -> Self {
        let set = |name: &str| std::env::var_os(name).is_some_and(|value| !value.is_empty());
        let dumb = std::env::var_os("TERM").is_some_and(|term| term == "dumb");
        Self { on: std::io::stdout().is_terminal() && !set("NO_COLOR") && !dumb }
    }

    /// The text set in bold. It holds no control characters: see [`crate::output::printable`].
    pub fn bold(self, text: &str) -> String {
        self.set("1", text)
    }

    /// The text in grey.
    pub fn faint(self, text: &str) -> String {
        self.set("2", text)
    }

    /// The text in the colour of an assertion; what is there needs none.
    pub fn said(self, assertion: Assertion, text: &str) -> String {
        match assertion {
            Assertion::Present => text.to_owned(),
            Assertion::Uncertain => self.set("33", text),
            Assertion::Absent => self.set("36", text),
            Assertion::Historical | Assertion::Hypothetical | Assertion::OtherPerson => self.set("35", text),
        }
    }

    /// The text in a rendition as terminals understand it (ECMA-48, SGR).
    fn set(self, rendition: &str, text: &str) -> String {
        if self.on { format!("\u{1b}[{rendition}m{text}\u{1b}[0m") } else { text.to_owned() }
    }
}
