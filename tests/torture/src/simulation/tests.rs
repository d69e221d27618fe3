//! The short form of the campaign.

use super::trial::{Death, measure};
use super::*;
use host::FaultPlan;
use report::Severity;

#[test]
fn nothing_is_lost() {
    let cluster = machine::make_cluster().expect("a cluster");
    let run = |seeds, style| run_seeds(&cluster, (0, seeds), style).unwrap_or_else(|why| panic!("{why}"));
    let counts = run(54, Style::Short);
    assert!(counts.crashes >= 40 && counts.checked > 54, "{counts:?}");
    run(6, Style::Usual);
    a_crash_at_every_io(&cluster);
    unlogged_tables_and_sequences_can_be_used_after_a_crash(&cluster);
    who_drops_a_database_hears_of_each_failed_sync(&cluster);
}

/// A life without end is short enough to be crashed at each of its I/Os, and at each of those of the recovery that follows it.
fn a_crash_at_every_io(cluster: &SimHost) {
    const SEED: u64 = 1;
    let measured = measure(cluster, SEED).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(measure(cluster, SEED), Ok(measured), "a seed's run repeats exactly");
    let (ios, recovery, _) = measured;
    assert!(ios > 20 && recovery > 5, "there is something to enumerate: {ios} and {recovery}");
    let death = |io| if io % 4 == 0 { Death::Kill } else { Death::PowerCut };
    let lives = (1..=ios).map(|io| Style::CrashAt(io, death(io)));
    for style in lives.chain((1..=recovery).map(Style::CrashInRecovery)) {
        let outcome = trial::run(cluster, SEED, style, &mut Counts::default());
        outcome.unwrap_or_else(|why| panic!("{style:?} of {ios} and {recovery}: {why}"));
    }
}

#[test]
fn canaries_are_caught() {
    let cluster = machine::make_cluster().expect("a cluster");
    // A skipped fsync; log that reaches the disk after its pages; a skipped page image.
    for style in [Style::IgnoredSyncs("base"), Style::IgnoredSyncs("pg_wal"), Style::NoImages] {
        let sings = |seed| Some((seed, trial::run(&cluster, seed, style, &mut Counts::default()).err()?));
        let (seed, song) = (0..40).find_map(sings).unwrap_or_else(|| panic!("{style:?} is not noticed"));
        println!("{style:?}: seed {seed}: {song}");
    }
}

fn who_drops_a_database_hears_of_each_failed_sync(cluster: &SimHost) {
    for number in 1.. {
        let sim = cluster.copy(1);
        let machine = machine::Machine::start(&sim, machine::Knobs::default()).expect("it starts");
        let mut client = machine.connect(DATABASES[0]).expect("a session");
        client.query("create database d").expect("create");
        sim.set_faults(FaultPlan { fail_sync_at: Some(number), ..FaultPlan::default() });
        let outcome = client.query("drop database d");
        if sim.syncs() < number {
            assert!(number > 2 && outcome.is_ok(), "the commit and the removal of the files are synced");
            return;
        }
        let severity = outcome.expect_err("it is told").fields().severity;
        assert_eq!(severity, Severity::Panic, "sync {number}");
        sim.kill();
    }
}

fn unlogged_tables_and_sequences_can_be_used_after_a_crash(cluster: &SimHost) {
    let sim = cluster.copy(1);
    let start = || machine::Machine::start(&sim, machine::Knobs::default()).expect("it starts");
    let machine = start();
    let mut client = machine.connect(DATABASES[0]).expect("a session");
    client.query("create unlogged table u (k int8 primary key, n serial, b text)").expect("create");
    client.query("insert into u values (1, default, 'b')").expect("insert");
    sim.crash();
    drop(client);
    let machine = start();
    let mut client = machine.connect(DATABASES[0]).expect("a session");
    assert!(client.query("select * from u").expect("select").is_empty());
    let long = "insert into u (k, b) select 1, string_agg(md5(g::text), '') from generate_series(1, 300) g";
    client.query(long).expect("insert");
    let rows = client.query("select n, length(b) from u where k = 1").expect("select");
    assert_eq!(rows, [[Some("1".to_owned()), Some("9600".to_owned())]]);
}
