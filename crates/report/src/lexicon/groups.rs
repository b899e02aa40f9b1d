//! Places, severities and times: their ids, and which lies within which.

use super::{GroupEntry, LexiconError};
use std::sync::Arc;

/// The groups of one kind, ascending by id.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Groups {
    groups: Vec<Group>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Group {
    id: Arc<str>,
    /// Itself and every group within it, by place in the table.
    inside: Vec<usize>,
}

impl Groups {
    pub(super) fn of(kind: &str, entries: &[GroupEntry]) -> Result<Self, LexiconError> {
        let mut sorted: Vec<&GroupEntry> = entries.iter().collect();
        sorted.sort_by(|a, b| a.id.cmp(&b.id));
        let around = |group: &GroupEntry| {
            let Some(outer) = &group.within else { return Ok(None) };
            let place = sorted.binary_search_by(|other| other.id.cmp(outer));
            place.map(Some).map_err(|_| LexiconError::Entry {
                entry: format!("{kind} {}", group.id),
                problem: format!("it is within `{outer}`, which is no {kind}; give the id of one"),
            })
        };
        let outer = sorted.iter().map(|group| around(group)).collect::<Result<Vec<_>, _>>()?;
        let mut groups: Vec<Group> = (sorted.iter().enumerate())
            .map(|(place, group)| Group { id: group.id.as_str().into(), inside: vec![place] })
            .collect();
        for place in 0..sorted.len() {
            // As many steps as there are groups, so that a circle in a site's file ends.
            let mut at = place;
            for _ in 0..sorted.len() {
                let Some(next) = outer[at].filter(|&next| next != place) else { break };
                if !groups[next].inside.contains(&place) {
                    groups[next].inside.push(place);
                }
                at = next;
            }
        }
        Ok(Self { groups })
    }

    /// Every id, ascending.
    pub fn ids(&self) -> impl Iterator<Item = &Arc<str>> {
        self.groups.iter().map(|group| &group.id)
    }

    /// The groups that this one is a part of, ascending. Empty for an unknown id.
    pub fn around(&self, id: &str) -> Vec<Arc<str>> {
        let Ok(place) = self.groups.binary_search_by(|group| (*group.id).cmp(id)) else { return Vec::new() };
        let outer = |group: &&Group| *group.id != *id && group.inside.contains(&place);
        self.groups.iter().filter(outer).map(|group| Arc::clone(&group.id)).collect()
    }

    /// The group and every group within it, the group first. Empty for an unknown id.
    pub fn inside(&self, id: &str) -> Vec<Arc<str>> {
        let place = self.groups.binary_search_by(|group| (*group.id).cmp(id));
        let inside = place.map(|place| self.groups[place].inside.as_slice()).unwrap_or_default();
        inside.iter().map(|&place| Arc::clone(&self.groups[place].id)).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn group(id: &str, within: Option<&str>, phrases: &[&str]) -> GroupEntry {
        GroupEntry {
            id: id.to_owned(),
            within: within.map(str::to_owned),
            phrases: phrases.iter().map(|&phrase| phrase.to_owned()).collect(),
        }
    }

    #[test]
    fn a_group_holds_what_lies_within_it() {
        let entries = [
            group("lower", None, &["lower lobe"]),
            group("base", Some("lower"), &["Basal"]),
            group("apex", None, &[]),
        ];
        let groups = Groups::of("place", &entries).unwrap();
        let inside = |id: &str| groups.inside(id).iter().map(|id| id.to_string()).collect::<Vec<_>>();
        assert_eq!(inside("lower"), ["lower", "base"]);
        assert_eq!(inside("base"), ["base"]);
        assert!(inside("nowhere").is_empty());
        let around = |id: &str| groups.around(id).iter().map(|id| id.to_string()).collect::<Vec<_>>();
        assert_eq!(around("base"), ["lower"]);
        assert!(around("lower").is_empty() && around("nowhere").is_empty());
        assert_eq!(groups.ids().map(|id| &**id).collect::<Vec<_>>(), ["apex", "base", "lower"]);
    }

    #[test]
    fn an_unknown_outer_group_is_refused_and_a_circle_ends() {
        let error = Groups::of("place", &[group("base", Some("lung"), &[])]).unwrap_err();
        assert_eq!(
            error.to_string(),
            "lexicon entry place base: it is within `lung`, which is no place; give the id of one"
        );
        let circle = [group("a", Some("b"), &[]), group("b", Some("a"), &[])];
        assert_eq!(Groups::of("place", &circle).unwrap().inside("a").len(), 2);
    }
}
