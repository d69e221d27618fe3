//! What EXPLAIN ANALYZE measured, node by node.

use crate::node::{Instrument, Kind, NodeState};
use std::collections::HashMap;

/// What was measured of a node.
#[derive(Default)]
pub struct Measured {
    /// Times and rows.
    pub instrument: Instrument,
    /// Rows that the filter threw away.
    pub filtered: u64,
    /// Pairs that the join's condition threw away.
    pub join_filtered: u64,
    /// Rows that a bitmap named without knowing.
    pub rechecked: u64,
    /// What only this kind of node counts.
    pub own: Own,
}

/// What single kinds of node count.
#[derive(Default)]
#[allow(missing_docs, reason = "the fields are what EXPLAIN calls them")]
pub enum Own {
    #[default]
    Nothing,
    IndexOnly {
        heap_fetches: u64,
    },
    Bitmap {
        exact: u64,
        lossy: u64,
    },
    Hash {
        buckets: usize,
        batches: usize,
        bytes: usize,
    },
    HashAgg {
        batches: usize,
        bytes: usize,
        disk_bytes: u64,
    },
    Sort {
        method: &'static str,
        is_disk: bool,
        bytes: u64,
    },
    Memoize {
        hits: u64,
        misses: u64,
        evictions: u64,
        overflows: u64,
        bytes: usize,
    },
}

/// Gathers what a tree of nodes measured.
pub fn gather(node: &mut NodeState, out: &mut HashMap<u32, Measured>) {
    node.end_loop();
    let mut measured =
        Measured { instrument: node.instrument.as_deref().cloned().unwrap_or_default(), ..Measured::default() };
    match &node.kind {
        Kind::SeqScan(n) => measured.filtered = n.filtered(),
        Kind::IndexScan(n) => {
            measured.filtered = n.filtered();
            measured.own = Own::IndexOnly { heap_fetches: n.heap_fetches };
        }
        Kind::BitmapHeapScan(n) => {
            (measured.filtered, measured.rechecked) = (n.filtered(), n.rechecked);
            measured.own = Own::Bitmap { exact: n.exact_pages, lossy: n.lossy_pages };
            for (id, instrument) in n.bitmap_measured() {
                out.insert(id, Measured { instrument, ..Measured::default() });
            }
        }
        Kind::NestLoop(n) => (measured.filtered, measured.join_filtered) = (n.output_filtered(), n.filtered),
        Kind::MergeJoin(n) => (measured.filtered, measured.join_filtered) = (n.output_filtered(), n.filtered),
        Kind::HashJoin(n) => {
            (measured.filtered, measured.join_filtered) = (n.output_filtered(), n.filtered);
            let (buckets, batches, bytes) = n.stats;
            measured.own = Own::Hash { buckets, batches, bytes };
        }
        Kind::Agg(n) => {
            measured.filtered = n.filtered;
            measured.own = Own::HashAgg { batches: n.batches, bytes: n.peak_bytes, disk_bytes: n.spilled_bytes };
        }
        Kind::Sort(n) => {
            let method = match (n.stats.external, n.stats.bounded) {
                (true, _) => "external merge",
                (false, true) => "top-N heapsort",
                (false, false) => "quicksort",
            };
            measured.own = Own::Sort { method, is_disk: n.stats.external, bytes: n.stats.space_bytes };
        }
        Kind::Memoize(n) => {
            let (hits, misses, evictions, overflows) = n.stats;
            measured.own = Own::Memoize { hits, misses, evictions, overflows, bytes: n.peak_bytes };
        }
        _ => {}
    }
    measured.filtered = measured.filtered.max(node.output_filtered());
    out.insert(node.id, measured);
    for child in node.children_mut() {
        gather(child, out);
    }
}
