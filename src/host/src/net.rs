//! Sockets: listeners of the postmaster, streams of the sessions. TCP and Unix-domain look the same from above.

use std::io::{self, Read, Write};
use std::net::{Shutdown, SocketAddr, TcpListener, TcpStream};
use std::os::fd::{AsFd, AsRawFd, BorrowedFd, OwnedFd};
use std::os::linux::net::SocketAddrExt;
use std::os::unix::net::{UnixListener, UnixStream};
use std::path::{Path, PathBuf};
use std::time::Duration;

/// Where a listener listens.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum ListenAddress {
    /// A TCP address.
    Tcp(SocketAddr),
    /// A Unix-domain socket in the file system.
    Unix(PathBuf),
    /// A Unix-domain socket with an abstract name.
    Abstract(String),
}

/// A socket that takes connections. Accepting never blocks.
#[derive(Debug)]
pub struct Listener {
    address: ListenAddress,
    socket: ListenSocket,
}

#[derive(Debug)]
enum ListenSocket {
    Tcp(TcpListener),
    Unix(UnixListener),
}

impl Listener {
    /// Listens on a TCP address. IPv6 sockets take IPv6 only, so that each address of a host gets its own socket.
    pub fn tcp(address: SocketAddr, backlog: i32) -> io::Result<Listener> {
        let domain = socket2::Domain::for_address(address);
        let socket = socket2::Socket::new(domain, socket2::Type::STREAM, None)?;
        socket.set_reuse_address(true)?;
        if address.is_ipv6() {
            socket.set_only_v6(true)?;
        }
        socket.bind(&address.into())?;
        socket.listen(backlog)?;
        socket.set_nonblocking(true)?;
        let socket = TcpListener::from(socket);
        let address = ListenAddress::Tcp(socket.local_addr()?);
        Ok(Listener { address, socket: ListenSocket::Tcp(socket) })
    }

    /// Listens on a file; `prepare` sets its group and permissions before the first client can come.
    pub fn unix(path: &Path, backlog: i32, prepare: impl FnOnce() -> io::Result<()>) -> io::Result<Listener> {
        let address = socket2::SockAddr::unix(path)?;
        let socket = Listener::unix_socket(&address, backlog, prepare)?;
        Ok(Listener { address: ListenAddress::Unix(path.to_owned()), socket: ListenSocket::Unix(socket) })
    }

    /// Listens on an abstract name.
    pub fn abstract_unix(name: &str, backlog: i32) -> io::Result<Listener> {
        let std_address = std::os::unix::net::SocketAddr::from_abstract_name(name)?;
        let socket = UnixListener::bind_addr(&std_address)?;
        socket2::SockRef::from(&socket).listen(backlog)?;
        socket.set_nonblocking(true)?;
        Ok(Listener { address: ListenAddress::Abstract(name.to_owned()), socket: ListenSocket::Unix(socket) })
    }

    /// A listening socket that another process left open. Errors: it is none.
    pub fn adopt(descriptor: OwnedFd) -> io::Result<Listener> {
        let socket = socket2::Socket::from(descriptor);
        if !socket.is_listener()? {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        socket.set_nonblocking(true)?;
        let local = socket.local_addr()?;
        if local.as_socket().is_some() {
            let socket = TcpListener::from(socket);
            let address = ListenAddress::Tcp(socket.local_addr()?);
            return Ok(Listener { address, socket: ListenSocket::Tcp(socket) });
        }
        let address = match (local.as_pathname(), local.as_abstract_namespace()) {
            (Some(path), _) => ListenAddress::Unix(path.to_owned()),
            (None, Some(name)) => ListenAddress::Abstract(String::from_utf8_lossy(name).into_owned()),
            (None, None) => return Err(io::ErrorKind::InvalidInput.into()),
        };
        let socket = UnixListener::from(OwnedFd::from(socket));
        Ok(Listener { address, socket: ListenSocket::Unix(socket) })
    }

    fn unix_socket(
        address: &socket2::SockAddr,
        backlog: i32,
        prepare: impl FnOnce() -> io::Result<()>,
    ) -> io::Result<UnixListener> {
        let socket = socket2::Socket::new(socket2::Domain::UNIX, socket2::Type::STREAM, None)?;
        socket.bind(address)?;
        prepare()?;
        socket.listen(backlog)?;
        socket.set_nonblocking(true)?;
        Ok(UnixListener::from(OwnedFd::from(socket)))
    }

    /// Takes one connection. Errors: `WouldBlock` if none is waiting.
    pub fn accept(&self) -> io::Result<Stream> {
        match &self.socket {
            ListenSocket::Tcp(listener) => {
                let (stream, _) = listener.accept()?;
                stream.set_nodelay(true)?;
                socket2::SockRef::from(&stream).set_keepalive(true)?;
                Ok(Stream::Tcp(stream))
            }
            ListenSocket::Unix(listener) => Ok(Stream::Unix(listener.accept()?.0)),
        }
    }

    /// Where it listens.
    pub fn address(&self) -> &ListenAddress {
        &self.address
    }
}

impl AsFd for Listener {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match &self.socket {
            ListenSocket::Tcp(listener) => listener.as_fd(),
            ListenSocket::Unix(listener) => listener.as_fd(),
        }
    }
}

/// A connection with a client. Reads and writes block unless told otherwise.
#[derive(Debug)]
pub enum Stream {
    /// Over TCP.
    Tcp(TcpStream),
    /// Over a Unix-domain socket.
    Unix(UnixStream),
}

/// What the kernel says of the process at the other end of a Unix-domain socket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct PeerCredentials {
    /// Its user.
    pub uid: u32,
    /// Its group.
    pub gid: u32,
    /// Its process id.
    pub pid: i32,
}

/// Keepalive of a TCP connection; 0 leaves the system's default.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Keepalive {
    /// Idle seconds before the first probe.
    pub idle_s: u32,
    /// Seconds between probes.
    pub interval_s: u32,
    /// Lost probes after which the connection is given up.
    pub count: u32,
    /// Longest time in milliseconds that sent data may stay unacknowledged.
    pub user_timeout_ms: u32,
}

/// What ended a wait on a stream.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Readiness {
    /// There is something to read, or the other end has closed.
    Readable,
    /// There is room to write, or the other end has closed.
    Writable,
    /// The waker was used.
    Woken,
    /// Time is up.
    TimedOut,
}

impl Stream {
    /// The address at the other end; none for Unix-domain sockets.
    pub fn peer_address(&self) -> Option<SocketAddr> {
        match self {
            Stream::Tcp(stream) => stream.peer_addr().ok(),
            Stream::Unix(_) => None,
        }
    }

    /// The address at this end; none for Unix-domain sockets.
    pub fn local_address(&self) -> Option<SocketAddr> {
        match self {
            Stream::Tcp(stream) => stream.local_addr().ok(),
            Stream::Unix(_) => None,
        }
    }

    /// Who is at the other end; none over TCP.
    pub fn peer_credentials(&self) -> io::Result<Option<PeerCredentials>> {
        let Stream::Unix(stream) = self else { return Ok(None) };
        let mut credentials = libc::ucred { pid: 0, uid: 0, gid: 0 };
        let mut length = size_of::<libc::ucred>() as libc::socklen_t;
        // SAFETY: the buffer is a ucred of `length` bytes, and the descriptor is open because `stream` owns it.
        let outcome = unsafe {
            let buffer = (&raw mut credentials).cast();
            libc::getsockopt(stream.as_raw_fd(), libc::SOL_SOCKET, libc::SO_PEERCRED, buffer, &raw mut length)
        };
        match outcome {
            0 => Ok(Some(PeerCredentials { uid: credentials.uid, gid: credentials.gid, pid: credentials.pid })),
            _ => Err(io::Error::last_os_error()),
        }
    }

    /// Sets keepalive; 0 leaves a value as it is. Nothing happens on a Unix-domain socket.
    pub fn set_keepalive(&self, wanted: Keepalive) -> io::Result<()> {
        let Stream::Tcp(stream) = self else { return Ok(()) };
        let socket = socket2::SockRef::from(stream);
        let mut keepalive = socket2::TcpKeepalive::new();
        if wanted.idle_s > 0 {
            keepalive = keepalive.with_time(Duration::from_secs(wanted.idle_s.into()));
        }
        if wanted.interval_s > 0 {
            keepalive = keepalive.with_interval(Duration::from_secs(wanted.interval_s.into()));
        }
        if wanted.count > 0 {
            keepalive = keepalive.with_retries(wanted.count);
        }
        socket.set_tcp_keepalive(&keepalive)?;
        let timeout = Duration::from_millis(wanted.user_timeout_ms.into());
        socket.set_tcp_user_timeout((wanted.user_timeout_ms > 0).then_some(timeout))
    }

    /// The keepalive in force; zeros on a Unix-domain socket, and for what the system does not tell.
    pub fn keepalive(&self) -> Keepalive {
        let Stream::Tcp(stream) = self else { return Keepalive::default() };
        let socket = socket2::SockRef::from(stream);
        let seconds = |time: io::Result<Duration>| time.map_or(0, |time| u32::try_from(time.as_secs()).unwrap_or(0));
        let timeout = socket.tcp_user_timeout().ok().flatten();
        Keepalive {
            idle_s: seconds(socket.keepalive_time()),
            interval_s: seconds(socket.keepalive_interval()),
            count: socket.keepalive_retries().unwrap_or(0),
            user_timeout_ms: timeout.map_or(0, |time| u32::try_from(time.as_millis()).unwrap_or(0)),
        }
    }

    /// Bounds each later read; none waits for ever.
    pub fn set_read_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.set_read_timeout(timeout),
            Stream::Unix(stream) => stream.set_read_timeout(timeout),
        }
    }

    /// Bounds each later write; none waits for ever.
    pub fn set_write_timeout(&self, timeout: Option<Duration>) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.set_write_timeout(timeout),
            Stream::Unix(stream) => stream.set_write_timeout(timeout),
        }
    }

    /// Makes reads and writes return `WouldBlock` instead of waiting.
    pub fn set_nonblocking(&self, on: bool) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.set_nonblocking(on),
            Stream::Unix(stream) => stream.set_nonblocking(on),
        }
    }

    /// A second handle of the same connection.
    pub fn try_clone(&self) -> io::Result<Stream> {
        match self {
            Stream::Tcp(stream) => stream.try_clone().map(Stream::Tcp),
            Stream::Unix(stream) => stream.try_clone().map(Stream::Unix),
        }
    }

    /// Closes the connection for every handle; a read that waits returns 0.
    pub fn shutdown(&self, how: Shutdown) -> io::Result<()> {
        match self {
            Stream::Tcp(stream) => stream.shutdown(how),
            Stream::Unix(stream) => stream.shutdown(how),
        }
    }

    /// True if the other end has gone, as far as can be told without reading.
    pub fn is_closed_by_peer(&self) -> bool {
        let flags = libc::POLLRDHUP | libc::POLLHUP | libc::POLLERR;
        let mut polled = [poll_fd(self.as_fd(), libc::POLLRDHUP)];
        matches!(poll(&mut polled, Some(Duration::ZERO)), Ok(1..)) && polled[0].revents & flags != 0
    }

    /// True if there is something to read, or the other end has gone.
    pub fn has_input(&self) -> bool {
        matches!(poll(&mut [poll_fd(self.as_fd(), libc::POLLIN)], Some(Duration::ZERO)), Ok(1..))
    }

    /// Waits until there is something to read, the waker is used, or time is up. What is ready at once costs one call.
    pub fn wait_readable(&self, waker: &Waker, timeout: Option<Duration>) -> io::Result<Readiness> {
        let mut polled = [poll_fd(self.as_fd(), libc::POLLIN), poll_fd(waker.as_fd(), libc::POLLIN)];
        match poll(&mut polled, timeout)? {
            0 => Ok(Readiness::TimedOut),
            _ if polled[1].revents != 0 => {
                waker.drain();
                Ok(Readiness::Woken)
            }
            _ => Ok(Readiness::Readable),
        }
    }
}

impl Stream {
    /// Waits until something can be written, the waker is used, or time is up.
    pub fn wait_writable(&self, waker: &Waker, timeout: Option<Duration>) -> io::Result<Readiness> {
        let mut polled = [poll_fd(self.as_fd(), libc::POLLOUT), poll_fd(waker.as_fd(), libc::POLLIN)];
        match poll(&mut polled, timeout)? {
            0 => Ok(Readiness::TimedOut),
            _ if polled[0].revents != 0 => Ok(Readiness::Writable),
            _ => {
                waker.drain();
                Ok(Readiness::Woken)
            }
        }
    }
}

fn poll_fd(fd: BorrowedFd<'_>, events: libc::c_short) -> libc::pollfd {
    libc::pollfd { fd: fd.as_raw_fd(), events, revents: 0 }
}

/// poll(2); an interrupted call counts as one that timed out only if its time is up.
fn poll(polled: &mut [libc::pollfd], timeout: Option<Duration>) -> io::Result<usize> {
    let deadline = timeout.map(|t| std::time::Instant::now() + t);
    loop {
        let left_ms = deadline.map_or(-1, |d| {
            let left = d.saturating_duration_since(std::time::Instant::now());
            i32::try_from(left.as_micros().div_ceil(1000)).unwrap_or(i32::MAX)
        });
        // SAFETY: the pointer and length are those of a live slice of pollfd; the descriptors are borrowed by the callers.
        let outcome = unsafe { libc::poll(polled.as_mut_ptr(), polled.len() as libc::nfds_t, left_ms) };
        match usize::try_from(outcome) {
            Ok(ready) => return Ok(ready),
            Err(_) => match io::Error::last_os_error() {
                error if error.kind() == io::ErrorKind::Interrupted => {}
                error => return Err(error),
            },
        }
    }
}

/// The name of an address by reverse look-up; none if it has none. May wait for a name server.
pub fn host_name(address: std::net::IpAddr) -> Option<String> {
    let address = socket2::SockAddr::from(SocketAddr::new(address, 0));
    let mut name = [0u8; NAME_BYTES];
    // SAFETY: `address` is a valid socket address of the length it tells, and the buffer has the length that is passed;
    // no service is asked for.
    let outcome = unsafe {
        let (buffer, length) = (name.as_mut_ptr().cast(), NAME_BYTES as libc::socklen_t);
        let none = std::ptr::null_mut();
        libc::getnameinfo(address.as_ptr().cast(), address.len(), buffer, length, none, 0, libc::NI_NAMEREQD)
    };
    let text = std::ffi::CStr::from_bytes_until_nul(&name).ok()?;
    (outcome == 0).then(|| text.to_string_lossy().into_owned())
}

/// Longest host name that a look-up gives, as the system's NI_MAXHOST.
const NAME_BYTES: usize = 1025;

/// Ends a wait on a stream from another thread. It stays set until a wait has noticed it.
#[derive(Debug)]
pub struct Waker(std::fs::File);

impl Waker {
    /// Not set.
    pub fn new() -> io::Result<Waker> {
        // SAFETY: eventfd takes no pointers; a descriptor that is not negative is new and ours.
        let fd = unsafe { libc::eventfd(0, libc::EFD_CLOEXEC | libc::EFD_NONBLOCK) };
        if fd < 0 {
            return Err(io::Error::last_os_error());
        }
        // SAFETY: as above, nobody else owns it.
        let fd = unsafe { <std::os::fd::OwnedFd as std::os::fd::FromRawFd>::from_raw_fd(fd) };
        Ok(Waker(std::fs::File::from(fd)))
    }

    /// Sets it.
    pub fn wake(&self) {
        // Any number but zero will do, in any byte order. It fails only when the counter is full: then it is set already.
        let _ = (&self.0).write(&1u64.to_le_bytes());
    }

    fn drain(&self) {
        let _ = (&self.0).read(&mut [0; 8]);
    }
}

impl AsFd for Waker {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0.as_fd()
    }
}

impl AsFd for Stream {
    fn as_fd(&self) -> BorrowedFd<'_> {
        match self {
            Stream::Tcp(stream) => stream.as_fd(),
            Stream::Unix(stream) => stream.as_fd(),
        }
    }
}

impl Read for &Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&*stream).read(buffer),
            Stream::Unix(stream) => (&*stream).read(buffer),
        }
    }
}

impl Write for &Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        match self {
            Stream::Tcp(stream) => (&*stream).write(bytes),
            Stream::Unix(stream) => (&*stream).write(bytes),
        }
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

impl Read for Stream {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        (&*self).read(buffer)
    }
}

impl Write for Stream {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        (&*self).write(bytes)
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_wait_ends_by_data_waker_or_time() {
        let (near, mut far) = UnixStream::pair().unwrap();
        let (near, waker) = (Stream::Unix(near), Waker::new().unwrap());
        assert_eq!(near.wait_readable(&waker, Some(Duration::ZERO)).unwrap(), Readiness::TimedOut);
        waker.wake();
        assert_eq!(near.wait_readable(&waker, None).unwrap(), Readiness::Woken);
        far.write_all(b"x").unwrap();
        assert_eq!(near.wait_readable(&waker, None).unwrap(), Readiness::Readable);
        assert!(!near.is_closed_by_peer());
        drop(far);
        assert!(near.is_closed_by_peer());
    }

    #[test]
    fn listeners_accept_what_connects() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let unix = Listener::unix(&path, 5, || Ok(())).unwrap();
        assert_eq!(unix.accept().unwrap_err().kind(), io::ErrorKind::WouldBlock);
        let _client = UnixStream::connect(&path).unwrap();
        let pid = unix.accept().unwrap().peer_credentials().unwrap().unwrap().pid;
        assert_eq!(u32::try_from(pid), Ok(std::process::id()));

        let tcp = Listener::tcp("127.0.0.1:0".parse().unwrap(), 5).unwrap();
        let ListenAddress::Tcp(address) = *tcp.address() else { panic!("it is TCP") };
        let client = TcpStream::connect(address).unwrap();
        let server = loop {
            match tcp.accept() {
                Ok(stream) => break stream,
                Err(error) => assert_eq!(error.kind(), io::ErrorKind::WouldBlock),
            }
        };
        assert_eq!(server.peer_address(), client.local_addr().ok());
        server.set_keepalive(Keepalive { idle_s: 7, ..Keepalive::default() }).unwrap();
        assert_eq!(server.keepalive().idle_s, 7);
        let Stream::Tcp(stream) = &server else { panic!("it is TCP") };
        assert!(stream.nodelay().unwrap());
    }
}
