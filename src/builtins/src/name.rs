//! name: identifiers of at most 63 bytes.

use crate::io::sent;
use crate::wire::text_of;
use base::{NAME_BYTES_MAX, Oid};
use tuple::Datum;

/// The longest prefix of whole characters that fits in `bytes_max`.
pub(crate) fn clip(text: &str, bytes_max: usize) -> &str {
    &text[..text.floor_char_boundary(bytes_max)]
}

builtins! {
    fn namein(text: &str) -> &str { clip(text, NAME_BYTES_MAX) }
    fn nameout(a: &Datum) -> Datum { a.clone() }
    fn namerecv(bytes: &[u8]) -> &str {
        let text = text_of(bytes)?;
        if text.len() > NAME_BYTES_MAX {
            return Err(report::error!(NAME_TOO_LONG, "identifier too long")
                .detail(format!("Identifier must be less than {} characters.", NAME_BYTES_MAX + 1)));
        }
        text
    }
    fn namesend(a: &[u8]) -> Datum { sent(a) }
    fn name_text(a: &Datum) -> Datum { a.clone() }
    fn text_name(a: &str) -> &str { clip(a, NAME_BYTES_MAX) }
    fn bpchar_name(a: &str) -> &str { clip(a, NAME_BYTES_MAX).trim_end_matches(' ') }
    fn name_bpchar(a: &Datum) -> Datum { a.clone() }
    fn nameconcatoid(a: &str, b: Oid) -> String {
        let suffix = format!("_{b}");
        format!("{}{suffix}", clip(a, NAME_BYTES_MAX - suffix.len()))
    }
    fn btnamecmp(a: &[u8], b: &[u8]) -> i32 { a.cmp(b) as i32 }
    fn btnametextcmp(a: &[u8], b: &[u8]) -> i32 { a.cmp(b) as i32 }
    fn bttextnamecmp(a: &[u8], b: &[u8]) -> i32 { a.cmp(b) as i32 }
    fn nameeq(a: &[u8], b: &[u8]) -> bool { a == b }
    fn namene(a: &[u8], b: &[u8]) -> bool { a != b }
    fn namelt(a: &[u8], b: &[u8]) -> bool { a < b }
    fn namele(a: &[u8], b: &[u8]) -> bool { a <= b }
    fn namegt(a: &[u8], b: &[u8]) -> bool { a > b }
    fn namege(a: &[u8], b: &[u8]) -> bool { a >= b }
    fn nameeqtext(a: &[u8], b: &[u8]) -> bool { a == b }
    fn namenetext(a: &[u8], b: &[u8]) -> bool { a != b }
    fn namelttext(a: &[u8], b: &[u8]) -> bool { a < b }
    fn nameletext(a: &[u8], b: &[u8]) -> bool { a <= b }
    fn namegttext(a: &[u8], b: &[u8]) -> bool { a > b }
    fn namegetext(a: &[u8], b: &[u8]) -> bool { a >= b }
    fn texteqname(a: &[u8], b: &[u8]) -> bool { a == b }
    fn textnename(a: &[u8], b: &[u8]) -> bool { a != b }
    fn textltname(a: &[u8], b: &[u8]) -> bool { a < b }
    fn textlename(a: &[u8], b: &[u8]) -> bool { a <= b }
    fn textgtname(a: &[u8], b: &[u8]) -> bool { a > b }
    fn textgename(a: &[u8], b: &[u8]) -> bool { a >= b }
}
