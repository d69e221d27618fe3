//! The table of resource managers and the loop over the log.

use buffer::RedoCx;
use report::{Error, Result};
use wal::{Record, ResourceManager, RmgrId, describe_record};

/// A resource manager as the engine keeps it.
pub type SharedRmgr = Box<dyn ResourceManager<RedoCx>>;

/// Who redoes what: by the number in the record.
pub struct RmgrTable(Vec<Option<SharedRmgr>>);

impl RmgrTable {
    /// Panics if two have the same number.
    pub fn new(managers: Vec<SharedRmgr>) -> RmgrTable {
        let mut table: Vec<Option<SharedRmgr>> = (0..=u8::MAX).map(|_| None).collect();
        for manager in managers {
            let slot = &mut table[usize::from(manager.id().0)];
            assert!(slot.is_none(), "resource manager {} is there twice", manager.id().name());
            *slot = Some(manager);
        }
        RmgrTable(table)
    }

    /// The numbers of those that are there.
    pub fn ids(&self) -> impl Iterator<Item = RmgrId> {
        self.0.iter().flatten().map(|manager| manager.id())
    }

    fn get(&self, id: RmgrId) -> Option<&SharedRmgr> {
        self.0[usize::from(id.0)].as_ref()
    }

    /// Does a record again.
    ///
    /// Errors: its manager's, with the record as context; XX001 if there is no such manager.
    pub fn redo(&self, record: &Record<'_>, cx: &RedoCx) -> Result<()> {
        let Some(manager) = self.get(record.rmgr) else {
            return Err(Error::corrupt(format!("invalid resource manager ID {} at {}", record.rmgr.0, record.start)));
        };
        manager.redo(record, cx).map_err(|error| {
            let (name, text) = (record.rmgr.name(), manager.describe(record));
            error.context(format!("WAL redo at {} for {name}/{text}", record.start))
        })
    }

    /// The record in one line, in the manner of pg_waldump.
    pub fn describe(&self, record: &Record<'_>) -> String {
        let text = self.get(record.rmgr).map_or_else(|| "unknown".to_owned(), |manager| manager.describe(record));
        describe_record(record, &text)
    }
}

impl std::fmt::Debug for RmgrTable {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        let names = self.0.iter().flatten().map(|manager| manager.id().name());
        f.debug_list().entries(names).finish()
    }
}
