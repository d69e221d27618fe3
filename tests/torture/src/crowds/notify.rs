//! Many sessions listen and do nothing; a notification must come to all of them, once, and soon, however few threads there are.

use super::arena::{Arena, PATIENCE};
use crate::{Plan, Summary};
use std::time::Instant;
use testkit::{Crowd, Latencies};

/// Listeners unless the command line says otherwise.
const LISTENERS: usize = 1000;

/// Notifies so many times.
pub fn run(trials: u64, plan: &Plan) -> Result<Summary, String> {
    let listeners = plan.clients.unwrap_or(LISTENERS);
    Arena::run(plan, ("notify", trials), listeners, &[], |arena| {
        let mut crowd = Crowd::new().map_err(told)?;
        let numbers = crowd.gather(&arena.address, listeners, PATIENCE)?;
        let replies = crowd.chorus(&numbers, |_| "listen news".to_owned(), PATIENCE)?;
        if let Some(reply) = replies.iter().find(|reply| reply.code() != "") {
            return Err(format!("listen: {reply:?}"));
        }
        let speaker = crowd.gather(&arena.address, 1, PATIENCE)?[0];
        let (mut each, mut slowest) = (Latencies::default(), Latencies::default());
        for round in 0..trials {
            slowest.add(notify(&mut crowd, speaker, &numbers, &format!("round {round}"), &mut each)?);
        }
        println!("\na listener is told after: {each}\nall are told after: {slowest}\n");
        let counts = vec![
            ("notifications", each.count()),
            ("us until all are told, p50", slowest.quantile(0.5).as_micros() as u64),
            ("us at worst", slowest.worst().as_micros() as u64),
            ("threads", arena.usage().threads),
        ];
        Ok(Summary { trials, counts })
    })
}

fn told(error: std::io::Error) -> String {
    error.to_string()
}

/// Sends one notification; the time until the last listener has it. Errors: one has another, or two, or none.
fn notify(
    crowd: &mut Crowd,
    speaker: usize,
    listeners: &[usize],
    payload: &str,
    times: &mut Latencies,
) -> Result<std::time::Duration, String> {
    let (process, begin) = (crowd[speaker].heard.key.0, Instant::now());
    let wanted = (process, "news".to_owned(), payload.to_owned());
    crowd.query(speaker, &format!("notify news, '{payload}'")).map_err(told)?;
    let (mut missing, mut is_done, mut last, mut news) = (listeners.len(), false, begin, Vec::new());
    while missing > 0 || !is_done {
        crowd.wait(&mut news, PATIENCE).map_err(told)?;
        if news.is_empty() {
            return Err(format!("{payload}: {missing} of {} listeners are not told", listeners.len()));
        }
        for &link in &news {
            match crowd[link].reply() {
                Some(reply) if link == speaker && reply.code() == "" => is_done = true,
                Some(reply) => return Err(format!("{payload}: nobody asked for {reply:?}")),
                None => {}
            }
            for heard in crowd[link].heard.notifications.drain(..) {
                if heard != wanted || missing == 0 {
                    return Err(format!("{payload}: {heard:?} came"));
                }
                (missing, last) = (missing - 1, Instant::now());
                times.add(last - begin);
            }
            if crowd[link].is_closed() {
                return Err("the server closed a connection".to_owned());
            }
        }
    }
    Ok(last - begin)
}
