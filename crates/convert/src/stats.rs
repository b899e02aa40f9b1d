//! Figures about an index and what a check of it found.

use crate::{kinds, small};
use precedent_engine::{
    BackgroundFailure, BackgroundTask, Condition, Damage, Definition, Engine, IndexStats, SegmentStats,
    VectorAccess, Verification,
};
use precedent_wire::v1;

/// What this program does for the image space of an index.
#[derive(Debug, Clone, Copy, Default)]
pub struct Abilities<'a> {
    /// What must be said wherever its results are shown.
    pub notice: Option<&'a str>,
    /// Whether pictures and words are encoded.
    pub encodes: bool,
}

impl<'a> Abilities<'a> {
    /// Those of an engine.
    pub fn of(engine: &'a Engine) -> Self {
        Self { notice: engine.notice(), encodes: engine.encoder().is_some() }
    }
}

/// The figures of one generation, and what is wrong with the index.
pub fn stats(
    definition: &Definition,
    abilities: Abilities<'_>,
    stats: &IndexStats,
    condition: Condition,
) -> v1::IndexStats {
    v1::IndexStats {
        name: definition.name.clone(),
        generation: stats.generation,
        case_count: stats.cases as u64,
        tombstone_count: stats.tombstones as u64,
        image_row_count: stats.image_rows as u64,
        distinct_vector_count: stats.distinct_vectors as u64,
        image_space: definition.image_space.as_ref().map(|space| v1::Space {
            dimension: small(space.dimension()),
            metric: kinds::metric(space.metric()).into(),
            encoder_id: space.encoder_id().to_owned(),
            notice: abilities.notice.unwrap_or_default().to_owned(),
            encodes_images: abilities.encodes,
            encodes_text: abilities.encodes,
        }),
        fields: (definition.fields.iter())
            .map(|(name, kind)| v1::Field { name: name.to_owned(), kind: kinds::field(kind).into() })
            .collect(),
        segments: stats.segments.iter().map(segment).collect(),
        file_bytes: stats.file_bytes.iter().map(|(kind, bytes)| (kind.clone(), *bytes)).collect(),
        pending_operation_count: stats.pending_operations as u64,
        lexicon_fingerprint: stats.lexicon.clone(),
        stale_case_count: stats.stale.cases as u64,
        stale_segment_count: stats.stale.segments as u64,
        background_failures: condition.failures.into_iter().map(failure).collect(),
        damages: condition.damages.into_iter().map(damage).collect(),
    }
}

fn failure(failure: BackgroundFailure) -> v1::BackgroundFailure {
    let task = match failure.task {
        BackgroundTask::Commit => v1::BackgroundTask::Commit,
        BackgroundTask::Merge => v1::BackgroundTask::Merge,
    };
    v1::BackgroundFailure {
        task: task.into(),
        problem: failure.problem,
        first_failure: Some(failure.since.into()),
        last_failure: Some(failure.at.into()),
        attempt_count: failure.attempts,
        retried: failure.retried,
    }
}

fn damage(damage: Damage) -> v1::Damage {
    v1::Damage { file: damage.file, description: damage.description }
}

/// How far a full check is.
pub fn verification_progress(checked_bytes: u64, total_bytes: u64) -> v1::VerifyIndexResponse {
    v1::VerifyIndexResponse { checked_bytes, total_bytes, ..v1::VerifyIndexResponse::default() }
}

/// How far a merge is.
pub fn merge_progress(phase: &str, done: usize, total: usize) -> v1::MergeIndexResponse {
    let phase = match phase {
        "cases" => v1::MergePhase::Cases,
        "graph" => v1::MergePhase::Graph,
        _ => v1::MergePhase::Unspecified,
    };
    v1::MergeIndexResponse {
        phase: phase.into(),
        done_count: done as u64,
        total_count: total as u64,
        ..v1::MergeIndexResponse::default()
    }
}

/// What a full check found.
pub fn verification(found: &Verification) -> v1::VerifyIndexResponse {
    v1::VerifyIndexResponse {
        damages: found.damages.iter().cloned().map(damage).collect(),
        checked_file_count: found.files as u64,
        checked_bytes: found.bytes,
        total_bytes: 0,
        done: true,
    }
}

fn segment(stats: &SegmentStats) -> v1::SegmentStats {
    v1::SegmentStats {
        id: stats.id.clone(),
        case_count: stats.cases as u64,
        tombstone_count: stats.tombstones as u64,
        image_row_count: stats.image_rows as u64,
        distinct_vector_count: stats.distinct_vectors as u64,
        has_graph: stats.access == VectorAccess::Graph,
        size_bytes: stats.bytes,
        lexicon_fingerprint: stats.lexicon.clone().unwrap_or_default(),
        repaired_vector_count: stats.repaired_vectors as u64,
        has_codes: stats.access != VectorAccess::Compared,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_engine::Stale;
    use std::time::{Duration, SystemTime};

    #[test]
    fn every_figure_arrives_under_its_name() {
        let definition = "name = 'chest'\n[[space]]\nrole = 'image'\ndimension = 16\nmetric = 'l2'\nencoder_id = 'enc'\n\
            [[field]]\nname = 'age'\nkind = 'integer'";
        let figures = IndexStats {
            generation: 1,
            cases: 2,
            tombstones: 3,
            image_rows: 4,
            distinct_vectors: 5,
            pending_operations: 6,
            lexicon: "now".into(),
            stale: Stale { cases: 13, segments: 14 },
            segments: vec![SegmentStats {
                id: "s1".into(),
                cases: 7,
                tombstones: 8,
                image_rows: 9,
                distinct_vectors: 10,
                access: VectorAccess::Graph,
                repaired_vectors: 15,
                bytes: 11,
                lexicon: Some("then".into()),
            }],
            file_bytes: [("log".to_owned(), 12)].into(),
        };
        let abilities = Abilities { notice: Some("demo"), encodes: true };
        let at = |seconds| SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        let (task, problem) = (BackgroundTask::Merge, "why".to_owned());
        let failure =
            BackgroundFailure { task, problem, since: at(16), at: at(17), attempts: 18, retried: true };
        let damages = vec![Damage { file: "segments/1/records".into(), description: "flipped".into() }];
        let condition = Condition { failures: vec![failure], damages };
        let sent = stats(&Definition::from_toml(definition).unwrap(), abilities, &figures, condition);
        let expected = v1::IndexStats {
            name: "chest".into(),
            generation: 1,
            case_count: 2,
            tombstone_count: 3,
            image_row_count: 4,
            distinct_vector_count: 5,
            image_space: Some(v1::Space {
                dimension: 16,
                metric: v1::Metric::L2Distance.into(),
                encoder_id: "enc".into(),
                notice: "demo".into(),
                encodes_images: true,
                encodes_text: true,
            }),
            fields: vec![v1::Field { name: "age".into(), kind: v1::FieldKind::Integer.into() }],
            segments: vec![v1::SegmentStats {
                id: "s1".into(),
                case_count: 7,
                tombstone_count: 8,
                image_row_count: 9,
                distinct_vector_count: 10,
                has_graph: true,
                size_bytes: 11,
                lexicon_fingerprint: "then".into(),
                repaired_vector_count: 15,
                has_codes: true,
            }],
            file_bytes: [("log".to_owned(), 12)].into(),
            pending_operation_count: 6,
            lexicon_fingerprint: "now".into(),
            stale_case_count: 13,
            stale_segment_count: 14,
            background_failures: vec![v1::BackgroundFailure {
                task: v1::BackgroundTask::Merge.into(),
                problem: "why".into(),
                first_failure: Some(at(16).into()),
                last_failure: Some(at(17).into()),
                attempt_count: 18,
                retried: true,
            }],
            damages: vec![v1::Damage { file: "segments/1/records".into(), description: "flipped".into() }],
        };
        assert_eq!(sent, expected);
    }

    #[test]
    fn a_merge_says_what_it_does_and_how_far_it_is() {
        let sent = merge_progress("graph", 3, 8);
        assert_eq!((sent.phase(), sent.done_count, sent.total_count), (v1::MergePhase::Graph, 3, 8));
        assert_eq!((merge_progress("cases", 0, 1).phase(), sent.done), (v1::MergePhase::Cases, false));
    }

    #[test]
    fn damages_arrive_by_file() {
        let damage = Damage { file: "segments/1/vectors".into(), description: "block 3 differs".into() };
        let sent = verification(&Verification { damages: vec![damage], files: 4, bytes: 99 });
        assert_eq!(
            (sent.damages[0].file.as_str(), sent.checked_file_count, sent.checked_bytes),
            ("segments/1/vectors", 4, 99)
        );
    }
}
