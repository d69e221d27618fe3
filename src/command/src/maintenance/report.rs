//! What VACUUM and ANALYZE tell of their work: a client that asked with VERBOSE, and the log if autovacuum took long
//! (`log_autovacuum_min_duration`).
//!
//! Source: PostgreSQL 15 vacuumlazy.c, analyze.c, pg_rusage.c.

use super::inform;
use ::report::{Error, Result, Severity, SqlState};
use access::VacuumStats;
use base::{PAGE_BYTES, Xid};
use buffer::{UsageCounts, Used};
use config::Setting;
use host::CpuTime;
use instance::Ctx;
use schema::RelationEntry;
use std::fmt::Write;
use std::time::Duration;

/// Who is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Audience {
    Client,
    /// The server's log, if the work took as long as this.
    Log(Duration),
}

/// A piece of work that is told of when it is done.
pub(super) struct Work {
    audience: Option<Audience>,
    /// The table: database, schema and name.
    name: String,
    start: Moment,
}

/// What of time and resources was used up to a moment.
#[derive(Clone, Copy, Default)]
struct Moment {
    elapsed: Duration,
    cpu: CpuTime,
    used: UsageCounts,
}

impl Moment {
    fn now(cx: Ctx<'_>) -> Moment {
        let clock = &cx.instance.host.clock;
        Moment { elapsed: clock.monotonic(), cpu: clock.cpu(), used: cx.session.store.buffers.usage().counts() }
    }

    fn since(&self, earlier: &Moment) -> Moment {
        Moment {
            elapsed: self.elapsed.saturating_sub(earlier.elapsed),
            cpu: self.cpu.since(earlier.cpu),
            used: self.used.since(&earlier.used),
        }
    }
}

impl Work {
    /// Work on a table begins.
    pub(super) fn begin(cx: Ctx<'_>, entry: &RelationEntry, verbose: bool) -> Result<Work> {
        let audience = audience(cx, entry, verbose);
        let name = if audience.is_some() { full_name(cx, entry)? } else { String::new() };
        Ok(Work { audience, name, start: Moment::now(cx) })
    }

    /// The table's name with its schema and database.
    pub(super) fn name(&self) -> &str {
        &self.name
    }

    /// A table is vacuumed: says what was done. `indexes` are the names of the indexes in `stats`.
    pub(super) fn vacuumed(&self, cx: Ctx<'_>, stats: &VacuumStats, indexes: &[&str], cleans_indexes: bool) {
        let is_automatic = matches!(self.audience, Some(Audience::Log(_)));
        let what = if is_automatic { "automatic vacuum of table" } else { "finished vacuuming" };
        self.tell(cx, |used, times_io| {
            let mut text = format!("{what} \"{}\": index scans: {}\n", self.name, stats.index_scans);
            describe_table(&mut text, stats, cx.session.store.xacts.next_xid());
            describe_indexes(&mut text, stats, indexes, cleans_indexes);
            describe_cost(&mut text, used, times_io, Tells::Log);
            text
        });
    }

    /// A table is analyzed: says so if autovacuum did it.
    pub(super) fn analyzed(&self, cx: Ctx<'_>) {
        if self.audience == Some(Audience::Client) {
            return;
        }
        self.tell(cx, |used, times_io| {
            let mut text = format!("automatic analyze of table \"{}\"\n", self.name);
            describe_cost(&mut text, used, times_io, Tells::Pages);
            text
        });
    }

    fn tell(&self, cx: Ctx<'_>, text: impl Fn(&Moment, bool) -> String) {
        let Some(audience) = self.audience else { return };
        let used = Moment::now(cx).since(&self.start);
        let times_io = cx.setting(|settings| settings.bool(Setting::TrackIoTiming));
        match audience {
            Audience::Client => inform(cx, text(&used, times_io)),
            Audience::Log(least) if used.elapsed >= least => {
                let text = text(&used, times_io);
                cx.session.entry.say(&Error::with_severity(Severity::Log, SqlState::SUCCESSFUL_COMPLETION, text));
            }
            Audience::Log(_) => {}
        }
    }
}

fn audience(cx: Ctx<'_>, entry: &RelationEntry, verbose: bool) -> Option<Audience> {
    if !cx.session.entry.is_autovacuum() {
        return verbose.then_some(Audience::Client);
    }
    let of_table = entry.option("log_autovacuum_min_duration").and_then(|text| text.parse::<i64>().ok());
    let of_server = || i64::from(cx.setting(|settings| settings.int(Setting::LogAutovacuumMinDuration)));
    let least_ms = of_table.unwrap_or_else(of_server);
    u64::try_from(least_ms).ok().map(|ms| Audience::Log(Duration::from_millis(ms)))
}

/// Database, schema and name.
fn full_name(cx: Ctx<'_>, entry: &RelationEntry) -> Result<String> {
    Ok(format!("{}.{}", cx.session.database_name, schema_and_name(cx, entry)?))
}

/// Schema and name, as messages have them.
pub(super) fn schema_and_name(cx: Ctx<'_>, entry: &RelationEntry) -> Result<String> {
    let namespace = cx.catalog().namespace(entry.class.relnamespace)?;
    Ok(format!("{}.{}", namespace.map_or_else(String::new, |row| row.nspname.clone()), entry.name()))
}

fn describe_table(text: &mut String, stats: &VacuumStats, next: Xid) {
    let _ = writeln!(
        text,
        "pages: {} removed, {} remain, {} scanned ({:.2}% of total)",
        stats.truncated_blocks,
        stats.blocks,
        stats.scanned_blocks,
        share(stats.scanned_blocks, stats.blocks_before)
    );
    let _ = writeln!(
        text,
        "tuples: {} removed, {:.0} remain, {} are dead but not yet removable",
        stats.removed,
        stats.live + stats.recently_dead as f64,
        stats.recently_dead
    );
    let age = next.0.saturating_sub(stats.cutoff.0);
    let _ = writeln!(text, "removable cutoff: {}, which was {age} XIDs old when operation ended", stats.cutoff);
}

fn describe_indexes(text: &mut String, stats: &VacuumStats, indexes: &[&str], cleans_indexes: bool) {
    let (scan, had) = match (cleans_indexes, stats.index_scans) {
        (false, _) => ("bypassed", "have"),
        (true, 0) => ("not needed", "had"),
        (true, _) => ("needed", "had"),
    };
    let share = share(stats.dead_item_blocks, stats.blocks_before);
    let removed = if cleans_indexes { " removed" } else { "" };
    let _ = writeln!(
        text,
        "index scan {scan}: {} pages from table ({share:.2}% of total) {had} {} dead item identifiers{removed}",
        stats.dead_item_blocks, stats.dead_items
    );
    // Indexes that had nothing to let go of were only counted.
    if stats.index_scans == 0 {
        return;
    }
    for (name, index) in indexes.iter().zip(&stats.indexes) {
        let _ = writeln!(
            text,
            "index \"{name}\": pages: {} in total, 0 newly deleted, {free} currently deleted, {free} reusable",
            index.blocks,
            free = index.free_blocks
        );
    }
}

/// Percent; of nothing it is all.
fn share(part: u32, whole: u32) -> f64 {
    if whole == 0 { 100.0 } else { 100.0 * f64::from(part) / f64::from(whole) }
}

/// Which counts are told.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Tells {
    /// Those of pages.
    Pages,
    /// Those of the log as well.
    Log,
}

fn describe_cost(text: &mut String, used: &Moment, times_io: bool, tells: Tells) {
    let get = |what| used.used.get(what);
    let ms = |what| get(what) as f64 / 1e6;
    if times_io {
        let (read, write) = (ms(Used::ReadNs), ms(Used::WriteNs));
        let _ = writeln!(text, "I/O timings: read: {read:.3} ms, write: {write:.3} ms");
    }
    let (hit, read) = (get(Used::SharedHit) + get(Used::LocalHit), get(Used::SharedRead) + get(Used::LocalRead));
    let dirtied = get(Used::SharedDirtied) + get(Used::LocalDirtied);
    let seconds = used.elapsed.as_secs_f64();
    let rate =
        |pages: u64| if seconds > 0.0 { (pages * PAGE_BYTES as u64) as f64 / 1_048_576.0 / seconds } else { 0.0 };
    let (read_rate, write_rate) = (rate(read), rate(dirtied));
    let _ = writeln!(text, "avg read rate: {read_rate:.3} MB/s, avg write rate: {write_rate:.3} MB/s");
    let _ = writeln!(text, "buffer usage: {hit} hits, {read} misses, {dirtied} dirtied");
    if tells == Tells::Log {
        let (records, images, bytes) = (get(Used::WalRecords), get(Used::WalImages), get(Used::WalBytes));
        let _ = writeln!(text, "WAL usage: {records} records, {images} full page images, {bytes} bytes");
    }
    let time = |time: Duration| format!("{}.{:02} s", time.as_secs(), time.subsec_millis() / 10);
    let CpuTime { user, system } = used.cpu;
    let _ = write!(
        text,
        "system usage: CPU: user: {}, system: {}, elapsed: {}",
        time(user),
        time(system),
        time(used.elapsed)
    );
}

#[cfg(test)]
mod tests {
    use super::*;
    use access::IndexVacuumStats;
    use buffer::Usage;

    fn stats() -> VacuumStats {
        VacuumStats {
            blocks_before: 200,
            blocks: 190,
            scanned_blocks: 150,
            truncated_blocks: 10,
            removed: 40,
            recently_dead: 2,
            live: 1000.0,
            dead_item_blocks: 5,
            dead_items: 38,
            index_scans: 1,
            cutoff: Xid(740),
            indexes: vec![IndexVacuumStats { entries: 1000, removed: 38, blocks: 9, free_blocks: 0 }],
            ..VacuumStats::default()
        }
    }

    #[test]
    fn a_vacuum_is_told_in_postgresqls_words() {
        let mut text = String::new();
        describe_table(&mut text, &stats(), Xid(745));
        describe_indexes(&mut text, &stats(), &["t_pkey"], true);
        assert_eq!(
            text,
            "pages: 10 removed, 190 remain, 150 scanned (75.00% of total)\n\
             tuples: 40 removed, 1002 remain, 2 are dead but not yet removable\n\
             removable cutoff: 740, which was 5 XIDs old when operation ended\n\
             index scan needed: 5 pages from table (2.50% of total) had 38 dead item identifiers removed\n\
             index \"t_pkey\": pages: 9 in total, 0 newly deleted, 0 currently deleted, 0 reusable\n"
        );
    }

    #[test]
    fn indexes_are_told_only_if_they_were_gone_through() {
        let mut text = String::new();
        describe_indexes(&mut text, &VacuumStats::default(), &["t_pkey"], true);
        describe_indexes(&mut text, &VacuumStats { index_scans: 0, ..stats() }, &["t_pkey"], false);
        assert_eq!(
            text,
            "index scan not needed: 0 pages from table (100.00% of total) had 0 dead item identifiers removed\n\
             index scan bypassed: 5 pages from table (2.50% of total) have 38 dead item identifiers\n"
        );
    }

    #[test]
    fn what_it_cost_is_told() {
        let usage = Usage::default();
        let counted = [(Used::SharedHit, 30), (Used::LocalHit, 1), (Used::SharedRead, 128), (Used::SharedDirtied, 64)];
        counted.iter().for_each(|(what, count)| usage.add(*what, *count));
        let log = [(Used::WalRecords, 7), (Used::WalImages, 3), (Used::WalBytes, 9000), (Used::ReadNs, 1_234_567)];
        log.iter().for_each(|(what, count)| usage.add(*what, *count));
        let cpu = CpuTime { user: Duration::from_millis(1234), system: Duration::from_millis(56) };
        let used = Moment { elapsed: Duration::from_millis(500), cpu, used: usage.counts() };
        let mut text = String::new();
        describe_cost(&mut text, &used, true, Tells::Log);
        assert_eq!(
            text,
            "I/O timings: read: 1.235 ms, write: 0.000 ms\n\
             avg read rate: 2.000 MB/s, avg write rate: 1.000 MB/s\n\
             buffer usage: 31 hits, 128 misses, 64 dirtied\n\
             WAL usage: 7 records, 3 full page images, 9000 bytes\n\
             system usage: CPU: user: 1.23 s, system: 0.05 s, elapsed: 0.50 s"
        );
        text.clear();
        describe_cost(&mut text, &Moment::default(), false, Tells::Pages);
        assert_eq!(
            text,
            "avg read rate: 0.000 MB/s, avg write rate: 0.000 MB/s\n\
             buffer usage: 0 hits, 0 misses, 0 dirtied\n\
             system usage: CPU: user: 0.00 s, system: 0.00 s, elapsed: 0.00 s"
        );
    }
}
