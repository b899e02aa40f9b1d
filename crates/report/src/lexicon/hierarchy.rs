//! Which finding is a kind of which.

use super::{FindingEntry, LexiconError};

/// By place in the table of findings: the kinds of each, and what each is a kind of. Worked out once, as reading and voting ask often.
#[derive(Debug)]
pub(crate) struct Hierarchy {
    narrower: Vec<Vec<usize>>,
    broader: Vec<Vec<usize>>,
}

impl Hierarchy {
    /// The hierarchy of findings that ascend by id.
    pub fn of(findings: &[FindingEntry]) -> Result<Self, LexiconError> {
        let mut children = vec![Vec::new(); findings.len()];
        for (place, finding) in findings.iter().enumerate() {
            for parent in &finding.parents {
                match findings.binary_search_by(|other| other.id.cmp(parent)) {
                    Ok(parent) => children[parent].push(place),
                    Err(_) => return Err(refused(finding, format!("its parent `{parent}` is no finding"))),
                }
            }
        }
        let narrower: Vec<Vec<usize>> = (0..findings.len()).map(|place| below(place, &children)).collect();
        for (place, finding) in findings.iter().enumerate() {
            if children[place].iter().any(|&child| narrower[child].contains(&place)) {
                return Err(refused(finding, "is a kind of itself by its parents".to_owned()));
            }
        }
        let mut broader = vec![Vec::new(); findings.len()];
        for (above, kinds) in narrower.iter().enumerate() {
            kinds.iter().for_each(|&place| broader[place].push(above));
        }
        Ok(Self { narrower, broader })
    }

    /// The place itself and all above it, ascending.
    pub fn broader(&self, place: usize) -> &[usize] {
        &self.broader[place]
    }

    /// The place itself and all below it, ascending.
    pub fn narrower(&self, place: usize) -> &[usize] {
        &self.narrower[place]
    }
}

fn refused(finding: &FindingEntry, problem: String) -> LexiconError {
    LexiconError::Entry { entry: format!("finding {}", finding.id), problem }
}

/// The place itself and all below it, ascending.
fn below(place: usize, children: &[Vec<usize>]) -> Vec<usize> {
    let mut found = vec![place];
    let mut next = 0;
    while let Some(&at) = found.get(next) {
        for &child in &children[at] {
            if !found.contains(&child) {
                found.push(child);
            }
        }
        next += 1;
    }
    found.sort_unstable();
    found
}
