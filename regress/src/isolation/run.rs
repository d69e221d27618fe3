//! Playing the permutations of a spec.
//!
//! A step's SQL is sent, and its session is watched until the answer is there or the server says that the session waits for
//! another one of the test (`pg_isolation_test_session_is_blocked`). A waiting step is looked at again after each further step.

use super::print;
use super::spec::{Blocker, PermutationStep, Spec};
use crate::Server;
use std::fmt::Write;
use std::io;
use std::time::{Duration, Instant};
use testkit::{Client, Reply};

/// How often a busy session is asked whether it waits.
const LOOK_INTERVAL: Duration = Duration::from_millis(10);
/// After this a step is taken for hung, and the permutation is given up.
const STEP_LIMIT: Duration = Duration::from_secs(180);

/// PostgreSQL's specs name it.
const DATABASE: &str = "isolation_regression";

/// What PostgreSQL's runner sets through the environment.
const SETTINGS: &str = "SET datestyle = 'Postgres, MDY'; SET timezone = 'America/Los_Angeles'; \
                        SET intervalstyle = 'postgres_verbose'";

/// Makes the specs' database, if it is not there.
pub fn make_database(server: &Server) -> Result<(), String> {
    let connect = Client::connect_unix(&server.folder, server.port, "postgres", "postgres");
    let mut client = connect.map_err(|error| error.to_string())?.map_err(|error| error.message)?;
    let create = format!("CREATE DATABASE {DATABASE} TEMPLATE template0 LC_COLLATE 'C' LC_CTYPE 'C'");
    let reply = client.query(&create).map_err(|error| error.to_string())?;
    match reply.error {
        Some(error) if error.code != "42P04" => Err(error.message),
        _ => Ok(()),
    }
}

/// Runs all permutations; what the tester prints.
pub fn run(name: &str, spec: &Spec, server: &Server) -> String {
    let mut out = unused_steps(spec);
    let _ = writeln!(out, "Parsed test spec with {} sessions", spec.sessions.len());
    for permutation in permutations(spec) {
        let outcome = Player::new(name, spec, server).and_then(|mut player| {
            let outcome = player.play(&permutation);
            out.push_str(&player.out);
            outcome
        });
        if let Err(error) = outcome {
            let _ = writeln!(out, "permutation ended: {error}");
        }
    }
    out
}

/// A line for each step that the spec's permutations leave out.
fn unused_steps(spec: &Spec) -> String {
    let is_used = |name: &str| spec.permutations.iter().flatten().any(|step| step.name == name);
    let steps = spec.sessions.iter().flat_map(|session| &session.steps).map(|(name, _)| name.as_str());
    let mut unused: Vec<&str> = steps.filter(|name| !spec.permutations.is_empty() && !is_used(name)).collect();
    unused.sort_unstable();
    unused.iter().map(|name| format!("unused step name: {name}\n")).collect()
}

/// The spec's permutations, or every interleaving that keeps each session's order.
fn permutations(spec: &Spec) -> Vec<Vec<PermutationStep>> {
    if !spec.permutations.is_empty() {
        return spec.permutations.clone();
    }
    let mut found = Vec::new();
    interleave(spec, &mut vec![0; spec.sessions.len()], &mut Vec::new(), &mut found);
    found
}

fn interleave(
    spec: &Spec,
    done: &mut [usize],
    order: &mut Vec<PermutationStep>,
    found: &mut Vec<Vec<PermutationStep>>,
) {
    let mut is_complete = true;
    for (n, session) in spec.sessions.iter().enumerate() {
        if let Some((name, _)) = session.steps.get(done[n]) {
            is_complete = false;
            done[n] += 1;
            order.push(PermutationStep { name: name.clone(), blockers: Vec::new() });
            interleave(spec, done, order, found);
            order.pop();
            done[n] -= 1;
        }
    }
    if is_complete {
        found.push(order.clone());
    }
}

/// A session while a permutation runs.
struct Player<'a> {
    spec: &'a Spec,
    /// Runs setup and teardown, and asks who waits.
    control: Client,
    sessions: Vec<Active>,
    out: String,
}

struct Active {
    client: Client,
    /// The step under way.
    step: Option<Running>,
    /// Notices sent so far.
    notices: usize,
}

struct Running {
    name: String,
    blockers: Vec<Blocker>,
    /// For each blocker by notices, the total at which it lets go.
    notice_targets: Vec<usize>,
    /// The answer, when it is there but a blocker holds the step back.
    reply: Option<Reply>,
    is_announced: bool,
}

#[derive(Clone, Copy, PartialEq)]
enum Patience {
    /// Come back when the session waits for a lock.
    UntilBlocked,
    /// Come back only when the step is complete or held by a blocker.
    UntilDone,
}

impl<'a> Player<'a> {
    fn new(test: &str, spec: &'a Spec, server: &Server) -> io::Result<Player<'a>> {
        let connect = |name: &str| -> io::Result<Client> {
            let login = Client::connect_unix(&server.folder, server.port, "postgres", DATABASE)?;
            let mut client = login.map_err(|error| io::Error::other(error.message))?;
            client.query(&format!("SET application_name = 'isolation/{test}/{name}'"))?;
            client.query(SETTINGS)?;
            Ok(client)
        };
        let control = connect("control connection")?;
        let sessions = spec
            .sessions
            .iter()
            .map(|session| Ok(Active { client: connect(&session.name)?, step: None, notices: 0 }))
            .collect::<io::Result<_>>()?;
        Ok(Player { spec, control, sessions, out: String::new() })
    }

    fn play(&mut self, permutation: &[PermutationStep]) -> io::Result<()> {
        let names: Vec<&str> = permutation.iter().map(|step| step.name.as_str()).collect();
        let _ = writeln!(self.out, "\nstarting permutation: {}", names.join(" "));
        if let Err(error) = self.set_up() {
            // What was made before it failed would be in the way of the next permutation.
            let _ = self.tear_down();
            return Err(error);
        }
        let mut waiting = Vec::new();
        for step in permutation {
            self.start(step, &mut waiting)?;
        }
        self.look_again(&mut waiting, Patience::UntilDone)?;
        if !waiting.is_empty() {
            return Err(io::Error::other("failed to complete permutation due to mutually-blocking steps"));
        }
        self.tear_down()
    }

    fn set_up(&mut self) -> io::Result<()> {
        for sql in &self.spec.setup {
            let reply = self.control.query(sql)?;
            self.print_setup("setup", &reply)?;
        }
        for n in 0..self.sessions.len() {
            if let Some(sql) = &self.spec.sessions[n].setup {
                let reply = self.sessions[n].client.query(sql)?;
                self.print_notices(n);
                self.print_setup("setup of a session", &reply)?;
            }
        }
        Ok(())
    }

    fn print_setup(&mut self, what: &str, reply: &Reply) -> io::Result<()> {
        if let Some(error) = &reply.error {
            return Err(io::Error::other(format!("{what} failed: {}", error.message)));
        }
        if let Some(last) = reply.tables.last() {
            print::table(&mut self.out, last);
        }
        Ok(())
    }

    fn tear_down(&mut self) -> io::Result<()> {
        for n in 0..self.sessions.len() {
            if let Some(sql) = &self.spec.sessions[n].teardown {
                let reply = self.sessions[n].client.query(sql)?;
                self.print_notices(n);
                reply.tables.last().iter().for_each(|table| print::table(&mut self.out, table));
            }
        }
        if let Some(sql) = &self.spec.teardown {
            let reply = self.control.query(sql)?;
            reply.tables.last().iter().for_each(|table| print::table(&mut self.out, table));
        }
        Ok(())
    }

    /// The session that has a step of this name, and the step's SQL.
    fn find(&self, name: &str) -> io::Result<(usize, &'a str)> {
        let found = self.spec.sessions.iter().enumerate().find_map(|(n, session)| {
            session.steps.iter().find(|(step, _)| step == name).map(|(_, sql)| (n, sql.as_str()))
        });
        found.ok_or_else(|| io::Error::other(format!("undefined step \"{name}\" specified in permutation")))
    }

    fn start(&mut self, step: &PermutationStep, waiting: &mut Vec<usize>) -> io::Result<()> {
        let (n, sql) = self.find(&step.name)?;
        self.await_session(n, waiting)?;
        self.sessions[n].client.send(sql)?;
        let notice_targets = self.notice_targets(&step.blockers)?;
        self.sessions[n].step = Some(Running {
            name: step.name.clone(),
            blockers: step.blockers.clone(),
            notice_targets,
            reply: None,
            is_announced: false,
        });
        let is_done = self.try_complete(n, Patience::UntilBlocked)?;
        self.look_again(waiting, Patience::UntilBlocked)?;
        if !is_done {
            waiting.push(n);
        }
        Ok(())
    }

    /// Waits for the step that a session still runs, looking at the others meanwhile.
    fn await_session(&mut self, n: usize, waiting: &mut Vec<usize>) -> io::Result<()> {
        let deadline = Instant::now() + STEP_LIMIT;
        while self.sessions[n].step.is_some() {
            if self.try_complete(n, Patience::UntilDone)? {
                waiting.retain(|w| *w != n);
            }
            self.look_again(waiting, Patience::UntilBlocked)?;
            if Instant::now() > deadline {
                return Err(io::Error::other("a step timed out"));
            }
        }
        Ok(())
    }

    fn notice_targets(&self, blockers: &[Blocker]) -> io::Result<Vec<usize>> {
        blockers
            .iter()
            .map(|blocker| match blocker {
                Blocker::Notices(step, count) => Ok(self.sessions[self.find(step)?.0].notices + count),
                _ => Ok(0),
            })
            .collect()
    }

    /// Tries to complete what waits, until nothing more gets done that could have held another step back.
    fn look_again(&mut self, waiting: &mut Vec<usize>, patience: Patience) -> io::Result<()> {
        loop {
            let (before, notices) = (waiting.len(), self.total_notices());
            let mut still = Vec::new();
            for n in std::mem::take(waiting) {
                if !self.try_complete(n, patience)? {
                    still.push(n);
                }
            }
            *waiting = still;
            let has_blocker =
                waiting.iter().any(|n| self.sessions[*n].step.as_ref().is_some_and(|s| !s.blockers.is_empty()));
            if !has_blocker || (waiting.len() == before && self.total_notices() == notices) {
                return Ok(());
            }
        }
    }

    fn total_notices(&self) -> usize {
        self.sessions.iter().map(|session| session.notices).sum()
    }

    /// True if the session's step is complete and printed.
    fn try_complete(&mut self, n: usize, patience: Patience) -> io::Result<bool> {
        let step = self.sessions[n].step.as_ref().expect("the session runs a step");
        if !step.is_announced && step.blockers.contains(&Blocker::Once) {
            self.announce(n);
            return Ok(false);
        }
        if !self.await_reply(n, patience)? || self.is_held(n)? {
            self.announce(n);
            return Ok(false);
        }
        self.print_step(n);
        Ok(true)
    }

    /// True if the answer is there; false if the session waits for another.
    fn await_reply(&mut self, n: usize, patience: Patience) -> io::Result<bool> {
        let deadline = Instant::now() + STEP_LIMIT;
        loop {
            if self.sessions[n].step.as_ref().is_some_and(|step| step.reply.is_some()) {
                return Ok(true);
            }
            if let Some(reply) = self.sessions[n].client.receive_within(LOOK_INTERVAL)? {
                self.sessions[n].step.as_mut().expect("checked above").reply = Some(reply);
                self.print_notices(n);
                return Ok(true);
            }
            if patience == Patience::UntilBlocked && self.is_blocked(n)? {
                self.print_notices(n);
                return Ok(false);
            }
            if Instant::now() > deadline {
                return Err(io::Error::other("a step timed out"));
            }
        }
    }

    fn is_blocked(&mut self, n: usize) -> io::Result<bool> {
        let ids: Vec<String> = self.sessions.iter().map(|session| session.client.key.0.to_string()).collect();
        let question =
            format!("SELECT pg_catalog.pg_isolation_test_session_is_blocked({}, '{{{}}}')", ids[n], ids.join(","));
        let reply = self.control.query(&question)?;
        match &reply.error {
            Some(error) => Err(io::Error::other(format!("lock wait query failed: {}", error.message))),
            None => Ok(reply.value() == "t"),
        }
    }

    fn is_held(&self, n: usize) -> io::Result<bool> {
        let step = self.sessions[n].step.as_ref().expect("the session runs a step");
        for (blocker, target) in step.blockers.iter().zip(&step.notice_targets) {
            let is_holding = match blocker {
                Blocker::Once => false,
                Blocker::Step(name) => {
                    let other = &self.sessions[self.find(name)?.0];
                    other.step.as_ref().is_some_and(|running| running.name == *name)
                }
                Blocker::Notices(name, _) => self.sessions[self.find(name)?.0].notices < *target,
            };
            if is_holding {
                return Ok(true);
            }
        }
        Ok(false)
    }

    fn announce(&mut self, n: usize) {
        let step = self.sessions[n].step.as_mut().expect("the session runs a step");
        if !std::mem::replace(&mut step.is_announced, true) {
            let name = step.name.clone();
            let sql = self.find(&name).expect("it was started").1;
            let _ = writeln!(self.out, "step {name}: {sql} <waiting ...>");
        }
    }

    fn print_step(&mut self, n: usize) {
        let step = self.sessions[n].step.take().expect("the session runs a step");
        let reply = step.reply.expect("the answer is there");
        if step.is_announced {
            let _ = writeln!(self.out, "step {}: <... completed>", step.name);
        } else {
            let sql = self.find(&step.name).expect("it was started").1;
            let _ = writeln!(self.out, "step {}: {sql}", step.name);
        }
        reply.tables.iter().for_each(|table| print::table(&mut self.out, table));
        if let Some(error) = &reply.error {
            let _ = writeln!(self.out, "{}:  {}", error.severity, error.message);
        }
        self.print_notifications(n);
    }

    fn print_notices(&mut self, n: usize) {
        let session = &mut self.sessions[n];
        for notice in std::mem::take(&mut session.client.notices) {
            session.notices += 1;
            let name = &self.spec.sessions[n].name;
            let _ = writeln!(self.out, "{name}: {}:  {}", notice.severity, notice.message);
        }
    }

    fn print_notifications(&mut self, n: usize) {
        for (id, channel, payload) in std::mem::take(&mut self.sessions[n].client.notifications) {
            let sender = self.sessions.iter().position(|session| session.client.key.0 == id);
            let sender = sender.map_or_else(|| format!("PID {id}"), |s| self.spec.sessions[s].name.clone());
            let name = &self.spec.sessions[n].name;
            let _ = writeln!(self.out, "{name}: NOTIFY \"{channel}\" with payload \"{payload}\" from {sender}");
        }
    }
}
