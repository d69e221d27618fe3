//! What `log_lock_waits` has the log say of a wait that outlasts `deadlock_timeout`.

use crate::manager::Shared;
use crate::table::Wait;
use std::sync::Arc;
use std::time::Duration;

/// The wait goes on: no deadlock, but a long time.
pub(crate) fn still_waiting(shared: &Shared, wait: &Arc<Wait>, waited: Duration) {
    if !wait.owner.logs_waits() || wait.is_granted() {
        return;
    }
    let (holders, queue) = {
        let maps = shared.lock_all();
        let Some(lock) = maps.iter().find_map(|map| map.get(&wait.tag)) else { return };
        let is_other = |grant: &&crate::table::Grant| grant.owner.number() != wait.owner.number();
        let holders: Vec<_> = lock.grants.iter().filter(is_other).map(|grant| grant.owner.session()).collect();
        let queue: Vec<_> = lock.waits.iter().map(|wait| wait.owner.session()).collect();
        (holders, queue)
    };
    let list = |sessions: &[base::SessionId]| sessions.iter().map(ToString::to_string).collect::<Vec<_>>().join(", ");
    let process = if holders.len() == 1 { "Process" } else { "Processes" };
    let detail = format!("{process} holding the lock: {}. Wait queue: {}.", list(&holders), list(&queue));
    tell(wait, "still waiting for", waited, &detail);
}

/// The wait was worth a line, and is over.
pub(crate) fn acquired(wait: &Wait, waited: Duration) {
    if wait.owner.logs_waits() {
        tell(wait, "acquired", waited, "");
    }
}

fn tell(wait: &Wait, what: &str, waited: Duration, detail: &str) {
    let (ms, us) = (waited.as_millis(), waited.as_micros() % 1000);
    let Wait { tag, mode, .. } = wait;
    let text = format!("process {} {what} {mode} on {tag} after {ms}.{us:03} ms", wait.owner.session());
    wait.owner.hooks().tell_log(&text, detail);
}
