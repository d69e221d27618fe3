//! Reading a spec.
//!
//! ```text
//! setup { SQL } ...  teardown { SQL }
//! session NAME  setup { SQL }  step NAME { SQL } ...  teardown { SQL }   ...
//! permutation STEP STEP(*) STEP(OTHER) STEP(OTHER notices 2) ...
//! ```

/// A whole spec.
#[derive(Debug, Default, PartialEq)]
pub struct Spec {
    /// Run before each permutation, in a session of its own.
    pub setup: Vec<String>,
    /// Run after each.
    pub teardown: Option<String>,
    /// The sessions.
    pub sessions: Vec<Session>,
    /// The orders to try; all interleavings if empty.
    pub permutations: Vec<Vec<PermutationStep>>,
}

/// A session of a spec.
#[derive(Debug, Default, PartialEq)]
pub struct Session {
    /// Its name.
    pub name: String,
    /// Run before each permutation.
    pub setup: Option<String>,
    /// Its steps: name and SQL.
    pub steps: Vec<(String, String)>,
    /// Run after each permutation.
    pub teardown: Option<String>,
}

/// A step's place in a permutation.
#[derive(Clone, Debug, PartialEq)]
pub struct PermutationStep {
    /// The step's name.
    pub name: String,
    /// What must happen before it counts as complete.
    pub blockers: Vec<Blocker>,
}

/// A condition in parentheses behind a step.
#[derive(Clone, Debug, PartialEq)]
pub enum Blocker {
    /// `*`: print it as waiting once, whether it waits or not.
    Once,
    /// The other step is complete.
    Step(String),
    /// The other step's session has sent that many notices since.
    Notices(String, usize),
}

#[derive(Clone, Debug, PartialEq)]
enum Token {
    Word(String),
    Block(String),
    Symbol(char),
}

/// Reads a spec; an error is a line for the reader.
pub fn parse(text: &str) -> Result<Spec, String> {
    let mut parser = Parser { tokens: tokens(text)?, next: 0 };
    let mut spec = Spec::default();
    while parser.takes("setup") {
        spec.setup.push(parser.block()?);
    }
    spec.teardown = parser.optional("teardown")?;
    while parser.takes("session") {
        spec.sessions.push(parser.session()?);
    }
    while parser.takes("permutation") {
        spec.permutations.push(parser.permutation()?);
    }
    match parser.peek() {
        None if !spec.sessions.is_empty() => Ok(spec),
        other => Err(format!("syntax error at {other:?}")),
    }
}

fn tokens(text: &str) -> Result<Vec<Token>, String> {
    let mut tokens = Vec::new();
    let mut rest = text.trim_start();
    while let Some(first) = rest.chars().next() {
        let length = match first {
            '#' => rest.find('\n').unwrap_or(rest.len()),
            '{' => {
                let end = rest.find('}').ok_or("unterminated sql block")?;
                tokens.push(Token::Block(rest[1..end].trim_matches([' ', '\t']).to_owned()));
                end + 1
            }
            '"' => {
                let end = 1 + rest[1..].find('"').ok_or("unterminated quoted identifier")?;
                tokens.push(Token::Word(rest[1..end].to_owned()));
                end + 1
            }
            '(' | ')' | ',' | '*' => {
                tokens.push(Token::Symbol(first));
                1
            }
            _ => {
                let end = rest.find(|c: char| !(c.is_alphanumeric() || "_$-".contains(c))).unwrap_or(rest.len());
                if end == 0 {
                    return Err(format!("syntax error at \"{first}\""));
                }
                tokens.push(Token::Word(rest[..end].to_owned()));
                end
            }
        };
        rest = rest[length..].trim_start();
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    next: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.next)
    }

    fn takes(&mut self, keyword: &str) -> bool {
        let found = matches!(self.peek(), Some(Token::Word(word)) if word == keyword);
        self.next += usize::from(found);
        found
    }

    fn takes_symbol(&mut self, symbol: char) -> bool {
        let found = self.peek() == Some(&Token::Symbol(symbol));
        self.next += usize::from(found);
        found
    }

    fn word(&mut self) -> Result<String, String> {
        match self.peek().cloned() {
            Some(Token::Word(word)) => {
                self.next += 1;
                Ok(word)
            }
            other => Err(format!("expected a name, found {other:?}")),
        }
    }

    fn block(&mut self) -> Result<String, String> {
        match self.peek().cloned() {
            Some(Token::Block(sql)) => {
                self.next += 1;
                Ok(sql)
            }
            other => Err(format!("expected an SQL block, found {other:?}")),
        }
    }

    fn optional(&mut self, keyword: &str) -> Result<Option<String>, String> {
        if self.takes(keyword) { self.block().map(Some) } else { Ok(None) }
    }

    fn session(&mut self) -> Result<Session, String> {
        let mut session = Session { name: self.word()?, setup: self.optional("setup")?, ..Session::default() };
        while self.takes("step") {
            session.steps.push((self.word()?, self.block()?));
        }
        session.teardown = self.optional("teardown")?;
        Ok(session)
    }

    fn permutation(&mut self) -> Result<Vec<PermutationStep>, String> {
        let mut steps = Vec::new();
        while let Some(Token::Word(word)) = self.peek() {
            if word == "permutation" {
                break;
            }
            let name = self.word()?;
            let blockers = if self.takes_symbol('(') { self.blockers()? } else { Vec::new() };
            steps.push(PermutationStep { name, blockers });
        }
        Ok(steps)
    }

    fn blockers(&mut self) -> Result<Vec<Blocker>, String> {
        let mut blockers = Vec::new();
        loop {
            blockers.push(self.blocker()?);
            if self.takes_symbol(')') {
                return Ok(blockers);
            }
            if !self.takes_symbol(',') {
                return Err(format!("expected a comma, found {:?}", self.peek()));
            }
        }
    }

    fn blocker(&mut self) -> Result<Blocker, String> {
        if self.takes_symbol('*') {
            return Ok(Blocker::Once);
        }
        let step = self.word()?;
        if !self.takes("notices") {
            return Ok(Blocker::Step(step));
        }
        let count = self.word()?.parse().map_err(|_| "expected a number of notices".to_owned())?;
        Ok(Blocker::Notices(step, count))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_all_parts() {
        let spec = parse(
            "# why\nsetup { A; }\nteardown { B; }\nsession s1\nsetup { C; }\nstep a { X; }\nstep \"b c\" { Y; }\nteardown { D; }\n\
             session s2\nstep d { Z; }\npermutation a d(a) \"b c\"\npermutation d(*, a notices 2)\n",
        )
        .unwrap();
        assert_eq!((spec.setup.as_slice(), spec.teardown.as_deref()), (&["A;".to_owned()][..], Some("B;")));
        assert_eq!(spec.sessions[0].steps[1], ("b c".to_owned(), "Y;".to_owned()));
        assert_eq!(spec.permutations[0][1].blockers, [Blocker::Step("a".to_owned())]);
        assert_eq!(spec.permutations[1][0].blockers, [Blocker::Once, Blocker::Notices("a".to_owned(), 2)]);
    }

    #[test]
    fn refuses_what_is_incomplete() {
        assert!(parse("session s1 step a").is_err());
        assert!(parse("setup { A").is_err());
        assert!(parse("").is_err());
    }
}
