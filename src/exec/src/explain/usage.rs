//! What a node, or planning, did with pages and with the log: EXPLAIN's options BUFFERS and WAL.

use super::format::Writer;
use super::node::Printer;
use buffer::{UsageCounts, Used};
use config::Setting;
use plan::node::Plan;

/// What is shown of pages: four counts of a kind of relation, two of temporary files.
type Kind = (&'static str, &'static [(&'static str, Used)]);

const SHARED: Kind = (
    "shared",
    &[
        ("hit", Used::SharedHit),
        ("read", Used::SharedRead),
        ("dirtied", Used::SharedDirtied),
        ("written", Used::SharedWritten),
    ],
);
const LOCAL: Kind = (
    "local",
    &[
        ("hit", Used::LocalHit),
        ("read", Used::LocalRead),
        ("dirtied", Used::LocalDirtied),
        ("written", Used::LocalWritten),
    ],
);
const TEMP: Kind = ("temp", &[("read", Used::TempRead), ("written", Used::TempWritten)]);
const SHARED_TIMES: Kind = ("shared", &[("read", Used::ReadNs), ("write", Used::WriteNs)]);
const TEMP_TIMES: Kind = ("temp", &[("read", Used::TempReadNs), ("write", Used::TempWriteNs)]);

const LABELS: [(&str, Used); 10] = [
    ("Shared Hit Blocks", Used::SharedHit),
    ("Shared Read Blocks", Used::SharedRead),
    ("Shared Dirtied Blocks", Used::SharedDirtied),
    ("Shared Written Blocks", Used::SharedWritten),
    ("Local Hit Blocks", Used::LocalHit),
    ("Local Read Blocks", Used::LocalRead),
    ("Local Dirtied Blocks", Used::LocalDirtied),
    ("Local Written Blocks", Used::LocalWritten),
    ("Temp Read Blocks", Used::TempRead),
    ("Temp Written Blocks", Used::TempWritten),
];
const TIME_LABELS: [(&str, Used); 4] = [
    ("I/O Read Time", Used::ReadNs),
    ("I/O Write Time", Used::WriteNs),
    ("Temp I/O Read Time", Used::TempReadNs),
    ("Temp I/O Write Time", Used::TempWriteNs),
];
const WAL_LABELS: [(&str, Used); 3] =
    [("WAL Records", Used::WalRecords), ("WAL FPI", Used::WalImages), ("WAL Bytes", Used::WalBytes)];
const WAL_WORDS: &[(&str, Used)] =
    &[("records", Used::WalRecords), ("fpi", Used::WalImages), ("bytes", Used::WalBytes)];

impl Printer<'_, '_, '_> {
    /// What a node and those below it did: nothing, if it did not run.
    pub(super) fn used(&mut self, plan: &Plan) {
        let used = self.measured_of(plan).map_or_else(UsageCounts::default, |measured| measured.instrument.used);
        if self.options.buffers {
            let times_io = self.cx.setting(|settings| settings.bool(Setting::TrackIoTiming));
            show_buffers(&mut self.writer, &used, times_io);
        }
        if self.options.wal {
            show_wal(&mut self.writer, &used);
        }
    }
}

/// Shows what was done with pages. Text leaves out zeros; times are shown if they are taken.
fn show_buffers(writer: &mut Writer, used: &UsageCounts, times_io: bool) {
    if writer.is_text() {
        for line in text_lines(used) {
            writer.line(&line);
        }
        return;
    }
    for (label, what) in LABELS {
        writer.integer(label, "", used.get(what) as i64);
    }
    for (label, what) in TIME_LABELS.into_iter().filter(|_| times_io) {
        writer.float(label, "ms", milliseconds(used.get(what)), 3);
    }
}

/// Shows what planning did with pages.
pub(super) fn show_planning(writer: &mut Writer, used: &UsageCounts, times_io: bool) {
    writer.open("Planning", Some("Planning"), true);
    let shows_text = writer.is_text() && !text_lines(used).is_empty();
    if shows_text {
        writer.line("Planning:");
        writer.indent += 1;
    }
    show_buffers(writer, used, times_io);
    if shows_text {
        writer.indent -= 1;
    }
    writer.close("Planning", true);
}

/// Shows what was logged.
fn show_wal(writer: &mut Writer, used: &UsageCounts) {
    if !writer.is_text() {
        return WAL_LABELS.into_iter().for_each(|(label, what)| writer.integer(label, "", used.get(what) as i64));
    }
    let words = words(WAL_WORDS, used, |count| count.to_string());
    if !words.is_empty() {
        writer.line(&format!("WAL:{words}"));
    }
}

fn text_lines(used: &UsageCounts) -> Vec<String> {
    let pages = kinds(&[SHARED, LOCAL, TEMP], used, |count| count.to_string());
    let times = kinds(&[SHARED_TIMES, TEMP_TIMES], used, |ns| format!("{:.3}", milliseconds(ns)));
    let line = |head: &str, text: String| (!text.is_empty()).then(|| format!("{head}:{text}"));
    [line("Buffers", pages), line("I/O Timings", times)].into_iter().flatten().collect()
}

/// The kinds of which anything was counted, with a comma between.
fn kinds(all: &[Kind], used: &UsageCounts, show: impl Fn(u64) -> String) -> String {
    let parts = all.iter().filter_map(|(kind, counts)| {
        let words = words(counts, used, &show);
        (!words.is_empty()).then(|| format!(" {kind}{words}"))
    });
    parts.collect::<Vec<_>>().join(",")
}

fn words(counts: &[(&str, Used)], used: &UsageCounts, show: impl Fn(u64) -> String) -> String {
    let counted = counts.iter().filter(|(_, what)| used.get(*what) > 0);
    counted.map(|(word, what)| format!(" {word}={}", show(used.get(*what)))).collect()
}

fn milliseconds(ns: u64) -> f64 {
    ns as f64 / 1e6
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::explain::ExplainFormat;
    use buffer::Usage;

    fn used(counts: &[(Used, u64)]) -> UsageCounts {
        let usage = Usage::default();
        counts.iter().for_each(|(what, count)| usage.add(*what, *count));
        usage.counts()
    }

    fn text(counts: &[(Used, u64)]) -> Vec<String> {
        let (mut writer, used) = (Writer::new(ExplainFormat::Text), used(counts));
        show_buffers(&mut writer, &used, true);
        show_wal(&mut writer, &used);
        writer.finish()
    }

    #[test]
    fn text_leaves_out_what_is_zero() {
        assert!(text(&[]).is_empty());
        let some = [(Used::SharedHit, 3), (Used::SharedDirtied, 1), (Used::TempWritten, 9), (Used::ReadNs, 1_500_000)];
        assert_eq!(text(&some), ["Buffers: shared hit=3 dirtied=1, temp written=9", "I/O Timings: shared read=1.500"]);
        let other = [(Used::LocalRead, 2), (Used::TempReadNs, 20_000), (Used::WalRecords, 5), (Used::WalBytes, 300)];
        assert_eq!(text(&other), ["Buffers: local read=2", "I/O Timings: temp read=0.020", "WAL: records=5 bytes=300"]);
    }

    #[test]
    fn planning_is_a_group_of_its_own() {
        let planning = |format, counts: &[(Used, u64)]| {
            let mut writer = Writer::new(format);
            show_planning(&mut writer, &used(counts), false);
            writer.finish()
        };
        assert_eq!(planning(ExplainFormat::Text, &[(Used::SharedHit, 7)]), ["Planning:", "  Buffers: shared hit=7"]);
        assert!(planning(ExplainFormat::Text, &[]).is_empty());
        let yaml = planning(ExplainFormat::Yaml, &[(Used::SharedHit, 7)]).remove(0);
        assert!(yaml.contains("Planning: \n") && yaml.contains("  Shared Hit Blocks: 7\n"), "{yaml}");
        assert!(yaml.contains("  Temp Written Blocks: 0") && !yaml.contains("Time"), "{yaml}");
    }
}
