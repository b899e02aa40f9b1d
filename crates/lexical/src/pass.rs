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
//! No bit of an answer depends on this. What is passed over has a bound strictly below the least score, so a document
//! with an equal score still enters by its order; the score of any other is summed up anew in the order of the query.

use crate::clause::Occur;
use crate::cursor::END;
use crate::ranking::{Best, LexicalHit};
use crate::snapshot::LivePart;
use crate::walk::Walk;
use crate::window::{CHUNK, Lane, NONE, Say, Sums, WINDOW, ones};

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
    /// In the order of the query.
    walks: Vec<Walk>,
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
    pub(crate) fn new(number: usize, part: &'a LivePart, walks: Vec<Walk>, scratch: &'a mut Scratch) -> Self {
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
        Self {
            number,
            part,
            walks,
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

    /// Live documents that match and were looked at.
    pub(crate) fn scored(&self) -> usize {
        self.scored
    }

    /// Offers what could enter the best, window after window; `false` when told to stop, without the window it was in.
    pub(crate) fn run(&mut self, best: &mut Best<'_>, stop: &dyn Fn() -> bool) -> bool {
        loop {
            self.ask_more(best.least);
            let base = self.next_match();
            if base == END || self.cannot_enter(self.most, best.least) {
                return true;
            }
            let base = base / WINDOW * WINDOW;
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
    fn window(&mut self, base: u32, best: &mut Best<'_>) {
        // What was too much to ask for in the window before likely is again, but not for good.
        let more = usize::from((base / WINDOW).is_multiple_of(4));
        self.asked_here = self.asked.min(self.asked_here + more);
        for count in self.asked_here..self.asked {
            self.fill(self.cheapest[count].0, base);
        }
        while let Some(last) = self.asked_here.checked_sub(1) {
            let (scored, high) = self.sum_up(base, best.least);
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
            self.scored += self.take(chunk, base, best.least);
            self.offer_chunk(chunk, base, best);
        }
    }

    fn offer_chunk(&mut self, chunk: usize, base: u32, best: &mut Best<'_>) {
        for at in ones(self.scratch.sums.high(chunk)) {
            self.offer(base + (chunk * CHUNK + at) as u32, best);
        }
    }

    fn fill(&mut self, place: usize, base: u32) {
        self.walks[place].fill(&mut self.scratch.lanes[place], base, self.part);
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
        any & kept
    }

    /// Sums up the lanes; gives how many documents match, and how many of them have a sum that is high enough.
    fn sum_up(&mut self, base: u32, least: f32) -> (usize, usize) {
        let threshold = self.threshold(least);
        let (mut scored, mut high) = (0, 0);
        for chunk in ones(self.chunks()) {
            scored += self.take(chunk, base, threshold);
            high += self.scratch.sums.high(chunk).count_ones() as usize;
        }
        (scored, high)
    }

    fn take(&mut self, chunk: usize, base: u32, threshold: f32) -> usize {
        let Scratch { lanes, sums } = &mut *self.scratch;
        let lanes = self.walks.iter().zip(&*lanes).map(|(walk, lane)| (say(walk.occur), lane));
        let deleted = self.part.deleted_bits(base as usize / CHUNK + chunk);
        sums.take(chunk, lanes, deleted, threshold) as usize
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
    fn offer(&mut self, ordinal: u32, best: &mut Best<'_>) {
        let mut score = self.scratch.sums.of(ordinal);
        if self.asked_here > 0 {
            let mut known = f64::from(score);
            for count in (0..self.asked_here).rev() {
                if self.cannot_enter(known + self.rest(count + 1), best.least) {
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
        if score >= best.least {
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
