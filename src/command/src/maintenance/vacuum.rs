//! VACUUM of one table.

use super::{Options, inform};
use access::{Access, Index, VacuumOptions};
use base::Oid;
use catalog::rows::PgClass;
use instance::Ctx;
use instance::Counter;
use report::{Error, Result};
use schema::RelationEntry;
use std::sync::Arc;

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
    let how =
        VacuumOptions { all_pages: options.all_pages, clean_indexes: options.clean_indexes, truncate: options.truncate };
    let name = crate::query::qualified_name(cx, entry)?;
    if options.verbose {
        inform(cx, format!("vacuuming \"{}.{}\"", cx.session.database_name, name.replace('"', "")));
    }
    let store = &cx.instance.store;
    // Nothing reads the session's transaction while the table is worked on.
    let stats = cx.with_tx(|tx| table.am.vacuum(&mut Access::new(store, tx), table, &indexes, how))?;
    if options.verbose {
        let message = format!(
            "table \"{}\": removed {} dead row versions, {} remain, {} are dead but not yet removable; {} of {} pages scanned",
            entry.name(),
            stats.removed,
            stats.live,
            stats.recently_dead,
            stats.scanned_blocks,
            stats.blocks
        );
        inform(cx, message);
    }
    note_sizes(cx, entry.oid, stats.blocks, stats.live, Some(stats.all_visible_blocks))?;
    for (index, found) in entry.indexes.iter().zip(&stats.indexes) {
        note_sizes(cx, *index, found.blocks, found.entries as f64, None)?;
    }
    let database = if catalog::is_shared_relation(entry.oid) { Oid::INVALID } else { cx.session.database };
    let counters = cx.instance.statistics.relation_or_new((database, entry.oid));
    counters.add(Counter::Vacuums, 1);
    counters.set(Counter::LastVacuum, cx.now_us());
    counters.set(Counter::Live, stats.live as i64);
    counters.set(Counter::Dead, stats.recently_dead as i64);
    counters.set(Counter::InsertedSinceVacuum, 0);
    Ok(())
}

/// Notes a relation's size in pg_class, if it changed.
pub(super) fn note_sizes(
    cx: Ctx<'_>,
    relation: Oid,
    blocks: u32,
    rows: f64,
    all_visible_blocks: Option<u32>,
) -> Result<()> {
    let catalog = cx.catalog();
    let row = catalog.class(relation)?.ok_or_else(|| Error::internal(format!("relation {relation} has no row")))?;
    let relallvisible = all_visible_blocks.map_or(row.relallvisible, |blocks| blocks as i32);
    let new = PgClass { relpages: blocks as i32, reltuples: rows as f32, relallvisible, ..row.row.clone() };
    if (new.relpages, new.reltuples, new.relallvisible) == (row.relpages, row.reltuples, row.relallvisible) {
        return Ok(());
    }
    catalog.update(&row, &new).map(drop)
}
