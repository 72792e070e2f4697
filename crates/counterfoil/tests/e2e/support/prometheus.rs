//! A real Prometheus that scrapes a server: nobody in particular, with a directory of its own, on a free port.

use super::http::Connection;
use super::place::{Place, as_nobody};
use super::server::Server;
use super::until;
use serde_json::Value;
use std::fmt::Write as _;
use std::io::{BufRead as _, BufReader};
use std::net::SocketAddr;
use std::process::{Child, Stdio};

/// One that runs; killed when it goes out of scope.
pub(crate) struct Prometheus {
    child: Child,
    address: SocketAddr,
    // Gone after it.
    _place: Place,
}

impl Prometheus {
    /// Starts one that scrapes this server under the job `counterfoil`, several times a second.
    pub(crate) fn scraping(server: &Server) -> Self {
        let place = Place::new();
        place.allow(".", 0o777);
        let target = server.address;
        place.write(
            "prometheus.yml",
            format!(
                "scrape_configs:\n- job_name: counterfoil\n  scrape_interval: 200ms\n  scrape_timeout: 200ms\n  \
                 static_configs:\n  - targets: ['{target}']\n"
            ),
        );
        let mut command = as_nobody();
        command.args(["/usr/bin/prometheus", "--config.file=prometheus.yml", "--storage.tsdb.path=data"]);
        command.args(["--web.listen-address=127.0.0.1:0", "--log.format=logfmt"]);
        command.current_dir(place.path()).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap_or_else(|why| panic!("{command:?} cannot be run: {why}"));
        let mut log = BufReader::new(child.stderr.take().unwrap()).lines();
        let mut said = String::new();
        let address = log.by_ref().find_map(|line| {
            let line = line.unwrap();
            let address = line.split_once("msg=\"Listening on\" address=");
            said = said.clone() + &line + "\n";
            address.map(|(_, address)| address.trim().parse().unwrap())
        });
        let address = address.unwrap_or_else(|| panic!("it ended before it listened:\n{said}"));
        // It must never wait for somebody who reads its log.
        std::thread::spawn(move || log.for_each(drop));
        let started = Self { child, address, _place: place };
        // It listens before it can answer.
        until("ready", || started.get("/-/ready", &[]).filter(|answer| answer.starts_with("HTTP/1.0 200")));
        started
    }

    /// Asks until the query gives a number.
    pub(crate) fn until_there(&self, query: &str) {
        until(query, || self.query(query).iter().find(|series| series["value"][1] != "NaN").map(drop));
    }

    /// The series that a query gives now.
    fn query(&self, query: &str) -> Vec<Value> {
        let answer = self.ask("/api/v1/query", &[("query", query)]);
        assert_eq!(answer["status"], "success", "{query}: {answer}");
        answer["data"]["result"].as_array().unwrap().clone()
    }

    /// The values that a label has in what a selector finds.
    pub(crate) fn label_values(&self, selector: &str, label: &str) -> Vec<Value> {
        let answer = self.ask(&format!("/api/v1/label/{label}/values"), &[("match[]", selector)]);
        assert_eq!(answer["status"], "success", "{selector}: {answer}");
        answer["data"].as_array().unwrap().clone()
    }

    fn ask(&self, path: &str, parameters: &[(&str, &str)]) -> Value {
        let answer = self.get(path, parameters).unwrap();
        let (_, body) = answer.split_once("\r\n\r\n").unwrap_or_else(|| panic!("no answer: {answer}"));
        serde_json::from_str(body).unwrap_or_else(|why| panic!("{why}: {answer}"))
    }

    fn get(&self, path: &str, parameters: &[(&str, &str)]) -> Option<String> {
        let mut target = format!("{path}?");
        for (name, value) in parameters {
            write!(target, "{}={}&", encoded(name), encoded(value)).unwrap();
        }
        let mut connection = Connection::open(self.address).unwrap();
        // To HTTP/1.0 it answers in one piece.
        connection.send(format!("GET {target} HTTP/1.0\r\nHost: prometheus\r\n\r\n")).unwrap();
        String::from_utf8(connection.rest()).ok()
    }
}

impl Drop for Prometheus {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn encoded(text: &str) -> String {
    text.bytes().fold(String::new(), |mut encoded, byte| {
        write!(encoded, "%{byte:02X}").unwrap();
        encoded
    })
}
