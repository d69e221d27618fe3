//! `cargo versus growth`: what costs do as the work grows, and what is felt while the server is at its housework.
//!
//! 1. [`size`]: a select and an insertion by primary key, on tables of ten times as many rows each time.
//! 2. [`groups`]: commits, with the pool's workers in different numbers of groups.
//! 3. [`stalls`]: how long requests of a steady load take while a table is vacuumed, a checkpoint written, an index built.
//!
//! Each part prints a table of its own.

mod groups;
mod size;
mod stalls;

use crate::server::{Kind, Server};
use std::fmt::Display;

/// How it is called.
pub const USAGE: &str = "\
usage: cargo versus growth [--rows N] [--seconds N] [--rounds N] [--set NAME=VALUE ...] [--own NAME=VALUE ...] [size] [groups] [stalls]

Runs the named parts (all if none is named). --rows: of the largest table of `size`, and of the table of `stalls`.";

/// The most rows of a table unless `--rows` says otherwise.
const ROWS: u64 = 1_000_000;

/// Sizes of the measurements.
pub struct Plan {
    /// Rows of the largest table.
    rows: u64,
    /// Seconds of a run.
    seconds: u32,
    /// Runs of each server.
    rounds: usize,
    /// Settings of both servers.
    settings: Vec<String>,
    /// Settings of Woolly alone.
    own_settings: Vec<String>,
}

/// A part: how it is called on the command line, and how it is run.
type Part = (&'static str, fn(&Plan) -> Result<(), String>);

const PARTS: [Part; 3] = [("size", size::run), ("groups", groups::run), ("stalls", stalls::run)];

/// Does what the words behind `growth` say.
pub fn run(arguments: &[String]) -> Result<(), String> {
    let (plan, names) = parse(arguments)?;
    println!("up to {} rows, {} s a run, {} rounds", plan.rows, plan.seconds, plan.rounds);
    let is_meant = |name: &str| names.is_empty() || names.iter().any(|n| n == name);
    PARTS.iter().filter(|(name, _)| is_meant(name)).try_for_each(|(_, part)| part(&plan))
}

fn parse(arguments: &[String]) -> Result<(Plan, Vec<String>), String> {
    let mut plan = Plan { rows: ROWS, seconds: 2, rounds: 3, settings: Vec::new(), own_settings: Vec::new() };
    let (mut names, mut words) = (Vec::new(), arguments.iter());
    while let Some(word) = words.next() {
        let mut next = || words.next().cloned().ok_or(USAGE);
        match word.as_str() {
            "--rows" => plan.rows = number(&next()?)?,
            "--seconds" => plan.seconds = number(&next()?)?,
            "--rounds" => plan.rounds = number(&next()?)?,
            "--set" => plan.settings.push(next()?),
            "--own" => plan.own_settings.push(next()?),
            name if PARTS.iter().any(|(part, _)| *part == name) => names.push(name.to_owned()),
            _ => return Err(USAGE.to_owned()),
        }
    }
    Ok((plan, names))
}

fn number<N: std::str::FromStr>(text: &str) -> Result<N, String> {
    text.parse().map_err(|_| USAGE.to_owned())
}

/// Both servers, running: Woolly and PostgreSQL.
fn start_both(plan: &Plan, settings: &[&str]) -> Result<[Server; 2], String> {
    let with = |more: &[String]| {
        let common = settings.iter().map(|setting| (*setting).to_owned());
        common.chain(plan.settings.iter().cloned()).chain(more.iter().cloned()).collect::<Vec<_>>()
    };
    let mut servers = [Server::new(Kind::Woolly, &with(&plan.own_settings))?, Server::new(Kind::Postgres, &with(&[]))?];
    servers.iter_mut().try_for_each(Server::start)?;
    Ok(servers)
}

/// Runs a statement of the test's own. Errors: the server's.
fn execute(client: &mut testkit::Client, sql: &str) -> Result<(), String> {
    let reply = client.query(sql).map_err(|error| error.to_string())?;
    match reply.error {
        None => Ok(()),
        Some(error) => Err(format!("{sql}: {}", error.message)),
    }
}

/// The median, and how far the others are from it, as "median (least - most)".
fn with_spread(values: &mut [f64]) -> String {
    let middle = crate::median(values);
    let (low, high) = (values[0], values[values.len() - 1]);
    let digits = if middle >= 100.0 { 0 } else { 2 };
    format!("{middle:.digits$} ({low:.digits$} - {high:.digits$})")
}

/// A line of a table.
fn print_line(cells: &[&dyn Display]) {
    let text: Vec<String> = cells.iter().map(ToString::to_string).collect();
    println!("| {} |", text.join(" | "));
}

/// A table's head.
fn print_head(titles: &[&str]) {
    println!("\n| {} |\n|{}", titles.join(" | "), "---|".repeat(titles.len()));
}
