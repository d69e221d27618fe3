//! The threads that redo pages while another one reads the log.
//!
//! Each worker has a part of all pages ([`Share::Part`]) and gets the records that touch one of them, in the order of the log and in batches: the memory that the
//! reader read them into, and where they are in it. So the records of a page are redone in order, and those of different pages at the same time. A record with
//! pages of two workers goes to both, and each redoes its own.

use crate::redo::Redo;
use base::Lsn;
use buffer::Share;
use report::{Error, Result};
use std::sync::mpsc::{Receiver, Sender, SyncSender, channel, sync_channel};
use std::thread::{Builder, Scope, ScopedJoinHandle};
use wal::{Record, Stretch};

/// Batches that wait for a worker before who reads the log waits for it.
const BATCHES_WAITING_MAX: usize = 2;
/// Records that are looked at before the first of them is redone.
const RECORDS_AHEAD: usize = 16;
/// As many as a set of parts has bits.
pub(crate) const WORKERS_MAX: usize = 64;

/// Records of one stretch of the log.
#[derive(Default)]
struct Batch {
    stretch: Stretch,
    /// Where each starts and ends.
    records: Vec<(Lsn, Lsn)>,
}

enum Job {
    Redo(Batch),
    /// Answers when everything before is done.
    Tell(Sender<()>),
}

struct Worker<'scope> {
    jobs: SyncSender<Job>,
    /// Not sent yet.
    batch: Batch,
    thread: ScopedJoinHandle<'scope, Result<()>>,
}

/// A set of parts: bit n for part n.
#[derive(Clone, Copy, Default)]
pub(crate) struct Parts(u64);

/// The workers, as who reads the log has them.
pub(crate) struct Workers<'scope> {
    workers: Vec<Worker<'scope>>,
}

impl<'scope> Workers<'scope> {
    /// Starts so many.
    ///
    /// Errors: 53000 if a thread cannot be started.
    pub(crate) fn start<'env>(scope: &'scope Scope<'scope, 'env>, redo: Redo<'scope>, count: usize) -> Result<Self> {
        let of = count.min(WORKERS_MAX) as u32;
        let start = |part| {
            let (jobs, received) = sync_channel(BATCHES_WAITING_MAX);
            let work = move || work(redo, Share::Part { part, of }, &received);
            let thread = Builder::new().name(format!("redo {part}")).spawn_scoped(scope, work);
            let thread = thread.map_err(|error| Error::io("start a thread for redo", &error))?;
            Ok(Worker { jobs, batch: Batch::default(), thread })
        };
        Ok(Workers { workers: (0..of).map(start).collect::<Result<_>>()? })
    }

    /// Who has pages of a record.
    pub(crate) fn parts_of(&self, record: &Record<'_>) -> Parts {
        let of = self.workers.len() as u32;
        let bits = record.blocks.iter().map(|block| 1 << Share::part_of(block.fork, block.block, of));
        Parts(bits.fold(0, |all, bit| all | bit))
    }

    /// Has a record redone soon by those who have pages of it.
    ///
    /// Errors: one of them has failed.
    pub(crate) fn give(&mut self, parts: Parts, stretch: &Stretch, start: Lsn, end: Lsn) -> Result<()> {
        for (part, worker) in self.workers.iter_mut().enumerate() {
            if parts.0 & 1 << part == 0 {
                continue;
            }
            if !worker.batch.stretch.is(stretch) {
                worker.send_batch()?;
                worker.batch.stretch = stretch.clone();
            }
            worker.batch.records.push((start, end));
        }
        Ok(())
    }

    /// Waits until everything that was given is done.
    ///
    /// Errors: one of them has failed.
    pub(crate) fn wait_until_idle(&mut self) -> Result<()> {
        let (tell, told) = channel();
        for worker in &mut self.workers {
            worker.send_batch()?;
            worker.send(Job::Tell(tell.clone()))?;
        }
        drop(tell);
        // Each answer is one that was asked for; a worker that fails lets go of its end.
        match told.iter().count() == self.workers.len() {
            true => Ok(()),
            false => Err(failed()),
        }
    }

    /// Has everything done and ends them.
    ///
    /// Errors: the first worker's that failed. Panics if one panicked.
    pub(crate) fn finish(mut self) -> Result<()> {
        // Who failed says so below.
        self.workers.iter_mut().for_each(|worker| drop(worker.send_batch()));
        let mut outcome = Ok(());
        for Worker { jobs, thread, .. } in self.workers {
            drop(jobs);
            match thread.join() {
                Ok(ended) => outcome = outcome.and(ended),
                Err(panic) => std::panic::resume_unwind(panic),
            }
        }
        outcome
    }
}

impl Worker<'_> {
    fn send_batch(&mut self) -> Result<()> {
        let batch = std::mem::take(&mut self.batch);
        if batch.records.is_empty() { Ok(()) } else { self.send(Job::Redo(batch)) }
    }

    fn send(&self, job: Job) -> Result<()> {
        self.jobs.send(job).map_err(|_| failed())
    }
}

/// Never seen: [`Workers::finish`] has the reason.
fn failed() -> Error {
    Error::internal("a worker of redo has failed")
}

fn work(redo: Redo<'_>, share: Share, jobs: &Receiver<Job>) -> Result<()> {
    let pages = redo.pages.with_share(share);
    for job in jobs {
        match job {
            Job::Redo(batch) => {
                for group in batch.records.chunks(RECORDS_AHEAD) {
                    let records = group.iter().map(|(start, end)| batch.stretch.record(*start, *end));
                    let records = records.collect::<Result<Vec<_>>>()?;
                    records.iter().for_each(|record| pages.prefetch(record));
                    records.iter().try_for_each(|record| redo.managers.redo(record, &pages))?;
                }
            }
            Job::Tell(tell) => drop(tell.send(())),
        }
    }
    Ok(())
}
