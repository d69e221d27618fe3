//! `cargo tidy`: the rules of docs/STYLE.md that a program can check.

use crate::command::{Outcome, root};
use std::fs;
use std::path::{Path, PathBuf};

/// Crates that may contain `unsafe`, each with a decision record.
const UNSAFE_CRATES: [&str; 4] = ["src/sync", "src/host", "src/buffer", "src/memory"];

/// Where `thread_local!` may be: the lock-rank check, the allocator's counter.
const THREAD_LOCAL_HOMES: [&str; 2] = ["src/sync/", "src/memory/src/tally.rs"];

/// Layers, lowest first. A crate may depend on any lower layer and, of its own, only on those named behind it.
const LAYERS: &[&[(&str, &[&str])]] = &[
    &[
        ("base", &[]),
        ("report", &["base"]),
        ("memory", &["report"]),
        ("sync", &["base", "report"]),
        ("host", &["base", "sync", "report"]),
        ("config", &["base", "report"]),
        ("logging", &["base", "report", "config", "memory"]),
        ("threads", &["base", "sync", "host", "report"]),
        ("password", &["report"]),
    ],
    &[
        ("page", &[]),
        ("wal", &["page"]),
        ("smgr", &["page"]),
        ("buffer", &["page", "wal", "smgr"]),
        ("lock", &[]),
        ("xact", &["buffer", "wal", "lock", "smgr", "page"]),
    ],
    &[
        ("tuple", &[]),
        ("access", &["tuple"]),
        ("heap", &["access", "tuple"]),
        ("btree", &["access", "tuple"]),
        ("recovery", &["heap", "btree", "access", "tuple"]),
    ],
    &[
        ("catalog", &["builtins"]),
        ("builtins", &["catalog"]),
        ("schema", &["catalog", "builtins"]),
        ("instance", &["schema", "catalog", "builtins"]),
    ],
    &[
        ("parser", &[]),
        ("analyze", &["parser"]),
        ("plan", &["analyze", "parser"]),
        ("exec", &["plan", "analyze", "parser"]),
        ("command", &["analyze", "exec", "plan", "parser", "proto"]),
    ],
    &[("proto", &[]), ("session", &["proto"])],
    &[("pool", &[]), ("metrics", &[]), ("postmaster", &["pool", "metrics"]), ("woolly", &[])],
];

/// Checks every rule; all offences are listed.
pub fn run() -> Outcome {
    let mut offences = Vec::new();
    for file in rust_files(&root()) {
        check_file(&file, &mut offences)?;
    }
    check_layers(&mut offences)?;
    match offences.len() {
        0 => {
            println!("tidy: no offence");
            Ok(())
        }
        count => Err(format!("{}\ntidy: {count} offences", offences.join("\n"))),
    }
}

fn rust_files(folder: &Path) -> Vec<PathBuf> {
    let mut found = Vec::new();
    let mut folders = vec![folder.to_path_buf()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).into_iter().flatten().flatten() {
            let (path, name) = (entry.path(), entry.file_name());
            if path.is_dir() && name != "target" && !name.to_string_lossy().starts_with('.') {
                folders.push(path);
            } else if path.extension().is_some_and(|e| e == "rs") {
                found.push(path);
            }
        }
    }
    found.sort();
    found
}

fn check_file(path: &Path, offences: &mut Vec<String>) -> Outcome {
    let text = fs::read_to_string(path).map_err(|error| format!("could not read {}: {error}", path.display()))?;
    let shown = path.strip_prefix(root()).unwrap_or(path).display().to_string();
    let mut report = |line: usize, what: &str| offences.push(format!("{shown}:{line}: {what}"));
    if !text.starts_with("//!") {
        report(1, "a file starts with `//!`: what it is for");
    }
    let is_tidy_itself = shown == "xtask/src/tidy.rs";
    for (index, line) in text.lines().enumerate() {
        let code = line.split("//").next().unwrap_or_default();
        if !is_tidy_itself {
            check_line(&shown, code, &mut |what| report(index + 1, what));
        }
    }
    if is_crate_root(&shown)
        && !UNSAFE_CRATES.iter().any(|c| shown.starts_with(c))
        && !text.contains("#![forbid(unsafe_code)]")
    {
        report(1, "the crate must say `#![forbid(unsafe_code)]`");
    }
    Ok(())
}

fn is_crate_root(shown: &str) -> bool {
    shown.ends_with("src/lib.rs") || shown.ends_with("src/main.rs")
}

fn check_line(shown: &str, code: &str, report: &mut dyn FnMut(&str)) {
    let code = code.trim_start();
    if code.starts_with("static mut ") || code.starts_with("pub static mut ") {
        report("no mutable static");
    }
    if code.contains("thread_local!") && !THREAD_LOCAL_HOMES.iter().any(|home| shown.starts_with(home)) {
        report("no thread_local: sessions change threads");
    }
    if code.contains("LazyLock<")
        || code.contains("lazy_static!")
        || code.contains("static") && code.contains("OnceLock<")
    {
        report("no lazy global: state hangs off the Instance");
    }
    if code.starts_with("#[ignore") {
        report("no ignored test");
    }
    if code.contains("thread::sleep") && shown.contains("/tests/") {
        report("no sleep in a test");
    }
}

fn check_layers(offences: &mut Vec<String>) -> Outcome {
    let known: Vec<(&str, usize, &[&str])> = LAYERS
        .iter()
        .enumerate()
        .flat_map(|(n, row)| row.iter().map(move |(name, peers)| (*name, n, *peers)))
        .collect();
    let layer_of = |name: &str| known.iter().find(|(n, ..)| *n == name).copied();
    for entry in fs::read_dir(root().join("src")).map_err(|e| e.to_string())?.flatten() {
        let name = entry.file_name().to_string_lossy().into_owned();
        let manifest = fs::read_to_string(entry.path().join("Cargo.toml")).unwrap_or_default();
        if name == "testkit" {
            continue;
        }
        let Some((_, layer, peers)) = layer_of(&name) else {
            offences.push(format!("src/{name}: not in the table of layers"));
            continue;
        };
        for dependency in dependencies(&manifest) {
            let Some((other, other_layer, _)) = layer_of(dependency) else { continue };
            if other_layer > layer || other_layer == layer && !peers.contains(&other) {
                offences.push(format!("src/{name}: may not depend on {other}"));
            }
        }
    }
    Ok(())
}

/// The names in a manifest's `[dependencies]` table; build and test dependencies are free.
fn dependencies(manifest: &str) -> impl Iterator<Item = &str> {
    let table = manifest.split_once("\n[dependencies]\n").map_or("", |(_, rest)| rest);
    let table = table.split("\n[").next().unwrap_or_default();
    table.lines().filter_map(|line| line.split(['.', '=', ' ']).next()).filter(|name| !name.is_empty())
}
