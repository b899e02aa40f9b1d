//! What a user asks for in words. Every text is a query; only its size can be refused.

use crate::asked::{Asked, AskedFinding};
use crate::clause::{Clause, Occur, is_weight};
use crate::items::{Form, Item, QueryWord, WrittenWord, items, query_words};
use crate::schema::LexicalField;
use precedent_model::{Assertion, Span};
use std::cmp::Reverse;
use std::collections::HashMap;
use std::fmt;

/// Most different words of a query, those of phrases and findings counted one by one. Each holds posting lists open.
pub const MAX_QUERY_WORDS: usize = 256;

/// Why a text is refused as a query.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub enum QueryTextError {
    /// More different words than [`MAX_QUERY_WORDS`].
    #[error("text has {found} different words and phrases, the limit is {limit}; give the words that matter")]
    TooManyWords {
        /// Different words, those of phrases and findings counted one by one.
        found: usize,
        /// [`MAX_QUERY_WORDS`].
        limit: usize,
    },
}

/// A query in words, already analysed.
///
/// A query is read as a report is. What it says of a word is what is looked for: `effusion` finds reports that say that
/// there is one, `no effusion` finds those that say there is none.
///
/// - `effusion cardiomegaly`: cases with any of the words; more of them, and rarer ones, score higher. A word that
///   stands several times counts as often. A word is looked for under the assertion that the query gives it. What is
///   asked for as present is found where it is uncertain too, for a fifth, and the other way round. A word that only
///   asserts, such as `no`, is not looked for itself, unless the query has no other words.
/// - `pleural effusion`: words that name a finding are one thing. It is found by its mentions, in whatever words, and by
///   those of its narrower findings, under the assertion that the query gives it, as words are.
/// - `"pleural effusion"`: these words one after the other, in one section, and no others for the same finding. They
///   stand under the assertion that the query gives them. Where it gives them several, or one word asserts, as in `"no
///   effusion"`, they are looked for as they stand.
/// - `+effusion`, `+"pleural effusion"`: must be there; the other words then only add to the score.
/// - `-pneumothorax`, `-"lung mass"`: must not be there. Words are read as before: `-pneumothorax` leaves out reports
///   that say that there is or may be one, and keeps those that say "no pneumothorax". `+pleural +effusion` and
///   `-pleural -effusion` name a finding, as all its words have the same sign.
/// - `indication:cough`, `findings:"small nodule"`: as it stands in that section, with or without `+` or `-` before. The
///   name is one of [`precedent_model::SectionKind`], in lower case, and nothing stands between colon and word.
/// - `text:no`, `text:"no effusion"`: as it stands, anywhere in what was reported: findings, impression and text without
///   a heading.
/// - `present:effusion`, `absent:"pleural effusion"`: in what was reported, under that [`Assertion`] alone, whatever the
///   query around it says.
///
/// Where nothing else is named, words and findings are looked for in what was reported. Any other punctuation only
/// separates words, so any text can be pasted: `x-ray` is two words, and `+x-ray` and `-x-ray` are about the two in a
/// row. `+` and `-` count at the start of a word only, a quotation mark only with its partner and not right after a letter or digit (`2" drain`). A word above [`crate::MAX_WORD_BYTES`] stands in no index, so a
/// phrase with one is nowhere.
///
/// In a segment that does not know assertions ([`crate::LexicalSegment::knows_assertions`]) everything reported is
/// present and nothing else, and a finding is its words in a row.
///
/// `Debug` hides the words: they may lead to a person.
#[derive(Clone, PartialEq, Eq, Default)]
pub struct TextQuery {
    clauses: Vec<Clause>,
}

impl TextQuery {
    /// Reads a text, with what it was understood to ask for. The length of the text is the caller's to limit.
    ///
    /// # Errors
    /// More than [`MAX_QUERY_WORDS`] different words.
    pub fn parse(text: &str, asked: &Asked) -> Result<Self, QueryTextError> {
        let items = items(text);
        let words: Vec<(&Item, &QueryWord)> =
            items.iter().flat_map(|item| item.words.iter().map(move |word| (item, word))).collect();
        let has_runs = words.iter().any(|(_, word)| asked.run_at(word.span.start).is_some());
        let said = Said { asked, has_runs };
        let taken = take_findings(&words, &asked.findings);
        let described = described(&words, &taken, asked);
        let mut taken = taken.iter().zip(described);
        let mut clauses = Clauses::default();
        for item in &items {
            let taken = taken.by_ref().take(item.words.len()).collect::<Vec<_>>();
            if item.form != Form::Loose && taken.iter().all(|(taken, _)| taken.is_none()) {
                clauses.extend(said.row(item));
                continue;
            }
            for (word, (taken, describes)) in item.words.iter().zip(taken) {
                match taken {
                    None if describes => {}
                    None => clauses.extend(said.loose(item, word)),
                    // The clause stands where the first of its words stands.
                    Some(taken) if taken.words[0].1.span == word.span => {
                        clauses.extend(finding_clauses(item.occur, taken));
                    }
                    Some(_) => {}
                }
            }
        }
        clauses.extend(sharing(&words, &asked.findings));
        let clauses = clauses.list;
        let found = clauses.iter().map(Clause::word_count).sum();
        if found > MAX_QUERY_WORDS {
            return Err(QueryTextError::TooManyWords { found, limit: MAX_QUERY_WORDS });
        }
        Ok(Self { clauses })
    }

    /// The words of a text as [`Self::parse`] cuts it, in order.
    pub fn words(text: &str) -> Vec<WrittenWord> {
        query_words(text)
    }

    /// Whether any case could be found: false for a text without words, or with words to be left out only.
    pub fn is_searchable(&self) -> bool {
        let impossible = |clause: &Clause| clause.occur == Occur::Must && clause.alternatives.is_empty();
        let positive = |clause: &Clause| clause.occur != Occur::MustNot && !clause.alternatives.is_empty();
        !self.clauses.iter().any(impossible) && self.clauses.iter().any(positive)
    }

    /// The clauses, in the order in which their scores are added up.
    pub(crate) fn clauses(&self) -> &[Clause] {
        &self.clauses
    }
}

impl fmt::Debug for TextQuery {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "TextQuery({} clauses hidden)", self.clauses.len())
    }
}

/// Clauses in the order of the query, each once.
#[derive(Default)]
struct Clauses {
    list: Vec<Clause>,
    places: HashMap<Clause, usize>,
}

impl Extend<Clause> for Clauses {
    fn extend<I: IntoIterator<Item = Clause>>(&mut self, clauses: I) {
        for clause in clauses {
            match self.places.get(&clause) {
                Some(&place) => self.list[place].times += 1,
                None => {
                    self.places.insert(clause.clone(), self.list.len());
                    self.list.push(clause);
                }
            }
        }
    }
}

/// What a query says of its words.
struct Said<'a> {
    asked: &'a Asked,
    /// Whether any word is in a run. If not, the words that assert are all there is to look for.
    has_runs: bool,
}

impl Said<'_> {
    fn loose(&self, item: &Item, word: &QueryWord) -> Option<Clause> {
        let words = std::slice::from_ref(&word.text);
        match item.field {
            Some(field) => Some(Clause::verbatim(item.occur, field, words.to_vec())),
            None => Some(Clause::asserted(item.occur, self.of(word)?, words)),
        }
    }

    /// Words in a row.
    fn row(&self, item: &Item) -> Option<Clause> {
        let words: Vec<String> = item.words.iter().map(|word| word.text.clone()).collect();
        if let Some(field) = item.field {
            return Some(Clause::verbatim(item.occur, field, words));
        }
        if let ([word], Form::Joined) = (&item.words[..], item.form) {
            return self.loose(item, word);
        }
        Some(match self.of_all(&item.words) {
            Some(assertion) => Clause::asserted(item.occur, assertion, &words),
            None => Clause::verbatim(item.occur, LexicalField::Text, words),
        })
    }

    /// What is said of a word; `None` for one that itself asserts.
    fn of(&self, word: &QueryWord) -> Option<Assertion> {
        match self.asked.run_at(word.span.start) {
            Some(run) => Some(run.assertion),
            None => (!self.has_runs).then_some(Assertion::Present),
        }
    }

    /// What is said of words together; `None` where they are not said together.
    fn of_all(&self, words: &[QueryWord]) -> Option<Assertion> {
        let (first, rest) = words.split_first()?;
        let run = |word: &QueryWord| self.asked.run_at(word.span.start).map(|run| run.span);
        rest.iter().all(|word| run(word) == run(first)).then(|| self.of(first)).flatten()
    }
}

/// A finding with its words in the query, which are never none.
#[derive(Clone, Copy)]
struct Taken<'a> {
    finding: &'a AskedFinding,
    words: &'a [(&'a Item, &'a QueryWord)],
}

/// Which words of the query are part of which finding. Where two findings share a word, the one of more words has it.
fn take_findings<'a>(
    words: &'a [(&'a Item, &'a QueryWord)],
    findings: &'a [AskedFinding],
) -> Vec<Option<Taken<'a>>> {
    let within = |span: Span| {
        let first = words.partition_point(|(_, word)| word.span.end <= span.start);
        first..words.partition_point(|(_, word)| word.span.start < span.end).max(first)
    };
    let mut order: Vec<_> = findings.iter().map(|finding| (within(finding.span), finding)).collect();
    order.sort_by_key(|(range, _)| (Reverse(range.len()), range.start));
    let mut taken = vec![None; words.len()];
    for (range, finding) in order.into_iter().filter(|(_, finding)| !finding.shares_words) {
        let free = taken[range.clone()].iter().all(Option::is_none);
        let counts = finding.findings.iter().any(|(_, weight)| is_weight(*weight));
        if free && counts && are_one(&words[range.clone()], finding.span) {
            taken[range.clone()].fill(Some(Taken { finding, words: &words[range] }));
        }
    }
    taken
}

/// The clauses of findings that share words with another one, where all of them are plain.
fn sharing(words: &[(&Item, &QueryWord)], findings: &[AskedFinding]) -> Vec<Clause> {
    let plain = |item: &Item| item.form == Form::Loose && item.field.is_none() && item.occur == Occur::Should;
    let mut clauses = Vec::new();
    for finding in findings.iter().filter(|finding| finding.shares_words) {
        let own: Vec<_> =
            words.iter().filter(|(_, word)| word.span.overlaps(finding.span)).copied().collect();
        if !own.is_empty() && own.iter().all(|(item, _)| plain(item)) {
            clauses.extend(finding_clauses(Occur::Should, &Taken { finding, words: &own }));
        }
    }
    clauses
}

/// Which words only lead to a finding, or describe one that is asked for with details: plain ones that are no finding
/// themselves.
fn described(words: &[(&Item, &QueryWord)], taken: &[Option<Taken<'_>>], asked: &Asked) -> Vec<bool> {
    let with_details = |taken: &Taken<'_>| describes(taken.words[0].0.occur, taken.finding);
    let any = taken.iter().flatten().any(with_details);
    (words.iter().zip(taken))
        .map(|((item, word), taken)| {
            let plain = item.form == Form::Loose && item.field.is_none() && item.occur == Occur::Should;
            let within = |spans: &[Span]| spans.iter().any(|span| span.overlaps(word.span));
            plain && taken.is_none() && (any && within(&asked.details) || within(&asked.leading))
        })
        .collect()
}

/// Whether the details of a finding count: one that must or must not be there is asked for whatever else is said of it.
fn describes(occur: Occur, finding: &AskedFinding) -> bool {
    occur == Occur::Should && finding.details.iter().any(|detail| is_weight(detail.weight))
}

/// Whether words can be taken together: plain ones with the same sign. A row is taken as a whole or not at all.
fn are_one(words: &[(&Item, &QueryWord)], span: Span) -> bool {
    let whole = |item: &Item| item.words.iter().all(|word| word.span.overlaps(span));
    words.iter().all(|(item, _)| match item.form {
        Form::Quoted => false,
        Form::Joined if !whole(item) => false,
        Form::Joined | Form::Loose => item.field.is_none() && item.occur == words[0].0.occur,
    })
}

/// The clause of a finding, or one per detail asked of it, which count together as the one would. Each levels off for itself, so
/// that a report that fits every detail once comes before one that fits one of them twice.
fn finding_clauses(occur: Occur, taken: &Taken<'_>) -> Vec<Clause> {
    let findings: Vec<(&str, f32)> = (taken.finding.findings.iter())
        .filter(|(_, weight)| is_weight(*weight))
        .map(|(finding, weight)| (&**finding, *weight))
        .collect();
    let words: Vec<String> = taken.words.iter().map(|(_, word)| word.text.clone()).collect();
    let assertion = taken.finding.assertion;
    if !describes(occur, taken.finding) {
        return vec![Clause::finding(occur, assertion, &findings, None, words)];
    }
    let details = || taken.finding.details.iter().filter(|detail| is_weight(detail.weight));
    let all: f32 = details().map(|detail| detail.weight).sum();
    details()
        .map(|detail| {
            let clause = Clause::finding(occur, assertion, &findings, Some(detail), words.clone());
            clause.sharing(detail.weight / all)
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::clause::Alternative;
    use crate::simple::read_text;
    use precedent_model::SectionKind;
    use proptest::prelude::*;
    use proptest::test_runner::RngSeed;

    /// The query as it is understood. A narrower finding, `sub-` and the id, counts 0.5.
    fn parse(text: &str) -> TextQuery {
        let sentences = read_text(0, SectionKind::Body, text);
        let findings = sentences.iter().flat_map(|sentence| &sentence.mentions).map(|mention| AskedFinding {
            span: mention.span,
            assertion: mention.assertion,
            findings: vec![(mention.finding.clone(), 1.0), (format!("sub-{}", mention.finding).into(), 0.5)],
            details: Vec::new(),
            shares_words: false,
        });
        let findings = findings.collect();
        let runs = sentences.iter().flat_map(|sentence| sentence.runs.iter().copied()).collect();
        TextQuery::parse(text, &Asked { runs, findings, ..Asked::default() }).unwrap()
    }

    /// Clauses as text: sign, the field and what is looked for in it, `*n` when repeated. Words in a row are joined by
    /// `_`, alternatives by `|` with their boost unless it is 1.
    fn show(query: &TextQuery) -> String {
        let alternative = |alternative: &Alternative| {
            let boost = alternative.boost.value();
            let boost = if boost == 1.0 { String::new() } else { format!("^{boost}") };
            let words = alternative.words.join("_");
            match alternative.field {
                LexicalField::Finding => format!("{words}{boost}"),
                field => format!("{}:{words}{boost}", field.name()),
            }
        };
        let clause = |clause: &Clause| {
            let sign = match clause.occur {
                Occur::Should => "",
                Occur::Must => "+",
                Occur::MustNot => "-",
            };
            let alternatives: Vec<String> = clause.alternatives.iter().map(alternative).collect();
            let times = if clause.times > 1 { format!("*{}", clause.times) } else { String::new() };
            format!("{sign}{}{times}", alternatives.join("|"))
        };
        query.clauses().iter().map(clause).collect::<Vec<_>>().join(" ")
    }

    fn check(text: &str, expected: &str) {
        assert_eq!(show(&parse(text)), expected, "{text}");
    }

    #[test]
    fn words_are_looked_for_under_the_assertion_of_the_query() {
        check("Lungs", "present:lung|uncertain:lung^0.2");
        check("may opacity", "uncertain:opac|present:opac^0.2");
        check("no opacity", "absent:opac");
        check("old scar. if pain. mother cancer", "historical:scar hypothetical:pain other_person:cancer");
        check("clear no opacity", "present:clear|uncertain:clear^0.2 absent:opac");
        check("cough Cough coughing", "present:cough|uncertain:cough^0.2*3");
        check("x-ray", "present:x|uncertain:x^0.2 present:ray|uncertain:ray^0.2");
    }

    #[test]
    fn cues_are_dropped_unless_nothing_is_left() {
        check("no", "present:no|uncertain:no^0.2");
        check("No, may!", "present:no|uncertain:no^0.2 present:may|uncertain:may^0.2");
        check("+no opacity -no", "absent:opac");
        check("no findings:clear", "findings:clear");
        check("text:no opacity", "text:no absent:opac");
        let nothing = TextQuery::parse("no effusion", &Asked::default()).unwrap();
        assert_eq!(show(&nothing), "present:no|uncertain:no^0.2 present:effus|uncertain:effus^0.2");
    }

    #[test]
    fn words_of_a_finding_become_one_clause() {
        let present = "present/mass|present/sub-mass^0.5|uncertain/mass^0.2|uncertain/sub-mass^0.1";
        check("mass", present);
        check("nodules Nodule mass", &format!("present:nodul|uncertain:nodul^0.2 {present} {present}"));
        check("mass mass", &format!("{present}*2"));
        check("no mass", "absent/mass|absent/sub-mass^0.5");
        check("may mass", "uncertain/mass|uncertain/sub-mass^0.5|present/mass^0.2|present/sub-mass^0.1");
        check("-mass", &format!("-{present}"));
        check(
            "no left Pleural effusion",
            "absent:left absent/pleural-effusion|absent/sub-pleural-effusion^0.5",
        );
    }

    #[test]
    fn without_assertions_a_finding_is_its_words_as_far_as_it_may_be_present() {
        for (text, expected) in
            [("pleural effusion", Some("pleural effus")), ("may mass", Some("mass")), ("no mass", None)]
        {
            let query = parse(text);
            let clause = &query.clauses()[0];
            let fallback = clause.fallback.as_ref();
            assert_eq!(fallback.map(|fallback| fallback.words.join(" ")).as_deref(), expected, "{text}");
            // It counts as much as a mention that is present.
            let present = clause.alternatives.iter().find(|known| known.words[0].starts_with("present/"));
            let boost = |alternative: &Alternative| alternative.boost.value();
            assert_eq!(fallback.map(boost), present.map(boost), "{text}");
        }
    }

    #[test]
    fn words_of_a_finding_with_different_signs_are_words() {
        let finding = "absent/pleural-effusion|absent/sub-pleural-effusion^0.5";
        check("no +pleural +effusion", &format!("+{finding}"));
        check("no -pleural-effusion", &format!("-{finding}"));
        check("no pleural-effusion", finding);
        check("no +pleural effusion", "+absent:pleural absent:effus");
        check("no pleural findings:effusion", "absent:pleural findings:effus");
        check(r#"no pleural "effusion""#, "absent:pleural absent:effus");
        // A part of a row is no finding, as the row is looked for as a whole.
        check("no +left-mass", "+absent:left_mass");
    }

    #[test]
    fn a_finding_among_the_words_of_another_is_asked_for_too() {
        let asked = |id: &str, span: std::ops::Range<usize>, shares_words| AskedFinding {
            span: Span::new(span),
            assertion: Assertion::Absent,
            findings: vec![(id.into(), 1.0)],
            details: Vec::new(),
            shares_words,
        };
        let findings = vec![asked("a", 0..16, false), asked("b", 8..16, true)];
        let query = |text: &str| {
            show(&TextQuery::parse(text, &Asked { findings: findings.clone(), ..Asked::default() }).unwrap())
        };
        assert_eq!(query("calcific tortuous"), "absent/a absent/b");
        assert_eq!(query("-calcific -tortuous"), "-absent/a", "a sign is for the words as one");
    }

    #[test]
    fn findings_that_share_words_go_to_the_longer_one() {
        let asked = |weights: [f32; 2]| {
            let finding = |(span, id): (std::ops::Range<usize>, &str), weight: f32| AskedFinding {
                span: Span::new(span),
                assertion: Assertion::Absent,
                findings: vec![(id.into(), weight)],
                details: Vec::new(),
                shares_words: false,
            };
            let findings = vec![
                finding((8..16, "effusion"), weights[0]),
                finding((0..16, "pleural-effusion"), weights[1]),
            ];
            show(&TextQuery::parse("pleural effusion", &Asked { findings, ..Asked::default() }).unwrap())
        };
        assert_eq!(asked([1.0, 1.0]), "absent/pleural-effusion");
        // Without a weight a finding is none.
        for none in [0.0, -1.0, f32::NAN, f32::INFINITY] {
            assert_eq!(asked([0.7, none]), "present:pleural|uncertain:pleural^0.2 absent/effusion^0.7");
        }
    }

    #[test]
    fn phrases_stand_under_the_assertion_of_all_their_words() {
        check(
            r#""Pleural effusions" left"#,
            "present:pleural_effus|uncertain:pleural_effus^0.2 present:left|uncertain:left^0.2",
        );
        check(r#"no -"pleural effusion""#, "-absent:pleural_effus");
        check(r#""one""#, "present:one|uncertain:one^0.2");
        check(r#""no effusion""#, "text:no_effus");
        check(r#"-"no acute""#, "-text:no_acut");
        check(r#""no" opacity"#, "text:no absent:opac");
        check(r#""clear. lungs""#, "text:clear_lung");
        check("may +well-defined", "+uncertain:well_defin|present:well_defin^0.2");
    }

    #[test]
    fn fields_are_searched_as_they_stand() {
        check(
            r#"indication:cough +findings:"small nodule" -body:mass"#,
            "indication:cough +findings:small_nodul -body:mass",
        );
        check("no text:mass absent:mass", "text:mass absent:mass");
        check(r#"-other_person:"lung cancer" a"#, "-other_person:lung_cancer present:a|uncertain:a^0.2");
    }

    #[test]
    fn words_that_no_index_holds() {
        let long = "x".repeat(65);
        check(&format!("a {long}"), "present:a|uncertain:a^0.2");
        check(&format!("+{long} \"a {long} b\""), "+ ");
        assert!(!parse(&format!("a +{long}")).is_searchable());
    }

    #[test]
    fn what_cannot_find_anything_says_so() {
        for (text, searchable) in [
            ("", false),
            (" ?! -- ", false),
            ("-a", false),
            ("-a b", true),
            ("no -a", false),
            ("-mass mass", true),
            ("\"..\"", false),
            ("肺炎", true),
        ] {
            assert_eq!(parse(text).is_searchable(), searchable, "{text}");
        }
    }

    #[test]
    fn different_words_are_limited_repeated_ones_are_not() {
        let words = |n: usize| (0..n).map(|i| format!("w{i}")).collect::<Vec<_>>().join(" ");
        let parse = |text: &str| TextQuery::parse(text, &Asked::default());
        assert!(parse(&format!("{0} {0}", words(256))).is_ok());
        let error = parse(&words(257)).unwrap_err();
        assert_eq!(error, QueryTextError::TooManyWords { found: 257, limit: 256 });
        assert!(parse(&format!("\"{}\" a", words(256))).is_err());
        assert_eq!(format!("{:?}", parse("Jane Doe").unwrap()), "TextQuery(2 clauses hidden)");
    }

    proptest! {
        #![proptest_config(ProptestConfig { rng_seed: RngSeed::Fixed(13), failure_persistence: None, ..Default::default() })]

        /// No text is an error or a panic, whatever it is said to ask for, and every alternative has words.
        #[test]
        fn any_text_is_a_query(
            text in "(\\PC|[ \"+:-]|findings:|“|mass){0,60}",
            spans in proptest::collection::vec((0_usize..60, 0_usize..20, 0_usize..6), 0..6),
        ) {
            let findings = spans.iter().map(|&(start, length, assertion)| AskedFinding {
                span: Span::new(start..start + length),
                assertion: Assertion::ALL[assertion],
                findings: vec![("mass".into(), length as f32 - 1.0)],
                details: Vec::new(),
                shares_words: false,
            });
            let findings = findings.collect();
            let runs = spans.iter().zip(0..).map(|(&(_, length, assertion), place)| precedent_model::Run {
                span: Span::new(place * 20..place * 20 + length),
                assertion: Assertion::ALL[assertion],
                overridden: false,
            });
            let query = TextQuery::parse(&text, &Asked { runs: runs.collect(), findings, ..Asked::default() }).unwrap();
            let alternatives = query.clauses().iter().flat_map(|clause| clause.alternatives.iter().chain(&clause.fallback));
            for alternative in alternatives {
                prop_assert!(!alternative.words.is_empty() && alternative.words.iter().all(|word| !word.is_empty()));
                prop_assert!(alternative.boost.value() > 0.0);
            }
        }
    }
}
