//! The page header.
//!
//! | offset | width | field | meaning |
//! |-------:|------:|-------|---------|
//! | 0  | 8 | lsn | end of the WAL record that changed the page last; little-endian, as all |
//! | 8  | 4 | checksum | of the page with this field zero, mixed with its block number; valid on disk only |
//! | 12 | 2 | flags | bits of the access method |
//! | 14 | 2 | lower | end of the line pointers |
//! | 16 | 2 | upper | start of the items |
//! | 18 | 2 | special | start of the special space |
//! | 20 | 2 | version | [`LAYOUT_VERSION`] |
//! | 22 | 2 | reserved | zero |
//! | 24 | 8 | prune hint | the oldest xid whose end may leave something to prune, or zero |

use base::{Lsn, PAGE_BYTES, Xid};
use std::fmt;

const AT_LSN: usize = 0;
pub(crate) const AT_CHECKSUM: usize = AT_LSN + 8;
const AT_FLAGS: usize = AT_CHECKSUM + 4;
const AT_LOWER: usize = AT_FLAGS + 2;
const AT_UPPER: usize = AT_LOWER + 2;
const AT_SPECIAL: usize = AT_UPPER + 2;
const AT_VERSION: usize = AT_SPECIAL + 2;
const AT_RESERVED: usize = AT_VERSION + 2;
const AT_PRUNE_HINT: usize = AT_RESERVED + 2;

/// Bytes of the header: where the line pointers start.
pub const HEADER_BYTES: usize = AT_PRUNE_HINT + 8;
const _: () = assert!(HEADER_BYTES == 32);

/// The version of this layout.
pub const LAYOUT_VERSION: u16 = 1;
/// Bytes of a line pointer.
pub const LINE_POINTER_BYTES: usize = 4;
/// Items start at multiples of this.
pub const ITEM_ALIGN: usize = 8;
/// More line pointers than this fit in no page that holds items of at least 8 bytes.
pub const ITEMS_MAX: usize = (PAGE_BYTES - HEADER_BYTES) / LINE_POINTER_BYTES;

/// Rounds a size up to what an item of that size takes.
pub const fn align_item(bytes: usize) -> usize {
    bytes.next_multiple_of(ITEM_ALIGN)
}

/// One page. Lives in the buffer pool; a guard of its content lock dereferences to it.
#[repr(C, align(8))]
#[derive(Clone)]
pub struct Page {
    bytes: [u8; PAGE_BYTES],
}
const _: () = assert!(size_of::<Page>() == PAGE_BYTES);

/// Why a page cannot be used.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum PageDamage {
    /// The stored and the computed checksum differ.
    Checksum {
        /// What the page says.
        stored: u32,
        /// What its bytes say.
        computed: u32,
    },
    /// The header contradicts itself.
    Header,
    /// A layout that this program does not know.
    Version(u16),
}

impl std::fmt::Display for PageDamage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            PageDamage::Checksum { stored, computed } => {
                write!(f, "Page verification failed, calculated checksum {computed} but expected {stored}.")
            }
            PageDamage::Header => f.write_str("The page header contradicts itself."),
            PageDamage::Version(version) => write!(f, "The page layout has version {version}."),
        }
    }
}

impl Default for Page {
    fn default() -> Page {
        Page::new()
    }
}

impl Page {
    /// All zero: a page that was allocated but never initialised.
    pub const fn new() -> Page {
        Page { bytes: [0; PAGE_BYTES] }
    }

    /// The raw bytes.
    #[inline]
    pub const fn bytes(&self) -> &[u8; PAGE_BYTES] {
        &self.bytes
    }

    /// The raw bytes, to be changed.
    #[inline]
    pub const fn bytes_mut(&mut self) -> &mut [u8; PAGE_BYTES] {
        &mut self.bytes
    }

    /// Empties the page: no items, `special_bytes` (rounded up to 8) of zeroed special space. The LSN becomes zero.
    pub fn init(&mut self, special_bytes: usize) {
        let special = PAGE_BYTES - align_item(special_bytes);
        assert!(special >= HEADER_BYTES);
        self.bytes.fill(0);
        self.put_u16(AT_LOWER, HEADER_BYTES as u16);
        self.put_u16(AT_UPPER, special as u16);
        self.put_u16(AT_SPECIAL, special as u16);
        self.put_u16(AT_VERSION, LAYOUT_VERSION);
    }

    /// Back to all zero.
    pub fn zero(&mut self) {
        self.bytes.fill(0);
    }

    /// True if it was never initialised.
    #[inline]
    pub fn is_new(&self) -> bool {
        self.u16(AT_UPPER) == 0
    }

    /// True if every byte is zero.
    pub fn is_zero(&self) -> bool {
        // The loop over words is what the compiler turns into vector code.
        self.bytes.chunks_exact(8).all(|word| word == [0; 8])
    }

    /// End of the WAL record that changed the page last.
    #[inline]
    pub fn lsn(&self) -> Lsn {
        Lsn(self.u64(AT_LSN))
    }

    /// Sets the LSN.
    #[inline]
    pub fn set_lsn(&mut self, lsn: Lsn) {
        self.put(AT_LSN, &lsn.0.to_le_bytes());
    }

    /// The access method's flag bits.
    #[inline]
    pub fn flags(&self) -> u16 {
        self.u16(AT_FLAGS)
    }

    /// Sets the flag bits.
    #[inline]
    pub fn set_flags(&mut self, flags: u16) {
        self.put_u16(AT_FLAGS, flags);
    }

    /// End of the line pointers.
    #[inline]
    pub fn lower(&self) -> usize {
        usize::from(self.u16(AT_LOWER))
    }

    /// Start of the items.
    #[inline]
    pub fn upper(&self) -> usize {
        usize::from(self.u16(AT_UPPER))
    }

    /// Start of the special space.
    #[inline]
    pub fn special_start(&self) -> usize {
        usize::from(self.u16(AT_SPECIAL))
    }

    /// Moves the end of the line pointers: for pages whose owner keeps something else than items between header and `lower` (a full-page image
    /// leaves out what is between `lower` and `upper`).
    pub fn set_lower(&mut self, lower: usize) {
        assert!((HEADER_BYTES..=self.upper()).contains(&lower));
        self.put_u16(AT_LOWER, lower as u16);
    }

    /// Moves the start of the items.
    pub fn set_upper(&mut self, upper: usize) {
        assert!((self.lower()..=self.special_start()).contains(&upper));
        self.put_u16(AT_UPPER, upper as u16);
    }

    /// The special space.
    #[inline]
    pub fn special(&self) -> &[u8] {
        &self.bytes[self.special_start()..]
    }

    /// The special space, to be changed.
    #[inline]
    pub fn special_mut(&mut self) -> &mut [u8] {
        let start = self.special_start();
        &mut self.bytes[start..]
    }

    /// Everything between header and special space, for pages without items (maps).
    pub fn contents(&self) -> &[u8] {
        &self.bytes[HEADER_BYTES..self.special_start()]
    }

    /// The same, to be changed. The owner moves `lower` over it so that images of the page hold it.
    pub fn contents_mut(&mut self) -> &mut [u8] {
        let special = self.special_start();
        &mut self.bytes[HEADER_BYTES..special]
    }

    /// The oldest xid whose end may leave something to prune; `Xid::INVALID` if there is none.
    #[inline]
    pub fn prune_hint(&self) -> Xid {
        Xid(self.u64(AT_PRUNE_HINT))
    }

    /// Sets the prune hint.
    #[inline]
    pub fn set_prune_hint(&mut self, xid: Xid) {
        self.put(AT_PRUNE_HINT, &xid.0.to_le_bytes());
    }

    /// The bytes between `lower` and `upper`, which mean nothing: what a full-page image leaves out. Empty if the header does not look like one.
    pub fn hole(&self) -> std::ops::Range<usize> {
        let (lower, upper) = (self.lower(), self.upper());
        if self.is_sane() { lower..upper } else { 0..0 }
    }

    fn is_sane(&self) -> bool {
        let (lower, upper, special) = (self.lower(), self.upper(), self.special_start());
        HEADER_BYTES <= lower && lower <= upper && upper <= special && special <= PAGE_BYTES
    }

    /// Errors: the header contradicts itself (I1) or is of another version. A page that is all zero is fine.
    pub fn check(&self) -> Result<(), PageDamage> {
        match self.u16(AT_VERSION) {
            LAYOUT_VERSION if self.is_sane() => Ok(()),
            LAYOUT_VERSION => Err(PageDamage::Header),
            0 if self.is_zero() => Ok(()),
            0 => Err(PageDamage::Header),
            other => Err(PageDamage::Version(other)),
        }
    }

    #[inline]
    pub(crate) fn u16(&self, at: usize) -> u16 {
        u16::from_le_bytes([self.bytes[at], self.bytes[at + 1]])
    }

    #[inline]
    fn u64(&self, at: usize) -> u64 {
        u64::from_le_bytes(self.bytes[at..at + 8].try_into().expect("eight bytes"))
    }

    #[inline]
    fn put_u16(&mut self, at: usize, value: u16) {
        self.put(at, &value.to_le_bytes());
    }

    #[inline]
    pub(crate) fn put(&mut self, at: usize, bytes: &[u8]) {
        self.bytes[at..at + bytes.len()].copy_from_slice(bytes);
    }
}

impl fmt::Debug for Page {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Page({}, lower {}, upper {})", self.lsn(), self.lower(), self.upper())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_new_page_is_zero_and_fine() {
        let page = Page::new();
        assert!(page.is_new() && page.is_zero());
        assert_eq!((page.check(), page.hole()), (Ok(()), 0..0));
    }

    #[test]
    fn init_leaves_an_empty_page() {
        let mut page = Page::new();
        page.init(13);
        assert_eq!((page.lower(), page.upper(), page.special_start()), (32, 8176, 8176));
        assert_eq!(page.special(), [0; 16]);
        assert_eq!((page.check(), page.hole()), (Ok(()), 32..8176));
    }

    #[test]
    fn fields_do_not_overlap() {
        let mut page = Page::new();
        page.init(0);
        page.set_lsn(Lsn(u64::MAX));
        page.set_flags(u16::MAX);
        page.set_prune_hint(Xid(7));
        assert_eq!((page.lsn(), page.flags(), page.prune_hint()), (Lsn(u64::MAX), u16::MAX, Xid(7)));
        assert_eq!((page.lower(), page.upper(), page.check()), (32, 8192, Ok(())));
    }

    #[test]
    fn damage_is_told() {
        let mut page = Page::new();
        page.init(0);
        page.put_u16(AT_LOWER, 9000);
        assert_eq!(page.check(), Err(PageDamage::Header));
        page.put_u16(AT_VERSION, 4);
        assert_eq!(page.check(), Err(PageDamage::Version(4)));
    }
}
