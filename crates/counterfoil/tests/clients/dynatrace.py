"""Manages tokens with the published client `dt`, unmodified. The address is the argument, the token comes on standard
input. Says so if all went as Dynatrace documents it; fails otherwise."""

import sys
from datetime import datetime, timedelta, timezone

from dynatrace import Dynatrace
from dynatrace.environment_v2.tokens_api import (
    SCOPE_API_TOKENS_READ,
    SCOPE_API_TOKENS_WRITE,
    SCOPE_ENTITIES_READ,
    SCOPE_LOG_IMPORT,
    SCOPE_METRICS_READ,
    ApiTokenUpdate,
)

COUNT = 450


def refused(status, ask):
    """The client raises a bare exception whose text holds the status."""
    try:
        ask()
    except Exception as why:
        assert f"<Response [{status}]>" in str(why), why
        return str(why)
    raise AssertionError(f"{status} was expected")


def main(url, first):
    root = Dynatrace(url, first).tokens

    # A manager of tokens works with a Dynatrace token of its own.
    manager = root.create("manager", [SCOPE_API_TOKENS_READ, SCOPE_API_TOKENS_WRITE])
    assert manager.token.startswith(manager.id + ".") and manager.id.startswith("dt0c01."), manager.id
    assert manager.expiration_date is None
    # A slash at the end of the address is the client's to drop.
    tokens = Dynatrace(url + "/", manager.token).tokens

    created = {}
    for number in range(COUNT):
        scopes = [SCOPE_METRICS_READ] if number % 3 else [SCOPE_LOG_IMPORT, SCOPE_ENTITIES_READ]
        expires = "now+14d" if number % 2 else None
        made = tokens.create(f"token {number:03}", scopes, expiration_date=expires)
        assert made.id not in created and made.token.startswith(made.id + ".")
        if expires:
            left = made.expiration_date.replace(tzinfo=timezone.utc) - datetime.now(timezone.utc)
            assert timedelta(days=13, hours=23) < left < timedelta(days=14, minutes=1), left
        created[made.id] = made

    # Three pages of at most 200, the first to say how many there are.
    everything = tokens.list(fields="+scopes,+expirationDate", sort="name")
    rows = list(everything)
    ours = [row for row in rows if row.name.startswith("token ")]
    assert len(everything) == len(rows) == COUNT + 1, (len(everything), len(rows))
    assert [row.name for row in ours] == [f"token {number:03}" for number in range(COUNT)]
    assert {row.id for row in rows} == set(created) | {manager.id}
    assert all(row.owner == "admin" and row.enabled and not row.personal_access_token for row in rows)
    assert sum(row.expiration_date is not None for row in ours) == COUNT // 2
    assert all(row.scopes for row in rows)

    backwards = list(tokens.list(sort="-name"))
    assert [row.id for row in backwards] == [row.id for row in reversed(rows)]
    log_import = list(tokens.list(api_token_selector=f'owner("admin"),scope("{SCOPE_LOG_IMPORT}")', fields="scopes"))
    assert len(log_import) == COUNT // 3, len(log_import)
    assert all(SCOPE_LOG_IMPORT in row.scopes and row.name is None and row.id for row in log_import)
    personal = list(tokens.list(api_token_selector="personalAccessToken(true)"))
    assert personal == [], personal
    now = datetime.now(timezone.utc)
    # These are about the last use, and only the manager was used.
    used = list(tokens.list(time_from=now - timedelta(hours=1), time_to="now"))
    assert [row.id for row in used] == [manager.id], used
    assert list(tokens.list(time_from="now-2d", time_to=now - timedelta(days=1))) == []

    one = tokens.get(rows[7].id)
    assert (one.id, one.name, one.owner, one.enabled) == (rows[7].id, rows[7].name, "admin", True)
    assert one.creation_date and one.scopes and one.last_used_date is None
    found = tokens.lookup(created[one.id].token)
    assert (found.id, found.name, found.scopes) == (one.id, one.name, one.scopes)
    used = tokens.get(manager.id)
    assert used.last_used_date is not None and used.last_used_ip_address == "127.0.0.1", used.last_used_ip_address

    answer = tokens.put(one.id, ApiTokenUpdate(name="renamed", scopes=[SCOPE_METRICS_READ, SCOPE_ENTITIES_READ]))
    assert (answer.status_code, answer.content) == (204, b"")
    changed = tokens.get(one.id)
    assert changed.name == "renamed" and sorted(changed.scopes) == sorted([SCOPE_METRICS_READ, SCOPE_ENTITIES_READ])
    assert tokens.put(one.id, ApiTokenUpdate(enabled=False)).status_code == 204
    assert tokens.get(one.id).enabled is False and tokens.lookup(created[one.id].token).enabled is False
    tokens.put(one.id, ApiTokenUpdate(enabled=True))
    assert tokens.get(one.id).enabled is True

    # By id, by the whole secret, and through the object itself.
    assert tokens.delete(one.id).status_code == 204
    refused(404, lambda: tokens.get(one.id))
    refused(404, lambda: tokens.lookup(created[one.id].token))
    refused(404, lambda: tokens.delete(one.id))
    assert tokens.delete(created[rows[8].id].token).status_code == 204
    assert rows[9].delete().status_code == 204
    assert len(tokens.list()) == COUNT - 2

    # What Dynatrace refuses.
    refused(400, lambda: tokens.delete(manager.id))
    refused(400, lambda: tokens.put(manager.id, ApiTokenUpdate(enabled=False)))
    assert "scopes" in refused(400, lambda: tokens.create("x", ["no.such.scope"]))
    assert "expirationDate" in refused(400, lambda: tokens.create("x", [SCOPE_METRICS_READ], expiration_date="now-1d"))
    assert "name" in refused(400, lambda: tokens.create(" ", [SCOPE_METRICS_READ]))
    assert "apiTokenSelector" in refused(400, lambda: tokens.list(api_token_selector="nonsense("))
    assert "sort" in refused(400, lambda: tokens.list(sort="owner"))
    refused(401, lambda: Dynatrace(url, "dt0c01.NO.SUCH").tokens.list())
    reader = tokens.create("reader", [SCOPE_METRICS_READ]).token
    refused(403, lambda: Dynatrace(url, reader).tokens.create("x", [SCOPE_METRICS_READ]))
    print(f"{COUNT} tokens and every operation")


main(sys.argv[1], sys.stdin.read().strip())
