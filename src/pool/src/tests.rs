//! Pools of toy clients. Nothing is timed: what must not happen would make a test wait for ever.

use crate::seat::Seat;
use crate::{Client, LaneKey, Orders, Place, Pool, PoolSettings, Standing, Turn};
use report::Result;
use std::io::{Read, Write};
use std::os::fd::{AsFd, BorrowedFd};
use std::os::unix::net::UnixStream;
use std::sync::mpsc::{Receiver, Sender, channel};
use std::sync::{Arc, Weak};
use std::thread::JoinHandle;
use std::time::Duration;
use sync::{Interrupt, Interrupts, WaitKind};

/// A client that is sent letters and answers each: `e` at once; `w` sleeps in the middle of its turn until an interrupt of work; `l` works until
/// one comes, without a word; `b` and `c` begin and end a transaction.
pub(crate) struct Toy {
    stream: UnixStream,
    interrupts: Arc<Interrupts>,
    place: Option<Arc<dyn Place>>,
    standing: Standing,
}

impl Toy {
    /// One, and the other end of its connection.
    fn new(role: u32) -> (Toy, UnixStream) {
        let (stream, far) = UnixStream::pair().unwrap();
        stream.set_nonblocking(true).unwrap();
        let lane = Some(LaneKey { role, database: 1, is_superuser: false });
        let standing = Standing { session: 1, lane, ..Standing::default() };
        (Toy { stream, interrupts: Arc::default(), place: None, standing }, far)
    }

    fn answer(&mut self, letter: u8) {
        match letter {
            b'w' => {
                let place = self.place.clone().unwrap();
                place.begin_wait(WaitKind::Timeout("Toy"));
                while !self.interrupts.take(Interrupt::Work) {
                    self.interrupts.latch().wait(None);
                }
                place.end_wait();
            }
            b'l' => while !self.interrupts.take(Interrupt::Work) {},
            b'b' => self.standing.in_transaction = true,
            b'c' => self.standing.in_transaction = false,
            _ => {}
        }
        self.stream.write_all(&[letter]).unwrap();
    }
}

impl Client for Toy {
    type Desk = ();

    fn serve(&mut self, (): &mut (), has_ended: bool) -> Turn {
        let mut letters = [0; 8];
        loop {
            if self.interrupts.is_pending(Interrupt::Terminate) {
                return Turn::Over(Ok(()));
            }
            match self.stream.read(&mut letters) {
                Ok(0) => return Turn::Over(Ok(())),
                Ok(count) => letters[..count].iter().for_each(|&letter| self.answer(letter)),
                Err(_) => return Turn::Waits,
            }
            if !has_ended {
                return Turn::Waits;
            }
        }
    }

    fn socket(&self) -> BorrowedFd<'_> {
        self.stream.as_fd()
    }

    fn interrupts(&self) -> Arc<Interrupts> {
        Arc::clone(&self.interrupts)
    }

    fn seated(&mut self, place: Arc<dyn Place>) {
        let bell = Arc::clone(&place);
        self.interrupts.set_wake_hook(Box::new(move || bell.ring()));
        self.place = Some(place);
    }

    fn standing(&self) -> Standing {
        self.standing
    }

    fn queued(&mut self) {}

    fn tell_queued(&mut self, _: Duration, _: usize) {}
}

/// A seat of a client that nobody serves.
pub(crate) fn seat() -> Arc<Seat<Toy>> {
    let pool = Pool::new(&settings(1, 1), Box::new(|| ()), Box::new(|| ())).unwrap();
    Seat::new(1, &pool.groups[0], Toy::new(1).0)
}

fn settings(size: usize, threads_max: usize) -> PoolSettings {
    PoolSettings { sizes: vec![size], threads_max, spin: Duration::ZERO, worker_idle: Duration::ZERO }
}

/// Tells a thread to end once the pool is closed.
struct ToTheEnd(Arc<Interrupts>);

impl Orders for ToTheEnd {
    fn interrupts(&self) -> &Arc<Interrupts> {
        &self.0
    }

    fn obey(&self) -> Result<bool> {
        Ok(true)
    }
}

/// A pool with somebody who makes its workers.
struct House {
    pool: Arc<Pool<Toy>>,
    maker: JoinHandle<usize>,
    calls: Sender<bool>,
}

impl House {
    fn open(size: usize, threads_max: usize) -> House {
        let (calls, called): (Sender<bool>, Receiver<bool>) = channel();
        let call = calls.clone();
        let pool = Pool::new(&settings(size, threads_max), Box::new(move || _ = call.send(true)), Box::new(|| ()));
        let pool = Arc::new(pool.unwrap());
        let served: Weak<Pool<Toy>> = Arc::downgrade(&pool);
        let maker = std::thread::spawn(move || {
            let mut threads = Vec::new();
            while called.recv() == Ok(true) {
                let pool = served.upgrade().unwrap();
                threads.push(std::thread::spawn(move || pool.work(&ToTheEnd(Arc::default())).unwrap()));
            }
            let count = threads.len();
            threads.into_iter().for_each(|thread| thread.join().unwrap());
            count
        });
        pool.start();
        House { pool, maker, calls }
    }

    fn client(&self, role: u32) -> Far {
        let (toy, stream) = Toy::new(role);
        let interrupts = Arc::clone(&toy.interrupts);
        self.pool.admit(toy).unwrap();
        Far { stream, interrupts }
    }

    /// Ends the pool; the number of threads there were.
    fn close(self) -> usize {
        self.pool.close();
        self.calls.send(false).unwrap();
        self.maker.join().unwrap()
    }
}

/// The other end of a client's connection.
struct Far {
    stream: UnixStream,
    interrupts: Arc<Interrupts>,
}

impl Far {
    fn send(&mut self, letter: u8) {
        self.stream.write_all(&[letter]).unwrap();
    }

    fn hear(&mut self) -> u8 {
        let mut letter = [0];
        self.stream.read_exact(&mut letter).unwrap();
        letter[0]
    }

    fn ask(&mut self, letter: u8) {
        self.send(letter);
        assert_eq!(self.hear(), letter);
    }
}

#[test]
fn few_workers_serve_many_clients() {
    let house = House::open(2, 10);
    let mut clients: Vec<Far> = (0..200).map(|number| house.client(number % 3)).collect();
    for round in 0..50 {
        clients.iter_mut().for_each(|client| client.send(b'a' + round % 2 * 25));
        clients.iter_mut().for_each(|client| assert_eq!(client.hear(), b'a' + round % 2 * 25));
    }
    assert_eq!(house.pool.clients(), 200);
    drop(clients);
    assert_eq!(house.close(), 3, "two that work and one to spare");
}

#[test]
fn who_sleeps_in_a_turn_is_replaced() {
    let house = House::open(1, 100);
    let mut sleepers: Vec<Far> = (0..20).map(|_| house.client(1)).collect();
    sleepers.iter_mut().for_each(|client| client.send(b'w'));
    let mut other = house.client(1);
    (0..100).for_each(|_| other.ask(b'e'));
    for client in &mut sleepers {
        client.interrupts.raise(Interrupt::Work);
        assert_eq!(client.hear(), b'w');
    }
    drop((sleepers, other));
    assert!(house.close() >= 21);
}

#[test]
fn the_last_thread_is_for_those_that_others_wait_for() {
    let house = House::open(1, 2);
    let mut holder = house.client(1);
    holder.ask(b'b');
    let mut sleeper = house.client(1);
    sleeper.send(b'w');
    let mut late = house.client(1);
    late.send(b'e');
    (0..10).for_each(|_| holder.ask(b'e'));
    holder.ask(b'c');
    sleeper.interrupts.raise(Interrupt::Work);
    assert_eq!((sleeper.hear(), late.hear()), (b'w', b'e'));
    drop((holder, sleeper, late));
    house.close();
}

#[test]
fn a_long_turn_does_not_keep_others_waiting() {
    let house = House::open(1, 10);
    let scheduler = {
        let pool = Arc::clone(&house.pool);
        std::thread::spawn(move || pool.schedule(&ToTheEnd(Arc::default())).unwrap())
    };
    let mut long = house.client(1);
    long.send(b'l');
    let mut other = house.client(1);
    other.ask(b'e');
    long.interrupts.raise(Interrupt::Work);
    assert_eq!(long.hear(), b'l');
    drop((long, other));
    house.close();
    scheduler.join().unwrap();
}

#[test]
fn a_client_at_rest_is_told_to_end() {
    let house = House::open(2, 10);
    let mut clients: Vec<Far> = (0..10).map(|_| house.client(1)).collect();
    clients.iter_mut().for_each(|client| client.ask(b'e'));
    // All workers wait for sockets now, or soon.
    while house.pool.status()[0].listening < 2 {
        std::thread::yield_now();
    }
    house.pool.raise(Interrupt::Terminate);
    for client in &mut clients {
        assert_eq!(client.stream.read(&mut [0]).unwrap(), 0);
    }
    house.close();
}
