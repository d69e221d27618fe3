//! The page checksum: CRC-32C of the page without the checksum field, with the block number mixed in so that a page written to the wrong
//! place is found.

use crate::layout::AT_CHECKSUM;
use crate::{Page, PageDamage};
use base::BlockNumber;

impl Page {
    /// What the checksum field should hold for a page at this block.
    pub fn checksum(&self, block: BlockNumber) -> u32 {
        let bytes = self.bytes();
        let seed = crc32c::crc32c(&block.0.to_le_bytes());
        let head = crc32c::crc32c_append(seed, &bytes[..AT_CHECKSUM]);
        crc32c::crc32c_append(head, &bytes[AT_CHECKSUM + 4..])
    }

    /// What the checksum field holds.
    pub fn stored_checksum(&self) -> u32 {
        let field = &self.bytes()[AT_CHECKSUM..AT_CHECKSUM + 4];
        u32::from_le_bytes(field.try_into().expect("four bytes"))
    }

    /// Sets the checksum field: in the copy that is written out.
    pub fn set_checksum(&mut self, block: BlockNumber) {
        let checksum = self.checksum(block);
        self.put(AT_CHECKSUM, &checksum.to_le_bytes());
    }

    /// Errors: the page read from `block` is damaged. A page that is all zero is fine: it was allocated and never written.
    pub fn verify(&self, block: BlockNumber) -> Result<(), PageDamage> {
        let (stored, computed) = (self.stored_checksum(), self.checksum(block));
        if stored != computed && !(self.is_new() && self.is_zero()) {
            return Err(PageDamage::Checksum { stored, computed });
        }
        self.check()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_flipped_bit_and_the_wrong_block_are_found() {
        let mut page = Page::new();
        page.init(0);
        page.set_checksum(BlockNumber(7));
        assert_eq!(page.verify(BlockNumber(7)), Ok(()));
        assert!(page.verify(BlockNumber(8)).is_err());
        for byte in (0..8192).step_by(61) {
            page.bytes_mut()[byte] ^= 0x10;
            assert!(page.verify(BlockNumber(7)).is_err(), "byte {byte}");
            page.bytes_mut()[byte] ^= 0x10;
        }
    }

    #[test]
    fn zeros_are_fine_at_any_block() {
        assert_eq!(Page::new().verify(BlockNumber(3)), Ok(()));
        let mut page = Page::new();
        page.bytes_mut()[8000] = 1;
        assert!(page.verify(BlockNumber(3)).is_err());
    }
}
