//! Answers to searches.

use crate::hex;
use crate::highlight::highlights;
use crate::request::RequestDigest;
use crate::{case, evidence, judgement, kinds, small};
use precedent_engine::Definition;
use precedent_query::{
    AppliedGuards, ChannelPlan, ChannelScore, EncodedQueryImage, Facet, Fusion, Hit, Plan, SearchResponse,
    StepTimes,
};
use precedent_vector::Metric;
use precedent_wire::v1;
use std::time::Duration;

/// What an answer says beside the engine's own.
#[derive(Debug, Clone, Copy)]
pub struct Context<'a> {
    /// Of the index that was searched.
    pub definition: &'a Definition,
    /// See [`crate::request::digest`].
    pub digest: &'a RequestDigest,
    /// Empty on the last page.
    pub next_page_token: &'a str,
}

/// An answer as it goes out.
pub fn response(answer: SearchResponse, context: &Context<'_>) -> v1::SearchResponse {
    let space = context.definition.image_space.as_ref();
    let metric = space.map(|space| space.metric());
    v1::SearchResponse {
        hits: answer.hits.into_iter().map(|found| hit(found, metric)).collect(),
        total_hits: small(answer.total),
        next_page_token: context.next_page_token.to_owned(),
        plan: Some(plan(answer.plan)),
        record: Some(v1::Record {
            index: context.definition.name.clone(),
            generation: answer.generation,
            encoder_id: space.map_or_else(String::new, |space| space.encoder_id().to_owned()),
            request_digest: hex::encode(&context.digest.request),
        }),
        encoded_images: (answer.encoded_images.into_iter().zip(&context.digest.images))
            .map(|(image, digest)| encoded_image(image, digest))
            .collect(),
        facets: answer.facets.into_iter().map(facet).collect(),
        consensus: answer.consensus.map(judgement::consensus),
        dissent: answer.dissent.map(|dissent| judgement::dissent(dissent, |found| hit(found, metric))),
        abstention: answer.abstention.map(|abstention| judgement::abstention(&abstention, metric)),
        explained_images: answer.explained.into_iter().map(evidence::explained).collect(),
    }
}

fn encoded_image(image: EncodedQueryImage, digest: &[u8; 32]) -> v1::EncodedQueryImage {
    v1::EncodedQueryImage {
        embedding: Some(case::embedding_to_wire(image.embedding)),
        view: image.view.unwrap_or_default(),
        content_sha256: digest.to_vec(),
        patient: image.patient.as_ref().map(case::patient_to_wire),
        study_date: image.study_date.map_or_else(String::new, |date| date.to_string()),
        view_position: image.view_position.unwrap_or_default(),
        patches: image.local.as_ref().map(evidence::local_to_wire),
    }
}

fn facet(facet: Facet) -> v1::Facet {
    v1::Facet {
        field: facet.field,
        values: (facet.values.into_iter())
            .map(|(value, cases)| v1::FacetValue { value, case_count: cases as u64 })
            .collect(),
        more_value_count: facet.more_values as u64,
        missing_case_count: facet.missing as u64,
    }
}

fn hit(found: Hit, metric: Option<Metric>) -> v1::Hit {
    let highlights = highlights(found.case.report.as_ref(), &found.highlights);
    let evidence = evidence::evidence(found.case.report.as_ref(), found.evidence);
    v1::Hit {
        rank: small(found.rank),
        case: Some(case::to_wire(found.case)),
        fused_score: found.fused_score,
        rerank_score: found.reranked,
        image: found.image.as_ref().map(|score| v1::ImageScore {
            measure: metric.map(|metric| measure(metric, score.score)),
            rank: score.rank.map(small),
            contribution: score.contribution,
            image_index: small(found.matched_image.unwrap_or(0)),
            embedding_index: small(found.matched_vector.unwrap_or(0)),
        }),
        lexical: found.lexical.as_ref().map(lexical),
        sentence: found.sentence.as_ref().map(|score| v1::SentenceScore {
            deviations: score.score,
            rank: score.rank.map(small),
            contribution: score.contribution,
        }),
        highlights,
        evidence,
    }
}

fn lexical(score: &ChannelScore) -> v1::LexicalScore {
    v1::LexicalScore { bm25: score.score, rank: score.rank.map(small), contribution: score.contribution }
}

/// The engine's similarity in the words of the metric: for l2 it is the distance with its sign turned.
fn measure(metric: Metric, similarity: f32) -> v1::image_score::Measure {
    match metric {
        Metric::Cosine => v1::image_score::Measure::Cosine(similarity),
        Metric::Dot => v1::image_score::Measure::DotProduct(similarity),
        // Not -similarity, which would make a distance of -0 out of a copy.
        Metric::L2 => v1::image_score::Measure::L2Distance(0.0 - similarity),
    }
}

fn plan(plan: Plan) -> v1::Plan {
    v1::Plan {
        channels: plan.channels.iter().map(channel).collect(),
        fusion: Some(fusion(&plan.fusion)),
        case_count: plan.cases as u64,
        match_count: plan.matches as u64,
        exact: plan.exact,
        guards: Some(guards(plan.guards)),
        views: (plan.views.into_iter())
            .map(|view| v1::AppliedView {
                projection: kinds::projection(view.value).into(),
                source: view.source,
            })
            .collect(),
        warnings: (plan.warnings.into_iter())
            .map(|warning| v1::Warning {
                code: kinds::warning(warning.code).into(),
                message: warning.message,
            })
            .collect(),
        corrections: (plan.corrections.into_iter())
            .map(|word| v1::TextCorrection { written: word.written, searched: word.searched })
            .collect(),
        times: Some(times(&plan.times)),
        unavailable: plan.unavailable.into_iter().map(judgement::unavailable).collect(),
        reranked_count: small(plan.reranked),
    }
}

fn times(times: &StepTimes) -> v1::StepTimes {
    let microseconds = |step: Duration| u64::try_from(step.as_micros()).unwrap_or(u64::MAX);
    v1::StepTimes {
        admit_microseconds: microseconds(times.admit),
        encode_microseconds: microseconds(times.encode),
        filter_microseconds: microseconds(times.filter),
        image_microseconds: microseconds(times.image),
        lexical_microseconds: microseconds(times.lexical),
        sentence_microseconds: microseconds(times.sentence),
        rerank_microseconds: microseconds(times.rerank),
        fusion_microseconds: microseconds(times.fusion),
        fetch_microseconds: microseconds(times.fetch),
        judge_microseconds: microseconds(times.judge),
        evidence_microseconds: microseconds(times.evidence),
    }
}

fn guards(applied: AppliedGuards) -> v1::AppliedGuards {
    let (patient, patient_source) = (applied.patient.map(|patient| (patient.value, patient.source))).unzip();
    let (before, before_source) = (applied.before.map(|before| (before.value, before.source))).unzip();
    v1::AppliedGuards {
        patient: patient.as_ref().map(case::patient_to_wire),
        patient_source: patient_source.unwrap_or_default(),
        before: before.map_or_else(String::new, |date| date.to_string()),
        before_source: before_source.unwrap_or_default(),
        example_patients: applied.example_patients.iter().map(case::patient_to_wire).collect(),
    }
}

fn channel(plan: &ChannelPlan) -> v1::ChannelPlan {
    v1::ChannelPlan {
        channel: kinds::channel(plan.channel).into(),
        path: kinds::path(plan.path).into(),
        ef_search: plan.ef_search.map_or(0, small),
        target_recall: plan.target_recall.unwrap_or(0.0),
        visited_count: plan.visited as u64,
        candidate_count: plan.candidates as u64,
        exact: plan.exact,
    }
}

fn fusion(applied: &Fusion) -> v1::Fusion {
    v1::Fusion {
        image_weight: Some(applied.image_weight),
        lexical_weight: Some(applied.lexical_weight),
        sentence_weight: Some(applied.sentence_weight),
        rrf_k: Some(applied.rrf_k),
        candidates: Some(small(applied.candidates)),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_model::{Case, CaseId, PartialDate, PatientKey, Projection, Report, SectionKind, Span};
    use precedent_query::{
        Abstention, AnswerPart, Applied, CalibratedShare, Calibration, Channel, Consensus, Correction,
        Dissent, FindingDissent, FindingVote, GradeShare, Grades, Highlight, HighlightMatch, QueryVector,
        Unavailable, UnavailableReason, VectorPath, Warning, WarningCode,
    };

    fn definition(metric: &str) -> Definition {
        let text = format!(
            "name = 'chest'\n[[space]]\nrole = 'image'\ndimension = 16\nmetric = '{metric}'\nencoder_id = 'enc'"
        );
        Definition::from_toml(&text).unwrap()
    }

    fn consensus() -> Consensus {
        let grade =
            |grade: &str, cases, share| GradeShare { grade: grade.into(), name: grade.into(), cases, share };
        let vote = FindingVote {
            finding: "pleural-effusion".into(),
            name: "pleural effusion".into(),
            present: 2,
            uncertain: 1,
            absent: 3,
            unmentioned: 4,
            share: 0.5,
            lower: 0.25,
            upper: 0.75,
            base_rate: 0.125,
            calibrated: Some(CalibratedShare { share: 0.75, lower: 0.5, upper: 0.875 }),
            grades: Some(Grades {
                median: 1,
                shares: vec![grade("mild", 1, 0.25), grade("severe", 2, 0.75)],
            }),
        };
        Consensus {
            votes: vec![vote],
            more_findings: 6,
            neighbours: 10,
            effective_patients: 8.5,
            reported_cases: 400,
            calibration: Some(Calibration {
                cases: 256,
                shares: 2048,
                generation: 7,
                constant: 0.5,
                by_share: 1.5,
                by_rest: 2.5,
                by_base_rate: -0.25,
            }),
        }
    }

    fn dissent() -> Dissent {
        let near = |id: &str, score| Hit {
            case: Case::new(CaseId::new(id).unwrap()),
            rank: 1,
            fused_score: 0.0,
            reranked: None,
            image: Some(ChannelScore { score, rank: None, contribution: 0.0 }),
            matched_image: Some(0),
            matched_vector: Some(0),
            lexical: None,
            sentence: None,
            highlights: Vec::new(),
            evidence: Vec::new(),
        };
        let against = FindingDissent {
            finding: "pleural-effusion".into(),
            name: "pleural effusion".into(),
            denied: true,
            cases: vec![near("CXR2", 0.5)],
        };
        Dissent { leading: vec![against], normal: vec![near("CXR3", 0.25)] }
    }

    fn answer() -> SearchResponse {
        SearchResponse {
            hits: vec![Hit {
                case: Case::new(CaseId::new("CXR1").unwrap()),
                rank: 11,
                fused_score: 0.03,
                reranked: Some(1.25),
                image: Some(ChannelScore { score: -0.25, rank: Some(3), contribution: 0.016 }),
                matched_image: Some(1),
                matched_vector: Some(2),
                lexical: Some(ChannelScore { score: 7.5, rank: None, contribution: 0.0 }),
                sentence: Some(ChannelScore { score: 1.5, rank: Some(2), contribution: 0.25 }),
                highlights: Vec::new(),
                evidence: Vec::new(),
            }],
            total: 50,
            plan: Plan {
                channels: vec![ChannelPlan {
                    channel: Channel::Image,
                    path: Some(VectorPath::FilteredGraph),
                    ef_search: Some(200),
                    target_recall: Some(0.5),
                    visited: 1234,
                    candidates: 200,
                    exact: false,
                }],
                fusion: Fusion::default(),
                guards: AppliedGuards {
                    patient: Some(Applied {
                        value: PatientKey::new("17", Some("north")).unwrap(),
                        source: "images[0].content".into(),
                    }),
                    before: None,
                    example_patients: vec![PatientKey::new("18", None).unwrap()],
                },
                views: vec![Applied { value: Projection::Lateral, source: "images[0].view".into() }],
                cases: 3955,
                matches: 812,
                exact: false,
                warnings: vec![Warning {
                    code: WarningCode::NoPatient,
                    message: "no patient was named".into(),
                }],
                corrections: vec![Correction {
                    span: Span::new(0..7),
                    written: "noduels".into(),
                    searched: "nodules".into(),
                }],
                unavailable: vec![Unavailable {
                    part: AnswerPart::Dissent,
                    reason: UnavailableReason::NoReports,
                }],
                reranked: 9,
                times: StepTimes {
                    encode: Duration::from_micros(30),
                    judge: Duration::from_micros(40),
                    ..StepTimes::default()
                },
            },
            generation: 7,
            encoded_images: vec![EncodedQueryImage {
                embedding: QueryVector { values: vec![0.5], encoder_id: "enc".into() },
                view: None,
                patient: None,
                study_date: PartialDate::parse("d", "2019-05-03").ok(),
                view_position: Some("PA".into()),
                local: None,
            }],
            facets: vec![Facet {
                field: "modality".into(),
                values: vec![("dx".into(), 3)],
                more_values: 4,
                missing: 5,
            }],
            consensus: Some(consensus()),
            dissent: Some(dissent()),
            abstention: Some(Abstention {
                abstains: true,
                p_value: 0.01,
                rate: 0.05,
                similarity: Some(-1.5),
                background_images: 256,
                projection: Some(Projection::Lateral),
            }),
            explained: Vec::new(),
        }
    }

    #[test]
    fn an_abstention_says_its_grounds_in_the_words_of_the_metric() {
        let sent = sent("l2").abstention.unwrap();
        let expected = v1::Abstention {
            abstains: true,
            p_value: 0.01,
            false_alarm_rate: 0.05,
            background_image_count: 256,
            projection: v1::Projection::Lateral.into(),
            best: Some(v1::abstention::Best::L2Distance(1.5)),
        };
        assert_eq!(sent, expected);
    }

    fn digest() -> RequestDigest {
        RequestDigest { request: [0xab; 32], images: vec![[0xcd; 32]] }
    }

    fn sent(metric: &str) -> v1::SearchResponse {
        let definition = definition(metric);
        response(answer(), &Context { definition: &definition, digest: &digest(), next_page_token: "next" })
    }

    #[test]
    fn a_hit_says_rank_scores_and_what_matched() {
        let sent = sent("cosine");
        let hit = &sent.hits[0];
        assert_eq!((hit.rank, hit.fused_score), (11, 0.03));
        assert_eq!(hit.case.as_ref().unwrap().case_id, "CXR1");
        let image = v1::ImageScore {
            measure: Some(v1::image_score::Measure::Cosine(-0.25)),
            rank: Some(3),
            contribution: 0.016,
            image_index: 1,
            embedding_index: 2,
        };
        assert_eq!(hit.image, Some(image));
        assert_eq!(hit.lexical, Some(v1::LexicalScore { bm25: 7.5, rank: None, contribution: 0.0 }));
        assert_eq!(
            hit.sentence,
            Some(v1::SentenceScore { deviations: 1.5, rank: Some(2), contribution: 0.25 })
        );
    }

    #[test]
    fn a_hit_says_which_words_of_its_report_matched() {
        let mut answer = answer();
        let sentence = Span::new(0..8);
        let matched = HighlightMatch { span: Span::new(3..7), assertion: None, finding: None, details: None };
        answer.hits[0].case.report = Some(Report::new([(SectionKind::Body, "no mass.")]).unwrap());
        answer.hits[0].highlights =
            vec![Highlight { section: 0, kind: SectionKind::Body, sentence, matches: vec![matched] }];
        let definition = definition("l2");
        let digest = digest();
        let context = Context { definition: &definition, digest: &digest, next_page_token: "" };
        let sent = response(answer, &context);
        let span = sent.hits[0].highlights[0].matches[0].span.as_ref().unwrap();
        assert_eq!((span.start_byte, span.end_utf16), (3, 7));
    }

    #[test]
    fn the_measure_is_that_of_the_metric() {
        let measure = |metric: &str| sent(metric).hits[0].image.as_ref().unwrap().measure;
        assert_eq!(measure("dot"), Some(v1::image_score::Measure::DotProduct(-0.25)));
        assert_eq!(measure("l2"), Some(v1::image_score::Measure::L2Distance(0.25)));
    }

    #[test]
    fn what_neighbours_say_travels_whole() {
        let sent = sent("cosine");
        let consensus = sent.consensus.unwrap();
        let vote = v1::FindingVote {
            finding: "pleural-effusion".into(),
            name: "pleural effusion".into(),
            present_count: 2,
            uncertain_count: 1,
            absent_count: 3,
            unmentioned_count: 4,
            share: 0.5,
            lower: 0.25,
            upper: 0.75,
            base_rate: 0.125,
            lift: Some(4.0),
            grades: Some(v1::Grades {
                shares: [("mild", 1, 0.25), ("severe", 2, 0.75)]
                    .map(|(grade, case_count, share)| v1::GradeShare {
                        grade: grade.into(),
                        name: grade.into(),
                        case_count,
                        share,
                    })
                    .into(),
                median: "severe".into(),
            }),
            calibrated: Some(v1::CalibratedShare { share: 0.75, lower: 0.5, upper: 0.875 }),
        };
        assert_eq!(consensus.votes, [vote]);
        assert_eq!((consensus.more_finding_count, consensus.neighbour_count), (6, 10));
        assert_eq!((consensus.effective_patient_count, consensus.reported_case_count), (8.5, 400));
        let calibration = v1::Calibration {
            case_count: 256,
            share_count: 2048,
            generation: 7,
            constant: 0.5,
            by_share: 1.5,
            by_rest: 2.5,
            by_base_rate: -0.25,
        };
        assert_eq!((consensus.calibrated, consensus.calibration), (true, Some(calibration)));
        let dissent = sent.dissent.unwrap();
        let against = &dissent.leading[0];
        assert_eq!((against.finding.as_str(), against.denied), ("pleural-effusion", true));
        let near = |hit: &v1::Hit| (hit.case.as_ref().unwrap().case_id.clone(), hit.image.unwrap().measure);
        let cosine = v1::image_score::Measure::Cosine;
        assert_eq!(near(&against.cases[0]), ("CXR2".to_owned(), Some(cosine(0.5))));
        assert_eq!(near(&dissent.normal[0]), ("CXR3".to_owned(), Some(cosine(0.25))));
    }

    #[test]
    fn plan_and_record_are_complete() {
        let sent = sent("cosine");
        assert_eq!((sent.total_hits, sent.next_page_token.as_str()), (50, "next"));
        let plan = sent.plan.unwrap();
        assert_eq!((plan.case_count, plan.match_count, plan.exact), (3955, 812, false));
        assert_eq!(plan.channels[0].path(), v1::TakenPath::FilteredGraph);
        assert_eq!((plan.channels[0].ef_search, plan.channels[0].visited_count), (200, 1234));
        assert_eq!(plan.channels[0].target_recall, 0.5);
        assert_eq!(plan.fusion.unwrap().rrf_k, Some(60.0));
        assert_eq!(plan.warnings[0].code(), v1::WarningCode::NoPatient);
        let corrected = &plan.corrections[0];
        assert_eq!((corrected.written.as_str(), corrected.searched.as_str()), ("noduels", "nodules"));
        let times = plan.times.unwrap();
        assert_eq!((times.encode_microseconds, times.judge_microseconds), (30, 40));
        let missing = &plan.unavailable[0];
        assert_eq!(missing.part(), v1::AnswerPart::Dissent);
        assert_eq!(missing.reason(), v1::UnavailableReason::NoReports);
        assert!(missing.description.contains("has a report"));
        let guards = plan.guards.unwrap();
        assert_eq!(guards.example_patients[0].id, "18");
        assert_eq!(guards.patient.unwrap().issuer, "north");
        assert_eq!((guards.patient_source.as_str(), guards.before.as_str()), ("images[0].content", ""));
        let view =
            v1::AppliedView { projection: v1::Projection::Lateral.into(), source: "images[0].view".into() };
        assert_eq!(plan.views, [view]);
        let record = sent.record.unwrap();
        assert_eq!(
            (record.index.as_str(), record.generation, record.encoder_id.as_str()),
            ("chest", 7, "enc")
        );
        assert_eq!(record.request_digest, "ab".repeat(32));
        let image = &sent.encoded_images[0];
        assert_eq!(
            (image.content_sha256.as_slice(), image.study_date.as_str()),
            (&[0xcd; 32][..], "2019-05-03")
        );
        assert_eq!((image.embedding.as_ref().unwrap().values[0], image.view_position.as_str()), (0.5, "PA"));
        let facet = v1::Facet {
            field: "modality".into(),
            values: vec![v1::FacetValue { value: "dx".into(), case_count: 3 }],
            more_value_count: 4,
            missing_case_count: 5,
        };
        assert_eq!(sent.facets, [facet]);
    }
}
