//! Sides that a sentence gives to several findings at once.

use super::describe::Described;
use super::words::Role;
use super::{Named, Scene};
use precedent_model::Assertion;
use std::ops::Range;

/// Farther apart, two findings share nothing; two names of one thing may stand farther apart.
const SHARING: usize = 9;
const EXPLAINING: usize = 20;
/// Two findings so near are of one thing: "effusion blunting the angle".
const ADJACENT: usize = 2;

/// How the words between two findings join them.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Joined {
    /// A list: "effusion and atelectasis".
    List,
    /// One thing by two names: "atelectasis or scarring", "opacity that may be pneumonia".
    OneThing,
    /// "effusion with atelectasis".
    With,
    /// Words that say nothing of it, or nothing but a comma.
    Loose,
}

/// Sides that a sentence gives to several findings at once.
pub(super) struct Sharing<'a> {
    pub scene: &'a Scene<'a>,
    pub named: &'a [Named],
    pub said: &'a [Assertion],
}

impl Sharing<'_> {
    /// The side of the finding before `place` for that at `place`.
    pub fn forward(&self, place: usize, from: &[Described], to: &mut [Described]) {
        let ([from], [to]) = (from, to) else { return };
        if from.laterality.is_none() || to.laterality.is_some() || !self.may_share(place) {
            return;
        }
        let between = self.between(place);
        if between.clone().any(|at| matches!(self.scene.words.role(at), Role::Everywhere | Role::Cause)) {
            return;
        }
        let joined = self.joined(between);
        // "Opacity in the left base, atelectasis": a finding behind a comma that is a kind of the one before it.
        let kind = self.scene.lexicon.is_kind(self.named[place].index, self.named[place - 1].index);
        let shares = match joined {
            Joined::List | Joined::With => from.side_before,
            Joined::OneThing => true,
            Joined::Loose => kind,
        };
        if shares {
            (to.laterality, to.larger, to.side_before) = (from.laterality, from.larger, true);
            if joined == Joined::OneThing && to.places.is_empty() {
                to.places = from.places.clone();
            }
        }
    }

    /// The side that stands behind the finding at `place` for the one before it, where nothing but a list joins them.
    pub fn backward(&self, place: usize, from: &[Described], to: &mut [Described]) {
        let ([from], [to]) = (from, to) else { return };
        if from.laterality.is_none() || !from.side_behind || to.laterality.is_some() || !self.may_share(place)
        {
            return;
        }
        let between = self.between(place);
        let roles = || between.clone().map(|at| self.scene.words.role(at));
        let joined = roles().any(|role| matches!(role, Role::Comma | Role::And | Role::Or | Role::Hedge));
        let explains = roles().any(|role| role == Role::Hedge);
        let listed = roles().all(|role| match role {
            Role::Comma | Role::And | Role::Or | Role::Plain | Role::Hedge => true,
            role => role == Role::With && explains,
        });
        if listed && joined {
            (to.laterality, to.larger, to.side_behind) = (from.laterality, from.larger, true);
            if to.places.is_empty() {
                to.places = from.places.clone();
            }
        }
    }

    fn between(&self, place: usize) -> Range<usize> {
        self.named[place - 1].last() + 1..self.named[place].first()
    }

    /// Neither has no side, both are devices or none is, both are there or none, and they stand near in one statement.
    fn may_share(&self, place: usize) -> bool {
        let (one, other) = (&self.named[place - 1], &self.named[place]);
        let lexicon = self.scene.lexicon;
        let midline = lexicon.entry(one.index).midline || lexicon.entry(other.index).midline;
        let device = (lexicon.is_device(one.index), lexicon.is_device(other.index));
        let absent = [place - 1, place].map(|place| self.said[place] == Assertion::Absent);
        let between = self.between(place);
        let apart = |at: usize| {
            matches!(self.scene.words.role(at), Role::Stop | Role::But | Role::Denial | Role::Tip)
        };
        !midline
            && device.0 == device.1
            && absent[0] == absent[1]
            && between.len()
                <= if self.joined(between.clone()) == Joined::OneThing { EXPLAINING } else { SHARING }
            && (!device.0 || between.len() <= 1)
            && !between.clone().any(apart)
    }

    fn joined(&self, between: Range<usize>) -> Joined {
        let roles = || between.clone().map(|at| self.scene.words.role(at));
        if roles().any(|role| matches!(role, Role::Or | Role::Hedge)) {
            return Joined::OneThing;
        }
        if between.len() <= ADJACENT && roles().all(|role| role == Role::Plain) {
            return Joined::With;
        }
        match roles().find(|role| role.joins()) {
            Some(Role::And) => Joined::List,
            Some(Role::With) => Joined::With,
            _ => Joined::Loose,
        }
    }
}
