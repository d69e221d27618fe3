//! Shutdowns while somebody hangs, as far as they do not wait for a minute. The long form is `cargo torture shutdowns`.

use torture::shutdowns::{Cell, Mode, Moment, fail_while_somebody_hangs, play_all};

const fn cell(moment: Moment, who: &'static str, modes: &'static [Mode]) -> Cell {
    Cell { moment, who, modes }
}

#[test]
fn whoever_hangs_a_shutdown_comes_to_its_end_and_everybody_is_told() {
    let cells = [
        cell(Moment::Running, "walwriter", &[Mode::Immediate]),
        cell(Moment::Running, "syslogger", &[Mode::Fast]),
        // It waits for the session, until it is overtaken.
        cell(Moment::Running, "session", &[Mode::Smart, Mode::Immediate]),
        // Who comes is told that the server starts up.
        cell(Moment::Recovering, "startup", &[Mode::Immediate]),
        // Who waits for the recovery is let go.
        cell(Moment::Rebuilding, "startup", &[Mode::Immediate]),
        cell(Moment::Leaving, "stats", &[Mode::Fast]),
    ];
    if let Err(why) = play_all(&cells) {
        panic!("{why}");
    }
}

#[test]
fn a_recovery_that_fails_ends_the_server_even_if_a_role_hangs() {
    fail_while_somebody_hangs().expect("it ends");
}
