//! A random sample of rows for ANALYZE.
//!
//! Two stages, as in PostgreSQL: random blocks (Knuth's algorithm S), as many as rows are wanted, then of their live rows a
//! reservoir (Vitter's algorithm R). Row counts of the table are estimated from the blocks looked at.

use crate::claim::tuple_at;
use crate::fetch::fill_row;
use crate::maps;
use crate::visibility::{self, Fate};
use access::{Access, Relation, Row, Sample};
use base::{BlockNumber, Prng, Tid};
use page::LineState;
use report::Result;
use tuple::{ColumnSet, TupleHeader};

/// Takes a sample of at most `target` rows.
pub(crate) fn sample(cx: &mut Access<'_>, table: &Relation, target: usize, random: &mut Prng) -> Result<Sample> {
    let blocks = maps::table_blocks(cx.store, table)?;
    let mut sampler = Sampler { target, kept: Vec::new(), seen: 0, dead: 0, looked_at: 0 };
    let (mut left, mut wanted) = (u64::from(blocks), target.min(blocks as usize) as u64);
    for block in 0..blocks {
        if random.below(left) < wanted {
            wanted -= 1;
            cx.txn.check_interrupts()?;
            sampler.visit(cx, table, BlockNumber(block), random)?;
        }
        left -= 1;
    }
    let scale = if sampler.looked_at > 0 { f64::from(blocks) / f64::from(sampler.looked_at) } else { 0.0 };
    let (live, dead) = (sampler.seen as f64 * scale, sampler.dead as f64 * scale);
    sampler.kept.sort_by_key(|(tid, _)| *tid);
    let mut rows = Vec::with_capacity(sampler.kept.len());
    for (tid, tuple) in &sampler.kept {
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
        scanned_live: sampler.seen,
        scanned_dead: sampler.dead,
    })
}

struct Sampler {
    target: usize,
    kept: Vec<(Tid, Vec<u8>)>,
    seen: u64,
    dead: u64,
    looked_at: u32,
}

impl Sampler {
    fn visit(&mut self, cx: &Access<'_>, table: &Relation, block: BlockNumber, random: &mut Prng) -> Result<()> {
        self.looked_at += 1;
        let horizon = cx.store.xacts.recent_horizon();
        let page = cx.store.read(table, block)?.share();
        for offset in page.offsets() {
            let Some(tuple) = tuple_at(&page, offset) else {
                self.dead += u64::from(page.line_pointer(offset).state() == LineState::Dead);
                continue;
            };
            let header = TupleHeader::read(tuple)?;
            let counts = match visibility::fate(&header, horizon, &cx.store.xacts)? {
                Fate::Live { .. } => true,
                Fate::Inserting => cx.txn.is_own(header.xmin),
                // The deletion does not count until it is committed, but for one of our own.
                Fate::Deleting => !cx.txn.is_own(header.xmax),
                Fate::Dead | Fate::NeverWas | Fate::RecentlyDead => {
                    self.dead += 1;
                    false
                }
            };
            if counts {
                self.offer(Tid { block, offset }, tuple, random);
            }
        }
        Ok(())
    }

    fn offer(&mut self, tid: Tid, tuple: &[u8], random: &mut Prng) {
        self.seen += 1;
        if self.kept.len() < self.target {
            self.kept.push((tid, tuple.to_vec()));
        } else if let Some(slot) = self.kept.get_mut(random.below(self.seen) as usize) {
            *slot = (tid, tuple.to_vec());
        }
    }
}
