//! The record: its bytes, and building and reading them.
//!
//! All numbers are little-endian. A record starts at a multiple of 8; up to 7 zero bytes follow it.
//!
//! | offset | width | field | meaning |
//! |-------:|------:|-------|---------|
//! | 0  | 4 | length | of the whole record, header included, padding not |
//! | 4  | 4 | crc | CRC-32C of all the record's other bytes: first those after the header, then bytes 0..4 and 8..32 of it |
//! | 8  | 8 | previous | where the record before starts |
//! | 16 | 8 | xid | the transaction, or zero |
//! | 24 | 4 | epoch | how many times the log was started for writing |
//! | 28 | 1 | resource manager | |
//! | 29 | 1 | info | the resource manager's |
//! | 30 | 1 | blocks | how many block references follow |
//! | 31 | 1 | zero | |
//!
//! Then the block references, one after the other:
//!
//! | width | field | meaning |
//! |------:|-------|---------|
//! | 1 | id | the resource manager's name for the block |
//! | 1 | flags | bits 0-1 the fork; [`BlockFlags`] |
//! | 2 | data length | of the block's own data |
//! | 12 | relation | tablespace, database, file number; missing if `SAME_RELATION` as in the reference before |
//! | 4 | block number | |
//! | 2, 2 | hole start, hole length | only with an image: what was left out of it, all zeros |
//!
//! Then, for each reference in order, its image (8192 less the hole) and its data. Then the main data: the rest.

use crate::RmgrId;
use base::{BlockNumber, Fork, Lsn, Oid, PAGE_BYTES, RelFile, RelFork, Xid};
use page::Page;
use report::{Error, Result};

const AT_LENGTH: usize = 0;
const AT_CRC: usize = AT_LENGTH + 4;
const AT_PREVIOUS: usize = AT_CRC + 4;
const AT_XID: usize = AT_PREVIOUS + 8;
const AT_EPOCH: usize = AT_XID + 8;
const AT_RMGR: usize = AT_EPOCH + 4;
const AT_INFO: usize = AT_RMGR + 1;
const AT_BLOCKS: usize = AT_INFO + 1;
const AT_ZERO: usize = AT_BLOCKS + 1;

/// Bytes of a record's header.
pub const RECORD_HEADER_BYTES: usize = AT_ZERO + 1;
const _: () = assert!(RECORD_HEADER_BYTES == 32);
/// Records start at multiples of this.
pub const RECORD_ALIGN: u64 = 8;
/// Block references in a record.
pub const BLOCKS_MAX: usize = 32;

/// What a block reference carries and asks for.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct BlockFlags(pub u8);

impl BlockFlags {
    const FORK: u8 = 0x03;
    const HAS_IMAGE: u8 = 0x10;
    const SAME_RELATION: u8 = 0x20;
    /// Redo makes the page anew: it needs no image and its old contents do not matter.
    pub const WILL_INIT: BlockFlags = BlockFlags(0x40);
    /// Keep the block's data even if an image makes it superfluous (logical decoding, `describe`).
    pub const KEEP_DATA: BlockFlags = BlockFlags(0x80);

    /// True if all of `other`'s bits are set.
    pub const fn has(self, other: BlockFlags) -> bool {
        self.0 & other.0 == other.0
    }

    /// Both.
    pub const fn with(self, other: BlockFlags) -> BlockFlags {
        BlockFlags(self.0 | other.0)
    }
}

/// A page's bytes with the hole left out.
#[derive(Clone, Copy, Debug)]
pub struct Image<'a> {
    hole_start: u16,
    hole_bytes: u16,
    bytes: &'a [u8],
}

impl Image<'_> {
    /// Writes the page out whole. Its LSN is what it was when the image was taken.
    pub fn restore(&self, page: &mut Page) {
        let (start, hole) = (usize::from(self.hole_start), usize::from(self.hole_bytes));
        let target = page.bytes_mut();
        target[..start].copy_from_slice(&self.bytes[..start]);
        target[start..start + hole].fill(0);
        target[start + hole..].copy_from_slice(&self.bytes[start..]);
    }

    /// Bytes that the image takes in the log.
    pub fn stored_bytes(&self) -> usize {
        self.bytes.len()
    }
}

/// A block that the record changes.
#[derive(Clone, Copy, Debug)]
pub struct BlockRef<'a> {
    /// The resource manager's name for it.
    pub id: u8,
    /// What it belongs to.
    pub fork: RelFork,
    /// Which one.
    pub block: BlockNumber,
    /// What was asked for at insertion.
    pub flags: BlockFlags,
    /// The page as it was after the change.
    pub image: Option<Image<'a>>,
    /// What only this block's redo needs. Empty if there is an image, unless it was to be kept.
    pub data: &'a [u8],
}

/// A record read from the log.
#[derive(Clone, Debug)]
pub struct Record<'a> {
    /// Where it starts.
    pub start: Lsn,
    /// Where the next one starts: the LSN of the pages it changes.
    pub end: Lsn,
    /// Where the one before it starts.
    pub previous: Lsn,
    /// Its transaction, or `Xid::INVALID`.
    pub xid: Xid,
    /// Who redoes it.
    pub rmgr: RmgrId,
    /// What kind it is, by its resource manager.
    pub info: u8,
    /// The epoch it was written in.
    pub epoch: u32,
    /// The whole length.
    pub length: u32,
    /// What it changes.
    pub blocks: Vec<BlockRef<'a>>,
    /// What belongs to no block.
    pub data: &'a [u8],
}

impl Record<'_> {
    /// The block reference of this id.
    pub fn block(&self, id: u8) -> Option<&BlockRef<'_>> {
        self.blocks.iter().find(|block| block.id == id)
    }
}

/// The header's fields, before the record is taken apart.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Header {
    pub(crate) length: u32,
    pub(crate) crc: u32,
    pub(crate) previous: Lsn,
    pub(crate) epoch: u32,
}

impl Header {
    pub(crate) fn parse(bytes: &[u8; RECORD_HEADER_BYTES]) -> Header {
        Header {
            length: u32_at(bytes, AT_LENGTH),
            crc: u32_at(bytes, AT_CRC),
            previous: Lsn(u64_at(bytes, AT_PREVIOUS)),
            epoch: u32_at(bytes, AT_EPOCH),
        }
    }
}

/// The CRC that the record's bytes should carry.
pub(crate) fn crc_of(record: &[u8]) -> u32 {
    let body = crc32c::crc32c(&record[RECORD_HEADER_BYTES..]);
    crc_of_header(body, record[..RECORD_HEADER_BYTES].try_into().expect("a header is there"))
}

fn crc_of_header(body: u32, header: &[u8; RECORD_HEADER_BYTES]) -> u32 {
    let length = crc32c::crc32c_append(body, &header[..AT_CRC]);
    crc32c::crc32c_append(length, &header[AT_PREVIOUS..])
}

/// A record's bytes, complete but for what only the place in the log decides (previous, epoch, CRC).
#[derive(Clone, Debug)]
pub struct RecordBytes {
    bytes: Vec<u8>,
    body_crc: u32,
    images: u64,
}

impl RecordBytes {
    /// The length, header included.
    pub fn length(&self) -> usize {
        self.bytes.len()
    }

    /// How many page images it holds.
    pub fn images(&self) -> u64 {
        self.images
    }

    /// Fills in what the place in the log decides.
    pub(crate) fn seal(&mut self, previous: Lsn, epoch: u32) -> &[u8] {
        self.bytes[AT_PREVIOUS..AT_XID].copy_from_slice(&previous.0.to_le_bytes());
        self.bytes[AT_EPOCH..AT_RMGR].copy_from_slice(&epoch.to_le_bytes());
        let header = self.bytes[..RECORD_HEADER_BYTES].try_into().expect("a header is there");
        let crc = crc_of_header(self.body_crc, header);
        self.bytes[AT_CRC..AT_PREVIOUS].copy_from_slice(&crc.to_le_bytes());
        &self.bytes
    }

    /// Takes the buffer back for the next record.
    pub fn into_buffer(self) -> Vec<u8> {
        self.bytes
    }
}

/// Builds a record's bytes: first all block references, then their contents in the same order, then main data.
/// Most callers use the buffer pool's builder, which decides about images and sets page LSNs.
#[derive(Debug)]
pub struct RecordWriter {
    bytes: Vec<u8>,
    /// Images and block data, to go behind the references.
    contents: Vec<u8>,
    last: Option<RelFile>,
    blocks: u8,
    images: u64,
}

impl RecordWriter {
    /// An empty record in a buffer to be reused.
    pub fn new(mut buffer: Vec<u8>, rmgr: RmgrId, info: u8, xid: Xid) -> RecordWriter {
        buffer.clear();
        buffer.resize(RECORD_HEADER_BYTES, 0);
        buffer[AT_XID..AT_EPOCH].copy_from_slice(&xid.0.to_le_bytes());
        (buffer[AT_RMGR], buffer[AT_INFO]) = (rmgr.0, info);
        RecordWriter { bytes: buffer, contents: Vec::new(), last: None, blocks: 0, images: 0 }
    }

    /// Adds a block reference with its data. With `image` the data is left out unless flags say to keep it.
    pub fn block(&mut self, id: u8, at: (RelFork, BlockNumber), flags: BlockFlags, image: Option<&Page>, data: &[u8]) {
        assert!(usize::from(self.blocks) < BLOCKS_MAX, "too many blocks in a record");
        let (fork, block) = at;
        let keeps_data = image.is_none() || flags.has(BlockFlags::KEEP_DATA);
        let data = if keeps_data { data } else { &[] };
        let same = self.last == Some(fork.file);
        let mut bits = flags.0 & (BlockFlags::WILL_INIT.0 | BlockFlags::KEEP_DATA.0) | fork.fork as u8;
        bits |= if image.is_some() { BlockFlags::HAS_IMAGE } else { 0 };
        bits |= if same { BlockFlags::SAME_RELATION } else { 0 };
        self.bytes.extend_from_slice(&[id, bits]);
        let length = u16::try_from(data.len()).expect("a block's data is shorter than 64 KiB");
        self.bytes.extend_from_slice(&length.to_le_bytes());
        if !same {
            self.put_relation(fork.file);
        }
        self.bytes.extend_from_slice(&block.0.to_le_bytes());
        if let Some(page) = image {
            self.put_image(page);
            self.images += 1;
        }
        self.contents.extend_from_slice(data);
        self.blocks += 1;
    }

    fn put_relation(&mut self, file: RelFile) {
        for number in [file.tablespace.0, file.database.0, file.number] {
            self.bytes.extend_from_slice(&number.to_le_bytes());
        }
        self.last = Some(file);
    }

    fn put_image(&mut self, page: &Page) {
        let hole = page.hole();
        for number in [hole.start as u16, hole.len() as u16] {
            self.bytes.extend_from_slice(&number.to_le_bytes());
        }
        self.contents.extend_from_slice(&page.bytes()[..hole.start]);
        self.contents.extend_from_slice(&page.bytes()[hole.end..]);
    }

    /// Ends the record with its main data, given in parts.
    pub fn finish(mut self, data: &[&[u8]]) -> RecordBytes {
        self.bytes.extend_from_slice(&self.contents);
        for part in data {
            self.bytes.extend_from_slice(part);
        }
        let length = u32::try_from(self.bytes.len()).expect("a record is shorter than 4 GiB");
        self.bytes[AT_LENGTH..AT_CRC].copy_from_slice(&length.to_le_bytes());
        self.bytes[AT_BLOCKS] = self.blocks;
        let body_crc = crc32c::crc32c(&self.bytes[RECORD_HEADER_BYTES..]);
        RecordBytes { bytes: self.bytes, body_crc, images: self.images }
    }
}

fn u32_at(bytes: &[u8], at: usize) -> u32 {
    u32::from_le_bytes(bytes[at..at + 4].try_into().expect("four bytes"))
}

fn u64_at(bytes: &[u8], at: usize) -> u64 {
    u64::from_le_bytes(bytes[at..at + 8].try_into().expect("eight bytes"))
}

/// A cursor over a record's bytes; running out of them is damage that the CRC did not see.
struct Cursor<'a>(&'a [u8]);

impl<'a> Cursor<'a> {
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let Some((head, tail)) = self.0.split_at_checked(count) else {
            return Err(Error::corrupt("WAL record is shorter than its contents"));
        };
        self.0 = tail;
        Ok(head)
    }

    fn u8(&mut self) -> Result<u8> {
        Ok(self.take(1)?[0])
    }

    fn u16(&mut self) -> Result<u16> {
        Ok(u16::from_le_bytes(self.take(2)?.try_into().expect("two bytes")))
    }

    fn u32(&mut self) -> Result<u32> {
        Ok(u32_at(self.take(4)?, 0))
    }
}

impl<'a> Record<'a> {
    /// Takes a record's bytes apart. They passed the CRC.
    ///
    /// Errors: XX001 if they make no sense nevertheless.
    pub fn parse(bytes: &'a [u8], start: Lsn, end: Lsn) -> Result<Record<'a>> {
        let mut cursor = Cursor(&bytes[RECORD_HEADER_BYTES..]);
        let count = usize::from(bytes[AT_BLOCKS]);
        let mut blocks: Vec<BlockRef<'a>> = Vec::with_capacity(count);
        let mut data_bytes = [0; BLOCKS_MAX];
        let Some(data_bytes) = data_bytes.get_mut(..count) else {
            return Err(Error::corrupt("WAL record has too many blocks"));
        };
        for bytes in data_bytes.iter_mut() {
            let last = blocks.last().map(|block| block.fork.file);
            let (reference, length) = parse_reference(&mut cursor, last)?;
            *bytes = length;
            blocks.push(reference);
        }
        for (block, length) in blocks.iter_mut().zip(data_bytes) {
            if let Some(image) = &mut block.image {
                image.bytes = cursor.take(PAGE_BYTES - usize::from(image.hole_bytes))?;
            }
            block.data = cursor.take(usize::from(*length))?;
        }
        Ok(Record {
            start,
            end,
            previous: Lsn(u64_at(bytes, AT_PREVIOUS)),
            xid: Xid(u64_at(bytes, AT_XID)),
            rmgr: RmgrId(bytes[AT_RMGR]),
            info: bytes[AT_INFO],
            epoch: u32_at(bytes, AT_EPOCH),
            length: u32_at(bytes, AT_LENGTH),
            blocks,
            data: cursor.0,
        })
    }
}

/// A block reference without its contents, and the length of its data.
fn parse_reference<'a>(cursor: &mut Cursor<'a>, last: Option<RelFile>) -> Result<(BlockRef<'a>, u16)> {
    let (id, bits, data_bytes) = (cursor.u8()?, cursor.u8()?, cursor.u16()?);
    let file = match (bits & BlockFlags::SAME_RELATION != 0, last) {
        (true, Some(file)) => file,
        (true, None) => return Err(Error::corrupt("WAL record's first block names no relation")),
        (false, _) => RelFile { tablespace: Oid(cursor.u32()?), database: Oid(cursor.u32()?), number: cursor.u32()? },
    };
    let fork = Fork::from_number(bits & BlockFlags::FORK).expect("two bits name a fork");
    let block = BlockNumber(cursor.u32()?);
    let image = if bits & BlockFlags::HAS_IMAGE != 0 { Some(parse_hole(cursor)?) } else { None };
    let flags = BlockFlags(bits & (BlockFlags::WILL_INIT.0 | BlockFlags::KEEP_DATA.0));
    Ok((BlockRef { id, fork: RelFork { file, fork }, block, flags, image, data: &[] }, data_bytes))
}

/// An image without its bytes.
fn parse_hole<'a>(cursor: &mut Cursor<'a>) -> Result<Image<'a>> {
    let (hole_start, hole_bytes) = (cursor.u16()?, cursor.u16()?);
    if usize::from(hole_start) + usize::from(hole_bytes) > PAGE_BYTES {
        return Err(Error::corrupt("WAL record's page image has an impossible hole"));
    }
    Ok(Image { hole_start, hole_bytes, bytes: &[] })
}

#[cfg(all(test, not(any(loom, shuttle))))]
mod tests {
    use super::*;
    use base::DEFAULT_TABLESPACE;
    use page::Reuse;

    fn fork(number: u32, fork: Fork) -> RelFork {
        RelFork { file: RelFile { tablespace: DEFAULT_TABLESPACE, database: Oid(5), number }, fork }
    }

    #[test]
    fn what_goes_in_comes_out() {
        let mut page = Page::new();
        page.init(16);
        let _ = page.add_item(b"item", Reuse::Never);
        let mut writer = RecordWriter::new(vec![9; 100], RmgrId::HEAP, 0x30, Xid(77));
        writer.block(0, (fork(1, Fork::Main), BlockNumber(4)), BlockFlags::default(), None, b"data");
        writer.block(1, (fork(1, Fork::Visibility), BlockNumber(5)), BlockFlags::default(), Some(&page), b"gone");
        writer.block(7, (fork(2, Fork::Main), BlockNumber(6)), BlockFlags::KEEP_DATA, Some(&page), b"kept");
        writer.block(8, (fork(2, Fork::Main), BlockNumber(7)), BlockFlags::WILL_INIT, None, b"");
        let mut bytes = writer.finish(&[b"main ", b"data"]);
        let sealed = bytes.seal(Lsn(800), 3).to_vec();
        assert_eq!(Header::parse(sealed[..32].try_into().expect("header")).crc, crc_of(&sealed));
        let record = Record::parse(&sealed, Lsn(1000), Lsn(2000)).expect("it parses");
        assert_eq!((record.rmgr, record.info, record.xid), (RmgrId::HEAP, 0x30, Xid(77)));
        assert_eq!((record.previous, record.epoch, record.data), (Lsn(800), 3, &b"main data"[..]));
        let data: Vec<&[u8]> = record.blocks.iter().map(|block| block.data).collect();
        assert_eq!(data, [&b"data"[..], b"", b"kept", b""]);
        assert_eq!(
            record.block(1).map(|block| (block.fork, block.block)),
            Some((fork(1, Fork::Visibility), BlockNumber(5)))
        );
        assert!(record.block(8).is_some_and(|block| block.flags.has(BlockFlags::WILL_INIT)));
        let mut restored = Page::new();
        restored.bytes_mut().fill(1);
        record.block(7).and_then(|block| block.image).expect("an image").restore(&mut restored);
        assert!(restored.bytes() == page.bytes());
    }

    #[test]
    fn truncated_bytes_are_damage() {
        let mut writer = RecordWriter::new(Vec::new(), RmgrId::HEAP, 0, Xid(1));
        writer.block(0, (fork(1, Fork::Main), BlockNumber(4)), BlockFlags::default(), None, b"data");
        let bytes = writer.finish(&[]).into_buffer();
        for length in RECORD_HEADER_BYTES..bytes.len() {
            assert!(Record::parse(&bytes[..length], Lsn(8), Lsn(16)).is_err(), "length {length}");
        }
    }
}
