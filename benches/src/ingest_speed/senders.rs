//! Senders of cases, each of whom waits until what it sent is durable before it sends more.

use super::searcher::due;
use precedent_engine::{Engine, NewCase};
use std::error::Error;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

/// How cases come.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Manner {
    pub senders: usize,
    /// Cases of one call, which become durable together.
    pub cases_per_call: usize,
    /// Cases a second of all senders together; as many as can be if not given.
    pub per_second: Option<f64>,
}

/// What became of them.
#[derive(Debug, Default)]
pub struct Sent {
    pub cases: usize,
    pub seconds: f64,
    /// Milliseconds from each call to its acknowledgement.
    pub acknowledged_ms: Vec<f64>,
}

impl Sent {
    pub fn rate(&self) -> f64 {
        if self.seconds > 0.0 { self.cases as f64 / self.seconds } else { 0.0 }
    }
}

/// What goes wrong on a thread.
pub type Trouble = Box<dyn Error + Send + Sync>;

/// Sends for so long, or until no case is left.
pub fn send(engine: &Engine, manner: Manner, cases: Vec<NewCase>, length: Duration) -> Result<Sent, Trouble> {
    let (left, started) = (Mutex::new(cases.into_iter().enumerate()), Instant::now());
    let one = || -> Result<(usize, Vec<f64>), Trouble> {
        let (mut sent, mut times) = (0, Vec::new());
        while started.elapsed() < length {
            let (numbers, batch): (Vec<usize>, Vec<NewCase>) = {
                let mut left = left.lock().unwrap_or_else(PoisonError::into_inner);
                left.by_ref().take(manner.cases_per_call).unzip()
            };
            let Some(&first) = numbers.first() else { break };
            if let Some(per_second) = manner.per_second {
                std::thread::sleep(due(first, per_second).saturating_sub(started.elapsed()));
            }
            let (asked, count) = (Instant::now(), batch.len());
            for outcome in engine.ingest(batch)? {
                outcome.map_err(|violations| format!("a case was refused: {violations:?}"))?;
            }
            times.push(asked.elapsed().as_secs_f64() * 1e3);
            sent += count;
        }
        Ok((sent, times))
    };
    let ended: Vec<Result<(usize, Vec<f64>), Trouble>> = std::thread::scope(|scope| {
        let senders: Vec<_> = (0..manner.senders.max(1)).map(|_| scope.spawn(one)).collect();
        senders
            .into_iter()
            .map(|sender| sender.join().unwrap_or_else(|_| Err("a sender panicked".into())))
            .collect()
    });
    let mut whole = Sent { seconds: started.elapsed().as_secs_f64(), ..Sent::default() };
    for of_one in ended {
        let (cases, times) = of_one?;
        whole.cases += cases;
        whole.acknowledged_ms.extend(times);
    }
    Ok(whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use precedent_engine::{Access, Definition};
    use precedent_model::{Case, CaseId, Report, SectionKind};

    fn cases(count: usize) -> Vec<NewCase> {
        let case = |number: usize| {
            let mut case = Case::new(CaseId::new(&format!("c{number}")).unwrap());
            case.report = Some(Report::new([(SectionKind::Impression, "Normal.")]).unwrap());
            NewCase::new(case)
        };
        (0..count).map(case).collect()
    }

    fn sent(manner: Manner, count: usize, length: Duration) -> (Sent, usize) {
        let folder = tempfile::tempdir().unwrap();
        Engine::create(folder.path(), &Definition::chest_xray().unwrap()).unwrap();
        let engine = Engine::open(folder.path(), Access::Bulk).unwrap();
        let sent = send(&engine, manner, cases(count), length).unwrap();
        engine.commit().unwrap();
        (sent, engine.view().case_count())
    }

    #[test]
    fn every_case_is_sent_once_whoever_sends() {
        for (senders, cases_per_call, calls) in [(1, 1, 50), (4, 1, 50), (3, 8, 7)] {
            let manner = Manner { senders, cases_per_call, per_second: None };
            let (sent, held) = sent(manner, 50, Duration::from_secs(60));
            assert_eq!((sent.cases, held, sent.acknowledged_ms.len()), (50, 50, calls), "{manner:?}");
        }
    }

    #[test]
    fn a_rate_is_kept_and_time_ends_it() {
        let manner = Manner { senders: 1, cases_per_call: 1, per_second: Some(100.0) };
        let (sent, _) = sent(manner, 1000, Duration::from_millis(300));
        assert!((5..=31).contains(&sent.cases), "{}", sent.cases);
    }
}
