//! SQL scripts through psql.

use crate::compare::{self, Tally};
use crate::options::Options;
use crate::{Server, schedule};
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// The database that scripts run in.
const DATABASE: &str = "regression";

/// Where they run if it cannot be made.
const FALLBACK: &str = "postgres";

/// Settings that every script's database starts with, as PostgreSQL's runner makes them.
const DATABASE_SETTINGS: [&str; 6] = [
    "lc_messages TO 'C'",
    "lc_monetary TO 'C'",
    "lc_numeric TO 'C'",
    "lc_time TO 'C'",
    "bytea_output TO 'hex'",
    "timezone_abbreviations TO 'Default'",
];

/// Runs the schedule, or the scripts named.
pub fn run_all(options: &Options, server: &mut Server, tally: &mut Tally) -> Result<(), String> {
    // PostgreSQL's scripts write below `results`.
    let results = options.output.join("results");
    fs::create_dir_all(&results).map_err(|error| format!("{}: {error}", results.display()))?;
    server.database = create_database(server)?;
    for group in groups(options)? {
        for part in group.chunks(options.jobs.max(1)) {
            run_group(options, server, part, tally)?;
            server.ensure_running();
        }
    }
    Ok(())
}

fn groups(options: &Options) -> Result<Vec<Vec<String>>, String> {
    if !options.names.is_empty() {
        let is_script = |name: &&String| options.suite.join("sql").join(format!("{name}.sql")).is_file();
        return Ok(options.names.iter().filter(is_script).map(|name| vec![name.clone()]).collect());
    }
    let file = ["schedule", "parallel_schedule"].map(|name| options.suite.join(name)).into_iter().find(|p| p.is_file());
    let file = file.ok_or_else(|| format!("no schedule in {}", options.suite.display()))?;
    let text = fs::read_to_string(&file).map_err(|error| format!("{}: {error}", file.display()))?;
    Ok(schedule::parse(&text))
}

/// Makes the database afresh; the name of the one to use.
fn create_database(server: &Server) -> Result<&'static str, String> {
    let create = format!("CREATE DATABASE {DATABASE} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    let mut commands = vec![format!("DROP DATABASE IF EXISTS {DATABASE}"), create];
    commands.extend(DATABASE_SETTINGS.iter().map(|setting| format!("ALTER DATABASE {DATABASE} SET {setting}")));
    let mut is_made = true;
    for command in commands {
        let output = psql(server, "postgres").args(["-q", "-c", &command]).output();
        let output = output.map_err(|error| format!("could not run psql: {error}"))?;
        if !output.status.success() {
            println!("# {command}: {}", String::from_utf8_lossy(&output.stderr).trim());
            is_made &= !command.starts_with("CREATE");
        }
    }
    Ok(if is_made { DATABASE } else { FALLBACK })
}

fn psql(server: &Server, database: &str) -> Command {
    let mut command = Command::new("psql");
    command.args(["-X", "-d", database]);
    command.env("PGHOST", &server.folder).env("PGPORT", server.port.to_string()).env("PGUSER", "postgres");
    command.env("PGTZ", "America/Los_Angeles").env("PGDATESTYLE", "Postgres, MDY");
    command.env("PGOPTIONS", "-c intervalstyle=postgres_verbose");
    command.env("LANG", "C").env("LC_MESSAGES", "C").env_remove("LC_ALL");
    command
}

fn run_group(options: &Options, server: &Server, names: &[String], tally: &mut Tally) -> Result<(), String> {
    let running = names.iter().map(|name| start(options, server, name)).collect::<Result<Vec<_>, _>>()?;
    for (name, (mut child, result)) in names.iter().zip(running) {
        let status = child.wait().map_err(|error| format!("psql: {error}"))?;
        if status.code() == Some(2) {
            println!("# {name}: the connection was lost");
        }
        compare::judge(options, name, &result, tally)?;
    }
    Ok(())
}

/// Starts psql on a script; its output goes to the result file.
fn start(options: &Options, server: &Server, name: &str) -> Result<(Child, PathBuf), String> {
    let open = |path: &Path| File::open(path).map_err(|error| format!("{}: {error}", path.display()));
    let script = open(&options.suite.join("sql").join(format!("{name}.sql")))?;
    let path = options.output.join(format!("{name}.out"));
    let result = File::create(&path).map_err(|error| format!("{}: {error}", path.display()))?;
    let errors = result.try_clone().map_err(|error| error.to_string())?;
    let mut command = psql(server, server.database);
    command.args(["-a", "-q", "-v", "HIDE_TABLEAM=on", "-v", "HIDE_TOAST_COMPRESSION=on"]);
    command.env("PGAPPNAME", format!("pg_regress/{name}"));
    command.env("PG_ABS_SRCDIR", &options.suite).env("PG_ABS_BUILDDIR", &options.output);
    command.env("PG_LIBDIR", &options.output).env("PG_DLSUFFIX", ".so");
    command.stdin(script).stdout(result).stderr(errors);
    let child = command.spawn().map_err(|error| format!("could not run psql: {error}"))?;
    Ok((child, path))
}
