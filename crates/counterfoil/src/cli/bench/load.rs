//! The load: connections that are kept, each with one request under way at a time, either the next as soon as the last
//! was answered, or when it is due whether the server is ready or not.

use super::asked::Asked;
use super::latency::Latencies;
use anyhow::Result;
use std::io::{self, ErrorKind};
use std::net::SocketAddr;
use std::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};
use tokio::io::{AsyncReadExt as _, AsyncWriteExt as _};
use tokio::net::TcpStream;
use tokio::sync::Semaphore;
use tokio::task::{JoinSet, spawn_blocking};
use tokio::time::timeout_at;

/// How long after its end a run waits for the last answers.
const PATIENCE: Duration = Duration::from_secs(10);
/// How much room an answer has at first.
const ROOM: usize = 16 * 1024;

/// A run: what is asked, where, how hard and for how long.
pub(super) struct Load {
    pub(super) address: SocketAddr,
    pub(super) asked: Arc<Asked>,
    pub(super) connections: usize,
    pub(super) threads: usize,
    pub(super) lasting: Duration,
    pub(super) rate: Option<u32>,
}

/// What came of it.
#[derive(Debug, Default)]
pub(super) struct Tally {
    /// How long each answer took.
    pub(super) latencies: Latencies,
    /// Tokens that count.
    pub(super) live: u64,
    /// Requests without an answer, or with one that is none.
    pub(super) errors: u64,
    /// Why the first of them was.
    pub(super) first_error: Option<String>,
}

impl Load {
    /// Asks until the time is up.
    pub(super) async fn run(self) -> Result<(Tally, Duration)> {
        let turns = Arc::new(Turns::new(self.rate, self.lasting));
        let load = Arc::new(self);
        let mut threads = JoinSet::new();
        for thread in 0..load.threads {
            let asker = Asker { load: Arc::clone(&load), turns: Arc::clone(&turns), tally: Arc::default() };
            threads.spawn_blocking(move || asker.ask(thread));
        }
        let pacer = Arc::clone(&turns);
        let pace = spawn_blocking(move || pacer.pace());
        let mut tally = Tally::default();
        for share in threads.join_all().await {
            tally.add(share?);
        }
        let took = turns.start.elapsed();
        pace.await?;
        Ok((tally, took))
    }
}

/// One thread's part of a load.
#[derive(Clone)]
struct Asker {
    load: Arc<Load>,
    turns: Arc<Turns>,
    /// Shared by the connections of one thread, and so never fought over.
    tally: Arc<Mutex<Tally>>,
}

impl Asker {
    /// Asks on a runtime of its own: tasks that move between threads would cost more than they ask.
    fn ask(self, thread: usize) -> Result<Tally> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build()?;
        runtime.block_on(async {
            let mut connections = JoinSet::new();
            for number in (thread..self.load.connections).step_by(self.load.threads) {
                connections.spawn(self.clone().converse(number));
            }
            let last = self.turns.end + PATIENCE;
            while let Ok(Some(_)) = timeout_at(last.into(), connections.join_next()).await {}
            for _ in 0..connections.len() {
                self.tally().fail(format!("no answer came within {PATIENCE:?}"));
            }
            Ok(std::mem::take(&mut *self.tally()))
        })
    }

    /// Asks over one connection, and over a new one when it breaks.
    async fn converse(self, number: usize) {
        let asked = &self.load.asked;
        let mut place = number * asked.len() / self.load.connections;
        while Instant::now() < self.turns.end {
            let mut connection = match Connection::open(self.load.address).await {
                Ok(connection) => connection,
                Err(why) => return self.tally().fail(why.to_string()),
            };
            while let Some(due) = self.turns.next().await {
                let answer = connection.ask(asked.at(place)).await;
                place += 1;
                match answer {
                    Ok(reply) => match asked.reads(reply.status, reply.body) {
                        Some(live) => self.tally().note(due.elapsed(), live),
                        None => self.tally().fail(format!("the answer was {}", reply.status)),
                    },
                    Err(why) => {
                        self.tally().fail(why.to_string());
                        break;
                    }
                }
            }
        }
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Tally {
    fn note(&mut self, latency: Duration, live: bool) {
        self.latencies.note(latency);
        self.live += u64::from(live);
    }

    fn fail(&mut self, why: String) {
        self.errors += 1;
        self.first_error.get_or_insert(why);
    }

    fn add(&mut self, other: Self) {
        self.latencies.add(&other.latencies);
        self.live += other.live;
        self.errors += other.errors;
        self.first_error = self.first_error.take().or(other.first_error);
    }
}

/// Who may ask when.
struct Turns {
    start: Instant,
    end: Instant,
    rate: Option<Rate>,
}

/// So many a second. What is due waits here until a connection is free, and its time counts from when it was due: a
/// server that stands still is not asked less, and does not look fast for it.
struct Rate {
    every: Duration,
    due: Semaphore,
    taken: AtomicU32,
}

impl Turns {
    fn new(rate: Option<u32>, lasting: Duration) -> Self {
        let rate = rate.map(|rate| Rate {
            every: Duration::from_secs(1) / rate,
            due: Semaphore::new(0),
            taken: AtomicU32::new(0),
        });
        let start = Instant::now();
        Self { start, end: start + lasting, rate }
    }

    /// Waits for the next turn and says when it was due; none comes after the end.
    async fn next(&self) -> Option<Instant> {
        let due = match &self.rate {
            None => Instant::now(),
            Some(rate) => {
                rate.due.acquire().await.ok()?.forget();
                self.start + rate.every * rate.taken.fetch_add(1, Ordering::Relaxed)
            }
        };
        (Instant::now() < self.end).then_some(due)
    }

    /// Hands out turns as they fall due, to the end. A thread sleeps to within some microseconds, a timer of the runtime
    /// to within a millisecond.
    fn pace(&self) {
        let Some(rate) = &self.rate else { return };
        let mut given = 0_u32;
        loop {
            let now = Instant::now();
            if now >= self.end {
                return rate.due.close();
            }
            while self.start + rate.every * given <= now {
                rate.due.add_permits(1);
                given += 1;
            }
            thread::sleep((self.start + rate.every * given).saturating_duration_since(Instant::now()));
        }
    }
}

/// An HTTP/1.1 connection that knows just enough of answers to tell where they end.
pub(super) struct Connection {
    stream: TcpStream,
    heard: Vec<u8>,
}

/// An answer.
pub(super) struct Reply<'a> {
    pub(super) status: u16,
    pub(super) body: &'a [u8],
}

impl Connection {
    pub(super) async fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address).await?;
        stream.set_nodelay(true)?;
        Ok(Self { stream, heard: Vec::with_capacity(ROOM) })
    }

    /// Sends a request and waits for its answer.
    pub(super) async fn ask(&mut self, request: &[u8]) -> io::Result<Reply<'_>> {
        self.stream.write_all(request).await?;
        self.heard.clear();
        let (status, body, end) = loop {
            if self.stream.read_buf(&mut self.heard).await? == 0 {
                return Err(io::Error::new(ErrorKind::UnexpectedEof, "the server closed the connection"));
            }
            if let Some(head) = head(&self.heard)? {
                break head;
            }
        };
        while self.heard.len() < end {
            if self.stream.read_buf(&mut self.heard).await? == 0 {
                return Err(io::Error::new(ErrorKind::UnexpectedEof, "the answer broke off"));
            }
        }
        Ok(Reply { status, body: &self.heard[body..end] })
    }
}

/// The status, and where the body begins and ends, once the whole head is there.
fn head(bytes: &[u8]) -> io::Result<Option<(u16, usize, usize)>> {
    let Some(ends) = bytes.windows(4).position(|four| four == b"\r\n\r\n") else { return Ok(None) };
    let unreadable = || io::Error::new(ErrorKind::InvalidData, "the answer is not HTTP/1.1 with a length");
    let lines = std::str::from_utf8(&bytes[..ends]).map_err(|_| unreadable())?;
    let status = lines.get(9..12).and_then(|status| status.parse().ok()).ok_or_else(unreadable)?;
    let length = lines.split("\r\n").skip(1).find_map(|line| {
        let (name, value) = line.split_once(':')?;
        name.eq_ignore_ascii_case("content-length").then(|| value.trim().parse::<usize>().ok())?
    });
    let length = if status == 204 { Some(0) } else { length };
    let body = ends + 4;
    length.map(|length| Some((status, body, body + length))).ok_or_else(unreadable)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_head_says_where_the_answer_ends() {
        let read = |text: &str| head(text.as_bytes());
        let whole = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\n{}";
        assert_eq!(read(whole).unwrap(), Some((200, whole.len() - 2, whole.len())));
        assert_eq!(read("HTTP/1.1 204 No Content\r\n\r\n").unwrap(), Some((204, 27, 27)));
        assert_eq!(read("HTTP/1.1 200 OK\r\ncontent-le").unwrap(), None);
        for wrong in ["HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n", "nothing\r\n\r\n"] {
            assert!(read(wrong).is_err(), "{wrong}");
        }
    }

    #[tokio::test]
    async fn turns_come_when_due_and_end() {
        let turns = Turns::new(Some(1000), Duration::from_millis(20));
        let start = turns.start;
        turns.pace();
        assert_eq!(turns.next().await, None, "the time is up");
        assert!(start.elapsed() >= Duration::from_millis(20));
    }
}
