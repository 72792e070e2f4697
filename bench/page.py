"""Writes the page: the table of goals, the rates behind it, the machine, and two plots."""

import platform
from pathlib import Path

import plot
from load import median

ABOUT = """# What it costs, and beside whom

Written by `bench/compare`. The machine is small, shared and noisy, with the load beside the servers: rates and times are
of this machine and this hour, and only ratios of turns taken one after the other say something elsewhere. Each ratio is
the median of those of {rounds} rounds of {seconds} s, in which all sides take turns. Everything is on loopback. Why some
goals are short, and what was tried, is among the [open ends](open-ends.md).
"""

HOW = """## How it is measured

* The program and bare hyper are built with the profile `dist`. The store holds {tokens:,} random tokens of 1,000 names;
  every check is of another one, with metrics and uses counted and the log at `warn`. The asker of `/v1/verify` is
  authenticated at every request.
* Our server and bare hyper (`crates/counterfoil/examples/hello.rs`: five bytes, whatever is asked) get the same bytes from
  the same load, `counterfoil bench`: {connections} connections, one request under way on each. What wrk sends is the same for
  both sides too. CPU is user and system time of the server's process by the answers of the turn.
* At half load requests are due at fixed instants, and their time counts from then, whether the server was ready or not.
* Redis finds a value by its key, of as many, and does nothing else; OpenBao looks up the token that asks, oidc-provider
  introspects, both in memory and of 200 tokens only, which is in their favour.
* Beside the checks of P3 run four who issue, one who logs in with an API key (RS512) and a revocation of some thousand
  tokens by name.

`bench/peers` installs what is measured beside us, `bench/compare` measures and writes this page; `bench/compare --quick`
prints the table only.
"""


def table(rows):
    """The goals."""
    lines = ["| goal | what | measured | wanted | |", "|---|---|---|---|---|"]
    lines += [f"| {row.goal} | {row.what} | {row.said} | {row.wanted} | {row.verdict()} |" for row in rows]
    return "\n".join(lines) + "\n"


def rates(turns):
    """What the ratios were made of."""
    lines = ["| side | answers/s | CPU an answer, µs | p50, µs | p99, µs |", "|---|---|---|---|---|"]
    for name, each in turns.items():
        spent = median(each, lambda turn: turn.cpu)
        times = [f"{median(each, lambda turn: turn.times[at]):,.0f}" if each[0].times else "" for at in ("p50", "p99")]
        cost = f"{spent:,.1f}" if spent else ""  # a benchmark in process has none
        lines.append(f"| {name} | {median(each, lambda turn: turn.rate):,.0f} | {cost} | {times[0]} | {times[1]} |")
    return "\n".join(lines) + "\n"


def machine(versions):
    """Where it was measured."""
    cpus = [line.split(": ")[1] for line in Path("/proc/cpuinfo").read_text().splitlines() if line.startswith("model name")]
    memory = int(Path("/proc/meminfo").read_text().split()[1]) / 1024**2
    debian = Path("/etc/debian_version")
    system = f"Debian {debian.read_text().strip()}" if debian.exists() else platform.system()
    lines = [f"* {len(cpus)} × {cpus[0]}, {memory:.0f} GiB, {system}, Linux {platform.release()}"]
    lines += [f"* {name}: {said}" for name, said in versions.items()]
    return "\n".join(lines) + "\n"


def write(docs, rows, turns, load, memory, versions, facts):
    """The page and its plots, below `docs`."""
    pictures = docs / "performance"
    pictures.mkdir(exist_ok=True)
    shares = [(share, f"{share:.0%}") for share in sorted(load)]
    times = {at: [(share, load[share].times[at]) for share in sorted(load)] for at in ("p50", "p90", "p99")}
    title = "Latency of checks against load"
    (pictures / "latency.svg").write_text(plot.lines(title, "share of the highest rate", "µs", times, shares))
    counts = sorted(memory)
    used = {"resident": [(count, memory[count] / 1024**2) for count in counts]}
    marks = [(count, f"{count:,}") for count in counts if count == 0 or count >= counts[-1] / 10]
    (pictures / "memory.svg").write_text(plot.lines("Memory against tokens", "tokens", "MiB", used, marks))
    (docs / "performance.md").write_text(
        "\n".join(
            [
                ABOUT.format(**facts),
                table(rows),
                "![latency against load](performance/latency.svg)\n",
                "![memory against tokens](performance/memory.svg)\n",
                "## The rates behind it\n",
                rates(turns),
                HOW.format(**facts),
                "## The machine\n",
                machine(versions),
            ]
        ).rstrip("\n")
        + "\n"
    )
