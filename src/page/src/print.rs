//! The page dump: the same print in tests, debugging and docs.

use crate::Page;
use std::fmt::Write;

/// The header and the line pointers, one line each.
pub fn dump(page: &Page) -> String {
    if page.is_new() {
        return "new page\n".to_owned();
    }
    let mut text = format!(
        "lsn {} flags {:#x} lower {} upper {} special {} prune hint {}\n",
        page.lsn(),
        page.flags(),
        page.lower(),
        page.upper(),
        page.special_start(),
        page.prune_hint()
    );
    for offset in page.offsets() {
        // Writing to a String does not fail.
        let _ = writeln!(text, "{:>4}: {:?}", offset.0, page.line_pointer(offset));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Reuse;

    #[test]
    fn prints_header_and_pointers() {
        let mut page = Page::new();
        page.init(0);
        let _ = page.add_item(b"abc", Reuse::Never);
        let expected = "lsn 0/0 flags 0x0 lower 36 upper 8184 special 8192 prune hint 0\n   1: 8184+3\n";
        assert_eq!(dump(&page), expected);
    }
}
