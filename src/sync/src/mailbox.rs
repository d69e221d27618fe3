//! Letters to one thread that sleeps on something else than a latch: on a poller, with sockets.

use crate::raw::Mutex;
use std::fmt;

/// A box that any thread puts letters in and one thread empties. Putting wakes that thread and never waits for it.
pub struct Mailbox<T> {
    letters: Mutex<Vec<T>>,
    wake: Box<dyn Fn() + Send + Sync>,
}

impl<T> Mailbox<T> {
    /// An empty one. `wake` ends the reader's current wait, or the next one if there is none; it must not block.
    pub fn new(wake: Box<dyn Fn() + Send + Sync>) -> Mailbox<T> {
        Mailbox { letters: Mutex::new(Vec::new()), wake }
    }

    /// Puts a letter in and wakes the reader, in this order: who is woken finds the letter.
    pub fn put(&self, letter: T) {
        self.letters.lock().push(letter);
        (self.wake)();
    }

    /// All letters, in order of arrival. The reader calls it after each wait.
    pub fn take(&self) -> Vec<T> {
        std::mem::take(&mut *self.letters.lock())
    }
}

impl<T> fmt::Debug for Mailbox<T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("Mailbox")
    }
}
