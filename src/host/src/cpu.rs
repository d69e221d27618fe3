//! The processor time that a thread has used, or all.

use std::time::Duration;

/// Time on the processor.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct CpuTime {
    /// In the program.
    pub user: Duration,
    /// In the kernel, for the program.
    pub system: Duration,
}

impl CpuTime {
    /// What was used since an earlier moment.
    pub fn since(self, earlier: CpuTime) -> CpuTime {
        let since = |now: Duration, then| now.saturating_sub(then);
        CpuTime { user: since(self.user, earlier.user), system: since(self.system, earlier.system) }
    }
}

/// What the calling thread has used; nothing if the system does not say.
pub(crate) fn of_thread() -> CpuTime {
    used_by(libc::RUSAGE_THREAD)
}

/// What all threads have used.
pub(crate) fn of_process() -> CpuTime {
    used_by(libc::RUSAGE_SELF)
}

fn used_by(whom: libc::c_int) -> CpuTime {
    let mut usage = std::mem::MaybeUninit::<libc::rusage>::zeroed();
    // SAFETY: `usage` is valid for a write of its type for the call, which keeps no reference to it.
    let code = unsafe { libc::getrusage(whom, usage.as_mut_ptr()) };
    if code != 0 {
        return CpuTime::default();
    }
    // SAFETY: it was zeroed, which is a value of this plain struct, and the call has filled it.
    let usage = unsafe { usage.assume_init() };
    CpuTime { user: duration(usage.ru_utime), system: duration(usage.ru_stime) }
}

fn duration(time: libc::timeval) -> Duration {
    Duration::from_secs(u64::try_from(time.tv_sec).unwrap_or(0))
        + Duration::from_micros(u64::try_from(time.tv_usec).unwrap_or(0))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn work_takes_time() {
        let before = of_thread();
        let mut used = CpuTime::default();
        while used.user + used.system < Duration::from_millis(1) {
            std::hint::black_box((0..100_000).sum::<u64>());
            used = of_thread().since(before);
        }
        assert!(used.user + used.system < Duration::from_secs(600));
        let all = of_process();
        assert!(all.user + all.system >= used.user + used.system);
    }
}
