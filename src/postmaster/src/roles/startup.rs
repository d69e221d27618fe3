//! The startup role: redoes what a crash left over, and opens the log for writing.

use crate::checkpoints::Wanted;
use crate::shared::RoleContext;
use crate::storage::Running;
use config::Setting;
use logging::RoleLog;
use recovery::{DatabaseState, Engine, RecoveryEvent};
use report::{Result, Severity};
use std::time::Duration;
use sync::Interrupt;

/// Makes the data consistent.
pub fn run(role: RoleContext) -> Result<()> {
    let Running { engine, instance, .. } = role.running()?;
    let interrupted_in = engine.control().state;
    let mut teller = Teller { role: &role, last_progress: Duration::ZERO, interrupted_in };
    let report = engine.start(&mut |event| teller.tell(event))?;
    skip_reserved_oids(&engine);
    if report.recovered {
        super::stats::discard(&role.shared.data_directory);
        crate::storage::remove_orphans(&instance, &role.log);
        role.shared.checkpoints.request(Wanted { end_of_recovery: true, immediate: true, ..Wanted::default() });
    }
    Ok(())
}

/// The ids below the first normal one are initdb's: no object that a server makes gets one, even if initdb left some.
fn skip_reserved_oids(engine: &Engine) {
    let transactions = &engine.store().xacts;
    if transactions.checkpoint_ids().oid < base::Oid::FIRST_NORMAL {
        transactions.set_next_oid(base::Oid::FIRST_NORMAL);
    }
}

/// Says how recovery goes, in PostgreSQL's words.
struct Teller<'a> {
    role: &'a RoleContext,
    last_progress: Duration,
    interrupted_in: DatabaseState,
}

impl Teller<'_> {
    fn tell(&mut self, event: RecoveryEvent) -> Result<()> {
        let log = &self.role.log;
        match event {
            RecoveryEvent::WasShutDown(us) => {
                log.say(format!("database system was shut down at {}", stamp(log, us)));
            }
            RecoveryEvent::WasInterrupted(us) => self.say_interrupted(us),
            RecoveryEvent::RedoStarts(at) => log.say(format!("redo starts at {at}")),
            RecoveryEvent::Progress { at, elapsed, .. } => return self.progress(at, elapsed),
            RecoveryEvent::EndOfLog { at, reason } => log.say(format!("{} at {at}", reason.reason())),
            RecoveryEvent::RedoDone { at, elapsed, cpu } => {
                let [user, system, elapsed] = [cpu.user, cpu.system, elapsed].map(|time| time.as_secs_f64());
                let used = format!("CPU: user: {user:.2} s, system: {system:.2} s, elapsed: {elapsed:.2} s");
                log.say(format!("redo done at {at} system usage: {used}"));
            }
        }
        Ok(())
    }

    fn say_interrupted(&self, us: i64) {
        let log = &self.role.log;
        let at = stamp(log, us);
        log.say(match self.interrupted_in {
            DatabaseState::ShuttingDown => format!("database system shutdown was interrupted; last known up at {at}"),
            DatabaseState::InCrashRecovery => format!("database system was interrupted while in recovery at {at}"),
            _ => format!("database system was interrupted; last known up at {at}"),
        });
        log.say("database system was not properly shut down; automatic recovery in progress");
    }

    /// Long redo says now and then where it is, and heeds a request to end.
    fn progress(&mut self, at: base::Lsn, elapsed: Duration) -> Result<()> {
        let interrupts = &self.role.interrupts;
        if interrupts.is_pending(Interrupt::Quit) || interrupts.is_pending(Interrupt::Terminate) {
            let error = report::error!(ADMIN_SHUTDOWN, "terminating startup process due to administrator command");
            return Err(error.severity(Severity::Fatal));
        }
        self.role.pass_fault_point()?;
        let interval = self.role.shared.settings.duration(Setting::LogStartupProgressInterval);
        if !interval.is_zero() && elapsed >= self.last_progress + interval {
            self.last_progress = elapsed;
            let seconds = elapsed.as_secs_f64();
            self.role.log.say(format!("redo in progress, elapsed time: {seconds:.2} s, current LSN: {at}"));
        }
        Ok(())
    }
}

fn stamp(log: &RoleLog, us: i64) -> String {
    log.logger().stamp(us)
}
