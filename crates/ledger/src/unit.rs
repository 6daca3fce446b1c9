//! What a write unit holds beside its transaction: the end of the tree, events that wait to be written out, and events that were written
//! out and that no stage has folded yet.
use crate::event::{Event, Payload, Tag, commitment, leaf_of};
use crate::merkle::{Frontier, Hash};
use std::collections::{HashMap, VecDeque};

/// Bytes of payloads written out that one unit holds on to until its stages have folded them.
const FRESH_BYTES: usize = 32 << 20;

/// What a write unit holds beside its transaction.
pub(crate) struct Unit {
    pub(crate) hub: String,
    pub(crate) key_salt: Vec<u8>,
    pub(crate) frontier: Frontier,
    pub(crate) pending: Vec<Pending>,
    pub(crate) pending_bytes: usize,
    /// What this unit has written out and no stage has folded yet, so that it need not be read back.
    pub(crate) fresh: Fresh,
    /// Keys appended in this unit and not written out yet.
    pub(crate) tags: HashMap<Tag, i64>,
    /// While a stage applies, it may not append: `apply` is a pure fold.
    pub(crate) closed: bool,
}

impl Unit {
    pub(crate) fn new(hub: &str, key_salt: &[u8], frontier: Frontier) -> Unit {
        let (hub, key_salt) = (hub.to_owned(), key_salt.to_vec());
        Unit {
            hub,
            key_salt,
            frontier,
            pending: Vec::new(),
            pending_bytes: 0,
            fresh: Fresh::default(),
            tags: HashMap::new(),
            closed: false,
        }
    }

    /// Entries of the log with those that are pending, which the frontier holds as soon as they are written out.
    pub(crate) fn size(&self) -> i64 {
        self.frontier.size() as i64 + self.pending.len() as i64
    }
}

pub(crate) struct Pending {
    pub(crate) event: Event,
    pub(crate) payload: Payload,
    pub(crate) header: String,
    pub(crate) tag: Option<Tag>,
    pub(crate) salt: [u8; 32],
}

impl Pending {
    /// With its commitment and its leaf.
    pub(crate) fn hashed(self) -> (Pending, Hash, Hash) {
        let commitment = commitment(&self.salt, self.payload.as_bytes());
        let leaf = leaf_of(&self.header, &commitment);
        (self, commitment, leaf)
    }

    /// As it would be read back.
    fn event(self) -> Event {
        Event { payload: Some(self.payload), ..self.event }
    }
}

/// Events of one unit in their order, without a gap, as long as they are few enough to be held.
#[derive(Default)]
pub(crate) struct Fresh {
    events: VecDeque<Event>,
    bytes: usize,
}

impl Fresh {
    /// Adds what was written out. Beyond the bound the oldest are let go: they are read back.
    pub(crate) fn add(&mut self, pending: Vec<Pending>) {
        for one in pending {
            self.bytes += one.payload.as_bytes().len();
            self.events.push_back(one.event());
            while self.bytes > FRESH_BYTES {
                self.pop();
            }
        }
    }

    fn pop(&mut self) -> Option<Event> {
        let event = self.events.pop_front()?;
        self.bytes -= size_of_payload(&event);
        Some(event)
    }

    /// Takes the events from `from` on and before `to`, at most `bytes_max` of payload and at least one; `None` where `from` is not held.
    pub(crate) fn take(&mut self, from: i64, to: i64, bytes_max: usize) -> Option<Vec<Event>> {
        while self.events.front().is_some_and(|first| first.index < from) {
            self.pop();
        }
        self.events.front().filter(|first| first.index == from)?;
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while bytes < bytes_max && self.events.front().is_some_and(|first| first.index < to) {
            let event = self.pop()?;
            bytes += size_of_payload(&event);
            taken.push(event);
        }
        Some(taken)
    }

    /// Forgets what was appended from `size` on: it was undone.
    pub(crate) fn undo(&mut self, size: i64) {
        while self.events.back().is_some_and(|last| last.index >= size) {
            if let Some(event) = self.events.pop_back() {
                self.bytes -= size_of_payload(&event);
            }
        }
    }
}

fn size_of_payload(event: &Event) -> usize {
    event.payload.as_ref().map_or(0, |payload| payload.as_bytes().len())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::time::Micros;

    fn pending(index: i64, bytes: usize) -> Pending {
        let event = Event {
            index,
            kind: "a.b".into(),
            version: 1,
            known: Micros(index),
            claimed: None,
            payload: None,
            purged: false,
        };
        let payload = Payload::new("{}", &vec![0; bytes]);
        Pending { event, payload, header: String::new(), tag: None, salt: [0; 32] }
    }

    #[track_caller]
    fn check(fresh: &mut Fresh, from: i64, to: i64, bytes: usize, expected: Option<&[i64]>) {
        let taken = fresh.take(from, to, bytes).map(|events| events.iter().map(|e| e.index).collect::<Vec<_>>());
        assert_eq!(taken.as_deref(), expected);
        assert_eq!(fresh.bytes, fresh.events.iter().map(size_of_payload).sum::<usize>());
    }

    #[test]
    fn what_is_held_is_taken_once_and_in_order() {
        let mut fresh = Fresh::default();
        fresh.add((5..15).map(|i| pending(i, 100)).collect());
        // what came before this unit is not held
        check(&mut fresh, 4, 15, 1 << 20, None);
        check(&mut fresh, 5, 8, 1 << 20, Some(&[5, 6, 7]));
        // one at least, whatever its size
        check(&mut fresh, 8, 15, 1, Some(&[8]));
        // what was undone is forgotten
        fresh.undo(12);
        check(&mut fresh, 10, 15, 1 << 20, Some(&[10, 11]));
        check(&mut fresh, 12, 15, 1 << 20, None);
    }

    #[test]
    fn beyond_the_bound_the_oldest_are_let_go() {
        let mut fresh = Fresh::default();
        fresh.add((0..5).map(|i| pending(i, FRESH_BYTES / 3)).collect());
        check(&mut fresh, 0, 5, usize::MAX, None);
        check(&mut fresh, 3, 5, usize::MAX, Some(&[3, 4]));
    }
}
