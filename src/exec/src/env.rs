//! What runs of programs and nodes share: the session, and the statement's own state.

use crate::expr::CallInfo;
use crate::store::{TempFile, TempSpace};
use crate::system;
use crate::types::Types;
use crate::{Params, SystemFn};
use access::Store;
use analyze::expr::SqlValueFunctionOp;
use base::{Oid, PAGE_BYTES};
use buffer::Used;
use builtins::{BuiltinFn, FnCtx, FormatSettings, Memo};
use config::Setting;
use host::{File, OpenMode, OpenOptions};
use instance::{Ctx, SessionEntry};
use plan::node::PlannedStmt;
use report::{Context, Error, Result, Severity, SqlState, error};
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use tuple::Datum;
use xact::Snapshot;

/// The statement's state: parameters, sub-plans, limits. Owned by the executor, beside the node tree.
pub struct EState {
    /// The plan.
    pub plan: Arc<PlannedStmt>,
    /// The client's parameters.
    pub params: Arc<Params>,
    /// The executor's parameters.
    pub values: Vec<Datum>,
    /// For each executor parameter, the initial plan that sets it and has not run yet: an index into `subplans`.
    pub pending: Vec<Option<u32>>,
    /// Sub-plans' states, taken out while they run.
    pub subplans: Vec<Option<Box<crate::subplans::SubplanState>>>,
    /// For each executor parameter, whether a sub-plan depends on it.
    pub watched: Vec<bool>,
    /// Work tables of recursive queries, by parameter.
    pub work_tables: Vec<(i32, crate::store::Tuplestore)>,
    /// What the statement sees; none while the executor rests.
    pub snapshot: Option<Snapshot>,
    /// Display settings.
    pub format: Arc<FormatSettings>,
    /// work_mem in bytes.
    pub work_mem: usize,
    /// work_mem times hash_mem_multiplier.
    pub hash_mem: usize,
    /// Rows processed, for the command tag.
    pub processed: u64,
    /// The row of each relation that EvalPlanQual looks at, in a re-evaluation.
    pub recheck: Option<Box<Recheck>>,
    /// Gather times and counts.
    pub instrument: Option<Instruments>,
    /// Number of temporary files made.
    pub temp_files: u32,
    /// Things to do at the statement's end.
    pub triggers: crate::foreign_keys::Queue,
    /// Relations opened, by range table index.
    pub relations: Vec<Option<Arc<schema::RelationEntry>>>,
}

/// Whether times are taken.
#[derive(Clone, Copy, Debug)]
pub struct Instruments {
    /// Clock readings too.
    pub timing: bool,
    /// What is done with pages and the log too.
    pub usage: bool,
}

/// Rows for a re-evaluation of a plan after a concurrent update.
#[derive(Default)]
pub struct Recheck {
    /// By range table index: the row to be used instead of a scan, `None` if the relation gives none; and whether it was
    /// given already.
    pub rows: Vec<(i32, Option<access::Row>, bool)>,
}

impl EState {
    /// Sets an executor parameter.
    pub fn set_param(&mut self, id: u32, value: Datum) {
        self.values[id as usize] = value;
        self.pending[id as usize] = None;
    }

    /// What the statement sees.
    #[inline]
    pub fn snapshot(&self) -> Snapshot {
        self.snapshot.clone().expect("a running statement has a snapshot")
    }

    /// The entry of a relation of the range table.
    pub fn relation(&self, rti: i32) -> &Arc<schema::RelationEntry> {
        self.relations[rti as usize - 1].as_ref().expect("relations are opened at the start")
    }
}

/// The session and the statement's state together.
pub struct Env<'e> {
    /// The session.
    pub cx: Ctx<'e>,
    /// The statement.
    pub es: &'e mut EState,
}

/// Calls `work` with a function context of the session.
pub fn with_fn_ctx<T>(cx: Ctx<'_>, work: impl FnOnce(&mut FnCtx<'_>) -> T) -> T {
    let format = Arc::clone(&cx.session.format.borrow());
    with_format(cx, &format, work)
}

/// The same with display settings at hand.
#[inline]
pub fn with_format<T>(cx: Ctx<'_>, format: &FormatSettings, work: impl FnOnce(&mut FnCtx<'_>) -> T) -> T {
    let types = Types(cx);
    let run = |memo: &mut Memo| {
        let mut fx = FnCtx::new(format, &types, memo);
        fx.transaction_start = cx.session.transaction_start_us.get();
        fx.statement_start = cx.session.statement_start_us.get();
        work(&mut fx)
    };
    // A function called while another one runs gets a memo of its own.
    match cx.session.memo.try_borrow_mut() {
        Ok(mut memo) => run(&mut memo),
        Err(_) => {
            let now = cx.now_us();
            run(&mut Memo::new(now as u64, Box::new(move || now)))
        }
    }
}

impl<'e> Env<'e> {
    /// A shorter-lived copy.
    pub fn reborrow(&mut self) -> Env<'_> {
        Env { cx: self.cx, es: self.es }
    }

    /// Ends the statement if somebody asked for it.
    #[inline]
    pub fn check_interrupts(&self) -> Result<()> {
        self.cx.check_interrupts()
    }

    /// Calls a pure function.
    #[inline]
    pub fn call_builtin(&mut self, function: BuiltinFn, info: &CallInfo, args: &[Datum]) -> Result<Datum> {
        let value = with_format(self.cx, &self.es.format, |fx| {
            let mut fx = fx.call(&info.arg_types, info.result_type, info.collation);
            fx.variadic = info.variadic;
            function(&mut fx, args)
        });
        // One value may be larger than all rows before it.
        if memory::is_due() {
            self.check_interrupts()?;
        }
        value
    }

    /// Calls a function that sees the session.
    pub fn call_system(&mut self, function: SystemFn, info: &CallInfo, args: &[Datum]) -> Result<Datum> {
        let cx = self.cx;
        let format = Arc::clone(&self.es.format);
        let types = Types(cx);
        // System functions may evaluate expressions, so the session's memo stays free.
        let now = cx.now_us();
        let mut memo = Memo::new(now as u64, Box::new(move || now));
        let mut fx = FnCtx::new(&format, &types, &mut memo);
        fx.transaction_start = cx.session.transaction_start_us.get();
        fx.statement_start = cx.session.statement_start_us.get();
        let mut fx = fx.call(&info.arg_types, info.result_type, info.collation);
        fx.variadic = info.variadic;
        let result = function(cx, &mut fx, args);
        for notice in memo.notices.drain(..) {
            cx.session.notice(notice);
        }
        result
    }

    /// A parameter of the client. Errors: 42704 if there is none.
    pub fn param_extern(&self, id: u32) -> Result<&Datum> {
        let value = self.es.params.values.get(id as usize - 1);
        value.ok_or_else(|| error!(UNDEFINED_OBJECT, "no value found for parameter {id}"))
    }

    /// A value by its text form as another type.
    pub fn convert_via_io(&mut self, value: &Datum, source: Oid, target: Oid, typmod: i32) -> Result<Datum> {
        with_format(self.cx, &self.es.format, |fx| {
            let mut text = Vec::new();
            if value.is_null() {
                return Ok(Datum::Null);
            }
            builtins::output(fx, source, value, &mut text)?;
            let text = String::from_utf8(text).map_err(|_| Error::internal("text form is not UTF-8"))?;
            builtins::input(fx, target, typmod, &text)
        })
    }

    /// A parameterless function of the standard.
    pub fn sql_value(&mut self, op: SqlValueFunctionOp, typmod: i32) -> Result<Datum> {
        system::sql_value(self.cx, &self.es.format, op, typmod)
    }

    /// The next value of a sequence as a type.
    pub fn next_value(&mut self, sequence: Oid, type_oid: Oid) -> Result<Datum> {
        let value = system::next_value(self.cx, sequence, false)?;
        Ok(match type_oid.0 {
            21 => Datum::Int2(value as i16),
            23 => Datum::Int4(value as i32),
            _ => Datum::Int8(value),
        })
    }

    /// Makes temporary files.
    pub fn temp_space(&mut self) -> DiskSpace<'_> {
        DiskSpace { cx: self.cx, count: &mut self.es.temp_files }
    }
}

/// Temporary files below `base/pgsql_tmp`.
pub struct DiskSpace<'a> {
    cx: Ctx<'a>,
    count: &'a mut u32,
}

struct DiskFile {
    disk: Arc<dyn host::Disk>,
    file: Arc<dyn File>,
    path: PathBuf,
    bytes: u64,
    /// The session, if it tells the log of files from this size in bytes on (`log_temp_files`).
    voice: Option<(Arc<SessionEntry>, u64)>,
    /// What all temporary files of the session hold.
    session_bytes: Arc<AtomicU64>,
    /// temp_file_limit in kilobytes, if there is one.
    limit_kb: Option<u64>,
    /// The session's, where it counts what it does with files.
    store: Arc<Store>,
}

/// Temporary files with a counter of their own.
struct OwnSpace<'a> {
    cx: Ctx<'a>,
    count: u32,
}

/// Makes temporary files for what runs outside an executor (index builds).
pub fn temp_space(cx: Ctx<'_>) -> Box<dyn TempSpace + '_> {
    Box::new(OwnSpace { cx, count: 0 })
}

impl TempSpace for OwnSpace<'_> {
    fn create(&mut self) -> Result<Box<dyn TempFile>> {
        create_file(self.cx, &mut self.count)
    }
}

impl TempSpace for DiskSpace<'_> {
    fn create(&mut self) -> Result<Box<dyn TempFile>> {
        create_file(self.cx, self.count)
    }
}

fn create_file(cx: Ctx<'_>, count: &mut u32) -> Result<Box<dyn TempFile>> {
    let disk = Arc::clone(&cx.instance.host.disk);
    let folder = PathBuf::from("base/pgsql_tmp");
    let exists = |path: &PathBuf| matches!(disk.kind(path), Ok(Some(_)));
    if !exists(&folder) {
        // Another session may make it at the same moment.
        let made = disk.mkdir(&folder);
        if !exists(&folder) {
            made.could_not(|| format!("create temporary directory \"{}\"", folder.display()))?;
        }
    }
    let session = cx.session.entry.id;
    let (logged_kb, limit_kb) = cx.setting(|s| (s.int(Setting::LogTempFiles), s.int(Setting::TempFileLimit)));
    let voice = u64::try_from(logged_kb).ok().map(|limit| (Arc::clone(&cx.session.entry), limit * 1024));
    let limit_kb = u64::try_from(limit_kb).ok();
    loop {
        let path = folder.join(format!("pgsql_tmp{}.{}", session.0, *count));
        *count += 1;
        match disk.open(&path, OpenOptions::new(OpenMode::CreateNew)) {
            Ok(file) => {
                let session_bytes = Arc::clone(&cx.session.temp_bytes);
                let store = Arc::clone(&cx.session.store);
                return Ok(Box::new(DiskFile { disk, file, path, bytes: 0, voice, session_bytes, limit_kb, store }));
            }
            Err(_) if exists(&path) => {}
            Err(error) => return Err(Error::io(format!("create temporary file \"{}\"", path.display()), &error)),
        }
    }
}

impl TempFile for DiskFile {
    fn append(&mut self, bytes: &[u8]) -> Result<()> {
        let total = self.session_bytes.load(Ordering::Relaxed) + bytes.len() as u64;
        if let Some(limit) = self.limit_kb
            && total > limit * 1024
        {
            let text = "temporary file size exceeds temp_file_limit";
            return Err(error!(CONFIGURATION_LIMIT_EXCEEDED, "{text} ({limit}kB)"));
        }
        self.session_bytes.store(total, Ordering::Relaxed);
        let (usage, start) = (self.store.buffers.usage(), self.bytes);
        let written = usage.timed(Used::TempWriteNs, || self.file.write_at(bytes, start));
        written.could_not(|| format!("write to file \"{}\"", self.path.display()))?;
        self.bytes += bytes.len() as u64;
        usage.add(Used::TempWritten, pages_ended(start, self.bytes));
        Ok(())
    }

    fn read_at(&mut self, offset: u64, out: &mut [u8]) -> Result<usize> {
        let usage = self.store.buffers.usage();
        let read = usage.timed(Used::TempReadNs, || self.file.read_at(out, offset));
        let len = read.could_not(|| format!("read file \"{}\"", self.path.display()))?;
        usage.add(Used::TempRead, pages_ended(offset, offset + len as u64));
        Ok(len)
    }
}

/// Ends of pages between two places in a file: read or written from end to end, each page counts once.
fn pages_ended(from: u64, to: u64) -> u64 {
    let page = PAGE_BYTES as u64;
    to.div_ceil(page) - from.div_ceil(page)
}

impl Drop for DiskFile {
    fn drop(&mut self) {
        self.store.buffers.usage().add(Used::TempFiles, 1);
        self.store.buffers.usage().add(Used::TempBytes, self.bytes);
        if let Some((session, limit_bytes)) = &self.voice
            && self.bytes >= *limit_bytes
        {
            let text = format!("temporary file: path \"{}\", size {}", self.path.display(), self.bytes);
            session.say(&Error::with_severity(Severity::Log, SqlState::SUCCESSFUL_COMPLETION, text));
        }
        self.session_bytes.fetch_sub(self.bytes, Ordering::Relaxed);
        // Nothing depends on it: leftovers are removed at the next start.
        let _ = self.disk.unlink(&self.path);
    }
}
