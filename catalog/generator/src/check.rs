//! Promises of pg_proc: a function's row needs an implementation.
//!
//! The lists of what there is are text files: `src/builtins/symbols.txt` (lines `symbol kind [oid]`),
//! `catalog/system_functions.txt` (what crate exec implements or answers with 0A000) and `catalog/wanted_functions.txt`
//! (builtins that rows may name although they are not there yet: calls answer 0A000).

use crate::Catalogs;
use crate::names::{number, text};
use std::collections::HashSet;
use std::path::{Path, PathBuf};

/// The files that [`missing_implementations`] reads.
pub fn inputs(catalog_dir: &Path) -> [PathBuf; 3] {
    let root = catalog_dir.parent().expect("catalog/ is in the repository");
    [
        root.join("src/builtins/symbols.txt"),
        catalog_dir.join("system_functions.txt"),
        catalog_dir.join("wanted_functions.txt"),
    ]
}

/// Rows of pg_proc that nobody implements, as `oid symbol (impl)`.
pub fn missing_implementations(catalogs: &Catalogs, catalog_dir: &Path) -> Vec<String> {
    let [symbols, system, wanted] = inputs(catalog_dir).map(|path| read(&path));
    let symbols: HashSet<(&str, &str)> = symbols.lines().filter_map(symbol_of).collect();
    let (system, wanted): (HashSet<&str>, HashSet<&str>) = (system.lines().collect(), wanted.lines().collect());
    let mut missing = Vec::new();
    for row in &catalogs.get("pg_proc").rows {
        let symbol = text(row, if row.contains_key("prosrc") { "prosrc" } else { "proname" });
        let oid = number(row, "oid").to_string();
        let implementation = text(row, "impl");
        let found = match implementation {
            "builtin" | "srf" => symbols.contains(&(implementation, symbol)) || wanted.contains(symbol),
            "system" | "system_srf" => system.contains(symbol),
            "aggregate" | "window" => {
                symbols.contains(&(implementation, oid.as_str())) || wanted.contains(oid.as_str())
            }
            "io" | "trigger" | "marker" => true,
            other => panic!("pg_proc.toml: unknown impl {other:?} of function {oid}"),
        };
        if !found {
            missing.push(format!("{oid} {symbol} ({implementation})"));
        }
    }
    missing
}

/// Kind and symbol of a line; aggregates and window functions are known by object id.
fn symbol_of(line: &str) -> Option<(&str, &str)> {
    let mut words = line.split_whitespace();
    let (symbol, kind) = (words.next()?, words.next()?);
    Some((kind, words.next().unwrap_or(symbol)))
}

fn read(path: &Path) -> String {
    std::fs::read_to_string(path).unwrap_or_else(|e| panic!("{}: {e}", path.display()))
}
