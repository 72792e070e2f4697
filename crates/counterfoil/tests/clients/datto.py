"""Logs in to Datto RMM's dialect with the published client `ezsession` 0.0.16, unmodified, and makes the calls that
others make after their login. Ends with 0 and the line `ok` if all went as with the vendor, else with a traceback.

    datto.py BASE_URL KEY SECRET

Give the secret away to nobody else: `ezsession` prints it.
"""

import contextlib
import io
import sys

import requests
from ezsession import get_session

# Members of the answer that the client copies into the headers of every later call (contract X9).
COPIED = ["access_token", "expires_in", "jti"]


def logged_in(base, key, secret):
    """The client's session; what it prints is its own affair."""
    with contextlib.redirect_stdout(io.StringIO()):
        return get_session(
            type="oauth_basic",
            auth_uri=f"{base}/auth/oauth/token",
            username=key,
            password=secret,
            server="x",
        )


def refused(base, key, secret):
    try:
        logged_in(base, key, secret)
    except requests.HTTPError as error:
        return error.response
    raise AssertionError("the server let it in")


def expect(reply, status):
    assert reply.status_code == status, f"{reply.request.method} {reply.url}: {reply.status_code} {reply.text}"
    assert reply.headers["Content-Type"].startswith("application/json"), reply.headers
    return reply.json()


def main(base, key, secret):
    session = logged_in(base, key, secret)
    assert session.headers["Authorization"].startswith("bearer "), "the scheme is the answer's token_type"
    for name in COPIED:
        assert name in session.headers, f"{name} is not among the headers"

    assert expect(session.get(f"{base}/api/v2/system/status"), 200).keys() >= {"version", "status", "started"}
    before = expect(session.get(f"{base}/api/v2/system/request_rate"), 200)
    assert (before["accountRateLimit"], before["slidingTimeWindowSizeSeconds"]) == (600, 60), before
    assert expect(session.get(f"{base}/api/v2/system/pagination"), 200) == {"max": 250}
    assert expect(session.get(f"{base}/api/v2/account"), 200)["uid"] == before["accountUid"]
    after = expect(session.get(f"{base}/api/v2/system/request_rate"), 200)
    assert after["accountCount"] == before["accountCount"] + 3, (before, after)

    # A slash too many is tolerated, and a wrong secret is 400, not 401 (D14, D20).
    logged_in(f"{base}/", key, secret)
    bad = refused(base, key, secret[::-1])
    assert expect(bad, 400) == {"error": "invalid_grant", "error_description": "Bad credentials"}

    # New keys: the old pair and its token are over (D15).
    new = expect(session.post(f"{base}/api/v2/user/resetApiKeys"), 200)
    assert expect(session.get(f"{base}/api/v2/account"), 401)["error"] == "invalid_token"
    assert expect(refused(base, key, secret), 400)["error"] == "invalid_grant"
    session = logged_in(base, new["apiAccessKey"], new["apiSecretKey"])
    expect(session.get(f"{base}/api/v2/account"), 200)
    print("ok")


if __name__ == "__main__":
    main(*sys.argv[1:])
