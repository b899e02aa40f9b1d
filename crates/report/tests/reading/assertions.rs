//! Cues and how far they reach.

use crate::support::{asserted, read};

/// Each line: an assertion, and a sentence with the words asked about in brackets.
fn check(lines: &[(&str, &str)]) {
    for (expected, marked) in lines {
        assert_eq!(asserted(marked), *expected, "{marked}");
    }
}

#[test]
fn what_no_cue_speaks_of_is_present() {
    check(&[
        ("present", "There is a [small effusion]."),
        ("present", "[Cardiomegaly]"),
        ("present", "Findings consistent with [pulmonary edema]."),
        ("present", "Opacities compatible with [atelectasis]."),
        ("present", "Probable [atelectasis]."),
    ]);
}

#[test]
fn a_denial_reaches_forward_over_a_list() {
    check(&[
        ("absent", "No [pneumothorax]."),
        ("absent", "No pneumothorax, pleural effusion or [focal consolidation]."),
        ("absent", "There is no evidence of [acute disease]."),
        ("absent", "The lungs are free of [focal infiltrate]."),
        ("absent", "Negative for [pneumothorax] or effusion."),
        ("absent", "She denies fever, [chills], and nausea."),
        ("absent", "Lungs are clear without [consolidation]."),
        ("absent", "He doesn't have [chest pain]."),
        ("absent", "GI is -ve for [bleeding]."),
    ]);
}

#[test]
fn a_denial_reaches_back() {
    check(&[
        ("absent", "[Pneumothorax] is not seen."),
        ("absent", "[Effusion] has resolved."),
        ("absent", "[Pneumothorax]: none."),
        ("absent", "[Pulmonary embolism] was ruled out."),
        ("absent", "[Pneumonia] is unlikely."),
        ("absent", "[Pleural effusion] absent."),
        ("absent", "[Pneumothorax]: No"),
        ("absent", "Effusion and [pneumothorax] are not identified."),
    ]);
}

#[test]
fn scopes_end_at_stops() {
    check(&[
        ("present", "No effusion, but there is [cardiomegaly]."),
        ("present", "No pneumothorax; [cardiomegaly]."),
        ("present", "No acute disease, the [heart is enlarged]."),
        ("present", "No definite effusion seen, [dense nodule] in the left lung."),
        ("present", "No evidence of pneumonia with [stable cardiomegaly]."),
        ("present", "No pneumothorax is seen and there is a [small effusion]."),
        ("present", "No infiltrate other than [scarring]."),
        ("absent", "No [effusion], but there is cardiomegaly."),
        ("present", "No pneumothorax, [mild cardiomegaly]."),
        ("absent", "No pneumothorax, [large effusion] or consolidation."),
        ("present", "Non-displaced [rib fracture]."),
        ("present", "[Bibasilar atelectasis], pneumothorax not identified."),
    ]);
}

#[test]
fn parentheses_keep_their_cues_and_end_no_scope() {
    check(&[
        ("present", "The report (not submitted for review) describes [leukemia]."),
        ("absent", "Negative for bleeding (occult nor overt), [anemia] or weight loss."),
    ]);
}

#[test]
fn what_only_looks_like_a_cue_says_nothing() {
    check(&[
        ("present", "No change in the [left effusion]."),
        ("present", "No significant interval change in [cardiomegaly]."),
        ("present", "Without change in the [right nodule]."),
        ("present", "No explanation for the [pain]."),
        ("present", "[Effusion] has nearly resolved."),
        ("present", "Previously noted [nodule] is unchanged."),
        ("present", "A 9 mm [nodule], not seen on prior exams."),
    ]);
}

#[test]
fn doubt() {
    check(&[
        ("uncertain", "Possible [pneumonia]."),
        ("uncertain", "This may represent [atelectasis]."),
        ("uncertain", "Cannot exclude [pneumonia]."),
        ("uncertain", "[Pneumonia] cannot be excluded."),
        ("uncertain", "Opacity suspicious for [malignancy]."),
        ("present", "[Atelectasis] versus infiltrate."),
        ("uncertain", "Atelectasis versus [infiltrate]."),
        ("uncertain", "[Pneumonia] is suspected."),
        ("uncertain", "Atelectasis, less likely [pneumonia]."),
        ("uncertain", "[Tuberculosis] should be excluded."),
        ("uncertain", "Opacities which may be due to [atelectasis]."),
        ("uncertain", "Edema or [infiltrate] difficult to entirely exclude."),
        ("uncertain", "In the appropriate clinical setting this is [pneumonia]."),
        ("absent", "No findings suspicious for [malignancy]."),
    ]);
}

#[test]
fn the_past() {
    check(&[
        ("historical", "History of [pneumonia]."),
        ("historical", "Status post [lobectomy]."),
        ("historical", "Past medical history is positive for hypertension, [pneumonia] and gout."),
        ("historical", "She had [tuberculosis] in the past."),
        ("historical", "He had [pneumonia] 3 years ago."),
        ("present", "A two-day history of [cough]."),
        ("present", "[Pneumonia], follow up in 6 weeks."),
        ("present", "History of cancer, now with [effusion]."),
        ("absent", "No history of [pneumonia]."),
    ]);
}

#[test]
fn questions_and_warnings() {
    check(&[
        ("hypothetical", "Evaluate for [pneumothorax]."),
        ("hypothetical", "Rule out [pneumonia]."),
        ("hypothetical", "Return if [fever] develops."),
        ("hypothetical", "Correlate clinically for signs of [infection]."),
    ]);
}

#[test]
fn somebody_else() {
    check(&[
        ("other_person", "Mother had [lung cancer]."),
        ("other_person", "Family history of [tuberculosis]."),
    ]);
}

#[test]
fn a_cue_inside_the_words_asked_about_does_not_deny_them() {
    check(&[
        ("present", "[Sigmoid diverticulosis without diverticulitis]."),
        ("absent", "No [change in vision]."),
        ("present", "[No findings to suggest malignancy]."),
    ]);
}

#[test]
fn only_the_sentence_of_the_words_counts() {
    check(&[
        ("present", "There is no effusion. [Cardiomegaly] is noted."),
        ("absent", "Cardiomegaly is noted. There is no [effusion]."),
    ]);
}

#[test]
fn spans_outside_the_sentence_are_no_error() {
    let reader = crate::support::reader();
    for (start, end) in [(0, 0), (5, 5), (100, 200), (3, 1)] {
        let span = precedent_model::Span { start, end };
        assert_eq!(reader.assert("A scar.", span).name(), "present", "{start}..{end}");
    }
    assert_eq!(reader.assert("", precedent_model::Span { start: 0, end: 0 }).name(), "present");
}

/// The words of every run with its assertion.
fn runs(text: &str) -> String {
    let reading = read(text);
    let runs = reading.sentences.iter().flat_map(|sentence| &sentence.runs);
    runs.map(|run| format!("{}[{}]", run.assertion.name(), &text[run.span.range()]))
        .collect::<Vec<_>>()
        .join(" ")
}

#[test]
fn runs_hold_the_words_by_assertion_and_no_cue() {
    assert_eq!(
        runs("Small effusion. No pneumothorax, but possible edema."),
        "present[Small effusion] absent[pneumothorax] uncertain[edema]"
    );
    assert_eq!(runs("Effusion, stable (left)."), "present[Effusion, stable (left]");
}

#[test]
fn what_a_further_study_is_to_find_is_not_found_yet() {
    for text in [
        "CT could be performed to identify a small [nodule].",
        "Ultrasound is advised to look for an [effusion].",
    ] {
        assert_eq!(asserted(text), "hypothetical", "{text}");
    }
    assert_eq!(asserted("We are unable to identify a [nodule]."), "absent");
}
