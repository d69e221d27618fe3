//! Byte layouts of pages: header, line pointers, items, checksum.
//!
//! What it does not do: no I/O, no locks, no WAL. What an item means is its access method's business.
//!
//! ```text
//! 0        32                lower          upper                special      8192
//! | header | line pointers -> |  free space  | <- items, 8-aligned | special space |
//! ```
//!
//! 1. [`Page::init`] makes an empty page with room for an access method's special space at the end.
//! 2. Items are added from the end downwards, their 4-byte line pointers from the header upwards. A tuple id is block and line pointer, so an
//!    item may move within its page ([`Page::compact`]) without changing its tuple id.
//! 3. The buffer pool sets the checksum in the copy that it writes out and verifies it on each read ([`Page::checksum`]).
//!
//! Invariants
//! - I1. `HEADER_BYTES <= lower <= upper <= special <= PAGE_BYTES`, or the page is new (all zero). [`Page::check`] tells; a page that came
//!   from disk is checked before anybody else sees it.
//! - I2. Items start at multiples of 8 and lie between `upper` and `special`.
//!
//! Panics: accessors assert that an offset is within the line pointers and an item within the page. That is a bug of ours, not damage:
//! damage is caught by the checksum.
#![forbid(unsafe_code)]

mod checksum;
mod compact;
mod items;
mod layout;
mod line_pointer;
mod print;

pub use items::Reuse;
pub use layout::{
    HEADER_BYTES, ITEM_ALIGN, ITEMS_MAX, LAYOUT_VERSION, LINE_POINTER_BYTES, Page, PageDamage, align_item,
};
pub use line_pointer::{LinePointer, LineState};
pub use print::dump;
