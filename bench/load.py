"""How hard the sides are asked, and what came of it: a number of answers a second, and the CPU that each cost its side."""

import csv
import io
import json
import re
import statistics
import subprocess
from pathlib import Path

from sides import PROGRAM, ROOT

CONNECTIONS = 64


class Turn:
    """What one side did in one turn."""

    def __init__(self, rate, cpu, tokens=None, times=None):
        self.rate, self.cpu = rate, cpu
        self.tokens = rate if tokens is None else tokens
        self.times = times or {}


def bench(side, ours, seconds, *flags):
    """Our own load: the same requests about random tokens, whoever is asked."""
    place = ours.cwd
    command = [PROGRAM, "bench", "--server", side.url, "--token", "@first", "@texts", "--pid", side.pid, "-o", "json"]
    command += ["--seconds", seconds, "--connections", CONNECTIONS, *flags]
    ran = subprocess.run([str(word) for word in command], cwd=place, capture_output=True, text=True)
    if ran.returncode != 0:
        raise SystemExit(f"{side.name}: {ran.stderr}{ran.stdout}")
    said = json.loads(ran.stdout)
    if side is ours and said.get("live") == 0:
        raise SystemExit(f"no token counts: {said}")
    times = {name: said[name] for name in ("p50", "p90", "p99", "p999", "max")}
    return Turn(said["per_second"], said["cpu"], said["tokens_per_second"], times)


def wrk(side, asks, seconds, connections=CONNECTIONS):
    """Requests that only have to be sent, by wrk from one thread."""
    before = side.cpu()
    command = ["wrk", "-t1", f"-c{connections}", f"-d{seconds}s", "-s", ROOT / "bench/ask.lua", side.url, "--", asks]
    said = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout
    spent = side.cpu() - before
    if "Non-2xx" in said or "Socket errors" in said:
        raise SystemExit(f"{side.name} refused: {said}")
    count = max(1, int(re.search(r"(\d+) requests in", said)[1]))
    rate = float(re.search(r"Requests/sec: *([\d.]+)", said)[1])
    return Turn(rate, spent * 1e6 / count)


def redis_get(side, seconds):
    """GET of random keys, by Redis's own load."""
    rate = getattr(side, "rate", 20_000)
    count = int(rate * seconds)
    before = side.cpu()
    command = ["redis-benchmark", "-p", side.url, "-c", CONNECTIONS, "-n", count, "-r", side.tokens, "--csv"]
    command += ["GET", "token:__rand_int__"]
    said = subprocess.run([str(word) for word in command], capture_output=True, text=True, check=True).stdout
    row = list(csv.DictReader(io.StringIO(said)))[0]
    side.rate = float(row["rps"])
    return Turn(side.rate, (side.cpu() - before) * 1e6 / count)


def rounds(count, sides, say):
    """Lets the sides, name to turn, take turns; every second round backwards. A list of turns for each name."""
    turns = {name: [] for name in sides}
    for number in range(count):
        for name in list(sides) if number % 2 == 0 else reversed(list(sides)):
            turns[name].append(sides[name]())
            say(f"round {number + 1}: {name}: {turns[name][-1].rate:,.0f}/s, {turns[name][-1].cpu:.1f} µs")
    return turns


def median(turns, of):
    """The median of what `of` reads from each turn."""
    return statistics.median(of(turn) for turn in turns)


def ratio(ones, others, of):
    """The median ratio of turns of the same round."""
    return statistics.median(of(one) / of(other) for one, other in zip(ones, others) if of(other))


def criterion(executable, name, seconds, cwd):
    """The middle of what a criterion benchmark says: its time in nanoseconds, its throughput a second, its output."""
    command = [executable, "--bench", name, "--measurement-time", seconds, "--warm-up-time", 1, "--noplot"]
    ran = subprocess.run([str(word) for word in command], cwd=cwd, capture_output=True, text=True, check=True)
    units = {"ps": 1e-3, "ns": 1, "µs": 1e3, "ms": 1e6, "s": 1e9, "": 1, "K": 1e3, "M": 1e6}
    time = re.search(r"time: +\[\S+ \S+ (\S+) (\S+) ", ran.stdout)
    per = re.search(r"thrpt: +\[\S+ \S+ (\S+) (\w?)elem/s", ran.stdout)
    nanos = float(time[1]) * units[time[2]] if time else None
    return nanos, float(per[1]) * units[per[2]] if per else None, ran.stdout


def executables(*benches):
    """Builds benchmarks, all at once, or each would build what they need with features of its own; the path of each."""
    command = ["cargo", "bench", "--locked", "--workspace", "--no-run", "--message-format=json-render-diagnostics"]
    for name in benches:
        command += ["--bench", name]
    said = subprocess.run(command, cwd=ROOT, check=True, stdout=subprocess.PIPE, text=True).stdout
    built = (json.loads(line) for line in said.splitlines() if line.startswith("{"))
    return {
        each["target"]["name"]: Path(each["executable"])
        for each in built
        if each.get("reason") == "compiler-artifact" and each.get("executable") and each["target"]["kind"] == ["bench"]
    }
