//! What a session must answer: a model of all that it keeps.
//!
//! A [`Scope`] is what a transaction changes and its end brings back or keeps; the model has a stack of them: outside of a transaction, the transaction, and one
//! for each savepoint. Prepared statements, advisory locks, the position of a cursor and the last number of a sequence are not brought back by anything.

use super::step::{Channel, SETTINGS, Setting, Step};
use std::collections::{BTreeMap, VecDeque};

/// Rows of a cursor.
const CURSOR_ROWS: i64 = 40;

/// What a statement must come to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Expected {
    /// These rows of one column.
    Rows(Vec<String>),
    /// A command's tag.
    Tag(String),
    /// An error of this SQLSTATE.
    Error(&'static str),
    /// A number that nobody was given before.
    Ticket,
}

use Expected::{Error, Rows, Tag};

fn one(text: impl ToString) -> Expected {
    Rows(vec![text.to_string()])
}

fn tag(text: &str) -> Expected {
    Tag(text.to_owned())
}

/// What the end of a transaction or of a savepoint keeps or brings back.
#[derive(Clone, Debug, Default)]
struct Scope {
    /// For the session, and for the transaction if that differs; none is the default.
    settings: [(Option<String>, Option<String>); SETTINGS.len()],
    /// Rows of the temporary table, if there is one.
    rows: Option<Vec<i64>>,
    listens: [bool; 2],
    /// Sent at the end of the transaction.
    notes: Vec<String>,
    has_lock: bool,
}

/// A cursor: where it stands, and the depth of the stack at which it was made; 0 if it is held.
#[derive(Clone, Copy, Debug)]
struct Cursor {
    position: i64,
    depth: usize,
}

/// A notification that is to come.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Note {
    channel: Channel,
    payload: String,
    /// False if the session may or may not be told: it began to listen in a transaction that was open when the notification was sent, and listened to
    /// another channel before.
    must_come: bool,
}

/// A session as it must be.
#[derive(Debug)]
pub struct Model {
    /// Its number, which its values are made from.
    pub number: usize,
    scopes: Vec<Scope>,
    has_failed: bool,
    /// What they add to their argument.
    statements: BTreeMap<usize, i64>,
    locks: u32,
    cursor: Option<Cursor>,
    ticket: Option<i64>,
    notes: VecDeque<Note>,
    defaults: [String; SETTINGS.len()],
}

impl Model {
    /// A new session, with these values of the settings.
    pub fn new(number: usize, defaults: [String; SETTINGS.len()]) -> Model {
        Model {
            number,
            scopes: vec![Scope::default()],
            has_failed: false,
            statements: BTreeMap::new(),
            locks: 0,
            cursor: None,
            ticket: None,
            notes: VecDeque::new(),
            defaults,
        }
    }

    /// The transaction status that ReadyForQuery must tell.
    pub fn status(&self) -> u8 {
        match (self.has_failed, self.is_in_transaction()) {
            (true, _) => b'E',
            (_, true) => b'T',
            _ => b'I',
        }
    }

    /// True from BEGIN to the end of the transaction.
    pub fn is_in_transaction(&self) -> bool {
        self.depth() > 0
    }

    /// Savepoints that are open.
    pub fn savepoints(&self) -> usize {
        self.depth().saturating_sub(1)
    }

    /// True if others must not get its advisory lock.
    pub fn holds_lock(&self) -> bool {
        self.locks > 0 || self.top().has_lock
    }

    /// The value of a setting.
    pub fn setting(&self, setting: Setting) -> &str {
        let (session, transaction) = &self.top().settings[setting as usize];
        transaction.as_ref().or(session.as_ref()).unwrap_or(&self.defaults[setting as usize])
    }

    /// The number that it was given.
    pub fn take_ticket(&mut self, ticket: i64) {
        self.ticket = Some(ticket);
    }

    fn depth(&self) -> usize {
        self.scopes.len() - 1
    }

    fn top(&self) -> &Scope {
        &self.scopes[self.depth()]
    }

    fn top_mut(&mut self) -> &mut Scope {
        self.scopes.last_mut().expect("there is always one")
    }

    /// Makes a step; what the session must answer.
    pub fn take(&mut self, step: &Step) -> Expected {
        let is_end = matches!(step, Step::Commit | Step::Rollback | Step::RollbackTo(_));
        let expected = match step {
            Step::Bind(name, _) if self.has_failed && !self.statements.contains_key(name) => Error("26000"),
            _ if self.has_failed && !is_end => Error("25P02"),
            _ => self.play(step),
        };
        if matches!(expected, Error(_)) && self.is_in_transaction() && !self.has_failed {
            self.fail();
        }
        if !self.is_in_transaction() {
            self.end_statement();
        }
        expected
    }

    /// Settings and locks go back at once, the rest when the transaction or the savepoint is rolled back.
    fn fail(&mut self) {
        self.has_failed = true;
        let depth = self.depth();
        self.scopes[depth] = self.scopes[depth - 1].clone();
    }

    fn play(&mut self, step: &Step) -> Expected {
        match step {
            Step::Show(setting) => one(self.setting(*setting)),
            Step::Set(setting, value) => self.set(*setting, (Some(value.clone()), None)),
            Step::SetLocal(setting, value) => {
                let session = self.top().settings[*setting as usize].0.clone();
                self.set(*setting, (session, Some(value.clone())))
            }
            Step::Reset(setting) => {
                self.set(*setting, (None, None));
                tag("RESET")
            }
            Step::ResetAll => {
                self.top_mut().settings = Default::default();
                tag("RESET")
            }
            Step::Resolve => match self.setting(Setting::SearchPath).strip_prefix("path_") {
                Some(rest) => one(rest.split(',').next().unwrap_or_default()),
                None => Error("42P01"),
            },
            Step::CreateTable | Step::DropTable | Step::Insert(_) | Step::Delete(_) | Step::Sum => self.use_table(step),
            Step::Prepare(..)
            | Step::Parse(..)
            | Step::Execute(..)
            | Step::Bind(..)
            | Step::Deallocate(_)
            | Step::DeallocateAll => self.use_statement(step),
            Step::Lock | Step::LockInTransaction | Step::Unlock | Step::UnlockAll => self.use_lock(step),
            Step::Try { is_free, .. } => one(if *is_free { 't' } else { 'f' }),
            Step::Listen(_) | Step::Unlisten(_) | Step::UnlistenAll | Step::Notify(_) => self.use_channel(step),
            Step::Declare | Step::Fetch(_) | Step::Move(_) | Step::Close | Step::CloseAll => self.use_cursor(step),
            Step::Next => Expected::Ticket,
            Step::Current => self.ticket.map_or(Error("55000"), one),
            Step::Identify { application, .. } => one(application),
            Step::Fail => Error("22012"),
            Step::DiscardAll if self.is_in_transaction() => Error("25001"),
            Step::DiscardAll => {
                let notes = std::mem::take(&mut self.notes);
                *self = Model { notes, ..Model::new(self.number, self.defaults.clone()) };
                tag("DISCARD ALL")
            }
            Step::Begin
            | Step::Commit
            | Step::Rollback
            | Step::Savepoint(_)
            | Step::RollbackTo(_)
            | Step::Release(_) => self.control(step),
        }
    }

    fn set(&mut self, setting: Setting, values: (Option<String>, Option<String>)) -> Expected {
        self.top_mut().settings[setting as usize] = values;
        tag("SET")
    }

    fn use_table(&mut self, step: &Step) -> Expected {
        let rows = &mut self.top_mut().rows;
        match (step, rows) {
            (Step::CreateTable, Some(_)) => Error("42P07"),
            (Step::CreateTable, rows) => {
                *rows = Some(Vec::new());
                tag("CREATE TABLE")
            }
            (_, None) => Error("42P01"),
            (Step::DropTable, rows) => {
                *rows = None;
                tag("DROP TABLE")
            }
            (Step::Insert(value), Some(rows)) => {
                rows.push(*value);
                tag("INSERT 0 1")
            }
            (Step::Delete(value), Some(rows)) => {
                let before = rows.len();
                rows.retain(|row| row % 5 != *value);
                tag(&format!("DELETE {}", before - rows.len()))
            }
            (_, Some(rows)) => one(format!("{} {}", rows.len(), rows.iter().sum::<i64>())),
        }
    }

    fn use_statement(&mut self, step: &Step) -> Expected {
        let statements = &mut self.statements;
        match *step {
            Step::Prepare(name, _) | Step::Parse(name, _) if statements.contains_key(&name) => Error("42P05"),
            Step::Prepare(name, number) | Step::Parse(name, number) => {
                statements.insert(name, number);
                tag(if matches!(step, Step::Prepare(..)) { "PREPARE" } else { "" })
            }
            Step::Execute(name, argument) | Step::Bind(name, argument) => {
                statements.get(&name).map_or(Error("26000"), |number| one(argument + number))
            }
            Step::Deallocate(name) => statements.remove(&name).map_or(Error("26000"), |_| tag("DEALLOCATE")),
            _ => {
                statements.clear();
                tag("DEALLOCATE ALL")
            }
        }
    }

    fn use_lock(&mut self, step: &Step) -> Expected {
        match step {
            Step::Lock => self.locks += 1,
            Step::LockInTransaction => self.top_mut().has_lock = true,
            Step::Unlock if self.locks == 0 => return one('f'),
            Step::Unlock => {
                self.locks -= 1;
                return one('t');
            }
            _ => self.locks = 0,
        }
        one("")
    }

    fn use_channel(&mut self, step: &Step) -> Expected {
        let scope = self.top_mut();
        match step {
            Step::Listen(channel) => {
                scope.listens[*channel as usize] = true;
                tag("LISTEN")
            }
            Step::Unlisten(channel) => {
                scope.listens[*channel as usize] = false;
                tag("UNLISTEN")
            }
            Step::Notify(payload) => {
                scope.notes.push(payload.clone());
                tag("NOTIFY")
            }
            _ => {
                scope.listens = [false; 2];
                tag("UNLISTEN")
            }
        }
    }

    fn use_cursor(&mut self, step: &Step) -> Expected {
        let depth = self.depth();
        let number = self.number as i64;
        match (step, &mut self.cursor) {
            (Step::Declare, Some(_)) => Error("42P03"),
            (Step::Declare, cursor) => {
                *cursor = Some(Cursor { position: 0, depth });
                tag("DECLARE CURSOR")
            }
            (Step::CloseAll, cursor) => {
                *cursor = None;
                tag("CLOSE CURSOR ALL")
            }
            (_, None) => Error("34000"),
            (Step::Close, cursor) => {
                *cursor = None;
                tag("CLOSE CURSOR")
            }
            (Step::Fetch(count), Some(cursor)) => {
                Rows(cursor.fetch(*count).map(|row| (number * 1000 + row).to_string()).collect())
            }
            (Step::Move(count), Some(cursor)) => tag(&format!("MOVE {}", cursor.fetch(*count).count())),
            _ => unreachable!("no other step is about cursors"),
        }
    }

    fn control(&mut self, step: &Step) -> Expected {
        match *step {
            Step::Begin => {
                if !self.is_in_transaction() {
                    self.scopes.push(self.top().clone());
                }
                tag("BEGIN")
            }
            Step::Commit if self.has_failed => self.control(&Step::Rollback),
            Step::Commit => {
                self.commit();
                tag("COMMIT")
            }
            Step::Rollback => {
                self.scopes.truncate(1);
                self.has_failed = false;
                self.drop_cursor_from(1);
                self.forget_notes();
                tag("ROLLBACK")
            }
            _ if !self.is_in_transaction() => Error("25P01"),
            Step::Savepoint(_) => {
                self.scopes.push(self.top().clone());
                tag("SAVEPOINT")
            }
            Step::RollbackTo(savepoint) => {
                self.scopes.truncate(savepoint + 1);
                self.scopes.push(self.top().clone());
                self.has_failed = false;
                self.drop_cursor_from(savepoint + 1);
                tag("ROLLBACK")
            }
            Step::Release(savepoint) => {
                let top = self.scopes.pop().expect("it is the savepoint's, or above it");
                self.scopes.truncate(savepoint);
                self.scopes.push(top);
                self.bound_cursor_depth(savepoint);
                tag("RELEASE")
            }
            _ => unreachable!("no other step is about transactions"),
        }
    }

    fn commit(&mut self) {
        let top = self.scopes.pop().expect("there is always one");
        self.scopes.truncate(0);
        self.scopes.push(top);
        self.end_statement();
    }

    /// The end of a transaction, which outside of one each statement has.
    fn end_statement(&mut self) {
        let scope = self.top_mut();
        scope.settings.iter_mut().for_each(|(_, transaction)| *transaction = None);
        scope.has_lock = false;
        let (notes, listens) = (std::mem::take(&mut scope.notes), scope.listens);
        self.bound_cursor_depth(0);
        self.forget_notes();
        if listens[Channel::Own as usize] {
            let note = |payload| Note { channel: Channel::Own, payload, must_come: true };
            self.notes.extend(notes.into_iter().map(note));
        }
    }

    fn drop_cursor_from(&mut self, depth: usize) {
        self.cursor = self.cursor.filter(|cursor| cursor.depth < depth);
    }

    fn bound_cursor_depth(&mut self, depth: usize) {
        if let Some(cursor) = &mut self.cursor {
            cursor.depth = cursor.depth.min(depth);
        }
    }

    /// What was sent while a transaction was open comes at its end, if the session listens then.
    fn forget_notes(&mut self) {
        let listens = self.top().listens;
        self.notes.retain(|note| listens[note.channel as usize]);
    }

    /// Somebody notifies the common channel while no statement runs.
    pub fn is_notified(&mut self, payload: &str) {
        let [own, common] = self.scopes[0].listens;
        if common || own && self.is_in_transaction() {
            let note = Note { channel: Channel::Common, payload: payload.to_owned(), must_come: common };
            self.notes.push_back(note);
        }
    }

    /// A notification comes. Errors: it must not, or another should come before it.
    pub fn hear(&mut self, channel: &str, payload: &str) -> Result<(), String> {
        while let Some(note) = self.notes.pop_front() {
            if note.payload == payload && note.channel.name(self.number) == channel {
                return Ok(());
            }
            if note.must_come {
                return Err(format!("{channel} {payload:?} came where {note:?} should"));
            }
        }
        Err(format!("{channel} {payload:?} came, and nothing should"))
    }

    /// The notification that should have come by now.
    pub fn missing_note(&self) -> Option<&Note> {
        self.notes.iter().find(|note| note.must_come && !self.is_in_transaction())
    }
}

impl Cursor {
    /// Moves on, or back if the count is negative; the rows that it passes.
    fn fetch(&mut self, count: i64) -> Box<dyn Iterator<Item = i64>> {
        let start = self.position;
        if count > 0 {
            self.position = (start + count).min(CURSOR_ROWS + 1);
            Box::new(start + 1..=(start + count).min(CURSOR_ROWS))
        } else {
            self.position = (start + count).max(0);
            Box::new(((start + count).max(1)..start).rev())
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn model() -> Model {
        Model::new(7, ["".to_owned(), "4MB".to_owned(), "crowd".to_owned(), "public".to_owned()])
    }

    #[test]
    fn a_rollback_brings_back_what_a_transaction_changes() {
        let mut session = model();
        let work_mem = Setting::WorkMem;
        session.take(&Step::CreateTable);
        session.take(&Step::Begin);
        session.take(&Step::Insert(5));
        session.take(&Step::Set(work_mem, "99kB".to_owned()));
        session.take(&Step::Savepoint(1));
        session.take(&Step::Insert(6));
        session.take(&Step::SetLocal(work_mem, "77kB".to_owned()));
        assert_eq!(session.take(&Step::Show(work_mem)), one("77kB"));
        session.take(&Step::RollbackTo(1));
        assert_eq!(session.take(&Step::Show(work_mem)), one("99kB"));
        assert_eq!(session.take(&Step::Sum), one("1 5"));
        assert_eq!(session.take(&Step::Fail), Error("22012"));
        assert_eq!((session.take(&Step::Sum), session.status()), (Error("25P02"), b'E'));
        assert_eq!((session.take(&Step::Commit), session.status()), (tag("ROLLBACK"), b'I'));
        assert_eq!(session.take(&Step::Show(work_mem)), one("4MB"));
        assert_eq!(session.take(&Step::Sum), one("0 0"));
    }

    #[test]
    fn what_is_no_part_of_a_transaction_stays() {
        let mut session = model();
        session.take(&Step::Declare);
        session.take(&Step::Begin);
        session.take(&Step::Prepare(1, 100));
        session.take(&Step::Lock);
        session.take(&Step::LockInTransaction);
        assert_eq!(session.take(&Step::Fetch(2)), Rows(vec!["7001".to_owned(), "7002".to_owned()]));
        session.take(&Step::Rollback);
        assert_eq!(session.take(&Step::Execute(1, 5)), one(105));
        assert_eq!(session.take(&Step::Fetch(-5)), one(7001));
        assert_eq!(session.take(&Step::Move(100)), tag("MOVE 40"));
        assert!(session.holds_lock());
        assert_eq!(session.take(&Step::Unlock), one('t'));
        assert!(!session.holds_lock());
    }

    #[test]
    fn a_cursor_goes_with_the_savepoint_that_it_was_made_in() {
        let mut session = model();
        [Step::Begin, Step::Savepoint(1), Step::Declare, Step::RollbackTo(1)]
            .iter()
            .for_each(|step| drop(session.take(step)));
        [Step::Declare, Step::Release(1), Step::Commit].iter().for_each(|step| drop(session.take(step)));
        [Step::Begin, Step::Rollback].iter().for_each(|step| drop(session.take(step)));
        assert_eq!(session.take(&Step::Fetch(1)), one(7001));
    }

    #[test]
    fn notifications_come_to_who_listens_when_it_is_outside_of_a_transaction() {
        let mut session = model();
        session.take(&Step::Listen(Channel::Common));
        session.is_notified("a");
        assert!(session.missing_note().is_some());
        assert_eq!(session.hear("common", "a"), Ok(()));
        session.take(&Step::Begin);
        session.is_notified("b");
        session.take(&Step::Unlisten(Channel::Common));
        session.take(&Step::Commit);
        session.hear("common", "b").expect_err("it does not listen any more");
        session.take(&Step::Listen(Channel::Own));
        session.take(&Step::Notify("c".to_owned()));
        session.hear("common", "c").expect_err("another channel");
    }
}
