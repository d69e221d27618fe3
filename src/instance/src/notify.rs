//! LISTEN and NOTIFY: messages between sessions of one database, sent at commit.
//!
//! 1. A statement only notes what is to happen: the session has a [`Pending`] among its transaction's participants, which forgets what a
//!    savepoint or the transaction takes back.
//! 2. At commit the session's channels change, and its messages go to the mailboxes of all that listen, each of which is told by
//!    an interrupt. The order of messages is the same for all.
//! 3. A session that is between transactions empties its mailbox and tells its client.
//!
//! Locks: one of rank "notifications" over all mailboxes; interrupts are raised after it was let go.
//!
//! Source: PostgreSQL 15 async.c. Messages do not go through files: a session that does not read them holds memory, up to
//! [`NOTIFICATIONS_MAX`].

use crate::limits::NOTIFICATIONS_MAX;
use crate::{Ctx, TransactionParticipant};
use base::{Oid, SessionId};
use report::{Result, bail};
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::Arc;
use sync::{Interrupt, Interrupts, Mutex, Rank};

/// A payload is shorter than this, in bytes.
const PAYLOAD_BYTES_MAX: usize = 8000;

const MAILBOXES: Rank = Rank::new(900, "notifications");

/// A message on its way.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Notification {
    /// The session that sent it.
    pub sender: SessionId,
    /// The channel.
    pub channel: Arc<str>,
    /// The payload; may be empty.
    pub payload: Arc<str>,
}

impl Notification {
    fn content(&self) -> (Arc<str>, Arc<str>) {
        (Arc::clone(&self.channel), Arc::clone(&self.payload))
    }
}

/// A session that listens.
struct Mailbox {
    database: Oid,
    /// In the order in which the session began to listen.
    channels: Vec<String>,
    waiting: VecDeque<Notification>,
    interrupts: Arc<Interrupts>,
}

/// All that a session listens to and has not been told yet, between two instances.
pub struct Listening(Mailbox);

/// The mailboxes of all sessions that listen.
pub struct Notifications {
    mailboxes: Mutex<HashMap<SessionId, Mailbox>>,
}

impl Default for Notifications {
    fn default() -> Notifications {
        Notifications { mailboxes: Mutex::new(MAILBOXES, HashMap::new()) }
    }
}

impl Notifications {
    /// Takes what waits for a session.
    pub fn take(&self, session: SessionId) -> Vec<Notification> {
        let mut mailboxes = self.mailboxes.lock();
        mailboxes.get_mut(&session).map(|mailbox| mailbox.waiting.drain(..).collect()).unwrap_or_default()
    }

    /// The channels that a session listens to.
    pub fn channels(&self, session: SessionId) -> Vec<String> {
        let mailboxes = self.mailboxes.lock();
        mailboxes.get(&session).map(|mailbox| mailbox.channels.clone()).unwrap_or_default()
    }

    /// The session ends, or listens to nothing any more.
    pub fn forget(&self, session: SessionId) {
        self.mailboxes.lock().remove(&session);
    }

    /// Takes out all of a session's: its channels and what waits for it, for [`Notifications::come_back`].
    pub fn leave(&self, session: SessionId) -> Option<Listening> {
        self.mailboxes.lock().remove(&session).map(Listening)
    }

    /// Goes on for a session that listened in another instance. Messages that waited there still reach it.
    pub fn come_back(&self, session: SessionId, listening: Listening) {
        let Listening(mailbox) = listening;
        if !mailbox.waiting.is_empty() {
            mailbox.interrupts.raise(Interrupt::Notify);
        }
        self.mailboxes.lock().insert(session, mailbox);
    }

    /// How full the fullest mailbox is, from 0 to 1.
    pub fn usage(&self) -> f64 {
        let mailboxes = self.mailboxes.lock();
        let most = mailboxes.values().map(|mailbox| mailbox.waiting.len()).max().unwrap_or(0);
        most as f64 / NOTIFICATIONS_MAX as f64
    }

    /// 54000 if some mailbox of the database has no room for so many more.
    fn check_room(&self, database: Oid, more: usize) -> Result<()> {
        let mailboxes = self.mailboxes.lock();
        let is_full = |mailbox: &Mailbox| mailbox.waiting.len() + more > NOTIFICATIONS_MAX;
        if mailboxes.values().any(|mailbox| mailbox.database == database && is_full(mailbox)) {
            bail!(PROGRAM_LIMIT_EXCEEDED, "too many notifications in the NOTIFY queue");
        }
        Ok(())
    }

    /// Changes what a session listens to. Messages of channels that it does not listen to afterwards do not reach it any more.
    fn change_channels(&self, cx: Ctx<'_>, actions: impl Iterator<Item = Action>) {
        let entry = &cx.session.entry;
        let mut mailboxes = self.mailboxes.lock();
        for action in actions {
            match (action, mailboxes.get_mut(&entry.id)) {
                (Action::Listen(channel), Some(mailbox)) if mailbox.channels.contains(&channel) => {}
                (Action::Listen(channel), Some(mailbox)) => mailbox.channels.push(channel),
                (Action::Listen(channel), None) => {
                    let (database, interrupts) = (cx.session.database, Arc::clone(&entry.interrupts));
                    let mailbox = Mailbox { database, channels: vec![channel], waiting: VecDeque::new(), interrupts };
                    mailboxes.insert(entry.id, mailbox);
                }
                (Action::Unlisten(Some(channel)), Some(mailbox)) => mailbox.channels.retain(|known| *known != channel),
                (Action::Unlisten(None), Some(mailbox)) => mailbox.channels.clear(),
                (Action::Unlisten(_), None) => {}
            }
        }
        let Some(Mailbox { channels, waiting, .. }) = mailboxes.get_mut(&entry.id) else { return };
        waiting.retain(|message| channels.iter().any(|channel| **channel == *message.channel));
        if channels.is_empty() {
            mailboxes.remove(&entry.id);
        }
    }

    fn send(&self, database: Oid, messages: &[Notification]) {
        let mut told: Vec<Arc<Interrupts>> = Vec::new();
        let mut mailboxes = self.mailboxes.lock();
        for mailbox in mailboxes.values_mut().filter(|mailbox| mailbox.database == database) {
            let before = mailbox.waiting.len();
            let wanted =
                messages.iter().filter(|message| mailbox.channels.iter().any(|channel| **channel == *message.channel));
            mailbox.waiting.extend(wanted.cloned());
            if mailbox.waiting.len() > before {
                told.push(Arc::clone(&mailbox.interrupts));
            }
        }
        drop(mailboxes);
        told.iter().for_each(|interrupts| interrupts.raise(Interrupt::Notify));
    }
}

/// A change of the session's channels.
#[derive(Clone, PartialEq, Eq, Debug)]
enum Action {
    Listen(String),
    /// From one channel, or from all.
    Unlisten(Option<String>),
}

/// What a transaction does at its commit. Each item has the number of savepoints that were open when it was noted.
#[derive(Default)]
struct Pending {
    actions: Vec<(usize, Action)>,
    messages: Vec<(usize, Notification)>,
    /// Channels and payloads of `messages`.
    known: HashSet<(Arc<str>, Arc<str>)>,
}

impl Pending {
    fn add_message(&mut self, depth: usize, message: Notification) {
        if self.known.insert(message.content()) {
            self.messages.push((depth, message));
        }
    }
}

impl TransactionParticipant for Pending {
    fn before_commit(&mut self, cx: Ctx<'_>) -> Result<()> {
        match self.messages.is_empty() {
            true => Ok(()),
            false => cx.instance.notifications.check_room(cx.session.database, self.messages.len()),
        }
    }

    fn before_prepare(&mut self) -> Result<()> {
        let message = "cannot PREPARE a transaction that has executed LISTEN, UNLISTEN, or NOTIFY";
        bail!(FEATURE_NOT_SUPPORTED, "{message}");
    }

    fn savepoint_begun(&mut self, _: usize) {}

    fn savepoint_ended(&mut self, depth: usize, committed: bool) {
        settle(&mut self.actions, depth, committed);
        settle(&mut self.messages, depth, committed);
        if !committed {
            self.known = self.messages.iter().map(|(_, message)| message.content()).collect();
        }
    }

    fn ended(&mut self, cx: Ctx<'_>, committed: bool) -> Result<()> {
        if !committed {
            return Ok(());
        }
        let notifications = &cx.instance.notifications;
        if !self.actions.is_empty() {
            notifications.change_channels(cx, self.actions.drain(..).map(|(_, action)| action));
        }
        let messages: Vec<Notification> = self.messages.drain(..).map(|(_, message)| message).collect();
        if !messages.is_empty() {
            notifications.send(cx.session.database, &messages);
        }
        Ok(())
    }

    fn as_any(&mut self) -> &mut dyn std::any::Any {
        self
    }
}

/// What was noted within a savepoint becomes its parent's, or is forgotten.
fn settle<T>(items: &mut Vec<(usize, T)>, depth: usize, committed: bool) {
    if !committed {
        items.retain(|(noted, _)| *noted < depth);
    }
    items.iter_mut().for_each(|(noted, _)| *noted = (*noted).min(depth - 1));
}

impl Ctx<'_> {
    /// LISTEN, from the transaction's commit on.
    pub fn listen(self, channel: &str) {
        self.note(|pending, depth| pending.actions.push((depth, Action::Listen(channel.to_owned()))));
    }

    /// UNLISTEN from one channel, or from all. Nothing if the session does not listen.
    pub fn unlisten(self, channel: Option<&str>) {
        if !self.may_listen() {
            return;
        }
        self.note(|pending, depth| pending.actions.push((depth, Action::Unlisten(channel.map(str::to_owned)))));
    }

    /// NOTIFY. The same message twice in one transaction is sent once. Errors: 22023.
    pub fn notify(self, channel: &str, payload: &str) -> Result<()> {
        if channel.is_empty() {
            bail!(INVALID_PARAMETER_VALUE, "channel name cannot be empty");
        }
        if channel.len() > base::NAME_BYTES_MAX {
            bail!(INVALID_PARAMETER_VALUE, "channel name too long");
        }
        if payload.len() >= PAYLOAD_BYTES_MAX {
            bail!(INVALID_PARAMETER_VALUE, "payload string too long");
        }
        let message = Notification { sender: self.session.entry.id, channel: channel.into(), payload: payload.into() };
        self.note(|pending, depth| pending.add_message(depth, message));
        Ok(())
    }

    /// True if the session listens to a channel, or is to from the transaction's commit on.
    fn may_listen(self) -> bool {
        let mut participants = self.session.participants.borrow_mut();
        let mut pending =
            participants.iter_mut().filter_map(|participant| participant.as_any().downcast_mut::<Pending>());
        pending.any(|pending| !pending.actions.is_empty())
            || !self.instance.notifications.channels(self.session.entry.id).is_empty()
    }

    fn note(self, add: impl FnOnce(&mut Pending, usize)) {
        let depth = self.with_tx(|tx| tx.depth());
        let mut participants = self.session.participants.borrow_mut();
        let known = participants.iter_mut().position(|participant| participant.as_any().is::<Pending>());
        let place = known.unwrap_or_else(|| {
            participants.push(Box::new(Pending::default()));
            participants.len() - 1
        });
        let pending = participants[place].as_any().downcast_mut::<Pending>();
        add(pending.expect("the participant is of this type"), depth);
    }
}

#[cfg(test)]
mod tests {
    use super::settle;

    #[test]
    fn a_savepoint_takes_back_what_was_noted_in_it() {
        let mut items = vec![(0, 'a'), (1, 'b'), (2, 'c')];
        settle(&mut items, 2, false);
        assert_eq!(items, [(0, 'a'), (1, 'b')]);
        settle(&mut items, 1, true);
        assert_eq!(items, [(0, 'a'), (0, 'b')], "a released savepoint's notes are its parent's");
    }
}
