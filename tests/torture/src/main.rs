//! The command: `cargo torture [--trials N] [--seed N] [CAMPAIGN ...]`.
#![forbid(unsafe_code)]

use std::process::ExitCode;
use torture::{CAMPAIGNS, Plan};

fn usage() -> String {
    let rows: String =
        CAMPAIGNS.iter().map(|c| format!("  {:<14} {} ({} trials)\n", c.name, c.what, c.trials)).collect();
    format!(
        "usage: cargo torture [--trials N] [--seed N] [CAMPAIGN ...]\n\nRuns the named campaigns, all if none is named.\n\n{rows}"
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
    let (mut plan, mut names) = (Plan { trials: None, seed: 0 }, Vec::new());
    let mut words = arguments.iter();
    while let Some(word) = words.next() {
        let mut number = || words.next().and_then(|text| text.parse().ok()).ok_or_else(usage);
        match word.as_str() {
            "--trials" => plan.trials = Some(number()?),
            "--seed" => plan.seed = number()?,
            name if CAMPAIGNS.iter().any(|c| c.name == name) => names.push(name.to_owned()),
            _ => return Err(usage()),
        }
    }
    Ok((plan, names))
}

fn run(plan: &Plan, names: &[String]) -> Result<(), String> {
    println!("| fault | trials | losses | command |\n|---|---|---|---|");
    for campaign in CAMPAIGNS.iter().filter(|c| names.is_empty() || names.iter().any(|n| n == c.name)) {
        println!("{}", campaign.run(plan).map_err(|why| format!("{}: {why}", campaign.name))?);
    }
    Ok(())
}
