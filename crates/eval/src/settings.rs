//! How searches are made: what `precedent search` has flags for and changes which cases are found.

use precedent_query::{Fusion, HitDetail, Judgement, Limits, PathChoice, SearchRequest};
use serde::Serialize;

/// The settings of a search.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[serde(rename_all = "camelCase")]
pub struct Settings {
    /// [`Fusion::image_weight`].
    pub image_weight: f32,
    /// [`Fusion::lexical_weight`].
    pub lexical_weight: f32,
    /// [`Fusion::sentence_weight`].
    pub sentence_weight: f32,
    /// [`SearchRequest::rerank`].
    pub rerank: usize,
    /// [`Fusion::rrf_k`].
    pub rrf_k: f32,
    /// [`Fusion::candidates`].
    pub candidates: usize,
    /// [`Limits::exact`].
    pub exact: bool,
    /// [`Limits::target_recall`].
    pub target_recall: Option<f32>,
    /// [`Limits::ef_search`].
    pub ef_search: Option<usize>,
    /// [`SearchRequest::diversity`].
    pub diversity: Option<f32>,
    /// [`SearchRequest::literal_text`].
    pub literal: bool,
}

impl Default for Settings {
    fn default() -> Self {
        let Fusion { image_weight, lexical_weight, sentence_weight, rrf_k, candidates } = Fusion::default();
        Self {
            image_weight,
            lexical_weight,
            sentence_weight,
            rerank: 0,
            rrf_k,
            candidates,
            exact: false,
            target_recall: None,
            ef_search: None,
            diversity: None,
            literal: false,
        }
    }
}

/// The names that [`Settings::with`] takes.
const NAMES: &str = "image_weight, lexical_weight, sentence_weight, rerank, rrf_k, candidates, exact, target_recall, ef_search, diversity, literal";

impl Settings {
    /// These settings with some changed: `image_weight=0,exact=true`.
    ///
    /// # Errors
    /// An unknown name or a value that is none, with what to write.
    pub fn with(mut self, changes: &str) -> Result<Self, String> {
        for change in changes.split(',').map(str::trim).filter(|change| !change.is_empty()) {
            let (name, value) = change.split_once('=').unwrap_or((change, "true"));
            self.set(name.trim(), value.trim())?;
        }
        Ok(self)
    }

    fn set(&mut self, name: &str, value: &str) -> Result<(), String> {
        fn read<T: std::str::FromStr>(name: &str, value: &str, what: &str) -> Result<T, String> {
            value.parse().map_err(|_| format!("{name}={value}: give {what}"))
        }
        let number = |name| read::<f32>(name, value, "a number");
        let count = |name| read::<usize>(name, value, "a whole number");
        let choice = |name| read::<bool>(name, value, "true or false");
        match name {
            "image_weight" => self.image_weight = number(name)?,
            "lexical_weight" => self.lexical_weight = number(name)?,
            "sentence_weight" => self.sentence_weight = number(name)?,
            "rerank" => self.rerank = count(name)?,
            "rrf_k" => self.rrf_k = number(name)?,
            "candidates" => self.candidates = count(name)?,
            "exact" => self.exact = choice(name)?,
            "target_recall" => self.target_recall = Some(number(name)?),
            "ef_search" => self.ef_search = Some(count(name)?),
            "diversity" => self.diversity = Some(number(name)?),
            "literal" => self.literal = choice(name)?,
            _ => return Err(format!("{name}: there is no such setting; give some of {NAMES}")),
        }
        Ok(())
    }

    /// A request for the ids of so many cases that asks for nothing yet.
    pub(crate) fn request(&self, limit: usize) -> SearchRequest {
        SearchRequest {
            literal_text: self.literal,
            fusion: Fusion {
                image_weight: self.image_weight,
                lexical_weight: self.lexical_weight,
                sentence_weight: self.sentence_weight,
                rrf_k: self.rrf_k,
                candidates: self.candidates,
            },
            rerank: self.rerank,
            limits: Limits {
                limit,
                exact: self.exact,
                path: PathChoice::Auto,
                ef_search: self.ef_search,
                target_recall: self.target_recall,
                ..Limits::default()
            },
            detail: HitDetail::CaseId,
            judgement: Judgement::Off,
            diversity: self.diversity,
            ..SearchRequest::default()
        }
    }

    /// What differs from the defaults, as [`Self::with`] takes it; empty if nothing does.
    pub fn changes(&self) -> String {
        let plain = Self::default();
        let mut changes = Vec::new();
        let mut change = |name: &str, differs: bool, value: String| {
            changes.extend(differs.then(|| format!("{name}={value}")));
        };
        let shown = |value: Option<f32>| value.map(|value| value.to_string()).unwrap_or_default();
        change("image_weight", self.image_weight != plain.image_weight, self.image_weight.to_string());
        change(
            "lexical_weight",
            self.lexical_weight != plain.lexical_weight,
            self.lexical_weight.to_string(),
        );
        change(
            "sentence_weight",
            self.sentence_weight != plain.sentence_weight,
            self.sentence_weight.to_string(),
        );
        change("rerank", self.rerank != plain.rerank, self.rerank.to_string());
        change("rrf_k", self.rrf_k != plain.rrf_k, self.rrf_k.to_string());
        change("candidates", self.candidates != plain.candidates, self.candidates.to_string());
        change("exact", self.exact, self.exact.to_string());
        change("target_recall", self.target_recall.is_some(), shown(self.target_recall));
        change("ef_search", self.ef_search.is_some(), self.ef_search.unwrap_or_default().to_string());
        change("diversity", self.diversity.is_some(), shown(self.diversity));
        change("literal", self.literal, self.literal.to_string());
        changes.join(",")
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn changes_are_read_and_written_alike() {
        let text = "image_weight=0,lexical_weight=2.5,sentence_weight=0.5,rerank=50,rrf_k=10,candidates=50,exact=true,target_recall=0.9,ef_search=64,\
                    diversity=0.3,literal=true";
        let changed = Settings::default().with(text).unwrap();
        assert_eq!(changed.changes(), text);
        assert_eq!(Settings::default().with(" exact , ").unwrap().changes(), "exact=true");
        assert_eq!(Settings::default().changes(), "");
    }

    #[test]
    fn what_is_no_setting_is_named_with_what_to_write() {
        let refused = |text: &str| Settings::default().with(text).unwrap_err();
        assert!(refused("image_wieght=1").contains("image_weight, lexical_weight"));
        assert_eq!(refused("exact=2"), "exact=2: give true or false");
        assert_eq!(refused("candidates=-1"), "candidates=-1: give a whole number");
        assert_eq!(refused("rrf_k"), "rrf_k=true: give a number");
    }
}
