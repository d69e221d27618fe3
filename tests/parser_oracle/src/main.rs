//! Compares the parser with PostgreSQL: a live server of version 15 for what is accepted and where errors point, and
//! pg_query (the same grammar as a library, of a later version) for fingerprints of what the tree prints as.
//!
//! Usage: `PARSER_ORACLE_SQL=.../regress/sql PARSER_ORACLE_SOCKET=/tmp/.s.PGSQL.5432 cargo run [-- check...]`,
//! the checks being `accept`, `errors`, `roundtrip`, `fingerprint`; all by default.
#![forbid(unsafe_code)]

mod server;
mod split;

use parser::ParseOptions;
use server::{Server, ServerError};

fn main() {
    let run = std::thread::Builder::new().stack_size(256 << 20).spawn(run).expect("a thread starts");
    if run.join().expect("the checks run to their end") > 0 {
        std::process::exit(1);
    }
}

fn run() -> usize {
    let directory = std::env::var("PARSER_ORACLE_SQL").expect("PARSER_ORACLE_SQL names a directory of scripts");
    let wanted: Vec<String> = std::env::args().skip(1).collect();
    let wants = |check: &str| wanted.is_empty() || wanted.iter().any(|w| w == check);
    let statements = load(&directory);
    println!("{} statements", statements.len());
    let mut failures = 0;
    if wants("accept") {
        failures += check_live("accept", statements.iter().map(|(f, s)| (f.as_str(), s.clone())));
    }
    if wants("errors") {
        failures += check_live("errors", mutants(&statements));
    }
    if wants("roundtrip") {
        failures += check_roundtrip(&statements);
    }
    if wants("fingerprint") {
        failures += check_fingerprints(&statements);
    }
    failures
}

/// `parse(deparse(tree)) == tree`, positions aside.
fn check_roundtrip(statements: &[(String, String)]) -> usize {
    let options = ParseOptions::default();
    let (mut same, mut failures) = (0, 0);
    for (file, sql) in statements {
        let Ok(trees) = parser::parse(sql, &options) else { continue };
        for tree in trees {
            let printed = parser::deparse::statement(&tree.stmt);
            let difference = match parser::parse(&printed, &options) {
                Err(error) => Some(format!("{error} at {:?}", error.fields().position)),
                Ok(again) if again.len() == 1 && again[0].stmt == tree.stmt => None,
                Ok(_) => Some("another tree".to_owned()),
            };
            match difference {
                None => same += 1,
                Some(difference) => {
                    failures += 1;
                    if failures <= 60 {
                        println!("--- roundtrip {file}: {difference}\n{}\n=> {printed}", sql.trim());
                    }
                }
            }
        }
    }
    println!("roundtrip: {same} agree, {failures} differ");
    failures
}

/// pg_query's fingerprint of the original and of what our tree prints as.
fn check_fingerprints(statements: &[(String, String)]) -> usize {
    let options = ParseOptions::default();
    let (mut same, mut skipped, mut failures) = (0, 0, 0);
    for (file, sql) in statements {
        let Ok(trees) = parser::parse(sql, &options) else { continue };
        let printed: Vec<String> = trees.iter().map(|t| parser::deparse::statement(&t.stmt)).collect();
        let Ok(original) = pg_query::fingerprint(sql, 0, pg_query::FingerprintOptions::default()) else {
            skipped += 1;
            println!("=== not in pg_query's grammar, {file}: {}", sql.trim());
            continue;
        };
        let ours = pg_query::fingerprint(&printed.join("; "), 0, pg_query::FingerprintOptions::default());
        if ours.as_ref().is_ok_and(|ours| ours.hex == original.hex) {
            same += 1;
            continue;
        }
        failures += 1;
        if failures <= 60 {
            println!("--- fingerprint {file}: {:?}\n{}\n=> {}", ours.err(), sql.trim(), printed.join("; "));
        }
    }
    println!("fingerprint: {same} agree, {skipped} that only 15 accepts, {failures} differ");
    failures
}

/// All statements of all scripts, with their file's name.
fn load(directory: &str) -> Vec<(String, String)> {
    let mut files: Vec<_> =
        std::fs::read_dir(directory).expect("the directory is readable").flatten().map(|e| e.path()).collect();
    files.sort();
    let mut found = Vec::new();
    for path in files.iter().filter(|p| p.extension().is_some_and(|e| e == "sql")) {
        let script = String::from_utf8_lossy(&std::fs::read(path).expect("a script is readable")).into_owned();
        let name = path.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        found.extend(split::statements(&script).into_iter().map(|s| (name.clone(), s)));
    }
    found
}

/// Each statement cut short and with a token lost, doubled or replaced, so that most have an error somewhere.
fn mutants(statements: &[(String, String)]) -> impl Iterator<Item = (&str, String)> {
    let words = [
        "select", "(", ")", ",", "as", "1", "x", "from", "'s'", "not", "null", "=", "set", "table", "on", ";", "+",
        "[", "int",
    ];
    let mut state: u64 = std::env::var("PARSER_ORACLE_SEED").ok().and_then(|s| s.parse().ok()).unwrap_or(1);
    let mut random = move |n: usize| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (state >> 33) as usize % n.max(1)
    };
    statements.iter().flat_map(move |(file, text)| {
        let tokens = tokens(text);
        let mut found = Vec::new();
        if tokens.len() > 1 {
            let at = 1 + random(tokens.len() - 1);
            let (start, end) = tokens[at];
            let word = words[random(words.len())];
            found.push((file.as_str(), text[..start].to_owned()));
            found.push((file.as_str(), format!("{} {}", &text[..start], &text[end..])));
            found.push((file.as_str(), format!("{} {word} {}", &text[..start], &text[start..])));
            found.push((file.as_str(), format!("{} {word} {}", &text[..start], &text[end..])));
        }
        found
    })
}

fn tokens(text: &str) -> Vec<(usize, usize)> {
    use parser::lexer::{Lexer, TokenKind};
    let mut lexer = Lexer::new(text, &ParseOptions::default());
    let mut found = Vec::new();
    loop {
        let token = lexer.next_token();
        if matches!(token.kind, TokenKind::End | TokenKind::Error) {
            return found;
        }
        found.push((token.start as usize, token.end as usize));
    }
}

/// Compares acceptance, and the errors of what is rejected.
fn check_live<'a>(name: &str, statements: impl Iterator<Item = (&'a str, String)>) -> usize {
    let socket = std::env::var("PARSER_ORACLE_SOCKET").unwrap_or("/tmp/.s.PGSQL.5432".to_owned());
    let mut server = Server::connect(&socket, "postgres", "postgres").expect("the server answers");
    let (mut same, mut rejected, mut failures) = (0, 0, 0);
    for (file, sql) in statements {
        if sql.contains('\0') {
            continue;
        }
        let theirs = server.parse(&sql).expect("the server answers");
        let ours = parser::parse(&sql, &ParseOptions::default());
        let verdict = compare(ours.as_ref().err(), theirs.as_ref(), ours.as_ref().map_or(0, Vec::len));
        rejected += usize::from(ours.is_err());
        match verdict {
            None => same += 1,
            Some(difference) => {
                failures += 1;
                if failures <= 60 {
                    println!("--- {name} {file}: {difference}\n{}", sql.trim());
                }
            }
        }
    }
    println!("{name}: {same} agree, {rejected} of them rejected, {failures} differ");
    failures
}

fn compare(ours: Option<&report::Error>, theirs: Option<&ServerError>, _count: usize) -> Option<String> {
    let theirs = theirs.filter(|e| e.is_from_parser());
    match (ours, theirs) {
        (None, None) => None,
        (Some(ours), None) => Some(format!("we reject: {ours} at {:?}", ours.fields().position)),
        (None, Some(theirs)) => Some(format!("we accept: {theirs:?}")),
        (Some(ours), Some(theirs)) => {
            let same = ours.code().as_str() == theirs.code
                && ours.message() == theirs.message
                && ours.fields().position == theirs.position;
            (!same).then(|| format!("we: {ours} at {:?}; they: {theirs:?}", ours.fields().position))
        }
    }
}
