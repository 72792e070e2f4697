//! A plain HTTP/1.1 client that sends whatever it is told, right or wrong, and reads what comes back.

use serde_json::Value;
use std::fmt::Write as _;
use std::io::{self, BufRead as _, BufReader, Read as _, Write as _};
use std::net::{SocketAddr, TcpStream};
use std::time::Duration;

/// How long an answer may take before the test fails.
const PATIENCE: Duration = Duration::from_secs(30);

/// An answer.
#[derive(Debug)]
pub(crate) struct Reply {
    pub(crate) status: u16,
    pub(crate) headers: Vec<(String, String)>,
    pub(crate) body: Vec<u8>,
}

impl Reply {
    /// A header's value; the name in lower case.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        self.headers.iter().find(|(given, _)| given == name).map(|(_, value)| value.as_str())
    }

    /// The body as JSON.
    pub(crate) fn json(&self) -> Value {
        serde_json::from_slice(&self.body).unwrap_or_else(|why| panic!("{why}: {}", self.text()))
    }

    /// The body as text.
    pub(crate) fn text(&self) -> String {
        String::from_utf8_lossy(&self.body).into_owned()
    }

    /// The body of an answer with this status.
    #[track_caller]
    pub(crate) fn expect(self, status: u16) -> Value {
        assert_eq!(self.status, status, "{}", self.text());
        if self.body.is_empty() { Value::Null } else { self.json() }
    }

    /// The problem document with this status.
    #[track_caller]
    pub(crate) fn problem(self, status: u16) -> Value {
        assert_eq!(self.header("content-type"), Some("application/problem+json"), "{self:?}");
        let problem = self.expect(status);
        assert_eq!(problem["status"], status);
        problem
    }
}

/// One connection, kept as long as both sides like.
pub(crate) struct Connection(BufReader<TcpStream>);

impl Connection {
    /// Opens it.
    pub(crate) fn open(address: SocketAddr) -> io::Result<Self> {
        let stream = TcpStream::connect(address)?;
        stream.set_read_timeout(Some(PATIENCE))?;
        stream.set_nodelay(true)?;
        Ok(Self(BufReader::new(stream)))
    }

    /// Sends these bytes as they are.
    pub(crate) fn send(&mut self, bytes: impl AsRef<[u8]>) -> io::Result<()> {
        self.0.get_mut().write_all(bytes.as_ref())
    }

    /// Reads an answer to anything but HEAD.
    pub(crate) fn reply(&mut self) -> io::Result<Reply> {
        let (status, headers) = self.head()?;
        let mut reply = Reply { status, headers, body: Vec::new() };
        let length = reply.header("content-length").map(|length| length.parse::<usize>().unwrap());
        if !(100..200).contains(&status) && status != 204 {
            reply.body.resize(length.unwrap_or_else(|| panic!("no length: {:?}", reply.headers)), 0);
            self.0.read_exact(&mut reply.body)?;
        }
        Ok(reply)
    }

    /// Reads the status and headers of an answer.
    pub(crate) fn head(&mut self) -> io::Result<(u16, Vec<(String, String)>)> {
        let gone = || io::Error::from(io::ErrorKind::UnexpectedEof);
        let first = self.line()?.ok_or_else(gone)?;
        let status = first.split(' ').nth(1).and_then(|status| status.parse().ok());
        let status = status.unwrap_or_else(|| panic!("no status: {first}"));
        let mut headers = Vec::new();
        loop {
            let line = self.line()?.ok_or_else(gone)?;
            let Some((name, value)) = line.split_once(':') else { return Ok((status, headers)) };
            headers.push((name.to_ascii_lowercase(), value.trim().to_owned()));
        }
    }

    /// Waits until the other side closes the connection, and gives what it said before.
    pub(crate) fn rest(&mut self) -> Vec<u8> {
        let mut rest = Vec::new();
        match self.0.read_to_end(&mut rest) {
            // Closing with our bytes still unread resets the connection.
            Err(why) if why.kind() != io::ErrorKind::ConnectionReset => panic!("{why}"),
            _ => rest,
        }
    }

    fn line(&mut self) -> io::Result<Option<String>> {
        let mut line = String::new();
        match self.0.read_line(&mut line)? {
            0 => Ok(None),
            _ => Ok(Some(line.trim_end().to_owned())),
        }
    }
}

/// Whoever asks a server, with a token.
#[derive(Clone)]
pub(crate) struct Client {
    pub(crate) address: SocketAddr,
    headers: Vec<(String, String)>,
}

impl Client {
    /// Without a token.
    pub(crate) fn stranger(address: SocketAddr) -> Self {
        Self { address, headers: Vec::new() }
    }

    /// With this token.
    pub(crate) fn bearer(address: SocketAddr, token: &str) -> Self {
        Self::stranger(address).with("Authorization", &format!("Bearer {token}"))
    }

    /// With this user name and password.
    pub(crate) fn basic(address: SocketAddr, username: &str, password: &str) -> Self {
        let pair = data_encoding::BASE64.encode(format!("{username}:{password}").as_bytes());
        Self::stranger(address).with("Authorization", &format!("Basic {pair}"))
    }

    /// With one header more.
    pub(crate) fn with(&self, name: &str, value: &str) -> Self {
        let mut more = self.clone();
        more.headers.push((name.to_owned(), value.to_owned()));
        more
    }

    /// A header that it sends.
    pub(crate) fn header(&self, name: &str) -> &str {
        let found = self.headers.iter().find(|(given, _)| given == name);
        found.map_or_else(|| panic!("no {name} is sent"), |(_, value)| value.as_str())
    }

    /// The bytes of a request.
    pub(crate) fn request(&self, method: &str, target: &str, body: &[u8]) -> Vec<u8> {
        let mut head = format!("{method} {target} HTTP/1.1\r\nHost: test\r\n");
        for (name, value) in &self.headers {
            write!(head, "{name}: {value}\r\n").unwrap();
        }
        if !body.is_empty() {
            head.push_str("Content-Type: application/json\r\n");
        }
        write!(head, "Content-Length: {}\r\n\r\n", body.len()).unwrap();
        [head.as_bytes(), body].concat()
    }

    /// Asks over a connection of its own.
    pub(crate) fn ask(&self, method: &str, target: &str, body: &[u8]) -> Reply {
        let mut connection = Connection::open(self.address).unwrap();
        connection.send(self.request(method, target, body)).unwrap();
        connection.reply().unwrap_or_else(|why| panic!("{method} {target}: {why}"))
    }

    /// `GET`.
    pub(crate) fn get(&self, target: &str) -> Reply {
        self.ask("GET", target, b"")
    }

    /// `DELETE`.
    pub(crate) fn delete(&self, target: &str) -> Reply {
        self.ask("DELETE", target, b"")
    }

    /// `POST` of a JSON body.
    #[expect(clippy::needless_pass_by_value, reason = "written with `json!` at every call")]
    pub(crate) fn post(&self, target: &str, body: Value) -> Reply {
        self.ask("POST", target, body.to_string().as_bytes())
    }

    /// Whether a token counts, in the words of `POST /v1/verify`.
    pub(crate) fn counts(&self, token: &str) -> bool {
        self.post("/v1/verify", serde_json::json!({"token": token})).expect(200)["active"] == true
    }

    /// Issues a token with one scope: its id and its text.
    pub(crate) fn issue(&self, name: &str) -> (String, String) {
        let issued = self.post("/v1/tokens", serde_json::json!({"name": name, "scopes": ["deploy"]}));
        let issued = issued.expect(201);
        (super::text(&issued, "id"), super::text(&issued, "token"))
    }

    /// All rows of a list, page after page.
    pub(crate) fn all(&self, path: &str) -> Vec<Value> {
        let mut rows = Vec::new();
        let mut page = self.get(&format!("{path}?limit=1000")).expect(200);
        loop {
            rows.append(page["items"].as_array_mut().unwrap());
            let Some(next) = page["next"].as_str() else { return rows };
            page = self.get(&format!("{path}?cursor={next}")).expect(200);
        }
    }
}
