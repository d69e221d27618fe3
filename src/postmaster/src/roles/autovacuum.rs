//! Autovacuum: the launcher looks in which databases tables need work and asks the postmaster for a worker; a worker vacuums
//! and analyzes the tables of one database.
//!
//! What needs work follows from the statistics: dead rows, inserted rows and changed rows beyond a threshold plus a share of
//! the table's rows. Transaction ids are 64 bits wide, so there is no vacuum that must be.

use crate::alone::ToLog;
use crate::shared::RoleContext;
use base::Oid;
use config::{ServerValues, Setting};
use instance::{Counter, RelationCounters, Statistics};
use report::Result;
use session::{Alone, Outcome};

/// Looks around until told to end.
pub fn launch(role: RoleContext) -> Result<()> {
    let statistics = role.running()?.instance.statistics.clone();
    while !role.is_told_to_end() {
        role.heed_reload();
        role.sleep(Some(role.shared.settings.duration(Setting::AutovacuumNaptime)))?;
        if role.is_told_to_end() {
            break;
        }
        let values = role.shared.settings.snapshot();
        for database in databases_in_need(&statistics, &values) {
            role.shared.ask_for_worker(database);
        }
    }
    Ok(())
}

/// Databases with tables that need work, the one with most of them first.
fn databases_in_need(statistics: &Statistics, values: &ServerValues) -> Vec<Oid> {
    let mut found: Vec<(usize, Oid)> = Vec::new();
    for database in statistics.databases() {
        let tables = tables_in_need(statistics, values, database).len();
        if tables > 0 && database.is_valid() {
            found.push((tables, database));
        }
    }
    found.sort_unstable_by(|a, b| b.cmp(a));
    found.into_iter().map(|(_, database)| database).collect()
}

/// What a table needs.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Need {
    vacuum: bool,
    analyze: bool,
}

fn tables_in_need(statistics: &Statistics, values: &ServerValues, database: Oid) -> Vec<(Oid, Need)> {
    let mut tables: Vec<(Oid, Need)> = statistics
        .relations_of(database)
        .into_iter()
        .filter_map(|(oid, c)| Some((oid, need_of(&c, values)?)))
        .collect();
    tables.sort_unstable_by_key(|(oid, _)| *oid);
    tables
}

fn need_of(counters: &RelationCounters, values: &ServerValues) -> Option<Need> {
    let live = counters.get(Counter::Live).max(0) as f64;
    let exceeds = |counter, threshold, scale| {
        let threshold = values.int(threshold);
        threshold >= 0 && counters.get(counter) as f64 > f64::from(threshold) + values.real(scale) * live
    };
    let dead = exceeds(Counter::Dead, Setting::AutovacuumVacuumThreshold, Setting::AutovacuumVacuumScaleFactor);
    let inserted = exceeds(
        Counter::InsertedSinceVacuum,
        Setting::AutovacuumVacuumInsertThreshold,
        Setting::AutovacuumVacuumInsertScaleFactor,
    );
    let analyze = exceeds(
        Counter::ChangedSinceAnalyze,
        Setting::AutovacuumAnalyzeThreshold,
        Setting::AutovacuumAnalyzeScaleFactor,
    );
    (dead || inserted || analyze).then_some(Need { vacuum: dead || inserted, analyze })
}

/// Works on the tables of the database that the launcher asked for.
pub fn work(mut role: RoleContext) -> Result<()> {
    let running = role.running()?;
    let instance = &running.instance;
    let Some(database) = role.shared.take_worker_request() else { return Ok(()) };
    let Some(registration) = role.registration.take() else { return Ok(()) };
    let values = role.shared.settings.snapshot();
    let tables = tables_in_need(&instance.statistics, &values, database);
    let log = role.log.clone();
    registration.give_voice(Box::new(move |message| log.log(message)));
    let mut alone = Alone::open(instance, registration, database)?;
    alone.give_way();
    for (oid, need) in tables {
        let Some(table) = alone.look(|cx| find_table(cx, oid))? else {
            instance.statistics.forget((database, oid));
            continue;
        };
        // Nobody asks for statistics of a TOAST table's columns.
        let need = Need { analyze: need.analyze && !table.is_toast, ..need };
        if !need.vacuum && !need.analyze {
            continue;
        }
        let verb = if need.vacuum { "vacuum" } else { "analyze" };
        let context = format!("automatic {verb} of table \"{}\"", table.full_name);
        let server = ToLog { log: &role.log, settings: &role.shared.settings, context: Some(context) };
        match alone.run(&server, &statement(&table.quoted, need)) {
            Outcome::Good => {}
            Outcome::Failed if !role.is_told_to_end() => {}
            _ => break,
        }
    }
    alone.end();
    Ok(())
}

/// A TOAST table is worked on when it needs it itself.
fn statement(name: &str, need: Need) -> String {
    match need {
        Need { vacuum: true, analyze: true } => format!("VACUUM (ANALYZE, SKIP_LOCKED, PROCESS_TOAST FALSE) {name}"),
        Need { vacuum: true, analyze: false } => format!("VACUUM (SKIP_LOCKED, PROCESS_TOAST FALSE) {name}"),
        Need { .. } => format!("ANALYZE (SKIP_LOCKED) {name}"),
    }
}

/// A table to work on.
struct Table {
    /// Schema and name, for a statement.
    quoted: String,
    /// Database, schema and name, for messages.
    full_name: String,
    is_toast: bool,
}

/// The table; none if it is no table any more, or a temporary one, which only its session can read.
fn find_table(cx: instance::Ctx<'_>, table: Oid) -> Result<Option<Table>> {
    let catalog = cx.catalog();
    let Some(entry) = catalog.relation(table)? else { return Ok(None) };
    let is_table = matches!(entry.class.relkind, b'r' | b'm' | b't') && entry.class.relpersistence != b't';
    let Some(namespace) = catalog.namespace(entry.class.relnamespace)?.filter(|_| is_table) else { return Ok(None) };
    let quoted = |name: &str| format!("\"{}\"", name.replace('"', "\"\""));
    let (schema, name) = (&namespace.nspname, &entry.class.relname);
    Ok(Some(Table {
        quoted: format!("{}.{}", quoted(schema), quoted(name)),
        full_name: format!("{}.{schema}.{name}", cx.session.database_name),
        is_toast: entry.class.relkind == b't',
    }))
}

#[cfg(test)]
mod tests {
    use super::*;
    use config::{Hooks, Settings};

    fn need(live: i64, counts: &[(Counter, i64)]) -> Option<Need> {
        let counters = RelationCounters::default();
        counters.set(Counter::Live, live);
        counts.iter().for_each(|(counter, count)| counters.set(*counter, *count));
        need_of(&counters, &Settings::boot(Hooks::new()).values())
    }

    #[test]
    fn thresholds_grow_with_the_table() {
        assert_eq!(need(0, &[(Counter::Dead, 50)]), None);
        assert_eq!(need(0, &[(Counter::Dead, 51)]), Some(Need { vacuum: true, analyze: false }));
        assert_eq!(need(1000, &[(Counter::Dead, 250)]), None);
        assert_eq!(need(1000, &[(Counter::InsertedSinceVacuum, 1201)]), Some(Need { vacuum: true, analyze: false }));
        assert_eq!(need(1000, &[(Counter::ChangedSinceAnalyze, 151)]), Some(Need { vacuum: false, analyze: true }));
    }

    #[test]
    fn the_neediest_database_comes_first() {
        let statistics = Statistics::new();
        for (database, tables) in [(5, 1), (6, 2), (7, 0)] {
            statistics.database(Oid(database));
            for table in 0..tables {
                statistics.relation_or_new((Oid(database), Oid(20_000 + table))).set(Counter::Dead, 99);
            }
        }
        let values = Settings::boot(Hooks::new()).snapshot();
        assert_eq!(databases_in_need(&statistics, &values), [Oid(6), Oid(5)]);
    }

    #[test]
    fn says_what_is_to_be_done() {
        assert_eq!(
            statement("a.b", Need { vacuum: true, analyze: true }),
            "VACUUM (ANALYZE, SKIP_LOCKED, PROCESS_TOAST FALSE) a.b"
        );
        assert_eq!(statement("a.b", Need { vacuum: false, analyze: true }), "ANALYZE (SKIP_LOCKED) a.b");
    }
}
