//! Cursors: FETCH and MOVE, and what makes a cursor WITH HOLD outlive its transaction.
//!
//! A cursor's rows are kept as the executor gives them, unless it was declared NO SCROLL, so that it can go back. Its position is
//! the row it stands on: 0 is before the first, one past the last row is after the end.

use crate::extended::payload;
use crate::output::Output;
use crate::portal::{Portal, Progress, Running, Stored};
use crate::query::Body;
use crate::session::Session;
use base::{Oid, Tid};
use command::{Client, Tag};
use config::Setting;
use exec::store::Tuplestore;
use exec::{Executor, PlanOptions};
use instance::{Ctx, Cursor, Instance};
use parser::ast::{FetchCount, FetchDirection, FetchStmt};
use report::{Error, Result, bail, error};
use std::sync::Arc;
use tuple::Datum;

impl Session {
    /// Starts a cursor's query, so that it sees the snapshot of its DECLARE.
    pub(crate) fn open_cursor(&mut self, instance: &Instance, portal: &mut Portal) -> Result<()> {
        let cx = Ctx::new(instance, &self.state);
        let prepared = Arc::clone(&portal.statement);
        let statement = payload(&prepared).expect("a cursor has a query");
        let Body::Query(query) = &statement.body else {
            return Err(Error::internal("a cursor's statement is a query"));
        };
        // Only the first rows may be wanted, so that a plan that gives them fast is better.
        let values = Some(portal.params.values.as_slice());
        let options = PlanOptions { params: values, cursor: true };
        let plan = Arc::new(exec::plan_query(cx, query.cached().query().clone(), options)?);
        let executor = Executor::start(cx, plan, Arc::clone(&portal.params))?;
        let options = portal.cursor.unwrap_or_default();
        let mut cursor = Cursor {
            statement: prepared.text.clone(),
            is_holdable: options.hold,
            is_binary: options.binary,
            made_us: prepared.made_us,
            ..Cursor::default()
        };
        let asked = if options.scroll { Some(true) } else { options.no_scroll.then_some(false) };
        executor.describe_cursor(asked, &mut cursor);
        portal.may_scroll = cursor.is_scrollable;
        self.state.cursors.borrow_mut().insert(portal.name.clone(), cursor);
        let width = portal.columns.as_ref().map_or(0, |columns| columns.desc.len());
        let memory_bytes_max = cx.setting(|s| s.int(Setting::WorkMem)) as usize * 1024;
        let kept = portal.may_scroll.then(|| Box::new(Tuplestore::new(width + 1, memory_bytes_max)));
        portal.progress = Progress::Running(Running { executor, position: 0, at_end: false, kept });
        Ok(())
    }

    /// Drops what is known of cursors that are closed.
    pub(crate) fn forget_closed_cursors(&self) {
        self.state.cursors.borrow_mut().retain(|name, _| self.portals.contains(name));
    }

    /// FETCH, MOVE.
    pub(crate) fn fetch_cursor(
        &mut self,
        instance: &Instance,
        statement: &FetchStmt,
        outer: Option<&Portal>,
    ) -> Result<Tag> {
        let name = &statement.cursor;
        let Some(mut portal) = self.portals.take(name) else {
            bail!(UNDEFINED_CURSOR, "cursor \"{name}\" does not exist");
        };
        let in_block = self.block.is_explicit();
        let cx = Ctx::new(instance, &self.state);
        let mut output = match outer {
            Some(outer) => Output::portal((&mut self.wire, &mut self.shelf), cx, outer.formats.clone(), in_block),
            None => {
                Output::simple((&mut self.wire, &mut self.shelf), cx, in_block).with_formats(portal.formats.clone())
            }
        };
        let mut fetch =
            Fetch { cx, portal: &mut portal, is_move: statement.is_move, output: &mut output, standing: None };
        let outcome = fetch.run(statement);
        let standing = fetch.standing.take();
        if let Some(cursor) = self.state.cursors.borrow_mut().get_mut(name) {
            cursor.standing = standing;
        }
        if outcome.is_err() {
            // An error closes the cursor with its transaction; here it only must not be run again.
            portal.progress = Progress::Failed;
        }
        self.portals.put(portal);
        let count = outcome?;
        Ok(Tag::Rows(if statement.is_move { "MOVE" } else { "FETCH" }, count))
    }

    /// Before a commit: cursors WITH HOLD take all their rows with them.
    pub(crate) fn materialize_held_cursors(&mut self, instance: &Instance) -> Result<()> {
        for name in self.portals.to_be_held() {
            let Some(mut portal) = self.portals.take(&name) else { continue };
            let cx = Ctx::new(instance, &self.state);
            portal.progress = match portal.progress {
                Progress::Running(running) => Progress::Stored(Box::new(store_all(cx, &portal.columns, running)?)),
                other => other,
            };
            portal.is_held = true;
            if let Some(cursor) = self.state.cursors.borrow_mut().get_mut(&name) {
                cursor.is_held = true;
            }
            self.portals.put(portal);
        }
        Ok(())
    }
}

/// Runs an executor to its end and keeps its rows.
fn store_all(cx: Ctx<'_>, columns: &Option<Arc<crate::query::ResultColumns>>, running: Running) -> Result<Stored> {
    let Running { mut executor, position, at_end, kept } = running;
    let width = columns.as_ref().map_or(0, |columns| columns.desc.len());
    let memory_bytes_max = cx.setting(|s| s.int(Setting::WorkMem)) as usize * 1024;
    let is_kept = kept.is_some();
    let mut rows = kept.map_or_else(|| Tuplestore::new(width + 1, memory_bytes_max), |kept| *kept);
    let mut space = exec::temp_space(cx);
    let mut wide = Vec::with_capacity(width + 1);
    if !at_end {
        while let Some(row) = executor.next(cx)? {
            wide.clear();
            wide.extend_from_slice(row);
            // Nobody changes rows through a cursor of an earlier transaction.
            wide.push(Datum::Null);
            rows.push(&wide, &mut *space)?;
        }
    }
    executor.finish(cx)?;
    // Without SCROLL the rows behind the position were not kept.
    Ok(Stored { rows, skipped: if is_kept { 0 } else { position }, position })
}

/// One FETCH or MOVE.
struct Fetch<'a, 'b> {
    cx: Ctx<'a>,
    portal: &'b mut Portal,
    is_move: bool,
    output: &'b mut Output<'a>,
    /// The rows of tables that the row last taken was made of.
    standing: Option<Vec<(Oid, Tid)>>,
}

impl Fetch<'_, '_> {
    /// The number of rows fetched, or moved over.
    fn run(&mut self, statement: &FetchStmt) -> Result<u64> {
        if matches!(self.portal.progress, Progress::Failed) {
            bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "portal \"{}\" cannot be run", self.portal.name);
        }
        if !self.is_move
            && let Some(columns) = self.portal.columns.clone()
        {
            self.output.columns(&columns.desc)?;
        }
        let count = match statement.count {
            FetchCount::Rows(count) => count,
            FetchCount::All => i64::MAX,
        };
        match statement.direction {
            FetchDirection::Forward if count < 0 => self.backward(count.unsigned_abs()),
            FetchDirection::Forward if count == 0 => self.same(),
            FetchDirection::Forward => self.forward(count.unsigned_abs()),
            FetchDirection::Backward if count < 0 => self.forward(count.unsigned_abs()),
            FetchDirection::Backward if count == 0 => self.same(),
            FetchDirection::Backward => self.backward(count.unsigned_abs()),
            FetchDirection::Absolute => self.absolute(count),
            FetchDirection::Relative => self.relative(count),
        }
    }

    fn position(&self) -> u64 {
        match &self.portal.progress {
            Progress::Running(running) => running.position,
            Progress::Stored(stored) => stored.position,
            _ => 0,
        }
    }

    fn set_position(&mut self, position: u64) {
        match &mut self.portal.progress {
            Progress::Running(running) => running.position = position,
            Progress::Stored(stored) => stored.position = position,
            _ => {}
        }
    }

    /// The row at this place (from 1), if there is one. Rows up to it are taken from the executor.
    fn row_at(&mut self, place: u64) -> Result<Option<Vec<Datum>>> {
        let mut row = match &mut self.portal.progress {
            Progress::Running(running) => next_of_running(self.cx, running, place)?,
            Progress::Stored(stored) => match (place - 1).checked_sub(stored.skipped) {
                Some(at) => stored.rows.row(at)?.map(<[Datum]>::to_vec),
                None => None,
            },
            _ => bail!(OBJECT_NOT_IN_PREREQUISITE_STATE, "portal \"{}\" cannot be run", self.portal.name),
        };
        self.standing = row.as_mut().and_then(Vec::pop).map(|value| exec::standing_of_datum(&value));
        Ok(row)
    }

    fn stand_before_first(&mut self) {
        self.set_position(0);
        self.standing = None;
    }

    fn emit(&mut self, row: &[Datum]) -> Result<()> {
        if self.is_move { Ok(()) } else { self.output.row(row) }
    }

    fn forward(&mut self, count: u64) -> Result<u64> {
        let mut done = 0;
        while done < count {
            let place = self.position() + 1;
            let row = self.row_at(place)?;
            self.set_position(place);
            match row {
                Some(row) => self.emit(&row)?,
                None => {
                    // Standing after the last row is one place, however often the end is reached.
                    self.set_position(self.end_place(place)?);
                    break;
                }
            }
            done += 1;
            self.cx.check_interrupts()?;
        }
        Ok(done)
    }

    fn backward(&mut self, count: u64) -> Result<u64> {
        self.require_scroll()?;
        let mut done = 0;
        while done < count {
            let place = self.position().saturating_sub(1);
            self.set_position(place);
            if place == 0 {
                self.standing = None;
                break;
            }
            let Some(row) = self.row_at(place)? else { continue };
            self.emit(&row)?;
            done += 1;
            self.cx.check_interrupts()?;
        }
        Ok(done)
    }

    /// The row that the cursor stands on, again.
    fn same(&mut self) -> Result<u64> {
        let place = self.position();
        if place == 0 {
            return Ok(0);
        }
        if !self.is_move {
            self.require_scroll()?;
        }
        let Some(row) = self.row_at(place)? else { return Ok(0) };
        self.emit(&row)?;
        Ok(1)
    }

    fn absolute(&mut self, count: i64) -> Result<u64> {
        let place = match count {
            1.. => count.unsigned_abs(),
            0 => {
                self.require_scroll_unless(0)?;
                self.stand_before_first();
                return Ok(0);
            }
            _ => {
                let total = self.count_rows()?;
                match (total + 1).checked_sub(count.unsigned_abs()) {
                    Some(place) if place > 0 => place,
                    _ => {
                        self.stand_before_first();
                        return Ok(0);
                    }
                }
            }
        };
        self.require_scroll_unless(place)?;
        self.jump(place)
    }

    fn relative(&mut self, count: i64) -> Result<u64> {
        if count == 0 {
            return self.same();
        }
        let place = self.position().saturating_add_signed(count);
        self.require_scroll_unless(place)?;
        if place == 0 {
            self.stand_before_first();
            return Ok(0);
        }
        self.jump(place)
    }

    fn jump(&mut self, place: u64) -> Result<u64> {
        while self.position() < place {
            let next = self.position() + 1;
            let row = self.row_at(next)?;
            self.set_position(next);
            match row {
                None => {
                    self.set_position(self.end_place(next)?);
                    return Ok(0);
                }
                Some(row) if next == place => {
                    self.emit(&row)?;
                    return Ok(1);
                }
                Some(_) => {}
            }
        }
        self.set_position(place);
        let Some(row) = self.row_at(place)? else { return Ok(0) };
        self.emit(&row)?;
        Ok(1)
    }

    fn count_rows(&mut self) -> Result<u64> {
        let mut place = self.position() + 1;
        while self.row_at(place)?.is_some() {
            place += 1;
        }
        self.end_place(place).map(|end| end - 1)
    }

    /// The place after the last row, given a place where there is none.
    fn end_place(&self, beyond: u64) -> Result<u64> {
        Ok(match &self.portal.progress {
            Progress::Stored(stored) => stored.skipped + stored.rows.len() + 1,
            Progress::Running(running) => running.kept.as_ref().map_or(beyond, |kept| kept.len() + 1),
            _ => beyond,
        })
    }

    fn require_scroll_unless(&self, place: u64) -> Result<()> {
        if place > self.position() { Ok(()) } else { self.require_scroll() }
    }

    fn require_scroll(&self) -> Result<()> {
        if self.portal.may_scroll {
            return Ok(());
        }
        let error = error!(OBJECT_NOT_IN_PREREQUISITE_STATE, "cursor can only scan forward");
        Err(error.hint("Declare it with SCROLL option to enable backward scan."))
    }
}

/// A row of a cursor whose executor runs: from those kept, or further ones from the executor. Behind its columns stands what
/// rows of tables it was made of.
fn next_of_running(cx: Ctx<'_>, running: &mut Running, place: u64) -> Result<Option<Vec<Datum>>> {
    let Running { executor, position, at_end, kept } = running;
    let Some(kept) = kept else {
        if *at_end || place != *position + 1 {
            return Ok(None);
        }
        let row = next_with_standing(cx, executor)?;
        *at_end = row.is_none();
        return Ok(row);
    };
    let mut space = exec::temp_space(cx);
    while kept.len() < place && !*at_end {
        match next_with_standing(cx, executor)? {
            Some(row) => kept.push(&row, &mut *space)?,
            None => *at_end = true,
        }
    }
    Ok(kept.row(place - 1)?.map(<[Datum]>::to_vec))
}

fn next_with_standing(cx: Ctx<'_>, executor: &mut Executor) -> Result<Option<Vec<Datum>>> {
    let Some(row) = executor.next(cx)? else { return Ok(None) };
    let mut row = row.to_vec();
    row.push(exec::standing_to_datum(&executor.standing()));
    Ok(Some(row))
}
