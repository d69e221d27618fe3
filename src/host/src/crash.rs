//! What happens when the process itself breaks: it is replaced by a fresh copy of the program, under the same process id, with
//! the same listening sockets and lock files.
//!
//! A signal that means that memory cannot be trusted (SEGV, BUS, ILL, FPE, ABRT) is handled on the alternate stack that every thread of Rust's
//! has. The handler takes no lock and allocates nothing: everything that it needs was laid out by [`prepare`].
//!
//! 1. It writes one line to standard error: which thread, session and statement, and which signal.
//! 2. It fills in the environment variable that tells the next process the same (`WOOLLY_REBORN`).
//! 3. It lets the descriptors that are to be inherited live on, and calls `execve`. All other threads end there; the kernel closes what
//!    else was open.
//!
//! Invariants
//! - I1. Only one thread ever comes past the first step; others that crash meanwhile wait for their end.
//! - I2. A crash within the handler ends the process: nothing is tried twice.
//!
//! The statics here are what a handler can find; nothing else uses them.

use std::ffi::{CString, OsString, c_char, c_int, c_void};
use std::io;
use std::os::fd::{AsRawFd, BorrowedFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::Path;
use std::ptr;
use std::sync::atomic::{AtomicBool, AtomicI32, AtomicPtr, AtomicU64, Ordering};
use std::time::Duration;

/// The variable that tells a process that it continues another: seconds of crashes, signal, thread, session, statement.
const REBORN: &str = "WOOLLY_REBORN";
/// The variable that names the inherited descriptors.
const INHERITED: &str = "WOOLLY_INHERITED";
/// Room for the first one's value. Unit: bytes.
const WORDS_BYTES: usize = 1024;
/// Crashes whose time is remembered.
const HISTORY: usize = 32;
/// A fault so close to the stack pointer is an overflow of the stack. Unit: bytes.
const OVERFLOW_BYTES: usize = 64 << 10;

const SIGNALS: [c_int; 5] = [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGABRT];

/// Laid out beforehand; never freed.
struct Plan {
    program: CString,
    arguments: Vec<*const c_char>,
    environment: Vec<*const c_char>,
    /// Where in `environment` the words go, and their end.
    words: *mut u8,
    inherited: Vec<RawFd>,
}

static PLAN: AtomicPtr<Plan> = AtomicPtr::new(ptr::null_mut());
/// Whether the server is to go on after a crash.
static RESTARTS: AtomicBool = AtomicBool::new(false);
/// The thread that crashed, by the kernel's number.
static CRASHED: AtomicI32 = AtomicI32::new(0);
/// Seconds of the machine's clock at which there were crashes, the latest anywhere; 0 for none.
static TIMES: [AtomicU64; HISTORY] = [const { AtomicU64::new(0) }; HISTORY];

/// What the process before this one said when it crashed.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LastWords {
    /// The signal; 0 if it gave up by itself, as threads did not end.
    pub signal: i32,
    /// The stack was exhausted.
    pub is_overflow: bool,
    /// The thread.
    pub thread: String,
    /// The session that it served; 0 for none.
    pub session: i32,
    /// The statement that it ran, cut; empty if none.
    pub statement: String,
}

impl LastWords {
    /// The signal in words.
    pub fn signal_name(&self) -> &'static str {
        match self.signal {
            _ if self.is_overflow => "Segmentation fault (stack overflow)",
            signal => name_of(signal),
        }
    }
}

fn name_of(signal: c_int) -> &'static str {
    match signal {
        libc::SIGSEGV => "Segmentation fault",
        libc::SIGBUS => "Bus error",
        libc::SIGILL => "Illegal instruction",
        libc::SIGFPE => "Floating point exception",
        libc::SIGABRT => "Aborted",
        _ => "unknown signal",
    }
}

/// What an earlier process left to this one.
#[derive(Default, Debug)]
pub struct Inheritance {
    /// What it said; none if this process was started anew.
    pub words: Option<LastWords>,
    /// Its sockets and lock files that nobody has taken yet.
    pub descriptors: Vec<OwnedFd>,
}

/// Takes what an earlier process left. For the beginning of the program: no other thread may run.
pub fn inherit() -> Inheritance {
    let take = |name: &str| {
        let value = std::env::var_os(name)?;
        // SAFETY: the caller says that no other thread runs, so none reads the environment.
        unsafe { std::env::remove_var(name) };
        Some(value)
    };
    let (Some(words), descriptors) = (take(REBORN), take(INHERITED)) else { return Inheritance::default() };
    let numbers = descriptors.unwrap_or_default();
    let numbers = numbers.to_str().unwrap_or_default().split(',').filter_map(|number| number.parse().ok());
    Inheritance { words: read_words(&words.into_vec()), descriptors: numbers.filter_map(adopt).collect() }
}

/// A descriptor that was left open for this process; from now on it closes on exec again.
fn adopt(number: RawFd) -> Option<OwnedFd> {
    // SAFETY: F_SETFD reads nothing of ours; a number that is not open is refused.
    if number <= 2 || unsafe { libc::fcntl(number, libc::F_SETFD, libc::FD_CLOEXEC) } != 0 {
        return None;
    }
    // SAFETY: the descriptor is open, and nobody in this process owns it: it was named by the process before.
    Some(unsafe { OwnedFd::from_raw_fd(number) })
}

/// Reads the words and takes over the times of the crashes.
fn read_words(words: &[u8]) -> Option<LastWords> {
    let mut parts = words.splitn(6, |byte| *byte == b';');
    let mut text = || parts.next().map(|part| String::from_utf8_lossy(part).into_owned());
    for (slot, time) in TIMES.iter().zip(text()?.split(',')) {
        slot.store(time.parse().unwrap_or(0), Ordering::Relaxed);
    }
    Some(LastWords {
        signal: text()?.parse().ok()?,
        is_overflow: text()? == "1",
        thread: text()?,
        session: text()?.parse().ok()?,
        statement: text()?,
    })
}

/// Lays out what it takes to start over, and installs the handlers. `inherited` are the sockets and lock files that the next process is
/// given; they must stay open. For the program, once.
///
/// Errors: the system's.
pub fn prepare(program: &Path, arguments: &[OsString], inherited: &[BorrowedFd<'_>]) -> io::Result<()> {
    let c_string = |bytes: &[u8]| CString::new(bytes).map_err(|_| io::Error::from(io::ErrorKind::InvalidInput));
    let pointers = |strings: Vec<CString>| -> Vec<*const c_char> {
        let pointers = strings.into_iter().map(|string| string.into_raw().cast_const());
        pointers.chain([ptr::null()]).collect()
    };
    let given = arguments.iter().map(|argument| c_string(argument.as_bytes())).collect::<io::Result<Vec<_>>>()?;
    let numbers: Vec<RawFd> = inherited.iter().map(AsRawFd::as_raw_fd).collect();
    let listed: Vec<String> = numbers.iter().map(ToString::to_string).collect();
    let mut variables = vec![c_string(format!("{INHERITED}={}", listed.join(",")).as_bytes())?];
    for (name, value) in std::env::vars_os().filter(|(name, _)| name != REBORN && name != INHERITED) {
        variables.push(c_string(&[name.as_bytes(), b"=", value.as_bytes()].concat())?);
    }
    let mut environment = pointers(variables);
    let reborn = Vec::leak([format!("{REBORN}=").as_bytes(), &[0; WORDS_BYTES]].concat());
    let words = reborn[REBORN.len() + 1..].as_mut_ptr();
    environment.insert(0, reborn.as_ptr().cast());
    let program = c_string(program.as_os_str().as_bytes())?;
    let plan = Plan { program, arguments: pointers(given), environment, words, inherited: numbers };
    PLAN.store(Box::into_raw(Box::new(plan)), Ordering::Release);
    SIGNALS.iter().try_for_each(|&signal| install(signal))
}

fn install(signal: c_int) -> io::Result<()> {
    let handler: extern "C" fn(c_int, *mut libc::siginfo_t, *mut c_void) = on_signal;
    // SAFETY: an all-zero sigaction is a valid one; its fields are set before it is used. The handler keeps to what is allowed in one.
    let outcome = unsafe {
        let mut action: libc::sigaction = std::mem::zeroed();
        action.sa_sigaction = handler as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK;
        libc::sigemptyset(&raw mut action.sa_mask);
        libc::sigaction(signal, &raw const action, ptr::null_mut())
    };
    if outcome == 0 { Ok(()) } else { Err(io::Error::last_os_error()) }
}

/// Whether a crash leads to a new start (`restart_after_crash`, no shutdown under way) or to the end.
pub fn set_restarts(restarts: bool) {
    RESTARTS.store(restarts, Ordering::Release);
}

/// Counts a crash of whatever kind. Returns how many there were within this time, this one included.
pub fn count_crash(within: Duration) -> usize {
    let now = now_s();
    note_time(now);
    crashes_since(now.saturating_sub(within.as_secs()))
}

/// How many crashes there were within this time.
pub fn crashes(within: Duration) -> usize {
    crashes_since(now_s().saturating_sub(within.as_secs()))
}

fn crashes_since(time: u64) -> usize {
    TIMES.iter().filter(|slot| slot.load(Ordering::Relaxed) > time).count()
}

/// Puts the time in the place of the oldest one.
fn note_time(now: u64) {
    let oldest = TIMES.iter().min_by_key(|slot| slot.load(Ordering::Relaxed));
    if let Some(oldest) = oldest {
        oldest.store(now, Ordering::Relaxed);
    }
}

/// Seconds of a clock that goes on over execve.
fn now_s() -> u64 {
    let mut now = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: the pointer is to a timespec of ours.
    unsafe { libc::clock_gettime(libc::CLOCK_MONOTONIC, &raw mut now) };
    now.tv_sec.cast_unsigned().max(1)
}

/// Puts a fresh copy of the program in the place of this process, as after a crash of this thread. Returns only if that fails.
pub fn start_over() -> io::Error {
    replace(0, false)
}

/// Writes to where there is no memory: a real SIGSEGV, for tests.
pub fn write_to_nowhere() -> ! {
    // SAFETY: none; that is the purpose. The kernel answers with a signal before anything is written.
    unsafe { ptr::without_provenance_mut::<u8>(8).write_volatile(1) };
    exit()
}

extern "C" fn on_signal(signal: c_int, info: *mut libc::siginfo_t, context: *mut c_void) {
    // SAFETY: gettid has no conditions.
    let this = unsafe { libc::gettid() };
    if let Err(other) = CRASHED.compare_exchange(0, this, Ordering::AcqRel, Ordering::Acquire) {
        if other == this {
            exit(); // I2
        }
        loop {
            // SAFETY: pause has no conditions. Whoever came first ends this thread.
            unsafe { libc::pause() };
        }
    }
    let is_overflow = signal == libc::SIGSEGV && is_stack_overflow(info, context);
    say(signal, is_overflow);
    let name = thread_name();
    // A start that fails would fail again: whoever operates the server has to look.
    if RESTARTS.load(Ordering::Acquire) && !name.starts_with(b"startup\0") {
        replace(signal, is_overflow);
    }
    exit();
}

fn exit() -> ! {
    // SAFETY: _exit may be called from a handler.
    unsafe { libc::_exit(1) }
}

/// True if the fault was beside the stack pointer.
fn is_stack_overflow(info: *mut libc::siginfo_t, context: *mut c_void) -> bool {
    // SAFETY: the kernel gives valid pointers to a handler that was installed with SA_SIGINFO.
    let (address, stack) = unsafe { ((*info).si_addr() as usize, stack_pointer(context)) };
    stack.is_some_and(|stack| address.abs_diff(stack) < OVERFLOW_BYTES)
}

/// # Safety
/// The context is one that the kernel gave to a handler.
unsafe fn stack_pointer(context: *mut c_void) -> Option<usize> {
    let context = context.cast::<libc::ucontext_t>();
    #[cfg(target_arch = "x86_64")]
    // SAFETY: as the caller says.
    return Some(unsafe { (*context).uc_mcontext.gregs[libc::REG_RSP as usize] } as usize);
    #[cfg(target_arch = "aarch64")]
    // SAFETY: as the caller says.
    return Some(unsafe { (*context).uc_mcontext.sp } as usize);
    #[allow(unreachable_code)]
    {
        let _ = context;
        None
    }
}

/// The present thread's name, with a zero behind it.
fn thread_name() -> [u8; 16] {
    let mut name = [0; 16];
    // SAFETY: the kernel writes at most 16 bytes.
    unsafe { libc::prctl(libc::PR_GET_NAME, name.as_mut_ptr()) };
    name
}

/// Writes the line.
fn say(signal: c_int, is_overflow: bool) {
    let mut room = [0; 512];
    let mut line = Text::over(&mut room);
    let note = sync::noted();
    line.put(b"LOG:  ").put_name(&thread_name());
    if note.session != 0 {
        line.put(b" (PID ").put_number(note.session.unsigned_abs().into()).put(b")");
    }
    line.put(b" was terminated by signal ").put_number(signal.unsigned_abs().into());
    line.put(b": ").put(name_of(signal).as_bytes());
    line.put(if is_overflow { b" (stack overflow)" } else { b"" });
    if !note.statement().is_empty() {
        line.put(b"; it was running: ").put_line(note.statement());
    }
    line.put(b"\n");
    let bytes = line.bytes();
    // SAFETY: the bytes are ours. Nothing can be done about a line that cannot be written.
    unsafe { libc::write(libc::STDERR_FILENO, bytes.as_ptr().cast(), bytes.len()) };
}

/// Steps 2 and 3. Returns only if that fails.
fn replace(signal: c_int, is_overflow: bool) -> io::Error {
    // SAFETY: the pointer is null or to a plan that lives for ever.
    let Some(plan) = (unsafe { PLAN.load(Ordering::Acquire).as_ref() }) else {
        return io::ErrorKind::Unsupported.into();
    };
    // SAFETY: the words have this room, and only the one thread that came here writes there (I1).
    let room = unsafe { std::slice::from_raw_parts_mut(plan.words, WORDS_BYTES - 1) };
    note_time(now_s());
    write_words(room, signal, is_overflow);
    for &descriptor in &plan.inherited {
        // SAFETY: F_SETFD reads nothing of ours.
        unsafe { libc::fcntl(descriptor, libc::F_SETFD, 0) };
    }
    // SAFETY: the plan's strings end with a zero and its lists with a null. The mask is passed on by execve, so the signal that is being
    // handled must not stay blocked.
    unsafe {
        let mut none: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&raw mut none);
        libc::pthread_sigmask(libc::SIG_SETMASK, &raw const none, ptr::null_mut());
        libc::execve(plan.program.as_ptr(), plan.arguments.as_ptr(), plan.environment.as_ptr());
    }
    io::Error::last_os_error()
}

/// The value of `WOOLLY_REBORN`.
fn write_words(room: &mut [u8], signal: c_int, is_overflow: bool) {
    let note = sync::noted();
    let mut words = Text::over(room);
    for (index, time) in TIMES.iter().enumerate() {
        words.put(if index == 0 { b"" } else { b"," }).put_number(time.load(Ordering::Relaxed));
    }
    words.put(b";").put_number(signal.unsigned_abs().into());
    words.put(if is_overflow { b";1;" } else { b";0;" });
    words.put_name(&thread_name()).put(b";").put_number(note.session.unsigned_abs().into());
    words.put(b";").put(note.statement());
}

/// Text in a buffer that was there before. What has no room is left out.
struct Text<'a> {
    buffer: &'a mut [u8],
    length: usize,
}

impl<'a> Text<'a> {
    fn over(buffer: &'a mut [u8]) -> Text<'a> {
        Text { buffer, length: 0 }
    }

    fn put(&mut self, bytes: &[u8]) -> &mut Self {
        for &byte in bytes.iter().filter(|byte| **byte != 0) {
            if self.length < self.buffer.len() {
                self.buffer[self.length] = byte;
                self.length += 1;
            }
        }
        self
    }

    /// Up to the first zero.
    fn put_name(&mut self, name: &[u8]) -> &mut Self {
        let length = name.iter().position(|byte| *byte == 0).unwrap_or(name.len());
        self.put(&name[..length])
    }

    /// On one line.
    fn put_line(&mut self, bytes: &[u8]) -> &mut Self {
        for &byte in bytes {
            self.put(&[if byte.is_ascii_control() { b' ' } else { byte }]);
        }
        self
    }

    fn put_number(&mut self, mut number: u64) -> &mut Self {
        let (mut digits, mut at) = ([0; 20], 20);
        loop {
            at -= 1;
            digits[at] = b'0' + (number % 10) as u8;
            number /= 10;
            if number == 0 {
                return self.put(&digits[at..]);
            }
        }
    }

    fn bytes(&self) -> &[u8] {
        &self.buffer[..self.length]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_as_they_were_written() {
        sync::note_statement(42, "select ';' from t");
        let mut room = [0; WORDS_BYTES];
        write_words(&mut room, libc::SIGBUS, false);
        let end = room.iter().position(|byte| *byte == 0).unwrap();
        let words = read_words(&room[..end]).unwrap();
        assert_eq!((words.signal, words.session, words.is_overflow), (libc::SIGBUS, 42, false));
        assert_eq!((words.statement.as_str(), words.signal_name()), ("select ';' from t", "Bus error"));
        sync::note_session(0);
    }

    #[test]
    fn text_that_has_no_room_is_left_out() {
        let mut room = [0; 8];
        let mut text = Text::over(&mut room);
        text.put(b"ab").put_number(0).put_number(u64::MAX);
        assert_eq!(text.bytes(), b"ab018446");
    }

    #[test]
    fn crashes_are_counted_for_a_while() {
        let minute = Duration::from_secs(60);
        let before = crashes(minute);
        assert_eq!(count_crash(minute), before + 1);
        assert_eq!(crashes(minute), before + 1);
        note_time(now_s().saturating_sub(61));
        assert_eq!(crashes(minute), before + 1);
    }
}
