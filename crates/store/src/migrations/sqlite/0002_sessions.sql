-- Sessions, the keys that sign them, who may not try again for a while, and texts that are shown again. Conventions as in the first migration;
-- networks and actors are JSON, an address is text.

-- Listed by id, which is the order in which they began: the rows lie in that order, and so does every index below among
-- its equals.
CREATE TABLE session (
    id             BLOB    NOT NULL PRIMARY KEY,
    realm          INTEGER NOT NULL,
    digest         BLOB    NOT NULL UNIQUE,
    principal      BLOB    NOT NULL,
    bought_with    INTEGER,
    dialect        TEXT    NOT NULL,
    scope_set      INTEGER NOT NULL,
    audience       TEXT    NOT NULL,
    client         TEXT    NOT NULL,
    actors         TEXT    NOT NULL,
    kid            TEXT    NOT NULL,
    networks       TEXT    NOT NULL,
    address        TEXT,
    multiple       INTEGER NOT NULL,
    refreshed_from BLOB,
    issued         INTEGER NOT NULL,
    expires        INTEGER NOT NULL,
    ended          INTEGER
) STRICT, WITHOUT ROWID;

CREATE INDEX session_principal   ON session (principal);
CREATE INDEX session_bought_with ON session (bought_with) WHERE bought_with IS NOT NULL;
CREATE INDEX session_kid         ON session (kid);
CREATE INDEX session_expires     ON session (expires);

CREATE TABLE signing_key (
    kid       TEXT    NOT NULL PRIMARY KEY,
    realm     INTEGER NOT NULL,
    dialect   TEXT    NOT NULL,
    algorithm TEXT    NOT NULL,
    state     TEXT    NOT NULL,
    public    TEXT    NOT NULL, -- a JWK
    sealed    BLOB    NOT NULL,
    created   INTEGER NOT NULL,
    changed   INTEGER NOT NULL,
    version   INTEGER NOT NULL
) STRICT;

CREATE INDEX signing_key_realm ON signing_key (realm, created, kid);

CREATE TABLE login_lock (
    principal BLOB    NOT NULL,
    network   TEXT    NOT NULL,
    password  INTEGER NOT NULL,
    since     INTEGER NOT NULL,
    PRIMARY KEY (principal, network, password)
) STRICT, WITHOUT ROWID;

-- A live text under the data key, where the vendor shows it again; else nothing.
ALTER TABLE text ADD COLUMN sealed BLOB;
