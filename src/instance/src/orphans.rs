//! Files that no catalog row names.
//!
//! A crash leaves them: the record of a file's creation was not on disk yet, or lay before the redo point while its transaction had not
//! ended; a commit was on disk and the removal of what it dropped was not; a database's directory was copied and its row not committed.
//! Logging more would find each of these only for the price of a flush for each new file. The catalogs know what is right without that, so
//! they are asked: after redo, before sessions come, nobody makes files, and every file is named by a row of `pg_class` that a new snapshot
//! sees, or made by a prepared transaction, or useless.
//!
//! What cannot be read stays as it is: a damaged catalog costs no file.

use crate::Instance;
use base::{DEFAULT_TABLESPACE, Oid, RelFile, SessionId, Xid};
use catalog::rows::{PgClass, PgDatabase};
use lock::SessionWaits;
use report::{Error, Result};
use schema::{Catalog, Overlay, Tables};
use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::Arc;
use sync::{Interrupts, NoHooks};
use xact::{Transaction, TransactionOptions};

/// What was found.
#[derive(Debug, Default)]
pub struct Orphans {
    /// Relations whose files were removed.
    pub relations: usize,
    /// Databases whose directories were removed.
    pub databases: usize,
    /// What could not be looked at or removed.
    pub problems: Vec<Error>,
}

impl Instance {
    /// Removes relation files and database directories that no catalog row names. After recovery, before sessions.
    pub fn remove_orphans(&self) -> Orphans {
        let (interrupts, hooks) = (Arc::new(Interrupts::new()), Arc::new(NoHooks));
        let owner = self.store.locks.register(SessionWaits { session: SessionId(1), interrupts, hooks });
        let transaction = RefCell::new(Some(self.transactions().begin(&owner, TransactionOptions::default())));
        let mut orphans = Orphans::default();
        if let Err(error) = self.sweep(&transaction, &mut orphans) {
            orphans.problems.push(error.context("search for files that no catalog knows"));
        }
        orphans
    }

    fn sweep(&self, transaction: &RefCell<Option<Transaction>>, orphans: &mut Orphans) -> Result<()> {
        let overlay = Overlay::new();
        let catalog_of =
            |database| Catalog::new(&self.caches, &overlay, Tables::of_session(&self.store, transaction), database);
        let known: BTreeSet<Oid> =
            catalog_of(Oid::INVALID).scan::<PgDatabase>(&[])?.iter().map(|row| row.oid).collect();
        for database in self.store.smgr.list_databases()? {
            let swept = match known.contains(&database) {
                true => self.sweep_database(&catalog_of(database), database).map(|count| orphans.relations += count),
                false => self.store.buffers.drop_database(database, Xid::INVALID).map(|()| orphans.databases += 1),
            };
            if let Err(error) = swept {
                let what = format!("search for files that no catalog knows in \"base/{database}\"");
                orphans.problems.push(error.context(what));
            }
        }
        Ok(())
    }

    /// Removes the files of a database that nothing names. Answers of how many relations.
    fn sweep_database(&self, catalog: &Catalog<'_>, database: Oid) -> Result<usize> {
        let rows = catalog.scan::<PgClass>(&[])?;
        let mut named: BTreeSet<u32> = rows.iter().map(|row| file_number(row)).collect();
        named.extend(self.transactions().files_of_prepared().iter().map(|file| file.number));
        let found = self.store.smgr.relation_numbers(database)?;
        let useless: BTreeSet<u32> = found.difference(&named).copied().collect();
        for number in &useless {
            let file = RelFile { tablespace: DEFAULT_TABLESPACE, database, number: *number };
            self.store.buffers.remove_relation(file)?;
        }
        self.store.smgr.remove_stray_segments(database, &useless)?;
        if !useless.is_empty() {
            // Their numbers may be given again now. A file that came back after a power cut would be taken for a part of its successor: an
            // init fork, and the successor would be reset to it.
            self.store.smgr.sync_database(database)?;
        }
        Ok(useless.len())
    }
}

/// The number of a relation's file. Those of the catalogs that everything is found by are not in their rows.
fn file_number(row: &PgClass) -> u32 {
    if row.relfilenode.is_valid() { row.relfilenode.0 } else { row.oid.0 }
}
