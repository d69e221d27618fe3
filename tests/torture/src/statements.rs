//! `cargo torture statements`: a crash at every I/O of statements that make and remove files, and of two-phase commit.
//!
//! 1. A [`Script`] runs once on a simulated disk without faults: what others see after each statement is noted, and how many I/Os there are.
//! 2. Each of its I/Os is a trial, twice: the power fails, or the process dies. A trial runs the script on a fresh copy of the disk until then.
//! 3. After the start others must see what was seen after the last statement that was answered, or after the one that was not; and the
//!    directories must hold the files that the catalogs name, and no more.

use crate::Summary;
use crate::simulation::DATABASES;
use crate::simulation::client::Client;
use crate::simulation::machine::{self, Knobs, Machine};
use crate::simulation::trial::Death;
use host::{FaultPlan, SimHost};
use report::Result as Outcome;
use std::cell::Cell;
use std::collections::BTreeSet;
use std::panic::{AssertUnwindSafe, catch_unwind};

/// Statements whose crashes are tried.
struct Script {
    name: &'static str,
    before: &'static [&'static str],
    statements: &'static [&'static str],
    /// What others see.
    look: &'static str,
}

const TABLES: &str = "select string_agg(relname || ' ' || (relfilenode <> oid) || ' ' || relhasindex, ', ' order by relname) \
                      from pg_class where relnamespace = 2200";

const SCRIPTS: &[Script] = &[
    Script {
        name: "create and drop table",
        before: &[],
        statements: &[
            "create table t (id serial primary key, b text)",
            "insert into t(b) select string_agg(md5(n::text), '') from generate_series(1, 300) n",
            "create unlogged table u (k int primary key, b text)",
            "drop table t",
            "drop table u",
        ],
        look: TABLES,
    },
    Script {
        name: "truncate and rewrite",
        before: &[
            "create table t (id int primary key, b text)",
            "insert into t select n, repeat('x', n) from generate_series(1, 300) n",
        ],
        statements: &[
            "truncate t",
            "insert into t values (1, 'y')",
            "alter table t alter id type bigint",
            "create index i on t(b)",
            "reindex table t",
            "drop index i",
        ],
        look: "select string_agg(a.attname || format_type(atttypid, -1), ' ' order by attnum), (select count(*) from t), \
               (select count(*) from pg_index where indrelid = 't'::regclass) from pg_attribute a where attrelid = 't'::regclass and attnum > 0",
    },
    Script {
        name: "blocks that are rolled back",
        before: &["create table t (id int primary key, b text)", "insert into t values (1, 'x')"],
        statements: &[
            "begin",
            "create table gone (a int primary key, b text)",
            "savepoint s",
            "truncate t",
            "create table gone_first (a text)",
            "checkpoint",
            "rollback to s",
            "create table kept (a text)",
            "drop table gone",
            "commit",
            "begin",
            "drop table kept",
            "create index on t(b)",
            "rollback",
        ],
        look: TABLES,
    },
    Script {
        name: "databases",
        before: &[],
        statements: &["create database d", "drop database d"],
        look: "select string_agg(datname, ' ' order by datname) from pg_database",
    },
    Script {
        name: "two-phase commit",
        before: &[
            "create table t (id int primary key, b text)",
            "insert into t values (1, 'a'), (2, 'b')",
            "create table r (a int references t)",
        ],
        statements: &[
            "begin",
            "insert into r values (2)",
            "create table made (a int primary key, b text)",
            "insert into made select n, repeat('x', n) from generate_series(1, 200) n",
            "truncate t cascade",
            "insert into t values (3, 'c')",
            "prepare transaction 'one'",
            "checkpoint",
            "commit prepared 'one'",
            "begin",
            "drop table made",
            "create table unmade (a int primary key)",
            "prepare transaction 'two'",
            "checkpoint",
            "rollback prepared 'two'",
            "begin",
            "insert into t values (4, 'd')",
            "prepare transaction 'three'",
            "commit prepared 'three'",
        ],
        look: "select (select string_agg(relname, ' ' order by relname) from pg_class where relnamespace = 2200 and relkind = 'r'), \
               (select string_agg(gid, ' ') from pg_prepared_xacts)",
    },
    Script {
        name: "row locks of prepared transactions",
        before: &[
            "create table t (id int primary key, b text)",
            "insert into t values (1, 'a')",
            "create table r (a int references t)",
            "begin",
            "insert into r values (1)",
            "prepare transaction 'one'",
        ],
        statements: &[
            "update t set b = b || 'x'",
            "checkpoint",
            "update t set b = b || 'x'",
            "update t set b = b || repeat('x', 8000)",
        ],
        look: "select length(b), (select count(*) from r), (select gid from pg_prepared_xacts) from t",
    },
];

/// What is seen: rows, as text.
type Seen = Vec<Vec<Option<String>>>;

/// A script that has run once.
struct Measured<'a> {
    script: &'a Script,
    base: SimHost,
    /// What others see before the first statement, and after each.
    states: Vec<Seen>,
    ios: u64,
}

/// Runs the campaign. From as many trials on as there are I/Os, twice, each has been tried.
///
/// Errors: the first trial that failed, and how to see it again.
pub fn run(trials: u64, seed: u64) -> Result<Summary, String> {
    let cluster = machine::make_cluster().map_err(|error| format!("making the cluster: {error:?}"))?;
    let measured = SCRIPTS.iter().map(|script| measure(&cluster, script)).collect::<Result<Vec<_>, _>>()?;
    let points: Vec<(usize, u64)> =
        measured.iter().enumerate().flat_map(|(n, script)| (1..=script.ios).map(move |io| (n, io))).collect();
    let mut acknowledged = 0;
    for number in seed..seed + trials {
        // A step that is prime to the number of points visits all of them, the first few far apart.
        let (pass, place) = (number / points.len() as u64, number % points.len() as u64);
        let (script, io) = points[(place * 7919 % points.len() as u64) as usize];
        // The second pass lets each die the other way.
        let death = if (pass + place).is_multiple_of(2) { Death::PowerCut } else { Death::Kill };
        acknowledged += trial(&measured[script], io, (number, death)).map_err(|why| {
            let name = measured[script].script.name;
            format!(
                "{name}, {death:?} at I/O {io}: {why}\n  again: cargo torture --trials 1 --seed {number} statements"
            )
        })? as u64;
    }
    let counts = vec![("I/Os to crash at", points.len() as u64), ("statements answered", acknowledged)];
    Ok(Summary { trials, counts })
}

fn start(sim: &SimHost) -> Outcome<Machine> {
    Machine::start(sim, Knobs { frames: 512, ..Knobs::default() })
}

fn measure<'a>(cluster: &SimHost, script: &'a Script) -> Result<Measured<'a>, String> {
    let prepared = || {
        let base = cluster.copy(0);
        let machine = start(&base)?;
        let mut client = machine.connect(DATABASES[0])?;
        script.before.iter().try_for_each(|statement| client.query(statement).map(drop))?;
        client.end();
        machine.shut_down()?;
        drop(machine);
        let sim = base.copy(1);
        let machine = start(&sim)?;
        let mut client = machine.connect(DATABASES[0])?;
        let mut states = vec![look(&machine, script)?];
        sim.set_faults(FaultPlan::default());
        let mut ios = 0;
        for statement in script.statements {
            client.query(statement)?;
            ios = sim.ios();
            states.push(look(&machine, script)?);
        }
        client.end();
        Ok(Measured { script, base, states, ios })
    };
    prepared().map_err(|error: report::Error| format!("{}: {error:?}", script.name))
}

fn look(machine: &Machine, script: &Script) -> Outcome<Seen> {
    let mut other = machine.connect(DATABASES[0])?;
    let seen = other.query(script.look)?;
    other.end();
    Ok(seen)
}

/// Crashes once. Answers how many statements were answered.
fn trial(measured: &Measured<'_>, io: u64, (seed, death): (u64, Death)) -> Result<usize, String> {
    let sim = measured.base.copy(seed);
    let answered = Cell::new(0);
    // A server whose disk is gone may end in any way.
    let _ = catch_unwind(AssertUnwindSafe(|| live(measured, (&sim, io), &answered)));
    match death {
        Death::PowerCut => sim.crash(),
        Death::Kill => sim.kill(),
    }
    let machine = start(&sim).map_err(|error| format!("it does not start: {error:?}"))?;
    let seen = look(&machine, measured.script).map_err(|error| format!("looking: {error:?}"))?;
    let done = answered.get();
    let expected = &measured.states[done..measured.states.len().min(done + 2)];
    if !expected.contains(&seen) {
        return Err(format!("after {done} statements others see {seen:?}, not one of {expected:?}"));
    }
    check_files(&machine).map_err(|error| format!("looking at files: {error:?}"))??;
    machine.shut_down().map_err(|error| format!("shutting down: {error:?}"))?;
    Ok(done)
}

fn live(measured: &Measured<'_>, (sim, io): (&SimHost, u64), answered: &Cell<usize>) -> Outcome<()> {
    let machine = start(sim)?;
    let mut client = machine.connect(DATABASES[0])?;
    sim.set_faults(FaultPlan { crash_at_io: Some(io), ..FaultPlan::default() });
    for statement in measured.script.statements {
        client.query(statement)?;
        if sim.powered_off() {
            break;
        }
        answered.set(answered.get() + 1);
    }
    Ok(())
}

/// Compares each database's directory with its pg_class, and `base` with pg_database.
fn check_files(machine: &Machine) -> Outcome<Result<(), String>> {
    let mut client = machine.connect(DATABASES[0])?;
    let databases = numbers(&mut client, "select oid from pg_database")?;
    let made_by_prepared: BTreeSet<u32> = client
        .look(|cx| Ok(cx.instance.transactions().files_of_prepared().iter().map(|file| file.number).collect()))?;
    client.end();
    let directories: BTreeSet<u32> = machine.engine.store().smgr.list_databases()?.iter().map(|oid| oid.0).collect();
    if directories != databases {
        return Ok(Err(format!("databases {databases:?}, directories {directories:?}")));
    }
    for database in BTreeSet::from(DATABASES) {
        let mut client = machine.connect(database)?;
        let stored = "select pg_relation_filenode(oid) from pg_class where pg_relation_filenode(oid) is not null and reltablespace = 0";
        let mut named = numbers(&mut client, stored)?;
        client.end();
        let found = machine.engine.store().smgr.relation_numbers(database)?;
        if let Some(missing) = named.difference(&found).next() {
            return Ok(Err(format!("database {database}: relation {missing} has no file")));
        }
        named.extend(&made_by_prepared);
        let orphans: Vec<&u32> = found.difference(&named).collect();
        if !orphans.is_empty() {
            return Ok(Err(format!("database {database}: files that no relation has: {orphans:?}")));
        }
    }
    Ok(Ok(()))
}

fn numbers(client: &mut Client<'_>, query: &str) -> Outcome<BTreeSet<u32>> {
    let rows = client.query(query)?;
    Ok(rows.into_iter().filter_map(|row| row.into_iter().next()??.parse().ok()).collect())
}

#[cfg(test)]
mod tests {
    /// Some of the points; the campaign visits all.
    #[test]
    fn a_crash_anywhere_leaves_no_file_and_no_half_statement() {
        let summary = super::run(150, 0).unwrap_or_else(|why| panic!("{why}"));
        assert!(summary.counts.iter().all(|(_, count)| *count > 100), "{summary:?}");
    }
}
