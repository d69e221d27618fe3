//! Calls functions with arguments and compares their results with what PostgreSQL 15 gave for the same call.
//!
//! Each line of golden.txt is, separated by tabs in the escapes of COPY: the function's oid, the types of its
//! arguments (oids with commas), the arguments as text (separated by the character 0x1F, null written as 0x1E), and the
//! result as text, null as 0x1E, an error as `E:SQLSTATE: message`.

use base::Oid;
use builtins::{BuiltinTypes, FnCtx, FormatSettings, Memo, TypeLookup};
use report::Result;
use tuple::Datum;

fn unescape(field: &str) -> String {
    let mut out = String::new();
    let mut chars = field.chars();
    while let Some(c) = chars.next() {
        match (c, if c == '\\' { chars.next() } else { None }) {
            ('\\', Some('n')) => out.push('\n'),
            ('\\', Some('t')) => out.push('\t'),
            ('\\', Some('r')) => out.push('\r'),
            ('\\', Some('b')) => out.push('\x08'),
            ('\\', Some('f')) => out.push('\x0c'),
            ('\\', Some('v')) => out.push('\x0b'),
            ('\\', Some(other)) => out.push(other),
            _ => out.push(c),
        }
    }
    out
}

/// The function's result type, told from a list kept beside the calls' file.
fn result_types() -> std::collections::HashMap<u32, u32> {
    include_str!("result_types.txt")
        .lines()
        .filter_map(|line| line.split_once(' '))
        .map(|(function, result)| (function.parse().unwrap(), result.parse().unwrap()))
        .collect()
}

fn run(cx: &mut FnCtx<'_>, function: u32, types: &[Oid], args: &[&str], result: Oid) -> Result<String> {
    let builtin = builtins::function(Oid(function)).expect("listed functions exist");
    let mut datums = Vec::new();
    for (arg, type_oid) in args.iter().zip(types) {
        datums.push(match *arg {
            "\x1e" => Datum::Null,
            text => builtins::input(cx, *type_oid, -1, text)?,
        });
    }
    let is_polymorphic = matches!(result.0, 2283 | 2277 | 2776 | 5077 | 5078 | 5079);
    let result = match is_polymorphic {
        true if matches!(result.0, 2277 | 5078) => {
            types.iter().copied().find(|t| BuiltinTypes.type_info(*t).is_ok_and(|i| i.is_array())).unwrap_or(Oid(1007))
        }
        true => types.iter().copied().find(|t| t.0 != 1007).unwrap_or(Oid(23)),
        false => result,
    };
    let value = {
        let mut call = cx.call(types, result, Oid(100));
        (builtin.function)(&mut call, &datums)?
    };
    if value.is_null() {
        return Ok("\x1e".to_owned());
    }
    // The calls were cast to text, which is not the output function for a few types.
    if result.0 == 16 {
        return Ok(if value.is_true() { "true" } else { "false" }.to_owned());
    }
    let mut out = Vec::new();
    builtins::output(cx, result, &value, &mut out)?;
    if result.0 == 1042 {
        return Ok(String::from_utf8_lossy(&out).trim_end_matches(' ').to_owned());
    }
    Ok(String::from_utf8_lossy(&out).into_owned())
}

#[test]
fn results_are_those_of_postgres() {
    let result_types = result_types();
    let settings = FormatSettings::default();
    let mut memo = Memo::new(1, Box::new(|| 0));
    let mut cx = FnCtx::new(&settings, &BuiltinTypes, &mut memo);
    let text = match std::env::var("GOLDEN_FILE") {
        Ok(path) => std::fs::read_to_string(path).unwrap(),
        Err(_) => include_str!("golden.txt").to_owned(),
    };
    let mut wrong = Vec::new();
    for line in text.lines() {
        let fields: Vec<String> = line.split('\t').map(unescape).collect();
        let [function, types, args, expected] = fields.as_slice() else { panic!("{line}") };
        let function: u32 = function.parse().unwrap();
        let types: Vec<Oid> = types.split(',').filter(|t| !t.is_empty()).map(|t| Oid(t.parse().unwrap())).collect();
        let args: Vec<&str> = if types.is_empty() { Vec::new() } else { args.split('\x1f').collect() };
        let result = Oid(result_types[&function]);
        let outcome =
            std::panic::catch_unwind(std::panic::AssertUnwindSafe(|| run(&mut cx, function, &types, &args, result)));
        let got = match outcome {
            Ok(Ok(text)) => text,
            Ok(Err(error)) => format!("E:{}: {}", error.code(), error.message()),
            Err(_) => "PANIC".to_owned(),
        };
        // Comparison functions promise a sign only.
        let is_sign = builtins::function(Oid(function)).is_some_and(|f| f.name.ends_with("cmp"));
        let sign = |text: &str| text.parse::<i32>().map(i32::signum).ok();
        if got != *expected && !(is_sign && sign(&got) == sign(expected)) {
            let name = builtins::function(Oid(function)).unwrap().name;
            wrong.push(format!("{name}({args:?}): {got:?}, PostgreSQL: {expected:?}"));
        }
    }
    if std::env::var("GOLDEN_FILE").is_ok() {
        std::fs::write("/tmp/w/golden.out", wrong.join("\n")).unwrap();
    }
    assert!(wrong.is_empty(), "{} results differ:\n{}", wrong.len(), wrong[..wrong.len().min(20)].join("\n"));
}
