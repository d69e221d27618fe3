//! Who does what in the token test: one thread plays all clients, in an order by chance.

use super::ledger::{Heard, Item, Ledger};
use crate::Summary;
use crate::crowds::arena::{Arena, PATIENCE};
use crate::trial::chance;
use base::Prng;
use std::collections::VecDeque;
use std::time::{Duration, Instant};
use testkit::{Address, Crowd, wire};

/// Once in so many turns of a client that has nothing to wait for, it leaves.
const LEAVE_ONE_IN: u64 = 300;
/// ... it asks for something and is terminated.
const TERMINATE_ONE_IN: u64 = 400;
/// ... it asks for something and leaves without reading.
const DESERT_ONE_IN: u64 = 200;
/// ... it asks for much and does not read for a while.
const DEAF_ONE_IN: u64 = 300;
/// ... it asks for something and somebody cancels it.
const CANCEL_ONE_IN: u64 = 30;
/// ... it cancels what another does, or what nobody does, or with a wrong secret.
const STRAY_CANCEL_ONE_IN: u64 = 60;
/// Once in so many log-ins a client goes away in the middle of one first.
const FALSE_START_ONE_IN: u64 = 8;
/// Who does not read does so for at most so long.
const DEAF_MS_MAX: u64 = 200;
/// Rows and filler of an answer that no socket takes at once.
const MUCH: (u64, usize) = (2000, 1000);
/// The pause between two looks at those who wait for the time to go by.
const TICK: Duration = Duration::from_millis(5);

/// The statement that each session prepares.
const PREPARED: &str = "select $1::int8, repeat($2::text, $3::int) from generate_series(1, $4::int8)";

/// What a client is at.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Phase {
    Away,
    EnteringSince(Instant),
    /// Has the statement prepared that it runs later; nobody cancels that.
    Preparing,
    Inside,
    /// Does not read until then.
    DeafUntil(Instant),
}

/// A client, in one session after another.
struct Player {
    phase: Phase,
    link: usize,
    /// Which of its sessions this is.
    session: u64,
    ledger: Ledger,
    last_news: Instant,
}

/// Who has a link.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Holder {
    Nobody,
    Player(usize),
    /// A cancel request for a session of a player, with its number in the ledger; none if it must hit nobody.
    Cancel(Option<(usize, u64, usize)>),
    /// The one who terminates others.
    Admin,
}

#[derive(Default)]
struct Counts {
    answers: u64,
    cancels: u64,
    hits: u64,
    sessions: u64,
    desertions: u64,
    terminations: u64,
    refusals: u64,
}

/// All clients.
pub struct Game {
    address: Address,
    crowd: Crowd,
    holders: Vec<Holder>,
    players: Vec<Player>,
    /// Keys of sessions that have ended.
    old_keys: Vec<(i32, i32)>,
    admin: usize,
    /// Those whose end was asked for and not yet acknowledged.
    condemned: VecDeque<usize>,
    clock: u64,
    next_token: i64,
    prng: Prng,
    counts: Counts,
    is_over: bool,
}

type Outcome<T = ()> = Result<T, String>;

fn told(error: std::io::Error) -> String {
    error.to_string()
}

impl Game {
    /// So many clients, none of them connected.
    pub fn new(arena: &Arena, clients: usize, seed: u64) -> Outcome<Game> {
        let new_player = |_| Player {
            phase: Phase::Away,
            link: 0,
            session: 0,
            ledger: Ledger::default(),
            last_news: Instant::now(),
        };
        Ok(Game {
            address: arena.address.clone(),
            crowd: Crowd::new().map_err(told)?,
            holders: Vec::new(),
            players: (0..clients).map(new_player).collect(),
            old_keys: Vec::new(),
            admin: 0,
            condemned: VecDeque::new(),
            clock: 0,
            next_token: 0,
            prng: chance(seed),
            counts: Counts::default(),
            is_over: false,
        })
    }

    /// What was done so far.
    pub fn summary(&self) -> Summary {
        let counts = vec![
            ("sessions", self.counts.sessions),
            ("cancels", self.counts.cancels),
            ("statements that they hit", self.counts.hits),
            ("desertions", self.counts.desertions),
            ("terminations", self.counts.terminations),
            ("log-ins refused as places were still taken", self.counts.refusals),
        ];
        Summary { trials: self.counts.answers, counts }
    }

    /// Plays until so many more questions are answered; then all leave. Errors: an answer that must not come, or none.
    pub fn play(&mut self, answers: u64) -> Outcome {
        let goal = self.counts.answers + answers;
        self.admin = self.crowd.gather(&self.address, 1, PATIENCE)?[0];
        self.hold(self.admin, Holder::Admin);
        self.is_over = false;
        let (mut news, mut last_tick) = (Vec::new(), Instant::now());
        (0..self.players.len()).try_for_each(|player| self.enter(player))?;
        while !(self.is_over && self.all_have_settled()) {
            self.crowd.wait(&mut news, TICK).map_err(told)?;
            for &link in &news {
                self.listen(link)?;
            }
            if last_tick.elapsed() >= TICK {
                last_tick = Instant::now();
                (0..self.players.len()).try_for_each(|player| self.tick(player))?;
            }
            self.is_over = self.counts.answers >= goal;
        }
        self.leave_all()
    }

    fn all_have_settled(&self) -> bool {
        let is_settled = |player: &Player| match player.phase {
            Phase::Away => true,
            Phase::Inside => player.ledger.is_settled() && !player.ledger.is_doomed(),
            Phase::EnteringSince(_) | Phase::Preparing | Phase::DeafUntil(_) => false,
        };
        self.condemned.is_empty() && self.players.iter().all(is_settled)
    }

    /// Half of them say good-bye.
    fn leave_all(&mut self) -> Outcome {
        for player in 0..self.players.len() {
            if self.players[player].phase == Phase::Inside {
                self.leave(player)?;
            }
        }
        self.crowd.close_all();
        self.holders.clear();
        Ok(())
    }

    fn hold(&mut self, link: usize, holder: Holder) {
        self.holders.resize(self.holders.len().max(link + 1), Holder::Nobody);
        self.holders[link] = holder;
    }

    fn drop_link(&mut self, link: usize) {
        self.hold(link, Holder::Nobody);
        self.crowd.close(link);
    }

    /// Connects and sends the startup packet; sometimes goes away in the middle of it first.
    fn enter(&mut self, player: usize) -> Outcome {
        let startup = self.address.startup();
        if self.prng.one_in(FALSE_START_ONE_IN) {
            let link = self.crowd.open(&self.address).map_err(told)?;
            let some = self.prng.below(startup.len() as u64 + 1) as usize;
            self.crowd.send(link, &startup[..some]).map_err(told)?;
            self.crowd.close(link);
            self.counts.desertions += 1;
        }
        let link = self.crowd.open(&self.address).map_err(told)?;
        self.crowd.send(link, &startup).map_err(told)?;
        self.hold(link, Holder::Player(player));
        let now = Instant::now();
        let session = self.players[player].session + 1;
        self.players[player] =
            Player { phase: Phase::EnteringSince(now), link, session, ledger: Ledger::default(), last_news: now };
        Ok(())
    }

    /// Takes what has come on a link.
    fn listen(&mut self, link: usize) -> Outcome {
        match self.holders[link] {
            Holder::Nobody => Ok(()),
            Holder::Player(player) => self.listen_to_player(player),
            Holder::Cancel(whose) => self.listen_to_cancel(link, whose),
            Holder::Admin => self.listen_to_admin(),
        }
    }

    fn listen_to_player(&mut self, player: usize) -> Outcome {
        self.players[player].last_news = Instant::now();
        if let Phase::EnteringSince(_) = self.players[player].phase {
            return self.finish_login(player);
        }
        let Game { crowd, players, counts, .. } = self;
        let Player { link, ledger, session, .. } = &mut players[player];
        let mut has_ended = false;
        while let Some(message) = crowd[*link].message() {
            let heard = ledger.hear(message).map_err(|why| format!("client {player}, session {session}: {why}"))?;
            counts.answers += u64::from(heard == Heard::Answer);
            counts.hits += u64::from(heard == Heard::Cancelled);
            has_ended |= heard == Heard::Ended;
        }
        let is_closed = crowd[*link].is_closed();
        if is_closed && !has_ended && !ledger.is_doomed() {
            return Err(format!("client {player}, session {session}: the server closed the connection"));
        }
        match has_ended || is_closed {
            true => self.come_back(player),
            false => self.go_on(player),
        }
    }

    fn finish_login(&mut self, player: usize) -> Outcome {
        let link = self.players[player].link;
        let Some(reply) = self.crowd[link].reply() else {
            return match self.crowd[link].is_closed() {
                true => Err(format!("client {player}: the connection was closed during the log-in")),
                false => Ok(()),
            };
        };
        match reply.error {
            None => {}
            // Who has deserted may still be there.
            Some(error) if error.code == "53300" => {
                self.counts.refusals += 1;
                self.drop_link(link);
                self.players[player].phase = Phase::Away;
                return Ok(());
            }
            Some(error) => return Err(format!("client {player}: {} ({})", error.message, error.code)),
        }
        self.counts.sessions += 1;
        self.players[player].phase = Phase::Preparing;
        self.ask(player, |out| {
            wire::parse(out, "s", PREPARED);
            wire::sync(out);
            vec![vec![]]
        })
    }

    /// A session has ended; the next one, unless it is time to stop.
    fn come_back(&mut self, player: usize) -> Outcome {
        let link = self.players[player].link;
        self.old_keys.push(self.crowd[link].heard.key);
        self.drop_link(link);
        self.players[player].phase = Phase::Away;
        if self.is_over { Ok(()) } else { self.enter(player) }
    }

    fn listen_to_cancel(&mut self, link: usize, whose: Option<(usize, u64, usize)>) -> Outcome {
        if self.crowd[link].message().is_some() {
            return Err("a cancel request was answered".to_owned());
        }
        if self.crowd[link].is_closed() {
            self.drop_link(link);
            self.clock += 1;
            match whose {
                Some((player, session, number)) if self.players[player].session == session => {
                    self.players[player].ledger.cancel_is_over(number, self.clock);
                }
                _ => {}
            }
        }
        Ok(())
    }

    fn listen_to_admin(&mut self) -> Outcome {
        while let Some(reply) = self.crowd[self.admin].reply() {
            let player = self.condemned.pop_front().ok_or("the one who terminates was answered twice")?;
            if reply.code() != "" || reply.value() != "t" {
                return Err(format!("client {player} could not be terminated: {reply:?}"));
            }
        }
        match self.crowd[self.admin].is_closed() {
            true => Err("the one who terminates was terminated".to_owned()),
            false => Ok(()),
        }
    }

    /// What the time brings about.
    fn tick(&mut self, player: usize) -> Outcome {
        match self.players[player].phase {
            Phase::Away if !self.is_over => self.enter(player)?,
            Phase::DeafUntil(end) if end <= Instant::now() => {
                self.crowd.set_reading(self.players[player].link, true).map_err(told)?;
                self.players[player].phase = Phase::Inside;
            }
            _ => {}
        }
        let Player { phase, ledger, last_news, session, .. } = &self.players[player];
        let waits = matches!(phase, Phase::EnteringSince(_)) || !ledger.is_settled() || ledger.is_doomed();
        match waits && *phase != Phase::Away && last_news.elapsed() > PATIENCE {
            true => Err(format!("client {player}, session {session}: nothing has come for {PATIENCE:?}; {phase:?}")),
            false => Ok(()),
        }
    }

    /// Has a client do something if it waits for nothing.
    fn go_on(&mut self, player: usize) -> Outcome {
        let Player { ledger, phase, .. } = &mut self.players[player];
        if *phase == Phase::Preparing && ledger.is_settled() {
            *phase = Phase::Inside;
        }
        if *phase != Phase::Inside || !ledger.is_settled() || ledger.is_doomed() {
            return Ok(());
        }
        if ledger.is_in_transaction() {
            // A cancel request hit the end of it.
            return self.ask(player, |out| {
                wire::query(out, "rollback");
                vec![vec![COMMAND]]
            });
        }
        if self.is_over {
            return Ok(());
        }
        if self.prng.one_in(LEAVE_ONE_IN) {
            self.leave(player)?;
            return self.come_back(player);
        }
        if self.prng.one_in(STRAY_CANCEL_ONE_IN) {
            self.cancel_astray()?;
        }
        if self.prng.one_in(CANCEL_ONE_IN) {
            // What is over at once is hardly ever hit.
            match self.prng.one_in(2) {
                true => self.ask_for_work(player)?,
                false => self.ask_something(player)?,
            }
            self.cancel(player)?;
        } else if self.prng.one_in(DEAF_ONE_IN) {
            self.ask_for_much(player)?;
        } else {
            self.ask_something(player)?;
        }
        if self.prng.one_in(TERMINATE_ONE_IN) {
            self.terminate(player)?;
        } else if self.prng.one_in(DESERT_ONE_IN) {
            self.desert(player)?;
        }
        Ok(())
    }

    /// Leaves in peace, with or without a word.
    fn leave(&mut self, player: usize) -> Outcome {
        let link = self.players[player].link;
        match self.prng.one_in(2) {
            true => self.crowd.send_with(link, wire::terminate).map_err(told),
            false => Ok(()),
        }
    }

    /// Goes away while its statements run, or in the middle of a message.
    fn desert(&mut self, player: usize) -> Outcome {
        self.counts.desertions += 1;
        if self.prng.one_in(2) {
            let mut message = Vec::new();
            wire::query(&mut message, "select 'nobody will ever ask this'");
            let some = self.prng.below(message.len() as u64) as usize;
            self.crowd.send(self.players[player].link, &message[..some]).map_err(told)?;
        }
        self.come_back(player)
    }

    fn terminate(&mut self, player: usize) -> Outcome {
        self.counts.terminations += 1;
        self.players[player].ledger.doom();
        self.condemned.push_back(player);
        let (session, _) = self.crowd[self.players[player].link].heard.key;
        self.crowd.query(self.admin, &format!("select pg_terminate_backend({session})")).map_err(told)
    }

    /// Asks for what runs in a client's session to be cancelled.
    fn cancel(&mut self, player: usize) -> Outcome {
        let Player { link, ledger, session, .. } = &mut self.players[player];
        let (key, whose) = (self.crowd[*link].heard.key, (player, *session, ledger.cancel()));
        self.send_cancel(key, Some(whose))
    }

    /// Asks for something that must hit nobody, or not who asks.
    fn cancel_astray(&mut self) -> Outcome {
        let other = self.prng.below(self.players.len() as u64) as usize;
        let is_there = matches!(self.players[other].phase, Phase::Inside | Phase::DeafUntil(_));
        match self.prng.below(3) {
            0 if is_there => self.cancel(other),
            1 if is_there => {
                let (session, secret) = self.crowd[self.players[other].link].heard.key;
                let wrong = secret ^ 1 << self.prng.below(31);
                self.send_cancel((session, wrong), None)
            }
            _ if self.old_keys.is_empty() => Ok(()),
            _ => {
                let some = self.prng.below(self.old_keys.len() as u64) as usize;
                self.send_cancel(self.old_keys[some], None)
            }
        }
    }

    fn send_cancel(&mut self, key: (i32, i32), whose: Option<(usize, u64, usize)>) -> Outcome {
        self.counts.cancels += 1;
        let link = self.crowd.open(&self.address).map_err(told)?;
        self.hold(link, Holder::Cancel(whose));
        self.crowd.send(link, &wire::cancel(key)).map_err(told)
    }

    /// Sends what `write` writes, and expects the items that it gives, unit by unit.
    fn ask(&mut self, player: usize, write: impl FnOnce(&mut Vec<u8>) -> Vec<Vec<Item>>) -> Outcome {
        self.clock += 1;
        let mut bytes = Vec::new();
        let Player { link, ledger, last_news, .. } = &mut self.players[player];
        *last_news = Instant::now();
        write(&mut bytes).into_iter().for_each(|unit| ledger.expect(self.clock, unit));
        self.crowd.send(*link, &bytes).map_err(told)
    }

    fn ask_for_much(&mut self, player: usize) -> Outcome {
        let item = self.item(MUCH.0, MUCH.1);
        self.ask(player, |out| {
            wire::query(out, &item.sql());
            vec![vec![item]]
        })?;
        self.crowd.set_reading(self.players[player].link, false).map_err(told)?;
        let end = Instant::now() + Duration::from_millis(self.prng.below(DEAF_MS_MAX));
        self.players[player].phase = Phase::DeafUntil(end);
        Ok(())
    }

    /// A question of its own.
    fn item(&mut self, rows: u64, length: usize) -> Item {
        self.next_token += 1;
        Item { token: self.next_token, length, rows }
    }

    /// So many questions with one small row each, at least one.
    fn items(&mut self, most: u64) -> Vec<Item> {
        (0..=self.prng.below(most)).map(|_| self.some_item()).collect()
    }

    fn some_item(&mut self) -> Item {
        let (rows, length) = (1 + self.prng.below(3), self.prng.below(100) as usize);
        self.item(rows, length)
    }

    /// Asks in one of the forms that the protocol has.
    fn ask_something(&mut self, player: usize) -> Outcome {
        let items = self.items(6);
        let (one, all) = (items[0], vec![items.clone()]);
        let each: Vec<Vec<Item>> = items.iter().map(|item| vec![*item]).collect();
        match self.prng.below(12) {
            0..=2 => self.ask(player, |out| {
                wire::query(out, &one.sql());
                vec![vec![one]]
            }),
            3 => self.ask(player, |out| {
                wire::query(out, &items.iter().map(Item::sql).collect::<Vec<_>>().join("; "));
                all
            }),
            4 => self.ask(player, |out| {
                wire::parse(out, "", PREPARED);
                one.run(out, "");
                wire::sync(out);
                vec![vec![one]]
            }),
            5..=7 => self.ask(player, |out| {
                one.run(out, "s");
                wire::sync(out);
                vec![vec![one]]
            }),
            8 => self.ask(player, |out| {
                items.iter().for_each(|item| item.run(out, "s"));
                wire::sync(out);
                all
            }),
            9 => self.ask(player, |out| {
                for (at, item) in items.iter().enumerate() {
                    match at % 2 {
                        0 => wire::query(out, &item.sql()),
                        _ => {
                            item.run(out, "s");
                            wire::sync(out);
                        }
                    }
                }
                each
            }),
            10 => self.ask(player, |out| {
                wire::query(out, "begin");
                wire::query(out, &one.sql());
                wire::query(out, "commit");
                vec![vec![COMMAND], vec![one], vec![COMMAND]]
            }),
            _ => self.ask_for_work(player),
        }
    }

    /// Asks for something that takes a while: sleep, or work.
    fn ask_for_work(&mut self, player: usize) -> Outcome {
        let item = self.item(1, 10);
        let source = match self.prng.below(3) {
            0 => "pg_sleep(0.01) s",
            _ => "(select count(*) from generate_series(1, 10000)) s",
        };
        self.ask(player, |out| {
            wire::query(out, &format!("select {}, repeat('{}', 10) from {source}", item.token, item.letter()));
            vec![vec![item]]
        })
    }
}

/// What a statement without rows is.
const COMMAND: Item = Item { token: 0, length: 0, rows: 0 };

impl Item {
    /// The question in the simple protocol.
    fn sql(&self) -> String {
        let Item { token, length, rows } = self;
        match rows {
            1 => format!("select {token}::int8, repeat('{}', {length})", self.letter()),
            _ => format!("select {token}::int8, repeat('{}', {length}) from generate_series(1, {rows})", self.letter()),
        }
    }

    /// The question to a prepared statement.
    fn run(&self, out: &mut Vec<u8>, statement: &str) {
        let Item { token, length, rows } = self;
        wire::bind(
            out,
            statement,
            &[&token.to_string(), &self.letter().to_string(), &length.to_string(), &rows.to_string()],
        );
        wire::describe(out);
        wire::execute(out);
    }
}
