"""So many connections that mean no good: heads and bodies that come byte by byte, pipelines whose answers nobody reads,
heads that are none. None lets go by itself. Good requests beside them, until the server has let go of all the others.

usage: hostile.py PORT PID COUNT, the PID the server's, a token on standard input
"""

import json
import os
import resource
import socket
import sys
import time

# Seconds; the server's own patience ends before.
ENOUGH = 60


def kinds(token):
    """What each kind of them says first, and what it goes on to say."""
    verify = f"POST /v1/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\n"
    return [
        ("GET /healthz HTTP/1.1\r\nhost: x\r\nx-slow: ", "x"),
        (f"{verify}content-length: 100000\r\n\r\n", " "),
        (f"{verify}transfer-encoding: chunked\r\n\r\n", "1\r\n \r\n"),
        ("GET /healthz HTTP/1.1\r\nhost: x\r\n\r\n" * 1000, ""),
        ("GET /openapi.json HTTP/1.1\r\nhost: x\r\n\r\n" * 1000, ""),
        ("GET /healthz HTTP/1.1\r\nhost x\r\n\r\n", ""),
        ("GET /healthz HTTP/1.1\r\nhost: x\r\nx-long: " + "x" * 100_000, ""),
    ]


class Stranger:
    def __init__(self, port, kind):
        first, self.more = (text.encode() for text in kind)
        self.socket = socket.create_connection(("127.0.0.1", port), timeout=30)
        self.socket.setblocking(False)
        self.say(first)

    def say(self, text):
        try:
            self.socket.send(text)
        except BlockingIOError:
            # Nobody listens at the moment.
            pass
        except (BrokenPipeError, ConnectionResetError):
            self.more = b""

    def go_on(self):
        if self.more:
            self.say(self.more)


def crowd(port, token, count):
    """So many of them, one after the other."""
    hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    every = kinds(token)
    for number in range(count):
        yield Stranger(port, every[number % len(every)])


def ask(friend, token, text):
    """Whether a token counts."""
    body = json.dumps({"token": text})
    head = f"POST /v1/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n"
    friend.sendall((head + body).encode())
    answer = b""
    while not answer.endswith(b"}"):
        part = friend.recv(65536)
        assert part, "the server hung up on a friend"
        answer += part
    head, _, said = answer.partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200 "), answer
    return json.loads(said)["active"]


def befriend(port, token):
    """Wrong answers of four: about a token that counts and one that nobody knows, over two connections."""
    wrong = 0
    for number in range(2):
        with socket.create_connection(("127.0.0.1", port), timeout=30) as friend:
            wrong += ask(friend, token, token) is not True
            wrong += ask(friend, token, f"cf_{number}") is not False
    return wrong


def main():
    port, server, count = (int(word) for word in sys.argv[1:])
    token = sys.stdin.read().strip()

    def held():
        """How many files the server has open: the kernel may keep what it has let go of, and say nothing to us."""
        return len(os.listdir(f"/proc/{server}/fd"))

    before, wrong, strangers = held(), 0, []
    for stranger in crowd(port, token, count):
        strangers.append(stranger)
        if len(strangers) % 50 == 0:
            wrong += befriend(port, token)
    began = time.monotonic()
    while (now := held()) > before and time.monotonic() - began < ENOUGH:
        for stranger in strangers:
            stranger.go_on()
        wrong += befriend(port, token)
    print(f"{wrong} wrong answers, {count} strangers, {max(0, now - before)} left")


if __name__ == "__main__":
    main()
