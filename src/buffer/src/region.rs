//! The pages' memory: one anonymous mapping.

use memmap2::{Advice, MmapMut, MmapOptions, MmapRaw};
use page::Page;
use report::{Context, Result};

/// Memory for a number of pages, zero at first, of which the kernel gives only what is touched.
pub(crate) struct Region {
    map: MmapRaw,
    pages: usize,
}

impl Region {
    /// Errors: the kernel has no address space.
    pub(crate) fn map(pages: usize) -> Result<Region> {
        let bytes = pages * size_of::<Page>();
        let mapped: MmapMut =
            MmapOptions::new().len(bytes).map_anon().could_not(|| format!("map {bytes} bytes for shared buffers"))?;
        // Fewer entries in the address translation; a kernel without huge pages says no, which is fine.
        let _ = mapped.advise(Advice::HugePage);
        Ok(Region { map: MmapRaw::from(mapped), pages })
    }

    /// Where a page is. The pointer is good for as long as the region lives.
    #[inline]
    pub(crate) fn page(&self, frame: u32) -> *mut Page {
        assert!((frame as usize) < self.pages);
        // SAFETY: the offset is within the mapping, by the assertion and the mapping's length.
        unsafe { self.map.as_mut_ptr().cast::<Page>().add(frame as usize) }
    }
}
