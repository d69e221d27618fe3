//! The postmaster's states: a pure function from state and event to the next state and what is to be done.
//!
//! ```text
//! Init --begin--> Startup --startup ends--> Run --smart, fast--> StopBackends -> WaitBackends -> Shutdown -> Shutdown2
//!                   |  ^                     |                       (nobody left)  (checkpoint)    (last cycles)   |
//!                   |  |                     +--immediate, crash--> WaitBackends -> WaitDeadEnd                     |
//!                   |  +----- reinitialise, after a crash -----------+-- NoChildren <-- WaitDeadEnd <---------------+
//!                   +-- Recovery -> HotStandby (standby servers)            |
//!                                                                           +--> exit
//! ```
//! Arrows into `StopBackends` and beyond are taken by `advance`, which looks at who is left. The machine knows classes
//! of threads, no role by name.

use sync::ShutdownKind;

/// Where the server is in its life.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub enum Phase {
    /// Nothing runs yet.
    Init,
    /// The startup role reads the log or replays it.
    Startup,
    /// Replaying as a standby, not yet consistent.
    Recovery,
    /// Replaying as a standby, open for reading.
    HotStandby,
    /// Open.
    Run,
    /// Sessions and background roles are to be told to end.
    StopBackends,
    /// They were told.
    WaitBackends,
    /// The checkpointer writes the last checkpoint.
    Shutdown,
    /// Roles that work to the very end have their last cycle.
    Shutdown2,
    /// Only threads that tell clients why they are refused are left.
    WaitDeadEnd,
    /// No thread is left.
    NoChildren,
}

impl Phase {
    /// All phases.
    pub const ALL: [Phase; 11] = [
        Phase::Init,
        Phase::Startup,
        Phase::Recovery,
        Phase::HotStandby,
        Phase::Run,
        Phase::StopBackends,
        Phase::WaitBackends,
        Phase::Shutdown,
        Phase::Shutdown2,
        Phase::WaitDeadEnd,
        Phase::NoChildren,
    ];

    /// As a bit, for sets of phases.
    pub const fn bit(self) -> u16 {
        1 << self as u16
    }
}

/// What a thread is to the machine.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Class {
    /// Serves a client.
    Session,
    /// Tells a client why it is refused.
    DeadEnd,
    /// Works in a database on its own: an autovacuum worker.
    Worker,
    /// Makes the data consistent.
    Startup,
    /// Helps while the server runs.
    Background,
    /// Writes checkpoints, the last one included.
    Checkpointer,
    /// Works until after the last checkpoint: archiver, statistics.
    Finisher,
    /// Takes the log: outlives everybody.
    Logger,
}

impl Class {
    /// All classes.
    pub const ALL: [Class; 8] = [
        Class::Session,
        Class::DeadEnd,
        Class::Worker,
        Class::Startup,
        Class::Background,
        Class::Checkpointer,
        Class::Finisher,
        Class::Logger,
    ];
}

/// The logger outlives everybody, and nobody waits for it.
const ALL_BUT_LOGGER: &[Class] = Class::ALL.split_at(Class::Logger as usize).0;

/// How a thread ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum How {
    /// It was done.
    Done,
    /// It gave up; what it shares is in order.
    Failed,
    /// What it shares may not be in order.
    Crashed,
}

/// What happens to the machine.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Event {
    /// The server is set up: the startup role may run.
    Begin,
    /// The startup role has begun to replay as a standby.
    RecoveryStarted,
    /// The standby is consistent.
    HotStandbyReached,
    /// A thread has ended.
    Ended(Class, How),
    /// Somebody wants the server to stop.
    Asked(ShutdownKind),
    /// Threads that were told to end at once had their time.
    TimeIsUp,
}

/// Whether the startup role runs, and how it ended.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum StartupStatus {
    /// It does not run.
    NotRunning,
    /// It runs.
    Running,
    /// It runs and was told to end.
    Told,
    /// It failed.
    Failed,
}

/// The machine's state.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct State {
    /// Where the server is in its life.
    pub phase: Phase,
    /// How it was asked to stop.
    pub shutdown: Option<ShutdownKind>,
    /// A thread crashed and the server has not recovered since.
    pub crashed: bool,
    /// The startup role.
    pub startup: StartupStatus,
    /// False once a smart shutdown keeps new clients out.
    pub admits: bool,
}

/// Who is alive, and what the settings say.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Facts {
    /// Threads of each class, in the order of [`Class::ALL`].
    pub alive: [usize; 8],
    /// `restart_after_crash`.
    pub restart_after_crash: bool,
}

impl Facts {
    fn count(&self, class: Class) -> usize {
        self.alive[class as usize]
    }

    fn any(&self, classes: &[Class]) -> bool {
        classes.iter().any(|&class| self.count(class) > 0)
    }
}

/// What threads of a class are told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    /// End in good order.
    Terminate,
    /// End at once; touch nothing that is shared.
    Quit,
    /// Do your last work, then end: the shutdown checkpoint, the last cycle.
    Finish,
}

/// What postmaster.pid's last line says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Status {
    /// `starting`
    Starting,
    /// `stopping`
    Stopping,
    /// `ready   `
    Ready,
    /// `standby `
    Standby,
}

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    /// Log this.
    Say(&'static str),
    /// Show this.
    Show(Status),
    /// Tell every thread of the class.
    Tell(Class, Order),
    /// Start the startup role.
    StartStartup,
    /// Start a checkpointer, because the last checkpoint needs one.
    StartCheckpointer,
    /// From now on threads have a few seconds to end.
    ArmKill,
    /// Build the instance anew.
    Reinitialize,
    /// Put a fresh process in the place of this one: what does not end goes with it.
    StartOver,
    /// End the process.
    Exit(i32),
}

/// May a client come in?
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Admission {
    /// Yes.
    Yes,
    /// The server is starting.
    Starting,
    /// The standby is not consistent yet.
    NotConsistent,
    /// The server is stopping.
    ShuttingDown,
    /// The server recovers from a crash.
    Recovering,
}

impl State {
    /// Before anything runs.
    pub const INITIAL: State =
        State { phase: Phase::Init, shutdown: None, crashed: false, startup: StartupStatus::NotRunning, admits: true };

    /// May a client come in?
    pub fn admission(&self) -> Admission {
        match self.phase {
            Phase::Run | Phase::HotStandby if self.admits => Admission::Yes,
            _ if self.shutdown.is_some() => Admission::ShuttingDown,
            Phase::Startup if !self.crashed => Admission::Starting,
            Phase::Recovery if !self.crashed => Admission::NotConsistent,
            _ => Admission::Recovering,
        }
    }

    /// True in the phases before the server is open.
    fn is_starting(&self) -> bool {
        matches!(self.phase, Phase::Startup | Phase::Recovery)
    }

    fn is_open(&self) -> bool {
        matches!(self.phase, Phase::Run | Phase::HotStandby)
    }
}

/// The next state, and what is to be done to get there. `facts` are those after the event: who ended is not counted.
pub fn step(mut state: State, event: Event, facts: &Facts) -> (State, Vec<Action>) {
    let mut actions = Vec::new();
    match event {
        Event::Begin => begin(&mut state, &mut actions),
        Event::RecoveryStarted if state.phase == Phase::Startup && state.shutdown.is_none() => {
            state.phase = Phase::Recovery;
        }
        Event::HotStandbyReached if state.phase == Phase::Recovery && state.shutdown.is_none() => {
            state.phase = Phase::HotStandby;
            actions.push(Action::Say("database system is ready to accept read-only connections"));
            actions.push(Action::Show(Status::Standby));
        }
        Event::RecoveryStarted | Event::HotStandbyReached => {}
        Event::Ended(Class::Startup, how) => startup_ended(&mut state, how, facts, &mut actions),
        Event::Ended(_, How::Crashed) => crash(&mut state, facts, &mut actions),
        Event::Ended(Class::Checkpointer, how) => checkpointer_ended(&mut state, how, facts, &mut actions),
        Event::Ended(..) => {}
        Event::Asked(kind) => asked(&mut state, kind, facts, &mut actions),
        Event::TimeIsUp => time_is_up(&state, facts, &mut actions),
    }
    advance(&mut state, facts, &mut actions);
    (state, actions)
}

fn begin(state: &mut State, actions: &mut Vec<Action>) {
    assert!(state.phase == Phase::Init, "the server begins once");
    state.phase = Phase::Startup;
    state.startup = StartupStatus::Running;
    actions.push(Action::Show(Status::Starting));
    actions.push(Action::StartStartup);
}

fn startup_ended(state: &mut State, how: How, facts: &Facts, actions: &mut Vec<Action>) {
    let was_told = state.startup == StartupStatus::Told;
    state.startup = StartupStatus::NotRunning;
    if how == How::Done && state.shutdown.is_none() && (state.is_starting() || state.phase == Phase::HotStandby) {
        *state = State { phase: Phase::Run, crashed: false, admits: true, ..*state };
        actions.push(Action::Say("database system is ready to accept connections"));
        actions.push(Action::Show(Status::Ready));
        return;
    }
    if was_told || state.shutdown.is_some() {
        return;
    }
    // Trying once more would end no better: whoever operates the server has to look.
    state.startup = StartupStatus::Failed;
    if state.phase == Phase::Startup && !state.crashed {
        actions.push(Action::Say("aborting startup due to startup process failure"));
        actions.push(Action::Exit(1));
        return;
    }
    crash(state, facts, actions);
}

fn checkpointer_ended(state: &mut State, how: How, facts: &Facts, actions: &mut Vec<Action>) {
    if state.phase != Phase::Shutdown {
        // Anywhere else the role entry table starts it again.
        return;
    }
    if how == How::Done {
        state.phase = Phase::Shutdown2;
        actions.push(Action::Tell(Class::Finisher, Order::Finish));
    } else {
        // Without the last checkpoint the next start has to recover: that is no clean end.
        crash(state, facts, actions);
    }
}

fn crash(state: &mut State, facts: &Facts, actions: &mut Vec<Action>) {
    if state.crashed && state.phase >= Phase::WaitBackends || state.shutdown == Some(ShutdownKind::Immediate) {
        return;
    }
    actions.push(Action::Say("terminating any other active server processes"));
    state.crashed = true;
    quit_all(state, facts, actions);
    // A client that says nothing would hold up the recovery for as long as it likes.
    if facts.count(Class::DeadEnd) > 0 {
        actions.push(Action::Tell(Class::DeadEnd, Order::Quit));
    }
}

/// Everybody but the logger is to end at once.
fn quit_all(state: &mut State, facts: &Facts, actions: &mut Vec<Action>) {
    for class in Class::ALL {
        if class != Class::Logger && class != Class::DeadEnd && facts.count(class) > 0 {
            actions.push(Action::Tell(class, Order::Quit));
        }
    }
    if state.startup == StartupStatus::Running {
        state.startup = StartupStatus::Told;
    }
    if state.phase < Phase::WaitDeadEnd {
        state.phase = Phase::WaitBackends;
    }
    actions.push(Action::ArmKill);
}

fn asked(state: &mut State, kind: ShutdownKind, facts: &Facts, actions: &mut Vec<Action>) {
    // Only upward: smart, fast, immediate.
    if state.shutdown >= Some(kind) {
        return;
    }
    state.shutdown = Some(kind);
    actions.push(Action::Say(match kind {
        ShutdownKind::Smart => "received smart shutdown request",
        ShutdownKind::Fast => "received fast shutdown request",
        ShutdownKind::Immediate => "received immediate shutdown request",
    }));
    actions.push(Action::Show(Status::Stopping));
    match kind {
        ShutdownKind::Smart if state.is_open() => state.admits = false,
        ShutdownKind::Smart | ShutdownKind::Fast if state.is_starting() => state.phase = Phase::StopBackends,
        ShutdownKind::Smart => {}
        ShutdownKind::Fast if state.is_open() => {
            actions.push(Action::Say("aborting any active transactions"));
            state.phase = Phase::StopBackends;
        }
        ShutdownKind::Fast => {}
        ShutdownKind::Immediate => quit_all(state, facts, actions),
    }
}

/// Takes every step that only depends on who is left.
fn advance(state: &mut State, facts: &Facts, actions: &mut Vec<Action>) {
    if actions.iter().any(|action| matches!(action, Action::Exit(_))) {
        return;
    }
    if state.is_open() && !state.admits && facts.count(Class::Session) == 0 {
        state.phase = Phase::StopBackends;
    }
    if state.phase == Phase::StopBackends {
        stop_backends(state, facts, actions);
    }
    if state.phase == Phase::WaitBackends {
        after_backends(state, facts, actions);
    }
    if state.phase == Phase::Shutdown2 && !facts.any(&[Class::Finisher, Class::Session, Class::Worker]) {
        state.phase = Phase::WaitDeadEnd;
    }
    if state.phase == Phase::WaitDeadEnd && !facts.any(ALL_BUT_LOGGER) {
        state.phase = Phase::NoChildren;
    }
    if state.phase == Phase::NoChildren {
        at_the_end(state, facts, actions);
    }
}

fn stop_backends(state: &mut State, facts: &Facts, actions: &mut Vec<Action>) {
    for class in [Class::Session, Class::Worker, Class::Background, Class::Startup] {
        if facts.count(class) > 0 {
            actions.push(Action::Tell(class, Order::Terminate));
        }
    }
    if state.startup == StartupStatus::Running {
        state.startup = StartupStatus::Told;
    }
    state.phase = Phase::WaitBackends;
}

fn after_backends(state: &mut State, facts: &Facts, actions: &mut Vec<Action>) {
    if facts.any(&[Class::Session, Class::Worker, Class::Background, Class::Startup]) {
        return;
    }
    let is_abrupt = state.crashed || state.shutdown == Some(ShutdownKind::Immediate);
    if is_abrupt {
        if facts.count(Class::Checkpointer) == 0 {
            state.phase = Phase::WaitDeadEnd;
        }
        return;
    }
    actions.push(Action::Say("shutting down"));
    if facts.count(Class::Checkpointer) == 0 {
        actions.push(Action::StartCheckpointer);
    }
    actions.push(Action::Tell(Class::Checkpointer, Order::Finish));
    state.phase = Phase::Shutdown;
}

/// A thread cannot be ended alone: the process ends, or another one takes its place.
fn time_is_up(state: &State, facts: &Facts, actions: &mut Vec<Action>) {
    let is_ending = state.phase >= Phase::WaitBackends;
    if is_ending && facts.any(ALL_BUT_LOGGER) && !is_over(state, facts, actions) {
        actions.push(Action::StartOver);
    }
}

/// True if nothing follows once everybody has left: then the process ends.
fn is_over(state: &State, facts: &Facts, actions: &mut Vec<Action>) -> bool {
    let (why, code) = match state {
        State { shutdown: Some(_), crashed: true, .. } => ("abnormal database system shutdown", 1),
        State { shutdown: Some(_), .. } => ("", 0),
        State { startup: StartupStatus::Failed, .. } => ("shutting down due to startup process failure", 1),
        _ if !facts.restart_after_crash => ("shutting down because restart_after_crash is off", 1),
        _ => return false,
    };
    actions.extend((!why.is_empty()).then_some(Action::Say(why)));
    actions.push(Action::Exit(code));
    true
}

fn at_the_end(state: &mut State, facts: &Facts, actions: &mut Vec<Action>) {
    if is_over(state, facts, actions) {
        return;
    }
    actions.push(Action::Say("all server processes terminated; reinitializing"));
    actions.push(Action::Reinitialize);
    state.phase = Phase::Startup;
    state.startup = StartupStatus::Running;
    actions.push(Action::StartStartup);
}

#[cfg(test)]
mod tests {
    use super::*;

    fn facts(alive: &[(Class, usize)]) -> Facts {
        let mut facts = Facts { restart_after_crash: true, ..Facts::default() };
        for (class, count) in alive {
            facts.alive[*class as usize] = *count;
        }
        facts
    }

    /// All events there are.
    fn events() -> Vec<Event> {
        let mut events = vec![Event::RecoveryStarted, Event::HotStandbyReached, Event::TimeIsUp];
        for kind in [ShutdownKind::Smart, ShutdownKind::Fast, ShutdownKind::Immediate] {
            events.push(Event::Asked(kind));
        }
        for class in Class::ALL {
            events.extend([How::Done, How::Failed, How::Crashed].map(|how| Event::Ended(class, how)));
        }
        events
    }

    /// Between open and gone a server is either stopping or crashed, and only one that stops turns clients away.
    fn is_possible(state: &State) -> bool {
        let is_ending = state.shutdown.is_some() || state.crashed;
        (state.phase < Phase::StopBackends || is_ending) && (state.admits || state.shutdown.is_some())
    }

    /// All states there could be.
    fn states() -> Vec<State> {
        use StartupStatus::*;
        let mut states = Vec::new();
        for phase in Phase::ALL {
            for shutdown in [None, Some(ShutdownKind::Smart), Some(ShutdownKind::Fast), Some(ShutdownKind::Immediate)] {
                for (crashed, admits) in [(false, false), (false, true), (true, false), (true, true)] {
                    for startup in [NotRunning, Running, Told, Failed] {
                        states.push(State { phase, shutdown, crashed, startup, admits });
                    }
                }
            }
        }
        states.retain(is_possible);
        states
    }

    fn some_facts() -> Vec<Facts> {
        let mut all = vec![facts(&[]), facts(&Class::ALL.map(|class| (class, 2)))];
        all.extend(Class::ALL.map(|class| facts(&[(class, 1)])));
        all.push(Facts { restart_after_crash: false, ..facts(&[]) });
        all
    }

    #[test]
    fn over_all_pairs_the_rules_hold() {
        for state in states() {
            for event in events() {
                for facts in some_facts() {
                    if state.phase == Phase::NoChildren && facts.any(ALL_BUT_LOGGER) {
                        continue;
                    }
                    let (next, actions) = step(state, event, &facts);
                    let at = format!("{state:?} {event:?} {facts:?} -> {next:?} {actions:?}");
                    assert!(is_possible(&next), "{at}");
                    assert!(next.shutdown >= state.shutdown, "shutdown only gets more urgent: {at}");
                    let exits = actions.iter().filter(|a| matches!(a, Action::Exit(_))).count();
                    assert!(exits <= 1, "one exit: {at}");
                    let was_ended = matches!(state.phase, Phase::Init | Phase::NoChildren);
                    if let Some(Action::Exit(code)) = actions.iter().find(|a| matches!(a, Action::Exit(_))) {
                        let aborts = matches!(event, Event::Ended(Class::Startup, _) | Event::TimeIsUp);
                        assert!(aborts || !facts.any(ALL_BUT_LOGGER), "exits only when alone: {at}");
                        assert!(*code == 1 || !next.crashed, "0 only for a clean end: {at}");
                    }
                    let open = |s: &State| s.is_open();
                    if open(&next) && !open(&state) {
                        assert!(next.shutdown.is_none(), "never opens while stopping: {at}");
                    }
                    if actions.contains(&Action::Reinitialize) {
                        assert!(
                            next.crashed || was_ended || state.phase == Phase::WaitDeadEnd,
                            "only after a crash: {at}"
                        );
                        assert!(next.shutdown.is_none() && !facts.any(ALL_BUT_LOGGER), "{at}");
                    }
                    if actions.contains(&Action::StartOver) {
                        assert!(event == Event::TimeIsUp && next.shutdown.is_none(), "{at}");
                        assert!(facts.restart_after_crash && next.startup != StartupStatus::Failed, "{at}");
                    }
                    let tells_logger = actions.iter().any(|a| matches!(a, Action::Tell(Class::Logger, _)));
                    assert!(!tells_logger, "the logger ends by itself, last: {at}");
                }
            }
        }
    }

    #[test]
    fn every_shutdown_ends_once_everybody_has_left() {
        for state in states().into_iter().filter(|s| s.phase != Phase::Init) {
            for kind in [ShutdownKind::Fast, ShutdownKind::Immediate] {
                let (mut state, mut actions) = step(state, Event::Asked(kind), &facts(&[]));
                // The only thing left to wait for is the last checkpoint.
                if state.phase == Phase::Shutdown {
                    let next = step(state, Event::Ended(Class::Checkpointer, How::Done), &facts(&[]));
                    (state, actions) = (next.0, [actions, next.1].concat());
                }
                let exits = actions.iter().any(|a| matches!(a, Action::Exit(_)));
                let was_asked_before = actions.is_empty();
                assert!(exits || was_asked_before || state.phase == Phase::NoChildren, "{state:?} {actions:?}");
            }
        }
    }

    fn running() -> State {
        let (state, actions) = step(State::INITIAL, Event::Begin, &facts(&[]));
        assert_eq!(actions, [Action::Show(Status::Starting), Action::StartStartup]);
        assert_eq!(state.admission(), Admission::Starting);
        let (state, actions) = step(state, Event::Ended(Class::Startup, How::Done), &facts(&[]));
        assert_eq!(actions[0], Action::Say("database system is ready to accept connections"));
        assert_eq!((state.phase, state.admission()), (Phase::Run, Admission::Yes));
        state
    }

    #[test]
    fn smart_waits_for_sessions_then_writes_the_last_checkpoint() {
        let busy =
            facts(&[(Class::Session, 1), (Class::Background, 2), (Class::Checkpointer, 1), (Class::Finisher, 1)]);
        let (state, _) = step(running(), Event::Asked(ShutdownKind::Smart), &busy);
        assert_eq!((state.phase, state.admission()), (Phase::Run, Admission::ShuttingDown));
        let idle = facts(&[(Class::Background, 2), (Class::Checkpointer, 1), (Class::Finisher, 1)]);
        let (state, actions) = step(state, Event::Ended(Class::Session, How::Done), &idle);
        assert_eq!(actions, [Action::Tell(Class::Background, Order::Terminate)]);
        let quiet = facts(&[(Class::Checkpointer, 1), (Class::Finisher, 1)]);
        let (state, actions) = step(state, Event::Ended(Class::Background, How::Done), &quiet);
        assert_eq!(actions, [Action::Say("shutting down"), Action::Tell(Class::Checkpointer, Order::Finish)]);
        let (state, actions) =
            step(state, Event::Ended(Class::Checkpointer, How::Done), &facts(&[(Class::Finisher, 1)]));
        assert_eq!(actions, [Action::Tell(Class::Finisher, Order::Finish)]);
        let (_, actions) = step(state, Event::Ended(Class::Finisher, How::Done), &facts(&[]));
        assert_eq!(actions, [Action::Exit(0)]);
    }

    #[test]
    fn smart_then_fast_but_not_back() {
        let busy = facts(&[(Class::Session, 1), (Class::Checkpointer, 1)]);
        let (state, _) = step(running(), Event::Asked(ShutdownKind::Smart), &busy);
        let (state, actions) = step(state, Event::Asked(ShutdownKind::Fast), &busy);
        assert!(actions.contains(&Action::Tell(Class::Session, Order::Terminate)));
        let (same, actions) = step(state, Event::Asked(ShutdownKind::Smart), &busy);
        assert_eq!((same, actions), (state, vec![]));
    }

    #[test]
    fn immediate_quits_everybody_without_a_checkpoint() {
        let busy = facts(&[(Class::Session, 3), (Class::Background, 1), (Class::Checkpointer, 1)]);
        let (state, actions) = step(running(), Event::Asked(ShutdownKind::Immediate), &busy);
        assert!(actions.contains(&Action::Tell(Class::Session, Order::Quit)) && actions.contains(&Action::ArmKill));
        let (_, actions) = step(state, Event::Ended(Class::Session, How::Done), &facts(&[]));
        assert_eq!(actions.last(), Some(&Action::Exit(0)));
    }

    #[test]
    fn a_failed_role_changes_nothing_and_a_crashed_one_reinitialises() {
        let busy = facts(&[(Class::Session, 1), (Class::Checkpointer, 1)]);
        let before = running();
        assert_eq!(step(before, Event::Ended(Class::Background, How::Failed), &busy), (before, vec![]));
        let (state, actions) = step(before, Event::Ended(Class::Session, How::Crashed), &busy);
        assert!(actions.contains(&Action::Tell(Class::Checkpointer, Order::Quit)));
        assert_eq!(state.admission(), Admission::Recovering);
        let (state, actions) = step(state, Event::Ended(Class::Session, How::Done), &facts(&[]));
        assert!(actions.contains(&Action::Reinitialize) && actions.contains(&Action::StartStartup));
        assert_eq!((state.phase, state.admission()), (Phase::Startup, Admission::Recovering));
        let (state, _) = step(state, Event::Ended(Class::Startup, How::Done), &facts(&[]));
        assert_eq!((state.phase, state.crashed), (Phase::Run, false));
    }

    #[test]
    fn a_failed_startup_ends_the_server() {
        let (state, _) = step(State::INITIAL, Event::Begin, &facts(&[]));
        let (_, actions) = step(state, Event::Ended(Class::Startup, How::Failed), &facts(&[(Class::Checkpointer, 1)]));
        assert_eq!(actions.last(), Some(&Action::Exit(1)));
    }

    #[test]
    fn a_stop_before_the_start_is_done_waits_for_redo_then_for_the_checkpointer() {
        let (state, _) = step(State::INITIAL, Event::Begin, &facts(&[]));
        let redoing = facts(&[(Class::Startup, 1), (Class::Background, 1), (Class::Checkpointer, 1)]);
        let (state, actions) = step(state, Event::Asked(ShutdownKind::Fast), &redoing);
        assert!(actions.contains(&Action::Tell(Class::Startup, Order::Terminate)));
        assert!(actions.contains(&Action::Tell(Class::Background, Order::Terminate)));
        let writing = facts(&[(Class::Background, 1), (Class::Checkpointer, 1)]);
        let (state, actions) = step(state, Event::Ended(Class::Startup, How::Failed), &writing);
        assert_eq!(actions, []);
        let last = facts(&[(Class::Checkpointer, 1)]);
        let (state, actions) = step(state, Event::Ended(Class::Background, How::Done), &last);
        assert_eq!(actions, [Action::Say("shutting down"), Action::Tell(Class::Checkpointer, Order::Finish)]);
        let (_, actions) = step(state, Event::Ended(Class::Checkpointer, How::Done), &facts(&[]));
        assert_eq!(actions.last(), Some(&Action::Exit(0)));
    }

    #[test]
    fn a_crash_while_stopping_is_an_abnormal_end() {
        let busy = facts(&[(Class::Session, 1), (Class::Checkpointer, 1)]);
        let (state, _) = step(running(), Event::Asked(ShutdownKind::Fast), &busy);
        let (state, _) = step(state, Event::Ended(Class::Session, How::Crashed), &facts(&[(Class::Checkpointer, 1)]));
        let (_, actions) = step(state, Event::Ended(Class::Checkpointer, How::Done), &facts(&[]));
        assert_eq!(actions, [Action::Say("abnormal database system shutdown"), Action::Exit(1)]);
    }

    #[test]
    fn a_recovery_that_hangs_can_be_stopped_in_every_way() {
        let redoing = facts(&[(Class::Startup, 1), (Class::Background, 1), (Class::Checkpointer, 1)]);
        let hangs = facts(&[(Class::Startup, 1)]);
        let (first, _) = step(State::INITIAL, Event::Begin, &facts(&[]));
        for (state, code) in [(first, 0), (State { crashed: true, ..first }, 1)] {
            for kind in [ShutdownKind::Smart, ShutdownKind::Fast, ShutdownKind::Immediate] {
                let (state, _) = step(state, Event::Asked(kind), &redoing);
                assert_eq!((state.phase, state.admission()), (Phase::WaitBackends, Admission::ShuttingDown));
                let (state, _) = step(state, Event::Asked(ShutdownKind::Immediate), &hangs);
                let (_, actions) = step(state, Event::TimeIsUp, &hangs);
                assert_eq!(actions.last(), Some(&Action::Exit(code)), "{kind:?}");
            }
        }
    }

    #[test]
    fn who_does_not_end_takes_the_process_along_unless_the_server_is_to_end() {
        let (crashed, actions) =
            step(running(), Event::Ended(Class::Session, How::Crashed), &facts(&[(Class::DeadEnd, 1)]));
        assert!(actions.contains(&Action::Tell(Class::DeadEnd, Order::Quit)), "no client holds up a recovery");
        let hangs = facts(&[(Class::Checkpointer, 1)]);
        assert_eq!(step(crashed, Event::TimeIsUp, &hangs), (crashed, vec![Action::StartOver]));
        assert!(!step(crashed, Event::TimeIsUp, &facts(&[(Class::Logger, 1)])).1.contains(&Action::StartOver));
        let failed = State { startup: StartupStatus::Failed, ..crashed };
        let stopping = State { shutdown: Some(ShutdownKind::Fast), ..crashed };
        for (state, facts) in
            [(failed, hangs), (stopping, hangs), (crashed, Facts { restart_after_crash: false, ..hangs })]
        {
            assert_eq!(step(state, Event::TimeIsUp, &facts).1.last(), Some(&Action::Exit(1)), "{state:?}");
        }
    }

    #[test]
    fn without_restart_after_crash_it_exits() {
        let (state, _) = step(running(), Event::Ended(Class::Session, How::Crashed), &facts(&[(Class::Session, 1)]));
        let off = Facts { restart_after_crash: false, ..facts(&[]) };
        let (_, actions) = step(state, Event::Ended(Class::Session, How::Done), &off);
        assert_eq!(actions.last(), Some(&Action::Exit(1)));
    }
}
