//! Lock files: `postmaster.pid` in the data directory, and one beside each Unix-domain socket.
//!
//! ```text
//! line  postmaster.pid                      socket lock file
//! 1     process id                          process id
//! 2     data directory                      data directory
//! 3     start time, seconds since 1970      start time
//! 4     port                                port
//! 5     first socket directory              its socket directory
//! 6     first listen address, * for all     -
//! 7     shared memory key and id: 0 0       -
//! 8     status, padded to 8 characters      -
//! ```
//! Tools of PostgreSQL (pg_ctl, pg_isready) read it by line number. Two things say that a server is alive: the process id
//! of line 1, as in PostgreSQL, and a lock of the operating system on the file, which a recycled process id cannot fake. Where
//! the file system has locks, the lock decides.
//!
//! Anybody can remove a file. So the data directory itself is locked too, from after the file is ours until before it is removed: a server that has lost
//! its file still keeps others out.
//!
//! Invariant: whoever holds a [`LockFile`] made the file or took it over from a dead server, and removes it when dropped.

use nix::sys::signal::kill;
use nix::unistd::{Pid, getppid};
use report::{Error, Result, Severity, SqlState};
use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read, Seek, SeekFrom, Write};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::MetadataExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

/// How often the file is tried for, while others create and remove it.
const TRIES_MAX: u32 = 100;
/// The pause between two tries while another starter has a stale file locked.
const TRY_PAUSE: Duration = Duration::from_millis(1);

/// Line numbers of postmaster.pid.
pub const LINE_PORT: usize = 4;
/// The first socket directory.
pub const LINE_SOCKET_DIRECTORY: usize = 5;
/// The first listen address.
pub const LINE_LISTEN_ADDRESS: usize = 6;
/// Shared memory key and id.
pub const LINE_SHARED_MEMORY: usize = 7;
/// The status.
pub const LINE_STATUS: usize = 8;

/// What a lock file guards; it is named in messages.
#[derive(Clone, Debug)]
pub enum Guards {
    /// The data directory.
    DataDirectory(PathBuf),
    /// A socket.
    Socket(PathBuf),
}

/// A lock file that is ours.
#[derive(Debug)]
pub struct LockFile {
    path: PathBuf,
    file: File,
    lines: Vec<String>,
    /// The data directory, locked; none for a socket, and where the file system has no locks.
    directory: Option<File>,
}

impl Guards {
    /// How messages name its lock file. The data directory's goes by its name alone, as everybody knows where it is.
    fn name<'a>(&self, path: &'a Path) -> &'a Path {
        match self {
            Guards::DataDirectory(_) => path.file_name().map_or(path, Path::new),
            Guards::Socket(_) => path,
        }
    }
}

impl LockFile {
    /// Creates the file. A lock of the directory may be among what the process that this one continues left open.
    ///
    /// Errors: F0001 if another server is alive, and what the file system says.
    pub fn create(path: &Path, guards: &Guards, first_lines: &[String], left: &mut Vec<OwnedFd>) -> Result<LockFile> {
        let lines = first_lines.to_vec();
        let draft = Draft::write(path, &lines)?;
        for tries in 1.. {
            match std::fs::hard_link(&draft.path, path) {
                Ok(()) => break,
                Err(error) if error.kind() != io::ErrorKind::AlreadyExists || tries > TRIES_MAX => {
                    return Err(fatal_io("create lock file", path, &error));
                }
                Err(_) => remove_stale(path, guards, tries)?,
            }
        }
        let file = draft.file.try_clone().map_err(|e| fatal_io("open lock file", path, &e))?;
        let mut lock_file = LockFile { path: path.to_owned(), file, lines, directory: None };
        if let Guards::DataDirectory(_) = guards {
            lock_file.directory = lock_directory(lock_file.folder(), left)?;
        }
        Ok(lock_file)
    }

    /// The file of the process that this one continues, if it is among what that left open: it was locked all the while.
    pub fn inherit(path: &Path, first_lines: &[String], left: &mut Vec<OwnedFd>) -> io::Result<Option<LockFile>> {
        let Some(mut file) = take_open(path, left) else { return Ok(None) };
        let lines = first_lines.to_vec();
        write_lines(&mut file, &lines)?;
        let mut lock_file = LockFile { path: path.to_owned(), file, lines, directory: None };
        lock_file.directory = take_open(lock_file.folder(), left);
        Ok(Some(lock_file))
    }

    fn folder(&self) -> &Path {
        self.path.parent().unwrap_or(Path::new("/"))
    }

    /// What the process that may have to continue this one needs of it.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        [Some(&self.file), self.directory.as_ref()].into_iter().flatten().map(AsFd::as_fd)
    }

    /// Sets a line, by its number from 1; lines before it that do not exist yet are left empty.
    pub fn set_line(&mut self, number: usize, text: &str) -> io::Result<()> {
        if self.lines.len() < number {
            self.lines.resize(number, String::new());
        }
        text.clone_into(&mut self.lines[number - 1]);
        write_lines(&mut self.file, &self.lines)
    }

    /// Looks whether the file is still there and still ours. Errors: why not, in PostgreSQL's words.
    pub fn recheck(&self) -> Result<(), String> {
        let shown = self.path.display();
        let bytes = match std::fs::read(&self.path) {
            Ok(bytes) => bytes,
            Err(error) if matches!(error.kind(), io::ErrorKind::NotFound | io::ErrorKind::NotADirectory) => {
                return Err(format!("could not open file \"{shown}\": {}", os_text(&error)));
            }
            // Anything else may pass: a server must not end because descriptors ran out for a moment.
            Err(_) => return Ok(()),
        };
        let text = String::from_utf8_lossy(&bytes);
        let first = text.lines().next().unwrap_or_default();
        if first == self.lines[0] {
            return Ok(());
        }
        Err(format!("lock file \"{shown}\" contains wrong PID: {first} instead of {}", self.lines[0]))
    }

    /// Where it is.
    pub fn path(&self) -> &Path {
        &self.path
    }
}

impl Drop for LockFile {
    fn drop(&mut self) {
        // Whoever finds no file must find no lock either.
        self.directory = None;
        // Only our own file: somebody may have removed it and another server made its own.
        if self.recheck().is_ok() {
            let _ = std::fs::remove_file(&self.path);
        }
    }
}

/// The file before it has its name: whole and locked, so that nobody ever sees it otherwise.
struct Draft {
    path: PathBuf,
    file: File,
}

impl Draft {
    fn write(path: &Path, lines: &[String]) -> Result<Draft> {
        let mut name = path.as_os_str().to_owned();
        name.push(format!(".{}", own_pid()));
        let draft = PathBuf::from(name);
        let open = || {
            let mut file = OpenOptions::new().read(true).write(true).create(true).truncate(true).open(&draft)?;
            write_lines(&mut file, lines)?;
            // A file system without locks is no reason not to start: the process id has to do.
            let _ = file.try_lock();
            Ok(file)
        };
        match open() {
            Ok(file) => Ok(Draft { path: draft, file }),
            Err(error) => Err(fatal_io("create lock file", path, &error)),
        }
    }
}

impl Drop for Draft {
    fn drop(&mut self) {
        let _ = std::fs::remove_file(&self.path);
    }
}

/// Removes a dead server's file. Errors: the server is alive, or the file cannot be read or removed.
fn remove_stale(path: &Path, guards: &Guards, tries: u32) -> Result<()> {
    let name = guards.name(path);
    // Some file systems lock only what may be written; where that is refused, reading has to do.
    let writable = OpenOptions::new().read(true).write(true).open(path);
    let mut file = match writable.or_else(|_| File::open(path)) {
        Ok(file) => file,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(()),
        Err(error) => return Err(fatal_io("open lock file", name, &error)),
    };
    let mut bytes = Vec::new();
    file.read_to_end(&mut bytes).map_err(|e| fatal_io("read lock file", name, &e))?;
    let owner = Owner::parse(name, &String::from_utf8_lossy(&bytes))?;
    let is_refused = match file.try_lock() {
        // Whoever wrote the file has died: a living process of that number is another one, or a corpse.
        Ok(()) => false,
        Err(TryLockError::WouldBlock) if owner.is_alive() || tries >= TRIES_MAX => true,
        Err(TryLockError::WouldBlock) => {
            // Another starter is about to remove it, or a server lives whose process is not to be seen from here.
            std::thread::sleep(TRY_PAUSE);
            return Ok(());
        }
        // A file system without locks: the process id has to do.
        Err(TryLockError::Error(_)) => owner.is_alive(),
    };
    if is_refused {
        return Err(refusal(format!("lock file \"{}\" already exists", name.display())).hint(owner.hint(guards)));
    }
    // The lock on the stale file is what entitles to remove it, but only while the name is still this file's.
    if !is_same_file(&file, path) {
        return Ok(());
    }
    match std::fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => {
            let hint = "The file seems accidentally left over, but it could not be removed. Please remove the file by hand \
                        and try again.";
            Err(fatal_io("remove old lock file", name, &error).hint(hint))
        }
        _ => Ok(()),
    }
}

/// Locks the directory, or goes on with a lock that was left open. `None`: its file system has no locks.
fn lock_directory(directory: &Path, left: &mut Vec<OwnedFd>) -> Result<Option<File>> {
    if let Some(locked) = take_open(directory, left) {
        return Ok(Some(locked));
    }
    let file = File::open(directory).map_err(|error| fatal_io("open directory", directory, &error))?;
    for _ in 0..TRIES_MAX {
        match file.try_lock() {
            Ok(()) => return Ok(Some(file)),
            Err(TryLockError::Error(_)) => return Ok(None),
            // A server that is being killed gives up its locks one by one.
            Err(TryLockError::WouldBlock) => std::thread::sleep(TRY_PAUSE),
        }
    }
    let shown = directory.display();
    let hint = format!("Terminate any old server processes associated with data directory \"{shown}\".");
    Err(refusal(format!("data directory \"{shown}\" is still in use by a server without a lock file")).hint(hint))
}

/// Takes the file of this name from what was left open.
fn take_open(path: &Path, left: &mut Vec<OwnedFd>) -> Option<File> {
    let is_it = |descriptor: &OwnedFd| {
        descriptor.try_clone().is_ok_and(|descriptor| is_same_file(&File::from(descriptor), path))
    };
    left.iter().position(is_it).map(|at| File::from(left.swap_remove(at)))
}

fn is_same_file(file: &File, path: &Path) -> bool {
    match (file.metadata(), std::fs::metadata(path)) {
        (Ok(ours), Ok(named)) => ours.ino() == named.ino() && ours.dev() == named.dev(),
        _ => false,
    }
}

/// Whose file it is, from line 1.
struct Owner {
    pid: i32,
    /// A negative number is that of a single-user server.
    is_single: bool,
}

impl Owner {
    fn parse(name: &Path, text: &str) -> Result<Owner> {
        let shown = name.display();
        if text.is_empty() {
            let hint = "Either another server is starting, or the lock file is the remnant of a previous server startup \
                        crash.";
            return Err(refusal(format!("lock file \"{shown}\" is empty")).hint(hint));
        }
        match text.lines().next().unwrap_or_default().trim().parse::<i32>() {
            Ok(number) if number != 0 => Ok(Owner { pid: number.saturating_abs(), is_single: number < 0 }),
            _ => Err(refusal(format!("bogus data in lock file \"{shown}\": \"{text}\""))),
        }
    }

    fn is_alive(&self) -> bool {
        let is_kin = self.pid == own_pid() || self.pid == getppid().as_raw() || Some(self.pid) == grandparent();
        // EPERM means that the process is another user's, so it is no server on this directory.
        !is_kin && kill(Pid::from_raw(self.pid), None).is_ok()
    }

    fn hint(&self, guards: &Guards) -> String {
        let (who, pid) = (if self.is_single { "postgres" } else { "postmaster" }, self.pid);
        match guards {
            Guards::DataDirectory(directory) => {
                format!("Is another {who} (PID {pid}) running in data directory \"{}\"?", directory.display())
            }
            Guards::Socket(socket) => {
                format!("Is another {who} (PID {pid}) using socket file \"{}\"?", socket.display())
            }
        }
    }
}

fn own_pid() -> i32 {
    i32::try_from(std::process::id()).unwrap_or(0)
}

/// pg_ctl tells its own parent's process id, lest a shell script with a recycled one be taken for a server.
fn grandparent() -> Option<i32> {
    std::env::var("PG_GRANDPARENT_PID").ok()?.parse().ok()
}

fn write_lines(file: &mut File, lines: &[String]) -> io::Result<()> {
    let text = lines.join("\n") + "\n";
    // One write over the old text, then the cut: a reader never sees an empty file.
    file.seek(SeekFrom::Start(0))?;
    file.write_all(text.as_bytes())?;
    file.set_len(text.len() as u64)?;
    file.sync_all()
}

fn refusal(message: String) -> Error {
    Error::with_severity(Severity::Fatal, SqlState::LOCK_FILE_EXISTS, message)
}

fn fatal_io(what: &str, path: &Path, error: &io::Error) -> Error {
    Error::io(format!("{what} \"{}\"", path.display()), error).severity(Severity::Fatal)
}

fn os_text(error: &io::Error) -> String {
    let text = error.to_string();
    text.split(" (os error").next().unwrap_or_default().to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::process::{Command, Stdio};

    fn guards() -> Guards {
        Guards::DataDirectory("/data".into())
    }

    fn create(path: &Path) -> Result<LockFile> {
        LockFile::create(path, &guards(), &[own_pid().to_string(), "/data".to_owned()], &mut Vec::new())
    }

    #[test]
    fn has_postgres_lines_and_goes_when_dropped() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postmaster.pid");
        let mut lock = create(&path).unwrap();
        lock.set_line(LINE_STATUS, "ready   ").unwrap();
        lock.set_line(LINE_PORT, "5432").unwrap();
        let text = std::fs::read_to_string(&path).unwrap();
        assert_eq!(text, format!("{}\n/data\n\n5432\n\n\n\nready   \n", own_pid()));
        drop(lock);
        assert!(!path.exists());
    }

    #[test]
    fn a_holder_of_the_lock_is_respected_and_named() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postmaster.pid");
        let mut other = Command::new("sleep").arg("60").stdin(Stdio::null()).spawn().unwrap();
        std::fs::write(&path, format!("{}\n/data\n", other.id())).unwrap();
        let holder = File::open(&path).unwrap();
        holder.try_lock().unwrap();
        let error = create(&path).unwrap_err();
        let hint = format!("Is another postmaster (PID {}) running in data directory \"/data\"?", other.id());
        assert_eq!(error.fields().hint, Some(hint));
        assert_eq!(error.code(), SqlState::LOCK_FILE_EXISTS);
        drop(holder);
        create(&path).expect("a process that does not hold the lock only has the dead server's number");
        other.kill().unwrap();
        other.wait().unwrap();
    }

    #[test]
    fn the_lock_counts_even_if_the_process_id_says_nothing() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postmaster.pid");
        // Our own process id is never taken for another server's; the lock is.
        let _held = create(&path).unwrap();
        assert_eq!(create(&path).unwrap_err().code(), SqlState::LOCK_FILE_EXISTS);
    }

    #[test]
    fn a_server_that_lost_its_file_still_keeps_others_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postmaster.pid");
        let first = create(&path).unwrap();
        std::fs::remove_file(&path).unwrap();
        let error = create(&path).unwrap_err();
        assert!(error.message().ends_with("is still in use by a server without a lock file"), "{}", error.message());
        assert!(!path.exists(), "the one that is refused leaves nothing behind");
        let mut left: Vec<OwnedFd> = first.descriptors().map(|it| it.try_clone_to_owned().unwrap()).collect();
        LockFile::create(&path, &guards(), &["1".to_owned()], &mut left).expect("one that continues it has its lock");
        drop((first, left));
        create(&path).expect("nobody has it");
    }

    #[test]
    fn text_that_is_no_text_is_no_process_id() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postmaster.pid");
        std::fs::write(&path, b"\xff\xfe\n").unwrap();
        assert!(create(&path).unwrap_err().message().starts_with("bogus data in lock file \"postmaster.pid\": "));
    }

    #[test]
    fn an_empty_file_is_refused_with_a_hint() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postmaster.pid");
        std::fs::write(&path, "").unwrap();
        assert_eq!(create(&path).unwrap_err().message(), "lock file \"postmaster.pid\" is empty");
    }

    #[test]
    fn notices_removal_and_foreign_contents() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("postmaster.pid");
        let lock = create(&path).unwrap();
        assert_eq!(lock.recheck(), Ok(()));
        std::fs::write(&path, "1\n").unwrap();
        let wrong = format!("contains wrong PID: 1 instead of {}", own_pid());
        assert!(lock.recheck().unwrap_err().ends_with(&wrong));
        std::fs::remove_file(&path).unwrap();
        assert!(lock.recheck().unwrap_err().starts_with("could not open file"));
    }
}
