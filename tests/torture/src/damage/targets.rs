//! What is damaged, and how: a row per file, with all that is particular about it.

use crate::load::{ask, row};
use base::Prng;
use testkit::Client;

/// What is done to a file.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Hurt {
    FlipBit,
    ZeroPage,
    SwapPages,
    CutInPage,
    CutPages,
    Remove,
    ZeroSector,
}

/// A file that is damaged, and all that is particular about it.
pub struct Target {
    pub name: &'static str,
    pub file: File,
    /// What is done to it.
    pub hurts: &'static [Hurt],
    /// Where the damage is done in a file with so many bytes in use.
    pub place: fn(used: usize, marks: &Marks, prng: &mut Prng) -> usize,
    /// Whether a start must go well with the log damaged there; None if both are right.
    pub must_start: fn(hurt: Hurt, at: usize, marks: &Marks) -> Option<bool>,
    /// The tables are vacuumed, so they have visibility maps.
    pub is_vacuumed: bool,
    /// `woolly check` must find it.
    pub is_found_by_check: bool,
    /// All tables need it: nothing is expected of the other one.
    pub is_shared: bool,
    /// What was committed after the last checkpoint must be there.
    pub keeps_late: bool,
}

/// Where a file is found.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum File {
    /// The first file of the relation that this expression gives.
    Of(&'static str),
    /// Below the data directory.
    At(&'static str),
    /// The log's segment with the redo point of the last checkpoint. The server is killed, so that it is needed.
    RedoSegment,
    /// The log's segment with the record with which the server was shut down.
    LastSegment,
}

impl File {
    /// True for the log's files.
    pub fn is_log(self) -> bool {
        matches!(self, File::RedoSegment | File::LastSegment)
    }
}

/// A file that is no other table's, damaged anywhere.
const USUAL: Target = Target {
    name: "",
    file: File::Of("'hurt'"),
    hurts: &[],
    place: |used, _, prng| prng.below(used as u64) as usize,
    must_start: |_, _, _| None,
    is_vacuumed: true,
    is_found_by_check: false,
    is_shared: false,
    keeps_late: false,
};

pub const TARGETS: &[Target] = &[
    Target {
        name: "table",
        hurts: &[Hurt::FlipBit, Hurt::ZeroPage, Hurt::SwapPages, Hurt::CutInPage, Hurt::CutPages, Hurt::Remove],
        is_found_by_check: true,
        ..USUAL
    },
    Target {
        name: "never vacuumed table",
        hurts: &[Hurt::CutPages],
        is_vacuumed: false,
        is_found_by_check: true,
        ..USUAL
    },
    Target {
        name: "index",
        file: File::Of("'hurt_pkey'"),
        hurts: &[Hurt::FlipBit, Hurt::ZeroPage, Hurt::SwapPages, Hurt::CutPages, Hurt::Remove],
        is_found_by_check: true,
        ..USUAL
    },
    Target {
        name: "TOAST table",
        file: File::Of("(select reltoastrelid from pg_class where relname = 'hurt')"),
        hurts: &[Hurt::FlipBit, Hurt::ZeroPage],
        is_found_by_check: true,
        ..USUAL
    },
    Target {
        name: "catalog",
        file: File::Of("'pg_proc'"),
        hurts: &[Hurt::FlipBit, Hurt::Remove],
        is_shared: true,
        ..USUAL
    },
    Target {
        name: "commit log",
        file: File::At("pg_xact/0000"),
        hurts: &[Hurt::FlipBit, Hurt::Remove],
        is_shared: true,
        ..USUAL
    },
    Target {
        name: "control file",
        file: File::At("global/pg_control"),
        hurts: &[Hurt::FlipBit, Hurt::CutInPage, Hurt::ZeroSector, Hurt::Remove],
        ..USUAL
    },
    Target {
        name: "log before the redo point",
        file: File::RedoSegment,
        hurts: &[Hurt::FlipBit, Hurt::ZeroSector],
        // The sector that is zeroed ends before the redo point too.
        place: |_, marks, prng| prng.below(marks.redo.saturating_sub(SECTOR_BYTES) as u64) as usize,
        must_start: |_, _, _| Some(true),
        keeps_late: true,
        ..USUAL
    },
    Target {
        name: "checkpoint record",
        file: File::RedoSegment,
        hurts: &[Hurt::FlipBit, Hurt::ZeroSector],
        place: |_, marks, prng| marks.checkpoint + prng.below(32) as usize,
        must_start: |_, _, _| Some(false),
        ..USUAL
    },
    Target {
        name: "log from the redo point on",
        file: File::RedoSegment,
        hurts: &[Hurt::FlipBit, Hurt::ZeroSector, Hurt::CutInPage, Hurt::Remove],
        place: |used, marks, prng| marks.redo + prng.below((used - marks.redo) as u64) as usize,
        must_start: |hurt, at, marks| match hurt {
            Hurt::Remove => Some(false),
            // The record and its neighbour are shorter than that.
            _ => (at >= marks.checkpoint + 512).then_some(true),
        },
        ..USUAL
    },
    Target {
        name: "shutdown record",
        file: File::LastSegment,
        hurts: &[Hurt::FlipBit],
        place: |used, _, prng| used - 1 - prng.below(40) as usize,
        must_start: |_, _, _| Some(false),
        ..USUAL
    },
];

/// What disks write whole.
pub const SECTOR_BYTES: usize = 512;

/// The last checkpoint, in bytes from the start of the segment with its redo point.
#[derive(Debug, Default)]
pub struct Marks {
    pub file: String,
    pub redo: usize,
    pub checkpoint: usize,
}

impl Marks {
    /// Makes a checkpoint with something behind its redo point.
    pub fn of(session: &mut Client) -> Result<Marks, String> {
        ask(session, "checkpoint")?;
        let sql = "select (pg_walfile_name_offset(redo_lsn)).*, checkpoint_lsn - redo_lsn from pg_control_checkpoint()";
        let found = row(session, sql)?;
        let number = |text: &String| text.parse::<usize>().map_err(|error| format!("{text}: {error}"));
        let (redo, further) = (number(&found[1])?, number(&found[2])?);
        Ok(Marks { file: found[0].clone(), redo, checkpoint: redo + further })
    }
}
