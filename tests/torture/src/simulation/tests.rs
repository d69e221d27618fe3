//! The short form of the campaign.

use super::trial::{Death, Style, measure};
use super::*;

#[test]
fn nothing_is_lost() {
    let cluster = machine::make_cluster().expect("a cluster");
    let counts = run_seeds(&cluster, 0, 60).unwrap_or_else(|why| panic!("{why}"));
    assert!(counts.crashes > 60 && counts.commits > 60 && counts.checked > 60, "{counts:?}");
    a_crash_at_every_io(&cluster);
}

fn a_crash_at_every_io(cluster: &SimHost) {
    let (ios, recovery, trace) = measure(cluster, 1).unwrap_or_else(|why| panic!("{why}"));
    assert_eq!(measure(cluster, 1).map(|(_, _, trace)| trace), Ok(trace), "a seed's run repeats exactly");
    assert!(ios > 20 && recovery > 5, "there is something to enumerate: {ios} and {recovery}");
    for io in 1..=recovery {
        let outcome = trial::run(cluster, 1, Style::CrashInRecovery(io), &mut Counts::default());
        outcome.unwrap_or_else(|why| panic!("crash at I/O {io} of {recovery} of the recovery: {why}"));
    }
    for io in 1..=ios {
        let death = if io % 4 == 0 { Death::Kill } else { Death::PowerCut };
        let outcome = trial::run(cluster, 1, Style::CrashAt(io, death), &mut Counts::default());
        outcome.unwrap_or_else(|why| panic!("crash at I/O {io} of {ios}: {why}"));
    }
}

/// Seeds until the canary is caught; it must not take many.
fn is_caught(style: Style) {
    let cluster = machine::make_cluster().expect("a cluster");
    let sings = |seed| Some((seed, trial::run(&cluster, seed, style, &mut Counts::default()).err()?));
    let (seed, song) = (0..40).find_map(sings).unwrap_or_else(|| panic!("{style:?} is not noticed"));
    println!("{style:?}: seed {seed}: {song}");
}

#[test]
fn a_skipped_fsync_is_noticed() {
    is_caught(Style::IgnoredSyncs("base"));
}

#[test]
fn log_that_comes_after_its_pages_is_noticed() {
    is_caught(Style::IgnoredSyncs("pg_wal"));
}

#[test]
fn a_skipped_page_image_is_noticed() {
    is_caught(Style::NoImages);
}

#[test]
fn unlogged_tables_and_sequences_can_be_used_after_a_crash() {
    let cluster = machine::make_cluster().expect("a cluster");
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
