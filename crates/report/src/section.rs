//! Parts of a section's text by the headings inside it.

mod finder;
mod headings;

pub(crate) use headings::Headings;

use finder::{find, is_titled};
use headings::Heading;
use precedent_model::SectionKind;
use std::ops::Range;

/// A part of a text.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Part {
    /// Its bytes, without the heading and without white space around it.
    pub range: Range<usize>,
    /// What it is for.
    pub kind: SectionKind,
    /// In which addendum of the text it is, from 1 on; 0 is the report itself.
    pub addendum: u32,
    /// It lists what may be there: a differential diagnosis.
    pub doubtful: bool,
}

/// The parts of a text that was given as of one kind, ascending, each with a letter or digit.
pub(crate) fn parts(text: &str, given: SectionKind, headings: &Headings) -> Vec<Part> {
    let found = find(text, given, headings);
    let findings = Heading::Section(SectionKind::Findings);
    let described = !given.is_reported() || found.iter().any(|place| place.heading == findings);
    let mut parts = Parts { text, headings, back: (!described).then_some(given), list: Vec::new() };
    let mut open = Open { start: 0, kind: given, addendum: 0, doubtful: false, by_heading: false };
    let mut addenda = 0;
    for place in found {
        let begun = match place.heading {
            Heading::Label => match parts.back_from(&open) {
                // "EXAM: Chest. Lungs: clear": without a heading for them, findings begin at the first label.
                Some(kind) if !trim(text, open.start..place.start).is_empty() => {
                    Open { start: place.start, kind, doubtful: false, by_heading: false, ..open }
                }
                _ => continue,
            },
            Heading::Addendum => {
                let kind = if given.is_reported() { given } else { SectionKind::Body };
                addenda += 1;
                Open { start: place.end, kind, addendum: addenda, doubtful: false, by_heading: true }
            }
            Heading::Section(SectionKind::Body) => {
                Open { start: place.end, kind: given, addendum: 0, doubtful: false, by_heading: true }
            }
            Heading::Section(kind) => {
                Open { start: place.end, kind, doubtful: false, by_heading: true, ..open }
            }
            Heading::Differential => {
                let kind = if open.kind.is_reported() { open.kind } else { SectionKind::Impression };
                Open { start: place.end, kind, doubtful: true, by_heading: true, ..open }
            }
        };
        parts.push(open, place.start);
        if place.heading == findings {
            parts.back = Some(SectionKind::Findings);
        }
        open = begun;
    }
    parts.push(open, text.len());
    parts.list
}

/// A part whose end is not known yet.
#[derive(Clone, Copy)]
struct Open {
    start: usize,
    kind: SectionKind,
    addendum: u32,
    doubtful: bool,
    /// A heading in the text began it.
    by_heading: bool,
}

struct Parts<'a> {
    text: &'a str,
    headings: &'a Headings,
    /// What text without a heading is for, where findings have none or had theirs before.
    back: Option<SectionKind>,
    list: Vec<Part>,
}

impl Parts<'_> {
    /// What follows the part when it ends without another heading: findings do not belong to a comparison.
    fn back_from(&self, open: &Open) -> Option<SectionKind> {
        self.back.filter(|_| open.by_heading && !open.kind.is_reported())
    }

    /// Adds the part, and what follows it without a heading as a part of its own.
    fn push(&mut self, open: Open, end: usize) {
        let range = trim(self.text, open.start..end);
        let back = self.back_from(&open);
        let split = match back {
            Some(_) => {
                let end = own_end(self.text, range.clone(), open.kind != SectionKind::Indication);
                // A text that says nothing else says it here.
                let alone = end == self.text.len() && !self.list.iter().any(|part| part.kind.is_reported());
                let short = || own_end(self.text, range.clone(), true);
                let end = if alone { first_line(self.text, range.start..end).min(short()) } else { end };
                statement(self.text, range.start..end, self.headings).unwrap_or(end)
            }
            None if open.doubtful => listed(self.text, open.start, range.clone()),
            None => range.end,
        };
        let rest = trim(self.text, split..range.end);
        let (first, second) = ((open.kind, open.doubtful), (back.unwrap_or(open.kind), false));
        for (range, (kind, doubtful)) in [(trim(self.text, range.start..split), first), (rest, second)] {
            if self.text[range.clone()].contains(char::is_alphanumeric) {
                self.list.push(Part { range, kind, addendum: open.addendum, doubtful });
            }
        }
    }
}

/// Where the first sentence behind another begins that speaks of an organ or of what there is: "The heart is large",
/// "Lungs are clear", "No effusion". No indication goes on so.
fn statement(text: &str, range: Range<usize>, headings: &Headings) -> Option<usize> {
    let inside = &text[range.clone()];
    let ends = inside.match_indices(['.', '\n', '\r']).map(|(place, mark)| place + mark.len());
    ends.filter(|&at| {
        // Far enough for any indent, and no farther, so that time stays linear in blank lines.
        let skipped = inside[at..]
            .char_indices()
            .take(12)
            .find(|(_, c)| !c.is_whitespace())
            .map_or(0, |(place, _)| place);
        let rest = &inside[at + skipped..];
        if rest.len() == inside.len() - at && inside[..at].ends_with('.') || !is_titled(rest) {
            return false;
        }
        let mut words: Vec<String> =
            (rest.split(|c: char| !headings::is_word(c)).filter(|word| !word.is_empty()))
                .take(5)
                .map(headings::lower)
                .collect();
        let there = words.len() > 1
            && (words[0] == "there" && matches!(words[1].as_str(), "is" | "are" | "has" | "have")
                || words[0] == "no");
        if matches!(words.first().map(String::as_str), Some("the" | "both")) {
            words.remove(0);
        }
        let organ = headings.longest(&words).is_some_and(|(length, heading)| {
            heading == Heading::Label
                && words.get(length).is_some_and(|word| {
                    matches!(
                        word.as_str(),
                        "is" | "are"
                            | "size"
                            | "appear"
                            | "appears"
                            | "remains"
                            | "remain"
                            | "clear"
                            | "normal"
                    )
                })
        });
        there || organ
    })
    .map(|at| range.start + at)
    .next()
}

fn trim(text: &str, range: Range<usize>) -> Range<usize> {
    let inside = &text[range.clone()];
    let start = range.start + inside.len() - inside.trim_start().len();
    start..(range.start + inside.trim_end().len()).max(start)
}

/// Where an indication, a comparison or a technique ends that no heading ends: at a blank line, or, if it is `short`,
/// at its first full stop.
fn own_end(text: &str, range: Range<usize>, short: bool) -> usize {
    let inside = &text[range.clone()];
    let line_end = if inside.contains('\n') { '\n' } else { '\r' };
    let mut at = 0;
    for line in inside.split_inclusive(line_end) {
        if line.trim().is_empty() {
            break;
        }
        let stop = line.match_indices('.').find(|&(place, _)| {
            let behind = line[place + 1..].trim_start();
            behind.is_empty() || behind.len() < line.len() - place - 1 && is_titled(behind)
        });
        if let Some((place, _)) = stop.filter(|_| short) {
            return range.start + at + place + 1;
        }
        at += line.len();
    }
    range.start + at
}

/// Where the first line ends, if one that begins with a capital letter follows.
fn first_line(text: &str, range: Range<usize>) -> usize {
    let inside = &text[range.clone()];
    let line = inside.find(['\n', '\r']).filter(|&line| is_titled(inside[line..].trim_start()));
    line.map_or(range.end, |line| range.start + line)
}

/// Where the list of a differential diagnosis ends: at a blank line, or, if it stands in the line of its heading, with
/// its sentence.
fn listed(text: &str, heading_end: usize, range: Range<usize>) -> usize {
    if text[heading_end..range.start].contains(['\n', '\r']) {
        return own_end(text, range, false);
    }
    let end = own_end(text, range.clone(), true);
    first_line(text, range.start..end)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::lexicon_file::{HeadingEntry, LexiconFile};
    use proptest::prelude::*;
    use std::sync::LazyLock;

    static HEADINGS: LazyLock<Headings> = LazyLock::new(|| {
        let file: LexiconFile = toml::from_str(include_str!("../../../index/lexicon/headings.toml")).unwrap();
        Headings::new(&file.headings).unwrap()
    });

    /// The parts as lines `[kind] text`, line breaks as `/`, addenda with `+`.
    fn check_given(given: SectionKind, text: &str, expected: &[&str]) {
        let shown: Vec<String> = (parts(text, given, &HEADINGS).into_iter())
            .map(|part| {
                let mark = if part.addendum > 0 { "+" } else { "" };
                let doubt = if part.doubtful { "?" } else { "" };
                format!("[{}{mark}{doubt}] {}", part.kind.name(), text[part.range].replace('\n', "/"))
            })
            .collect();
        assert_eq!(shown, expected, "{text:?}");
    }

    fn check(text: &str, expected: &[&str]) {
        check_given(SectionKind::Body, text, expected);
    }

    #[test]
    fn no_heading_is_one_part_of_the_given_kind() {
        check("", &[]);
        check(" \n", &[]);
        check("Lungs clear.", &["[body] Lungs clear."]);
        check_given(SectionKind::Indication, " Cough\n", &["[indication] Cough"]);
        for text in [
            "No comparison. Comparison is made to 2019.",
            "Comparison is made to the study of 1/2/2019.",
            "The findings are stable. Findings consistent with edema: mild.",
            "Clear impression of the ribs. History of cough.",
            "Given the history: no change.",
            "Lungs: clear. Heart: normal. Bones: none. Pleura: clear. Mediastinum: normal.",
            "Lungs: clear\nHeart: normal",
            "CHEST 2 VIEWS: The heart is normal.",
            "PA AND LATERAL VIEWS: The heart is normal.",
            "PORTABLE AP VIEW: The heart is normal.",
            "EXAM DATE: 1/2/2019",
            "There are no prior\nstudies. In conclusion normal.",
            "The study was limited.\nFindings were called in.",
            "REPORT DATE: today",
        ] {
            check(text, &[&format!("[body] {}", text.replace('\n', "/"))]);
        }
    }

    #[test]
    fn colons_at_the_start_of_lines() {
        check(
            "EXAM: XR CHEST\nINDICATION: Cough.\nCOMPARISON: None.\n\nFINDINGS:\nLungs clear.\n\nIMPRESSION: Normal.",
            &[
                "[technique] XR CHEST",
                "[indication] Cough.",
                "[comparison] None.",
                "[findings] Lungs clear.",
                "[impression] Normal.",
            ],
        );
        check("Findings: Clear\nImpression : Normal", &["[findings] Clear", "[impression] Normal"]);
        check("findings: clear.\nimpression: normal", &["[findings] clear.", "[impression] normal"]);
        check("FINDINGS:Clear\r\nIMPRESSION:-  Normal", &["[findings] Clear", "[impression] Normal"]);
        check("as in the\nhistory: cough", &["[body] as in the/history: cough"]);
    }

    #[test]
    fn colons_inside_lines() {
        check(
            "INDICATION: Cough. COMPARISON: None. FINDINGS: Clear lungs. IMPRESSION: 1. Normal. 2. Stable.",
            &[
                "[indication] Cough.",
                "[comparison] None.",
                "[findings] Clear lungs.",
                "[impression] 1. Normal. 2. Stable.",
            ],
        );
        check(
            "INDICATION: cough COMPARISON: none FINDINGS: clear IMPRESSION: normal",
            &["[indication] cough", "[comparison] none", "[findings] clear", "[impression] normal"],
        );
        check(
            "Indication: cough Comparison: none Findings: clear",
            &["[indication] cough", "[comparison] none", "[findings] clear"],
        );
        check("HISTORY: COUGH FINDINGS: CLEAR", &["[indication] COUGH", "[findings] CLEAR"]);
        check("SEE THE IMPRESSION: CLEAR", &["[body] SEE THE IMPRESSION: CLEAR"]);
        check("Clear lungs. Impression: Normal.", &["[body] Clear lungs.", "[impression] Normal."]);
        check("Clear lungs.IMPRESSION: Normal.", &["[body] Clear lungs.", "[impression] Normal."]);
        check("COMPARISON: TECHNIQUE: Two views.", &["[technique] Two views."]);
    }

    #[test]
    fn many_names() {
        for (heading, kind) in [
            ("INDICATION / HISTORY", "indication"),
            ("Clinical history", "indication"),
            ("REASON FOR THIS EXAMINATION", "indication"),
            ("SYMPTOMS OR REASON FOR PROCEDURE", "indication"),
            ("INDICATION/CLINICAL QUESTION", "indication"),
            ("Pt's clinical findings and history", "body"),
            ("PERTINENT SURGICAL HISTORY", "indication"),
            ("INDICATION FOR CHEST CT", "indication"),
            ("Prior studies", "comparison"),
            ("COMPARISON (1/2/2019)", "comparison"),
            ("Compared to", "comparison"),
            ("TYPE OF PROCEDURE", "technique"),
            ("Views", "technique"),
            ("FINDINGS AND IMPRESSION", "findings"),
            ("CHEST FINDINGS", "findings"),
            ("FINDINGS ON CHEST RADIOGRAPH", "findings"),
            ("Findings (PA and lateral)", "findings"),
            ("REPORT", "findings"),
            ("Observations", "findings"),
            ("IMPRESSION/ASSESSMENT", "impression"),
            ("IMPRESSION #2", "impression"),
            ("Impression(s)", "impression"),
            ("Conclusion", "impression"),
            ("Opinion", "impression"),
            ("Diagnosis", "impression"),
            ("Recommendations", "impression"),
        ] {
            let left = if kind == "body" { format!("{heading}: ") } else { String::new() };
            check(&format!("{heading}: Text"), &[&format!("[{kind}] {left}Text")]);
        }
    }

    #[test]
    fn lines_of_their_own() {
        check("FINDINGS\nClear.\nIMPRESSION\nNormal.", &["[findings] Clear.", "[impression] Normal."]);
        check("Findings\nClear.\n\nImpression\nNormal.", &["[findings] Clear.", "[impression] Normal."]);
        check(
            "Findings\n--------\nClear\nImpression\n=====\nNormal",
            &["[findings] Clear", "[impression] Normal"],
        );
        check(
            "Clear compared with prior\nStudies\nof May",
            &["[body] Clear compared with prior/Studies/of May"],
        );
        check("Clear.\nImpression", &["[body] Clear./Impression"]);
        check("CHEST, 2 VIEWS\nClear.", &["[body] CHEST, 2 VIEWS/Clear."]);
        check("GIVEN THE\nHISTORY\nOF COUGH", &["[body] GIVEN THE/HISTORY/OF COUGH"]);
    }

    #[test]
    fn dashes_bold_type_and_numbers() {
        check("Findings - Clear. Impression - Normal.", &["[findings] Clear.", "[impression] Normal."]);
        check("Technique\u{2014} PA\nFindings \u{2013} Clear", &["[technique] PA", "[findings] Clear"]);
        check("**Findings**\nClear\n**Impression:** Normal", &["[findings] Clear", "[impression] Normal"]);
        check("**Findings** clear. **Impression**: normal", &["[findings] clear.", "[impression] normal"]);
        check("## Findings\nClear\n## Impression ##\nNormal", &["[findings] Clear", "[impression] Normal"]);
        check(
            "The **findings** and the **Findings** are old.",
            &["[body] The **findings** and the **Findings** are old."],
        );
        check("__Findings__: clear", &["[findings] clear"]);
        check("1. INDICATION: Cough\n2. FINDINGS: Clear", &["[indication] Cough", "[findings] Clear"]);
        check("I. HISTORY\nCough\nII. FINDINGS\nClear", &["[indication] Cough", "[findings] Clear"]);
        check("Grade 2. FINDINGS: Clear", &["[body] Grade 2.", "[findings] Clear"]);
        check("FINDINGS: ___F with __ cm mass", &["[findings] ___F with __ cm mass"]);
        check("*** FINDINGS ***\nClear", &["[findings] Clear"]);
    }

    #[test]
    fn capitals_before_other_text() {
        check(
            "FINDINGS The heart is large. IMPRESSION No change.",
            &["[findings] The heart is large.", "[impression] No change."],
        );
        check("IMPRESSION 1. Normal", &["[impression] 1. Normal"]);
        check("FINDINGS IN KEEPING WITH EDEMA", &["[body] FINDINGS IN KEEPING WITH EDEMA"]);
        check("EXAM Chest", &["[body] EXAM Chest"]);
    }

    #[test]
    fn labels_stay_in_the_text() {
        check(
            "FINDINGS:\nLUNGS AND PLEURA:\nClear.\nHEART, MEDIASTINUM AND HILA: Normal.\nIMPRESSION: Normal",
            &[
                "[findings] LUNGS AND PLEURA:/Clear./HEART, MEDIASTINUM AND HILA: Normal.",
                "[impression] Normal",
            ],
        );
        check(
            "IMPRESSION: 1. Heart: normal. 2. Lungs: clear",
            &["[impression] 1. Heart: normal. 2. Lungs: clear"],
        );
        check("EXAM: Chest: 2 views", &["[technique] Chest: 2 views"]);
    }

    #[test]
    fn findings_without_a_heading_are_not_lost() {
        check(
            "REASON FOR PROCEDURE:\nCHEST TUBES\n\nOne film shows a tube.\n\nIMPRESSION:\n1. Tube.",
            &["[indication] CHEST TUBES", "[body] One film shows a tube.", "[impression] 1. Tube."],
        );
        check(
            "HISTORY: Cough. Fever. COMPARISON: None. The heart is normal. IMPRESSION: Normal.",
            &[
                "[indication] Cough. Fever.",
                "[comparison] None.",
                "[body] The heart is normal.",
                "[impression] Normal.",
            ],
        );
        check(
            "EXAM: Chest\nHISTORY: Cough\nLungs: clear\nHeart: normal",
            &["[technique] Chest", "[indication] Cough", "[body] Lungs: clear/Heart: normal"],
        );
        check(
            "HISTORY: Cough\n\nFever\n\nFINDINGS: Clear\nImage quality: good\nLungs: clear",
            &["[indication] Cough//Fever", "[findings] Clear", "[technique] good", "[findings] Lungs: clear"],
        );
        check_given(
            SectionKind::Findings,
            "Comparison: None. The heart is normal.",
            &["[comparison] None.", "[findings] The heart is normal."],
        );
    }

    #[test]
    fn a_given_kind_is_left_only_by_clear_headings() {
        use SectionKind::{Findings, Impression, Indication};
        check_given(Findings, "FINDINGS: Clear.", &["[findings] Clear."]);
        check_given(Findings, "Clear. IMPRESSION: Normal.", &["[findings] Clear.", "[impression] Normal."]);
        check_given(Findings, "Clear.\nIMPRESSION\nNormal.", &["[findings] Clear.", "[impression] Normal."]);
        check_given(Findings, "Clear.\nImpression\nNormal.", &["[findings] Clear./Impression/Normal."]);
        check_given(Findings, "Clear. Impression - Normal.", &["[findings] Clear. Impression - Normal."]);
        check_given(Impression, "Conclusion: Normal.", &["[impression] Normal."]);
        check_given(Indication, "history: cough", &["[indication] cough"]);
        check_given(Indication, "Smoker, history: cough", &["[indication] Smoker, history: cough"]);
        check_given(Indication, "Impression: pneumonia", &["[indication] Impression: pneumonia"]);
        check_given(
            Indication,
            "Cough. Impression: pneumonia",
            &["[indication] Cough. Impression: pneumonia"],
        );
        check_given(Indication, "Cough\nFINDINGS: Clear", &["[indication] Cough", "[findings] Clear"]);
    }

    #[test]
    fn addenda() {
        check(
            "FINDINGS: Clear.\nADDENDUM: A rib is broken.\nIMPRESSION: Fracture.",
            &["[findings] Clear.", "[body+] A rib is broken.", "[impression+] Fracture."],
        );
        check("Clear.\nADDENDUM #2 dated 1/2/2019: Broken.", &["[body] Clear.", "[body+] Broken."]);
        check("Clear.\nAddendum by Dr. Smith at 10:30\nBroken.", &["[body] Clear.", "[body+] Broken."]);
        check("Clear. Addendum by Dr. Smith: Broken.", &["[body] Clear.", "[body+] Broken."]);
        check("Clear.\n*** ADDENDUM ***\nBroken.", &["[body] Clear.", "[body+] Broken."]);
        check(
            "Clear. An addendum was made. Addendum to follow.",
            &["[body] Clear. An addendum was made. Addendum to follow."],
        );
        check(
            "ADDENDUM: Broken.\nORIGINAL REPORT\nClear.\nIMPRESSION: Normal",
            &["[body+] Broken.", "[body] Clear.", "[impression] Normal"],
        );
        check("ADDENDUM: Broken.\nFINAL REPORT: Clear.", &["[body+] Broken.", "[body] Clear."]);
        check("ADDENDUM: Broken.\nEND OF ADDENDUM\nClear.", &["[body+] Broken.", "[body] Clear."]);
        check_given(
            SectionKind::Impression,
            "Normal. ADDENDUM: Broken.",
            &["[impression] Normal.", "[impression+] Broken."],
        );
    }

    #[test]
    fn differential_diagnoses() {
        check(
            "IMPRESSION: Opacity. DDx: scar, edema. Large heart.",
            &["[impression] Opacity.", "[impression?] scar, edema.", "[impression] Large heart."],
        );
        check(
            "Opacity.\nDIFFERENTIAL DIAGNOSIS:\n1. Scar\n2. Edema\n\nLarge heart.",
            &["[body] Opacity.", "[body?] 1. Scar/2. Edema", "[body] Large heart."],
        );
        check(
            "INDICATION: cough\nDifferential: scar\nLarge heart.",
            &["[indication] cough", "[impression?] scar", "[impression] Large heart."],
        );
    }

    #[test]
    fn brackets_and_points() {
        check("[HISTORY] cough [FINDINGS] Clear", &["[indication] cough", "[findings] Clear"]);
        check("HISTORY. Cough. FINDINGS. Clear.", &["[indication] Cough.", "[findings] Clear."]);
        check("HISTORY; cough; FINDINGS; clear", &["[indication] cough;", "[findings] clear"]);
        check("Clear. Addendum. A rib is broken.", &["[body] Clear.", "[body+] A rib is broken."]);
        check("CLEAR. FINDINGS. NONE.", &["[body] CLEAR. FINDINGS. NONE."]);
        check("See [findings] and the report.", &["[body] See [findings] and the report."]);
    }

    #[test]
    fn a_text_that_is_only_a_reason_and_a_line_reports_in_the_line() {
        check("Reason: cough\nSmall effusion.", &["[indication] cough", "[body] Small effusion."]);
        check("HISTORY: cough\nand fever", &["[indication] cough/and fever"]);
        check(
            "HISTORY: Cough\nSmoker\nIMPRESSION: Clear",
            &["[indication] Cough/Smoker", "[impression] Clear"],
        );
    }

    #[test]
    fn entries_that_cannot_be_are_refused() {
        let entry = |kind: &str, phrase: &str| HeadingEntry {
            kind: kind.to_owned(),
            phrases: vec![phrase.to_owned()],
        };
        let error = Headings::new(&[entry("impresion", "impression")]).unwrap_err().to_string();
        assert!(error.contains("impresion") && error.contains("no section kind"), "{error}");
        assert!(Headings::new(&[entry("impression", " - ")]).is_err());
        assert!(Headings::new(&[entry("impression", &"a ".repeat(11))]).is_err());
        let later =
            Headings::new(&[entry("findings", "Yonder-Part"), entry("impression", "yonder part")]).unwrap();
        assert_eq!(parts("YONDER PART: x", SectionKind::Body, &later)[0].kind, SectionKind::Impression);
    }

    fn check_order(text: &str, given: SectionKind) {
        let mut at = 0;
        for part in parts(text, given, &HEADINGS) {
            assert!(at <= part.range.start && part.range.start < part.range.end, "order");
            at = part.range.end;
            let said = &text[part.range];
            assert_eq!(said, said.trim());
        }
    }

    #[test]
    fn large_texts_of_one_kind() {
        let pieces = [
            "x",
            " ",
            "1. ",
            "A: ",
            "a) ",
            "FINDINGS: ",
            "FINDINGS ",
            "ADDENDUM ",
            "Lungs: ",
            "* ",
            "**Findings",
            "A\n",
            ".",
            "\n",
            "(",
            "HISTORY: x. ",
            "A-",
            "-----\n",
            "'",
        ];
        for piece in pieces {
            check_order(&piece.repeat((1 << 18) / piece.len()), SectionKind::Body);
        }
    }

    proptest! {
        #[test]
        fn any_text_has_parts_in_order(text in any::<String>(), given in prop::sample::select(&SectionKind::ALL[..])) {
            check_order(&text, given);
        }

        #[test]
        fn any_report_like_text_has_parts_in_order(
            pieces in prop::collection::vec(
                prop::sample::select(vec![
                    "FINDINGS", "Impression", "history", "ADDENDUM", "ORIGINAL REPORT", "Lungs", ":", ":", " - ", "\n", "\n",
                    "\r\n", "\n\n", "**", "##", "----", "1.", "(a)", " ", " ", ". ", "XXXX", "The", "clear", "(", ")", "\u{a0}",
                    "\u{e4}", "#2", "by", "FOR", "and",
                ]),
                0..40,
            ),
            given in prop::sample::select(&SectionKind::ALL[..]),
        ) {
            check_order(&pieces.concat(), given);
        }
    }
}
