//! Text forms of jsonb, and of values taken out of json and jsonb.

use super::binary::{Shape, View, from_node};
use super::parse::{self, quote};
use crate::io::sent;
use crate::numeric::Numeric;
use crate::wire::{Reader, text_of};
use report::{Result, bail};
use tuple::Datum;

/// The jsonb of a text.
pub(crate) fn read_jsonb(text: &str) -> Result<Datum> {
    let node = parse::parse(text)?;
    Ok(from_node(node, text)?.to_datum())
}

/// Appends the text of a jsonb value on one line.
pub(crate) fn print(view: View<'_>, out: &mut String) {
    match view.shape() {
        Shape::Null => out.push_str("null"),
        Shape::Bool(b) => out.push_str(if b { "true" } else { "false" }),
        Shape::Number(bytes) => out.push_str(&Numeric::from_bytes(bytes).to_string()),
        Shape::String(s) => quote(s, out),
        Shape::Array => {
            out.push('[');
            for (i, item) in view.children().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                print(item, out);
            }
            out.push(']');
        }
        Shape::Object => {
            out.push('{');
            for (i, (key, item)) in view.fields().enumerate() {
                out.push_str(if i > 0 { ", " } else { "" });
                quote(key, out);
                out.push_str(": ");
                print(item, out);
            }
            out.push('}');
        }
    }
}

/// The text of a jsonb value on one line.
pub(crate) fn to_text(view: View<'_>) -> String {
    let mut out = String::new();
    print(view, &mut out);
    out
}

/// What `->>` gives: a string bare, null as SQL null, anything else as its text.
pub(crate) fn bare_text(view: View<'_>) -> Datum {
    match view.shape() {
        Shape::Null => Datum::Null,
        Shape::String(s) => Datum::text(s),
        _ => Datum::from(to_text(view)),
    }
}

/// Appends the text of a jsonb value over several lines.
fn print_pretty(view: View<'_>, level: usize, out: &mut String) {
    if view.is_scalar() {
        return print(view, out);
    }
    let (open, close) = if view.is_array() { ('[', ']') } else { ('{', '}') };
    out.push(open);
    for i in 0..view.len() {
        out.push_str(if i > 0 { ",\n" } else { "\n" });
        out.push_str(&"    ".repeat(level + 1));
        if view.is_object() {
            quote(view.key(i), out);
            out.push_str(": ");
        }
        print_pretty(if view.is_array() { view.element(i) } else { view.value(i) }, level + 1, out);
    }
    out.push('\n');
    out.push_str(&"    ".repeat(level));
    out.push(close);
}

builtins! {
    fn json_in(text: &Datum) -> Datum {
        parse::check(text.as_str())?;
        text.clone()
    }
    fn json_out(a: &Datum) -> Datum { a.clone() }
    fn json_recv(bytes: &[u8]) -> &str {
        let text = text_of(bytes)?;
        parse::check(text)?;
        text
    }
    fn json_send(a: &[u8]) -> Datum { sent(a) }
    fn jsonb_in(text: &str) -> Datum { read_jsonb(text)? }
    fn jsonb_out(a: &Datum) -> String { to_text(View::of(a)) }
    fn jsonb_recv(bytes: &[u8]) -> Datum {
        let mut reader = Reader::new(bytes);
        let version = reader.u8()?;
        if version != 1 {
            bail!(INTERNAL_ERROR, "unsupported jsonb version number {version}");
        }
        read_jsonb(text_of(reader.rest())?)?
    }
    fn jsonb_send(a: &Datum) -> Vec<u8> { [b"\x01", to_text(View::of(a)).as_bytes()].concat() }
    fn jsonb_pretty(a: &Datum) -> String {
        let mut out = String::new();
        print_pretty(View::of(a), 0, &mut out);
        out
    }
}
