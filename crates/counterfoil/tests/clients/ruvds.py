"""Manages tokens with the Python client `pyruvds`, which openapi-generator makes of the vendor's specification,
unmodified:

    openapi-generator-cli generate -g python -i ruvds-tokens.openapi.yaml -o OUT --package-name pyruvds

The arguments are the address, the address of a second mount with `rate_limit = 3` and `rate_window = "1s"`, and a user
name; the user's password comes on standard input. Says so if all went as RUVDS documents it; fails otherwise."""

import sys
import time
from datetime import datetime, timedelta, timezone
from uuid import UUID, uuid4

import pyruvds
from pyruvds.exceptions import ApiException, ForbiddenException, NotFoundException, UnauthorizedException


def api(url, **credentials):
    return pyruvds.TokensApi(pyruvds.ApiClient(pyruvds.Configuration(host=url, **credentials)))


def refused(kind, ask):
    try:
        ask()
    except kind as why:
        return why
    raise AssertionError(f"{kind} was expected")


def main(url, narrow, username, password):
    cabinet = api(url, username=username, password=password)

    # R2: everything is read by the strict models.
    expiry = datetime.now(timezone.utc) + timedelta(days=1)
    for name, role, end in (("имя", "read", None), ("writer", "write", expiry)):
        made = cabinet.tokens_create(
            pyruvds.TokenCreate(token_name=name, token_role=role, token_expiry=end)
        )
        assert isinstance(made.token_id, UUID) and len(made.token_secret) == 64, made
        shown = cabinet.tokens_get(made.token_id)
        assert (shown.name, shown.role) == (name, role), shown
        if end is None:
            assert shown.expiry is None, shown
            reader = made
        else:
            assert abs(shown.expiry - end) < timedelta(milliseconds=1), shown
            writer = made
    listed = {token.token_id: token for token in cabinet.tokens_list().tokens}
    assert listed[reader.token_id].expiry is None, listed

    # R9: with both credentials the bearer is what arrives, and a reader makes no writer.
    both = api(url, username=username, password=password, access_token=reader.token_secret)
    more = pyruvds.TokenCreate(token_name="more", token_role="write")
    why = refused(ForbiddenException, lambda: both.tokens_create(more))
    # R19: the body is the documented one.
    assert isinstance(why.data, pyruvds.ApiForbiddenError), why
    assert isinstance(why.data.user_id, UUID) and why.data.id == "forbidden", why.data

    # R10: a new secret under the same id, the old one dead at once.
    renewed = cabinet.tokens_put(writer.token_id)
    assert renewed.token_id == writer.token_id and renewed.token_secret != writer.token_secret
    why = refused(UnauthorizedException, api(url, access_token=writer.token_secret).tokens_list)
    assert why.data.id == "auth_error", why
    assert not [name for name in why.headers if name.lower().startswith("ratelimit")], why.headers
    assert api(url, access_token=renewed.token_secret).tokens_get(writer.token_id).role == "write"
    why = refused(NotFoundException, lambda: cabinet.tokens_get(uuid4()))
    assert why.data.id == "not_found", why

    # R16: what is one too many the client repeats by itself as often as it may, and a create not at all.
    hasty = api(narrow, access_token=renewed.token_secret)
    before = time.monotonic()
    for _ in range(6):
        hasty.tokens_list()
    assert time.monotonic() - before >= 1, "the limit was never reached"
    more = pyruvds.TokenCreate(token_name="more", token_role="read")
    why = refused(ApiException, lambda: [hasty.tokens_create(more) for _ in range(40)])
    assert (why.status, why.data.id) == (429, "rate_limit_exceeded"), why
    assert why.headers["retry-after"] == "1" and why.headers["ratelimit-remaining"] == "0", why.headers

    print("every operation of RUVDS")


main(sys.argv[1], sys.argv[2], sys.argv[3], sys.stdin.read().strip())
