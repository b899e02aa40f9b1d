//! Cases one after the other, without a search.

use crate::support::{Archive, Sketch, archive, case, id, patient};
use precedent_engine::{Access, CaseList, CaseOrder, Engine, ErrorKind, NewCase};
use precedent_query::HitDetail;
use precedent_vector::Metric;

/// Sixty cases in two segments: of eight patients, with and without date and vectors, one replaced and one deleted.
fn filled(metric: Metric) -> Archive {
    let archive = archive(metric, Access::Bulk);
    let dates = [None, Some("2019"), Some("2019-05-03"), Some("2021-01"), Some("2018")];
    let sketch = |number: usize| Sketch {
        patient: (!number.is_multiple_of(3)).then_some((number % 8) as u8),
        age: Some(number as i64),
        date: dates[number % 5],
        text: (!number.is_multiple_of(4)).then(|| format!("Finding {number}.")),
        vectors: (0..number % 3)
            .map(|image| (0..16).map(|at| ((number + image) * at) as f32 - 7.3).collect())
            .collect(),
        ..Sketch::default()
    };
    for half in [0..30, 30..60] {
        archive.engine.ingest(half.map(|number| case(number, &sketch(number))).collect()).unwrap();
        archive.engine.commit().unwrap();
    }
    let again = Sketch { age: Some(500), date: Some("2030"), ..sketch(5) };
    archive.engine.ingest(vec![case(5, &again)]).unwrap();
    archive.engine.delete(&[id(7)]).unwrap();
    archive.engine.commit().unwrap();
    archive
}

fn ids(list: &CaseList) -> Vec<String> {
    list.ids().map(|id| id.unwrap().into_string()).collect()
}

fn all(engine: &Engine, order: CaseOrder) -> CaseList {
    engine.view().list(None, order, &|| false).unwrap()
}

#[test]
fn every_live_case_is_listed_once_in_either_order() {
    let archive = filled(Metric::Cosine);
    let as_ingested = ids(&all(&archive.engine, CaseOrder::AsIngested));
    let mut expected: Vec<String> =
        (0..60).filter(|name| ![5, 7].contains(name)).map(|name| format!("case-{name:03}")).collect();
    expected.push("case-005".to_owned());
    assert_eq!(as_ingested, expected);
    let latest = all(&archive.engine, CaseOrder::LatestFirst);
    assert_eq!((latest.len(), ids(&latest)[0].as_str()), (59, "case-005"));
    let dates: Vec<Option<String>> = (latest.cases(HitDetail::WithoutReport))
        .map(|case| case.unwrap().fields.get("study_date").map(|date| format!("{:?}", date[0])))
        .collect();
    let undated = dates.iter().position(Option::is_none).unwrap();
    assert!(
        dates[undated..].iter().all(Option::is_none) && dates[..undated].is_sorted_by(|a, b| a >= b),
        "{dates:?}"
    );
}

#[test]
fn a_filter_is_that_of_searches() {
    let archive = filled(Metric::Cosine);
    let view = archive.engine.view();
    let list = |filter: &str| view.list(Some(filter), CaseOrder::AsIngested, &|| false);
    assert_eq!(ids(&list("age < 3").unwrap()), ["case-000", "case-001", "case-002"]);
    assert!(list("age = 5").unwrap().is_empty(), "it was replaced");
    let refused = list("ages < 3").unwrap_err();
    assert!(
        refused.kind() == ErrorKind::Invalid && refused.to_string().contains("did you mean age?"),
        "{refused}"
    );
    let stopped = view.list(Some("age < 3"), CaseOrder::AsIngested, &|| true).unwrap_err();
    assert_eq!(stopped.kind(), ErrorKind::Cancelled);
}

#[test]
fn a_patients_cases_are_those_that_may_be_the_patients() {
    let archive = filled(Metric::Cosine);
    let view = archive.engine.view();
    let everyone: Vec<_> =
        all(&archive.engine, CaseOrder::AsIngested).cases(HitDetail::Whole).map(Result::unwrap).collect();
    for number in 0..8 {
        let expected: Vec<&str> = (everyone.iter())
            .filter(|case| case.patient.as_ref().is_some_and(|key| key.may_be(&patient(number))))
            .map(|case| case.id.as_str())
            .collect();
        assert_eq!(ids(&view.list_patient(&patient(number)).unwrap()), expected, "{number}");
    }
}

#[test]
fn a_list_stays_what_it_was_while_cases_come_and_go() {
    let archive = filled(Metric::Cosine);
    let list = all(&archive.engine, CaseOrder::AsIngested);
    archive.engine.delete(&[id(1), id(2)]).unwrap();
    archive.engine.commit().unwrap();
    archive.engine.merge_all(&|_, _, _| true).unwrap();
    assert_eq!(list.whole_cases().filter(|case| case.is_ok()).count(), 59);
}

#[test]
fn whole_cases_make_the_same_index_again() {
    for metric in [Metric::Cosine, Metric::Dot, Metric::L2] {
        let archive = filled(metric);
        let list = all(&archive.engine, CaseOrder::AsIngested);
        let cases: Vec<NewCase> = list.whole_cases().map(Result::unwrap).collect();
        let copy = crate::support::archive(metric, Access::Bulk);
        assert!(copy.engine.ingest(cases.clone()).unwrap().iter().all(Result::is_ok));
        copy.engine.commit().unwrap();
        for (case, again) in cases.iter().zip(all(&copy.engine, CaseOrder::AsIngested).whole_cases()) {
            let again = again.unwrap();
            assert!(again.case == case.case, "{metric:?}");
            let bits = |new: &NewCase| -> Vec<Option<Vec<u32>>> {
                let values = new.embeddings.iter();
                values
                    .map(|one| one.as_ref().map(|one| one.values.iter().map(|v| v.to_bits()).collect()))
                    .collect()
            };
            assert_eq!(bits(&again), bits(case), "{metric:?}");
        }
    }
}
