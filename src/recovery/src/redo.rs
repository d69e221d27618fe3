//! The table of resource managers and the loop over the log.

use crate::workers::Workers;
use buffer::{RedoCx, Share};
use report::{Error, Result};
use wal::{Reach, Reader, Record, ResourceManager, RmgrId, describe_record};

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

    fn manager_of(&self, record: &Record<'_>) -> Result<&SharedRmgr> {
        let (number, at) = (record.rmgr.0, record.start);
        self.get(record.rmgr).ok_or_else(|| Error::corrupt(format!("invalid resource manager ID {number} at {at}")))
    }

    /// Does a record again.
    ///
    /// Errors: its manager's, with the record as context; XX001 if there is no such manager.
    pub fn redo(&self, record: &Record<'_>, cx: &RedoCx) -> Result<()> {
        let manager = self.manager_of(record)?;
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

/// Called with each record before it is redone. May end redo by an error.
pub(crate) type Seen<'a> = &'a mut dyn FnMut(&Record<'_>) -> Result<()>;

/// Redo of a log.
#[derive(Clone, Copy)]
pub(crate) struct Redo<'a> {
    pub(crate) managers: &'a RmgrTable,
    pub(crate) pages: &'a RedoCx,
}

impl Redo<'_> {
    /// Does again what the log says from the reader's position to its end: this thread reads it and does what belongs to no page, the workers do the pages.
    /// Without workers it does all.
    ///
    /// Errors: the resource managers', the reader's and `seen`'s. The pages are then at different positions of the log; redo from the start mends that.
    pub(crate) fn run(self, reader: &mut Reader, workers: usize, seen: Seen<'_>) -> Result<()> {
        match workers {
            0 => self.run_alone(reader, seen),
            _ => std::thread::scope(|scope| {
                let mut workers = Workers::start(scope, self, workers)?;
                let outcome = self.run_shared(reader, &mut workers, seen);
                // A worker that failed makes this thread fail in turn, and knows better why.
                workers.finish().and(outcome)
            }),
        }
    }

    fn run_alone(self, reader: &mut Reader, seen: Seen<'_>) -> Result<()> {
        while let Some(record) = reader.read()? {
            seen(&record)?;
            self.managers.redo(&record, self.pages)?;
        }
        Ok(())
    }

    fn run_shared(self, reader: &mut Reader, workers: &mut Workers<'_>, seen: Seen<'_>) -> Result<()> {
        let besides = self.pages.with_share(Share::None);
        while let Some(record) = reader.read()? {
            seen(&record)?;
            if self.managers.manager_of(&record)?.reach(&record) == Reach::Anything {
                workers.wait_until_idle()?;
                self.managers.redo(&record, self.pages)?;
                continue;
            }
            self.managers.redo(&record, &besides)?;
            let (parts, start, end) = (workers.parts_of(&record), record.start, record.end);
            workers.give(parts, reader.stretch(), start, end)?;
        }
        Ok(())
    }
}
