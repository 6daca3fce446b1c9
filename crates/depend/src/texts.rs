//! Texts by number: each distinct text once, in one buffer. The numbers follow the order of arrival, never a hash.
use crate::quick::Quick;
use std::hash::BuildHasher;

/// The number of a text.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Text(pub(crate) u32);

impl Text {
    pub(crate) fn index(self) -> usize {
        self.0 as usize
    }
}

/// The texts.
#[derive(Clone, Debug)]
pub struct Texts {
    buffer: String,
    ends: Vec<u32>,
    /// Open addressing over a power of two of slots; a slot holds a number plus one. The hash is keyed at random, so that
    /// no table can be written that makes it slow; where a text lies in it shows nowhere.
    slots: Vec<u32>,
    hasher: Quick,
}

impl Default for Texts {
    fn default() -> Self {
        let mut texts =
            Texts { buffer: String::new(), ends: Vec::new(), slots: vec![0; 1024], hasher: Quick::default() };
        texts.intern("");
        texts
    }
}

impl Texts {
    /// The text of a number.
    pub fn get(&self, text: Text) -> &str {
        let start = text.0.checked_sub(1).and_then(|before| self.ends.get(before as usize)).copied().unwrap_or(0);
        let end = self.ends.get(text.index()).copied().unwrap_or(start);
        self.buffer.get(start as usize..end as usize).unwrap_or_default()
    }

    /// How many texts there are.
    pub fn len(&self) -> usize {
        self.ends.len()
    }

    /// Whether there is none but the empty text.
    pub fn is_empty(&self) -> bool {
        self.ends.len() <= 1
    }

    /// The number of a text, if it was seen.
    pub fn find(&self, text: &str) -> Option<Text> {
        let slot = self.slot(text);
        self.slots.get(slot).copied()?.checked_sub(1).map(Text)
    }

    /// The number of a text, new if it was not seen.
    pub fn intern(&mut self, text: &str) -> Text {
        if self.ends.len() * 2 >= self.slots.len() {
            self.grow();
        }
        let at = self.slot(text);
        let Some(slot) = self.slots.get_mut(at) else { return Text(0) };
        if *slot == 0 {
            *slot = self.ends.len() as u32 + 1;
            self.buffer.push_str(text);
            self.ends.push(self.buffer.len() as u32);
        }
        Text(*slot - 1)
    }

    fn slot(&self, text: &str) -> usize {
        let mask = self.slots.len() - 1;
        let mut at = self.hasher.hash_one(text) as usize & mask;
        loop {
            match self.slots.get(at) {
                Some(0) | None => return at,
                Some(number) if self.get(Text(number - 1)) == text => return at,
                Some(_) => at = (at + 1) & mask,
            }
        }
    }

    fn grow(&mut self) {
        self.slots = vec![0; self.slots.len() * 4];
        for number in 0..self.ends.len() as u32 {
            let at = self.slot(self.get(Text(number)));
            if let Some(slot) = self.slots.get_mut(at) {
                *slot = number + 1;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_text_once() {
        let mut texts = Texts::default();
        let numbers: Vec<Text> = (0..5_000).map(|i| texts.intern(&format!("key:{}", i % 2_000))).collect();
        assert_eq!(texts.len(), 2_001);
        assert!(!texts.is_empty());
        assert_eq!(numbers[3], numbers[2_003]);
        assert_eq!(texts.get(numbers[1_999]), "key:1999");
        assert_eq!(texts.find("key:7"), Some(numbers[7]));
        assert_eq!(texts.find("key:2000"), None);
        assert_eq!(texts.get(texts.find("").unwrap()), "");
    }
}
