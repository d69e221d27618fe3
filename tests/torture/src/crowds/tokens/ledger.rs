//! What one session was asked, and what it may answer.
//!
//! A [`Ledger`] holds the units that were sent and not answered yet: a unit ends with ReadyForQuery, and consists of items, each of which was asked for rows that
//! carry its token. Answers come in this order or not at all: after an error the rest of the unit is left out.
//!
//! Errors need a reason. 57014 needs a cancel request for this session that was not over when the unit was sent, and each request is a reason once. 57P01
//! needs a request to terminate. Time is a counter of the game's events, all of which one thread sees.

use std::collections::VecDeque;
use testkit::crowd::Message;
use testkit::transcript::{read_error, read_row};

/// Asked for so many rows, each a token and a filler made from it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Item {
    /// No other item of the game has it.
    pub token: i64,
    /// The filler's length.
    pub length: usize,
    /// Rows that are still to come; a command has none.
    pub rows: u64,
}

impl Item {
    /// The letter that the filler is made of.
    pub fn letter(&self) -> char {
        char::from(b'a' + (self.token % 26) as u8)
    }

    fn check(&mut self, body: &[u8]) -> Result<(), String> {
        let row = read_row(body);
        let [Some(token), Some(filler)] = &row[..] else { return Err(format!("a row of another form: {row:?}")) };
        if *token != self.token.to_string() {
            return Err(format!("token {} was asked for and {token} came", self.token));
        }
        if filler.len() != self.length || filler.chars().any(|letter| letter != self.letter()) {
            return Err(format!("token {token} came with the filler of another: {} letters", filler.len()));
        }
        self.rows = self.rows.checked_sub(1).ok_or_else(|| format!("token {token} came once too often"))?;
        Ok(())
    }
}

/// What is answered together.
#[derive(Debug)]
struct Unit {
    sent: u64,
    items: VecDeque<Item>,
    has_failed: bool,
}

/// A request to cancel what runs in this session.
#[derive(Debug, Default)]
struct Cancel {
    /// When the server had closed its connection.
    closed: Option<u64>,
}

/// What a message came to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Heard {
    /// Nothing to count.
    Part,
    /// An item was answered.
    Answer,
    /// A cancel request hit.
    Cancelled,
    /// A unit is at its end.
    Ready,
    /// The session is at its end, as was asked for.
    Ended,
}

/// What one session was asked.
#[derive(Debug, Default)]
pub struct Ledger {
    units: VecDeque<Unit>,
    cancels: Vec<Cancel>,
    /// When the statements were sent that were cancelled.
    hits: Vec<u64>,
    is_doomed: bool,
    is_in_transaction: bool,
}

impl Ledger {
    /// A unit is sent.
    pub fn expect(&mut self, sent: u64, items: impl IntoIterator<Item = Item>) {
        self.units.push_back(Unit { sent, items: items.into_iter().collect(), has_failed: false });
    }

    /// A cancel request is sent; its number.
    pub fn cancel(&mut self) -> usize {
        self.cancels.push(Cancel::default());
        self.cancels.len() - 1
    }

    /// The server has closed the connection of a cancel request.
    pub fn cancel_is_over(&mut self, number: usize, now: u64) {
        self.cancels[number].closed = Some(now);
    }

    /// Somebody is about to terminate the session.
    pub fn doom(&mut self) {
        self.is_doomed = true;
    }

    /// True if somebody has.
    pub fn is_doomed(&self) -> bool {
        self.is_doomed
    }

    /// True if everything was answered.
    pub fn is_settled(&self) -> bool {
        self.units.is_empty()
    }

    /// True if the last answer left a transaction open.
    pub fn is_in_transaction(&self) -> bool {
        self.is_in_transaction
    }

    /// Takes a message of the server. Errors: it must not come.
    pub fn hear(&mut self, message: Message<'_>) -> Result<Heard, String> {
        if message.kind == b'E' {
            return self.fail(message.body);
        }
        if !b"DCZ".contains(&message.kind) {
            return match message.kind {
                b'T' | b'n' | b't' | b'1' | b'2' | b'3' | b'S' | b'N' => Ok(Heard::Part),
                kind => Err(format!("a message of kind {:?}", char::from(kind))),
            };
        }
        let unit = self.units.front_mut().ok_or("an answer, and nothing was asked")?;
        match (message.kind, unit.items.front_mut()) {
            (b'Z', Some(item)) if !unit.has_failed => Err(format!("token {} was not answered", item.token)),
            (b'Z', _) => {
                self.is_in_transaction = message.body != b"I";
                self.units.pop_front();
                Ok(Heard::Ready)
            }
            _ if unit.has_failed => Err("an answer after an error".to_owned()),
            (_, None) => Err("more answers than questions".to_owned()),
            (b'D', Some(item)) => item.check(message.body).map(|()| Heard::Part),
            (_, Some(item)) if item.rows > 0 => Err(format!("token {} lacks {} rows", item.token, item.rows)),
            (_, Some(_)) => {
                unit.items.pop_front();
                Ok(Heard::Answer)
            }
        }
    }

    /// Each statement that was cancelled needs a request of its own that was not over when it was sent. Which request hit which statement nobody knows:
    /// there must be enough, for those that were sent last as well.
    fn check_hits(&self) -> Result<(), String> {
        for &sent in &self.hits {
            let hits = self.hits.iter().filter(|&&other| other >= sent).count();
            let reasons = self.cancels.iter().filter(|cancel| cancel.closed.is_none_or(|over| over > sent)).count();
            if reasons < hits {
                let all = self.cancels.len();
                let story = format!("{hits} were hit since then, and of {all} requests {reasons} were not over");
                return Err(format!("a statement was cancelled that nobody asked to cancel: {story}"));
            }
        }
        Ok(())
    }

    /// The last hit had no reason.
    fn take_back_hit(&mut self) {
        self.hits.pop();
        self.units.front_mut().expect("it was hit").has_failed = false;
    }

    /// Looks for the reason of an error.
    fn fail(&mut self, body: &[u8]) -> Result<Heard, String> {
        let error = read_error(body);
        match (error.code.as_str(), self.units.front_mut()) {
            ("57P01", _) if self.is_doomed => Ok(Heard::Ended),
            ("57014", Some(unit)) if !unit.has_failed => {
                unit.has_failed = true;
                self.hits.push(unit.sent);
                self.check_hits().map(|()| Heard::Cancelled).inspect_err(|_| self.take_back_hit())
            }
            (code, _) => Err(format!("{}: {} ({code})", error.severity, error.message)),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const ITEM: Item = Item { token: 27, length: 3, rows: 1 };

    fn row(token: &str, filler: &str) -> Vec<u8> {
        let field = |text: &str| [&(text.len() as u32).to_be_bytes()[..], text.as_bytes()].concat();
        [&[0, 2][..], &field(token), &field(filler)].concat()
    }

    fn hear(ledger: &mut Ledger, kind: u8, body: &[u8]) -> Result<Heard, String> {
        ledger.hear(Message { kind, body })
    }

    fn error(code: &str) -> Vec<u8> {
        format!("VERROR\0C{code}\0Mno\0\0").into_bytes()
    }

    #[test]
    fn answers_come_in_order_with_their_own_tokens() {
        let mut ledger = Ledger::default();
        ledger.expect(1, [ITEM, Item { token: 28, rows: 0, ..ITEM }]);
        assert_eq!(hear(&mut ledger, b'D', &row("27", "bbb")), Ok(Heard::Part));
        assert_eq!(hear(&mut ledger, b'C', b"SELECT 1\0"), Ok(Heard::Answer));
        assert_eq!(hear(&mut ledger, b'C', b"BEGIN\0"), Ok(Heard::Answer));
        assert_eq!(hear(&mut ledger, b'Z', b"T"), Ok(Heard::Ready));
        assert!(ledger.is_settled() && ledger.is_in_transaction());
    }

    #[test]
    fn what_is_not_the_answer_is_told() {
        let wrong = |kind: u8, body: &[u8], told: &str| {
            let mut ledger = Ledger::default();
            ledger.expect(1, [ITEM]);
            let why = hear(&mut ledger, kind, body).expect_err("it is wrong");
            assert!(why.contains(told), "{why}");
        };
        wrong(b'D', &row("53", "bbb"), "27 was asked for and 53 came");
        wrong(b'D', &row("27", "bbc"), "the filler of another");
        wrong(b'D', &row("27", "bb"), "the filler of another");
        wrong(b'C', b"SELECT 0\0", "lacks 1 rows");
        wrong(b'Z', b"I", "was not answered");
        wrong(b'A', b"", "kind 'A'");
        wrong(b'E', &error("42601"), "42601");
        wrong(b'E', &error("57014"), "nobody asked");
        wrong(b'E', &error("57P01"), "57P01");
        let mut ledger = Ledger::default();
        hear(&mut ledger, b'C', b"SELECT 1\0").expect_err("nothing was asked");
        ledger.expect(1, [ITEM]);
        assert_eq!(hear(&mut ledger, b'D', &row("27", "bbb")), Ok(Heard::Part));
        hear(&mut ledger, b'D', &row("27", "bbb")).expect_err("once too often");
    }

    #[test]
    fn a_cancel_request_is_the_reason_of_one_error_in_what_was_sent_before_it_was_over() {
        let mut ledger = Ledger::default();
        ledger.expect(1, [ITEM]);
        ledger.expect(2, [ITEM]);
        let number = ledger.cancel();
        assert_eq!(hear(&mut ledger, b'E', &error("57014")), Ok(Heard::Cancelled));
        hear(&mut ledger, b'C', b"SELECT 1\0").expect_err("the unit is over");
        assert_eq!(hear(&mut ledger, b'Z', b"I"), Ok(Heard::Ready));
        hear(&mut ledger, b'E', &error("57014")).expect_err("the request is spent");
        let other = ledger.cancel();
        ledger.cancel_is_over(number, 3);
        ledger.cancel_is_over(other, 3);
        assert_eq!(hear(&mut ledger, b'E', &error("57014")), Ok(Heard::Cancelled));
        assert_eq!(hear(&mut ledger, b'Z', b"I"), Ok(Heard::Ready));
        let late = ledger.cancel();
        ledger.cancel_is_over(late, 4);
        ledger.expect(5, [ITEM]);
        hear(&mut ledger, b'E', &error("57014")).expect_err("it was over when the statement was sent");
    }

    #[test]
    fn who_is_doomed_may_end() {
        let mut ledger = Ledger::default();
        ledger.doom();
        assert_eq!(hear(&mut ledger, b'E', &error("57P01")), Ok(Heard::Ended));
    }
}
