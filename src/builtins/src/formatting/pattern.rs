//! Format pictures: from text to keywords, and English ordinals.

/// Something a picture is made of.
#[derive(Clone, Debug, PartialEq)]
pub(super) enum Node {
    /// A keyword as listed, with its modifiers.
    Key(&'static str, Modifiers),
    /// A character that stands for itself.
    Text(char),
}

/// What stands before and after a keyword.
#[derive(Clone, Copy, Debug, Default, PartialEq)]
pub(super) struct Modifiers {
    /// `FM`: no padding.
    pub(super) fill: bool,
    /// `TM`: in the locale's language.
    pub(super) localized: bool,
    /// `th` or `TH` after a number.
    pub(super) ordinal: Option<Case>,
}

#[derive(Clone, Copy, Debug, PartialEq)]
pub(super) enum Case {
    Upper,
    Lower,
}

/// Keywords of dates and times; of those that begin alike, the longest first.
#[rustfmt::skip]
const DATE_KEYS: &[&str] = &[
    "A.D.", "A.M.", "AD", "AM", "B.C.", "BC", "CC", "DAY", "DDD", "DD", "DY", "Day", "Dy", "D",
    "FF1", "FF2", "FF3", "FF4", "FF5", "FF6", "FX", "HH24", "HH12", "HH", "IDDD", "ID", "IW", "IYYY", "IYY", "IY", "I",
    "J", "MI", "MM", "MONTH", "MON", "MS", "Month", "Mon", "OF", "P.M.", "PM", "Q", "RM", "SSSSS", "SSSS", "SS",
    "TZH", "TZM", "TZ", "US", "WW", "W", "Y,YYY", "YYYY", "YYY", "YY", "Y",
    "a.d.", "a.m.", "ad", "am", "b.c.", "bc", "cc", "day", "ddd", "dd", "dy", "d",
    "ff1", "ff2", "ff3", "ff4", "ff5", "ff6", "fx", "hh24", "hh12", "hh", "iddd", "id", "iw", "iyyy", "iyy", "iy", "i",
    "j", "mi", "mm", "month", "mon", "ms", "of", "p.m.", "pm", "q", "rm", "sssss", "ssss", "ss",
    "tzh", "tzm", "tz", "us", "ww", "w", "y,yyy", "yyyy", "yyy", "yy", "y",
];

/// Splits a picture of a date or time.
pub(super) fn date_picture(format: &str) -> Vec<Node> {
    let mut nodes = Vec::new();
    let mut rest = format;
    while let Some(first) = rest.chars().next() {
        let mut modifiers = Modifiers::default();
        let mut had_modifier = false;
        for (prefix, is_fill) in [("FM", true), ("fm", true), ("TM", false), ("tm", false)] {
            if let Some(after) = rest.strip_prefix(prefix).filter(|_| !had_modifier) {
                (modifiers.fill, modifiers.localized) = (is_fill, !is_fill);
                rest = after;
                had_modifier = true;
            }
        }
        if let Some(key) = DATE_KEYS.iter().find(|k| rest.starts_with(**k)) {
            rest = &rest[key.len()..];
            for (suffix, case) in [("TH", Some(Case::Upper)), ("th", Some(Case::Lower)), ("SP", None)] {
                if let Some(after) = rest.strip_prefix(suffix).filter(|_| modifiers.ordinal.is_none()) {
                    modifiers.ordinal = case;
                    rest = after;
                }
            }
            nodes.push(Node::Key(key, modifiers));
        } else if !had_modifier {
            rest = literal(rest, first, &mut nodes);
        }
    }
    nodes
}

/// Takes a quoted text or one character.
pub(super) fn literal<'a>(rest: &'a str, first: char, nodes: &mut Vec<Node>) -> &'a str {
    if first != '"' {
        let rest = if rest.starts_with("\\\"") { &rest[1..] } else { rest };
        let taken = rest.chars().next().unwrap_or(first);
        nodes.push(Node::Text(taken));
        return &rest[taken.len_utf8()..];
    }
    let mut chars = rest[1..].chars();
    while let Some(next) = chars.next() {
        match next {
            '"' => break,
            '\\' => nodes.push(Node::Text(chars.next().unwrap_or('\\'))),
            other => nodes.push(Node::Text(other)),
        }
    }
    chars.as_str()
}

/// `st`, `nd`, `rd` or `th` of a number's digits.
pub(super) fn ordinal(digits: &str, case: Case) -> &'static str {
    let bytes = digits.as_bytes();
    let is_teen = bytes.len() > 1 && bytes[bytes.len() - 2] == b'1';
    let (lower, upper) = match bytes.last() {
        Some(b'1') if !is_teen => ("st", "ST"),
        Some(b'2') if !is_teen => ("nd", "ND"),
        Some(b'3') if !is_teen => ("rd", "RD"),
        _ => ("th", "TH"),
    };
    if case == Case::Upper { upper } else { lower }
}
