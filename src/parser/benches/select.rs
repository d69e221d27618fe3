//! How long pgbench's select takes: the fastest of many rounds, in nanoseconds a statement.
//! Run with `cargo bench -p parser`.

use std::hint::black_box;
use std::time::Instant;

const ROUNDS: u32 = 200;
const STATEMENTS: u32 = 1000;

fn main() {
    let options = parser::ParseOptions::default();
    for text in [
        "SELECT abalance FROM pgbench_accounts WHERE aid = 12345;",
        "UPDATE pgbench_accounts SET abalance = abalance + -4032 WHERE aid = 82143;",
        "INSERT INTO pgbench_history (tid, bid, aid, delta, mtime) VALUES (7, 1, 82143, -4032, CURRENT_TIMESTAMP);",
    ] {
        let parse = fastest(|| drop(black_box(parser::parse(black_box(text), &options))));
        let lex = fastest(|| {
            let mut lexer = parser::lexer::Lexer::new(black_box(text), &options);
            while black_box(lexer.next_token()).kind != parser::lexer::TokenKind::End {}
        });
        println!("{parse:6} ns to parse, {lex:5} ns to lex: {text}");
    }
}

fn fastest(mut work: impl FnMut()) -> u128 {
    let round = |work: &mut dyn FnMut()| {
        let start = Instant::now();
        (0..STATEMENTS).for_each(|_| work());
        start.elapsed().as_nanos() / u128::from(STATEMENTS)
    };
    (0..ROUNDS).map(|_| round(&mut work)).min().unwrap_or_default()
}
