//! ANALYZE of one table: a random sample of its rows, and from it each column's statistics in pg_statistic.
//!
//! Source: PostgreSQL 15 analyze.c.

use super::column_statistics::{ColumnStatistics, Sampled, describe};
use super::report::{Work, schema_and_name};
use super::{Options, count_work, inform};
use crate::relation::note_sizes;
use crate::with_analyze_context;
use access::{Access, Row, Sample};
use base::{Oid, Prng};
use builtins::TypeLookup;
use catalog::rows::{PgAttribute, PgStatistic};
use config::Setting;
use exec::Types;
use instance::Counter;
use instance::Ctx;
use report::{Result, bail};
use schema::{CatalogRow, RelationEntry};
use std::sync::Arc;
use tuple::{Comparator, Datum};

/// Rows in the sample for each entry of a statistics list: enough for a histogram with small errors (analyze.c tells why).
const ROWS_PER_TARGET: usize = 300;
const BTREE: Oid = Oid(403);
const LESS: i16 = 1;
const EQUAL: i16 = 3;
const KIND_COMMON_VALUES: i16 = 1;
const KIND_HISTOGRAM: i16 = 2;
const KIND_CORRELATION: i16 = 3;

/// A column to be described.
struct Column {
    attribute: Arc<CatalogRow<PgAttribute>>,
    /// Entries of its lists, at most.
    target: usize,
    order: Option<Order>,
}

/// How a type's values are compared.
struct Order {
    comparator: Comparator,
    less: Oid,
    equal: Oid,
}

/// Describes the table's columns, or only those named.
pub(super) fn analyze(cx: Ctx<'_>, entry: &RelationEntry, names: &[String], options: Options) -> Result<()> {
    let Some(table) = &entry.table else { return Ok(()) };
    let work = Work::begin(cx, entry, options.verbose)?;
    let columns = columns(cx, entry, names)?;
    let target = columns.iter().map(|c| c.target).max().unwrap_or(0).max(1) * ROWS_PER_TARGET;
    let mut random = Prng::new(cx.now_us() as u64 ^ u64::from(entry.oid.0));
    if options.verbose {
        inform(cx, format!("analyzing \"{}\"", schema_and_name(cx, entry)?));
    }
    let store = &cx.session.store;
    let sample = cx.with_tx(|tx| table.am.sample(&mut Access::new(store, tx), table, target, &mut random))?;
    if options.verbose {
        inform(cx, describe_sample(entry.name(), &sample));
    }
    if !sample.rows.is_empty() {
        for column in &columns {
            cx.check_interrupts()?;
            let found = describe_column(&sample.rows, sample.live, column);
            store_statistics(cx, entry, column, found)?;
        }
        // Once for all columns: plans and cached statistics of the table are made anew.
        cx.catalog().touch_relation(entry.oid)?;
    }
    if names.is_empty() {
        note_sizes(cx, entry.oid, sample.blocks, sample.live, None)?;
        note_indexes(cx, entry, sample.live)?;
        count(cx, entry, sample.live, sample.dead);
    }
    work.analyzed(cx);
    Ok(())
}

fn describe_sample(table: &str, sample: &Sample) -> String {
    format!(
        "\"{table}\": scanned {} of {} pages, containing {} live rows and {} dead rows; {} rows in sample, \
         {:.0} estimated total rows",
        sample.scanned_blocks,
        sample.blocks,
        sample.scanned_live,
        sample.scanned_dead,
        sample.rows.len(),
        sample.live
    )
}

fn count(cx: Ctx<'_>, entry: &RelationEntry, live: f64, dead: f64) {
    let database = if catalog::is_shared_relation(entry.oid) { Oid::INVALID } else { cx.session.database };
    let counters = cx.instance.statistics.relation_or_new((database, entry.oid));
    let automatic = [Counter::Autoanalyzes, Counter::LastAutoanalyze];
    count_work(cx, &counters, [Counter::Analyzes, Counter::LastAnalyze], automatic);
    counters.set(Counter::Live, live as i64);
    counters.set(Counter::Dead, dead as i64);
    counters.set(Counter::ChangedSinceAnalyze, 0);
}

/// Indexes have as many entries as the table has rows, except partial ones, which keep what VACUUM counted.
fn note_indexes(cx: Ctx<'_>, entry: &RelationEntry, rows: f64) -> Result<()> {
    let catalog = cx.catalog();
    for index in &entry.indexes {
        let index = catalog.open_relation(*index)?;
        let (Some(stored), Some(row)) = (&index.stored_index, &index.index) else { continue };
        if row.indpred.is_none() {
            let blocks = cx.session.store.smgr.blocks(stored.relation.main_fork())?;
            note_sizes(cx, index.oid, blocks, rows, None)?;
        }
    }
    Ok(())
}

fn columns(cx: Ctx<'_>, entry: &RelationEntry, names: &[String]) -> Result<Vec<Column>> {
    let default = cx.setting(|s| s.int(Setting::DefaultStatisticsTarget));
    let mut numbers = Vec::new();
    for name in names {
        let Some(number) = entry.column(name) else {
            bail!(UNDEFINED_COLUMN, "column \"{name}\" of relation \"{}\" does not exist", entry.name());
        };
        if numbers.contains(&number) {
            bail!(DUPLICATE_COLUMN, "column \"{name}\" of relation \"{}\" appears more than once", entry.name());
        }
        numbers.push(number);
    }
    if names.is_empty() {
        numbers.extend(1..=entry.desc.len() as i16);
    }
    let mut columns = Vec::new();
    for number in numbers {
        let Some(attribute) = cx.catalog().attribute(entry.oid, number)? else { continue };
        if attribute.attisdropped || attribute.attstattarget == 0 {
            continue;
        }
        let target = if attribute.attstattarget < 0 { default } else { attribute.attstattarget };
        columns.push(Column { target: target.max(1) as usize, order: order(cx, &attribute)?, attribute });
    }
    Ok(columns)
}

/// How a column's values are compared, `None` if its type has no order.
fn order(cx: Ctx<'_>, attribute: &PgAttribute) -> Result<Option<Order>> {
    let class = with_analyze_context(cx, "", |context| context.default_opclass(attribute.atttypid, BTREE))?;
    let Some(class) = class else { return Ok(None) };
    let catalog = cx.catalog();
    let operator = |strategy| catalog.opfamily_member(class.opcfamily, class.opcintype, class.opcintype, strategy);
    let comparator = builtins::comparator(attribute.atttypid, attribute.attcollation, &Types(cx)).ok();
    let (less, equal) = (operator(LESS)?, operator(EQUAL)?);
    Ok(comparator.map(|comparator| Order { comparator, less, equal }))
}

fn describe_column(rows: &[Row], live: f64, column: &Column) -> ColumnStatistics {
    let place = column.attribute.attnum as usize - 1;
    let null = Datum::Null;
    let values: Vec<&Datum> = rows.iter().map(|row| row.values.get(place).unwrap_or(&null)).collect();
    let sampled = Sampled {
        values: &values,
        table_rows: live,
        fixed_width: (column.attribute.attlen > 0).then_some(i32::from(column.attribute.attlen)),
        target: column.target,
    };
    describe(&sampled, column.order.as_ref().map(|order| &order.comparator))
}

/// Replaces the column's row of pg_statistic.
fn store_statistics(cx: Ctx<'_>, entry: &RelationEntry, column: &Column, found: ColumnStatistics) -> Result<()> {
    let attribute = &column.attribute;
    let mut row = PgStatistic {
        starelid: entry.oid,
        staattnum: attribute.attnum,
        stanullfrac: found.null_fraction as f32,
        stawidth: found.width,
        stadistinct: found.distinct as f32,
        ..empty_row()
    };
    let list = |values: &[Datum]| {
        let repr = Types(cx).type_info(attribute.atttypid)?.repr();
        builtins::array::build_list(attribute.atttypid, repr, values)
    };
    let mut slots = Vec::new();
    if let Some(order) = &column.order {
        if !found.common.is_empty() {
            let (values, frequencies): (Vec<Datum>, Vec<f32>) = found.common.into_iter().unzip();
            slots.push((KIND_COMMON_VALUES, order.equal, Some(frequencies), list(&values)?));
        }
        if !found.histogram.is_empty() {
            slots.push((KIND_HISTOGRAM, order.less, None, list(&found.histogram)?));
        }
        if let Some(correlation) = found.correlation {
            slots.push((KIND_CORRELATION, order.less, Some(vec![correlation as f32]), Datum::Null));
        }
    }
    let collation = attribute.attcollation;
    for (place, (kind, operator, numbers, values)) in slots.into_iter().enumerate() {
        match place {
            0 => {
                (row.stakind1, row.staop1, row.stacoll1) = (kind, operator, collation);
                (row.stanumbers1, row.stavalues1) = (numbers, values);
            }
            1 => {
                (row.stakind2, row.staop2, row.stacoll2) = (kind, operator, collation);
                (row.stanumbers2, row.stavalues2) = (numbers, values);
            }
            _ => {
                (row.stakind3, row.staop3, row.stacoll3) = (kind, operator, collation);
                (row.stanumbers3, row.stavalues3) = (numbers, values);
            }
        }
    }
    let catalog = cx.catalog();
    match catalog.statistic(entry.oid, attribute.attnum, false)? {
        Some(old) => catalog.update(&old, &row)?,
        None => catalog.insert(&row)?,
    };
    Ok(())
}

fn empty_row() -> PgStatistic {
    PgStatistic {
        starelid: Oid::INVALID,
        staattnum: 0,
        stainherit: false,
        stanullfrac: 0.0,
        stawidth: 0,
        stadistinct: 0.0,
        stakind1: 0,
        stakind2: 0,
        stakind3: 0,
        stakind4: 0,
        stakind5: 0,
        staop1: Oid::INVALID,
        staop2: Oid::INVALID,
        staop3: Oid::INVALID,
        staop4: Oid::INVALID,
        staop5: Oid::INVALID,
        stacoll1: Oid::INVALID,
        stacoll2: Oid::INVALID,
        stacoll3: Oid::INVALID,
        stacoll4: Oid::INVALID,
        stacoll5: Oid::INVALID,
        stanumbers1: None,
        stanumbers2: None,
        stanumbers3: None,
        stanumbers4: None,
        stanumbers5: None,
        stavalues1: Datum::Null,
        stavalues2: Datum::Null,
        stavalues3: Datum::Null,
        stavalues4: Datum::Null,
        stavalues5: Datum::Null,
    }
}
