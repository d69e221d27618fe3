//! Golden tests: each line of a data file is a statement; behind it stands what it prints as (`=>`), or its error
//! (`!!`, code, position, message). `PARSER_GOLDEN_WRITE=1` writes the files anew, to be read before they are committed.

use parser::{ParseOptions, deparse};
use std::fmt::Write;

fn outcome(text: &str) -> String {
    match parser::parse(text, &ParseOptions::default()) {
        Ok(statements) => {
            let printed: Vec<String> = statements.iter().map(|s| deparse::statement(&s.stmt)).collect();
            format!("=> {}", printed.join("; ").replace('\n', "\\n"))
        }
        Err(error) => {
            let position = error.fields().position.map_or_else(|| "-".to_owned(), |p| p.to_string());
            format!("!! {} {position} {}", error.code(), error.message())
        }
    }
}

#[test]
fn statements_print_and_fail_as_recorded() {
    let directory = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/data");
    let mut files: Vec<_> = std::fs::read_dir(directory).unwrap().map(|e| e.unwrap().path()).collect();
    files.sort();
    assert!(!files.is_empty());
    for path in files {
        let recorded = std::fs::read_to_string(&path).unwrap();
        let mut found = String::new();
        for line in recorded.lines().filter(|l| !l.starts_with("=>") && !l.starts_with("!!")) {
            writeln!(found, "{line}").unwrap();
            if !line.is_empty() && !line.starts_with('#') {
                writeln!(found, "{}", outcome(line)).unwrap();
            }
        }
        if std::env::var_os("PARSER_GOLDEN_WRITE").is_some() {
            std::fs::write(&path, &found).unwrap();
            continue;
        }
        assert_eq!(recorded, found, "{}", path.display());
    }
}
