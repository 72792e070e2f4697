"""So many connections that say nothing or begin a request and leave it there; good requests beside them, then all end.

usage: crowd.py PORT COUNT, a token on standard input
"""

import resource
import socket
import sys

port, count = int(sys.argv[1]), int(sys.argv[2])
token = sys.stdin.read().strip()
hard = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))


def connect():
    return socket.create_connection(("127.0.0.1", port), timeout=30)


def ask(connection):
    body = b'{"token":"' + token.encode() + b'"}'
    head = f"POST /v1/verify HTTP/1.1\r\nhost: x\r\nauthorization: Bearer {token}\r\ncontent-length: {len(body)}\r\n\r\n"
    connection.sendall(head.encode() + body)
    answer = b""
    while not answer.endswith(b"}"):
        part = connection.recv(65536)
        assert part, "the server hung up"
        answer += part
    return answer.startswith(b"HTTP/1.1 200") and b'"active":true' in answer


crowd = []
good = 0
with connect() as friend:
    for number in range(count):
        stranger = connect()
        if number % 2:
            stranger.sendall(b"POST /v1/verify HTTP/1.1\r\nhost: x\r\nauthoriz")
        crowd.append(stranger)
        if number % 20 == 0:
            good += ask(friend)
    good += sum(ask(friend) for _ in range(count // 20))
print(f"{good} good answers among {len(crowd)}")
