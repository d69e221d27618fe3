//! What the machine allows: connections, memory, time zone.

use nix::sys::resource::{Resource, getrlimit};
use std::path::Path;

/// Numbers of connections that are tried, best first.
const CONNECTIONS: &[u64] = &[100, 50, 40, 30, 20];
/// Sizes of the buffer pool that are tried, in pages of 8 kB, best first.
const BUFFERS: &[u64] =
    &[16384, 8192, 4096, 3584, 3072, 2560, 2048, 1536, 1000, 900, 800, 700, 600, 500, 400, 300, 200, 100, 50];
/// Descriptors that a server needs besides those of its clients.
const OTHER_DESCRIPTORS: u64 = 64;
/// The part of the memory that the buffer pool may take.
const MEMORY_SHARE: u64 = 4;

/// What initdb found out.
#[derive(Debug, Clone, PartialEq)]
pub struct Probed {
    /// For `max_connections`.
    pub connections: u64,
    /// For `shared_buffers`, in pages.
    pub buffers: u64,
    /// For `timezone`, `None` if it is not known.
    pub time_zone: Option<String>,
}

/// The greatest number of connections for which there are descriptors.
pub fn choose_connections() -> u64 {
    let limit = getrlimit(Resource::RLIMIT_NOFILE).map_or(u64::MAX, |(soft, _)| soft);
    first_fitting(CONNECTIONS, limit.saturating_sub(OTHER_DESCRIPTORS))
}

/// The greatest buffer pool that takes a sensible part of the memory that this machine or container has.
pub fn choose_buffers() -> u64 {
    let memory = memory_bytes().unwrap_or(u64::MAX);
    first_fitting(BUFFERS, memory / MEMORY_SHARE / 8192)
}

fn first_fitting(candidates: &[u64], limit: u64) -> u64 {
    let least = *candidates.last().expect("there are candidates");
    candidates.iter().copied().find(|candidate| *candidate <= limit).unwrap_or(least)
}

fn memory_bytes() -> Option<u64> {
    let read = |path: &str| std::fs::read_to_string(path).ok();
    let container = read("/sys/fs/cgroup/memory.max")
        .or_else(|| read("/sys/fs/cgroup/memory/memory.limit_in_bytes"))
        .and_then(|text| text.trim().parse().ok());
    let machine = read("/proc/meminfo").and_then(|text| {
        let line = text.lines().find_map(|line| line.strip_prefix("MemTotal:").map(str::to_owned))?;
        line.trim().trim_end_matches(" kB").parse::<u64>().ok().map(|kilobytes| kilobytes * 1024)
    });
    container.into_iter().chain(machine).min()
}

/// Pages as SHOW prints them.
pub fn print_buffers(pages: u64) -> String {
    match pages * 8 {
        kilobytes if kilobytes % 1024 == 0 => format!("{}MB", kilobytes / 1024),
        kilobytes => format!("{kilobytes}kB"),
    }
}

/// The system's time zone: TZ, else where /etc/localtime points.
pub fn choose_time_zone() -> Option<String> {
    if let Some(name) = std::env::var("TZ").ok().filter(|name| !name.is_empty()) {
        let name = name.trim_start_matches(':').to_owned();
        if is_zone(&name) {
            return Some(name);
        }
    }
    zone_of_link(&std::fs::read_link("/etc/localtime").ok()?).filter(|name| is_zone(name))
}

fn is_zone(name: &str) -> bool {
    jiff::tz::TimeZone::get(name).is_ok()
}

fn zone_of_link(target: &Path) -> Option<String> {
    let target = target.to_str()?;
    target.split_once("zoneinfo/").map(|(_, name)| name.to_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_limits_give_small_values() {
        assert_eq!(first_fitting(CONNECTIONS, 1_000), 100);
        assert_eq!(first_fitting(CONNECTIONS, 45), 40);
        assert_eq!(first_fitting(CONNECTIONS, 3), 20);
        assert_eq!(first_fitting(BUFFERS, 10_000), 8192);
        assert_eq!((print_buffers(16384), print_buffers(1000)), ("128MB".to_owned(), "8000kB".to_owned()));
    }

    #[test]
    fn zones_are_named_by_their_file() {
        assert_eq!(zone_of_link(Path::new("/usr/share/zoneinfo/Europe/Berlin")).as_deref(), Some("Europe/Berlin"));
        assert_eq!(zone_of_link(Path::new("../usr/share/zoneinfo/Etc/UTC")).as_deref(), Some("Etc/UTC"));
        assert!(is_zone("UTC") && !is_zone("Not/AZone"));
    }
}
