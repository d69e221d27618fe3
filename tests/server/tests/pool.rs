//! The short forms of the campaigns about many sessions (`cargo torture tokens states storm ...`).

use torture::{Plan, short_of};

/// Settings of the servers.
const SETTINGS: &[(&str, &str)] = &[];

/// So many clients.
fn clients(count: usize) -> Plan {
    let settings = SETTINGS.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
    Plan { clients: Some(count), settings, ..Plan::default() }
}

#[test]
fn every_answer_goes_to_who_asked() {
    short_of("tokens", 20_000, &clients(50));
}

#[test]
fn a_session_keeps_what_it_has() {
    short_of("states", 10_000, &clients(100));
}

#[test]
fn many_sessions_select_at_once() {
    short_of("crowd-select", 1, &clients(200));
}

#[test]
fn a_storm_of_clients_passes() {
    short_of("storm", 1, &clients(100));
}

#[test]
fn a_flood_of_one_role_leaves_room_for_another() {
    short_of("fairness", 1, &clients(100));
}

#[test]
fn all_who_listen_are_told() {
    short_of("notify", 5, &clients(200));
}

#[test]
fn who_holds_and_who_waits_keep_nobody_from_being_served() {
    short_of("holders", 1, &clients(30));
}
