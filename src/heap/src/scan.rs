//! Scanning a whole table, a page at a time.
//!
//! A page is copied under its content lock and read from the copy: rows refer to it without being copied once more, and nothing is
//! held between two calls.

use crate::fetch::{Hint, fill_header, set_hints};
use crate::toast::Toaster;
use crate::{layout, maps, prune_page, visibility};
use access::{Direction, Relation, Row, ScanOptions, Store, TableScan};
use base::{BlockNumber, OffsetNumber, Tid};
use buffer::BulkRing;
use lock::check_interrupts;
use page::Page;
use report::Result;
use std::ops::Range;
use std::sync::Arc;
use tuple::{HeapTuple, TupleBuffer, TupleHeader};
use xact::Snapshot;

/// A version that the scan's snapshot sees: where it lies in the copy of its page.
#[derive(Clone, Copy)]
struct Visible {
    offset: OffsetNumber,
    start: u16,
    len: u16,
}

/// A scan of a table.
pub(crate) struct HeapScan {
    store: Arc<Store>,
    table: Arc<Relation>,
    options: ScanOptions,
    blocks: Range<u32>,
    /// The block that is loaded, or where to go on: before the first block is `blocks.start`, behind the last `blocks.end`.
    position: Position,
    page: TupleBuffer,
    visible: Vec<Visible>,
    hints: Vec<Hint>,
    /// The frames of a scan that is big.
    ring: Option<BulkRing>,
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Position {
    /// Before the first row.
    Start,
    /// At the row with this index among the visible ones of this block.
    At(u32, usize),
    /// Behind the last row.
    End,
}

impl HeapScan {
    pub(crate) fn new(store: &Arc<Store>, table: &Arc<Relation>, options: ScanOptions) -> Result<HeapScan> {
        let mut scan = HeapScan {
            store: Arc::clone(store),
            table: Arc::clone(table),
            options,
            blocks: 0..0,
            position: Position::Start,
            page: TupleBuffer::default(),
            visible: Vec::new(),
            hints: Vec::new(),
            ring: None,
        };
        scan.restart()?;
        Ok(scan)
    }

    fn restart(&mut self) -> Result<()> {
        let count = maps::table_blocks(&self.store, &self.table)?;
        let wanted = self.options.blocks.clone().unwrap_or(0..count);
        self.blocks = wanted.start.min(count)..wanted.end.min(count);
        self.position = Position::Start;
        self.ring = BulkRing::for_scan(&self.store.buffers, self.blocks.len() as u32);
        Ok(())
    }

    /// Copies a block and finds what is visible on it.
    fn load(&mut self, block: u32) -> Result<()> {
        if self.options.interrupts.pending() {
            check_interrupts(&self.options.interrupts)?;
        }
        let pin = self.store.read_bulk(&self.table, BlockNumber(block), self.ring.as_mut())?;
        let pin = match prune_page::try_in_passing(&self.store, &self.table, pin)? {
            Ok(guard) => guard.downgrade(),
            Err(pin) => pin.share(),
        };
        self.visible.clear();
        self.hints.clear();
        if pin.is_new() {
            drop(pin);
            return maps::check_new(&self.store, &self.table, BlockNumber(block));
        }
        let all_visible = layout::is_all_visible(&pin);
        self.page.refill(|bytes| bytes.extend_from_slice(pin.bytes()));
        collect_pointers(&pin, &mut self.visible);
        let pin = pin.unlock();
        if !all_visible {
            self.keep_visible()?;
            set_hints(&self.store, &self.table, pin, &self.hints)?;
        }
        Ok(())
    }

    /// Drops the versions that the snapshot does not see.
    fn keep_visible(&mut self) -> Result<()> {
        let (page, hints) = (&self.page, &mut self.hints);
        let (snapshot, xacts) = (&self.options.snapshot, &*self.store.xacts);
        let mut failed = Ok(());
        self.visible.retain(|item| {
            let start = usize::from(item.start);
            let seen = TupleHeader::read(&page[start..start + usize::from(item.len)]).and_then(|header| {
                let verdict = visibility::sees(&header, snapshot, xacts)?;
                if verdict.hints != 0 {
                    hints.push((item.offset, header.xmin, header.xmax, verdict.hints));
                }
                Ok(verdict.visible)
            });
            seen.unwrap_or_else(|error| {
                failed = Err(error);
                false
            })
        });
        failed
    }

    fn step_forward(&mut self) -> Result<bool> {
        let (mut block, mut next) = match self.position {
            Position::End => return Ok(false),
            Position::At(block, index) => (block, index + 1),
            Position::Start if self.blocks.is_empty() => return self.stop(Position::End),
            Position::Start => {
                self.load(self.blocks.start)?;
                (self.blocks.start, 0)
            }
        };
        while next >= self.visible.len() {
            block += 1;
            if block >= self.blocks.end {
                return self.stop(Position::End);
            }
            self.load(block)?;
            next = 0;
        }
        self.position = Position::At(block, next);
        Ok(true)
    }

    fn step_backward(&mut self) -> Result<bool> {
        let (mut block, mut next) = match self.position {
            Position::Start => return Ok(false),
            Position::At(block, index) => (block, index),
            Position::End if self.blocks.is_empty() => return self.stop(Position::Start),
            Position::End => {
                self.load(self.blocks.end - 1)?;
                (self.blocks.end - 1, self.visible.len())
            }
        };
        while next == 0 {
            if block == self.blocks.start {
                return self.stop(Position::Start);
            }
            block -= 1;
            self.load(block)?;
            next = self.visible.len();
        }
        self.position = Position::At(block, next - 1);
        Ok(true)
    }

    fn stop(&mut self, position: Position) -> Result<bool> {
        self.position = position;
        Ok(false)
    }

    fn fill(&self, row: &mut Row) -> Result<()> {
        let Position::At(block, index) = self.position else { unreachable!("a step just found a row") };
        let item = self.visible[index];
        let range = usize::from(item.start)..usize::from(item.start) + usize::from(item.len);
        let header = TupleHeader::read(&self.page[range.clone()])?;
        fill_header(&self.table, Tid { block: BlockNumber(block), offset: item.offset }, &header, row);
        row.values.clear();
        let toaster = Toaster::of(&self.store, &self.table);
        let buffer = (self.page.shared(), range);
        HeapTuple::deform_shared(buffer, &self.table.desc, &self.options.wanted, &toaster, &mut row.values)
    }
}

fn collect_pointers(page: &Page, out: &mut Vec<Visible>) {
    for offset in page.offsets() {
        let pointer = page.line_pointer(offset);
        if pointer.is_normal() {
            out.push(Visible { offset, start: pointer.offset() as u16, len: pointer.length() as u16 });
        }
    }
}

impl TableScan for HeapScan {
    fn next(&mut self, direction: Direction, row: &mut Row) -> Result<bool> {
        let found = match direction {
            Direction::Forward => self.step_forward()?,
            Direction::Backward => self.step_backward()?,
        };
        if found {
            self.fill(row)?;
        }
        Ok(found)
    }

    fn rescan(&mut self, snapshot: Option<Snapshot>) -> Result<()> {
        if let Some(snapshot) = snapshot {
            self.options.snapshot = snapshot;
        }
        self.restart()
    }
}
