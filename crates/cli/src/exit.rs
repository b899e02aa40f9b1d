//! How the program ends.

use crate::output::stderr;
use precedent_engine::{Cause, EngineError, ErrorKind, Violation, with_causes};
use std::fmt;
use std::io::Write;
use std::process::ExitCode;

/// A way to end that is not an error.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Exit {
    /// 0: done.
    Done,
    /// 3: some rows were rejected, or some ids are not in the index; the rest is done.
    SomeRejected,
    /// 4: the index was checked and is damaged.
    Damaged,
    /// 4: the index was checked and finds less than it promises.
    FallsShort,
    /// 130: interrupted; what was acknowledged stays.
    Interrupted,
}

/// Why the program failed: one message, one code.
#[derive(Debug)]
pub struct Failure {
    code: u8,
    message: String,
}

pub type Outcome = Result<Exit, Failure>;

impl Failure {
    /// 2: what was asked cannot be.
    pub fn input(message: impl fmt::Display) -> Self {
        Self { code: 2, message: message.to_string() }
    }

    /// 1: anything else.
    pub fn other(message: impl fmt::Display) -> Self {
        Self { code: 1, message: message.to_string() }
    }

    /// Says which index, file or row the failure is about.
    pub fn about(mut self, what: impl fmt::Display) -> Self {
        self.message = format!("{what}: {}", self.message);
        self
    }
}

impl Failure {
    /// What is wrong, with the command or flag that mends it.
    pub fn of_violation(violation: &Violation) -> Self {
        Self::input(&violation.description).advised(remedy(violation.cause))
    }

    /// Adds what to do.
    pub fn advised(mut self, remedy: Option<&str>) -> Self {
        self.message.extend(remedy.map(|remedy| format!(" ({remedy})")));
        self
    }
}

/// The command or flag that mends what is wrong.
fn remedy(cause: Cause) -> Option<&'static str> {
    match cause {
        Cause::NoImageSpace => Some("`precedent init` with --encoder, or with --dimension and --encoder-id"),
        Cause::NoEncoder => Some(
            "--encoder-dir names the folder of an encoder, `precedent init --encoder` makes an index for one",
        ),
        Cause::UnknownFinding => Some("`precedent report --findings` lists them"),
        Cause::Other => None,
    }
}

/// The same of an error of the engine.
fn remedy_of(error: &EngineError) -> Option<&'static str> {
    match error {
        EngineError::Invalid(violations) => violations.iter().find_map(|violation| remedy(violation.cause)),
        EngineError::Precondition(violation) => remedy(violation.cause),
        error if error.kind() == ErrorKind::NotFound => Some("`precedent init` makes one"),
        _ => None,
    }
}

impl From<EngineError> for Failure {
    fn from(error: EngineError) -> Self {
        let code = match error.kind() {
            ErrorKind::Invalid | ErrorKind::Precondition => 2,
            ErrorKind::NotFound | ErrorKind::Busy | ErrorKind::Damaged => 4,
            ErrorKind::Cancelled => 130,
            ErrorKind::ReadOnly | ErrorKind::Full | ErrorKind::Unavailable | ErrorKind::Internal => 1,
        };
        Self { code, message: with_causes(&error) }.advised(remedy_of(&error))
    }
}

impl From<std::io::Error> for Failure {
    fn from(error: std::io::Error) -> Self {
        Self::other(error)
    }
}

/// Says what went wrong and turns it into an exit code.
pub fn report(outcome: Outcome) -> ExitCode {
    match outcome {
        Ok(Exit::Done) => ExitCode::SUCCESS,
        Ok(Exit::SomeRejected) => ExitCode::from(3),
        Ok(Exit::Damaged | Exit::FallsShort) => ExitCode::from(4),
        Ok(Exit::Interrupted) => ExitCode::from(130),
        Err(Failure { code, message }) => {
            // Nothing is left to do if even this cannot be written.
            let _ = writeln!(stderr(), "precedent: {message}");
            ExitCode::from(code)
        }
    }
}
