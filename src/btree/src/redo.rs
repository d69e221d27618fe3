//! Redo of the tree's records, with the functions that made the changes.

use crate::layout::{self, INCOMPLETE_SPLIT, Links};
use crate::records::{self, CHILD, LeftHalf, NEIGHBOUR, PAGE, RIGHT, kind};
use base::BlockNumber;
use buffer::RedoCx;
use page::Page;
use report::{Error, Result};
use wal::{Reach, Record, ResourceManager, RmgrId};

/// Redoes `BTREE` records.
pub struct BtreeResource;

fn change(record: &Record<'_>, cx: &RedoCx, id: u8, apply: impl FnOnce(&mut Page, &[u8]) -> Result<()>) -> Result<()> {
    let Some(reference) = record.block(id) else { return Ok(()) };
    let Some(mut guard) = cx.block(record, id)?.apply() else { return Ok(()) };
    apply(&mut guard, reference.data)?;
    guard.mark_dirty(record.end);
    Ok(())
}

fn unmark(page: &mut Page, _: &[u8]) -> Result<()> {
    layout::set_flag(page, INCOMPLETE_SPLIT, false);
    Ok(())
}

fn set_left(page: &mut Page, data: &[u8]) -> Result<()> {
    let left = data.first_chunk().ok_or_else(|| Error::corrupt("a b-tree record is damaged"))?;
    let links = layout::links(page);
    layout::set_links(page, Links { left: BlockNumber(u32::from_le_bytes(*left)), ..links });
    Ok(())
}

impl ResourceManager<RedoCx> for BtreeResource {
    fn id(&self) -> RmgrId {
        RmgrId::BTREE
    }

    fn reach(&self, _: &Record<'_>) -> Reach {
        Reach::Blocks
    }

    fn redo(&self, record: &Record<'_>, cx: &RedoCx) -> Result<()> {
        match record.info {
            kind::INSERT => change(record, cx, PAGE, records::apply_insert)?,
            kind::DELETE => change(record, cx, PAGE, records::apply_delete)?,
            kind::CREATE => change(record, cx, PAGE, records::apply_page)?,
            kind::SPLIT => {
                change(record, cx, RIGHT, records::apply_page)?;
                change(record, cx, PAGE, |page, data| LeftHalf::read(data)?.apply(page))?;
                change(record, cx, NEIGHBOUR, set_left)?;
            }
            kind::ROOT_SPLIT => {
                for id in [RIGHT, NEIGHBOUR, PAGE] {
                    change(record, cx, id, records::apply_page)?;
                }
            }
            other => return Err(Error::corrupt(format!("unknown WAL record kind {other:#x} of b-trees"))),
        }
        change(record, cx, CHILD, unmark)
    }

    fn describe(&self, record: &Record<'_>) -> String {
        let data = record.block(PAGE).map_or(&[][..], |block| block.data);
        match record.info {
            kind::INSERT => format!("INSERT off {}", data.first_chunk::<2>().map_or(0, |b| u16::from_le_bytes(*b))),
            kind::DELETE => format!("DELETE {} entries", data.len() / 2),
            kind::CREATE => "CREATE".to_owned(),
            kind::SPLIT => match LeftHalf::read(data) {
                Ok(half) => format!("SPLIT right {} entries left {}", half.right, half.stay),
                Err(_) => "SPLIT".to_owned(),
            },
            kind::ROOT_SPLIT => "ROOT_SPLIT".to_owned(),
            _ => "UNKNOWN".to_owned(),
        }
    }
}
