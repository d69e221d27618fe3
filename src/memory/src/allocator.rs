//! The allocator that counts.

use crate::tally;
use std::alloc::{GlobalAlloc, Layout, System};

/// The system's allocator, with what it gives and takes counted for the thread.
#[derive(Clone, Copy, Debug, Default)]
pub struct Counting;

/// What a block of this size takes: a word in front of it, and whole units of two words, at least two.
#[inline]
pub const fn footprint(size: usize) -> i64 {
    let rounded = (size + 23) & !15;
    (if rounded < 32 { 32 } else { rounded }) as i64
}

// SAFETY: each call goes to `System` with the arguments that it came with, and its answer comes back unchanged; the counter is memory of the
// thread that is never allocated and has nothing to drop, so that counting calls no allocator and works until the thread's last breath.
unsafe impl GlobalAlloc for Counting {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promise about `layout` is the one that `System` asks for.
        let block = unsafe { System.alloc(layout) };
        count_taken(block, layout.size());
        block
    }

    #[inline]
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: as in `alloc`.
        let block = unsafe { System.alloc_zeroed(layout) };
        count_taken(block, layout.size());
        block
    }

    #[inline]
    unsafe fn dealloc(&self, block: *mut u8, layout: Layout) {
        tally::add(-footprint(layout.size()));
        // SAFETY: the caller had `block` from this allocator with this `layout`, so from `System`.
        unsafe { System.dealloc(block, layout) }
    }

    #[inline]
    unsafe fn realloc(&self, block: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: as in `dealloc`; the promise about `size` is the caller's too.
        let moved = unsafe { System.realloc(block, layout, size) };
        if !moved.is_null() {
            tally::add(footprint(size) - footprint(layout.size()));
        }
        moved
    }
}

#[inline]
fn count_taken(block: *mut u8, size: usize) {
    if !block.is_null() {
        tally::add(footprint(size));
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::Account;

    #[global_allocator]
    static ALLOCATOR: Counting = Counting;

    #[test]
    fn blocks_take_whole_units() {
        assert_eq!([0, 1, 24, 25, 40, 41, 4096].map(footprint), [32, 32, 32, 48, 48, 64, 4112]);
    }

    #[test]
    fn what_is_taken_and_given_back_is_counted() {
        let account = Account::new();
        let kept = {
            let _turn = account.serve();
            let mut kept: Vec<u8> = Vec::with_capacity(1000);
            drop(vec![0_u8; 5000]);
            kept.reserve_exact(2000);
            kept
        };
        assert_eq!(account.held_bytes(), footprint(kept.capacity()) as u64);
        let _turn = account.serve();
        drop(kept);
        account.publish();
        assert_eq!((account.held_bytes(), account.peak_bytes()), (0, footprint(2000) as u64));
    }

    #[test]
    fn a_refused_block_is_not_counted() {
        let account = Account::new();
        let turn = account.serve();
        assert!(Vec::<u8>::new().try_reserve_exact(isize::MAX as usize).is_err());
        drop(turn);
        assert_eq!(account.held_bytes(), 0);
    }
}
