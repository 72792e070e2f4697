"""Logs in with the published client `automation-anywhere`, unmodified. Address and user name are the arguments, the
password comes on standard input; the user may have one session. Says so if all went as Control Room documents it;
fails otherwise."""

import http.client
import json
import sys
from urllib.parse import urlsplit

from automation_anywhere.base import Base


def the_client(url, username, password):
    wrong = Base(url)
    assert wrong.authenticate(username, password + "x") == (False, "Unable to login: Invalid username/password")
    assert wrong.authenticate("nobody", password) == (False, "Unable to login: Invalid username/password")
    assert wrong.token is None
    # It can only send what is missing as what is empty, and repeats our message.
    success, why = wrong.authenticate(username, "")
    assert (success, why.startswith("Unknown error: ")) == (False, True) and "password" in why, why

    room = Base(url)
    assert room.authenticate(username, password) == (True, None)
    assert room.user_info["username"] == username and isinstance(room.user_info["id"], int), room.user_info
    assert room.validate() == (True, None)

    first = room.token
    assert room.refresh() == (True, None)
    assert room.token != first and room.validate() == (True, None)
    old = Base(url)
    old.token = first
    assert old.validate() == (False, None)
    success, why = old.refresh()
    assert success is False and why.startswith("Unknown error: Access Token is invalid"), why

    # It asks for several sessions under a name that the vendor does not know: the second login ends the first.
    other = Base(url)
    assert other.authenticate(username, password, multiple_login=True) == (True, None)
    assert room.validate() == (False, None) and other.validate() == (True, None)

    assert other.logout() == (True, None)
    assert other.validate() == (False, None)
    assert other.logout() == (True, None), "logging out twice is no mistake"
    nobody = Base(url)
    nobody.headers = {}
    message = "Access token expected in the 'X-Authorization' header"
    assert nobody.logout() == (False, f"Unknown error: {message}")


def one_connection(url, username, password):
    """Two logins, a logout without a body and a question on one connection."""
    place = urlsplit(url)
    connection = http.client.HTTPConnection(place.hostname, place.port)
    connection.connect()
    socket = connection.sock

    def ask(method, path, body=None, **headers):
        connection.request(method, path, body and json.dumps(body), headers)
        answer = connection.getresponse()
        assert connection.sock is socket, "the connection was closed"
        return answer, answer.read()

    login = {"username": username, "password": password}
    for path in ["/v1/authentication", "//v1/authentication", "/v2/authentication/"]:
        answer, body = ask("POST", path, login)
        assert answer.status == 200, (path, body)
    token = json.loads(body)["token"]
    answer, body = ask("POST", "/v1/authentication/logout", **{"X-Authorization": token})
    assert (answer.status, body, answer.getheader("Content-Type")) == (204, b"", None)
    answer, body = ask("GET", "/v1/authentication/token?token=" + token)
    assert (answer.status, json.loads(body)) == (200, {"valid": False})
    answer, body = ask("POST", "/v1/authentication", {"username": username, "password": "wrong"})
    assert (answer.status, sorted(json.loads(body))) == (401, ["code", "details", "message"])
    connection.close()


def main(url, username, password):
    # The client puts nothing between the address and its paths.
    the_client(url.rstrip("/") + "/", username, password)
    one_connection(url, username, password)
    print("in, refreshed and out")


main(sys.argv[1], sys.argv[2], sys.stdin.read().strip())
