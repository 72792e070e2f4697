-- Gates. Conventions as in the first migration; callers, dialects, places and strip are JSON lists of words, rules are
-- [methods, path, scopes], headers are [header, fact].
CREATE TABLE gate (
    name        TEXT    NOT NULL PRIMARY KEY,
    realm       INTEGER NOT NULL,
    callers     TEXT    NOT NULL,
    scope_set   INTEGER NOT NULL,
    rules       TEXT    NOT NULL,
    dialects    TEXT    NOT NULL,
    places      TEXT    NOT NULL,
    limit_count INTEGER,
    limit_per   INTEGER, -- milliseconds
    on_limit    INTEGER NOT NULL,
    headers     TEXT    NOT NULL,
    strip       TEXT    NOT NULL,
    created     INTEGER NOT NULL,
    updated     INTEGER NOT NULL,
    version     INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX gate_realm ON gate (realm, name);
