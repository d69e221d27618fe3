//! Golden cases: input and calls with PostgreSQL 15's answers, in golden.txt.
//!
//! A line is `in`, a type, the input and its output, or a date style (with day, month, year order and the interval style
//! that goes with it here), a type, an input and its output; or `call`, a symbol, argument types and values, the result
//! type and the result. The session's zone is America/Los_Angeles.

use crate::{BuiltinTypes, DateOrder, DateStyle, FnCtx, FormatSettings, IntervalStyle, Memo, type_oid};
use base::Oid;
use report::Result;
use tuple::Datum;

fn type_named(name: &str) -> Oid {
    match name {
        "date" => type_oid::DATE,
        "time" => type_oid::TIME,
        "timetz" => type_oid::TIMETZ,
        "timestamp" => type_oid::TIMESTAMP,
        "timestamptz" => type_oid::TIMESTAMPTZ,
        "interval" => type_oid::INTERVAL,
        "numeric" => type_oid::NUMERIC,
        "float4" => type_oid::FLOAT4,
        "float8" => type_oid::FLOAT8,
        "int4" => type_oid::INT4,
        "int8" => type_oid::INT8,
        "bool" => type_oid::BOOL,
        "text" => type_oid::TEXT,
        other => panic!("no type {other}"),
    }
}

fn settings(style: &str) -> FormatSettings {
    let (date_style, interval_style) = match style {
        "Postgres" => (DateStyle::Postgres, IntervalStyle::PostgresVerbose),
        "SQL" => (DateStyle::Sql, IntervalStyle::SqlStandard),
        "German" => (DateStyle::German, IntervalStyle::Iso8601),
        _ => (DateStyle::Iso, IntervalStyle::Postgres),
    };
    let date_order = if date_style == DateStyle::Iso { DateOrder::Mdy } else { DateOrder::Dmy };
    let time_zone = super::zone::find("America/Los_Angeles").unwrap();
    FormatSettings { date_style, date_order, interval_style, time_zone, ..FormatSettings::default() }
}

fn show(cx: &mut FnCtx<'_>, type_oid: Oid, value: &Datum) -> Result<String> {
    if value.is_null() {
        return Ok("NULL".to_owned());
    }
    let text = crate::io::output_string(cx, type_oid, value)?;
    Ok(match (type_oid, text.as_str()) {
        (type_oid::BOOL, "t") => "true".to_owned(),
        (type_oid::BOOL, "f") => "false".to_owned(),
        _ => text,
    })
}

fn call(cx: &mut FnCtx<'_>, symbol: &str, types: &str, values: &str, result: &str) -> Result<String> {
    let types: Vec<Oid> = types.split(',').map(type_named).collect();
    let args = types.iter().zip(values.split('~')).map(|(t, v)| crate::input(cx, *t, -1, v));
    let args = args.collect::<Result<Vec<_>>>()?;
    let function = crate::by_symbol(symbol).unwrap_or_else(|| panic!("no function {symbol}"));
    let result = type_named(result);
    let value = function(&mut cx.call(&types, result, Oid::INVALID), &args)?;
    show(cx, result, &value)
}

/// The answer to one line and the answer wanted.
fn answer(line: &str) -> (String, &str) {
    let fields: Vec<&str> = line.split('\t').collect();
    let settings = settings(fields[0]);
    let mut memo = Memo::new(1, Box::new(|| 0));
    let mut cx = FnCtx::new(&settings, &BuiltinTypes, &mut memo);
    let result = match fields[..] {
        ["call", symbol, types, values, result, _] => call(&mut cx, symbol, types, values, result),
        [_, name, text, _] => {
            let type_oid = type_named(name);
            crate::input(&mut cx, type_oid, -1, text).and_then(|v| show(&mut cx, type_oid, &v))
        }
        _ => panic!("bad line {line}"),
    };
    let found = result.unwrap_or_else(|e| format!("{}: {}", e.code(), e.message()));
    (found, fields[fields.len() - 1])
}

#[test]
fn golden_cases() {
    let lines = include_str!("golden.txt").lines();
    let differing: Vec<String> = lines
        .map(|line| (line, answer(line)))
        .filter(|(_, (found, wanted))| found != wanted)
        .map(|(line, (found, _))| format!("{line}\n    found {found}"))
        .collect();
    assert!(differing.is_empty(), "{} differ:\n{}", differing.len(), differing.join("\n"));
}
