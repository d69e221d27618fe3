//! What sessions have learnt of statements, for those that come after them: a client that logs in for a single statement would else have it
//! analysed and planned each time.
//!
//! A statement means the same to two sessions if they are in the same database as the same user, nothing has changed in the catalogs, no
//! settings of theirs differ, and neither has temporary tables that could hide others or row types that it has numbered by itself. What
//! one has learnt is kept as a model that nobody runs. The same goes for the generic plan of a prepared statement, once a session has run its own:
//! by then it is known that it numbers no row types.
//!
//! Locks: the tables', leaves.

use crate::known::{Known, write_parsed_key};
use crate::limits::PARSED_BYTES_MAX;
use base::Oid;
use exec::CachedPlan;
use instance::Ctx;
use std::collections::HashMap;
use std::fmt::Write;
use std::sync::Arc;
use sync::{Mutex, rank};

/// Statements kept. Beyond it all are forgotten.
const SHARED_MAX: usize = 512;

/// The statements that the sessions of an instance share.
pub(crate) struct SharedStatements {
    entries: Mutex<HashMap<Box<str>, Entry>>,
    /// The plans of prepared statements, each with the catalogs' changes when it was entered.
    models: Mutex<Models>,
}

type Models = HashMap<Box<str>, (u64, Arc<Model>)>;

/// A plan that sessions share. Nobody runs it: each worker has a copy ([`crate::desk`]).
pub(crate) struct Model(CachedPlan);

impl Model {
    /// Of a statement's generic plan. `None` if it has none.
    pub(crate) fn of(cached: &CachedPlan) -> Option<Model> {
        cached.fork().map(Model)
    }

    /// A copy that can be run.
    pub(crate) fn copy(&self) -> Option<CachedPlan> {
        self.0.fork()
    }
}

struct Entry {
    /// The catalogs' changes when it was entered.
    changes: u64,
    seen: Seen,
}

/// What is known of a statement that a session meets for the first time.
#[derive(Clone)]
pub(crate) enum Seen {
    /// No session has met it.
    Never,
    /// A session has met it once.
    Once,
    /// It cannot be learnt.
    Refused,
    /// A session has learnt it.
    Learnt(Arc<Known>),
}

impl Default for SharedStatements {
    fn default() -> SharedStatements {
        let (entries, models) = (Mutex::new(rank::LEAF, HashMap::new()), Mutex::new(rank::LEAF, HashMap::new()));
        SharedStatements { entries, models }
    }
}

impl SharedStatements {
    /// What is known of a statement. It has been met from now on.
    pub(crate) fn meet(&self, key: &str, changes: u64) -> Seen {
        let found =
            self.entries.lock().get(key).filter(|entry| entry.changes == changes).map(|entry| entry.seen.clone());
        found.unwrap_or_else(|| {
            self.enter(key, changes, Seen::Once);
            Seen::Never
        })
    }

    /// From now on this is known of a statement.
    pub(crate) fn enter(&self, key: &str, changes: u64, seen: Seen) {
        let mut entries = self.entries.lock();
        if entries.len() == SHARED_MAX {
            entries.clear();
        }
        entries.insert(key.into(), Entry { changes, seen });
    }
}

/// What a prepared statement's generic plan is to those sessions that share it; the first one's is everybody's. `None` if this session shares none.
pub(crate) fn model(cx: Ctx<'_>, (text, types): (&str, &[Oid]), changes: u64, own: &CachedPlan) -> Option<Arc<Model>> {
    if text.len() > PARSED_BYTES_MAX {
        return None;
    }
    let (mut parsed, mut key) = (String::new(), String::new());
    write_parsed_key(&mut parsed, text, types.iter());
    write_key(cx, &parsed, &mut key)?;
    let _for_all = memory::Aside::begin();
    let shared: Arc<SharedStatements> = cx.instance.shared.get();
    let mut models = shared.models.lock();
    if let Some((_, model)) = models.get(key.as_str()).filter(|(then, _)| *then == changes) {
        return Some(Arc::clone(model));
    }
    if models.len() == SHARED_MAX {
        models.clear();
    }
    let model = Arc::new(Model::of(own)?);
    models.insert(key.into(), (changes, Arc::clone(&model)));
    Some(model)
}

/// Writes what sessions must have in common to share a statement of this shape. `None` if this one shares none.
pub(crate) fn write_key(cx: Ctx<'_>, shape: &str, key: &mut String) -> Option<()> {
    key.clear();
    let session = cx.session;
    if session.temp_namespace.get().is_valid() || !session.record_types.borrow().is_empty() {
        return None;
    }
    write!(key, "{} {} ", session.database, session.current_user()).ok()?;
    session.settings.borrow().write_own_values(key);
    key.push_str(shape);
    Some(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_met_before_the_catalogs_changed_was_never_met() {
        let shared = SharedStatements::default();
        let is = |seen: Seen, expected: &str| {
            let name = match seen {
                Seen::Never => "never",
                Seen::Once => "once",
                Seen::Refused => "refused",
                Seen::Learnt(_) => "learnt",
            };
            assert_eq!(name, expected);
        };
        is(shared.meet("a", 1), "never");
        is(shared.meet("a", 1), "once");
        is(shared.meet("a", 2), "never");
        shared.enter("a", 2, Seen::Refused);
        is(shared.meet("a", 2), "refused");
        for n in 0..SHARED_MAX {
            shared.enter(&n.to_string(), 2, Seen::Once);
        }
        assert!(shared.entries.lock().len() <= SHARED_MAX);
        is(shared.meet("a", 2), "never");
    }
}
