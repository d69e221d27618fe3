//! The pages' memory: one anonymous mapping.

use base::PAGE_BYTES;
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

impl HugePages {
    /// The choice of this name in the settings.
    pub fn from_name(name: &str) -> Option<HugePages> {
        match name {
            "off" => Some(HugePages::Off),
            "on" => Some(HugePages::On),
            "try" => Some(HugePages::Try),
            _ => None,
        }
    }
}

/// Memory for a number of pages, zero at first, of which the kernel gives only what is touched.
pub(crate) struct Region {
    map: MmapRaw,
    pages: usize,
}

impl Region {
    /// Errors: the kernel has no address space, or no huge pages and they are required.
    pub(crate) fn map(pages: usize, huge: HugePages) -> Result<Region> {
        let bytes = pages * PAGE_BYTES;
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

    /// Has the kernel give the memory of some pages now. Cheaper than two faults for each; a kernel that does not know how says no, which is fine.
    pub(crate) fn populate(&self, first: u32, count: u32) {
        let count = count.min(self.pages as u32 - first) as usize;
        let _ = self.map.advise_range(Advice::PopulateWrite, first as usize * PAGE_BYTES, count * PAGE_BYTES);
    }

    /// Has the processor bring a page's header near. Where it has no such instruction, nothing is done.
    #[inline]
    pub(crate) fn prefetch(&self, frame: u32) {
        #[cfg(target_arch = "x86_64")]
        // SAFETY: a prefetch reads nothing that the program could see, whatever the address.
        unsafe {
            use std::arch::x86_64::{_MM_HINT_T0, _mm_prefetch};
            _mm_prefetch(self.page(frame).cast::<i8>(), _MM_HINT_T0);
        }
        #[cfg(not(target_arch = "x86_64"))]
        let _ = frame;
    }
}
