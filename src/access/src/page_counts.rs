//! How many pages of which relation a session asked for, as long as it has not added that to the statistics.
//!
//! Each read of a page counts, so it must cost next to nothing: a relation has its place by its oid's low bits, and what another relation left
//! there moves away first, which is rare. Only the session's thread counts; hence loads and stores, no locked instruction.

use buffer::Origin;
use std::collections::HashMap;
use std::sync::atomic::{AtomicU64, Ordering};
use sync::{Mutex, rank};
use xact::StatisticsKey;

/// Places: relations made one after the other do not get into each other's way.
const PLACES: usize = 32;

/// Pages of a relation.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct PagesAsked {
    /// Those asked for.
    pub fetched: u64,
    /// Those of them that were in memory.
    pub hit: u64,
}

/// The counts of a session.
#[derive(Debug)]
pub struct PageCounts {
    places: [Place; PLACES],
    displaced: Mutex<HashMap<StatisticsKey, PagesAsked>>,
}

#[derive(Debug, Default)]
struct Place {
    /// Database and relation; zero if nothing is counted here.
    key: AtomicU64,
    fetched: AtomicU64,
    hit: AtomicU64,
}

impl Default for PageCounts {
    fn default() -> PageCounts {
        PageCounts { places: Default::default(), displaced: Mutex::new(rank::LEAF, HashMap::new()) }
    }
}

impl PageCounts {
    /// A page of the relation was asked for.
    #[inline]
    pub(crate) fn count(&self, key: StatisticsKey, origin: Origin) {
        let (word, place) = (word_of(key), self.place(key));
        if place.key.load(Ordering::Relaxed) != word {
            self.displace(place, word);
        }
        let bump = |count: &AtomicU64, by: u64| count.store(count.load(Ordering::Relaxed) + by, Ordering::Relaxed);
        bump(&place.fetched, 1);
        bump(&place.hit, u64::from(origin == Origin::Memory));
    }

    /// Hands over what was counted, each relation once, and begins anew.
    pub fn take_each(&self, mut take: impl FnMut(StatisticsKey, PagesAsked)) {
        self.places.iter().for_each(|place| self.displace(place, 0));
        let mut displaced = self.displaced.lock();
        if !displaced.is_empty() {
            displaced.drain().for_each(|(key, pages)| take(key, pages));
        }
    }

    /// What was counted of a relation and not taken.
    pub fn of(&self, key: StatisticsKey) -> PagesAsked {
        let place = self.place(key);
        let mut pages = self.displaced.lock().get(&key).copied().unwrap_or_default();
        if place.key.load(Ordering::Relaxed) == word_of(key) {
            pages.add(place.pages());
        }
        pages
    }

    #[inline]
    fn place(&self, key: StatisticsKey) -> &Place {
        &self.places[key.1.0 as usize % PLACES]
    }

    /// Gives a place to another relation.
    #[cold]
    fn displace(&self, place: &Place, word: u64) {
        let old = place.key.swap(word, Ordering::Relaxed);
        if old != 0 {
            self.displaced.lock().entry(key_of(old)).or_default().add(place.pages());
            place.fetched.store(0, Ordering::Relaxed);
            place.hit.store(0, Ordering::Relaxed);
        }
    }
}

impl Place {
    fn pages(&self) -> PagesAsked {
        PagesAsked { fetched: self.fetched.load(Ordering::Relaxed), hit: self.hit.load(Ordering::Relaxed) }
    }
}

impl PagesAsked {
    fn add(&mut self, other: PagesAsked) {
        self.fetched += other.fetched;
        self.hit += other.hit;
    }
}

#[inline]
fn word_of((database, relation): StatisticsKey) -> u64 {
    u64::from(database.0) << 32 | u64::from(relation.0)
}

fn key_of(word: u64) -> StatisticsKey {
    (base::Oid((word >> 32) as u32), base::Oid(word as u32))
}

#[cfg(test)]
mod tests {
    use super::*;
    use base::Oid;

    #[test]
    fn relations_that_share_a_place_keep_their_counts() {
        let counts = PageCounts::default();
        let keys = [(Oid(5), Oid(16_384)), (Oid(5), Oid(16_384 + PLACES as u32)), (Oid::INVALID, Oid(16_384))];
        for round in 0..3 {
            for (at, key) in keys.iter().enumerate() {
                (0..=at).for_each(|_| counts.count(*key, if round == 0 { Origin::File } else { Origin::Memory }));
            }
        }
        assert_eq!(counts.of(keys[1]), PagesAsked { fetched: 6, hit: 4 });
        let mut taken = Vec::new();
        counts.take_each(|key, pages| taken.push((key, pages.fetched, pages.hit)));
        taken.sort_unstable();
        assert_eq!(taken, [(keys[2], 9, 6), (keys[0], 3, 2), (keys[1], 6, 4)]);
        counts.take_each(|_, _| panic!("everything was taken"));
        assert_eq!(counts.of(keys[0]), PagesAsked::default());
    }
}
