//! VACUUM of one table.

use super::report::Work;
use super::{Options, count_work, inform};
use crate::relation::note_sizes;
use access::{Access, CostLimits, Index, VacuumOptions, VacuumStats};
use base::Oid;
use catalog::{columns as c, rows::PgClass};
use config::Setting;
use instance::Counter;
use instance::Ctx;
use report::Result;
use schema::{Key, RelationEntry};
use std::sync::Arc;
use std::time::Duration;

/// Removes the dead rows of a table and of its TOAST table, and notes what it found in pg_class and the counters.
pub(super) fn vacuum(cx: Ctx<'_>, entry: &RelationEntry, options: Options) -> Result<()> {
    one(cx, entry, options)?;
    let toast = entry.class.reltoastrelid;
    if options.process_toast
        && toast.is_valid()
        && let Some(toast) = cx.catalog().relation(toast)?
    {
        one(cx, &toast, options)?;
    }
    Ok(())
}

fn one(cx: Ctx<'_>, entry: &RelationEntry, options: Options) -> Result<()> {
    let Some(table) = &entry.table else { return Ok(()) };
    let catalog = cx.catalog();
    let indexes = entry.indexes.iter().map(|oid| catalog.index(*oid)).collect::<Result<Vec<Arc<Index>>>>()?;
    let how = VacuumOptions {
        all_pages: options.all_pages,
        clean_indexes: options.clean_indexes,
        truncate: options.truncate,
    };
    let work = Work::begin(cx, entry, options.verbose)?;
    if options.verbose {
        inform(cx, format!("vacuuming \"{}\"", work.name()));
    }
    let store = &cx.session.store;
    // Nothing reads the session's transaction while the table is worked on.
    let costs = cost_limits(cx);
    let mut stats = cx.with_tx(|tx| {
        let mut access = Access::new(store, tx);
        if !costs.delay.is_zero() {
            access.set_pace(costs);
        }
        table.am.vacuum(&mut access, table, &indexes, how)
    })?;
    stats.live = live_rows(&entry.class, &stats);
    note_sizes(cx, entry.oid, stats.blocks, stats.live, Some(stats.all_visible_blocks))?;
    unmark(cx, entry)?;
    for (index, found) in entry.indexes.iter().zip(&stats.indexes) {
        note_sizes(cx, *index, found.blocks, found.entries as f64, None)?;
    }
    let database = if catalog::is_shared_relation(entry.oid) { Oid::INVALID } else { cx.session.database };
    let counters = cx.instance.statistics.relation_or_new((database, entry.oid));
    let automatic = [Counter::Autovacuums, Counter::LastAutovacuum];
    count_work(cx, &counters, [Counter::Vacuums, Counter::LastVacuum], automatic);
    counters.set(Counter::Live, stats.live.max(0.0) as i64);
    counters.set(Counter::Dead, stats.recently_dead as i64);
    counters.set(Counter::InsertedSinceVacuum, 0);
    let names: Vec<&str> = indexes.iter().map(|index| index.relation.name.as_str()).collect();
    work.vacuumed(cx, &stats, &names, options.clean_indexes);
    Ok(())
}

/// The settings `vacuum_cost_*`; an autovacuum worker has a delay and a limit of its own, unless they are -1.
fn cost_limits(cx: Ctx<'_>) -> CostLimits {
    let settings = cx.session.settings.borrow();
    let count = |setting| settings.int(setting).max(0) as u64;
    let (mut delay_ms, mut limit) = (settings.real(Setting::VacuumCostDelay), count(Setting::VacuumCostLimit));
    if cx.session.entry.is_autovacuum() {
        let (own_delay_ms, own_limit) =
            (settings.real(Setting::AutovacuumVacuumCostDelay), settings.int(Setting::AutovacuumVacuumCostLimit));
        delay_ms = if own_delay_ms >= 0.0 { own_delay_ms } else { delay_ms };
        limit = if own_limit > 0 { own_limit as u64 } else { limit };
    }
    CostLimits {
        hit: count(Setting::VacuumCostPageHit),
        miss: count(Setting::VacuumCostPageMiss),
        dirty: count(Setting::VacuumCostPageDirty),
        limit,
        delay: Duration::from_secs_f64(delay_ms / 1e3),
    }
}

/// A table whose last index was dropped, or never came to be, keeps the mark that it has some until now.
fn unmark(cx: Ctx<'_>, entry: &RelationEntry) -> Result<()> {
    if !entry.class.relhasindex || !entry.indexes.is_empty() {
        return Ok(());
    }
    cx.catalog().overwrite::<PgClass>(&[Key::oid(c::pg_class::OID, entry.oid)], |class| class.relhasindex = false)
}

/// Rows of the whole table: those found, and on the pages that were not looked at as many as there were before.
fn live_rows(before: &PgClass, stats: &VacuumStats) -> f64 {
    let skipped = stats.blocks.saturating_sub(stats.scanned_blocks);
    if skipped == 0 {
        return stats.live;
    }
    let (old_blocks, old_rows) = (f64::from(before.relpages), f64::from(before.reltuples));
    if stats.scanned_blocks == 0 {
        return old_rows;
    }
    if old_rows < 0.0 || old_blocks == 0.0 {
        return stats.live;
    }
    let found = stats.live * f64::from(stats.scanned_blocks) / f64::from(stats.blocks);
    found + old_rows / old_blocks * f64::from(skipped)
}
