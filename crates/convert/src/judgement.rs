//! What neighbours say together, and what speaks against it.

use crate::{kinds, small};
use precedent_query::{
    Abstention, CalibratedShare, Calibration, Consensus, DEFAULT_NEIGHBOURS, Dissent, FindingDissent,
    FindingVote, Grades, Hit, Judgement, Unavailable,
};
use precedent_vector::Metric;
use precedent_wire::v1;

/// Whether neighbours are to vote.
pub(crate) fn asked(wire: Option<v1::JudgementRequest>) -> Judgement {
    match wire {
        None => Judgement::Auto,
        Some(v1::JudgementRequest { off: true, .. }) => Judgement::Off,
        Some(v1::JudgementRequest { neighbour_count, .. }) => {
            Judgement::By(neighbour_count.map_or(DEFAULT_NEIGHBOURS, |count| count as usize))
        }
    }
}

pub(crate) fn consensus(consensus: Consensus) -> v1::Consensus {
    v1::Consensus {
        votes: consensus.votes.into_iter().map(vote).collect(),
        more_finding_count: small(consensus.more_findings),
        neighbour_count: small(consensus.neighbours),
        effective_patient_count: consensus.effective_patients,
        reported_case_count: consensus.reported_cases as u64,
        calibrated: consensus.calibration.is_some(),
        calibration: consensus.calibration.map(calibration),
    }
}

fn calibration(by: Calibration) -> v1::Calibration {
    v1::Calibration {
        case_count: small(by.cases),
        share_count: by.shares as u64,
        generation: by.generation,
        constant: by.constant,
        by_share: by.by_share,
        by_rest: by.by_rest,
        by_base_rate: by.by_base_rate,
    }
}

fn calibrated(found: CalibratedShare) -> v1::CalibratedShare {
    v1::CalibratedShare { share: found.share, lower: found.lower, upper: found.upper }
}

fn vote(vote: FindingVote) -> v1::FindingVote {
    v1::FindingVote {
        present_count: small(vote.present),
        uncertain_count: small(vote.uncertain),
        absent_count: small(vote.absent),
        unmentioned_count: small(vote.unmentioned),
        share: vote.share,
        lower: vote.lower,
        upper: vote.upper,
        base_rate: vote.base_rate,
        lift: vote.lift(),
        grades: vote.grades.map(grades),
        calibrated: vote.calibrated.map(calibrated),
        finding: vote.finding.to_string(),
        name: vote.name,
    }
}

fn grades(grades: Grades) -> v1::Grades {
    let median = grades.shares.get(grades.median).map_or_else(String::new, |share| share.grade.to_string());
    let share = |share: precedent_query::GradeShare| v1::GradeShare {
        grade: share.grade.to_string(),
        name: share.name,
        case_count: small(share.cases),
        share: share.share,
    };
    v1::Grades { shares: grades.shares.into_iter().map(share).collect(), median }
}

pub(crate) fn dissent(dissent: Dissent, hit: impl Fn(Hit) -> v1::Hit) -> v1::Dissent {
    let against = |found: FindingDissent| v1::FindingDissent {
        finding: found.finding.to_string(),
        name: found.name,
        denied: found.denied,
        cases: found.cases.into_iter().map(&hit).collect(),
    };
    v1::Dissent {
        leading: dissent.leading.into_iter().map(against).collect(),
        normal: dissent.normal.into_iter().map(&hit).collect(),
    }
}

pub(crate) fn abstention(abstention: &Abstention, metric: Option<Metric>) -> v1::Abstention {
    use v1::abstention::Best;
    let best = abstention.similarity.zip(metric).map(|(similarity, metric)| match metric {
        Metric::Cosine => Best::Cosine(similarity),
        Metric::Dot => Best::DotProduct(similarity),
        // Not -similarity, which would make a distance of -0 out of a copy.
        Metric::L2 => Best::L2Distance(0.0 - similarity),
    });
    let projection = abstention.projection.map_or(v1::Projection::Unspecified, kinds::projection);
    v1::Abstention {
        abstains: abstention.abstains,
        p_value: abstention.p_value,
        false_alarm_rate: abstention.rate,
        best,
        background_image_count: small(abstention.background_images),
        projection: projection.into(),
    }
}

pub(crate) fn unavailable(missing: Unavailable) -> v1::Unavailable {
    v1::Unavailable {
        part: kinds::part(missing.part).into(),
        reason: kinds::reason(missing.reason).into(),
        description: missing.reason.description().to_owned(),
    }
}
