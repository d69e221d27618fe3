//! PostgreSQL's advanced regular expressions.
//!
//! A pattern is parsed to a tree ([`syntax`]). Whether it matches, and where a match starts, is answered by the crate
//! `regex` in linear time from a translation of the tree, unless it has back-references or look-around. Where a match
//! ends and what its parts are follows other rules than that crate's (the longest or shortest match overall, then each part in
//! turn longest or shortest), so [`engine`] works them out from the tree.

mod engine;
pub(crate) mod functions;
mod syntax;
mod translate;

use crate::FnCtx;
use crate::string::case::{CaseRules, case_rules};
use report::{Error, Result, bail, error};
use std::sync::Arc;
use syntax::Node;

/// Most compiled patterns that a session keeps.
const CACHED_MAX: usize = 64;

/// How a pattern is read and matched: the letters of flags arguments and embedded options.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(crate) struct Flags {
    pub(crate) ignore_case: bool,
    /// `.` and `[^..]` do not match a newline.
    pub(crate) newline_stops: bool,
    /// `^` and `$` match at newlines.
    pub(crate) newline_anchors: bool,
    /// White space and comments in the pattern mean nothing.
    pub(crate) expanded: bool,
    /// The pattern is a plain string.
    pub(crate) literal: bool,
    /// The pattern is an extended (POSIX) expression: no escapes but of punctuation.
    pub(crate) posix: bool,
    /// Characters beyond ASCII have no class or case.
    pub(crate) ascii: bool,
}

impl Flags {
    fn plain(rules: CaseRules) -> Flags {
        Flags {
            ignore_case: false,
            newline_stops: false,
            newline_anchors: false,
            expanded: false,
            literal: false,
            posix: false,
            ascii: rules == CaseRules::Ascii,
        }
    }

    /// The flags as a key.
    fn bits(self) -> u8 {
        let all = [
            self.ignore_case,
            self.newline_stops,
            self.newline_anchors,
            self.expanded,
            self.literal,
            self.posix,
            self.ascii,
        ];
        all.iter().fold(0, |bits, flag| bits << 1 | u8::from(*flag))
    }

    /// Applies one letter; false if it is none of ours.
    fn apply(&mut self, letter: char) -> Result<bool> {
        match letter {
            'i' => self.ignore_case = true,
            'c' => self.ignore_case = false,
            'n' | 'm' => (self.newline_stops, self.newline_anchors) = (true, true),
            'p' => (self.newline_stops, self.newline_anchors) = (true, false),
            'w' => (self.newline_stops, self.newline_anchors) = (false, true),
            's' => (self.newline_stops, self.newline_anchors) = (false, false),
            'x' => self.expanded = true,
            't' => self.expanded = false,
            'q' => self.literal = true,
            'e' => self.posix = true,
            'b' => return Err(Error::unsupported("basic regular expressions")),
            _ => return Ok(false),
        }
        Ok(true)
    }
}

/// The flags argument of a function, with `g` taken out.
pub(crate) fn parse_flags(cx: &FnCtx<'_>, text: &str) -> Result<(Flags, bool)> {
    let mut flags = Flags::plain(case_rules(cx));
    let mut global = false;
    for letter in text.chars() {
        if letter == 'g' {
            global = true;
        } else if !flags.apply(letter)? {
            bail!(INVALID_PARAMETER_VALUE, "invalid regular expression option: \"{letter}\"");
        }
    }
    Ok((flags, global))
}

/// A compiled pattern.
pub(crate) struct Regexp {
    root: Node,
    groups: usize,
    flags: Flags,
    has_back_references: bool,
    /// The translation, if there is one.
    fast: Option<regex::Regex>,
    /// The whole pattern prefers the shortest match.
    prefers_shortest: bool,
}

impl Regexp {
    /// Errors: 2201B if the pattern is wrong.
    pub(crate) fn new(pattern: &str, flags: Flags) -> Result<Regexp> {
        let parsed = syntax::parse(pattern, flags)
            .map_err(|what| error!(INVALID_REGULAR_EXPRESSION, "invalid regular expression: {what}"))?;
        let fast = translate::translate(&parsed.root, parsed.flags).and_then(|t| regex::Regex::new(&t).ok());
        Ok(Regexp {
            groups: parsed.groups,
            flags: parsed.flags,
            has_back_references: parsed.has_back_references,
            prefers_shortest: parsed.root.preference() == Some(syntax::Preference::Shortest),
            root: parsed.root,
            fast,
        })
    }

    /// Number of capturing groups.
    pub(crate) fn groups(&self) -> usize {
        self.groups
    }

    /// True if the pattern matches somewhere in the text.
    pub(crate) fn is_match(&self, text: &str) -> bool {
        match &self.fast {
            Some(fast) => fast.is_match(text),
            None => engine::Subject::new(text).find(self, 0).is_some(),
        }
    }
}

/// The compiled pattern, from the session's cache. A scan asks for the same one row after row.
pub(crate) fn compile(cx: &mut FnCtx<'_>, pattern: &str, flags: Flags) -> Result<Arc<Regexp>> {
    let bits = flags.bits();
    if let Some((last_bits, last_pattern, compiled)) = &cx.memo.last_pattern
        && *last_bits == bits
        && last_pattern == pattern
        && let Ok(compiled) = Arc::clone(compiled).downcast::<Regexp>()
    {
        return Ok(compiled);
    }
    let key = (bits, pattern.to_owned());
    let compiled = match cx.memo.patterns.get(&key).map(|found| Arc::clone(found).downcast::<Regexp>()) {
        Some(Ok(compiled)) => compiled,
        _ => {
            let compiled = Arc::new(Regexp::new(pattern, flags)?);
            if cx.memo.patterns.len() >= CACHED_MAX {
                cx.memo.patterns.clear();
            }
            cx.memo.patterns.insert(key, compiled.clone());
            compiled
        }
    };
    cx.memo.last_pattern = Some((bits, pattern.to_owned(), compiled.clone()));
    Ok(compiled)
}

/// True if the text matches: the `~` operators.
pub(crate) fn is_match(cx: &mut FnCtx<'_>, text: &str, pattern: &str, ignore_case: bool) -> Result<bool> {
    let flags = Flags { ignore_case, ..Flags::plain(case_rules(cx)) };
    Ok(compile(cx, pattern, flags)?.is_match(text))
}
