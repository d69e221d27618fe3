//! `log_line_prefix`.

use crate::time::stamp;
use crate::who::{ClientName, Who};
use jiff::tz::TimeZone;

/// What the escapes stand for.
pub(crate) struct PrefixInput<'a> {
    pub(crate) who: &'a Who,
    pub(crate) line: u64,
    pub(crate) now_us: i64,
    pub(crate) zone: &'a TimeZone,
    pub(crate) code: &'a str,
}

/// Appends the prefix that the pattern makes.
pub(crate) fn append_prefix(out: &mut String, pattern: &str, input: &PrefixInput<'_>) {
    let mut rest = pattern;
    while let Some(at) = rest.find('%') {
        out.push_str(&rest[..at]);
        let (padding, after) = padding(&rest[at + 1..]);
        let Some(escape) = after.chars().next() else { return };
        rest = &after[escape.len_utf8()..];
        if escape == 'q' && input.who.client.is_none() {
            return;
        }
        append_padded(out, padding, &expand(escape, input));
    }
    out.push_str(rest);
}

/// Reads an optional width: `-10`.
fn padding(text: &str) -> (i64, &str) {
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '-').unwrap_or(text.len());
    (text[..end].parse().unwrap_or(0), &text[end..])
}

fn append_padded(out: &mut String, padding: i64, text: &str) {
    let width = usize::try_from(padding.unsigned_abs()).unwrap_or(0);
    if padding < 0 {
        out.push_str(&format!("{text:<width$}"));
    } else {
        out.push_str(&format!("{text:>width$}"));
    }
}

fn expand(escape: char, input: &PrefixInput<'_>) -> String {
    let who = input.who;
    let of_client = |part: fn(&ClientName) -> &str| {
        let known = |client| Some(part(client)).filter(|text| !text.is_empty()).unwrap_or("[unknown]").to_owned();
        who.client.as_ref().map(known).unwrap_or_default()
    };
    match escape {
        '%' => "%".to_owned(),
        'a' => of_client(|c| &c.application_name),
        'b' => who.backend_type.clone(),
        'u' => of_client(|c| &c.user),
        'd' => of_client(|c| &c.database),
        'c' => who.session_id(),
        'p' => who.pid.to_string(),
        'l' => input.line.to_string(),
        'm' => stamp(input.now_us, input.zone, true),
        't' => stamp(input.now_us, input.zone, false),
        'n' => format!("{}.{:03}", input.now_us.div_euclid(1_000_000), input.now_us.rem_euclid(1_000_000) / 1000),
        's' => stamp(who.start_us, input.zone, false),
        'i' => who.client.as_ref().map(|c| c.activity.clone()).unwrap_or_default(),
        'r' => who.client.as_ref().map(remote).unwrap_or_default(),
        'h' => who.client.as_ref().map(|c| c.host.clone()).unwrap_or_default(),
        'v' => who.vxid_text(),
        'x' => who.xid.to_string(),
        'e' => input.code.to_owned(),
        'Q' => who.query_id.to_string(),
        _ => String::new(),
    }
}

fn remote(client: &ClientName) -> String {
    match client.port.as_str() {
        "" => client.host.clone(),
        port => format!("{}({port})", client.host),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn prefix(pattern: &str, client: Option<ClientName>) -> String {
        let who = Who { client, ..Who::new(77, "client backend", 1_767_225_600_000_000) };
        let mut out = String::new();
        let input =
            PrefixInput { who: &who, line: 3, now_us: 1_767_225_601_500_000, zone: &TimeZone::UTC, code: "42P01" };
        append_prefix(&mut out, pattern, &input);
        out
    }

    fn client() -> Option<ClientName> {
        let (user, host, port) = ("bob".to_owned(), "::1".to_owned(), "5".to_owned());
        Some(ClientName { user, host, port, ..ClientName::default() })
    }

    #[test]
    fn expands_escapes() {
        assert_eq!(prefix("%m [%p] ", None), "2026-01-01 00:00:01.500 UTC [77] ");
        assert_eq!(prefix("%u@%d %r %l %e %%", client()), "bob@[unknown] ::1(5) 3 42P01 %");
        assert_eq!(prefix("%c %n", None), "6955b900.4d 1767225601.500");
    }

    #[test]
    fn stops_at_q_without_a_client_and_pads() {
        assert_eq!(prefix("%p %q%u", None), "77 ");
        assert_eq!(prefix("%p %q%u", client()), "77 bob");
        assert_eq!(prefix("[%5p] [%-5p]", None), "[   77] [77   ]");
        assert_eq!(prefix("[%-8u]", None), "[        ]");
        assert_eq!(prefix("x%", None), "x");
    }
}
