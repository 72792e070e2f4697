"""The goals, each a ratio, and how what was measured compares with them."""

from load import median, ratio


class Row:
    """A goal, what was measured for it, and whether that is enough; `None` if it was not measured."""

    def __init__(self, goal, what, said, wanted, holds):
        self.goal, self.what, self.said, self.wanted, self.holds = goal, what, said, wanted, holds

    def verdict(self):
        """In a word."""
        return {True: "met", False: "**short**", None: "not measured"}[self.holds]


def rate(turn):
    return turn.rate


def cpu(turn):
    return turn.cpu


def tokens(turn):
    return turn.tokens


def at_least(goal, what, value, least):
    """A row whose ratio should be high."""
    return Row(goal, what, f"{value:.2f}", f"≥ {least:g}", value >= least)


def at_most(goal, what, value, most, digits=2):
    """A row whose ratio or size should be low."""
    return Row(goal, what, f"{value:.{digits}f}", f"≤ {most:g}", value <= most)


def of_checks(turns, absent):
    """P1, P2, P4 and P5."""
    for words, ours, hello in [("`POST /v1/verify`", "verify", "hello"), ("`GET /check/{gate}`", "gate", "hello, as a gate")]:
        mine, theirs = turns[ours], turns[hello]
        yield at_least("P1", f"{words}: answers a second ÷ bare hyper's", ratio(mine, theirs, rate), 0.80)
        yield at_most("P1", f"{words}: CPU ÷ bare hyper's", ratio(mine, theirs, cpu), 1.5)
        if "redis" in turns:
            yield at_most("P1", f"{words}: CPU ÷ Redis GET's", ratio(mine, turns["redis"], cpu), 1.3)
    for name in ("openbao", "oidc-provider"):
        if name in turns:
            yield at_least("P2", f"{name}'s CPU a check ÷ ours", ratio(turns[name], turns["verify"], cpu), 25)
    for name in absent:
        yield Row("P1" if name == "redis" else "P2", f"{name} is not installed", "", "", None)
    if "introspect" in turns:
        mine, theirs = turns["introspect"], turns["hello, by wrk"]
        yield at_least("P4", "introspection with client authentication: answers a second ÷ bare hyper's", ratio(mine, theirs, rate), 0.60)
    else:
        yield Row("P4", "wrk is not installed", "", "", None)
    yield at_least("P5", "tokens a second, 100 a request ÷ one a request", ratio(turns["batch"], turns["verify"], tokens), 10)


def of_latency(alone, beside):
    """P3."""
    quiet = median(alone, lambda turn: turn.times["p99"])
    yield Row("P3", "p99 of checks at half load, in µs", f"{quiet:.0f}", "< 1000", quiet < 1000)
    busy = ratio(beside, alone, lambda turn: turn.times["p99"])
    yield at_most("P3", "the same beside issues, exchanges and a bulk revocation ÷ alone", busy, 2)


def of_exchanges(said):
    """P6, from what the exchange benchmark prints."""
    for kind, least, words in [
        ("RS512", 0.85, "RS512 sessions a second ÷ raw signatures"),
        ("EdDSA", 0.70, "EdDSA sessions a second ÷ bare rows"),
    ]:
        line = next((line for line in said.splitlines() if line.startswith(f"exchanges, {kind}:")), None)
        if line is None:
            yield Row("P6", words, "", f"≥ {least}", None)
        else:
            yield at_least("P6", words, float(line.rsplit(" ", 1)[1]), least)


def of_issues(turns):
    """P7."""
    if "issue" not in turns:
        yield Row("P7", "wrk is not installed", "", "", None)
        return
    if "bare commits" in turns:
        bare = ratio(turns["issue"], turns["bare commits"], rate)
        yield at_least("P7", "tokens issued a second by 64 clients ÷ bare group commits of the same rows", bare, 0.5)
    single = ratio(turns["issue"], turns["issue, one by one"], rate)
    yield at_least("P7", "tokens issued a second by 64 clients ÷ by one", single, 10)


def of_size(memory, checked, ready, count):
    """P8 and P9; `memory` maps numbers of tokens to bytes, `checked` is the memory after checking them."""
    each = (memory[count] - memory[0]) / count
    yield at_most("P8", f"memory a token, of {count:,}, in bytes", each, 100, 0)
    yield at_most("P8", "the same after they were checked, everything counted", (checked - memory[0]) / count, 100, 0)
    seconds = (ready[count] - ready[0]) * 1e6 / count
    yield at_most("P9", "seconds until ready, a million tokens", seconds, 1)


def in_process(few, many, count):
    """P8 and P10, from the benchmark of the core."""
    yield at_most("P8", f"a check in process, of {count:,} tokens ÷ of 10,000", many / few, 2)
    yield at_most("P10", f"a check in process, of {count:,} tokens, in ns", many, 600, 0)
