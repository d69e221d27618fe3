//! Redo of the heap's records, with the functions that made the changes.

use crate::change::blocks_of;
use crate::layout::{self, ALL_VISIBLE, HAS_UNUSED};
use crate::maps;
use crate::prune::PrunePlan;
use crate::records::{self, MAP_PAGE, OLD_PAGE, PAGE, XmaxChange, kind};
use base::Tid;
use buffer::{RedoCx, WriteGuard};
use page::Page;
use report::{Error, Result};
use wal::{Reach, Record, ResourceManager, RmgrId};

/// Redoes `HEAP` records.
pub struct HeapResource;
/// Redoes `HEAP2` records.
pub struct Heap2Resource;
/// Redoes `SEQUENCE` records.
pub struct SequenceResource;

/// Changes the page of a block, if it does not show the change yet.
fn change(record: &Record<'_>, cx: &RedoCx, id: u8, apply: impl FnOnce(&mut Page, &[u8]) -> Result<()>) -> Result<()> {
    let Some(mut guard) = cx.block(record, id)?.apply() else { return Ok(()) };
    if guard.is_new() {
        guard.init(0);
    }
    let data = record.block(id).expect("its page was just fetched").data;
    apply(&mut guard, data)?;
    finish(&mut guard, record);
    Ok(())
}

fn finish(guard: &mut WriteGuard, record: &Record<'_>) {
    guard.mark_dirty(record.end);
}

/// Sets or clears bits in the visibility map's pages of the record.
fn change_maps(record: &Record<'_>, cx: &RedoCx, on: bool) -> Result<()> {
    for id in [MAP_PAGE, MAP_PAGE + 1] {
        if record.block(id).is_none() {
            continue;
        }
        let Some(mut map) = cx.block(record, id)?.apply() else { continue };
        for block in blocks_of(record.block(id).expect("it was just seen").data) {
            maps::set_visible_bit(&mut map, block, on);
        }
        map.mark_dirty(record.end);
    }
    Ok(())
}

fn not_visible(page: &mut Page) {
    layout::set_flag(page, ALL_VISIBLE, false);
}

impl ResourceManager<RedoCx> for HeapResource {
    fn id(&self) -> RmgrId {
        RmgrId::HEAP
    }

    fn reach(&self, _: &Record<'_>) -> Reach {
        Reach::Blocks
    }

    fn redo(&self, record: &Record<'_>, cx: &RedoCx) -> Result<()> {
        change_maps(record, cx, false)?;
        match record.info {
            kind::INSERT => change(record, cx, PAGE, |page, data| {
                not_visible(page);
                records::apply_insert(page, data)
            }),
            kind::XMAX => change(record, cx, PAGE, |page, data| {
                not_visible(page);
                XmaxChange::read(data)?.apply(page)
            }),
            kind::UPDATE => redo_update(record, cx),
            kind::OVERWRITE => change(record, cx, PAGE, records::apply_overwrite),
            other => Err(Error::corrupt(format!("unknown WAL record kind {other:#x} of heap"))),
        }
    }

    fn describe(&self, record: &Record<'_>) -> String {
        let data = record.block(PAGE).map_or(&[][..], |block| block.data);
        let offset = data.first_chunk::<2>().map_or(0, |b| u16::from_le_bytes(*b));
        let name = match record.info {
            kind::INSERT => "INSERT",
            kind::XMAX => "XMAX",
            kind::UPDATE => "UPDATE",
            kind::OVERWRITE => "OVERWRITE",
            _ => "UNKNOWN",
        };
        format!("{name} off {offset}")
    }
}

fn redo_update(record: &Record<'_>, cx: &RedoCx) -> Result<()> {
    note_row_moved(record, cx)?;
    change(record, cx, PAGE, |page, data| {
        not_visible(page);
        records::apply_insert(page, data)?;
        if record.data.is_empty() { Ok(()) } else { XmaxChange::read(record.data)?.apply(page) }
    })?;
    if record.block(OLD_PAGE).is_none() {
        return Ok(());
    }
    change(record, cx, OLD_PAGE, |page, data| {
        not_visible(page);
        XmaxChange::read(data)?.apply(page)
    })
}

/// Who had the old version locked with others has the new one. The record tells of both if anybody had.
fn note_row_moved(record: &Record<'_>, cx: &RedoCx) -> Result<()> {
    let (old, data) = match record.block(OLD_PAGE) {
        None => (record.block(PAGE), record.data),
        Some(block) => (Some(block), block.data),
    };
    if let Some(old) = old
        && !data.is_empty()
    {
        let end = XmaxChange::read(data)?;
        cx.note_row_moved(old.fork.file, Tid { block: old.block, offset: end.offset }, end.ctid);
    }
    Ok(())
}

impl ResourceManager<RedoCx> for Heap2Resource {
    fn id(&self) -> RmgrId {
        RmgrId::HEAP2
    }

    fn reach(&self, _: &Record<'_>) -> Reach {
        Reach::Blocks
    }

    fn redo(&self, record: &Record<'_>, cx: &RedoCx) -> Result<()> {
        change_maps(record, cx, record.info == kind::VISIBLE)?;
        match record.info {
            kind::MULTI_INSERT => change(record, cx, PAGE, |page, data| {
                not_visible(page);
                records::apply_multi_insert(page, data)
            }),
            kind::PRUNE => change(record, cx, PAGE, |page, data| {
                PrunePlan::read(data)?.apply(page);
                layout::set_flag(page, HAS_UNUSED, true);
                Ok(())
            }),
            kind::VISIBLE => change(record, cx, PAGE, |page, _| {
                layout::set_flag(page, ALL_VISIBLE, true);
                Ok(())
            }),
            other => Err(Error::corrupt(format!("unknown WAL record kind {other:#x} of heap2"))),
        }
    }

    fn describe(&self, record: &Record<'_>) -> String {
        let data = record.block(PAGE).map_or(&[][..], |block| block.data);
        match record.info {
            kind::MULTI_INSERT => format!("MULTI_INSERT {} bytes", data.len()),
            kind::PRUNE => match PrunePlan::read(data) {
                Ok(plan) => {
                    format!("PRUNE redirected {:?} dead {:?} unused {:?}", plan.redirects, plan.dead, plan.unused)
                }
                Err(_) => "PRUNE".to_owned(),
            },
            kind::VISIBLE => "VISIBLE".to_owned(),
            _ => "UNKNOWN".to_owned(),
        }
    }
}

impl ResourceManager<RedoCx> for SequenceResource {
    fn id(&self) -> RmgrId {
        RmgrId::SEQUENCE
    }

    fn reach(&self, _: &Record<'_>) -> Reach {
        Reach::Blocks
    }

    fn redo(&self, record: &Record<'_>, cx: &RedoCx) -> Result<()> {
        let Some(mut guard) = cx.init_block(record, PAGE)? else { return Ok(()) };
        crate::sequence::write_page(&mut guard, record.data)?;
        finish(&mut guard, record);
        Ok(())
    }

    fn describe(&self, _: &Record<'_>) -> String {
        "SET".to_owned()
    }
}
