//! The loop: one wait, and what wakes it.
//!
//! What can end the wait is one closed set: a client at a listening socket, a signal, a thread that ended, a thread that asks
//! for something, a deadline. The loop acts between waits only, so that nothing it does is ever interrupted. It takes no
//! lock that a session can hold for long, and touches no page.

mod clients;
mod lifecycle;

use crate::children::Children;
use crate::client::ParkedClient;
use crate::deadlines::{Deadlines, Due, KILL_AFTER, LOCK_FILE_CHECK_EVERY, SOCKET_TOUCH_EVERY, STALL_AFTER};
use crate::faults;
use crate::listen::Listeners;
use crate::lock_file::{LINE_STATUS, LockFile};
use crate::mailbox::{Command, Letter};
use crate::notify::notify;
use crate::refusal;
use crate::roles::{self, ROLES};
use crate::shared::Shared;
use crate::signals::{Signal, Signals, quit_self};
use crate::state::{Action, Class, Event, How, Order, Phase, State, Status, step};
use base::SessionId;
use config::Setting;
use host::net::Stream;
use host::{Clock, Poller, RealClock};
use logging::RoleLog;
use report::Severity;
use std::io;
use std::sync::Arc;
use std::time::Duration;
use sync::{Interrupt, ShutdownKind};
use threads::Backoff;

/// The poll key of the signal pipe; listening sockets count from 0.
const SIGNALS_KEY: usize = usize::MAX - 1;
/// The file that asks for a rotation of the log, with SIGUSR1.
const LOGROTATE_FILE: &str = "logrotate";

/// What the loop keeps of a role.
#[derive(Default)]
struct RoleState {
    backoff: Backoff,
    /// Not to be started before this time.
    not_before: Duration,
}

/// What the loop is given.
pub struct Parts {
    /// What threads share with it.
    pub shared: Arc<Shared>,
    /// The wait.
    pub poller: Poller,
    /// postmaster.pid.
    pub lock_file: LockFile,
    /// The listening sockets.
    pub listeners: Listeners,
    /// The signals.
    pub signals: Signals,
    /// Further files to remove at the end.
    pub pid_file: Option<crate::start::PidFile>,
}

/// The postmaster while it serves.
pub struct ServerLoop {
    parts: Parts,
    log: RoleLog,
    clock: RealClock,
    state: State,
    children: Children,
    roles: Vec<RoleState>,
    deadlines: Deadlines,
    accepting: bool,
    /// Clients that came while the server recovers from a crash, and are served when it has.
    waiting: Vec<Stream>,
    /// Sessions that go on when it has.
    parked: Vec<ParkedClient>,
    exit: Option<i32>,
}

impl ServerLoop {
    /// Ready to run. `crashed`: the process continues one that did.
    pub fn new(parts: Parts, crashed: bool) -> ServerLoop {
        let log = parts.shared.logger.postmaster();
        let roles = ROLES.iter().map(|_| RoleState::default()).collect();
        ServerLoop {
            log,
            clock: RealClock::new(),
            state: State { crashed, ..State::INITIAL },
            parts,
            children: Children::default(),
            roles,
            deadlines: Deadlines::new(),
            accepting: false,
            waiting: Vec::new(),
            parked: Vec::new(),
            exit: None,
        }
    }

    /// Serves until the server ends. Returns the process's exit code.
    pub fn run(mut self) -> io::Result<i32> {
        let source = self.parts.signals.source();
        self.parts.poller.watch(SIGNALS_KEY, source)?;
        let now = self.now();
        self.deadlines.set(Due::LockFileCheck, now + LOCK_FILE_CHECK_EVERY);
        self.deadlines.set(Due::SocketTouch, now + SOCKET_TOUCH_EVERY);
        self.look_for_faults();
        self.handle(Event::Begin);
        let mut ready = Vec::new();
        while self.exit.is_none() {
            match sync::catch(|| self.pass(&mut ready)) {
                Ok(outcome) => outcome?,
                Err(caught) => self.start_over(&format!("postmaster panicked: {}", caught.message)),
            }
        }
        Ok(self.end())
    }

    /// One wait, and what follows from it.
    fn pass(&mut self, ready: &mut Vec<usize>) -> io::Result<()> {
        self.start_wanted_roles();
        self.set_accepting()?;
        let timeout = self.deadlines.sleep(self.now());
        self.parts.poller.wait(ready, timeout)?;
        self.act_on_signals();
        self.read_mailbox();
        self.act_on_deadlines();
        for &key in ready.iter().filter(|&&key| key != SIGNALS_KEY) {
            self.accept(key);
        }
        Ok(())
    }

    /// The process cannot go on as it is: a fresh one takes its place, under the same number.
    fn start_over(&mut self, why: &str) {
        self.log.say(why);
        let error = host::crash::start_over();
        self.log.say(format!("could not start over: {error}"));
        self.exit = Some(1);
    }

    fn now(&self) -> Duration {
        self.clock.monotonic()
    }

    fn handle(&mut self, event: Event) {
        let mut facts = self.children.facts(self.parts.shared.settings.bool(Setting::RestartAfterCrash));
        facts.alive[Class::Session as usize] += self.pooled();
        let (state, actions) = step(self.state, event, &facts);
        let was = std::mem::replace(&mut self.state, state);
        self.watch_shutdown(was);
        // While the server recovers from a crash there is another pool already.
        if (state.shutdown.is_some() || state.crashed && state.phase >= Phase::StopBackends)
            && let Some(pool) = self.parts.shared.pool()
        {
            pool.close();
        }
        host::crash::set_restarts(facts.restart_after_crash && state.shutdown.is_none());
        for action in actions {
            self.act(action);
        }
        if state.shutdown.is_some() || !facts.restart_after_crash {
            self.turn_away();
        } else if state.phase == Phase::Run && self.exit.is_none() {
            self.take_up();
        }
    }

    /// Clients that the thread pool serves.
    fn pooled(&self) -> usize {
        self.parts.shared.pool().map_or(0, |pool| pool.clients())
    }

    /// Each state of a shutdown has its time; a smart one waits for its clients as long as they like.
    fn watch_shutdown(&mut self, was: State) {
        if self.state.phase == was.phase && self.state.shutdown == was.shutdown {
            return;
        }
        let is_on_the_way = self.state.phase > Phase::Run;
        if is_on_the_way && self.state.shutdown.is_some_and(|kind| kind < ShutdownKind::Immediate) {
            self.deadlines.set(Due::Stalled, self.now() + STALL_AFTER);
        } else {
            self.deadlines.clear(Due::Stalled);
        }
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Say(text) => self.log.say(text),
            Action::Show(status) => self.show(status),
            Action::Tell(class, order) => self.tell(class, order),
            Action::StartStartup => {
                // Who writes pages is there before redo makes any, and who serves clients before any may come.
                self.start_wanted_roles();
                self.start_pool();
                self.start_role(roles::of_class(Class::Startup), String::new());
            }
            Action::StartCheckpointer => self.start_role(roles::of_class(Class::Checkpointer), String::new()),
            Action::ArmKill => self.deadlines.set_earlier(Due::Kill, self.now() + KILL_AFTER),
            Action::Reinitialize => self.reinitialize(),
            Action::StartOver => self.start_over("threads that did not end take the process with them"),
            Action::Exit(code) => self.exit = Some(code),
        }
    }

    fn show(&mut self, status: Status) {
        let (line, told) = match status {
            Status::Starting => ("starting", None),
            Status::Stopping => ("stopping", Some("STOPPING=1")),
            Status::Ready => ("ready   ", Some("READY=1")),
            Status::Standby => ("standby ", Some("READY=1")),
        };
        if let Err(error) = self.parts.lock_file.set_line(LINE_STATUS, line) {
            let path = self.parts.lock_file.path().display().to_string();
            self.log.log(&report::Error::io(format!("write file \"{path}\""), &error).severity(Severity::Log));
        }
        if let Some(told) = told {
            notify(told);
        }
    }

    fn tell(&self, class: Class, order: Order) {
        let interrupt = match order {
            Order::Terminate => Interrupt::Terminate,
            Order::Quit => Interrupt::Quit,
            Order::Finish => Interrupt::Finish,
        };
        let by_operator = self.state.shutdown == Some(ShutdownKind::Immediate) && !self.state.crashed;
        let is_by_operator = order == Order::Quit && by_operator;
        let interrupts = is_by_operator.then_some(Interrupt::Terminate).into_iter().chain([interrupt]);
        for interrupt in interrupts {
            self.children.of_class(class).for_each(|child| child.tell(interrupt));
            if class == Class::Session {
                self.tell_pooled(interrupt);
            }
        }
    }

    fn tell_all(&self, interrupt: Interrupt) {
        self.children.all().for_each(|child| child.tell(interrupt));
        self.tell_pooled(interrupt);
    }

    fn tell_pooled(&self, interrupt: Interrupt) {
        if let Some(pool) = self.parts.shared.pool() {
            pool.raise(interrupt);
        }
    }

    fn reinitialize(&mut self) {
        self.deadlines.clear(Due::Kill);
        let crashes = host::crash::count_crash(crate::start::CRASH_PERIOD);
        if let Err(error) = crate::start::check_crash_rate(crashes, &self.parts.shared.settings.values()) {
            self.log.log(&error);
            self.exit = Some(1);
            return;
        }
        // A new instance, a clean slate.
        self.roles.iter_mut().for_each(|role| *role = RoleState::default());
        let before = self.parts.shared.instance().map(|instance| instance.sessions.clone());
        self.parts.shared.set_running(None);
        if self.parts.shared.settings.bool(Setting::RemoveTempFilesAfterCrash) {
            crate::data_directory::remove_temporary_files(&self.parts.shared.data_directory);
        }
        if let Err(error) = crate::storage::build(&self.parts.shared, before) {
            self.log.log(&error);
            self.exit = Some(1);
        }
    }

    fn act_on_signals(&mut self) {
        for signal in self.parts.signals.take() {
            match signal {
                Signal::Stop(kind) => self.handle(Event::Asked(kind)),
                Signal::Reload => self.reload(),
                Signal::Files => self.look_for_files(),
                Signal::Ignored => {}
            }
        }
    }

    fn read_mailbox(&mut self) {
        for letter in self.parts.shared.mailbox.take() {
            match letter {
                Letter::Ended(report) => self.child_ended(report),
                Letter::Command(Command::Reload) => self.reload(),
                Letter::Command(Command::RotateLog) => self.rotate_log(),
                Letter::Command(Command::StartWorker) => self.start_worker(),
                Letter::Command(Command::StartPoolWorker) => self.start_pool_worker(),
                Letter::Command(Command::PoolEmptied) => self.handle(Event::Ended(Class::Session, How::Done)),
                Letter::Command(Command::RecoveryStarted) => self.handle(Event::RecoveryStarted),
                Letter::Command(Command::HotStandbyReached) => self.handle(Event::HotStandbyReached),
                Letter::Command(Command::Strike(point)) => self.strike(&point),
                Letter::Parked(client) => self.parked.push(*client),
            }
        }
    }

    /// Wakes who is to pass this point, and passes it if it is the loop's own.
    fn strike(&mut self, point: &str) {
        if point == faults::POSTMASTER {
            match self.parts.shared.faults.strike(point) {
                Err(error) if error.fields().severity == Severity::Panic => self.start_over(error.message()),
                Err(error) => {
                    self.log.log(&error);
                    self.exit = Some(1);
                }
                Ok(()) => {}
            }
        }
        let session = point.strip_prefix("session ").and_then(|number| number.parse().ok()).map(SessionId);
        if let Some(entry) = session.and_then(|id| self.parts.shared.instance()?.sessions.find(id)) {
            entry.interrupts.raise(Interrupt::Fault);
        }
        for child in self.children.all().filter(|child| child.is_at(point)) {
            child.tell(Interrupt::Fault);
        }
        if point == faults::SESSION {
            self.tell_pooled(Interrupt::Fault);
        }
        self.parts.shared.logger.channel().poke();
    }

    fn act_on_deadlines(&mut self) {
        let now = self.now();
        while let Some(due) = self.deadlines.take_due(now) {
            match due {
                Due::LockFileCheck => self.check_lock_file(now),
                Due::SocketTouch => {
                    self.parts.listeners.touch_files();
                    self.deadlines.set(Due::SocketTouch, now + SOCKET_TOUCH_EVERY);
                }
                Due::Kill => self.kill(),
                Due::Stalled => self.hurry(now),
                // The loop looks at the roles and sockets after every wait.
                Due::RestartRoles | Due::AcceptAgain => {}
            }
        }
    }

    /// A state of the shutdown has had its time. A checkpoint takes as long as it takes.
    fn hurry(&mut self, now: Duration) {
        if self.state.phase == Phase::Shutdown && self.parts.shared.checkpoints.is_one_under_way() {
            self.deadlines.set(Due::Stalled, now + STALL_AFTER);
            return;
        }
        self.log.say("shutdown has made no progress for a minute, ending at once");
        self.handle(Event::Asked(ShutdownKind::Immediate));
    }

    fn check_lock_file(&mut self, now: Duration) {
        self.deadlines.set(Due::LockFileCheck, now + LOCK_FILE_CHECK_EVERY);
        if let Err(why) = self.parts.lock_file.recheck() {
            self.log.say(why);
            self.log.say("performing immediate shutdown because data directory lock file is invalid");
            quit_self();
        }
    }

    /// Threads did not end in time.
    fn kill(&mut self) {
        let left = self.children.all().filter(|child| child.class != Class::Logger);
        let left: Vec<&str> = left.map(|child| child.name.as_str()).collect();
        if left.is_empty() {
            return;
        }
        self.log.say(format!("issuing SIGKILL to recalcitrant children: {}", left.join(", ")));
        // They may only be slow: they must not write once the lock files are gone.
        self.abandon();
        self.handle(Event::TimeIsUp);
    }

    fn reload(&mut self) {
        if self.state.shutdown >= Some(ShutdownKind::Fast) {
            return;
        }
        self.log.say("received SIGHUP, reloading configuration files");
        let reload = self.parts.shared.settings.reload();
        for message in &reload.messages {
            self.log.log(message);
        }
        self.parts.shared.reload_authentication(&self.log);
        let restarts = self.parts.shared.settings.bool(Setting::RestartAfterCrash);
        host::crash::set_restarts(restarts && self.state.shutdown.is_none());
        if let Some(pool) = self.parts.shared.pool() {
            let (spin, worker_idle) = roles::pool::times(&self.parts.shared.settings.values());
            pool.adjust(spin, worker_idle);
        }
        self.tell_all(Interrupt::ConfigReload);
        self.parts.shared.logger.channel().poke();
    }

    /// SIGUSR1: somebody left a file.
    fn look_for_files(&mut self) {
        let path = self.parts.shared.data_directory.join(LOGROTATE_FILE);
        if path.exists() {
            let _ = std::fs::remove_file(path);
            self.rotate_log();
        }
        self.look_for_faults();
    }

    fn look_for_faults(&mut self) {
        let faults = self.parts.shared.data_directory.join(faults::FILE);
        if self.parts.shared.settings.bool(Setting::FaultHooks)
            && let Ok(text) = std::fs::read_to_string(&faults)
        {
            let _ = std::fs::remove_file(faults);
            for point in self.parts.shared.arm_faults_of_file(&text) {
                self.strike(&point);
            }
        }
    }

    fn rotate_log(&self) {
        for child in self.children.of_class(Class::Logger) {
            child.tell(Interrupt::Work);
        }
        self.parts.shared.logger.channel().poke();
    }

    /// Everybody has left: files and sockets go, in this order: sockets, their files, lock files.
    fn end(mut self) -> i32 {
        let reason = refusal::cannot_connect("the database system is shutting down");
        std::mem::take(&mut self.waiting).iter().for_each(|stream| refusal::tell(stream, &reason));
        self.turn_away();
        let code = self.exit.unwrap_or(1);
        crate::start::end(self.parts, &self.log, self.children);
        code
    }
}
