//! A map that remembers the order in which its keys came: what is read from it never depends on a hash.
use crate::quick::QuickMap;
use std::hash::Hash;

/// Values by key, in the order of first arrival, each with the stamp of its last change.
#[derive(Clone, Debug)]
pub(crate) struct Keyed<K, V> {
    at: QuickMap<K, u32>,
    rows: Vec<Option<(K, V, u32)>>,
}

impl<K, V> Default for Keyed<K, V> {
    fn default() -> Self {
        Keyed { at: QuickMap::default(), rows: Vec::new() }
    }
}

impl<K: Copy + Eq + Hash, V: Copy> Keyed<K, V> {
    pub(crate) fn len(&self) -> usize {
        self.at.len()
    }

    pub(crate) fn get(&self, key: &K) -> Option<(&V, u32)> {
        let at = self.at.get(key)?;
        self.rows.get(*at as usize)?.as_ref().map(|(_, value, stamp)| (value, *stamp))
    }

    /// Sets a value and gives the one before.
    pub(crate) fn put(&mut self, key: K, value: V, stamp: u32) -> Option<V> {
        let next = self.rows.len() as u32;
        let at = *self.at.entry(key).or_insert(next);
        let row = Some((key, value, stamp));
        match self.rows.get_mut(at as usize) {
            Some(place) => std::mem::replace(place, row).map(|(_, before, _)| before),
            None => {
                self.rows.push(row);
                None
            }
        }
    }

    pub(crate) fn remove(&mut self, key: &K) -> Option<V> {
        let at = self.at.remove(key)?;
        self.rows.get_mut(at as usize).and_then(Option::take).map(|(_, value, _)| value)
    }

    /// Sets and removes many.
    pub(crate) fn change(&mut self, rows: Vec<(K, V)>, gone: Vec<K>, stamp: u32) {
        for (key, value) in rows {
            self.put(key, value, stamp);
        }
        for key in gone {
            self.remove(&key);
        }
    }

    /// Keys, values and stamps in the order of first arrival.
    pub(crate) fn iter(&self) -> impl Iterator<Item = (&K, &V, u32)> {
        self.rows.iter().flatten().map(|(key, value, stamp)| (key, value, *stamp))
    }
}
