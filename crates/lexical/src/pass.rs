//! One segment searched for its best documents, passing over those that cannot be among them.
//!
//! Clauses are *walked* or *asked*. A walked clause is gone through, window after window, with all its documents. An asked
//! one is looked up for single documents only: those whose score could still be high enough when the most that all asked
//! clauses could add comes on top of what the walked ones gave them. Which clauses are asked follows from the least
//! score that enters the best: those of the smallest bounds that together stay below it, because a document that only
//! they hold for cannot enter (MaxScore: Turtle and Flood, Query evaluation: strategies and optimizations, 1995). As the
//! least score rises, more of them are asked.
//!
//! tantivy's own bounds per block are none here: they are those of the document that was best under the average length
//! of the segment alone. Under that of the snapshot another document of the block may score higher. Our bound is the
//! weight itself, which holds whatever the lengths.
//!
//! Under a filter only accepted documents are looked at. Of a window that has few of them each is looked up in every clause, and what lies
//! between two windows that have any is passed over, so that a narrow filter costs what its matches do, whether or not there are enough
//! of them for a least score.
//!
//! No bit of an answer depends on this. What is passed over has a bound strictly below the least score, so a document
//! with an equal score still enters by its order; the score of any other is summed up anew in the order of the query.

use crate::clause::Occur;
use crate::cursor::END;
use crate::ranking::{Collect, LexicalHit};
use crate::snapshot::LivePart;
use crate::walk::{Walk, score_one};
use crate::window::{CHUNK, Lane, Marks, NONE, Say, Sums, WINDOW, ones};

/// How many documents of a list are walked in the time in which one is asked for.
const ASKING: usize = 8;

/// Room for one window, kept from segment to segment.
pub(crate) struct Scratch {
    /// One per walk or more, empty between windows.
    lanes: Vec<Lane>,
    sums: Sums,
}

impl Scratch {
    pub(crate) fn new() -> Self {
        Self { lanes: Vec::new(), sums: Sums::new() }
    }
}

pub(crate) struct Pass<'a> {
    number: usize,
    part: &'a LivePart,
    /// Which of 64 documents are accepted.
    accepted: &'a dyn Fn(usize) -> u64,
    /// Of the window at hand, which of the documents of each chunk are accepted and live.
    here: Marks,
    /// In the order of the query.
    walks: Vec<Walk>,
    /// Of each alternative of a walk, how many documents it has in a window.
    listed: Vec<usize>,
    scratch: &'a mut Scratch,
    /// The clauses that need not hold, those of the smallest bound first, with the sum of the bounds up to each.
    cheapest: Vec<(usize, f64)>,
    /// By walk, its place among the cheapest; beyond them for one that must or must not hold.
    ranks: Vec<usize>,
    /// How many of `cheapest` are asked.
    asked: usize,
    /// How many of these are truly asked in the window at hand.
    asked_here: usize,
    /// The sum of all bounds.
    most: f64,
    /// What a sum is multiplied with to be a bound in spite of rounding.
    slack: f64,
    scored: usize,
}

impl<'a> Pass<'a> {
    /// A search of the segment of that number.
    pub(crate) fn new(
        number: usize,
        part: &'a LivePart,
        walks: Vec<Walk>,
        accepted: &'a dyn Fn(usize) -> u64,
        scratch: &'a mut Scratch,
    ) -> Self {
        scratch.lanes.iter_mut().for_each(Lane::clear);
        let lanes = walks.len().max(scratch.lanes.len());
        scratch.lanes.resize_with(lanes, Lane::new);
        let most = |walk: &Walk| f64::from(walk.weight.most());
        let mut cheapest: Vec<(usize, f64)> = (walks.iter().enumerate())
            .filter(|(_, walk)| walk.occur == Occur::Should)
            .map(|(place, walk)| (place, most(walk)))
            .collect();
        cheapest.sort_by(|a, b| a.1.total_cmp(&b.1));
        let (mut sum, mut ranks) = (0.0, vec![usize::MAX; walks.len()]);
        for (rank, (place, bound)) in cheapest.iter_mut().enumerate() {
            ranks[*place] = rank;
            sum += *bound;
            *bound = sum;
        }
        let required = walks.iter().filter(|walk| walk.occur == Occur::Must);
        let most = sum + required.map(most).sum::<f64>();
        // An addition of positive numbers in 32 bits is off by at most 2^-24 of its sum. There are fewer than two per clause:
        // one in the score itself and one in the sum over the walked clauses. The factor holds for twice as many.
        let slack = 1.0 + walks.len() as f64 / f64::from(1 << 22);
        let listed = walks.iter().flat_map(|walk| walk.listed_in_a_window(part)).collect();
        Self {
            number,
            part,
            accepted,
            here: [0; CHUNK],
            walks,
            listed,
            scratch,
            cheapest,
            ranks,
            asked: 0,
            asked_here: 0,
            most,
            slack,
            scored: 0,
        }
    }

    /// Live accepted documents that match and were looked at.
    pub(crate) fn scored(&self) -> usize {
        self.scored
    }

    /// Offers what could enter the best, window after window; `false` when told to stop, without the window it was in.
    pub(crate) fn run(&mut self, best: &mut impl Collect, stop: &dyn Fn() -> bool) -> bool {
        loop {
            self.ask_more(best.least());
            let first = self.next_match();
            if first == END || self.cannot_enter(self.most, best.least()) {
                return true;
            }
            let Some(next) = self.next_accepted(first) else { return true };
            let base = next / WINDOW * WINDOW;
            if base > first {
                if stop() {
                    return false;
                }
                self.pass_over(base);
                continue;
            }
            if self.is_looked_up(base) {
                if stop() {
                    return false;
                }
                self.look_up(base, best);
                self.pass_over(base + WINDOW);
                continue;
            }
            for place in 0..self.walks.len() {
                if self.ranks[place] < self.asked {
                    continue;
                }
                if stop() {
                    return false;
                }
                self.fill(place, base);
            }
            self.window(base, best);
            self.scratch.lanes.iter_mut().for_each(Lane::clear);
        }
    }

    /// The first live accepted document from one on.
    fn next_accepted(&self, first: u32) -> Option<u32> {
        let words = self.part.segment.document_count().div_ceil(CHUNK as u32) as usize;
        let start = first as usize / CHUNK;
        // Of the first word those before it do not count.
        let mut mask = u64::MAX << (first as usize % CHUNK);
        for word in start..words {
            let bits = (self.accepted)(word) & !self.part.deleted_bits(word) & mask;
            if bits != 0 {
                return Some((word * CHUNK) as u32 + bits.trailing_zeros());
            }
            mask = u64::MAX;
        }
        None
    }

    /// Goes to the first document from one on in all clauses that are walked.
    fn pass_over(&mut self, upto: u32) {
        for (walk, rank) in self.walks.iter_mut().zip(&self.ranks) {
            if *rank >= self.asked {
                walk.seek(upto);
            }
        }
    }

    /// Notes which documents of a window are accepted, and says whether to look each of them up takes less time than to walk.
    fn is_looked_up(&mut self, base: u32) -> bool {
        let first = base as usize / CHUNK;
        for (chunk, here) in self.here.iter_mut().enumerate() {
            *here = (self.accepted)(first + chunk) & !self.part.deleted_bits(first + chunk);
        }
        let accepted: usize = self.here.iter().map(|here| here.count_ones() as usize).sum();
        // An alternative that stands behind a document is not looked up in it.
        let looked_up: usize =
            self.listed.iter().map(|&listed| ASKING * accepted.min(listed) + accepted).sum();
        let walks = self.walks.iter().zip(&self.ranks).filter(|(_, rank)| **rank >= self.asked);
        let walked: usize = walks.map(|(walk, _)| walk.documents_in_a_window(self.part)).sum();
        looked_up < walked
    }

    /// Offers the accepted documents of a window one after the other.
    fn look_up(&mut self, base: u32, best: &mut impl Collect) {
        for (chunk, here) in self.here.into_iter().enumerate() {
            for at in ones(here) {
                let ordinal = base + (chunk * CHUNK + at) as u32;
                if let Some(score) = score_one(&mut self.walks, ordinal) {
                    self.scored += 1;
                    if score >= best.least() {
                        best.offer(LexicalHit { segment: self.number, ordinal, score });
                    }
                }
            }
        }
    }

    fn cannot_enter(&self, bound: f64, least: f32) -> bool {
        bound * self.slack < f64::from(least)
    }

    fn ask_more(&mut self, least: f32) {
        let more = self.cheapest[self.asked..].iter();
        self.asked += more.take_while(|(_, bound)| self.cannot_enter(*bound, least)).count();
    }

    /// What the asked clauses add at most, all or the `count` of the smallest bounds.
    fn rest(&self, count: usize) -> f64 {
        count.checked_sub(1).and_then(|last| self.cheapest.get(last)).map_or(0.0, |(_, bound)| *bound)
    }

    /// The first document that could match and enter, from where the walks stand.
    fn next_match(&self) -> u32 {
        let walks = self.walks.iter();
        let required = walks.filter(|walk| walk.occur == Occur::Must).map(Walk::document).max();
        let walked = self.cheapest[self.asked..].iter().map(|(place, _)| self.walks[*place].document());
        required.or_else(|| walked.min()).unwrap_or(END)
    }

    /// Goes over the filled lanes. Where asking would cost more than walking, clauses are walked here after all.
    fn window(&mut self, base: u32, best: &mut impl Collect) {
        // What was too much to ask for in the window before likely is again, but not for good.
        let more = usize::from((base / WINDOW).is_multiple_of(4));
        self.asked_here = self.asked.min(self.asked_here + more);
        for count in self.asked_here..self.asked {
            self.fill(self.cheapest[count].0, base);
        }
        while let Some(last) = self.asked_here.checked_sub(1) {
            let (scored, high) = self.sum_up(best.least());
            let place = self.cheapest[last].0;
            if high * ASKING <= self.walks[place].documents_in_a_window(self.part) {
                self.scored += scored;
                for chunk in ones(self.chunks()) {
                    self.offer_chunk(chunk, base, best);
                }
                return;
            }
            self.fill(place, base);
            self.asked_here = last;
        }
        for chunk in ones(self.chunks()) {
            self.scored += self.take(chunk, best.least());
            self.offer_chunk(chunk, base, best);
        }
    }

    fn offer_chunk(&mut self, chunk: usize, base: u32, best: &mut impl Collect) {
        for at in ones(self.scratch.sums.high(chunk)) {
            self.offer(base + (chunk * CHUNK + at) as u32, best);
        }
    }

    fn fill(&mut self, place: usize, base: u32) {
        self.walks[place].fill(&mut self.scratch.lanes[place], base, self.part, &self.here);
    }

    /// The chunks of the window that could have matches.
    fn chunks(&self) -> u64 {
        let (mut any, mut kept) = (0, u64::MAX);
        for (walk, lane) in self.walks.iter().zip(&self.scratch.lanes) {
            if walk.occur != Occur::MustNot {
                any |= lane.touched();
            }
            if walk.occur == Occur::Must {
                kept &= lane.touched();
            }
        }
        let accepted = self.here.iter().rev().fold(0, |mask, here| mask << 1 | u64::from(*here != 0));
        any & kept & accepted
    }

    /// Sums up the lanes; gives how many documents match, and how many of them have a sum that is high enough.
    fn sum_up(&mut self, least: f32) -> (usize, usize) {
        let threshold = self.threshold(least);
        let (mut scored, mut high) = (0, 0);
        for chunk in ones(self.chunks()) {
            scored += self.take(chunk, threshold);
            high += self.scratch.sums.high(chunk).count_ones() as usize;
        }
        (scored, high)
    }

    fn take(&mut self, chunk: usize, threshold: f32) -> usize {
        let Scratch { lanes, sums } = &mut *self.scratch;
        let lanes = self.walks.iter().zip(&*lanes).map(|(walk, lane)| (say(walk.occur), lane));
        sums.take(chunk, lanes, self.here[chunk % CHUNK], threshold) as usize
    }

    /// The least sum over the walked clauses with which a document could enter.
    fn threshold(&self, least: f32) -> f32 {
        if self.asked_here == 0 {
            return least;
        }
        let threshold = f64::from(least) / self.slack - self.rest(self.asked_here);
        (threshold as f32).next_down()
    }

    /// Offers a document with its sum over the walked clauses, unless what the asked ones add makes it too low.
    fn offer(&mut self, ordinal: u32, best: &mut impl Collect) {
        let mut score = self.scratch.sums.of(ordinal);
        if self.asked_here > 0 {
            let mut known = f64::from(score);
            for count in (0..self.asked_here).rev() {
                if self.cannot_enter(known + self.rest(count + 1), best.least()) {
                    return;
                }
                let place = self.cheapest[count].0;
                if let Some(added) = self.walks[place].score(ordinal) {
                    self.scratch.lanes[place].put(ordinal, added);
                    known += f64::from(added);
                }
            }
            let lanes =
                self.walks.iter().zip(&self.scratch.lanes).filter(|(walk, _)| walk.occur != Occur::MustNot);
            score = lanes.fold(NONE, |score, (_, lane)| score + lane.of(ordinal));
        }
        if score >= best.least() {
            best.offer(LexicalHit { segment: self.number, ordinal, score });
        }
    }
}

fn say(occur: Occur) -> Say {
    match occur {
        Occur::Should => Say::Adds,
        Occur::Must => Say::Keeps,
        Occur::MustNot => Say::Drops,
    }
}
