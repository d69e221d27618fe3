//! Where a match is and what its groups hold.
//!
//! For each part of the pattern and each start, the set of places where it can end is worked out once ([`Subject`]'s
//! table), which takes polynomial time whatever the pattern. The match begins at the first place where there is one; of
//! its possible ends the longest or shortest is taken, as the pattern prefers; then the match is divided among the parts from left to
//! right, each taking its longest or shortest share that lets the rest match. A back-reference may end anywhere as far as the
//! table knows; it is checked when the match is divided.

use super::syntax::{Anchor, Node, Preference};
use super::{Flags, Regexp};
use crate::string::case::{CaseRules, lower_char, upper_char};
use std::collections::{HashMap, HashSet};
use std::rc::Rc;

/// Places of a match and its groups, in characters from 0: `[0]` is the whole.
pub(super) type Captures = Vec<Option<(usize, usize)>>;

/// A text being matched.
pub(super) struct Subject<'t> {
    pub(super) text: &'t str,
    chars: Vec<char>,
    /// Byte offset of each character and of the end.
    offsets: Vec<usize>,
}

impl<'t> Subject<'t> {
    pub(super) fn new(text: &'t str) -> Subject<'t> {
        let mut offsets: Vec<usize> = text.char_indices().map(|(at, _)| at).collect();
        offsets.push(text.len());
        Subject { text, chars: text.chars().collect(), offsets }
    }

    /// Number of characters.
    pub(super) fn len(&self) -> usize {
        self.chars.len()
    }

    /// The characters `start..end`.
    pub(super) fn slice(&self, (start, end): (usize, usize)) -> &'t str {
        &self.text[self.offsets[start]..self.offsets[end]]
    }

    /// The first match that starts at or after `from`.
    pub(super) fn find(&self, regexp: &Regexp, from: usize) -> Option<Captures> {
        let mut search = Search::new(self, regexp);
        let mut start = from;
        while start <= self.len() {
            if let Some(fast) = &regexp.fast {
                let found = fast.find_at(self.text, self.offsets[start])?;
                start = self.offsets.binary_search(&found.start()).expect("matches start at characters");
            }
            if let Some(captures) = search.match_at(start) {
                return Some(captures);
            }
            start += 1;
        }
        None
    }
}

type Ends = Rc<Vec<usize>>;

struct Search<'s> {
    subject: &'s Subject<'s>,
    regexp: &'s Regexp,
    flags: Flags,
    /// Ends by node (its address in the tree) and start, ascending.
    ends: HashMap<(*const Node, usize), Ends>,
    /// Divisions known to fail: node, part, start, end.
    failed: HashSet<(*const Node, usize, usize, usize)>,
}

impl<'s> Search<'s> {
    fn new(subject: &'s Subject<'s>, regexp: &'s Regexp) -> Search<'s> {
        Search { subject, regexp, flags: regexp.flags, ends: HashMap::new(), failed: HashSet::new() }
    }

    fn match_at(&mut self, start: usize) -> Option<Captures> {
        let root = &self.regexp.root;
        let ends = self.ends_of(root, start);
        let mut captures: Captures = vec![None; self.regexp.groups + 1];
        for end in ordered(&ends, self.regexp.prefers_shortest) {
            if self.divide(root, start, end, &mut captures) {
                captures[0] = Some((start, end));
                return Some(captures);
            }
        }
        None
    }

    /// The places where `node` can end if it starts at `start`.
    fn ends_of(&mut self, node: &Node, start: usize) -> Ends {
        if let Some(end) = self.simple_end(node, start) {
            return Rc::new(end.into_iter().collect());
        }
        let key = (std::ptr::from_ref(node), start);
        if let Some(found) = self.ends.get(&key) {
            return Rc::clone(found);
        }
        let ends = Rc::new(self.work_out_ends(node, start));
        self.ends.insert(key, Rc::clone(&ends));
        ends
    }

    /// The end of a part that has at most one; the outer `None` means it may have more.
    fn simple_end(&self, node: &Node, start: usize) -> Option<Option<usize>> {
        let next = self.subject.chars.get(start).copied();
        let one = |matches: bool| Some(matches.then_some(start + 1));
        match node {
            Node::Empty => Some(Some(start)),
            Node::Char(wanted) => one(next.is_some_and(|c| self.same_char(c, *wanted))),
            Node::Any => one(next.is_some_and(|c| !(self.flags.newline_stops && c == '\n'))),
            Node::Set(set) => one(next.is_some_and(|c| set.contains(c, self.flags))),
            Node::Anchor(anchor) => Some(self.anchored(*anchor, start).then_some(start)),
            _ => None,
        }
    }

    fn same_char(&self, a: char, b: char) -> bool {
        if a == b || !self.flags.ignore_case {
            return a == b;
        }
        let rules = if self.flags.ascii { CaseRules::Ascii } else { CaseRules::Unicode };
        lower_char(a, rules) == lower_char(b, rules) || upper_char(a, rules) == upper_char(b, rules)
    }

    fn is_word(&self, at: Option<usize>) -> bool {
        at.and_then(|at| self.subject.chars.get(at)).is_some_and(|c| match self.flags.ascii {
            true => c.is_ascii_alphanumeric() || *c == '_',
            false => c.is_alphanumeric() || *c == '_',
        })
    }

    fn anchored(&self, anchor: Anchor, at: usize) -> bool {
        let chars = &self.subject.chars;
        let (before, after) = (self.is_word(at.checked_sub(1)), self.is_word(Some(at)));
        let newlines = self.flags.newline_anchors;
        match anchor {
            Anchor::TextStart => at == 0,
            Anchor::TextEnd => at == chars.len(),
            Anchor::LineStart => at == 0 || (newlines && chars[at - 1] == '\n'),
            Anchor::LineEnd => at == chars.len() || (newlines && chars[at] == '\n'),
            Anchor::WordStart => !before && after,
            Anchor::WordEnd => before && !after,
            Anchor::WordEdge => before != after,
            Anchor::NotWordEdge => before == after,
        }
    }

    fn work_out_ends(&mut self, node: &Node, start: usize) -> Vec<usize> {
        match node {
            Node::Group(_, inner) => self.ends_of(inner, start).to_vec(),
            Node::BackReference(_) => (start..=self.subject.len()).collect(),
            Node::Concat(parts) => {
                let mut places = vec![start];
                for part in parts {
                    places = self.step(part, &places);
                }
                places
            }
            Node::Alternate(parts) => {
                let mut all: Vec<usize> = parts.iter().flat_map(|p| self.ends_of(p, start).to_vec()).collect();
                all.sort_unstable();
                all.dedup();
                all
            }
            Node::Repeat { node, min, max, .. } => self.repeat_ends(node, *min, *max, start),
            Node::Look { node, ahead, negated } => {
                let found =
                    if *ahead { !self.ends_of(node, start).is_empty() } else { self.matches_behind(node, start) };
                if found != *negated { vec![start] } else { Vec::new() }
            }
            _ => Vec::new(),
        }
    }

    fn matches_behind(&mut self, node: &Node, at: usize) -> bool {
        (0..=at).rev().any(|from| self.ends_of(node, from).binary_search(&at).is_ok())
    }

    /// The ends of `node` from any of `places`, ascending.
    fn step(&mut self, node: &Node, places: &[usize]) -> Vec<usize> {
        let mut out = Vec::new();
        for &place in places {
            match self.simple_end(node, place) {
                Some(end) => out.extend(end),
                None => out.extend_from_slice(&self.ends_of(node, place)),
            }
        }
        out.sort_unstable();
        out.dedup();
        out
    }

    fn repeat_ends(&mut self, node: &Node, min: u32, max: Option<u32>, start: usize) -> Vec<usize> {
        let mut places = vec![start];
        for _ in 0..min {
            places = self.step(node, &places);
        }
        let mut seen: HashSet<usize> = places.iter().copied().collect();
        let mut count = min;
        let mut fresh = places.clone();
        while !fresh.is_empty() && max.is_none_or(|max| count < max) {
            fresh = self.step(node, &fresh);
            fresh.retain(|place| seen.insert(*place));
            places.extend_from_slice(&fresh);
            count += 1;
        }
        places.sort_unstable();
        places
    }

    /// Divides `start..end` among the parts of `node` and notes the groups; false if that cannot be done.
    fn divide(&mut self, node: &Node, start: usize, end: usize, captures: &mut Captures) -> bool {
        match node {
            Node::BackReference(number) => self.same_as_group(*number, start, end, captures),
            _ if !node.has_groups() => self.ends_of(node, start).binary_search(&end).is_ok(),
            Node::Group(number, inner) => {
                let done = self.divide(inner, start, end, captures);
                if done {
                    captures[*number] = Some((start, end));
                }
                done
            }
            Node::Concat(parts) => self.divide_concat(node, parts, 0, (start, end), captures),
            Node::Alternate(parts) => parts.iter().any(|part| {
                let before = captures.clone();
                let possible = self.ends_of(part, start).binary_search(&end).is_ok();
                let done = possible && self.divide(part, start, end, captures);
                if !done {
                    *captures = before;
                }
                done
            }),
            Node::Repeat { node: inner, min, max, .. } => {
                let repeat = Repeat { outer: node, inner, min: *min as usize, max: max.map(|m| m as usize) };
                self.divide_repeat(&repeat, 0, (start, end), captures)
            }
            _ => false,
        }
    }

    fn same_as_group(&self, number: usize, start: usize, end: usize, captures: &Captures) -> bool {
        let Some((from, to)) = captures[number] else { return false };
        let chars = &self.subject.chars;
        to - from == end - start && (0..end - start).all(|i| self.same_char(chars[from + i], chars[start + i]))
    }

    fn note_failure(&mut self, key: (*const Node, usize, usize, usize)) {
        // With back-references a failure may be due to what the groups hold.
        if !self.regexp.has_back_references {
            self.failed.insert(key);
        }
    }

    fn divide_concat(
        &mut self,
        node: &Node,
        parts: &[Node],
        index: usize,
        (start, end): (usize, usize),
        captures: &mut Captures,
    ) -> bool {
        if index + 1 == parts.len() {
            let possible = self.ends_of(&parts[index], start).binary_search(&end).is_ok();
            return possible && self.divide(&parts[index], start, end, captures);
        }
        let key = (std::ptr::from_ref(node), index, start, end);
        if self.failed.contains(&key) {
            return false;
        }
        let part = &parts[index];
        let ends = self.ends_of(part, start);
        for middle in ordered(&ends, part.preference() == Some(Preference::Shortest)).filter(|m| *m <= end) {
            let before = captures.clone();
            if self.divide(part, start, middle, captures)
                && self.divide_concat(node, parts, index + 1, (middle, end), captures)
            {
                return true;
            }
            *captures = before;
        }
        self.note_failure(key);
        false
    }

    fn divide_repeat(
        &mut self,
        repeat: &Repeat<'_>,
        count: usize,
        (start, end): (usize, usize),
        captures: &mut Captures,
    ) -> bool {
        let shortest = repeat.inner.preference() == Some(Preference::Shortest);
        if shortest && count == 0 && repeat.min == 0 && start == end {
            return true;
        }
        // Even `x*` tries one turn first, so that a group in it can hold the empty string.
        let least = repeat.min.max(1);
        if start == end && count >= least {
            return true;
        }
        if repeat.max.is_some_and(|max| count >= max) {
            return false;
        }
        let key = (std::ptr::from_ref(repeat.outer), count, start, end);
        if self.failed.contains(&key) {
            return false;
        }
        let ends = self.ends_of(repeat.inner, start);
        for middle in ordered(&ends, shortest).filter(|m| *m <= end) {
            // Before the end an empty turn helps only to reach the least count.
            let turns = count + 1;
            if middle == start && middle != end && (turns >= least || least - turns < end - middle) {
                continue;
            }
            let before = captures.clone();
            if self.divide(repeat.inner, start, middle, captures)
                && self.divide_repeat(repeat, count + 1, (middle, end), captures)
            {
                return true;
            }
            *captures = before;
        }
        if start == end && count >= repeat.min {
            return true;
        }
        self.note_failure(key);
        false
    }
}

struct Repeat<'n> {
    outer: &'n Node,
    inner: &'n Node,
    min: usize,
    max: Option<usize>,
}

/// Ends in order of preference.
fn ordered(ends: &Ends, shortest_first: bool) -> impl Iterator<Item = usize> + use<> {
    let ends = Rc::clone(ends);
    let count = ends.len();
    (0..count).map(move |i| ends[if shortest_first { i } else { count - 1 - i }])
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::string::case::CaseRules;

    fn find(pattern: &str, text: &str) -> Option<Vec<Option<String>>> {
        let regexp = Regexp::new(pattern, Flags::plain(CaseRules::Unicode)).unwrap();
        let subject = Subject::new(text);
        let captures = subject.find(&regexp, 0)?;
        assert!(regexp.is_match(text));
        Some(captures.into_iter().map(|c| c.map(|c| subject.slice(c).to_owned())).collect())
    }

    fn show(pattern: &str, text: &str) -> String {
        match find(pattern, text) {
            None => "no".to_owned(),
            Some(parts) => parts.into_iter().map(|p| p.unwrap_or("-".into())).collect::<Vec<_>>().join(","),
        }
    }

    /// Each line was asked of PostgreSQL 15 (`regexp_match` with a group around the whole pattern).
    #[test]
    fn matches_are_those_of_postgres() {
        for (pattern, text, expected) in [
            ("a|ab|abc", "xabcd", "abc"),
            ("(a|ab)(c|bcd)(d*)", "abcd", "abcd,ab,c,d"),
            ("(a+|b)*", "aab", "aab,b"),
            ("(.*?)(\\d+)", "abc123", "abc1,abc,1"),
            ("(.*)(\\d+)", "abc123", "abc123,abc12,3"),
            ("(?:foo|foobar)(bar)?", "foobar", "foobar,-"),
            ("(\\w)\\1", "hello", "ll,l"),
            ("^(?!foo).*$", "foobar", "no"),
            ("(?<=a)b", "cab", "b"),
            ("\\mfoo\\M", "a foo b", "foo"),
            ("[[:<:]]b", "ab b", "b"),
            ("(?:\\M)+", "ab", ""),
            ("(?:\\M)+b", "ab", "no"),
            ("(?:\\m)*a", "ab", "a"),
            ("(?:^)+a", "ab", "a"),
            ("(?:(?=a))+a", "ab", "a"),
            ("(?:\\M){3}$", "ab", ""),
            ("(?:^){0}b", "ab", "b"),
            ("b(?:a){0}", "ab", "b"),
            ("x{2,3}", "xxxx", "xxx"),
            ("x{2,3}?", "xxxx", "xx"),
            ("***=a.b", "xa.b", "a.b"),
            ("(?i)ABC", "xabc", "abc"),
            ("(a*)*", "b", ","),
            ("(a*)+", "b", ","),
            ("foo(b.*?)?r", "foobazzr", "foobazzr,bazz"),
            ("^(relname)$", "relname", "relname,relname"),
            ("\\Afoo\\Z", "foo\n", "no"),
            ("[^[:space:]]+", "  ab ", "ab"),
            ("a\\.b", "a.b", "a.b"),
            ("\\u00e9", "\u{e9}", "\u{e9}"),
        ] {
            assert_eq!(show(pattern, text), expected, "{pattern} on {text}");
        }
    }

    #[test]
    fn bad_patterns() {
        for (pattern, message) in [
            ("(", "parentheses () not balanced"),
            (")", "parentheses () not balanced"),
            ("[a", "brackets [] not balanced"),
            ("a**", "quantifier operand invalid"),
            ("*a", "quantifier operand invalid"),
            ("\\M+", "quantifier operand invalid"),
            ("(?=a)*a", "quantifier operand invalid"),
            ("(?:\\m*)a", "quantifier operand invalid"),
            ("a{2,1}", "invalid repetition count(s)"),
            ("[z-a]", "invalid character range"),
            ("\\1", "invalid backreference number"),
            ("[[:foo:]]", "invalid character class"),
            ("\\q", "invalid escape \\ sequence"),
        ] {
            let error = Regexp::new(pattern, Flags::plain(CaseRules::Unicode)).err().expect(pattern);
            assert_eq!(error.message(), format!("invalid regular expression: {message}"), "{pattern}");
            assert_eq!(error.code().as_str(), "2201B");
        }
    }
}
