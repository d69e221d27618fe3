//! A select and an insertion by primary key, on tables of ten times as many rows each time.
//!
//! One client sends them in pipelines, so that what is measured is the statements and not the round trip. Commits are not waited for. A run of insertions
//! makes the table a tenth larger at most; into the smallest one that would be too short a run. After the first run, which is not counted, the pages are in
//! memory and many have had their images logged.

use super::{Plan, execute, print_head, print_line, start_both, with_spread};
use crate::server::{Server, run_pgbench};
use std::fmt::Write;

/// Rows of the smallest table.
const ROWS_MIN: u64 = 10_000;
/// Statements of a pipeline.
const BATCH: u64 = 20;
/// Pipelines of a run for each of its seconds.
const BATCHES_PER_SECOND: u64 = 5000;
/// Pipelines of a run at least.
const BATCHES_MIN: u64 = 500;
/// The distance of the loaded keys: among so many that an insertion chooses from, it hardly ever finds one that is there.
const KEY_STEP: u64 = 1 << 30;
/// Both servers': the log of loading is not to fill the disk, and no checkpoint is to fall into a run.
const SETTINGS: [&str; 3] = ["max_wal_size=512MB", "checkpoint_timeout=1h", "synchronous_commit=off"];

/// What is measured.
struct Statement {
    title: &'static str,
    /// How a key is chosen, of so many rows.
    key: fn(u64) -> String,
    sql: &'static str,
    /// Statements of a run for each row of the table at most.
    share: f64,
}

const STATEMENTS: [Statement; 2] = [
    Statement {
        title: "select",
        key: |rows| format!("random(1, {rows}) * {KEY_STEP}"),
        sql: "select value from growth where key = ",
        share: f64::INFINITY,
    },
    Statement {
        title: "insert",
        key: |rows| format!("random(1, {})", rows * KEY_STEP),
        sql: "insert into growth values (",
        share: 0.1,
    },
];

impl Statement {
    /// pgbench's script: one pipeline.
    fn script(&self, rows: u64) -> String {
        let end = if self.sql.ends_with('(') { ", 1)" } else { "" };
        let mut text = "\\startpipeline\n".to_owned();
        for _ in 0..BATCH {
            let _ = writeln!(text, "\\set key {}\n{}:key{end};", (self.key)(rows), self.sql);
        }
        text + "\\endpipeline\n"
    }

    /// Pipelines of a run.
    fn batches(&self, rows: u64, plan: &Plan) -> u64 {
        let most = (rows as f64 * self.share / BATCH as f64) as u64;
        most.min(u64::from(plan.seconds) * BATCHES_PER_SECOND)
    }
}

/// Measures and prints.
pub(super) fn run(plan: &Plan) -> Result<(), String> {
    let servers = start_both(plan, &SETTINGS)?;
    print_head(&[
        "statement",
        "rows",
        "PostgreSQL 15, us",
        "to the size before",
        "Woolly, us",
        "to the size before",
        "ratio",
    ]);
    let mut before = [[f64::NAN; 2]; STATEMENTS.len()];
    let sizes =
        std::iter::successors(Some(ROWS_MIN), |rows| rows.checked_mul(10)).take_while(|rows| *rows <= plan.rows);
    for rows in sizes {
        servers.iter().try_for_each(|server| load(server, rows))?;
        let measured = STATEMENTS.iter().zip(&mut before);
        for (statement, before) in measured.filter(|(statement, _)| statement.batches(rows, plan) >= BATCHES_MIN) {
            compare(statement, rows, plan, &servers, before)?;
        }
    }
    servers.into_iter().try_for_each(|mut server| server.stop())
}

fn load(server: &Server, rows: u64) -> Result<(), String> {
    let mut client = server.connect()?;
    execute(&mut client, "drop table if exists growth")?;
    execute(&mut client, "create table growth (key bigint primary key, value int not null)")?;
    execute(
        &mut client,
        &format!("insert into growth select n * {KEY_STEP}, n from generate_series(1::bigint, {rows}) n"),
    )?;
    execute(&mut client, "vacuum analyze growth")?;
    execute(&mut client, "checkpoint")
}

/// Measures a statement on both servers in turns and prints the line. `before`: their medians with the size before.
fn compare(
    statement: &Statement,
    rows: u64,
    plan: &Plan,
    servers: &[Server; 2],
    before: &mut [f64; 2],
) -> Result<(), String> {
    let (script, batches) = (statement.script(rows), statement.batches(rows, plan));
    let mut times = [Vec::new(), Vec::new()];
    servers.iter().try_for_each(|server| statement_us(server, &script, batches).map(drop))?;
    for _ in 0..plan.rounds {
        for (server, times) in servers.iter().zip(&mut times) {
            times.push(statement_us(server, &script, batches)?);
        }
    }
    let [ours, theirs] = times.each_mut().map(|times| with_spread(times));
    let medians = times.each_mut().map(|times| crate::median(times));
    let steps =
        [0, 1].map(|at| if before[at].is_nan() { "-".to_owned() } else { format!("{:.2}", medians[at] / before[at]) });
    *before = medians;
    let ratio = format!("{:.2}", medians[0] / medians[1]);
    print_line(&[&statement.title, &rows, &theirs, &steps[1], &ours, &steps[0], &ratio]);
    Ok(())
}

/// Microseconds of one statement.
fn statement_us(server: &Server, script: &str, batches: u64) -> Result<f64, String> {
    let file = server.folder().join("growth.sql");
    std::fs::write(&file, script).map_err(|error| error.to_string())?;
    let (file, batches) = (file.to_string_lossy(), batches.to_string());
    let output = run_pgbench(&server.folder(), &["-n", "-M", "prepared", "-c", "1", "-t", &batches, "-f", &file])?;
    Ok(1e6 / crate::workload::tps_of(&output)? / BATCH as f64)
}
