//! Which finding is a kind of which.

use super::{FindingEntry, LexiconError};

/// By place in the table of findings: the places of the direct kinds of it.
#[derive(Debug)]
pub(crate) struct Hierarchy {
    children: Vec<Vec<usize>>,
}

impl Hierarchy {
    /// The hierarchy of findings that ascend by id.
    pub fn of(findings: &[FindingEntry]) -> Result<Self, LexiconError> {
        let mut children = vec![Vec::new(); findings.len()];
        for (place, finding) in findings.iter().enumerate() {
            for parent in &finding.parents {
                let refused = |problem: String| LexiconError::Entry {
                    entry: format!("finding {}", finding.id),
                    problem,
                };
                match findings.binary_search_by(|other| other.id.cmp(parent)) {
                    Ok(parent) => children[parent].push(place),
                    Err(_) => return Err(refused(format!("its parent `{parent}` is no finding"))),
                }
            }
        }
        let hierarchy = Self { children };
        for (place, finding) in findings.iter().enumerate() {
            if hierarchy.children[place].iter().any(|&child| hierarchy.narrower(child).contains(&place)) {
                let problem = "is a kind of itself by its parents".to_owned();
                return Err(LexiconError::Entry { entry: format!("finding {}", finding.id), problem });
            }
        }
        Ok(hierarchy)
    }

    /// The place itself and all above it, ascending.
    pub fn broader(&self, place: usize) -> Vec<usize> {
        (0..self.children.len()).filter(|&above| self.narrower(above).contains(&place)).collect()
    }

    /// The place itself and all below it, ascending.
    pub fn narrower(&self, place: usize) -> Vec<usize> {
        let mut found = vec![place];
        let mut next = 0;
        while let Some(&at) = found.get(next) {
            for &child in &self.children[at] {
                if !found.contains(&child) {
                    found.push(child);
                }
            }
            next += 1;
        }
        found.sort_unstable();
        found
    }
}
