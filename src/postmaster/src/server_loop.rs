//! The loop: one wait, and what wakes it.
//!
//! What can end the wait is one closed set: a client at a listening socket, a signal, a thread that ended, a thread that asks
//! for something, a deadline. The loop acts between waits only, so that nothing it does is ever interrupted. It takes no
//! lock that a session can hold for long, and touches no page.

use crate::children::{ChildRecord, Children, Ear};
use crate::client::{self, ClientHandle, ParkedClient};
use crate::deadlines::{Deadlines, Due, KILL_AFTER, LOCK_FILE_CHECK_EVERY, SOCKET_TOUCH_EVERY, STALL_AFTER};
use crate::faults;
use crate::listen::Listeners;
use crate::lock_file::{LINE_STATUS, LockFile};
use crate::mailbox::{Command, Letter};
use crate::notify::notify;
use crate::refusal;
use crate::roles::{self, ROLES};
use crate::shared::{RoleContext, Shared, pass_fault_point};
use crate::signals::{Signal, Signals, quit_self};
use crate::state::{Action, Admission, Class, Event, How, Order, Phase, State, Status, step};
use base::SessionId;
use config::Setting;
use host::net::Stream;
use host::{Clock, Poller, RealClock};
use instance::{Activity, Instance, SessionKind};
use logging::RoleLog;
use report::{Severity, SqlState};
use std::io;
use std::sync::Arc;
use std::time::Duration;
use sync::{Interrupt, Interrupts, ShutdownKind};
use threads::{Backoff, Exit, ExitReport, Restart};

/// The poll key of the signal pipe; listening sockets count from 0.
const SIGNALS_KEY: usize = usize::MAX - 1;
/// Connections taken in one go before everything else is looked at again.
const ACCEPTS_MAX: usize = 64;
/// The pause after a connection could not be accepted because something ran out.
const ACCEPT_PAUSE: Duration = Duration::from_millis(100);
/// Stack of a session's thread: what `max_stack_depth` may be set to, and room for the frames of one deep call.
const SESSION_STACK_BYTES: usize = 8 << 20;
/// Stack of a thread that only says no.
const DEAD_END_STACK_BYTES: usize = 256 << 10;

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
    /// The process continues one that crashed.
    pub continues: bool,
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
    /// Ready to run.
    pub fn new(parts: Parts) -> ServerLoop {
        let log = parts.shared.logger.postmaster();
        let roles = ROLES.iter().map(|_| RoleState::default()).collect();
        ServerLoop {
            log,
            clock: RealClock::new(),
            state: State { crashed: parts.continues, ..State::INITIAL },
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
        let facts = self.children.facts(self.parts.shared.settings.bool(Setting::RestartAfterCrash));
        let (state, actions) = step(self.state, event, &facts);
        let was = std::mem::replace(&mut self.state, state);
        self.watch_shutdown(was);
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

    /// Each state of a shutdown has its time. The last checkpoint takes as long as it takes.
    fn watch_shutdown(&mut self, was: State) {
        if self.state.phase == was.phase && self.state.shutdown == was.shutdown {
            return;
        }
        let waits = self.state.phase > Phase::Run && self.state.phase != Phase::Shutdown;
        if waits && self.state.shutdown.is_some_and(|kind| kind < ShutdownKind::Immediate) {
            self.deadlines.set(Due::Stalled, self.now() + STALL_AFTER);
        } else {
            self.deadlines.clear(Due::Stalled);
        }
    }

    /// Serves those who waited for the recovery, and the sessions that were there before the crash.
    fn take_up(&mut self) {
        let Some(instance) = self.parts.shared.instance() else { return };
        for client in std::mem::take(&mut self.parked) {
            let (shared, instance) = (self.parts.shared.clone(), instance.clone());
            let ear = Ear::Client(client.handle());
            if let Err(error) =
                self.start_client_thread(Class::Session, ear, move || client::resume(&shared, &instance, client))
            {
                self.say_not_served(&error);
            }
        }
        for stream in std::mem::take(&mut self.waiting) {
            self.connected(stream);
        }
    }

    /// There will be no recovery: tells those who wait for it.
    fn turn_away(&mut self) {
        let text = "terminating connection due to administrator command";
        let error = report::error!(ADMIN_SHUTDOWN, "{text}").severity(Severity::Fatal);
        std::mem::take(&mut self.parked).into_iter().for_each(|client| client.dismiss(&error));
        for stream in std::mem::take(&mut self.waiting) {
            self.connected(stream);
        }
    }

    /// True while a client had better wait than be refused: the server recovers from a crash, and will be there in a moment.
    fn is_worth_waiting(&self) -> bool {
        self.state.admission() == Admission::Recovering
            && self.state.shutdown.is_none()
            && self.parts.shared.settings.bool(Setting::RestartAfterCrash)
    }

    fn act(&mut self, action: Action) {
        match action {
            Action::Say(text) => self.log.say(text),
            Action::Show(status) => self.show(status),
            Action::Tell(class, order) => self.tell(class, order),
            Action::StartStartup => {
                // Who writes pages is there before redo makes any.
                self.start_wanted_roles();
                self.start_role(roles::of_class(Class::Startup), String::new());
            }
            Action::StartCheckpointer => self.start_role(roles::of_class(Class::Checkpointer), String::new()),
            Action::ArmKill => self.deadlines.set_earlier(Due::Kill, self.now() + KILL_AFTER),
            Action::Reinitialize => self.reinitialize(),
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
        for child in self.children.of_class(class) {
            if order == Order::Quit && by_operator {
                child.tell(Interrupt::Terminate);
            }
            child.tell(interrupt);
        }
    }

    fn tell_all(&self, interrupt: Interrupt) {
        for child in self.children.all() {
            child.tell(interrupt);
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
        self.parts.shared.logger.channel().poke();
    }

    fn child_ended(&mut self, report: ExitReport) {
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
    }

    /// Nothing that the crashed instance has in memory may reach the disk from here on.
    fn abandon(&self) {
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

    fn start_wanted_roles(&mut self) {
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
    fn start_worker(&mut self) {
        let role = roles::of_class(Class::Worker);
        let limit = self.parts.shared.settings.int(Setting::AutovacuumMaxWorkers);
        let running = self.children.of_role(role);
        let is_room = running < usize::try_from(limit).unwrap_or(0);
        if self.state.phase == Phase::Run && self.state.admits && is_room && self.parts.shared.wants_worker() {
            self.start_role(role, format!(" {}", running + 1));
        }
    }

    fn start_role(&mut self, index: usize, number: String) {
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

    /// Listens to its sockets while there is somebody who could serve or refuse.
    fn set_accepting(&mut self) -> io::Result<()> {
        let wanted = self.state.phase < Phase::WaitDeadEnd && self.deadlines.at(Due::AcceptAgain).is_none();
        if wanted == self.accepting {
            return Ok(());
        }
        for (key, socket) in self.parts.listeners.sockets.iter().enumerate() {
            if wanted {
                self.parts.poller.watch(key, socket.clone())?;
            } else {
                self.parts.poller.unwatch(key);
            }
        }
        self.accepting = wanted;
        Ok(())
    }

    fn accept(&mut self, key: usize) {
        let Some(socket) = self.parts.listeners.sockets.get(key).cloned() else { return };
        for _ in 0..ACCEPTS_MAX {
            match socket.accept() {
                Ok(stream) => self.connected(stream),
                Err(error) if error.kind() == io::ErrorKind::WouldBlock => return,
                // The client gave up while it waited.
                Err(error) if matches!(error.kind(), io::ErrorKind::ConnectionAborted | io::ErrorKind::Interrupted) => {
                }
                Err(error) => {
                    let text = report::Error::io("accept new connection", &error).severity(Severity::Log);
                    self.log.log(&text);
                    self.deadlines.set(Due::AcceptAgain, self.now() + ACCEPT_PAUSE);
                    return;
                }
            }
        }
    }

    fn connected(&mut self, stream: Stream) {
        let values = self.parts.shared.settings.snapshot();
        let clients = self.children.count(Class::Session) + self.children.count(Class::DeadEnd);
        if clients >= 2 * refusal::children_max(&values) {
            // Beyond all bounds not even a thread to say no is affordable.
            refusal::tell(&stream, &too_many());
            return;
        }
        if self.is_worth_waiting() && self.waiting.len() < refusal::children_max(&values) {
            self.waiting.push(stream);
            return;
        }
        let reason = refusal::reason(self.state.admission(), clients, &values);
        match (reason, self.parts.shared.instance()) {
            (None, Some(instance)) => self.start_session(stream, instance),
            (reason, _) => self.start_refusal(stream, reason.unwrap_or_else(too_many)),
        }
    }

    fn start_session(&mut self, stream: Stream, instance: Arc<Instance>) {
        let handle = match ClientHandle::new(stream) {
            Ok(handle) => handle,
            Err(error) => return self.say_not_served(&error),
        };
        let shared = self.parts.shared.clone();
        let (ear, told) = (Ear::Client(handle.clone()), handle.clone());
        let body = move || client::serve(&shared, &instance, handle);
        if let Err(error) = self.start_client_thread(Class::Session, ear, body) {
            self.say_not_served(&error);
            refusal::tell(told.stream(), &cannot_fork(&error));
        }
    }

    fn start_refusal(&mut self, stream: Stream, reason: report::Error) {
        let shared = self.parts.shared.clone();
        let limit = shared.settings.duration(Setting::AuthenticationTimeout);
        let number = shared.instance().map_or(0, |instance| instance.sessions.reserve().0);
        let log = shared.logger.role(number, "client backend");
        let cancel = move |session, key| {
            if let Some(instance) = shared.instance() {
                client::cancel(&shared, &instance, session, key);
            }
        };
        let body = move || refusal::refuse(stream, &reason, limit, &log, &cancel);
        if let Err(error) = self.start_client_thread(Class::DeadEnd, Ear::Deaf, body) {
            self.say_not_served(&error);
        }
    }

    fn say_not_served(&self, error: &io::Error) {
        self.log.log(&cannot_fork(error).severity(Severity::Log));
    }

    fn start_client_thread(
        &mut self,
        class: Class,
        ear: Ear,
        body: impl FnOnce() -> report::Result<()> + Send + 'static,
    ) -> io::Result<()> {
        let id = self.children.next_id();
        let (name, stack_bytes) = match class {
            Class::Session => ("session", SESSION_STACK_BYTES),
            _ => ("refusal", DEAD_END_STACK_BYTES),
        };
        let child = threads::spawn(name, stack_bytes, id, self.parts.shared.mailbox.clone(), body)?;
        let (name, started) = (name.to_owned(), self.now());
        self.children.add(ChildRecord { child, class, role: None, name, ear, started });
        Ok(())
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
                Due::Stalled => {
                    self.log.say("shutdown has made no progress for a minute, ending at once");
                    self.handle(Event::Asked(ShutdownKind::Immediate));
                }
                // The loop looks at the roles and sockets after every wait.
                Due::RestartRoles | Due::AcceptAgain => {}
            }
        }
    }

    fn check_lock_file(&mut self, now: Duration) {
        self.deadlines.set(Due::LockFileCheck, now + LOCK_FILE_CHECK_EVERY);
        if let Err(why) = self.parts.lock_file.recheck() {
            self.log.say(why);
            self.log.say("performing immediate shutdown because data directory lock file is invalid");
            quit_self();
        }
    }

    /// Threads did not end in time. A thread cannot be killed alone: the process starts over, under the same number.
    fn kill(&mut self) {
        let left: Vec<&str> = self.children.all().map(|child| child.name.as_str()).collect();
        if left.is_empty() {
            return;
        }
        self.log.say(format!("issuing SIGKILL to recalcitrant children: {}", left.join(", ")));
        let restarts = self.parts.shared.settings.bool(Setting::RestartAfterCrash);
        if self.state.shutdown.is_some() || !restarts {
            self.exit = Some(i32::from(self.state.crashed));
        } else {
            self.start_over("threads that did not end take the process with them");
        }
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
        self.tell_all(Interrupt::ConfigReload);
        self.parts.shared.logger.channel().poke();
    }

    /// SIGUSR1: somebody left a file.
    fn look_for_files(&mut self) {
        let directory = &self.parts.shared.data_directory;
        let path = directory.join(LOGROTATE_FILE);
        let faults = directory.join(faults::FILE);
        if path.exists() {
            let _ = std::fs::remove_file(path);
            self.rotate_log();
        }
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

fn how(exit: &Exit) -> How {
    match exit {
        _ if exit.is_crash() => How::Crashed,
        Exit::Clean => How::Done,
        Exit::Fatal(_) | Exit::Panicked(_) | Exit::Leaked(_) => How::Failed,
    }
}

fn cannot_fork(error: &io::Error) -> report::Error {
    report::Error::io("fork new process for connection", error).severity(Severity::Fatal)
}

fn too_many() -> report::Error {
    report::error!(TOO_MANY_CONNECTIONS, "sorry, too many clients already").severity(Severity::Fatal)
}
