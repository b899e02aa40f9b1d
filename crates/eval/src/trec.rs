//! Lists and judgements in the files of TREC, which `ranx`, `trec_eval` and others read.

use crate::EvalError;
use crate::answered::Answers;
use std::fmt::{self, Write};

/// Most judgements.
const MOST: usize = 2_000_000;

/// Two files.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct Trec {
    /// `QUERY Q0 CASE RANK SCORE TAG`: the hits, best first.
    pub run: String,
    /// `QUERY 0 CASE GRADE`: all relevant cases that the query may find.
    pub qrels: String,
}

/// Case ids may lead to a person.
impl fmt::Debug for Trec {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Trec({} and {} bytes hidden)", self.run.len(), self.qrels.len())
    }
}

impl Trec {
    pub(crate) fn of(answers: &Answers<'_>) -> Result<Self, EvalError> {
        let (mut trec, mut judged) = (Self::default(), 0);
        let cases = answers.cases;
        for one in answers.asked.iter().filter(|one| one.counts()) {
            let query = name(&one.judge.query.name);
            for (hit, rank) in one.answer.hits.iter().zip(1..) {
                let case = hit.map_or("not-in-index".into(), |case| name(cases.id(case).as_str()));
                // Writing to a string does not fail.
                let _ = writeln!(trec.run, "{query} Q0 {case} {rank} {} precedent", answers.depth + 1 - rank);
            }
            for case in (0..cases.count() as u32).filter(|case| one.judge.allows(*case)) {
                let grade = one.judge.grade(case);
                if grade > 0 {
                    judged += 1;
                    let _ = writeln!(trec.qrels, "{query} 0 {} {grade}", name(cases.id(case).as_str()));
                }
            }
            if judged > MOST {
                let problem = format!("more than {MOST} judgements; ask fewer queries");
                return Err(EvalError::Input(format!("trec: {problem}")));
            }
        }
        Ok(trec)
    }
}

/// A name without white space, which parts the columns.
fn name(text: &str) -> String {
    let mut name = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            c if c.is_whitespace() => name.push('_'),
            c => name.push(c),
        }
    }
    name
}
