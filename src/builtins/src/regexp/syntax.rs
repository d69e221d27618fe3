//! The pattern as a tree.

use super::Flags;
use crate::string::case::{CaseRules, lower_char, upper_char};

/// Most repetitions that a bound may ask for.
const REPEAT_MAX: u32 = 255;

/// Which of several possible matches a part of a pattern takes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Preference {
    Longest,
    Shortest,
}

/// A named set of characters.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Named {
    Alnum,
    Alpha,
    Blank,
    Cntrl,
    Digit,
    Graph,
    Lower,
    Print,
    Punct,
    Space,
    Upper,
    Xdigit,
    Word,
}

impl Named {
    fn from_name(name: &str) -> Option<Named> {
        Some(match name {
            "alnum" => Named::Alnum,
            "alpha" => Named::Alpha,
            "blank" => Named::Blank,
            "cntrl" => Named::Cntrl,
            "digit" => Named::Digit,
            "graph" => Named::Graph,
            "lower" => Named::Lower,
            "print" => Named::Print,
            "punct" => Named::Punct,
            "space" => Named::Space,
            "upper" => Named::Upper,
            "xdigit" => Named::Xdigit,
            "word" => Named::Word,
            _ => return None,
        })
    }

    fn contains(self, c: char, ascii: bool) -> bool {
        if c.is_ascii() {
            return self.contains_ascii(c);
        }
        !ascii
            && match self {
                Named::Alnum | Named::Word => c.is_alphanumeric(),
                Named::Alpha => c.is_alphabetic(),
                Named::Blank => c.is_whitespace() && c != '\u{85}' && c != '\u{2028}' && c != '\u{2029}',
                Named::Cntrl => c.is_control(),
                Named::Digit | Named::Xdigit => false,
                Named::Graph => !c.is_whitespace() && !c.is_control(),
                Named::Lower => c.is_lowercase(),
                Named::Print => !c.is_control(),
                Named::Punct => !c.is_alphanumeric() && !c.is_whitespace() && !c.is_control(),
                Named::Space => c.is_whitespace(),
                Named::Upper => c.is_uppercase(),
            }
    }

    fn contains_ascii(self, c: char) -> bool {
        match self {
            Named::Alnum => c.is_ascii_alphanumeric(),
            Named::Alpha => c.is_ascii_alphabetic(),
            Named::Blank => matches!(c, ' ' | '\t'),
            Named::Cntrl => c.is_ascii_control(),
            Named::Digit => c.is_ascii_digit(),
            Named::Graph => c.is_ascii_graphic(),
            Named::Lower => c.is_ascii_lowercase(),
            Named::Print => c.is_ascii_graphic() || c == ' ',
            Named::Punct => c.is_ascii_punctuation(),
            Named::Space => c.is_ascii_whitespace() || c == '\x0b',
            Named::Upper => c.is_ascii_uppercase(),
            Named::Xdigit => c.is_ascii_hexdigit(),
            Named::Word => c.is_ascii_alphanumeric() || c == '_',
        }
    }
}

/// A set of characters.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct Set {
    pub(super) negated: bool,
    pub(super) ranges: Vec<(char, char)>,
    /// Named sets, each with whether it is taken negated.
    pub(super) named: Vec<(Named, bool)>,
    /// A negated set leaves out the newline as well.
    pub(super) not_newline: bool,
}

impl Set {
    pub(super) fn contains(&self, c: char, flags: Flags) -> bool {
        if self.not_newline && c == '\n' {
            return false;
        }
        let mut found = self.contains_exactly(c, flags);
        if !found && flags.ignore_case {
            let rules = if flags.ascii { CaseRules::Ascii } else { CaseRules::Unicode };
            found = self.contains_exactly(lower_char(c, rules), flags)
                || self.contains_exactly(upper_char(c, rules), flags);
        }
        found != self.negated
    }

    fn contains_exactly(&self, c: char, flags: Flags) -> bool {
        self.ranges.iter().any(|(low, high)| (*low..=*high).contains(&c))
            || self.named.iter().any(|(named, negated)| named.contains(c, flags.ascii) != *negated)
    }
}

/// A constraint: matches the empty string at some places.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Anchor {
    LineStart,
    LineEnd,
    TextStart,
    TextEnd,
    WordStart,
    WordEnd,
    WordEdge,
    NotWordEdge,
}

/// A part of a pattern.
#[derive(Clone, PartialEq, Debug)]
pub(super) enum Node {
    Empty,
    Char(char),
    /// Any character, but a newline if so flagged.
    Any,
    Set(Set),
    Anchor(Anchor),
    /// A capturing group and its number, from 1.
    Group(usize, Box<Node>),
    BackReference(usize),
    Concat(Vec<Node>),
    Alternate(Vec<Node>),
    Repeat {
        node: Box<Node>,
        min: u32,
        max: Option<u32>,
        preference: Option<Preference>,
    },
    /// Look-around: ahead or behind, negated or not.
    Look {
        node: Box<Node>,
        ahead: bool,
        negated: bool,
    },
}

impl Node {
    /// Whether the part prefers the longest or the shortest match; `None` if it has no choice.
    pub(super) fn preference(&self) -> Option<Preference> {
        match self {
            Node::Repeat { node, preference, .. } => preference.or_else(|| node.preference()),
            Node::Group(_, node) => node.preference(),
            Node::Concat(parts) => parts.iter().find_map(Node::preference),
            Node::Alternate(_) => Some(Preference::Longest),
            _ => None,
        }
    }

    /// True if parts of it prefer differently.
    fn is_mixed(&self) -> bool {
        match self {
            Node::Concat(parts) => {
                let preferences: Vec<Preference> = parts.iter().filter_map(Node::preference).collect();
                preferences.windows(2).any(|w| w[0] != w[1]) || parts.iter().any(Node::is_mixed)
            }
            Node::Alternate(parts) => parts.iter().any(Node::is_mixed),
            Node::Group(_, node) => node.is_mixed(),
            Node::Repeat { node, preference, .. } => {
                let inner = node.preference();
                node.is_mixed() || (preference.is_some() && inner.is_some() && *preference != inner)
            }
            _ => false,
        }
    }

    fn has_back_references(&self) -> bool {
        match self {
            Node::BackReference(_) => true,
            Node::Repeat { node, .. } | Node::Group(_, node) => node.has_back_references(),
            Node::Concat(parts) | Node::Alternate(parts) => parts.iter().any(Node::has_back_references),
            _ => false,
        }
    }

    /// True if a group is inside.
    pub(super) fn has_groups(&self) -> bool {
        match self {
            Node::Group(..) | Node::BackReference(_) => true,
            Node::Repeat { node, .. } => node.has_groups(),
            Node::Concat(parts) | Node::Alternate(parts) => parts.iter().any(Node::has_groups),
            _ => false,
        }
    }
}

pub(super) struct Parsed {
    pub(super) root: Node,
    pub(super) groups: usize,
    pub(super) flags: Flags,
    pub(super) has_back_references: bool,
}

type Fault = &'static str;

const BAD_PAREN: Fault = "parentheses () not balanced";
const BAD_BRACKET: Fault = "brackets [] not balanced";
const BAD_BRACE: Fault = "braces {} not balanced";
const BAD_COUNT: Fault = "invalid repetition count(s)";
const BAD_REPEAT: Fault = "quantifier operand invalid";
const BAD_CLASS: Fault = "invalid character class";
const BAD_COLLATE: Fault = "invalid collating element";
const BAD_ESCAPE: Fault = "invalid escape \\ sequence";
const BAD_REFERENCE: Fault = "invalid backreference number";
const BAD_RANGE: Fault = "invalid character range";
const BAD_OPTION: Fault = "invalid embedded option";
const TOO_COMPLEX: Fault = "regular expression is too complex";

/// Deepest nesting of parentheses.
const DEPTH_MAX: u32 = 500;

pub(super) fn parse(pattern: &str, mut flags: Flags) -> Result<Parsed, Fault> {
    let mut rest = pattern;
    if let Some(director) = rest.strip_prefix("***") {
        match director.chars().next() {
            Some('=') => flags.literal = true,
            Some(':') => flags.posix = false,
            _ => return Err(BAD_REPEAT),
        }
        rest = &director[1..];
    }
    if flags.literal {
        let root = Node::Concat(rest.chars().map(Node::Char).collect());
        return Ok(Parsed { root, groups: 0, flags, has_back_references: false });
    }
    rest = embedded_options(rest, &mut flags)?;
    if flags.literal {
        let root = Node::Concat(rest.chars().map(Node::Char).collect());
        return Ok(Parsed { root, groups: 0, flags, has_back_references: false });
    }
    let chars: Vec<char> = rest.chars().collect();
    let mut parser = Parser { chars: &chars, at: 0, flags, groups: 0, closed: Vec::new(), references: false, depth: 0 };
    let root = parser.alternation()?;
    if parser.at < chars.len() {
        return Err(BAD_PAREN);
    }
    Ok(Parsed { root, groups: parser.groups, flags, has_back_references: parser.references })
}

/// Takes `(?letters)` off the start.
fn embedded_options<'a>(pattern: &'a str, flags: &mut Flags) -> Result<&'a str, Fault> {
    let Some(body) = pattern.strip_prefix("(?").filter(|_| !flags.posix) else { return Ok(pattern) };
    if !body.starts_with(|c: char| c.is_ascii_alphabetic()) {
        return Ok(pattern);
    }
    let (letters, rest) = body.split_once(')').ok_or(BAD_OPTION)?;
    for letter in letters.chars() {
        if !flags.apply(letter).unwrap_or(false) {
            return Err(BAD_OPTION);
        }
    }
    Ok(rest)
}

struct Parser<'a> {
    chars: &'a [char],
    at: usize,
    flags: Flags,
    groups: usize,
    /// Numbers of the groups that are closed: what a back-reference may name.
    closed: Vec<usize>,
    references: bool,
    depth: u32,
}

impl Parser<'_> {
    fn peek(&self) -> Option<char> {
        self.chars.get(self.at).copied()
    }

    fn peek_at(&self, ahead: usize) -> Option<char> {
        self.chars.get(self.at + ahead).copied()
    }

    fn accept(&mut self, c: char) -> bool {
        let found = self.peek() == Some(c);
        self.at += usize::from(found);
        found
    }

    fn looking_at(&self, text: &str) -> bool {
        text.chars().enumerate().all(|(i, c)| self.peek_at(i) == Some(c))
    }

    /// Skips what means nothing: comments, and white space in expanded syntax.
    fn skip(&mut self) -> Result<(), Fault> {
        loop {
            if self.looking_at("(?#") && !self.flags.posix {
                while self.peek().is_some_and(|c| c != ')') {
                    self.at += 1;
                }
                if !self.accept(')') {
                    return Err(BAD_PAREN);
                }
            } else if self.flags.expanded && self.peek().is_some_and(char::is_whitespace) {
                self.at += 1;
            } else if self.flags.expanded && self.peek() == Some('#') {
                while self.peek().is_some_and(|c| c != '\n') {
                    self.at += 1;
                }
            } else {
                return Ok(());
            }
        }
    }

    fn alternation(&mut self) -> Result<Node, Fault> {
        self.depth += 1;
        if self.depth > DEPTH_MAX {
            return Err(TOO_COMPLEX);
        }
        let mut branches = vec![self.branch()?];
        while self.accept('|') {
            branches.push(self.branch()?);
        }
        self.depth -= 1;
        Ok(if branches.len() == 1 { branches.remove(0) } else { Node::Alternate(branches) })
    }

    fn branch(&mut self) -> Result<Node, Fault> {
        let mut parts = Vec::new();
        loop {
            self.skip()?;
            match self.peek() {
                None | Some('|') => break,
                Some(')') if self.depth > 1 || !self.flags.posix => break,
                Some(_) => {
                    let is_wrapped = self.looking_at("(?:");
                    let atom = self.atom()?;
                    // What matches no character cannot be repeated, unless it stands in parentheses.
                    let is_constraint = matches!(atom, Node::Anchor(_) | Node::Look { .. }) && !is_wrapped;
                    if is_constraint && self.is_quantified()? {
                        return Err(BAD_REPEAT);
                    }
                    parts.push(self.quantified(atom)?);
                }
            }
        }
        Ok(concat(joined_runs(parts)))
    }

    /// True if a quantifier comes next. Errors: its own.
    fn is_quantified(&mut self) -> Result<bool, Fault> {
        self.skip()?;
        let at = self.at;
        let bound = self.bound()?;
        self.at = at;
        Ok(bound.is_some())
    }

    fn quantified(&mut self, atom: Node) -> Result<Node, Fault> {
        self.skip()?;
        let Some((min, max, has_choice)) = self.bound()? else { return Ok(atom) };
        let lazy = !self.flags.posix && self.accept('?');
        // A fixed count has no choice of its own; `{m,m}` counts as a range.
        let preference = match (has_choice, lazy) {
            (false, _) => None,
            (true, true) => Some(Preference::Shortest),
            (true, false) => Some(Preference::Longest),
        };
        self.skip()?;
        if self.starts_bound() {
            return Err(BAD_REPEAT);
        }
        Ok(repeated(atom, min, max, preference))
    }

    fn starts_bound(&self) -> bool {
        match self.peek() {
            Some('*' | '+' | '?') => true,
            Some('{') => self.peek_at(1).is_some_and(|c| c.is_ascii_digit()),
            _ => false,
        }
    }

    /// How often what stands before may be repeated, and whether that leaves a choice.
    fn bound(&mut self) -> Result<Option<(u32, Option<u32>, bool)>, Fault> {
        if !self.starts_bound() {
            return Ok(None);
        }
        let symbol = self.peek();
        self.at += 1;
        Ok(Some(match symbol {
            Some('*') => (0, None, true),
            Some('+') => (1, None, true),
            Some('?') => (0, Some(1), true),
            _ => self.braces()?,
        }))
    }

    fn braces(&mut self) -> Result<(u32, Option<u32>, bool), Fault> {
        let min = self.number()?;
        let is_range = self.accept(',');
        let max = match is_range {
            true if self.peek().is_some_and(|c| c.is_ascii_digit()) => Some(self.number()?),
            true => None,
            false => Some(min),
        };
        if !self.accept('}') {
            return Err(if self.peek().is_none() { BAD_BRACE } else { BAD_COUNT });
        }
        if max.is_some_and(|max| max < min) {
            return Err(BAD_COUNT);
        }
        Ok((min, max, is_range))
    }

    fn number(&mut self) -> Result<u32, Fault> {
        let mut value = 0;
        while let Some(digit) = self.peek().and_then(|c| c.to_digit(10)) {
            value = value * 10 + digit;
            if value > REPEAT_MAX {
                return Err(BAD_COUNT);
            }
            self.at += 1;
        }
        Ok(value)
    }

    fn atom(&mut self) -> Result<Node, Fault> {
        let c = self.peek().expect("the branch looked");
        self.at += 1;
        match c {
            '(' => self.parenthesis(),
            '[' => self.bracket(),
            '.' => Ok(Node::Any),
            '^' => Ok(Node::Anchor(Anchor::LineStart)),
            '$' => Ok(Node::Anchor(Anchor::LineEnd)),
            '\\' => self.escape(),
            '*' | '+' | '?' => Err(BAD_REPEAT),
            '{' if self.peek().is_some_and(|c| c.is_ascii_digit()) => Err(BAD_REPEAT),
            other => Ok(Node::Char(other)),
        }
    }

    fn parenthesis(&mut self) -> Result<Node, Fault> {
        if !self.flags.posix && self.accept('?') {
            return self.special_parenthesis();
        }
        self.groups += 1;
        let number = self.groups;
        let node = self.alternation()?;
        if !self.accept(')') {
            return Err(BAD_PAREN);
        }
        self.closed.push(number);
        Ok(Node::Group(number, Box::new(node)))
    }

    fn special_parenthesis(&mut self) -> Result<Node, Fault> {
        let look = match (self.peek(), self.peek_at(1)) {
            (Some(':'), _) => None,
            (Some('='), _) => Some((true, false)),
            (Some('!'), _) => Some((true, true)),
            (Some('<'), Some('=')) => Some((false, false)),
            (Some('<'), Some('!')) => Some((false, true)),
            _ => return Err(BAD_REPEAT),
        };
        self.at += if matches!(look, Some((false, _))) { 2 } else { 1 };
        let (groups, closed) = (self.groups, self.closed.len());
        let node = self.alternation()?;
        if !self.accept(')') {
            return Err(BAD_PAREN);
        }
        let Some((ahead, negated)) = look else { return Ok(node) };
        // Parentheses in a look-around do not capture.
        self.groups = groups;
        self.closed.truncate(closed);
        Ok(Node::Look { node: Box::new(without_groups(node)), ahead, negated })
    }

    fn escape(&mut self) -> Result<Node, Fault> {
        let Some(c) = self.peek() else { return Err(BAD_ESCAPE) };
        if self.flags.posix || !c.is_ascii_alphanumeric() {
            self.at += 1;
            return Ok(Node::Char(c));
        }
        if let Some(node) = self.reference()? {
            return Ok(node);
        }
        self.at += 1;
        Ok(match c {
            'A' => Node::Anchor(Anchor::TextStart),
            'Z' => Node::Anchor(Anchor::TextEnd),
            'm' => Node::Anchor(Anchor::WordStart),
            'M' => Node::Anchor(Anchor::WordEnd),
            'y' => Node::Anchor(Anchor::WordEdge),
            'Y' => Node::Anchor(Anchor::NotWordEdge),
            _ => match shorthand(c) {
                Some((named, negated)) => {
                    let not_newline = negated && self.flags.newline_stops;
                    Node::Set(Set { negated, named: vec![(named, false)], not_newline, ranges: Vec::new() })
                }
                None => {
                    self.at -= 1;
                    Node::Char(self.character_escape()?)
                }
            },
        })
    }

    /// A back-reference: one digit, or more if that many groups are closed.
    fn reference(&mut self) -> Result<Option<Node>, Fault> {
        let digits: Vec<u32> = (0..3).map_while(|i| self.peek_at(i).and_then(|c| c.to_digit(10))).collect();
        let Some(&first) = digits.first().filter(|d| **d != 0) else { return Ok(None) };
        let mut number = first as usize;
        let mut taken = 1;
        for digit in &digits[1..] {
            if number * 10 + *digit as usize > self.groups {
                break;
            }
            number = number * 10 + *digit as usize;
            taken += 1;
        }
        // Two or three digits that are no group are an octal code.
        if taken == 1 && digits.len() > 1 && number > self.groups {
            return Ok(None);
        }
        if !self.closed.contains(&number) {
            return Err(BAD_REFERENCE);
        }
        self.at += taken;
        self.references = true;
        Ok(Some(Node::BackReference(number)))
    }

    fn character_escape(&mut self) -> Result<char, Fault> {
        let c = self.peek().ok_or(BAD_ESCAPE)?;
        self.at += 1;
        Ok(match c {
            'a' => '\x07',
            'b' => '\x08',
            'B' => '\\',
            'c' => {
                let letter = self.peek().ok_or(BAD_ESCAPE)?;
                self.at += 1;
                char::from((letter as u32 & 0x1f) as u8)
            }
            'e' => '\x1b',
            'f' => '\x0c',
            'n' => '\n',
            'r' => '\r',
            't' => '\t',
            'v' => '\x0b',
            'u' => self.coded(16, 4, 4)?,
            'U' => self.coded(16, 8, 8)?,
            'x' => self.coded(16, 1, 255)?,
            '0'..='7' => {
                self.at -= 1;
                self.coded(8, 1, 3)?
            }
            other if other.is_ascii_alphanumeric() => return Err(BAD_ESCAPE),
            other => other,
        })
    }

    fn coded(&mut self, radix: u32, least: usize, most: usize) -> Result<char, Fault> {
        let (mut code, mut count) = (0u32, 0);
        while count < most
            && let Some(digit) = self.peek().and_then(|c| c.to_digit(radix))
        {
            code = code.wrapping_mul(radix).wrapping_add(digit);
            self.at += 1;
            count += 1;
        }
        if count < least { Err(BAD_ESCAPE) } else { char::from_u32(code).ok_or(BAD_ESCAPE) }
    }

    fn bracket(&mut self) -> Result<Node, Fault> {
        for (text, anchor) in [("[:<:]]", Anchor::WordStart), ("[:>:]]", Anchor::WordEnd)] {
            if self.looking_at(text) {
                self.at += text.len();
                return Ok(Node::Anchor(anchor));
            }
        }
        let mut set = Set { negated: self.accept('^'), ..Set::default() };
        set.not_newline = set.negated && self.flags.newline_stops;
        let mut first = true;
        while first || self.peek() != Some(']') {
            first = false;
            self.bracket_item(&mut set)?;
        }
        self.at += 1;
        Ok(Node::Set(set))
    }

    fn bracket_item(&mut self, set: &mut Set) -> Result<(), Fault> {
        if self.looking_at("[:") {
            let name = self.delimited(":]")?;
            set.named.push((Named::from_name(&name).ok_or(BAD_CLASS)?, false));
            return Ok(());
        }
        if self.peek() == Some('\\')
            && !self.flags.posix
            && let Some((named, negated)) = self.peek_at(1).and_then(shorthand)
        {
            self.at += 2;
            set.named.push((named, negated));
            return Ok(());
        }
        let low = self.bracket_char()?;
        let is_range = self.peek() == Some('-') && self.peek_at(1).is_some_and(|c| c != ']');
        let high = if is_range {
            self.at += 1;
            self.bracket_char()?
        } else {
            low
        };
        if high < low {
            return Err(BAD_RANGE);
        }
        set.ranges.push((low, high));
        Ok(())
    }

    fn bracket_char(&mut self) -> Result<char, Fault> {
        for (open, close) in [("[.", ".]"), ("[=", "=]")] {
            if self.looking_at(open) {
                let name = self.delimited(close)?;
                let mut chars = name.chars();
                return match (chars.next(), chars.next()) {
                    (Some(c), None) => Ok(c),
                    _ => Err(BAD_COLLATE),
                };
            }
        }
        let c = self.peek().ok_or(BAD_BRACKET)?;
        self.at += 1;
        if c == '\\' && !self.flags.posix {
            return self.character_escape();
        }
        Ok(c)
    }

    /// The text up to `close`, past the two characters that open it.
    fn delimited(&mut self, close: &str) -> Result<String, Fault> {
        self.at += 2;
        let start = self.at;
        while !self.looking_at(close) {
            if self.peek().is_none() {
                return Err(BAD_BRACKET);
            }
            self.at += 1;
        }
        let name = self.chars[start..self.at].iter().collect();
        self.at += 2;
        Ok(name)
    }
}

fn concat(mut parts: Vec<Node>) -> Node {
    match parts.len() {
        0 => Node::Empty,
        1 => parts.remove(0),
        _ => Node::Concat(parts),
    }
}

/// Parts in a row without groups and with one preference match as one part: the longest or shortest of the whole run.
fn joined_runs(parts: Vec<Node>) -> Vec<Node> {
    let (mut out, mut run, mut run_preference) = (Vec::new(), Vec::new(), None);
    for part in parts {
        let preference = part.preference();
        let conflicts = run_preference.is_some() && preference.is_some() && run_preference != preference;
        if part.has_groups() || part.is_mixed() || conflicts {
            if !run.is_empty() {
                out.push(concat(std::mem::take(&mut run)));
            }
            run_preference = None;
            out.push(part);
        } else {
            run_preference = run_preference.or(preference);
            run.push(part);
        }
    }
    if !run.is_empty() {
        out.push(concat(run));
    }
    out
}

/// A repeated part. Groups hold what the last turn matched, so `x{m,n}` is `x{m-1,n-1}x` with groups in the last x only;
/// only where there may be no turn, or where back-references look at each turn, must the turns be told apart.
fn repeated(atom: Node, min: u32, max: Option<u32>, preference: Option<Preference>) -> Node {
    if max == Some(0) {
        return Node::Empty;
    }
    if (min, max) == (1, Some(1)) {
        // Once is once; what is left is the preference, where it overrules the atom's.
        return match preference {
            Some(_) if atom.preference().is_some() && atom.preference() != preference => {
                Node::Repeat { node: Box::new(atom), min, max, preference }
            }
            _ => atom,
        };
    }
    if min == 0 || !atom.has_groups() || atom.has_back_references() {
        return Node::Repeat { node: Box::new(atom), min, max, preference };
    }
    let turns = Node::Repeat {
        node: Box::new(without_groups(atom.clone())),
        min: min - 1,
        max: max.map(|m| m - 1),
        preference: preference.or_else(|| atom.preference()),
    };
    Node::Concat(vec![turns, atom])
}

fn shorthand(c: char) -> Option<(Named, bool)> {
    Some(match c {
        'd' => (Named::Digit, false),
        's' => (Named::Space, false),
        'w' => (Named::Word, false),
        'D' => (Named::Digit, true),
        'S' => (Named::Space, true),
        'W' => (Named::Word, true),
        _ => return None,
    })
}

fn without_groups(node: Node) -> Node {
    match node {
        Node::Group(_, node) => without_groups(*node),
        Node::Concat(parts) => Node::Concat(parts.into_iter().map(without_groups).collect()),
        Node::Alternate(parts) => Node::Alternate(parts.into_iter().map(without_groups).collect()),
        Node::Repeat { node, min, max, preference } => {
            Node::Repeat { node: Box::new(without_groups(*node)), min, max, preference }
        }
        other => other,
    }
}
