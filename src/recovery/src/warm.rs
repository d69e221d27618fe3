//! Memory for the pages that redo is about to bring in.
//!
//! The kernel gives the pool's memory when it is first touched, and clears it: at the start of a server that is most of what redo waits for.
//! A thread has it done ahead of redo, in proportion to the log that was read, so that a short log does not make a big pool resident.

use buffer::BufferPool;
use std::sync::Arc;
use std::sync::mpsc::{Sender, channel};
use std::thread::JoinHandle;

/// Bytes of log between two steps.
const STEP_BYTES: u64 = 4 << 20;
/// Frames made ready by a step: twice as many bytes as log, as an image in the log is shorter than its page.
const STEP_FRAMES: usize = 2 * STEP_BYTES as usize / base::PAGE_BYTES;
/// Steps ahead of redo.
const STEPS_AHEAD: u64 = 2;

/// The thread; ends when dropped. It touches no file, page or lock, so it changes nothing but the time that redo takes.
pub(crate) struct Warmer {
    steps: Option<Sender<u64>>,
    /// Steps asked for.
    asked: u64,
    thread: Option<JoinHandle<()>>,
}

impl Warmer {
    pub(crate) fn start(buffers: &Arc<BufferPool>) -> Warmer {
        let (steps, wanted) = channel::<u64>();
        let buffers = Arc::clone(buffers);
        let run = move || {
            let mut ready = 0;
            for wanted in wanted {
                let end = (wanted as usize * STEP_FRAMES).min(buffers.frames());
                if ready < end {
                    buffers.warm(ready..end);
                    ready = end;
                }
            }
        };
        // Without a thread redo is slower, that is all.
        let thread = std::thread::Builder::new().name("redo memory".to_owned()).spawn(run).ok();
        let mut warmer = Warmer { steps: Some(steps), asked: 0, thread };
        warmer.reached(0);
        warmer
    }

    /// Redo has read this much of the log.
    #[inline]
    pub(crate) fn reached(&mut self, log_bytes: u64) {
        let wanted = log_bytes / STEP_BYTES + STEPS_AHEAD;
        if wanted > self.asked
            && let Some(steps) = &self.steps
        {
            self.asked = wanted;
            let _ = steps.send(wanted);
        }
    }
}

impl Drop for Warmer {
    fn drop(&mut self) {
        self.steps = None;
        if let Some(thread) = self.thread.take() {
            let _ = thread.join();
        }
    }
}
