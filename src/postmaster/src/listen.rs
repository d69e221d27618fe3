//! The listening sockets, and the lock files beside those of the file system.

use crate::lock_file::{Guards, LockFile};
use config::{ServerValues, Setting};
use host::net::{ListenAddress, Listener};
use logging::RoleLog;
use nix::unistd::{Gid, Group, chown};
use report::{Error, Result, Severity, SqlState};
use std::io;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr, ToSocketAddrs};
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::fs::PermissionsExt;
use std::path::{Path, PathBuf};
use std::sync::Arc;

/// Most listening sockets of one server.
const LISTENERS_MAX: usize = 64;
/// Longest queue of connections that wait to be accepted.
const BACKLOG_MAX: i32 = 10_000;
/// Longest path of a Unix-domain socket, as the kernel's address has room for it.
const SOCKET_PATH_BYTES_MAX: usize = 107;

/// All sockets of the server.
#[derive(Debug)]
pub struct Listeners {
    /// In the order in which they were opened.
    pub sockets: Vec<Arc<Listener>>,
    /// Dropped after the sockets' files are gone.
    locks: Vec<LockFile>,
    /// The first socket directory, for postmaster.pid.
    pub first_socket_directory: Option<String>,
    /// The first TCP address in force, for postmaster.pid.
    pub first_address: Option<String>,
}

impl Listeners {
    /// Opens all sockets that the settings ask for. A bad address is a warning; none at all of a kind is FATAL.
    /// What the process before this one `left` open is taken over, or closed.
    pub fn open(values: &ServerValues, data_directory: &Path, log: &RoleLog, left: Vec<OwnedFd>) -> Result<Listeners> {
        let listeners =
            Listeners { sockets: Vec::new(), locks: Vec::new(), first_socket_directory: None, first_address: None };
        let mut opening = Opening { values, data_directory, log, left: Left::of(left), listeners };
        opening.open_tcp()?;
        opening.open_unix()?;
        if opening.listeners.sockets.is_empty() {
            return Err(fatal(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, "no socket created for listening"));
        }
        Ok(opening.listeners)
    }

    /// The sockets and their locks, for the process that may have to continue this one.
    pub fn descriptors(&self) -> impl Iterator<Item = BorrowedFd<'_>> {
        self.sockets.iter().map(|socket| socket.as_fd()).chain(self.locks.iter().flat_map(LockFile::descriptors))
    }

    /// Sets access and modification time of the socket files and their locks to now.
    pub fn touch_files(&self) {
        let now = std::time::SystemTime::now();
        let times = std::fs::FileTimes::new().set_accessed(now).set_modified(now);
        for lock in &self.locks {
            if let Ok(file) = std::fs::File::options().append(true).open(lock.path()) {
                let _ = file.set_times(times);
            }
        }
        for path in self.socket_files() {
            // A socket cannot be opened; its time is set by name.
            let now = nix::sys::time::TimeSpec::UTIME_NOW;
            let _ = nix::sys::stat::utimensat(
                nix::fcntl::AT_FDCWD,
                path,
                &now,
                &now,
                nix::sys::stat::UtimensatFlags::FollowSymlink,
            );
        }
    }

    fn socket_files(&self) -> impl Iterator<Item = &PathBuf> {
        self.sockets.iter().filter_map(|socket| match socket.address() {
            ListenAddress::Unix(path) => Some(path),
            _ => None,
        })
    }
}

impl Drop for Listeners {
    fn drop(&mut self) {
        for path in self.socket_files() {
            let _ = std::fs::remove_file(path);
        }
        // The lock files go with the fields, after the sockets' files.
    }
}

/// What the process that this one continues left open. What nobody takes is closed.
struct Left {
    sockets: Vec<Listener>,
    /// The rest: lock files among them.
    files: Vec<OwnedFd>,
}

impl Left {
    fn of(mut descriptors: Vec<OwnedFd>) -> Left {
        let sockets = descriptors.extract_if(.., |d| is_socket(d)).filter_map(|d| Listener::adopt(d).ok()).collect();
        Left { sockets, files: descriptors }
    }

    fn take_socket(&mut self, address: &ListenAddress) -> Option<Listener> {
        let at = self.sockets.iter().position(|listener| listener.address() == address)?;
        Some(self.sockets.swap_remove(at))
    }
}

fn is_socket(descriptor: &OwnedFd) -> bool {
    let status = nix::sys::stat::fstat(descriptor);
    status.is_ok_and(|status| status.st_mode & nix::libc::S_IFMT == nix::libc::S_IFSOCK)
}

/// The sockets while they are opened.
struct Opening<'a> {
    values: &'a ServerValues,
    data_directory: &'a Path,
    log: &'a RoleLog,
    left: Left,
    /// Those that are open.
    listeners: Listeners,
}

impl Opening<'_> {
    fn open_tcp(&mut self) -> Result<()> {
        let names = list_setting(self.values, Setting::ListenAddresses)?;
        let before = self.listeners.sockets.len();
        for name in &names {
            let opened = self.open_host(name);
            if opened > 0 {
                self.listeners.first_address.get_or_insert_with(|| name.clone());
            } else {
                self.log.at(Severity::Warning, format!("could not create listen socket for \"{name}\""));
            }
        }
        if !names.is_empty() && self.listeners.sockets.len() == before {
            return Err(fatal(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, "could not create any TCP/IP sockets"));
        }
        Ok(())
    }

    /// Listens on every address of a host. Returns how many of them worked.
    fn open_host(&mut self, name: &str) -> usize {
        let (port, backlog) = (self.values.int(Setting::Port) as u16, backlog(self.values));
        let addresses = match resolve(name, port) {
            Ok(addresses) => addresses,
            Err(error) => {
                let text = format!("could not translate host name \"{name}\", service \"{port}\" to address");
                self.log.log(&Error::with_severity(
                    Severity::Log,
                    SqlState::SUCCESSFUL_COMPLETION,
                    format!("{text}: {}", lookup_reason(&error)),
                ));
                return 0;
            }
        };
        let mut opened = 0;
        for address in addresses {
            if self.listeners.sockets.len() >= LISTENERS_MAX {
                let text = format!("could not bind to all requested addresses: MAXLISTEN ({LISTENERS_MAX}) exceeded");
                self.log.say(text);
                break;
            }
            match self.listen(&ListenAddress::Tcp(address), || Listener::tcp(address, backlog)) {
                Ok(()) => {
                    let kind = if address.is_ipv4() { "IPv4" } else { "IPv6" };
                    self.log.say(format!("listening on {kind} address \"{}\", port {port}", address.ip()));
                    opened += 1;
                }
                Err(error) => say_bind_failure(address, &error, self.log),
            }
        }
        opened
    }

    fn open_unix(&mut self) -> Result<()> {
        let directories = list_setting(self.values, Setting::UnixSocketDirectories)?;
        let before = self.listeners.sockets.len();
        for directory in &directories {
            match self.open_directory(directory) {
                Ok(path) => {
                    self.log.say(format!("listening on Unix socket \"{path}\""));
                    self.listeners.first_socket_directory.get_or_insert_with(|| directory.clone());
                }
                // Without its lock nobody may touch the socket's file.
                Err(error) if error.fields().severity == Severity::Fatal => return Err(error),
                Err(error) => {
                    self.log.log(&error.severity(Severity::Log));
                    let text = format!("could not create Unix-domain socket in directory \"{directory}\"");
                    self.log.at(Severity::Warning, text);
                }
            }
        }
        if !directories.is_empty() && self.listeners.sockets.len() == before {
            return Err(fatal(SqlState::OBJECT_NOT_IN_PREREQUISITE_STATE, "could not create any Unix-domain sockets"));
        }
        Ok(())
    }

    fn open_directory(&mut self, directory: &str) -> Result<String> {
        let shown = format!("{directory}/.s.PGSQL.{}", self.values.int(Setting::Port));
        if shown.len() > SOCKET_PATH_BYTES_MAX {
            let text =
                format!("Unix-domain socket path \"{shown}\" is too long (maximum {SOCKET_PATH_BYTES_MAX} bytes)");
            return Err(Error::new(SqlState::INVALID_PARAMETER_VALUE, text));
        }
        match shown.strip_prefix('@') {
            Some(name) => {
                let (address, backlog) = (ListenAddress::Abstract(name.to_owned()), backlog(self.values));
                let opened = self.listen(&address, || Listener::abstract_unix(name, backlog));
                opened.map_err(|error| bind_error(&shown, &error))?;
            }
            None => self.open_path(Path::new(&shown), directory)?,
        }
        Ok(shown)
    }

    fn open_path(&mut self, path: &Path, directory: &str) -> Result<()> {
        let lock = self.lock_path(path, directory)?;
        let values = self.values;
        self.listen(&ListenAddress::Unix(path.to_owned()), || make_unix(path, values))?;
        self.listeners.locks.push(lock);
        Ok(())
    }

    fn lock_path(&mut self, path: &Path, directory: &str) -> Result<LockFile> {
        let mut name = path.as_os_str().to_owned();
        name.push(".lock");
        let lines = [
            std::process::id().to_string(),
            self.data_directory.display().to_string(),
            crate::start::epoch_seconds().to_string(),
            self.values.int(Setting::Port).to_string(),
            directory.to_owned(),
        ];
        if let Ok(Some(inherited)) = LockFile::inherit(Path::new(&name), &lines, &mut self.left.files) {
            return Ok(inherited);
        }
        LockFile::create(Path::new(&name), &Guards::Socket(path.to_owned()), &lines, &mut self.left.files)
    }

    /// Listens at an address: with the socket that was left there, else with one that is made.
    fn listen<E>(&mut self, address: &ListenAddress, make: impl FnOnce() -> Result<Listener, E>) -> Result<(), E> {
        let listener = self.left.take_socket(address).map_or_else(make, Ok)?;
        self.listeners.sockets.push(Arc::new(listener));
        Ok(())
    }
}

/// Makes a socket file. Its lock is ours, so one that is still there is a dead server's.
fn make_unix(path: &Path, values: &ServerValues) -> Result<Listener> {
    let _ = std::fs::remove_file(path);
    let owner = find_group(values.text(Setting::UnixSocketGroup))?;
    let prepare = || set_access(path, owner, values);
    Listener::unix(path, backlog(values), prepare).map_err(|error| bind_error(&path.display().to_string(), &error))
}

fn set_access(path: &Path, group: Option<Gid>, values: &ServerValues) -> io::Result<()> {
    if group.is_some() {
        chown(path, None, group)?;
    }
    let mode = values.int(Setting::UnixSocketPermissions) as u32;
    std::fs::set_permissions(path, std::fs::Permissions::from_mode(mode))
}

/// A group by number or name; none if none is named.
fn find_group(name: &str) -> Result<Option<Gid>> {
    if name.is_empty() {
        return Ok(None);
    }
    if let Ok(number) = name.parse::<u32>() {
        return Ok(Some(Gid::from_raw(number)));
    }
    let found = Group::from_name(name).map_err(|e| Error::io(format!("look up group \"{name}\""), &e.into()))?;
    let missing = || Error::new(SqlState::INVALID_PARAMETER_VALUE, format!("group \"{name}\" does not exist"));
    found.map(|group| Some(group.gid)).ok_or_else(missing)
}

fn backlog(values: &ServerValues) -> i32 {
    values.int(Setting::MaxConnections).saturating_mul(2).clamp(1, BACKLOG_MAX)
}

/// The addresses of a host, each once. `*` is every address of both families.
fn resolve(name: &str, port: u16) -> io::Result<Vec<SocketAddr>> {
    if name == "*" {
        let any: [IpAddr; 2] = [Ipv4Addr::UNSPECIFIED.into(), Ipv6Addr::UNSPECIFIED.into()];
        return Ok(any.map(|ip| SocketAddr::new(ip, port)).to_vec());
    }
    let mut addresses: Vec<SocketAddr> = (name, port).to_socket_addrs()?.collect();
    addresses.sort();
    addresses.dedup();
    Ok(addresses)
}

/// What the resolver says, without the words that the standard library puts before it.
fn lookup_reason(error: &io::Error) -> String {
    let text = error.to_string();
    text.rsplit_once("address information: ").map_or(text.clone(), |(_, reason)| reason.to_owned())
}

fn say_bind_failure(address: SocketAddr, error: &io::Error, log: &RoleLog) {
    // A machine without IPv6 is no news.
    if error.kind() == io::ErrorKind::Unsupported || error.raw_os_error() == Some(97) {
        return;
    }
    let kind = if address.is_ipv4() { "IPv4" } else { "IPv6" };
    let what = format!("bind {kind} address \"{}\"", address.ip());
    let mut text = Error::io(what, error).severity(Severity::Log);
    if error.kind() == io::ErrorKind::AddrInUse {
        let port = address.port();
        let hint =
            format!("Is another postmaster already running on port {port}? If not, wait a few seconds and retry.");
        text = text.hint(hint);
    }
    log.log(&text);
}

fn bind_error(shown: &str, error: &io::Error) -> Error {
    Error::io(format!("bind Unix address \"{shown}\""), error)
}

/// A list setting's parts. Errors: FATAL if it is no list.
fn list_setting(values: &ServerValues, setting: Setting) -> Result<Vec<String>> {
    let text = values.text(setting);
    config::split_list(text).ok_or_else(|| {
        let message = format!("invalid list syntax in parameter \"{}\"", setting.name());
        fatal(SqlState::INVALID_PARAMETER_VALUE, &message)
    })
}

fn fatal(code: SqlState, message: &str) -> Error {
    Error::with_severity(Severity::Fatal, code, message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn touching_makes_socket_and_lock_young() {
        use config::{Hooks, Settings, Value};
        use nix::sys::time::TimeSpec;
        let folder = tempfile::tempdir().unwrap();
        let settings = Arc::new(Settings::boot(Hooks::new()));
        settings.set_override(Setting::UnixSocketDirectories, Value::text(&folder.path().to_string_lossy()));
        settings.set_override(Setting::ListenAddresses, Value::text(""));
        let log = logging::Logger::new(settings.clone(), || 0).postmaster();
        let listeners = Listeners::open(&settings.values(), folder.path(), &log, Vec::new()).unwrap();
        let paths = [".s.PGSQL.5432", ".s.PGSQL.5432.lock"].map(|name| folder.path().join(name));
        let old = TimeSpec::new(1, 0);
        for path in &paths {
            let follow = nix::sys::stat::UtimensatFlags::FollowSymlink;
            nix::sys::stat::utimensat(nix::fcntl::AT_FDCWD, path, &old, &old, follow).unwrap();
        }
        listeners.touch_files();
        for path in &paths {
            let age = std::fs::metadata(path).unwrap().modified().unwrap().elapsed().unwrap_or_default();
            assert!(age < std::time::Duration::from_secs(3600), "{}: {age:?}", path.display());
        }
    }

    #[test]
    fn a_star_is_both_families_and_names_give_each_address_once() {
        assert_eq!(resolve("*", 1).unwrap().len(), 2);
        let local = resolve("127.0.0.1", 5).unwrap();
        assert_eq!(local, ["127.0.0.1:5".parse().unwrap()]);
    }
}
