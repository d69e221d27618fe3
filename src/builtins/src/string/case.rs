//! Upper and lower case: of ASCII alone under collation C, else of all characters whose other case is one character.

use crate::FnCtx;
use base::Oid;

/// How characters change case.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(crate) enum CaseRules {
    Ascii,
    Unicode,
}

/// The rules of the call's collation; without one, those of the database.
pub(crate) fn case_rules(cx: &FnCtx<'_>) -> CaseRules {
    match cx.collation {
        Oid(950 | 951) => CaseRules::Ascii,
        _ if cx.settings.ascii_case => CaseRules::Ascii,
        _ => CaseRules::Unicode,
    }
}

pub(crate) fn lower_char(c: char, rules: CaseRules) -> char {
    if c.is_ascii() || rules == CaseRules::Ascii {
        return c.to_ascii_lowercase();
    }
    single(c.to_lowercase()).unwrap_or(c)
}

pub(crate) fn upper_char(c: char, rules: CaseRules) -> char {
    if c.is_ascii() || rules == CaseRules::Ascii {
        return c.to_ascii_uppercase();
    }
    single(c.to_uppercase()).unwrap_or(c)
}

fn single(mut mapped: impl Iterator<Item = char>) -> Option<char> {
    let first = mapped.next()?;
    mapped.next().is_none().then_some(first)
}

pub(crate) fn lower(text: &str, rules: CaseRules) -> String {
    if text.is_ascii() {
        return text.to_ascii_lowercase();
    }
    text.chars().map(|c| lower_char(c, rules)).collect()
}

fn upper(text: &str, rules: CaseRules) -> String {
    if text.is_ascii() {
        return text.to_ascii_uppercase();
    }
    text.chars().map(|c| upper_char(c, rules)).collect()
}

fn initcap(text: &str, rules: CaseRules) -> String {
    let mut in_word = false;
    text.chars()
        .map(|c| {
            let shown = if in_word { lower_char(c, rules) } else { upper_char(c, rules) };
            in_word = if rules == CaseRules::Ascii { c.is_ascii_alphanumeric() } else { c.is_alphanumeric() };
            shown
        })
        .collect()
}

builtins! {
    fn lower[cx](a: &str) -> String { super::lower(a, case_rules(cx)) }
    fn upper[cx](a: &str) -> String { super::upper(a, case_rules(cx)) }
    fn initcap[cx](a: &str) -> String { super::initcap(a, case_rules(cx)) }
}
