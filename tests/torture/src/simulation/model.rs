//! What the sessions were told, and so what may be found after a crash.
//!
//! Every session has tables, a sequence and keys of a common table that no other session changes: its [`Share`]. A [`World`] is all shares together. The
//! [`Journal`] is the list of worlds that a crash may lead to, in the order of the commits that made them: the first is known to be durable, the
//! others were committed without waiting, or were being committed when the crash came.

use std::collections::{BTreeMap, BTreeSet};
use std::fmt::Write;
use std::sync::Arc;

/// A row's values as text, the key first.
pub type Row = Vec<Option<String>>;

/// What a column holds.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    /// Numbers.
    Number,
    /// Text that fits into an index.
    Short,
    /// Text of any length.
    Long,
}

/// A column.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Column {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// What rows get that say nothing of it.
    pub default: Option<String>,
}

/// A table.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Table {
    /// The key is the first.
    pub columns: Vec<Column>,
    /// Rows by key.
    pub rows: BTreeMap<i64, Row>,
    /// Indexes with their columns.
    pub indexes: BTreeMap<String, Vec<String>>,
    /// It is empty after a crash.
    pub is_unlogged: bool,
}

/// All that one session changes.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Share {
    /// Its tables; the common table is among them with the session's own keys.
    pub tables: BTreeMap<String, Arc<Table>>,
    /// The greatest number that its sequence gave to a committed transaction.
    pub drawn: i64,
    /// Databases that it made.
    pub databases: BTreeSet<String>,
    /// What it will have if its prepared transaction is committed.
    pub prepared: Option<Box<Share>>,
}

/// The state of everything.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct World(pub Vec<Arc<Share>>);

impl Share {
    /// A table, to be changed.
    pub fn table(&mut self, name: &str) -> &mut Table {
        Arc::make_mut(self.tables.get_mut(name).expect("the session has this table"))
    }

    fn forget_unlogged(&mut self) {
        let unlogged = self.tables.values_mut().filter(|table| table.is_unlogged && !table.rows.is_empty());
        unlogged.for_each(|table| Arc::make_mut(table).rows.clear());
        if let Some(prepared) = &mut self.prepared {
            prepared.forget_unlogged();
        }
    }

    /// After its prepared transaction was committed or rolled back; nothing if there is none.
    pub fn resolved(&self, commits: bool) -> Option<Share> {
        let prepared = self.prepared.as_ref()?;
        Some(if commits { (**prepared).clone() } else { Share { prepared: None, ..self.clone() } })
    }

    /// Where what was found is not this; nothing if it is.
    fn difference(&self, found: &Share) -> Option<String> {
        if self.databases != found.databases {
            return Some(format!("databases {:?}, found {:?}", self.databases, found.databases));
        }
        if self.prepared.is_some() {
            return Some("a prepared transaction that is not there".to_owned());
        }
        if self.drawn > found.drawn {
            return Some(format!("{} was drawn from a sequence that is at {}", self.drawn, found.drawn));
        }
        let names = |share: &Share| share.tables.keys().cloned().collect::<Vec<_>>();
        if names(self) != names(found) {
            return Some(format!("tables {:?}, found {:?}", names(self), names(found)));
        }
        let pairs = self.tables.iter().zip(found.tables.values());
        pairs.filter_map(|((name, table), found)| Some(format!("{name}: {}", table.difference(found)?))).next()
    }
}

impl Table {
    fn difference(&self, found: &Table) -> Option<String> {
        let columns = |table: &Table| table.columns.iter().map(|column| column.name.clone()).collect::<Vec<_>>();
        if columns(self) != columns(found) {
            return Some(format!("columns {:?}, found {:?}", columns(self), columns(found)));
        }
        if !self.indexes.keys().eq(found.indexes.keys()) {
            return Some(format!("indexes {:?}, found {:?}", self.indexes.keys(), found.indexes.keys()));
        }
        if self.is_unlogged != found.is_unlogged {
            return Some(format!("unlogged {}, found {}", self.is_unlogged, found.is_unlogged));
        }
        (self.rows != found.rows).then(|| rows_difference(&self.rows, &found.rows))
    }
}

/// The first few rows that differ.
pub fn rows_difference(expected: &BTreeMap<i64, Row>, found: &BTreeMap<i64, Row>) -> String {
    const SHOWN: usize = 4;
    let keys: BTreeSet<&i64> = expected.keys().chain(found.keys()).collect();
    let different: Vec<&i64> = keys.into_iter().filter(|key| expected.get(key) != found.get(key)).collect();
    let mut text = format!("{} rows of {} differ", different.len(), expected.len());
    for key in different.iter().take(SHOWN) {
        let show = |row: Option<&Row>| row.map_or("no row".to_owned(), show_row);
        let _ = write!(text, "; {key}: {}, found {}", show(expected.get(key)), show(found.get(key)));
    }
    text
}

fn show_row(row: &Row) -> String {
    const SHOWN: usize = 24;
    let show = |value: &Option<String>| match value {
        None => "null".to_owned(),
        Some(text) if text.len() > SHOWN => format!("{}... ({} bytes)", &text[..SHOWN], text.len()),
        Some(text) => text.clone(),
    };
    format!("({})", row.iter().map(show).collect::<Vec<_>>().join(", "))
}

impl World {
    fn with(&self, session: usize, share: Share) -> World {
        let mut world = self.clone();
        world.0[session] = Arc::new(share);
        world
    }

    fn difference(&self, found: &World) -> Option<String> {
        let pairs = self.0.iter().zip(&found.0).enumerate();
        pairs.filter_map(|(n, (share, found))| Some(format!("session {n}: {}", share.difference(found)?))).next()
    }
}

/// The worlds that a crash may lead to.
#[derive(Clone, Debug)]
pub struct Journal {
    worlds: Vec<World>,
}

impl Journal {
    /// Begins with a world that is durable.
    pub fn new(world: World) -> Journal {
        Journal { worlds: vec![world] }
    }

    /// What is committed, durable or not.
    pub fn newest(&self) -> &World {
        self.worlds.last().expect("there is always one")
    }

    /// A session is about to commit.
    pub fn commit(&mut self, session: usize, share: Share) {
        let world = self.newest().with(session, share);
        self.worlds.push(world);
    }

    /// The commit was refused.
    pub fn refused(&mut self) {
        self.worlds.pop();
    }

    /// All that was committed is durable.
    pub fn durable(&mut self) {
        self.worlds.drain(..self.worlds.len() - 1);
    }

    /// The server did not end in good order.
    pub fn crashed(&mut self) {
        for world in &mut self.worlds {
            world.0.iter_mut().for_each(|share| Arc::make_mut(share).forget_unlogged());
        }
    }

    /// The server died while it started: if it had been shut down in good order, unlogged rows are there or not.
    pub fn crashed_at_start(&mut self) {
        let mut others = self.clone();
        others.crashed();
        self.worlds.splice(0..0, others.worlds);
    }

    /// After a start, a session's prepared transaction was there and has been committed or rolled back, or was not there.
    ///
    /// Errors: it must be there, or must not.
    pub fn resolve(&mut self, session: usize, outcome: Option<bool>) -> Result<(), String> {
        let worlds = std::mem::take(&mut self.worlds).into_iter().filter_map(|world| match outcome {
            Some(commits) => Some(world.with(session, world.0[session].resolved(commits)?)),
            None => world.0[session].prepared.is_none().then_some(world),
        });
        self.worlds = worlds.collect();
        match (self.worlds.is_empty(), outcome) {
            (false, _) => Ok(()),
            (true, Some(_)) => Err(format!("session {session}: a prepared transaction that must not be there")),
            (true, None) => Err(format!("session {session}: its prepared transaction is not there")),
        }
    }

    /// Compares with what was found, which from now on is durable.
    ///
    /// Errors: it is none of those that may be; how the newest of them differs.
    pub fn settle(&mut self, found: &World) -> Result<(), String> {
        match self.worlds.iter().rposition(|world| world.difference(found).is_none()) {
            Some(place) => {
                self.worlds = vec![self.worlds.swap_remove(place)];
                Ok(())
            }
            None => {
                let differences = self.worlds.iter().rev().take(3).filter_map(|world| world.difference(found));
                let differences: Vec<String> = differences.collect();
                Err(format!("none of {} possible states was found: {}", self.worlds.len(), differences.join(" | ")))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn share(drawn: i64) -> Share {
        Share { drawn, ..Share::default() }
    }

    fn world(drawn: i64) -> World {
        World(vec![Arc::new(share(drawn))])
    }

    #[test]
    fn a_commit_that_was_not_waited_for_may_be_lost_and_a_durable_one_not() {
        let mut journal = Journal::new(world(1));
        journal.commit(0, share(2));
        assert_eq!(journal.clone().settle(&world(1)), Ok(()));
        assert_eq!(journal.clone().settle(&world(2)), Ok(()));
        journal.durable();
        assert!(journal.settle(&world(1)).is_err(), "a number that was given out comes back");
        journal.commit(0, share(3));
        journal.refused();
        assert_eq!(*journal.newest(), world(2));
    }

    #[test]
    fn unlogged_rows_go_with_a_crash() {
        let table = Table { rows: BTreeMap::from([(1, vec![])]), is_unlogged: true, ..Table::default() };
        let tables = BTreeMap::from([("t".to_owned(), Arc::new(table))]);
        let mut journal = Journal::new(World(vec![Arc::new(Share { tables, ..Share::default() })]));
        journal.crashed();
        assert!(journal.newest().0[0].tables["t"].rows.is_empty());
    }
}
