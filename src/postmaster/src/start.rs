//! From the command line to the loop, and from the loop's end to the process's.
//!
//! The order is PostgreSQL's: arguments, settings, data directory, lock file, pg_control, what an earlier run left over,
//! syslogger, "starting", TCP, Unix-domain sockets, postmaster.opts, external_pid_file, temporary files, authentication
//! rules, status "starting", roles, loop.

use crate::arguments::{Arguments, HELP, Mode};
use crate::children::Children;
use crate::data_directory;
use crate::listen::Listeners;
use crate::lock_file::{Guards, LINE_LISTEN_ADDRESS, LINE_PORT, LINE_SHARED_MEMORY, LINE_SOCKET_DIRECTORY, LockFile};
use crate::mailbox::Mailbox;
use crate::server_loop::{Parts, ServerLoop};
use crate::shared::Shared;
use crate::signals::Signals;
use config::{Hooks, LoadOptions, ServerValues, Setting, Settings, Source, StdFiles, Value};
use host::Poller;
use host::crash::{Inheritance, LastWords};
use logging::{Logger, RoleLog};
use report::{Error, Result, Severity, SqlState};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::{Duration, SystemTime, UNIX_EPOCH};
use sync::Interrupt;
use threads::ChildId;

/// The main settings file's name in the data directory.
const SETTINGS_FILE: &str = "postgresql.toml";
/// The file that ALTER SYSTEM writes.
const AUTO_FILE: &str = "postgresql.auto.toml";

/// The data directory's lock file.
const PID_FILE: &str = "postmaster.pid";
/// Crashes are counted for so long.
pub const CRASH_PERIOD: Duration = Duration::from_secs(60);

/// Seconds since 1970.
pub fn epoch_seconds() -> u64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| since.as_secs())
}

/// Microseconds since 1970.
fn wall_us() -> i64 {
    SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |since| i64::try_from(since.as_micros()).unwrap_or(i64::MAX))
}

/// The number under which a thread logs before it is in the table of sessions: far above theirs and every process id.
pub fn role_pid(id: ChildId) -> i32 {
    i32::MAX - i32::try_from(id.0 % (1 << 20)).expect("the remainder is small")
}

/// Runs the program. Returns the process's exit code.
pub fn run(given: Vec<String>) -> i32 {
    let before = host::crash::inherit();
    let arguments = match Arguments::parse(given) {
        Ok(arguments) => arguments,
        Err(bad) => {
            eprintln!("postmaster: {}\nTry \"postmaster --help\" for more information.", bad.0);
            return 1;
        }
    };
    match &arguments.mode {
        Mode::Version => {
            println!("postgres (PostgreSQL) {}", config::SERVER_VERSION);
            0
        }
        Mode::Help => {
            print!("{HELP}");
            0
        }
        Mode::Describe => {
            crate::describe::print_all();
            0
        }
        _ => run_with_directory(&arguments, before),
    }
}

fn run_with_directory(arguments: &Arguments, before: Inheritance) -> i32 {
    if let Err(text) = check_user(arguments) {
        eprint!("{text}");
        return 1;
    }
    let Some(directory) = find_directory(arguments) else {
        eprintln!(
            "postmaster does not know where to find the database system data.\n\
             You must specify the -D invocation option or set the PGDATA environment variable."
        );
        return 2;
    };
    let settings = match load_settings(arguments, &directory) {
        Ok(settings) => Arc::new(settings),
        Err(code) => return code,
    };
    match &arguments.mode {
        Mode::Show(name) => show_setting(&settings, name),
        Mode::CheckConfig => 0,
        Mode::Boot { .. } | Mode::Single { .. } | Mode::Check => run_alone(arguments, settings, &directory),
        _ => match serve(arguments, settings, &directory, before) {
            Ok(code) => code,
            Err(error) => error,
        },
    }
}

fn check_user(arguments: &Arguments) -> Result<(), String> {
    let (real, effective) = (nix::unistd::getuid(), nix::unistd::geteuid());
    let only_reads = matches!(arguments.mode, Mode::Show(_) | Mode::CheckConfig | Mode::Check);
    if effective.is_root() && !arguments.allow_root && !only_reads {
        return Err("\"root\" execution of the PostgreSQL server is not permitted.\n\
                    The server must be started under an unprivileged user ID to prevent\n\
                    possible system security compromise.  See the documentation for\n\
                    more information on how to properly start the server, or use --allow-root.\n"
            .to_owned());
    }
    if real != effective {
        return Err("postmaster: real and effective user IDs must match\n".to_owned());
    }
    Ok(())
}

fn find_directory(arguments: &Arguments) -> Option<PathBuf> {
    let named = arguments.data_directory.clone();
    let directory = named.or_else(|| std::env::var_os("PGDATA").filter(|d| !d.is_empty()).map(PathBuf::from))?;
    Some(std::path::absolute(&directory).unwrap_or(directory))
}

/// Reads all settings. Errors: the exit code; what is wrong has been printed.
fn load_settings(arguments: &Arguments, directory: &Path) -> Result<Settings, i32> {
    let given = |name: &str| {
        arguments.settings.iter().rev().find(|(n, _)| n.eq_ignore_ascii_case(name)).map(|(_, v)| PathBuf::from(v))
    };
    let main_file = given("config_file").unwrap_or_else(|| directory.join(SETTINGS_FILE));
    let needs_file = !matches!(arguments.mode, Mode::Boot { .. } | Mode::Single { .. });
    if !main_file.exists() && !directory.is_dir() && needs_file {
        eprintln!("postmaster: could not access directory \"{}\": No such file or directory", directory.display());
        eprintln!("Run initdb to initialize a PostgreSQL data directory.");
        return Err(2);
    }
    let environment = std::env::var("PGPORT").ok().map(|port| ("port".to_owned(), port));
    let options = LoadOptions {
        main_file: (needs_file || main_file.exists()).then_some(main_file.clone()),
        auto_file: Some(directory.join(AUTO_FILE)),
        command_line: arguments.settings.clone(),
        environment: environment.into_iter().collect(),
    };
    match Settings::load(options, Arc::new(StdFiles), hooks()) {
        Ok(settings) => {
            set_file_locations(&settings, directory, &main_file);
            set_computed(&settings);
            Ok(settings)
        }
        Err(problems) => {
            say_problems(problems, &main_file);
            Err(1)
        }
    }
}

/// Tells what is wrong with the settings. A line of a file is told of with its place; what the command line says ends the start
/// by itself.
fn say_problems(problems: Vec<Error>, main_file: &Path) {
    // Nothing is set yet, so the log is as it is by default.
    let log = Logger::new(Arc::new(Settings::boot(hooks())), wall_us).postmaster();
    let mut is_file_bad = false;
    for problem in problems {
        let is_of_file = problem.fields().severity == Severity::Log;
        is_file_bad |= is_of_file;
        log.log(&if is_of_file { problem } else { problem.severity(Severity::Fatal) });
    }
    if is_file_bad {
        log.at(Severity::Fatal, format!("configuration file \"{}\" contains errors", main_file.display()));
    }
}

/// The checks of all crates.
fn hooks() -> Hooks {
    crate::checks::hooks(Hooks::new())
}

fn set_file_locations(settings: &Settings, directory: &Path, main_file: &Path) {
    let text = |path: &Path| Value::text(&path.to_string_lossy());
    settings.set_override(Setting::DataDirectory, text(directory));
    settings.set_override(Setting::ConfigFile, text(main_file));
    for (setting, name) in [(Setting::HbaFile, "pg_hba.conf"), (Setting::IdentFile, "pg_ident.conf")] {
        if settings.values().source(setting) == Source::Default {
            settings.set_override(setting, text(&directory.join(name)));
        }
    }
}

/// Values that follow from the machine and from other settings, where nobody gave one.
fn set_computed(settings: &Settings) {
    settings.set_dynamic_default(Setting::MaxStackDepth, Value::Int(STACK_DEPTH_KB));
    settings.set_dynamic_default(Setting::TimezoneAbbreviations, Value::text("Default"));
    let options = crate::storage::options(&settings.values());
    let pages = options.wal_buffer_bytes / base::PAGE_BYTES;
    if settings.int(Setting::WalBuffers) < 0 {
        settings.set_override(Setting::WalBuffers, Value::Int(i32::try_from(pages).unwrap_or(i32::MAX)));
    }
    let bytes = options.frames * base::PAGE_BYTES + options.wal_buffer_bytes;
    let in_units = |unit: usize| Value::Int(i32::try_from(bytes.div_ceil(unit)).unwrap_or(i32::MAX));
    settings.set_dynamic_default(Setting::SharedMemorySize, in_units(1 << 20));
    settings.set_dynamic_default(Setting::SharedMemorySizeInHugePages, in_units(HUGE_PAGE_BYTES));
}

/// `max_stack_depth` unless it is set: PostgreSQL's, and well below what a session's thread has.
const STACK_DEPTH_KB: i32 = 2048;
/// The size of a huge page on x86-64 and most others.
const HUGE_PAGE_BYTES: usize = 2 << 20;

fn show_setting(settings: &Settings, name: &str) -> i32 {
    match Setting::by_name(name) {
        Some(setting) => {
            println!("{}", setting.definition().show_bare(settings.values().value(setting)));
            0
        }
        None => {
            eprintln!("postmaster: unrecognized configuration parameter \"{name}\"");
            1
        }
    }
}

/// Bootstrap, single-user mode, check.
fn run_alone(arguments: &Arguments, settings: Arc<Settings>, directory: &Path) -> i32 {
    let logger = Logger::new(settings.clone(), wall_us);
    let log = logger.postmaster();
    let checked = match arguments.mode {
        // initdb has made the directory, and writes PG_VERSION when it likes.
        Mode::Boot { .. } => data_directory::check_directory(directory),
        _ => data_directory::check(directory),
    };
    match checked {
        Ok(mode) => {
            set_umask(mode);
            crate::alone::run(arguments, settings, directory, &log)
        }
        Err(error) => {
            log.log(&error);
            1
        }
    }
}

fn set_umask(directory_mode: u32) {
    let mask = if directory_mode == 0o750 { 0o027 } else { 0o077 };
    nix::sys::stat::umask(nix::sys::stat::Mode::from_bits_truncate(mask));
}

/// Combinations of settings that cannot be served. Errors: FATAL.
fn check_combination(values: &ServerValues) -> Result<()> {
    let reserved = values.int(Setting::SuperuserReservedConnections);
    let connections = values.int(Setting::MaxConnections);
    let refuse = |text: String| Err(Error::with_severity(Severity::Fatal, SqlState::INVALID_PARAMETER_VALUE, text));
    if reserved >= connections {
        return refuse(format!(
            "superuser_reserved_connections ({reserved}) must be less than max_connections ({connections})"
        ));
    }
    if values.choice(Setting::WalLevel) == "minimal" {
        if values.choice(Setting::ArchiveMode) != "off" {
            return refuse("WAL archival cannot be enabled when wal_level is \"minimal\"".to_owned());
        }
        if values.int(Setting::MaxWalSenders) > 0 {
            let text = "WAL streaming (max_wal_senders > 0) requires wal_level \"replica\" or \"logical\"";
            return refuse(text.to_owned());
        }
    }
    Ok(())
}

/// Serves. Errors: the exit code; what is wrong has been logged.
fn serve(arguments: &Arguments, settings: Arc<Settings>, directory: &Path, before: Inheritance) -> Result<i32, i32> {
    let logger = Logger::new(settings, wall_us);
    let outcome = set_up_and_run(arguments, &logger, directory, before);
    // Whatever the syslogger has not come to write.
    logger.give_up_collecting();
    outcome
}

fn set_up_and_run(
    arguments: &Arguments,
    logger: &Logger,
    directory: &Path,
    mut before: Inheritance,
) -> Result<i32, i32> {
    let log = logger.postmaster();
    let told = |error: Error| {
        log.log(&error);
        1
    };
    let mode = data_directory::check(directory).map_err(told)?;
    check_control_file(directory)?;
    set_umask(mode);
    let values = logger.settings().snapshot();
    check_combination(&values).map_err(told)?;
    let lock_file = lock_again(directory, &values, &mut before).map_err(told)?;
    let outcome = check_crashes(&before, &values, &log)
        .map_err(told)
        .and_then(|()| set_up_locked(arguments, logger, (directory, mode), lock_file, before));
    if outcome.is_err() {
        log.say("database system is shut down");
    }
    outcome
}

/// What comes once the data directory is ours.
fn set_up_locked(
    arguments: &Arguments,
    logger: &Logger,
    (directory, mode): (&Path, u32),
    mut lock_file: LockFile,
    before: Inheritance,
) -> Result<i32, i32> {
    let log = logger.postmaster();
    let values = logger.settings().snapshot();
    let told = |error: Error| {
        log.log(&error);
        1
    };
    data_directory::check_requests(directory).map_err(told)?;
    logger.settings().set_dynamic_default(Setting::DataDirectoryMode, Value::Int(i32::try_from(mode).unwrap_or(0o700)));
    data_directory::remove_leftovers(directory);
    let poller = Poller::new().map_err(|e| told(fatal("create a poller", &e)))?;
    let signals = Signals::install().map_err(|e| told(fatal("install signal handlers", &e)))?;
    let mailbox = Arc::new(Mailbox::new(poller.notifier()));
    let shared = Arc::new(Shared::new(logger.clone(), mailbox, directory.to_owned()));
    crate::storage::build(&shared, None).map_err(told)?;
    redirect_log(logger, &log);
    say_starting(&log);
    let listeners = Listeners::open(&values, directory, &log, before.descriptors).map_err(told)?;
    let pid_file = write_start_files(arguments, &values, directory, &listeners, &mut lock_file, &log).map_err(told)?;
    data_directory::remove_temporary_files(directory);
    shared.load_authentication(&log).map_err(told)?;
    prepare_for_crashes(&lock_file, &listeners).map_err(|e| told(fatal("prepare for crashes", &e)))?;
    let crashed = before.words.is_some();
    let parts = Parts { shared, poller, lock_file, listeners, signals, pid_file };
    ServerLoop::new(parts, crashed).run().map_err(|error| {
        log.log(&fatal("wait for events", &error));
        1
    })
}

fn fatal(what: &str, error: &std::io::Error) -> Error {
    Error::io(what, error).severity(Severity::Fatal)
}

/// From here on a process that breaks is continued by a fresh one.
fn prepare_for_crashes(lock_file: &LockFile, listeners: &Listeners) -> std::io::Result<()> {
    sync::trace_panics();
    let descriptors: Vec<_> = listeners.descriptors().chain(lock_file.descriptors()).collect();
    let arguments: Vec<_> = std::env::args_os().collect();
    host::crash::prepare(&std::env::current_exe()?, &arguments, &descriptors)
}

/// Tells how the process before this one ended. Errors: FATAL, too many did of late.
fn check_crashes(before: &Inheritance, values: &ServerValues, log: &RoleLog) -> Result<()> {
    let Some(words) = &before.words else { return Ok(()) };
    log.log(&describe_crash(words));
    check_crash_rate(host::crash::crashes(CRASH_PERIOD), values)
}

/// Errors: FATAL, so many crashes within a minute are too many.
pub fn check_crash_rate(crashes: usize, values: &ServerValues) -> Result<()> {
    let most = values.int(Setting::CrashRestartsPerMinute);
    if usize::try_from(most).is_ok_and(|most| crashes > most) {
        let text = format!("server crashed {crashes} times within a minute, not starting it again");
        let hint = "Look for the cause in the log. \"crash_restarts_per_minute\" says how many crashes are too many.";
        return Err(plain_fatal(text).hint(hint));
    }
    Ok(())
}

/// What the log is told of the process before this one.
fn describe_crash(words: &LastWords) -> Error {
    let who = match words.session {
        0 => words.thread.clone(),
        session => format!("{} (PID {session})", words.thread),
    };
    let text = match words.signal {
        0 => "server process started over".to_owned(),
        signal => format!("{who} was terminated by signal {signal}: {}", words.signal_name()),
    };
    let error = Error::with_severity(Severity::Log, SqlState::SUCCESSFUL_COMPLETION, text);
    if words.statement.is_empty() { error } else { error.detail(was_running(&words.statement)) }
}

/// What a thread that crashed was doing.
pub fn was_running(statement: &str) -> String {
    format!("Failed process was running: {statement}")
}

/// Creates postmaster.pid, or goes on with that of the process that this one continues.
fn lock_again(directory: &Path, values: &ServerValues, before: &mut Inheritance) -> Result<LockFile> {
    let (path, lines) = (directory.join(PID_FILE), lock_lines(directory, values, false));
    match LockFile::inherit(&path, &lines, &mut before.descriptors) {
        Ok(Some(lock_file)) => Ok(lock_file),
        _ => LockFile::create(&path, &Guards::DataDirectory(directory.to_owned()), &lines, &mut before.descriptors),
    }
}

/// Creates postmaster.pid for a server without clients, which says so by a negative process id.
pub fn lock_alone(directory: &Path, values: &ServerValues) -> Result<LockFile> {
    let (path, lines) = (directory.join(PID_FILE), lock_lines(directory, values, true));
    LockFile::create(&path, &Guards::DataDirectory(directory.to_owned()), &lines, &mut Vec::new())
}

fn lock_lines(directory: &Path, values: &ServerValues, is_single: bool) -> [String; 4] {
    let sign = if is_single { "-" } else { "" };
    [
        format!("{sign}{}", std::process::id()),
        directory.display().to_string(),
        epoch_seconds().to_string(),
        values.int(Setting::Port).to_string(),
    ]
}

/// A directory without pg_control is no cluster.
fn check_control_file(directory: &Path) -> Result<(), i32> {
    let path = directory.join("global/pg_control");
    match std::fs::File::open(&path) {
        Ok(_) => Ok(()),
        Err(error) => {
            let reason = Error::io(format!("open file \"{}\"", path.display()), &error);
            eprintln!(
                "postmaster: could not find the database system\n\
                 Expected to find it in the directory \"{}\",\nbut {}",
                directory.display(),
                reason.message()
            );
            Err(2)
        }
    }
}

/// From here on the log goes to the syslogger, which starts with the other roles; until then its channel keeps it.
fn redirect_log(logger: &Logger, log: &RoleLog) {
    let values = logger.settings().values();
    if !values.bool(Setting::LoggingCollector) {
        return;
    }
    let directory = values.text(Setting::LogDirectory);
    let text = "redirecting log output to logging collector process";
    let hint = format!("Future log output will appear in directory \"{directory}\".");
    log.log(&Error::with_severity(Severity::Log, SqlState::SUCCESSFUL_COMPLETION, text).hint(hint));
    logger.start_collecting();
}

fn say_starting(log: &RoleLog) {
    let (architecture, system) = (std::env::consts::ARCH, std::env::consts::OS);
    log.say(format!("starting PostgreSQL {} on {architecture}-{system}, {}-bit", config::SERVER_VERSION, usize::BITS));
}

/// external_pid_file, removed at the end.
#[derive(Debug)]
pub struct PidFile(PathBuf);

impl Drop for PidFile {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.0);
    }
}

/// postmaster.pid's address lines, postmaster.opts, external_pid_file.
fn write_start_files(
    arguments: &Arguments,
    values: &ServerValues,
    directory: &Path,
    listeners: &Listeners,
    lock_file: &mut LockFile,
    log: &RoleLog,
) -> Result<Option<PidFile>> {
    let socket_directory = listeners.first_socket_directory.clone().unwrap_or_default();
    let address = listeners.first_address.clone().unwrap_or_default();
    let lines = [
        (LINE_PORT, values.int(Setting::Port).to_string()),
        (LINE_SOCKET_DIRECTORY, socket_directory),
        (LINE_LISTEN_ADDRESS, address),
        // No shared memory segment could outlive the process.
        (LINE_SHARED_MEMORY, format!("{:9} {:9}", 0, 0)),
    ];
    for (number, text) in lines {
        lock_file
            .set_line(number, &text)
            .map_err(|e| fatal(&format!("write lock file \"{}\"", lock_file.path().display()), &e))?;
    }
    write_options_file(arguments, directory, log);
    Ok(write_external_pid_file(values, log))
}

/// postmaster.opts: the program and its arguments, for `pg_ctl restart`.
fn write_options_file(arguments: &Arguments, directory: &Path, log: &RoleLog) {
    let program = std::env::current_exe().map_or_else(|_| "postmaster".to_owned(), |p| p.display().to_string());
    let quoted: String = arguments.given.iter().map(|argument| format!(" \"{argument}\"")).collect();
    let path = directory.join("postmaster.opts");
    if let Err(error) = std::fs::write(&path, format!("{program}{quoted}\n")) {
        log.log(&Error::io(format!("create file \"{}\"", path.display()), &error).severity(Severity::Log));
    }
}

fn write_external_pid_file(values: &ServerValues, log: &RoleLog) -> Option<PidFile> {
    let name = values.text(Setting::ExternalPidFile);
    if name.is_empty() {
        return None;
    }
    let path = PathBuf::from(name.as_ref());
    let write = || {
        std::fs::write(&path, format!("{}\n", std::process::id()))?;
        std::fs::set_permissions(&path, std::fs::Permissions::from_mode(0o644))
    };
    if let Err(error) = write() {
        log.log(&Error::io(format!("write external PID file \"{name}\""), &error).severity(Severity::Log));
    }
    Some(PidFile(path))
}

/// Closes what the server has open, in order: sockets, their files, the log, lock files.
pub fn end(parts: Parts, log: &RoleLog, children: Children) {
    let Parts { shared, poller, lock_file, listeners, signals, pid_file } = parts;
    shared.set_running(None);
    drop(poller);
    drop(listeners);
    log.say("database system is shut down");
    for child in children.all() {
        child.tell(Interrupt::Terminate);
    }
    shared.logger.channel().poke();
    children.join_loggers(crate::deadlines::KILL_AFTER);
    drop((signals, pid_file, lock_file));
}

/// FATAL with no particular code, for what has no SQLSTATE of its own in PostgreSQL either.
pub fn plain_fatal(text: impl Into<String>) -> Error {
    Error::with_severity(Severity::Fatal, SqlState::INTERNAL_ERROR, text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refuses_combinations_that_cannot_work() {
        let settings = Settings::boot(Hooks::new());
        check_combination(&settings.values()).unwrap();
        settings.set_override(Setting::MaxConnections, Value::Int(3));
        assert!(
            check_combination(&settings.values())
                .unwrap_err()
                .message()
                .ends_with("must be less than max_connections (3)")
        );
    }
}
