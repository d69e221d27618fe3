//! Sessions that outlive their instance.
//!
//! When the server recovers from a crash in place, the instance goes and another one comes. A session that holds nothing in the old one's
//! memory need not notice: its client stays connected, and what the session is made of (settings, prepared statements, channels that it
//! listens to, its number and cancel key) goes on in the next instance.
//!
//! 1. A session that waits for its client's next message is told to leave at once. If it may park it becomes
//!    a [`Parked`], a value without an instance and without a thread.
//! 2. When the next instance is open, [`Connection::parked`](crate::Connection::parked) makes a session of it again. What the client has sent meanwhile is
//!    in its socket and is served now.
//! 3. If the server ends first, [`Parked::dismiss`] tells the client.
//!
//! Not kept: plans and other things that were computed from catalogs, and values of a sequence that the session had in store, as the
//! log may not have known them.

use crate::block::Block;
use crate::login::new_state;
use crate::session::Session;
use crate::wire::Wire;
use base::{Oid, SessionId};
use builtins::{FormatSettings, Memo};
use config::SessionSettings;
use instance::{Ctx, Instance, Listening, ParkedEntry, Prepared, SequenceMemory, SessionState, Users};
use report::Error;
use std::cell::{Cell, RefCell};
use std::collections::{BTreeMap, HashMap};
use std::net::SocketAddr;
use std::sync::Arc;

/// A session between two instances.
pub struct Parked {
    wire: Wire,
    entry: ParkedEntry,
    listening: Option<Listening>,
    kept: Kept,
}

/// What of a session's state does not depend on the instance.
struct Kept {
    server_address: Option<SocketAddr>,
    database: Oid,
    database_name: String,
    settings: SessionSettings,
    format: Arc<FormatSettings>,
    users: Users,
    memo: Memo,
    prepared: BTreeMap<String, Arc<Prepared>>,
    sequences: HashMap<Oid, SequenceMemory>,
    last_sequence: Option<Oid>,
}

impl Session {
    /// True if nothing of the session is in the instance's memory: no transaction, cursor, temporary table or lock, and no message half served.
    pub(crate) fn may_park(&self) -> bool {
        self.block == Block::Idle
            && self.state.transaction.borrow().is_none()
            && self.portals.is_empty()
            && self.pipeline.is_idle()
            && !self.state.temp_namespace.get().is_valid()
            && !self.state.locks.holds_for_session()
    }

    /// Leaves the instance.
    pub(crate) fn park(self, instance: &Instance) -> Parked {
        let Session { state, wire, .. } = self;
        let entry = state.entry.park();
        let listening = instance.notifications.leave(entry.id);
        Parked { wire, entry, listening, kept: Kept::of(state) }
    }
}

impl Kept {
    fn of(state: SessionState) -> Kept {
        let forget_store = |memory: SequenceMemory| SequenceMemory { cached: None, ..memory };
        let sequences = state.sequences.into_inner();
        Kept {
            server_address: state.server_address,
            database: state.database,
            database_name: state.database_name,
            settings: state.settings.into_inner(),
            format: state.format.into_inner(),
            users: state.users.get(),
            memo: state.memo.into_inner(),
            prepared: state.prepared.into_inner(),
            sequences: sequences.into_iter().map(|(oid, memory)| (oid, forget_store(memory))).collect(),
            last_sequence: state.last_sequence.get(),
        }
    }

    fn put_into(self, state: &mut SessionState) {
        state.server_address = self.server_address;
        state.database = self.database;
        state.database_name = self.database_name;
        state.settings = RefCell::new(self.settings);
        state.format = RefCell::new(self.format);
        state.memo = RefCell::new(self.memo);
        state.prepared = RefCell::new(self.prepared);
        state.sequences = RefCell::new(self.sequences);
        state.last_sequence = Cell::new(self.last_sequence);
    }
}

impl Parked {
    /// Its number.
    pub fn id(&self) -> SessionId {
        self.entry.id
    }

    /// Goes on in another instance.
    pub(crate) fn resume(self: Box<Self>, instance: &Instance) -> Session {
        let Parked { mut wire, entry, listening, kept } = *self;
        entry.line.interrupts.take(sync::Interrupt::Quit);
        let registration = instance.sessions.register_again(entry);
        if let Some(probe) = wire.stream().probe() {
            registration.give_probe(probe);
        }
        wire.stream().tell_waits(Arc::<instance::SessionEntry>::clone(&registration));
        if let Some(listening) = listening {
            instance.notifications.come_back(registration.id, listening);
        }
        let mut state = new_state(instance, &registration, kept.users);
        kept.put_into(&mut state);
        let cx = Ctx::new(instance, &state);
        cx.refresh_settings();
        cx.follow_io_timing();
        Session::new(state, wire, registration)
    }

    /// Tells the client why the session ends.
    pub fn dismiss(mut self, error: &Error) {
        self.wire.out.report(error);
        // It may have gone already.
        let _ = self.wire.flush();
    }
}
