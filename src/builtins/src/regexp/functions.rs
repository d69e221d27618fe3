//! The SQL functions over patterns.

use super::engine::{Captures, Subject};
use super::{Flags, Regexp, compile, is_match, parse_flags};
use crate::string::split::rows;
use crate::types::type_oid;
use crate::{FnCtx, array};
use report::{Result, bail, error};
use std::sync::Arc;
use tuple::{Datum, Repr};

fn text_at(args: &[Datum], index: usize) -> &str {
    args[index].as_str()
}

/// The flags at `index`, empty if the function was called without.
fn flags_at(cx: &FnCtx<'_>, args: &[Datum], index: usize) -> Result<(Flags, bool)> {
    parse_flags(cx, args.get(index).map_or("", Datum::as_str))
}

/// As `flags_at` for a function that gives one result only.
fn single_flags(cx: &FnCtx<'_>, args: &[Datum], index: usize, function: &str) -> Result<Flags> {
    let (flags, global) = flags_at(cx, args, index)?;
    if global {
        let error = error!(INVALID_PARAMETER_VALUE, "{function}() does not support the \"global\" option");
        return Err(match function {
            "regexp_match" => error.hint("Use the regexp_matches function instead."),
            _ => error,
        });
    }
    Ok(flags)
}

/// An integer parameter, `default` if not given; refused below `least`.
fn number_at(args: &[Datum], index: usize, name: &str, default: i32, least: i32) -> Result<i32> {
    let value = args.get(index).map_or(default, Datum::as_i32);
    if value < least {
        bail!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"{name}\": {value}");
    }
    Ok(value)
}

/// The matches from a character on, at most `limit`. After an empty match the search goes on one character later.
fn all_matches(regexp: &Regexp, subject: &Subject<'_>, from: usize, limit: usize) -> Vec<Captures> {
    let mut out = Vec::new();
    let mut at = from;
    while at <= subject.len() && out.len() < limit {
        let Some(captures) = subject.find(regexp, at) else { break };
        let (start, end) = whole(&captures);
        at = if start == end { end + 1 } else { end };
        out.push(captures);
    }
    out
}

fn whole(captures: &Captures) -> (usize, usize) {
    captures[0].expect("a match has a place")
}

/// The groups of a match as text[], or the whole match if the pattern has none.
fn match_array(subject: &Subject<'_>, captures: &Captures) -> Result<Datum> {
    let parts = if captures.len() > 1 { &captures[1..] } else { captures.as_slice() };
    let values: Vec<Datum> = parts.iter().map(|p| p.map_or(Datum::Null, |p| Datum::text(subject.slice(p)))).collect();
    array::build_list(type_oid::TEXT, Repr::Bytes, &values)
}

fn first_match(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let flags = single_flags(cx, args, 2, "regexp_match")?;
    let regexp = compile(cx, text_at(args, 1), flags)?;
    let subject = Subject::new(text_at(args, 0));
    match subject.find(&regexp, 0) {
        Some(captures) => match_array(&subject, &captures),
        None => Ok(Datum::Null),
    }
}

fn each_match(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Vec<Datum>> {
    let (flags, global) = flags_at(cx, args, 2)?;
    let regexp = compile(cx, text_at(args, 1), flags)?;
    let subject = Subject::new(text_at(args, 0));
    let matches = all_matches(&regexp, &subject, 0, if global { usize::MAX } else { 1 });
    matches.iter().map(|captures| match_array(&subject, captures)).collect()
}

/// The pieces between matches; empty matches at the ends or right after a match do not count.
fn split(cx: &mut FnCtx<'_>, args: &[Datum], function: &str) -> Result<Vec<Datum>> {
    let flags = single_flags(cx, args, 2, function)?;
    let regexp = compile(cx, text_at(args, 1), flags)?;
    let subject = Subject::new(text_at(args, 0));
    let mut out = Vec::new();
    let mut piece_start = 0;
    for captures in all_matches(&regexp, &subject, 0, usize::MAX) {
        let (start, end) = whole(&captures);
        if start < subject.len() && end > piece_start {
            out.push(Datum::text(subject.slice((piece_start, start))));
            piece_start = end;
        }
    }
    out.push(Datum::text(subject.slice((piece_start, subject.len()))));
    Ok(out)
}

/// Appends the replacement text with its `\1` and `\&`.
fn put_replacement(out: &mut String, replacement: &str, subject: &Subject<'_>, captures: &Captures) {
    let mut rest = replacement;
    while let Some(at) = rest.find('\\') {
        out.push_str(&rest[..at]);
        rest = &rest[at + 1..];
        let group = match rest.as_bytes().first() {
            Some(digit @ b'1'..=b'9') => usize::from(digit - b'0'),
            Some(b'&') => 0,
            Some(b'\\') => {
                out.push('\\');
                rest = &rest[1..];
                continue;
            }
            _ => {
                out.push('\\');
                continue;
            }
        };
        rest = &rest[1..];
        if let Some(place) = captures.get(group).copied().flatten() {
            out.push_str(subject.slice(place));
        }
    }
    out.push_str(rest);
}

/// What of the matches is replaced.
struct Replace {
    from: usize,
    /// Which match, from 1; 0 for all.
    nth: usize,
}

fn replace(regexp: &Regexp, text: &str, replacement: &str, which: &Replace) -> String {
    if which.nth <= 1 && which.from == 0 && !regexp.is_match(text) {
        return text.to_owned();
    }
    let subject = Subject::new(text);
    let limit = if which.nth == 0 { usize::MAX } else { which.nth };
    let (mut out, mut copied) = (String::with_capacity(text.len()), 0);
    for (i, captures) in all_matches(regexp, &subject, which.from, limit).iter().enumerate() {
        if which.nth != 0 && i + 1 != which.nth {
            continue;
        }
        let (start, end) = whole(captures);
        out.push_str(subject.slice((copied, start)));
        put_replacement(&mut out, replacement, &subject, captures);
        copied = end;
    }
    out.push_str(subject.slice((copied.min(subject.len()), subject.len())));
    out
}

fn replace_plain(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let options = args.get(3).map_or("", Datum::as_str);
    if options.starts_with(|c: char| c.is_ascii_digit()) {
        let first = &options[..1];
        return Err(error!(INVALID_PARAMETER_VALUE, "invalid regular expression option: \"{first}\"").hint(
            "If you meant to use regexp_replace() with a start parameter, cast the fourth argument to integer explicitly.",
        ));
    }
    let (flags, global) = parse_flags(cx, options)?;
    let regexp = compile(cx, text_at(args, 1), flags)?;
    let which = Replace { from: 0, nth: usize::from(!global) };
    Ok(Datum::from(replace(&regexp, text_at(args, 0), text_at(args, 2), &which)))
}

fn replace_extended(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let start = number_at(args, 3, "start", 1, 1)?;
    let nth = number_at(args, 4, "n", 1, 0)?;
    let (flags, global) = flags_at(cx, args, 5)?;
    let nth = if args.len() < 5 && global { 0 } else { nth as usize };
    let regexp = compile(cx, text_at(args, 1), flags)?;
    let which = Replace { from: start as usize - 1, nth };
    Ok(Datum::from(replace(&regexp, text_at(args, 0), text_at(args, 2), &which)))
}

fn count(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let start = number_at(args, 2, "start", 1, 1)?;
    let flags = single_flags(cx, args, 3, "regexp_count")?;
    let regexp = compile(cx, text_at(args, 1), flags)?;
    let subject = Subject::new(text_at(args, 0));
    Ok(Datum::Int4(all_matches(&regexp, &subject, start as usize - 1, usize::MAX).len() as i32))
}

/// The place of the nth match's group, `None` if there is none.
fn nth_place(regexp: &Regexp, subject: &Subject<'_>, from: i32, nth: i32, group: i32) -> Option<(usize, usize)> {
    let matches = all_matches(regexp, subject, from as usize - 1, nth as usize);
    let captures = matches.get(nth as usize - 1)?;
    captures.get(group as usize).copied().flatten()
}

fn instr(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let start = number_at(args, 2, "start", 1, 1)?;
    let nth = number_at(args, 3, "n", 1, 1)?;
    let end_option = number_at(args, 4, "endoption", 0, 0)?;
    if end_option > 1 {
        bail!(INVALID_PARAMETER_VALUE, "invalid value for parameter \"endoption\": {end_option}");
    }
    let group = number_at(args, 6, "subexpr", 0, 0)?;
    let flags = single_flags(cx, args, 5, "regexp_instr")?;
    let regexp = compile(cx, text_at(args, 1), flags)?;
    let subject = Subject::new(text_at(args, 0));
    let place = nth_place(&regexp, &subject, start, nth, group);
    Ok(Datum::Int4(place.map_or(0, |(from, to)| if end_option == 1 { to } else { from } as i32 + 1)))
}

fn substr(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let start = number_at(args, 2, "start", 1, 1)?;
    let nth = number_at(args, 3, "n", 1, 1)?;
    let group = number_at(args, 5, "subexpr", 0, 0)?;
    let flags = single_flags(cx, args, 4, "regexp_substr")?;
    let regexp = compile(cx, text_at(args, 1), flags)?;
    let subject = Subject::new(text_at(args, 0));
    let place = nth_place(&regexp, &subject, start, nth, group);
    Ok(place.map_or(Datum::Null, |p| Datum::text(subject.slice(p))))
}

/// `substring(text from pattern)`: the first group, or the whole match if there is none.
fn substring(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let (flags, _) = parse_flags(cx, "")?;
    let regexp: Arc<Regexp> = compile(cx, text_at(args, 1), flags)?;
    let subject = Subject::new(text_at(args, 0));
    let Some(captures) = subject.find(&regexp, 0) else { return Ok(Datum::Null) };
    let place = captures[usize::from(regexp.groups() > 0)];
    Ok(place.map_or(Datum::Null, |p| Datum::text(subject.slice(p))))
}

fn like(cx: &mut FnCtx<'_>, args: &[Datum]) -> Result<Datum> {
    let flags = single_flags(cx, args, 2, "regexp_like")?;
    Ok(Datum::Bool(compile(cx, text_at(args, 1), flags)?.is_match(text_at(args, 0))))
}

raw_builtins! {
    fn textregexeq(cx, args) { Ok(Datum::Bool(is_match(cx, text_at(args, 0), text_at(args, 1), false)?)) }
    fn textregexne(cx, args) { Ok(Datum::Bool(!is_match(cx, text_at(args, 0), text_at(args, 1), false)?)) }
    fn texticregexeq(cx, args) { Ok(Datum::Bool(is_match(cx, text_at(args, 0), text_at(args, 1), true)?)) }
    fn texticregexne(cx, args) { Ok(Datum::Bool(!is_match(cx, text_at(args, 0), text_at(args, 1), true)?)) }
    fn nameregexeq(cx, args) { Ok(Datum::Bool(is_match(cx, text_at(args, 0), text_at(args, 1), false)?)) }
    fn nameregexne(cx, args) { Ok(Datum::Bool(!is_match(cx, text_at(args, 0), text_at(args, 1), false)?)) }
    fn nameicregexeq(cx, args) { Ok(Datum::Bool(is_match(cx, text_at(args, 0), text_at(args, 1), true)?)) }
    fn nameicregexne(cx, args) { Ok(Datum::Bool(!is_match(cx, text_at(args, 0), text_at(args, 1), true)?)) }
    fn regexp_like(cx, args) { like(cx, args) }
    fn regexp_like_no_flags(cx, args) { like(cx, args) }
    fn regexp_match(cx, args) { first_match(cx, args) }
    fn regexp_match_no_flags(cx, args) { first_match(cx, args) }
    fn regexp_count(cx, args) { count(cx, args) }
    fn regexp_count_no_flags(cx, args) { count(cx, args) }
    fn regexp_count_no_start(cx, args) { count(cx, args) }
    fn regexp_instr(cx, args) { instr(cx, args) }
    fn regexp_instr_no_endoption(cx, args) { instr(cx, args) }
    fn regexp_instr_no_flags(cx, args) { instr(cx, args) }
    fn regexp_instr_no_n(cx, args) { instr(cx, args) }
    fn regexp_instr_no_start(cx, args) { instr(cx, args) }
    fn regexp_instr_no_subexpr(cx, args) { instr(cx, args) }
    fn regexp_substr(cx, args) { substr(cx, args) }
    fn regexp_substr_no_flags(cx, args) { substr(cx, args) }
    fn regexp_substr_no_n(cx, args) { substr(cx, args) }
    fn regexp_substr_no_start(cx, args) { substr(cx, args) }
    fn regexp_substr_no_subexpr(cx, args) { substr(cx, args) }
    fn textregexsubstr(cx, args) { substring(cx, args) }
    fn substring_text_text_text(cx, args) {
        let pattern = crate::string::like::similar_to_regex(text_at(args, 1), text_at(args, 2))?;
        substring(cx, &[args[0].clone(), Datum::from(pattern)])
    }
    fn textregexreplace(cx, args) { replace_plain(cx, args) }
    fn textregexreplace_noopt(cx, args) { replace_plain(cx, args) }
    fn textregexreplace_extended(cx, args) { replace_extended(cx, args) }
    fn textregexreplace_extended_no_flags(cx, args) { replace_extended(cx, args) }
    fn textregexreplace_extended_no_n(cx, args) { replace_extended(cx, args) }
    fn regexp_split_to_array(cx, args) {
        let pieces = split(cx, args, "regexp_split_to_array")?;
        array::build_list(type_oid::TEXT, Repr::Bytes, &pieces)
    }
    fn regexp_split_to_array_no_flags(cx, args) {
        let pieces = split(cx, args, "regexp_split_to_array")?;
        array::build_list(type_oid::TEXT, Repr::Bytes, &pieces)
    }
}

set_returning! {
    fn regexp_matches(cx, args) { each_match(cx, args).map(rows) }
    fn regexp_matches_no_flags(cx, args) { each_match(cx, args).map(rows) }
    fn regexp_split_to_table(cx, args) { split(cx, args, "regexp_split_to_table").map(rows) }
    fn regexp_split_to_table_no_flags(cx, args) { split(cx, args, "regexp_split_to_table").map(rows) }
}

#[cfg(test)]
mod tests {
    use crate::testing::{call, text_of};
    use tuple::Datum;

    fn run(symbol: &str, args: &[&str]) -> String {
        let args: Vec<Datum> = args.iter().map(|a| Datum::text(a)).collect();
        text_of(call(symbol, &args))
    }

    #[test]
    fn replaces() {
        assert_eq!(run("textregexreplace_noopt", &["foobarbaz", "b..", "X"]), "fooXbaz");
        assert_eq!(run("textregexreplace", &["foobarbaz", "b..", "X", "g"]), "fooXX");
        assert_eq!(run("textregexreplace", &["foobarbaz", "b(..)", "X\\1Y", "g"]), "fooXarYXazY");
        assert_eq!(run("textregexreplace", &["abc", "b", "[\\1\\&\\\\]", "gi"]), "a[b\\]c");
        assert_eq!(run("textregexreplace", &["abc", "x*", "-", "g"]), "-a-b-c-");
        assert_eq!(run("textregexreplace", &["abc", "b", "x", "z"]), "22023: invalid regular expression option: \"z\"");
    }

    #[test]
    fn finds() {
        assert_eq!(run("textregexsubstr", &["foobar", "o(.)b"]), "o");
        assert_eq!(run("regexp_count_no_start", &["ABCABCAXYaxy", "A."]), "3");
        let args = [
            Datum::text("ABCABC"),
            Datum::text("b(c)"),
            Datum::Int4(1),
            Datum::Int4(2),
            Datum::Int4(0),
            Datum::text("i"),
            Datum::Int4(1),
        ];
        assert_eq!(text_of(call("regexp_instr", &args)), "6");
        assert_eq!(
            run("regexp_match", &["a", "a", "g"]),
            "22023: regexp_match() does not support the \"global\" option"
        );
    }
}
