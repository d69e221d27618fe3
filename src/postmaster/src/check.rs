//! `postmaster --check`: reads a stopped cluster and says what is wrong with it.
//!
//! Nothing is changed but that the directory's lock file is there for as long as it takes: the engine works on a disk that keeps in memory what is written
//! ([`host::real_unchanged`]).
//!
//! 1. The control file, and the log from the last checkpoint's redo point to its end.
//! 2. Of a cluster that was shut down, each database: pages, tables against indexes, catalog references, files ([`exec::check`]).
//! 3. Of one that needs recovery, which has pages that the log is ahead of, each relation file's length and checksums.
//!
//! Exit code: 0 nothing is wrong, 1 something is (a line each), 2 it could not be found out.

use crate::{alone, storage};
use base::Oid;
use config::Settings;
use exec::check::{Scope, check_database, databases};
use instance::{Activity, NoServer, SessionKind};
use logging::RoleLog;
use recovery::Engine;
use report::{Result, Severity};
use session::Alone;
use std::path::Path;
use std::sync::Arc;

/// Checks. Returns the exit code.
pub fn run(settings: &Arc<Settings>, directory: &Path, log: &RoleLog) -> i32 {
    let mut report = Report::default();
    match check(settings, directory, &mut report) {
        Ok(()) => {}
        Err(error) if error.code().is_damage() => report.problem(error.message()),
        Err(error) => {
            log.log(&error.severity(Severity::Fatal));
            return 2;
        }
    }
    match report.problems {
        0 => println!("no problem found"),
        1 => println!("1 problem found"),
        count => println!("{count} problems found"),
    }
    i32::from(report.problems > 0)
}

/// What was found so far.
#[derive(Default)]
struct Report {
    problems: u64,
}

impl Report {
    fn problem(&mut self, text: &str) {
        self.problems += 1;
        println!("{text}");
    }
}

fn check(settings: &Arc<Settings>, directory: &Path, report: &mut Report) -> Result<()> {
    let _lock = alone::lock(directory, settings)?;
    let engine = Arc::new(storage::open(host::real_unchanged(directory), settings)?);
    let needs_recovery = engine.needs_recovery();
    let log = engine.check_log()?;
    println!("write-ahead log: {} records from {} to {}", log.records, log.redo, log.end);
    if !log.has_checkpoint {
        report.problem(&format!(
            "pg_wal: the log ends at {} ({}), before its last checkpoint",
            log.end,
            log.reason.reason()
        ));
    } else if !needs_recovery && !log.ends_with_shutdown {
        report.problem(&format!("pg_wal: the log goes on to {} after the cluster was shut down", log.end));
    }
    if needs_recovery {
        println!("the cluster was not shut down and needs recovery: tables are not compared with their indexes");
        return check_files(&engine, report);
    }
    if report.problems == 0 { check_databases(&engine, settings, report) } else { check_files(&engine, report) }
}

fn check_files(engine: &Engine, report: &mut Report) -> Result<()> {
    let pages = engine.store().smgr.check_files(&mut |problem| {
        let block = problem.block.map(|block| format!(" block {block}:")).unwrap_or_default();
        report.problem(&format!("{}:{block} {}", problem.file.display(), problem.text));
    })?;
    println!("relation files: {pages} pages");
    Ok(())
}

fn check_databases(engine: &Arc<Engine>, settings: &Arc<Settings>, report: &mut Report) -> Result<()> {
    engine.start(&mut |_| Ok(()))?;
    let instance = Arc::new(storage::instance(engine.clone(), settings, Arc::new(NoServer)));
    let register = || instance.sessions.register(SessionKind::Role("standalone backend"), 0, Activity::default());
    let first = Alone::open(&instance, register(), TEMPLATE1)?;
    let all = first.look(databases)?;
    first.end();
    let mut scope = Scope::WithShared;
    for (oid, name) in all {
        let session = Alone::open(&instance, register(), oid)?;
        let found = session.look(|cx| check_database(cx, scope));
        session.end();
        match found {
            Ok(problems) => problems.iter().for_each(|problem| {
                let block = problem.block.map(|block| format!(" block {block}:")).unwrap_or_default();
                report.problem(&format!("{}: {}:{block} {}", name, problem.place, problem.text));
            }),
            Err(error) if error.code().is_damage() => report.problem(&format!("{}: {}", name, error.message())),
            Err(error) => return Err(error),
        }
        scope = Scope::Own;
    }
    Ok(())
}

/// The database that is always there.
const TEMPLATE1: Oid = Oid(1);
