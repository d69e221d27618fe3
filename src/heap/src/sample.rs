//! A random sample of rows for ANALYZE.
//!
//! Two stages, as in PostgreSQL: random blocks (Knuth's algorithm S), as many as rows are wanted, then of their live rows a
//! reservoir (Li's algorithm L, which knows how many rows to pass over until the next one that is kept). Row counts of the table are estimated from the blocks looked at.

use crate::claim::tuple_at;
use crate::fetch::fill_row;
use crate::visibility::{self, Fate};
use crate::{layout, maps};
use access::{Access, Relation, Row, Sample};
use base::{BlockNumber, Prng, Tid};
use page::LineState;
use report::Result;
use tuple::{ColumnSet, TupleHeader};
use xact::Horizon;

/// Takes a sample of at most `target` rows.
pub(crate) fn sample(cx: &mut Access<'_>, table: &Relation, target: usize, random: &mut Prng) -> Result<Sample> {
    let blocks = maps::table_blocks(cx.store, table)?;
    let mut sampler = Sampler { reservoir: Reservoir::new(target, random.next_u64()), dead: 0, looked_at: 0 };
    let (mut left, mut wanted) = (u64::from(blocks), target.min(blocks as usize) as u64);
    for block in 0..blocks {
        if random.below(left) < wanted {
            wanted -= 1;
            cx.txn.check_interrupts()?;
            sampler.visit(cx, table, BlockNumber(block))?;
        }
        left -= 1;
    }
    let scale = if sampler.looked_at > 0 { f64::from(blocks) / f64::from(sampler.looked_at) } else { 0.0 };
    let Reservoir { mut kept, seen, .. } = sampler.reservoir;
    let (live, dead) = (seen as f64 * scale, sampler.dead as f64 * scale);
    kept.sort_unstable_by_key(|(tid, _)| *tid);
    let mut rows = Vec::with_capacity(kept.len());
    for (tid, tuple) in &kept {
        let mut row = Row::default();
        fill_row(cx.store, table, (*tid, tuple), &ColumnSet::ALL, &mut row)?;
        rows.push(row);
    }
    Ok(Sample {
        rows,
        live: live.round(),
        dead: dead.round(),
        blocks,
        scanned_blocks: sampler.looked_at,
        scanned_live: seen,
        scanned_dead: sampler.dead,
    })
}

struct Sampler {
    reservoir: Reservoir,
    dead: u64,
    looked_at: u32,
}

impl Sampler {
    fn visit(&mut self, cx: &Access<'_>, table: &Relation, block: BlockNumber) -> Result<()> {
        self.looked_at += 1;
        let horizon = cx.store.xacts.recent_horizon();
        let page = cx.store.read(table, block)?.share();
        let all_live = layout::is_all_visible(&page);
        for offset in page.offsets() {
            let Some(tuple) = tuple_at(&page, offset) else {
                self.dead += u64::from(page.line_pointer(offset).state() == LineState::Dead);
                continue;
            };
            if all_live || self.judge(cx, &TupleHeader::read(tuple)?, horizon)? {
                self.reservoir.offer(Tid { block, offset }, tuple);
            }
        }
        Ok(())
    }

    /// Whether a version counts as a live row.
    fn judge(&mut self, cx: &Access<'_>, header: &TupleHeader, horizon: Horizon) -> Result<bool> {
        Ok(match visibility::fate(header, horizon, &cx.store.xacts)? {
            Fate::Live { .. } => true,
            Fate::Inserting => cx.txn.is_own(header.xmin),
            // The deletion does not count until it is committed, but for one of our own.
            Fate::Deleting => !cx.txn.is_own(header.xmax),
            Fate::Dead | Fate::NeverWas | Fate::RecentlyDead => {
                self.dead += 1;
                false
            }
        })
    }
}

/// At any time a random choice, each equally likely, among the rows that were offered.
struct Reservoir {
    random: Prng,
    target: usize,
    kept: Vec<(Tid, Vec<u8>)>,
    seen: u64,
    /// The number of the row that is kept next, once there are as many as wanted.
    next: u64,
    /// The greatest of as many random numbers as rows are kept: a further row is kept if its number is less.
    threshold: f64,
}

impl Reservoir {
    fn new(target: usize, seed: u64) -> Reservoir {
        Reservoir { random: Prng::new(seed), target, kept: Vec::new(), seen: 0, next: 0, threshold: 1.0 }
    }

    fn offer(&mut self, tid: Tid, tuple: &[u8]) {
        self.seen += 1;
        if self.kept.len() < self.target {
            self.kept.push((tid, tuple.to_vec()));
            if self.kept.len() == self.target {
                self.pass_over();
            }
        } else if self.seen == self.next {
            let at = self.random.below(self.target as u64) as usize;
            let (place, bytes) = &mut self.kept[at];
            *place = tid;
            bytes.clear();
            bytes.extend_from_slice(tuple);
            self.pass_over();
        }
    }

    /// Decides which row is kept next.
    fn pass_over(&mut self) {
        self.threshold *= (self.chance().ln() / self.target as f64).exp();
        let passed = (self.chance().ln() / (-self.threshold).ln_1p()).floor();
        self.next = self.seen.saturating_add(passed as u64).saturating_add(1);
    }

    /// Greater than 0 and not greater than 1.
    fn chance(&mut self) -> f64 {
        1.0 - self.random.next_f64()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_row_is_as_likely_to_be_kept() {
        const ROUNDS: u64 = 4000;
        let mut random = Prng::new(7);
        let mut times = [0u64; 50];
        for _ in 0..ROUNDS {
            let mut reservoir = Reservoir::new(5, random.next_u64());
            (0..50).for_each(|row| reservoir.offer(Tid::new(row, 1), &[row as u8]));
            assert_eq!((reservoir.kept.len(), reservoir.seen), (5, 50));
            for (tid, tuple) in reservoir.kept {
                assert_eq!(tuple, [tid.block.0 as u8]);
                times[tid.block.0 as usize] += 1;
            }
        }
        // 400 each, give or take five standard deviations.
        assert!(times.iter().all(|times| (305..=495).contains(times)), "{times:?}");
    }

    #[test]
    fn few_rows_are_all_kept() {
        let mut reservoir = Reservoir::new(5, 7);
        (0..5).for_each(|row| reservoir.offer(Tid::new(row, 1), b"x"));
        assert_eq!(reservoir.kept.len(), 5);
        let mut none = Reservoir::new(0, 7);
        none.offer(Tid::new(0, 1), b"x");
        assert!(none.kept.is_empty());
    }
}
