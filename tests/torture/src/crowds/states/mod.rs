//! Thousands of sessions, each with a search path, settings, a temporary table, prepared statements, an advisory lock, channels that it listens to, a WITH HOLD
//! cursor and the last number of a sequence of its own, some of them within transactions and savepoints; they are driven in random order, and every answer, every
//! notification and every transaction status is compared with a model of the session.
//!
//! 1. `step` is what a session can be asked, in SQL and in messages.
//! 2. `model` says what it must answer.
//! 3. `Play` has so many steps under way at the same time, each in another session. A step about two sessions (one tries to get the other's lock) keeps both.
//! 4. Now and then all steps come to their end, the common channel is notified, and everybody who listens must be told.

mod model;
mod step;

use super::arena::{Arena, PATIENCE};
use crate::trial::chance;
use crate::{Plan, Summary};
use base::Prng;
use model::{Expected, Model};
use std::collections::{HashSet, VecDeque};
use std::time::{Duration, Instant};
use step::{Other, SCHEMAS, SETTINGS, Step};
use testkit::usage::Usage;
use testkit::{Crowd, Reply, wire};

/// Sessions unless the command line says otherwise.
const SESSIONS: usize = 5000;
/// Steps under way at the same time.
const AT_ONCE: usize = 64;
/// Steps of a session that a failure tells of.
const HISTORY: usize = 24;
/// How often the common channel is notified.
const ROUNDS: u64 = 10;

/// Runs so many steps by chance, besides those that set the sessions up and look at all that they have at the end.
pub fn run(trials: u64, plan: &Plan) -> Result<Summary, String> {
    let sessions = plan.clients.unwrap_or(SESSIONS);
    Arena::run(plan, ("states", trials), sessions, &[], |arena| {
        let mut play = Play::new(arena, plan.seed)?;
        let before = arena.usage();
        play.connect(arena, sessions)?;
        let connected = arena.usage();
        play.set_up()?;
        let full = arena.usage();
        for round in 1..=ROUNDS {
            play.steps_by_chance(trials / ROUNDS)?;
            play.notify_all(&format!("round {round}"))?;
        }
        play.look()?;
        let counts = vec![
            ("sessions", sessions as u64),
            ("notifications", play.notified),
            ("errors as expected", play.errors),
            ("bytes resident for a session that has just logged in", each(before, connected, sessions)),
            ("for one that has everything", each(before, full, sessions)),
            ("threads", full.threads),
            ("descriptors", full.descriptors),
        ];
        play.leave(arena)?;
        Ok(Summary { trials: play.steps, counts })
    })
}

fn each(before: Usage, after: Usage, sessions: usize) -> u64 {
    after.proportional_kb.saturating_sub(before.proportional_kb) * 1024 / sessions as u64
}

/// Makes the schemas and the sequence anew.
fn schema() -> String {
    let mut sql = "drop sequence if exists ticket; create sequence ticket".to_owned();
    for number in 0..SCHEMAS {
        sql += &format!(
            "; drop schema if exists path_{number} cascade; create schema path_{number}; \
             create table path_{number}.here as select {number} as n"
        );
    }
    sql
}

/// A step that is under way.
struct Job {
    step: Step,
    expected: Expected,
}

/// A session and what it is doing.
struct Player {
    link: usize,
    model: Model,
    job: Option<Job>,
    /// Steps of which it is not the one who makes them.
    partners: usize,
    /// What it has to do before anything by chance.
    script: VecDeque<Step>,
    /// What it did last.
    history: VecDeque<Step>,
}

impl Player {
    fn remember(&mut self, step: &Step) {
        self.history.truncate(HISTORY - 1);
        self.history.push_front(step.clone());
    }

    fn is_at_rest(&self) -> bool {
        self.job.is_none() && self.partners == 0
    }
}

/// All sessions.
struct Play {
    crowd: Crowd,
    players: Vec<Player>,
    /// Players by their links.
    by_link: Vec<usize>,
    /// Players with a script to go on with.
    due: Vec<usize>,
    under_way: usize,
    tickets: HashSet<i64>,
    defaults: [String; SETTINGS.len()],
    admin: usize,
    prng: Prng,
    news: Vec<usize>,
    last_news: Instant,
    steps: u64,
    errors: u64,
    notified: u64,
}

type Outcome = Result<(), String>;

fn told(error: std::io::Error) -> String {
    error.to_string()
}

impl Play {
    /// Nobody yet, but all that they need.
    fn new(arena: &Arena, seed: u64) -> Result<Play, String> {
        let mut crowd = Crowd::new().map_err(told)?;
        let admin = crowd.gather(&arena.address, 1, PATIENCE)?[0];
        if let Some(error) = crowd.chorus(&[admin], |_| schema(), PATIENCE)?.remove(0).error {
            return Err(error.message);
        }
        let default = |setting: &step::Setting| {
            let sql = format!("select coalesce(current_setting('{}', true), '')", setting.name());
            Ok(crowd.chorus(&[admin], |_| sql.clone(), PATIENCE)?.remove(0).value().to_owned())
        };
        let defaults: Vec<String> = SETTINGS.iter().map(default).collect::<Result<_, String>>()?;
        Ok(Play {
            crowd,
            players: Vec::new(),
            by_link: Vec::new(),
            due: Vec::new(),
            under_way: 0,
            tickets: HashSet::new(),
            defaults: defaults.try_into().expect("one for each setting"),
            admin,
            prng: chance(seed),
            news: Vec::new(),
            last_news: Instant::now(),
            steps: 0,
            errors: 0,
            notified: 0,
        })
    }

    fn connect(&mut self, arena: &Arena, sessions: usize) -> Outcome {
        let links = self.crowd.gather(&arena.address, sessions, PATIENCE)?;
        self.by_link = vec![usize::MAX; links.iter().max().map_or(0, |most| most + 1)];
        for (number, &link) in links.iter().enumerate() {
            self.by_link[link] = number;
            let model = Model::new(number, self.defaults.clone());
            let (script, history) = (VecDeque::new(), VecDeque::new());
            self.players.push(Player { link, model, job: None, partners: 0, script, history });
        }
        Ok(())
    }

    fn set_up(&mut self) -> Outcome {
        for number in 0..self.players.len() {
            self.players[number].script = Step::set_up(number, &mut self.prng).into();
        }
        self.play_scripts()
    }

    /// Looks at all that each session has, outside of a transaction.
    fn look(&mut self) -> Outcome {
        self.players.iter_mut().for_each(|player| player.script = Step::look().into());
        self.play_scripts()?;
        self.notify_all("the end")
    }

    /// Plays the scripts of all sessions, in an order by chance.
    fn play_scripts(&mut self) -> Outcome {
        self.due = (0..self.players.len()).collect();
        while !self.due.is_empty() || self.under_way > 0 {
            while self.under_way < AT_ONCE && !self.due.is_empty() {
                let at = self.prng.below(self.due.len() as u64) as usize;
                let number = self.due.swap_remove(at);
                if let Some(step) = self.players[number].script.pop_front() {
                    self.begin(number, step)?;
                }
            }
            self.listen()?;
        }
        Ok(())
    }

    fn steps_by_chance(&mut self, count: u64) -> Outcome {
        let goal = self.steps + count;
        while self.steps < goal {
            while self.under_way < AT_ONCE.min(self.players.len() / 2) && self.steps < goal {
                let number = self.some_at_rest();
                let step = self.some_step(number);
                self.begin(number, step)?;
            }
            self.listen()?;
        }
        self.come_to_rest()
    }

    fn come_to_rest(&mut self) -> Outcome {
        while self.under_way > 0 {
            self.listen()?;
        }
        Ok(())
    }

    fn some_at_rest(&mut self) -> usize {
        loop {
            let number = self.prng.below(self.players.len() as u64) as usize;
            if self.players[number].is_at_rest() {
                return number;
            }
        }
    }

    fn some_step(&mut self, number: usize) -> Step {
        let other = self.some_at_rest();
        let (player, partner) = (&self.players[number], &self.players[other]);
        // A lock that it got in a transaction would stay.
        let is_fit = other != number && !player.model.is_in_transaction();
        let process = self.crowd[partner.link].heard.key.0;
        Step::some(&player.model, is_fit.then_some(Other { model: &partner.model, process }), &mut self.prng)
    }

    /// Sends a step, and notes what must come back.
    fn begin(&mut self, number: usize, step: Step) -> Outcome {
        let player = &mut self.players[number];
        player.remember(&step);
        let mut bytes = Vec::new();
        step.write(number, &mut bytes);
        let expected = player.model.take(&step);
        let link = player.link;
        if let Step::Try { other, .. } | Step::Identify { other, .. } = step {
            self.players[other].partners += 1;
        }
        self.players[number].job = Some(Job { step, expected });
        (self.under_way, self.steps) = (self.under_way + 1, self.steps + 1);
        self.last_news = Instant::now();
        self.crowd.send(link, &bytes).map_err(told)
    }

    /// Takes what has come. Errors: it must not, or nothing does.
    fn listen(&mut self) -> Outcome {
        let mut news = std::mem::take(&mut self.news);
        self.crowd.wait(&mut news, Duration::from_secs(1)).map_err(told)?;
        for &link in &news {
            if link != self.admin {
                let number = self.by_link[link];
                self.listen_to(number).map_err(|why| self.story(number, &why))?;
            }
        }
        if !news.is_empty() {
            self.last_news = Instant::now();
        }
        self.news = news;
        if self.last_news.elapsed() > PATIENCE {
            let waits = self.players.iter().find_map(|player| Some((player.model.number, &player.job.as_ref()?.step)));
            return Err(format!("nothing has come for {PATIENCE:?}; a step under way: {waits:?}"));
        }
        Ok(())
    }

    /// What went wrong in a session, and what it did before.
    fn story(&self, number: usize, why: &str) -> String {
        format!("session {number}: {why}; its last steps, the last one first: {:?}", self.players[number].history)
    }

    fn listen_to(&mut self, number: usize) -> Outcome {
        let link = self.players[number].link;
        while let Some(reply) = self.crowd[link].reply() {
            self.hear_notes(number)?;
            self.finish(number, &reply)?;
        }
        self.hear_notes(number)?;
        if self.crowd[link].is_closed() {
            return Err("the server closed the connection".to_owned());
        }
        Ok(())
    }

    fn hear_notes(&mut self, number: usize) -> Outcome {
        let player = &mut self.players[number];
        for (_, channel, payload) in self.crowd[player.link].heard.notifications.drain(..) {
            player.model.hear(&channel, &payload)?;
            self.notified += 1;
        }
        self.crowd[player.link].heard.notices.clear();
        Ok(())
    }

    /// Compares an answer with what must come.
    fn finish(&mut self, number: usize, reply: &Reply) -> Outcome {
        let player = &mut self.players[number];
        let Job { step, expected } = player.job.take().ok_or_else(|| format!("nothing was asked: {reply:?}"))?;
        self.under_way -= 1;
        let got = answer(reply);
        let is_right = match (&expected, &got) {
            (Expected::Ticket, Expected::Rows(rows)) => {
                let ticket = rows.first().and_then(|text| text.parse().ok()).unwrap_or(0);
                player.model.take_ticket(ticket);
                self.tickets.insert(ticket)
            }
            // The protocol's own Prepare has no tag.
            (Expected::Tag(tag), _) if tag.is_empty() => got == Expected::Tag(String::new()),
            _ => expected == got,
        };
        if !is_right || reply.status != player.model.status() {
            let (status, wanted) = (char::from(reply.status), char::from(player.model.status()));
            return Err(format!("{step:?}: expected {expected:?} {wanted}, got {reply:?} {status}"));
        }
        self.errors += u64::from(matches!(expected, Expected::Error(_)));
        if !player.script.is_empty() {
            self.due.push(number);
        }
        if let Step::Try { other, .. } | Step::Identify { other, .. } = step {
            self.players[other].partners -= 1;
        }
        Ok(())
    }

    /// Notifies the common channel while nothing else happens, and waits until all are told who must be. Errors: somebody is not.
    fn notify_all(&mut self, payload: &str) -> Outcome {
        self.come_to_rest()?;
        self.players.iter_mut().for_each(|player| player.model.is_notified(payload));
        self.crowd.query(self.admin, &format!("notify common, '{payload}'")).map_err(told)?;
        let start = Instant::now();
        while let Some(player) = self.players.iter().find(|player| player.model.missing_note().is_some()) {
            if start.elapsed() > PATIENCE {
                let (number, note) = (player.model.number, player.model.missing_note());
                return Err(self.story(number, &format!("it was not told of {note:?}")));
            }
            self.listen()?;
        }
        Ok(())
    }

    /// All leave, and nothing of them stays.
    fn leave(&mut self, arena: &Arena) -> Outcome {
        for player in &self.players {
            self.crowd.send_with(player.link, wire::terminate).map_err(told)?;
        }
        self.crowd.close_all();
        arena.wait_for_sessions(0)
    }
}

/// What a reply says, in the model's words.
fn answer(reply: &Reply) -> Expected {
    if let Some(error) = &reply.error {
        let known = ["22012", "25001", "25P01", "25P02", "26000", "34000", "42P01", "42P03", "42P05", "42P07", "55000"];
        return Expected::Error(known.into_iter().find(|code| *code == error.code).unwrap_or("another"));
    }
    match reply.tables.last() {
        Some(table) => Expected::Rows(table.rows.iter().map(|row| row[0].clone().unwrap_or_default()).collect()),
        None => Expected::Tag(reply.tags.last().cloned().unwrap_or_default()),
    }
}
