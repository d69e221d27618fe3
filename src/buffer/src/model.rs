//! Look-ups without a lock against frames that are given to other pages: `cargo models buffer`.
//!
//! The threads run the server's own page table, frame descriptors and state words, in a pool of two frames whose pages all hang off one chain. Copies, with
//! neither files nor a content lock below them, are the steps between ([`Pool::fetch`], [`Pool::victim`], as `BufferPool::install` and
//! `BufferPool::victim`); a page's contents are one word. By hand: let `State::retire` not look at the pins, `pin_tagged` not look at the tag again,
//! `Table::install` set TAG_VALID before the tag, or `fetch` leave out the second look for the page.

use crate::frame::{Frame, Tag};
use crate::state::{Claim, LOADED, State, TAG_VALID};
use crate::table::Table;
use base::{BlockNumber, Fork, Oid, RelFile, RelFork};
use std::sync::Arc;
use sync::atomic::{AtomicU32, Ordering};
use sync::check::check;
use sync::thread;

const SCHEDULES: usize = 4000;
const FRAMES: usize = 2;

fn tag(block: u32) -> Tag {
    let file = RelFile { tablespace: Oid(1), database: Oid(2), number: 3 };
    Tag { fork: RelFork { file, fork: Fork::Main }, block: BlockNumber(block) }
}

struct Pool {
    table: Table,
    frames: [Frame; FRAMES],
    /// What the frame's page says: its block.
    contents: [AtomicU32; FRAMES],
}

impl Pool {
    /// A pool into which these blocks were read.
    fn with(blocks: &[u32]) -> Arc<Pool> {
        let contents = std::array::from_fn(|_| AtomicU32::new(0));
        let pool = Pool { table: Table::new(FRAMES), frames: std::array::from_fn(|_| Frame::new()), contents };
        for block in blocks {
            let frame = pool.fetch(*block).expect("there is a free frame");
            pool.let_go(frame);
        }
        Arc::new(pool)
    }

    fn state(&self, frame: u32) -> &State {
        &self.frames[frame as usize].state
    }

    fn let_go(&self, frame: u32) {
        assert!(self.state(frame).unpin(), "nobody waits");
    }

    /// Pins a page, in another's frame if need be. None: all frames are pinned.
    fn fetch(&self, block: u32) -> Option<u32> {
        let (tag, place) = (tag(block), self.table.place(tag(block)));
        if let Some((frame, _)) = self.table.find(&self.frames, place, tag) {
            return Some(frame);
        }
        let victim = self.victim()?;
        let partition = self.table.lock(place);
        if let Some((frame, _)) = self.table.find_locked(&self.frames, place, tag, State::pin) {
            drop(partition);
            self.let_go(victim);
            return Some(frame);
        }
        self.table.install(&self.frames, place, tag, victim);
        drop(partition);
        self.contents[victim as usize].store(block, Ordering::Relaxed);
        self.state(victim).set(LOADED);
        Some(victim)
    }

    /// The clock comes twice to each frame: the pages were used once.
    fn victim(&self) -> Option<u32> {
        (0..FRAMES as u32).chain(0..FRAMES as u32).find(|&frame| {
            let Claim::Taken(before) = self.state(frame).claim() else { return false };
            let is_own = !before.has(TAG_VALID) || self.table.retire(&self.frames, frame);
            if !is_own {
                self.let_go(frame);
            }
            is_own
        })
    }

    /// A pinned frame holds the page that was asked for, and no other one's contents.
    fn look(&self, frame: u32, block: u32) {
        assert_eq!(self.frames[frame as usize].tag(), tag(block), "the pinned page");
        if self.state(frame).load().has(LOADED) {
            assert_eq!(self.contents[frame as usize].load(Ordering::Relaxed), block, "the pinned page");
        }
    }
}

/// Who finds a page, while another thread wants frames, has it for as long as the pin lasts.
#[test]
fn a_pinned_page_stays() {
    check("buffer eviction against pin", SCHEDULES, || {
        let pool = Pool::with(&[1, 2]);
        let evictor = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.fetch(3))
        };
        if let Some((frame, _)) = pool.table.find(&pool.frames, pool.table.place(tag(1)), tag(1)) {
            pool.look(frame, 1);
            thread::yield_now();
            pool.look(frame, 1);
            pool.let_go(frame);
        }
        if let Some(frame) = evictor.join().expect("it ends") {
            pool.look(frame, 3);
        }
    });
}

/// Two that want the same page, which has no frame, get the same one.
#[test]
fn a_page_has_one_frame() {
    check("buffer one page, one frame", SCHEDULES, || {
        let pool = Pool::with(&[1]);
        let other = {
            let pool = Arc::clone(&pool);
            thread::spawn(move || pool.fetch(2).inspect(|frame| pool.look(*frame, 2)))
        };
        let mine = pool.fetch(2).inspect(|frame| pool.look(*frame, 2));
        if let (Some(mine), Some(theirs)) = (mine, other.join().expect("it ends")) {
            assert_eq!(mine, theirs, "one frame");
        }
    });
}
