//! The ring of `wal_buffers`: where records wait to be written.
//!
//! Its words are atomics so that inserters may fill disjoint parts while a writer reads others, in safe code. Plain moves is what they compile to.
//! Who may touch a word: the inserter that reserved its position, until it moves its slot's position past it; then writers, until the written
//! position is past it; then the next inserter to whom the position a ring length later falls.

use sync::atomic::{AtomicU64, Ordering};

const WORD: usize = 8;

pub(crate) struct Ring {
    words: Box<[AtomicU64]>,
}

impl Ring {
    /// `bytes` is a power of two.
    pub(crate) fn new(bytes: usize) -> Ring {
        assert!(bytes.is_power_of_two() && bytes >= WORD);
        Ring { words: (0..bytes / WORD).map(|_| AtomicU64::new(0)).collect() }
    }

    pub(crate) fn bytes(&self) -> u64 {
        (self.words.len() * WORD) as u64
    }

    fn index(&self, position: u64) -> usize {
        (position as usize / WORD) & (self.words.len() - 1)
    }

    /// Copies `bytes` in at `position`, a multiple of 8; the last word is filled up with zeros. The caller owns that range.
    pub(crate) fn store(&self, position: u64, bytes: &[u8]) {
        let start = self.index(position);
        let (words, rest) = bytes.as_chunks::<WORD>();
        let until_end = (self.words.len() - start).min(words.len());
        let (first, second) = words.split_at(until_end);
        store_words(&self.words[start..], first);
        store_words(&self.words, second);
        if !rest.is_empty() {
            let mut last = [0; WORD];
            last[..rest.len()].copy_from_slice(rest);
            self.words[self.index(position + (words.len() * WORD) as u64)]
                .store(u64::from_le_bytes(last), Ordering::Relaxed);
        }
    }

    /// Fills a range with zeros.
    pub(crate) fn zero(&self, position: u64, bytes: u64) {
        for at in (position..position + bytes).step_by(WORD) {
            self.words[self.index(at)].store(0, Ordering::Relaxed);
        }
    }

    /// Copies a range out; position and length are multiples of 8, and inserters are done with it.
    pub(crate) fn load(&self, position: u64, into: &mut [u8]) {
        let start = self.index(position);
        let (words, rest) = into.as_chunks_mut::<WORD>();
        assert!(rest.is_empty());
        let until_end = (self.words.len() - start).min(words.len());
        let (first, second) = words.split_at_mut(until_end);
        load_words(&self.words[start..], first);
        load_words(&self.words, second);
    }
}

fn store_words(ring: &[AtomicU64], words: &[[u8; WORD]]) {
    for (slot, word) in ring.iter().zip(words) {
        slot.store(u64::from_le_bytes(*word), Ordering::Relaxed);
    }
}

fn load_words(ring: &[AtomicU64], words: &mut [[u8; WORD]]) {
    for (slot, word) in ring.iter().zip(words) {
        *word = slot.load(Ordering::Relaxed).to_le_bytes();
    }
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;

    #[test]
    fn wraps_around() {
        let ring = Ring::new(64);
        let bytes: Vec<u8> = (1..=30).collect();
        ring.store(64 * 5 + 48, &bytes);
        let mut back = [9; 32];
        ring.load(64 * 5 + 48, &mut back);
        assert_eq!((&back[..30], &back[30..]), (&bytes[..], &[0, 0][..]));
        ring.zero(64 * 5 + 56, 16);
        ring.load(64 * 5 + 48, &mut back);
        assert_eq!((&back[..8], &back[8..24]), (&bytes[..8], &[0; 16][..]));
    }
}
