//! The pages' memory: one anonymous mapping.

use memmap2::{Advice, MmapMut, MmapOptions, MmapRaw};
use page::Page;
use report::{Context, Error, Result};

/// The setting `huge_pages`: whether the kernel is asked for transparent huge pages.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub enum HugePages {
    /// Never.
    Off,
    /// It is an error if it has none.
    On,
    /// If it has them.
    #[default]
    Try,
}

/// Memory for a number of pages, zero at first, of which the kernel gives only what is touched.
pub(crate) struct Region {
    map: MmapRaw,
    pages: usize,
}

impl Region {
    /// Errors: the kernel has no address space, or no huge pages and they are required.
    pub(crate) fn map(pages: usize, huge: HugePages) -> Result<Region> {
        let bytes = pages * size_of::<Page>();
        let mapped: MmapMut =
            MmapOptions::new().len(bytes).map_anon().could_not(|| format!("map {bytes} bytes for shared buffers"))?;
        // Fewer entries in the address translation.
        let advised = if huge == HugePages::Off { Ok(()) } else { mapped.advise(Advice::HugePage) };
        match advised {
            Err(error) if huge == HugePages::On => return Err(Error::io("use huge pages for shared buffers", &error)),
            _ => (),
        }
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
