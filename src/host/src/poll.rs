//! One wait for many: which of the watched sockets can be read.

use std::fmt;
use std::io;
use std::os::fd::{AsFd, BorrowedFd};
use std::sync::Arc;
use std::time::Duration;

/// What can be watched: anything with a descriptor, kept alive by the poller while it is watched.
pub type Source = Arc<dyn AsFd + Send + Sync>;

/// Waits until one of its sources can be read, somebody notifies it, or time is up.
///
/// Readiness is level-triggered: what is not read is reported again.
pub struct Poller {
    poller: Arc<polling::Poller>,
    sources: Vec<(usize, Source)>,
    events: polling::Events,
}

/// Ends a poller's wait from another thread.
#[derive(Clone)]
pub struct Notifier(Arc<polling::Poller>);

impl Notifier {
    /// Ends the current wait, or the next one if there is none.
    pub fn notify(&self) {
        // The only failure is a full eventfd, which means that a notification is pending already.
        let _ = self.0.notify();
    }
}

impl fmt::Debug for Notifier {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Notifier")
    }
}

impl Poller {
    /// Watches nothing yet.
    pub fn new() -> io::Result<Poller> {
        let poller = Arc::new(polling::Poller::new()?);
        Ok(Poller { poller, sources: Vec::new(), events: polling::Events::new() })
    }

    /// Watches a source under a number of the caller's choice. Panics if the number is taken.
    pub fn watch(&mut self, key: usize, source: Source) -> io::Result<()> {
        assert!(!self.sources.iter().any(|(taken, _)| *taken == key), "poll key {key} is taken");
        let fd = source.as_fd();
        // SAFETY: the descriptor must be deleted from the poller before it is closed. `sources` keeps the owner alive
        // until `unwatch` or `drop` has deleted it.
        unsafe { self.poller.add_with_mode(&Fd(fd), polling::Event::readable(key), polling::PollMode::Level)? };
        self.sources.push((key, source));
        Ok(())
    }

    /// Stops watching. Nothing happens if nothing is watched under this number.
    pub fn unwatch(&mut self, key: usize) {
        if let Some(at) = self.sources.iter().position(|(k, _)| *k == key) {
            let (_, source) = self.sources.swap_remove(at);
            delete(&self.poller, &source);
        }
    }

    /// Waits; fills `ready` with the numbers of the sources that can be read.
    pub fn wait(&mut self, ready: &mut Vec<usize>, timeout: Option<Duration>) -> io::Result<()> {
        ready.clear();
        self.events.clear();
        self.poller.wait(&mut self.events, timeout)?;
        ready.extend(self.events.iter().map(|event| event.key));
        Ok(())
    }

    /// What other threads end a wait with.
    pub fn notifier(&self) -> Notifier {
        Notifier(self.poller.clone())
    }
}

impl Drop for Poller {
    fn drop(&mut self) {
        for (_, source) in self.sources.drain(..) {
            delete(&self.poller, &source);
        }
    }
}

fn delete(poller: &polling::Poller, source: &Source) {
    // A source that the kernel no longer knows needs no deleting.
    let _ = poller.delete(Fd(source.as_fd()));
}

/// A descriptor that is surely open, in the form that `polling` takes.
struct Fd<'a>(BorrowedFd<'a>);

impl AsFd for Fd<'_> {
    fn as_fd(&self) -> BorrowedFd<'_> {
        self.0
    }
}

impl std::os::fd::AsRawFd for Fd<'_> {
    fn as_raw_fd(&self) -> std::os::fd::RawFd {
        std::os::fd::AsRawFd::as_raw_fd(&self.0)
    }
}

impl fmt::Debug for Poller {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_list().entries(self.sources.iter().map(|(key, _)| key)).finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::Write;
    use std::os::unix::net::UnixStream;

    #[test]
    fn reports_what_can_be_read_until_it_is_read() {
        let (mut near, far) = UnixStream::pair().unwrap();
        let mut poller = Poller::new().unwrap();
        poller.watch(7, Arc::new(far)).unwrap();
        let mut ready = Vec::new();
        poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
        assert_eq!(ready, []);
        near.write_all(b"x").unwrap();
        for _ in 0..2 {
            poller.wait(&mut ready, None).unwrap();
            assert_eq!(ready, [7]);
        }
        poller.unwatch(7);
        poller.wait(&mut ready, Some(Duration::ZERO)).unwrap();
        assert_eq!(ready, []);
    }

    #[test]
    fn a_notification_is_not_lost() {
        let mut poller = Poller::new().unwrap();
        poller.notifier().notify();
        let mut ready = vec![1];
        poller.wait(&mut ready, None).unwrap();
        assert_eq!(ready, []);
    }
}
