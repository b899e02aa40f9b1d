use super::*;

fn schema() -> FieldSchema {
    FieldSchema::new([
        ("modality".into(), FieldKind::Keyword),
        ("problems".into(), FieldKind::Keywords),
        ("age".into(), FieldKind::Integer),
        ("kvp".into(), FieldKind::Number),
        ("study_date".into(), FieldKind::Date),
    ])
    .unwrap()
}

fn canonical(text: &str) -> String {
    parse(text, &schema()).unwrap().to_string()
}

fn refused(text: &str) -> FilterError {
    parse(text, &schema()).unwrap_err()
}

fn check(text: &str, shown: &str) {
    assert_eq!(canonical(text), shown, "{text}");
}

#[track_caller]
fn check_refused(text: &str, position: usize, says: &str) {
    let error = refused(text);
    assert_eq!(error.position, position, "{text}: {error}");
    assert!(error.to_string().contains(says), "{text}: {error}");
}

#[test]
fn precedence_is_that_of_aip_160() {
    check("age=1 age=2", "age = 1 AND age = 2");
    check("age=1 AND age=2 OR age=3", "age = 1 AND (age = 2 OR age = 3)");
    check("age=1 age=2 OR age=3 AND age=4", "age = 1 AND (age = 2 OR age = 3) AND age = 4");
    check("(age=1 AND age=2) OR age=3", "(age = 1 AND age = 2) OR age = 3");
    check("NOT age=1 OR -age=2", "NOT age = 1 OR NOT age = 2");
    check("-(age=1 OR age=2)", "NOT (age = 1 OR age = 2)");
    check("NOT(-age=1)", "NOT (NOT age = 1)");
    check("((age=1)) AND (age=2 AND age=3)", "age = 1 AND age = 2 AND age = 3");
    check("  ", "");
}

#[test]
fn values_take_the_kind_of_their_field() {
    check("modality = DX", "modality = \"dx\"");
    check("modality : 'D\"X'", r#"modality = "d\"x""#);
    check(r#"modality = "a\\b\*c""#, r#"modality = "a\\b\*c""#);
    check("problems:\"Pleural Effusion\"", "problems:\"pleural effusion\"");
    check("problems:*lung*", "problems:\"*lung*\"");
    check("problems:\" lung *\"", "problems:\"lung *\"");
    check("problems:*", "problems:*");
    check("age:\"*\"", "age:*");
    check("age >= -6", "age >= -6");
    check("age:60", "age = 60");
    check("kvp < 1e300", "kvp < 1e300");
    check("study_date < 2020", "study_date < \"2020\"");
    check("study_date >= 2019-05-03T10:00:00Z", "study_date >= \"2019-05-03\"");
    check("case_id = CXR1 patient_id:*", "case_id = \"cxr1\" AND patient_id:*");
}

#[test]
fn unknown_fields_name_the_nearest() {
    check_refused("ages = 3", 0, "the field ages is unknown; did you mean age?");
    check_refused("age = 1 AND Modality = DX", 12, "did you mean modality?");
    check_refused("problem:x", 0, "did you mean problems?");
    check_refused("stduy_date:2020", 0, "did you mean study_date?");
    check_refused(
        "weight > 3",
        0,
        "known fields are case_id, patient_id, modality, problems, age, kvp, study_date, finding, finding.uncertain, \
         finding.absent, finding.historical, finding.hypothetical, finding.other_person",
    );
    check_refused(&format!("{}=1", "x".repeat(65)), 0, "65 bytes");
}

#[test]
fn findings_are_fields_of_every_index() {
    check("finding:\"Pleural Effusion\"", "finding:\"pleural effusion\"");
    check("finding:*", "finding:*");
    for assertion in ["uncertain", "absent", "historical", "hypothetical", "other_person"] {
        check(&format!("finding.{assertion}:\"*Mass\""), &format!("finding.{assertion}:\"*mass\""));
    }
    check("-finding.absent:mass finding:edema", "NOT finding.absent:\"mass\" AND finding:\"edema\"");
    check("finding = mass", "finding:\"mass\"");
    check_refused("finding.absent != mass", 15, "use NOT finding.absent:\"...\"");
    check_refused("finding.absent < mass", 15, "use :");
    check_refused("findings:mass", 0, "did you mean finding?");
    check_refused("finding.absnt:mass", 7, "finding has no such part; did you mean finding.absent?");
    check_refused("finding.denied:mass", 7, "write one of finding, finding.uncertain, finding.absent,");
    check_refused("finding.:mass", 7, "finding has no such part");
    check_refused("finding.absent.x:mass", 7, "did you mean finding.absent?");
    check_refused(&format!("finding.{}:mass", "x".repeat(8000)), 7, "write one of");
}

#[test]
fn a_field_of_the_schema_goes_before_a_column_of_findings() {
    let own = FieldSchema::new([("finding".into(), FieldKind::Integer)]).unwrap();
    assert_eq!(parse("finding > 3", &own).unwrap().to_string(), "finding > 3");
    assert_eq!(parse("finding.absent:mass", &own).unwrap().to_string(), "finding.absent:\"mass\"");
    let shown = parse("weight > 3", &own).unwrap_err().to_string();
    assert!(shown.contains("patient_id, finding, finding.uncertain"), "named once: {shown}");
    assert_eq!(finding_assertion("finding", &own), None);
    assert_eq!(finding_assertion("finding.absent", &own), Some(Assertion::Absent));
    assert_eq!(finding_assertion("finding", &schema()), Some(Assertion::Present));
    assert_eq!(finding_assertion("finding.present", &schema()), None);
}

#[test]
fn columns_of_findings_are_named_after_their_assertion() {
    for assertion in Assertion::ALL {
        let column = finding_column(assertion);
        assert_eq!(finding_assertion(column, &schema()), Some(assertion));
        let dotted = format!("finding.{}", assertion.name());
        assert_eq!(column, if assertion == Assertion::Present { "finding" } else { &dotted });
    }
}

#[test]
fn restrictions_are_replaced_where_they_stand() {
    let filter =
        parse("NOT finding:x AND (age = 1 OR finding.absent:*) AND -(age = 2 problems:y)", &schema());
    let mut seen = Vec::new();
    let mapped = filter.clone().unwrap().map_compare::<()>(&mut |compare| {
        seen.push(compare.to_string());
        Ok(match finding_assertion(&compare.field, &schema()) {
            None => Filter::Compare(compare),
            Some(_) => {
                let one = Filter::Compare(Compare { field: "finding".to_owned(), ..compare });
                Filter::Or(vec![one.clone(), one])
            }
        })
    });
    assert_eq!(
        mapped.unwrap().to_string(),
        "NOT (finding:\"x\" OR finding:\"x\") AND (age = 1 OR (finding:* OR finding:*)) AND NOT (age = 2 AND problems:\"y\")"
    );
    assert_eq!(seen, ["finding:\"x\"", "age = 1", "finding.absent:*", "age = 2", "problems:\"y\""]);

    let mut count = 0;
    let refused = filter.unwrap().map_compare(&mut |compare| {
        count += 1;
        if count == 3 { Err(compare.field) } else { Ok(Filter::Compare(compare)) }
    });
    assert_eq!((refused, count), (Err("finding.absent".to_owned()), 3), "the first error is the last word");
}

#[test]
fn comparators_that_do_not_fit_are_refused() {
    check("problems = \"x\"", "problems:\"x\"");
    check_refused("problems != \"x\"", 9, "use NOT problems:\"...\"");
    check_refused("modality < \"x\"", 9, "modality is text, which < cannot order; use = or !=");
    check_refused("problems >= \"x\"", 9, "use :");
    check_refused("age = *", 4, "use age:*");
}

#[test]
fn values_that_do_not_fit_are_refused() {
    check_refused("age = \"old\"", 6, "the value for age is not a whole number");
    check_refused("age = 6.5", 6, "age");
    check_refused("kvp > NaN", 6, "finite");
    check_refused("study_date = May", 13, "not a date");
    check_refused(
        "modality = \"\"",
        11,
        "empty; give a text, or ask for cases without a value by NOT modality:*",
    );
    check_refused("modality = a*b", 11, "a star inside");
    check_refused("modality = **", 11, "empty");
    check_refused("modality = \"a\\d\"", 13, "a backslash");
    check_refused("modality = “DX”", 11, "typographic");
    check_refused("modality = AND age = 1", 11, "a value is expected");
}

#[test]
fn broken_structure_is_named_with_its_place() {
    check_refused("modality = ", 11, "a value is expected");
    check_refused("modality = \"DX", 11, "not closed");
    check_refused("(age = 1", 0, "a parenthesis is not closed");
    check_refused("age = 1)", 7, "closes nothing");
    check_refused("()", 1, "before the parenthesis");
    check_refused("age = 1 AND", 11, "the filter ends");
    check_refused("age = 1 OR ", 11, "the filter ends");
    check_refused("OR age = 1", 0, "an operator stands");
    check_refused("age = 1 AND OR age = 2", 12, "an operator stands");
    check_refused("NOT NOT age = 1", 4, "an operator stands");
    check_refused("age == 1", 5, "a value is expected");
    check_refused("= 1", 0, "no field before it");
    check_refused("- age = 1", 1, "a minus stands alone");
    check_refused("age = 1, 2", 7, "no lists");
    check_refused("age = (1 OR 2)", 6, "a parenthesis stands where a value is expected");
}

#[test]
fn what_this_service_does_not_offer_is_named() {
    check_refused("pneumonia", 0, "a value stands without a field; name a field");
    check_refused("age = 1 \"Jane Doe\"", 8, "name a field");
    check_refused("age = 1 and age = 2", 8, "in capitals");
    check_refused("has(age)", 0, "there are no functions");
    check_refused("study.date = 2020", 5, "only finding has parts; write a field without dots");
}

#[test]
fn no_message_repeats_a_value() {
    for text in [
        "Jane",
        "age = Jane",
        "study_date < \"Jane\"",
        "modality = Ja*Jane",
        "problems != Jane",
        "age = 1 'Jane'",
        "case_id < Jane",
        "modality = \"Jane",
        "modality = \"Jane\\x\"",
        "Jane(1)",
        "finding.Jane:x",
        "finding != Jane",
        "finding.absent:Ja*Jane",
    ] {
        let error = refused(text);
        assert!(!format!("{error} {error:?}").contains("Jane"), "{error}");
    }
    let filter = parse("patient_id = Jane AND age = 61", &schema()).unwrap();
    let shown = format!("{filter:?}").to_lowercase();
    assert!(!shown.contains("jane") && !shown.contains("61"), "{shown}");
}

#[test]
fn limits_are_exact() {
    let nested = |depth: usize| format!("{}age=1{}", "(".repeat(depth), ")".repeat(depth));
    assert_eq!(canonical(&nested(64)), "age = 1");
    check_refused(&nested(65), 64, "nested deeper than 64");
    check_refused(&"(".repeat(8192), 64, "nested deeper than 64");

    let many = |terms: usize| vec!["age=1"; terms].join(" ");
    assert!(parse(&many(256), &schema()).is_ok());
    check_refused(&many(257), 256 * 6, "more than 256 restrictions");

    let long = |bytes: usize| format!("age=1{}", " ".repeat(bytes - 5));
    assert!(parse(&long(8192), &schema()).is_ok());
    check_refused(&long(8193), 8192, "8193 bytes, the limit is 8192");
    check_refused(&format!("{}é", "x".repeat(8191)), 8191, "8193 bytes");
}
