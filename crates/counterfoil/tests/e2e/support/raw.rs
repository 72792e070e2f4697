//! A server that says what it was told to say, right or wrong, whatever it is asked; and keeps what it was asked.

use std::io::{BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpListener, TcpStream};
use std::thread::JoinHandle;

/// One answer a connection, in order; nobody answers after the last.
pub(crate) struct Raw {
    pub(crate) address: SocketAddr,
    thread: JoinHandle<Vec<String>>,
}

/// The last connection of a test says no more than this.
const ENOUGH: &str = "ENOUGH";

impl Raw {
    /// One that gives these answers.
    pub(crate) fn saying(answers: Vec<Vec<u8>>) -> Self {
        let listener = TcpListener::bind("127.0.0.1:0").unwrap();
        let address = listener.local_addr().unwrap();
        let serve = move || {
            let mut answers = answers.into_iter();
            let mut heard = Vec::new();
            loop {
                let (stream, _) = listener.accept().unwrap();
                let mut stream = BufReader::new(stream);
                let asked = request(&mut stream);
                if asked == ENOUGH {
                    return heard;
                }
                heard.push(asked);
                if let Some(answer) = answers.next() {
                    // Whoever has enough goes away.
                    let _ = stream.get_mut().write_all(&answer);
                }
            }
        };
        Self { address, thread: std::thread::spawn(serve) }
    }

    /// Its URL.
    pub(crate) fn url(&self) -> String {
        format!("http://{}", self.address)
    }

    /// Ends it: every request that came.
    pub(crate) fn heard(self) -> Vec<String> {
        TcpStream::connect(self.address).unwrap().write_all(ENOUGH.as_bytes()).unwrap();
        self.thread.join().unwrap()
    }
}

/// An answer of this status and headers, with the length of its body.
pub(crate) fn reply(head: &str, body: &str) -> Vec<u8> {
    let head = head.trim_end().replace('\n', "\r\n");
    format!("HTTP/1.1 {head}\r\nContent-Length: {}\r\nConnection: close\r\n\r\n{body}", body.len())
        .into_bytes()
}

/// A whole request, as it came.
fn request(stream: &mut BufReader<TcpStream>) -> String {
    let mut asked = String::new();
    let mut length = 0;
    loop {
        let mut line = Vec::new();
        let read = stream.read_until(b'\n', &mut line).unwrap();
        let line = String::from_utf8_lossy(&line);
        asked.push_str(&line);
        if read == 0 || line.trim().is_empty() {
            break;
        }
        if let Some(value) = line.to_ascii_lowercase().strip_prefix("content-length:") {
            length = value.trim().parse().unwrap();
        }
    }
    let mut body = vec![0; length];
    stream.read_exact(&mut body).unwrap();
    asked + &String::from_utf8_lossy(&body)
}
