//! `cargo versus`: each workload against PostgreSQL on the same machine, in alternating runs; the result is a table of ratios.
//!
//! 1. [`server`] makes a cluster of each kind with the same settings, on Unix sockets.
//! 2. [`bouncer`] puts PgBouncer before PostgreSQL, for the workloads that many clients are about.
//! 3. [`testkit::ceiling`] answers pgbench without knowing anything: no server can be faster beside the same client.
//! 4. [`workload`] is the table of what is measured: pgbench runs and a few whole-server figures.
//! 5. Each workload runs A B A B ...; the medians, their ratio and the spread are printed.
//! 6. [`growth`] prints tables of its own: costs against sizes, and what is felt during housework.
//!
//! A figure is only as good as the machine is quiet: quote ratios, not absolute numbers.
#![forbid(unsafe_code)]

mod bouncer;
mod growth;
mod server;
mod workload;

use bouncer::Bouncer;
use server::{Kind, PORT, Server, run_pgbench};
use std::process::ExitCode;
use testkit::ceiling::Ceiling;
use testkit::usage;
use workload::{Measure, Plan, WORKLOADS, Workload};

const USAGE: &str = "\
usage: cargo versus [--scale N] [--seconds N] [--rounds N] [--set NAME=VALUE ...] [--own NAME=VALUE ...] [WORKLOAD ...]

Runs the named workloads (all if none is named) against PostgreSQL 15 and Woolly and prints the ratios. --set gives both servers a setting,
--own gives Woolly one. `cargo versus growth` shows how costs grow.";

/// With how many threads the server that knows nothing is tried.
const CEILING_THREADS: [usize; 2] = [1, 2];

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    let outcome = match arguments.split_first() {
        Some((first, rest)) if first == "growth" => growth::run(rest),
        _ => parse(&arguments).and_then(|(plan, names)| run(&plan, &names)),
    };
    match outcome {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Result<(Plan, Vec<String>), String> {
    let (mut plan, mut names) =
        (Plan { scale: 50, seconds: 10, rounds: 3, settings: Vec::new(), own_settings: Vec::new() }, Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|text| text.parse().ok()).ok_or(USAGE);
        match word.as_str() {
            "--scale" => plan.scale = number()?,
            "--seconds" => plan.seconds = number()?,
            "--rounds" => plan.rounds = number()?,
            "--set" => plan.settings.push(words.next().ok_or(USAGE)?.clone()),
            "--own" => plan.own_settings.push(words.next().ok_or(USAGE)?.clone()),
            name if WORKLOADS.iter().any(|w| w.name == name) => names.push(name.to_owned()),
            _ => return Err(format!("{USAGE}\n\nworkloads: {}", WORKLOADS.map(|w| w.name).join(" "))),
        }
    }
    Ok((plan, names))
}

fn run(plan: &Plan, names: &[String]) -> Result<(), String> {
    println!("scale {}, {} s a run, {} rounds", plan.scale, plan.seconds, plan.rounds);
    usage::raise_descriptor_limit();
    let own = [&plan.settings[..], &plan.own_settings].concat();
    if !own.is_empty() {
        println!("with {}", own.join(", "));
    }
    let mut servers = [Server::new(Kind::Woolly, &own)?, Server::new(Kind::Postgres, &plan.settings)?];
    for server in &mut servers {
        server.start()?;
        run_pgbench(&server.folder(), &["-i", "-q", "-s", &plan.scale.to_string()])?;
    }
    if let Some(why) = Bouncer::obstacle() {
        println!("{why}");
    }
    println!("\n| workload | PostgreSQL 15 | PgBouncer | Woolly | ratio | spread of ratios | goal | ceiling |");
    println!("|---|---|---|---|---|---|---|---|");
    for workload in WORKLOADS.iter().filter(|w| names.is_empty() || names.iter().any(|n| n == w.name)) {
        match compare(workload, plan, &mut servers) {
            Ok(line) => println!("{line}"),
            Err(message) => println!("| {} | | | | failed: {message} | | {} | |", workload.title, workload.goal),
        }
    }
    servers.iter_mut().try_for_each(Server::stop)
}

/// One line of the table. The ratio is Woolly's figure to PostgreSQL's.
fn compare(workload: &Workload, plan: &Plan, servers: &mut [Server; 2]) -> Result<String, String> {
    let [ours, theirs] = servers;
    let (mut a, mut b) = (Vec::new(), Vec::new());
    for _ in 0..plan.rounds {
        a.push(workload.measure(ours, plan)?);
        b.push(workload.measure(theirs, plan)?);
    }
    let mut ratios: Vec<f64> = a.iter().zip(&b).map(|(a, b)| a / b).collect();
    let (low, high) = (minimum(&ratios), -minimum(&ratios.iter().map(|r| -r).collect::<Vec<_>>()));
    let mut bounced = measure_bounced(workload, plan, theirs)?;
    let ceiling = measure_ceiling(workload, plan)?;
    Ok(format!(
        "| {} | {} | {} | {} | {:.2} | {low:.2} - {high:.2} | {} | {} |",
        workload.title,
        show(median(&mut b), workload.unit),
        if bounced.is_empty() { "-".to_owned() } else { show(median(&mut bounced), workload.unit) },
        show(median(&mut a), workload.unit),
        median(&mut ratios),
        workload.goal,
        ceiling.map_or("-".to_owned(), |figure| show(figure, workload.unit))
    ))
}

/// The figures of PgBouncer before PostgreSQL, if it is installed and the workload asks for it.
fn measure_bounced(workload: &Workload, plan: &Plan, server: &Server) -> Result<Vec<f64>, String> {
    if Bouncer::obstacle().is_some() || !workload.is_bounced() {
        return Ok(Vec::new());
    }
    let bouncer = Bouncer::start(server)?;
    (0..plan.rounds).map(|_| workload.measure_bounced(&bouncer, plan)).collect()
}

/// The figure of the server that knows nothing, with as many threads as suit it best, if pgbench is what measures.
fn measure_ceiling(workload: &Workload, plan: &Plan) -> Result<Option<f64>, String> {
    if !matches!(workload.measure, Measure::Pgbench { .. }) {
        return Ok(None);
    }
    let mut best = None;
    for threads in CEILING_THREADS {
        let ceiling = Ceiling::start(threads, PORT).map_err(|e| e.to_string())?;
        let figure = workload.measure_at(&ceiling.folder(), plan)?;
        best = Some(best.map_or(figure, |best: f64| best.max(figure)));
    }
    Ok(best)
}

fn minimum(values: &[f64]) -> f64 {
    values.iter().copied().fold(f64::INFINITY, f64::min)
}

fn median(values: &mut [f64]) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

fn show(value: f64, unit: &str) -> String {
    let digits = if value >= 100.0 { 0 } else { 3 };
    format!("{value:.digits$} {unit}")
}
