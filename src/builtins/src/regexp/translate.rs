//! A pattern in the syntax of the crate `regex`: the same strings match, though not always with the same ends.

use super::Flags;
use super::syntax::{Anchor, Named, Node, Set};
use std::fmt::Write;

/// The translation, `None` if the pattern has what that crate lacks.
pub(super) fn translate(root: &Node, flags: Flags) -> Option<String> {
    let mut out = String::from(if flags.ignore_case { "(?i)" } else { "" });
    write_node(root, flags, &mut out)?;
    Some(out)
}

fn write_node(node: &Node, flags: Flags, out: &mut String) -> Option<()> {
    match node {
        Node::Empty => {}
        Node::Char(c) => out.push_str(&regex::escape(c.encode_utf8(&mut [0; 4]))),
        Node::Any => out.push_str(if flags.newline_stops { "[^\\n]" } else { "(?s:.)" }),
        Node::Set(set) => write_set(set, flags, out),
        Node::Anchor(anchor) => out.push_str(anchor_text(*anchor, flags)),
        Node::Group(_, node) => {
            out.push_str("(?:");
            write_node(node, flags, out)?;
            out.push(')');
        }
        Node::BackReference(_) | Node::Look { .. } => return None,
        Node::Concat(parts) => {
            for part in parts {
                write_grouped(part, matches!(part, Node::Alternate(_)), flags, out)?;
            }
        }
        Node::Alternate(parts) => {
            for (i, part) in parts.iter().enumerate() {
                if i > 0 {
                    out.push('|');
                }
                write_node(part, flags, out)?;
            }
        }
        Node::Repeat { node, min, max, .. } => {
            write_grouped(node, true, flags, out)?;
            match max {
                Some(max) => write!(out, "{{{min},{max}}}").ok()?,
                None => write!(out, "{{{min},}}").ok()?,
            }
        }
    }
    Some(())
}

fn write_grouped(node: &Node, grouped: bool, flags: Flags, out: &mut String) -> Option<()> {
    if !grouped {
        return write_node(node, flags, out);
    }
    out.push_str("(?:");
    write_node(node, flags, out)?;
    out.push(')');
    Some(())
}

fn anchor_text(anchor: Anchor, flags: Flags) -> &'static str {
    match anchor {
        Anchor::LineStart if flags.newline_anchors => "(?m:^)",
        Anchor::LineEnd if flags.newline_anchors => "(?m:$)",
        Anchor::LineStart | Anchor::TextStart => "\\A",
        Anchor::LineEnd | Anchor::TextEnd => "\\z",
        Anchor::WordStart => "\\b{start}",
        Anchor::WordEnd => "\\b{end}",
        Anchor::WordEdge => "\\b",
        Anchor::NotWordEdge => "\\B",
    }
}

fn write_set(set: &Set, flags: Flags, out: &mut String) {
    let wrapped = set.not_newline && set.negated;
    out.push_str(if wrapped { "[[^\\n]&&" } else { "" });
    out.push_str(if set.negated { "[^" } else { "[" });
    for (low, high) in &set.ranges {
        let _ = write!(out, "\\u{{{:x}}}-\\u{{{:x}}}", *low as u32, *high as u32);
    }
    for (named, negated) in &set.named {
        out.push_str(if *negated { "[^" } else { "[" });
        out.push_str(named_text(*named, flags.ascii));
        out.push(']');
    }
    out.push_str(if wrapped { "]]" } else { "]" });
}

fn named_text(named: Named, ascii: bool) -> &'static str {
    match (named, ascii) {
        (Named::Alnum, true) => "0-9A-Za-z",
        (Named::Alnum, false) => "\\p{Alphabetic}\\p{N}",
        (Named::Alpha, true) => "A-Za-z",
        (Named::Alpha, false) => "\\p{Alphabetic}",
        (Named::Blank, true) => " \\t",
        (Named::Blank, false) => "\\p{Zs}\\t",
        (Named::Cntrl, true) => "\\x00-\\x1f\\x7f",
        (Named::Cntrl, false) => "\\p{Cc}",
        (Named::Digit, _) => "0-9",
        (Named::Graph, true) => "!-~",
        (Named::Graph, false) => "^\\s\\p{Cc}",
        (Named::Lower, true) => "a-z",
        (Named::Lower, false) => "\\p{Lowercase}",
        (Named::Print, true) => " -~",
        (Named::Print, false) => "^\\p{Cc}",
        (Named::Punct, true) => "[:punct:]",
        (Named::Punct, false) => "[:punct:][^\\p{Alphabetic}\\p{N}\\s\\p{Cc}\\x00-\\x7f]",
        (Named::Space, true) => " \\t-\\r",
        (Named::Space, false) => "\\s",
        (Named::Upper, true) => "A-Z",
        (Named::Upper, false) => "\\p{Uppercase}",
        (Named::Xdigit, _) => "0-9A-Fa-f",
        (Named::Word, true) => "0-9A-Za-z_",
        (Named::Word, false) => "\\p{Alphabetic}\\p{N}_",
    }
}
