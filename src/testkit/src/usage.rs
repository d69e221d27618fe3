//! What a server and the processes below it use of the machine.

use nix::sys::resource::{Resource, getrlimit, setrlimit};
use std::fs;
use std::ops::Add;

/// What processes use.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Usage {
    /// Resident memory; what processes share counts for each of them.
    pub resident_kb: u64,
    /// Resident memory, with what is shared divided among those who share it.
    pub proportional_kb: u64,
    /// Threads.
    pub threads: u64,
    /// Open descriptors.
    pub descriptors: u64,
}

impl Add for Usage {
    type Output = Usage;

    fn add(self, other: Usage) -> Usage {
        Usage {
            resident_kb: self.resident_kb + other.resident_kb,
            proportional_kb: self.proportional_kb + other.proportional_kb,
            threads: self.threads + other.threads,
            descriptors: self.descriptors + other.descriptors,
        }
    }
}

/// What a process and all below it use; one that ends meanwhile counts for nothing.
pub fn of_tree(root: u32) -> Usage {
    descendants(root).into_iter().map(of).fold(Usage::default(), Usage::add)
}

fn of(process: u32) -> Usage {
    let number = |file: &str, word: &str| {
        let text = fs::read_to_string(format!("/proc/{process}/{file}")).unwrap_or_default();
        let line = text.lines().find(|line| line.starts_with(word)).unwrap_or_default().to_owned();
        line.split_whitespace().nth(1).and_then(|n| n.parse().ok()).unwrap_or(0)
    };
    Usage {
        resident_kb: number("smaps_rollup", "Rss:"),
        proportional_kb: number("smaps_rollup", "Pss:"),
        threads: number("status", "Threads:"),
        descriptors: fs::read_dir(format!("/proc/{process}/fd")).map_or(0, |entries| entries.count() as u64),
    }
}

/// A process and all below it.
pub fn descendants(root: u32) -> Vec<u32> {
    let mut found = vec![root];
    let mut next = 0;
    while next < found.len() {
        let children = fs::read_to_string(format!("/proc/{0}/task/{0}/children", found[next])).unwrap_or_default();
        found.extend(children.split_whitespace().filter_map(|id| id.parse::<u32>().ok()));
        next += 1;
    }
    found
}

/// Lets this process, and those that it starts, open as many descriptors as the system allows. The number.
pub fn raise_descriptor_limit() -> u64 {
    let (soft, hard) = getrlimit(Resource::RLIMIT_NOFILE).expect("it can be asked");
    match setrlimit(Resource::RLIMIT_NOFILE, hard, hard) {
        Ok(()) => hard,
        Err(_) => soft,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn this_process_uses_something() {
        let usage = of_tree(std::process::id());
        assert!(usage.resident_kb > 0 && usage.proportional_kb > 0, "{usage:?}");
        assert!(usage.threads > 0 && usage.descriptors > 2, "{usage:?}");
    }
}
