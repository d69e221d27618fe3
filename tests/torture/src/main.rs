//! The command: `cargo torture [--trials N] [--seed N] [--clients N] [--set NAME=VALUE] [--server FOLDER:PORT] [CAMPAIGN ...]`.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use torture::{CAMPAIGNS, Plan};

fn usage() -> String {
    let rows: String =
        CAMPAIGNS.iter().map(|c| format!("  {:<14} {} ({} trials)\n", c.name, c.what, c.trials)).collect();
    format!(
        "usage: cargo torture [--trials N] [--seed N] [CAMPAIGN ...]\n\nRuns the named campaigns, all if none is named. Of campaigns about many \
         sessions also:\n  --clients N\n  --set NAME=VALUE      a setting of their server\n  --server FOLDER:PORT  a server that runs already: its socket's folder, its port\n\n{rows}"
    )
}

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    match parse(&arguments).and_then(|(plan, names)| run(&plan, &names)) {
        Ok(()) => ExitCode::SUCCESS,
        Err(message) => {
            eprintln!("{message}");
            ExitCode::FAILURE
        }
    }
}

fn parse(arguments: &[String]) -> Result<(Plan, Vec<String>), String> {
    let (mut plan, mut names) = (Plan::default(), Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|text| text.parse().ok()).ok_or_else(usage);
        match word.as_str() {
            "--trials" => plan.trials = Some(number()?),
            "--seed" => plan.seed = number()?,
            "--clients" => plan.clients = Some(number()? as usize),
            "--set" => plan.settings.push(pair(words.next(), '=').ok_or_else(usage)?),
            "--server" => {
                let (folder, port) = pair(words.next(), ':').ok_or_else(usage)?;
                plan.server = Some((folder.into(), port.parse().map_err(|_| usage())?));
            }
            name if CAMPAIGNS.iter().any(|c| c.name == name) => names.push(name.to_owned()),
            _ => return Err(usage()),
        }
    }
    Ok((plan, names))
}

/// What stands before and behind a mark.
fn pair(word: Option<&String>, mark: char) -> Option<(String, String)> {
    word?.split_once(mark).map(|(left, right)| (left.to_owned(), right.to_owned()))
}

fn run(plan: &Plan, names: &[String]) -> Result<(), String> {
    println!("| fault | trials | losses | command |\n|---|---|---|---|");
    for campaign in CAMPAIGNS.iter().filter(|c| names.is_empty() || names.iter().any(|n| n == c.name)) {
        println!("{}", campaign.run(plan).map_err(|why| format!("{}: {why}", campaign.name))?);
    }
    Ok(())
}
