//! The server's threads at the loop: those that are wanted are started, and what ended one is told and acted on.

use super::ServerLoop;
use crate::children::{ChildRecord, Ear};
use crate::deadlines::Due;
use crate::roles::{self, ROLES};
use crate::shared::{RoleContext, pass_fault_point};
use crate::state::{Class, Event, How, Phase};
use config::Setting;
use instance::{Activity, SessionKind};
use report::{Severity, SqlState};
use std::sync::Arc;
use std::time::Duration;
use sync::Interrupts;
use threads::{Exit, ExitReport, Restart};

impl ServerLoop {
    pub(super) fn child_ended(&mut self, report: ExitReport) {
        let Some(record) = self.children.remove(report.id) else { return };
        let (class, how) = (record.class, how(&report.exit));
        self.say_exit(&record, &report);
        if how == How::Crashed {
            self.abandon();
        }
        if let Some(role) = record.role
            && how != How::Done
            && ROLES[role].restart == Restart::Always
        {
            let now = self.now();
            let pause = self.roles[role].backoff.failed(now.saturating_sub(record.started));
            self.roles[role].not_before = now + pause;
        }
        record.child.join();
        self.handle(Event::Ended(class, how));
        if class == Class::Worker {
            self.start_worker();
        }
        if record.role == Some(roles::pool_worker()) && self.state.phase == Phase::Run && !self.state.crashed {
            self.start_pool();
        }
    }

    /// Nothing that the crashed instance has in memory may reach the disk from here on.
    pub(super) fn abandon(&self) {
        if let Some(running) = self.parts.shared.running() {
            running.engine.store().wal.abandon();
        }
    }

    /// Sessions tell the log of their own errors; of roles and of crashes the postmaster tells.
    fn say_exit(&self, record: &ChildRecord, report: &ExitReport) {
        let who = match report.session {
            0 => record.name.clone(),
            session => format!("{} (PID {session})", record.name),
        };
        let text = match &report.exit {
            Exit::Clean => return,
            // A role that was told to end says so by its error, and nothing is wrong.
            Exit::Fatal(error) if [SqlState::ADMIN_SHUTDOWN, SqlState::CRASH_SHUTDOWN].contains(&error.code()) => {
                return;
            }
            Exit::Fatal(error) => {
                if record.role.is_some() {
                    self.log.log(error);
                } else if !report.exit.is_crash() {
                    return;
                }
                format!("{who} ended with an error")
            }
            Exit::Panicked(caught) => {
                let state = if caught.unclean { "while it held shared memory" } else { "holding nothing shared" };
                let place = caught.trace.as_ref().map_or_else(String::new, |trace| format!(" at {}", trace.place));
                if let Some(trace) = &caught.trace {
                    let told = report::error!(INTERNAL_ERROR, "{who} panicked{place}").severity(Severity::Log);
                    self.log.log(&told.detail(format!("Backtrace:\n{}", trace.calls)));
                }
                format!("{who} panicked {state}{place}: {}", caught.message)
            }
            Exit::Leaked(error) => {
                if let Some(error) = error {
                    self.log.log(error);
                }
                format!("{who} ended and still holds shared memory")
            }
        };
        let told = report::error!(SUCCESSFUL_COMPLETION, "{text}").severity(Severity::Log);
        let statement = &report.statement;
        self.log.log(&if statement.is_empty() { told } else { told.detail(crate::start::was_running(statement)) });
    }

    pub(super) fn start_wanted_roles(&mut self) {
        let values = self.parts.shared.settings.snapshot();
        let now = self.now();
        for (index, role) in ROLES.iter().enumerate() {
            if role.restart == Restart::Never || !role.wanted.is_now(&self.state, &values) {
                continue;
            }
            if self.children.of_role(index) > 0 {
                continue;
            }
            let not_before = self.roles[index].not_before;
            if not_before > now {
                self.deadlines.set_earlier(Due::RestartRoles, not_before);
            } else {
                self.start_role(index, String::new());
            }
        }
    }

    /// Starts an autovacuum worker if one is wanted and there is room for it.
    pub(super) fn start_worker(&mut self) {
        let role = roles::of_class(Class::Worker);
        let limit = self.parts.shared.settings.int(Setting::AutovacuumMaxWorkers);
        let running = self.children.of_role(role);
        let is_room = running < usize::try_from(limit).unwrap_or(0);
        if self.state.phase == Phase::Run && self.state.admits && is_room && self.parts.shared.wants_worker() {
            self.start_role(role, format!(" {}", running + 1));
        }
    }

    /// Starts the thread pool's first workers, or those of them that are missing.
    pub(super) fn start_pool(&self) {
        if let Some(pool) = self.parts.shared.pool() {
            pool.start();
        }
    }

    /// The thread pool wants one more worker.
    pub(super) fn start_pool_worker(&mut self) {
        let role = roles::pool_worker();
        let name = self.children.name_of_next(role);
        let number = name.strip_prefix(ROLES[role].name).unwrap_or_default().to_owned();
        let before = self.children.of_role(role);
        self.start_role(role, number);
        if self.children.of_role(role) == before
            && let Some(pool) = self.parts.shared.pool()
        {
            pool.not_coming();
        }
    }

    pub(super) fn start_role(&mut self, index: usize, number: String) {
        let role = &ROLES[index];
        let id = self.children.next_id();
        let name = format!("{}{number}", role.name);
        let shared = self.parts.shared.clone();
        // Who outlives the instance has no place in it.
        let home = shared.instance().filter(|_| role.wanted.class != Class::Logger);
        let registration = home.map(|instance| {
            let activity = Activity { session_start_us: instance.now_us(), ..Activity::default() };
            instance.sessions.register(SessionKind::Role(role.backend_type), 0, activity)
        });
        let (pid, interrupts) = match &registration {
            Some(registration) => (registration.id.0, registration.interrupts.clone()),
            None => (crate::start::role_pid(id), Arc::new(Interrupts::new())),
        };
        let log = shared.logger.role(pid, role.backend_type);
        let idle_event = role.wanted.idle_event;
        if let Some(registration) = &registration {
            let (faults, own) = (shared.faults.clone(), name.clone());
            registration.give_fault_point(Box::new(move || pass_fault_point(&faults, role.name, &own)));
        }
        let context = RoleContext {
            role: role.name,
            name: name.clone(),
            interrupts: interrupts.clone(),
            log,
            shared,
            idle_event,
            registration,
        };
        let body = move || {
            sync::note_session(pid);
            context.pass_fault_point()?;
            (role.entry)(context)
        };
        match threads::spawn(&name, role.stack_bytes, id, self.parts.shared.mailbox.clone(), body) {
            Ok(child) => {
                let (class, started) = (role.wanted.class, self.now());
                let ear = Ear::Role(interrupts);
                self.children.add(ChildRecord { child, class, role: Some(index), name, ear, started });
            }
            Err(error) => {
                self.log.say(format!("could not start {name}: {error}"));
                let pause = self.roles[index].backoff.failed(Duration::ZERO).max(Duration::from_secs(1));
                self.roles[index].not_before = self.now() + pause;
                if role.restart == Restart::Never && role.wanted.class == Class::Startup {
                    self.exit = Some(1);
                }
            }
        }
    }
}

fn how(exit: &Exit) -> How {
    match exit {
        _ if exit.is_crash() => How::Crashed,
        Exit::Clean => How::Done,
        Exit::Fatal(_) | Exit::Panicked(_) | Exit::Leaked(_) => How::Failed,
    }
}
