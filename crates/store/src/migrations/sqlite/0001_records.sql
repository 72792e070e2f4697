-- Every record of the house. Times are whole milliseconds since 1970, ids of sixteen bytes and digests are blobs, lists
-- and maps are JSON. There are no foreign keys: who may point to whom is decided in one place, before anything comes
-- here. Never edited once released: what changes later is the next number.

PRAGMA application_id = 0x43466F69; -- "CFoi"

CREATE TABLE meta (
    only        INTEGER PRIMARY KEY CHECK (only = 1),
    epoch       BLOB    NOT NULL,
    root_check  BLOB    NOT NULL,
    mark        INTEGER NOT NULL,
    next_token  INTEGER NOT NULL
) STRICT;

CREATE TABLE realm (
    id              INTEGER PRIMARY KEY,
    slug            TEXT    NOT NULL UNIQUE,
    name            TEXT    NOT NULL,
    uuid            BLOB    NOT NULL UNIQUE,
    next_principal  INTEGER NOT NULL,
    next_role       INTEGER NOT NULL,
    personal_tokens INTEGER NOT NULL,
    created         INTEGER NOT NULL,
    version         INTEGER NOT NULL
) STRICT;

CREATE TABLE principal (
    id               BLOB    NOT NULL PRIMARY KEY,
    realm            INTEGER NOT NULL,
    number           INTEGER NOT NULL,
    username         TEXT    NOT NULL,
    name_key         TEXT    NOT NULL, -- the user name as it is compared
    kind             TEXT    NOT NULL,
    email            TEXT    NOT NULL,
    first_name       TEXT    NOT NULL,
    last_name        TEXT    NOT NULL,
    description      TEXT    NOT NULL,
    roles            TEXT    NOT NULL,
    disabled         INTEGER NOT NULL,
    deleted          INTEGER,
    several_sessions INTEGER NOT NULL,
    password         TEXT,
    totp             BLOB,
    totp_step        INTEGER,
    licences         TEXT    NOT NULL,
    jwks             TEXT,
    created          INTEGER NOT NULL,
    created_by       BLOB,
    updated          INTEGER NOT NULL,
    updated_by       BLOB,
    last_login       INTEGER,
    version          INTEGER NOT NULL,
    UNIQUE (realm, number)
) STRICT;

CREATE UNIQUE INDEX principal_name ON principal (realm, name_key) WHERE deleted IS NULL;

CREATE TABLE role (
    id        BLOB    NOT NULL PRIMARY KEY,
    realm     INTEGER NOT NULL,
    number    INTEGER NOT NULL,
    name      TEXT    NOT NULL,
    scope_set INTEGER NOT NULL,
    created   INTEGER NOT NULL,
    updated   INTEGER NOT NULL,
    version   INTEGER NOT NULL,
    UNIQUE (realm, number),
    UNIQUE (realm, name)
) STRICT;

-- Few sets are held by many: each is kept once, found by its own content.
CREATE TABLE scope_set (
    id    INTEGER PRIMARY KEY,
    words TEXT    NOT NULL UNIQUE -- sorted, separated by single spaces
) STRICT;

CREATE TABLE scope_word (
    word      TEXT    NOT NULL,
    scope_set INTEGER NOT NULL,
    PRIMARY KEY (word, scope_set)
) STRICT, WITHOUT ROWID;

CREATE TABLE token (
    number      INTEGER PRIMARY KEY,
    realm       INTEGER NOT NULL,
    id          TEXT    NOT NULL,
    dialect     TEXT    NOT NULL,
    purpose     TEXT    NOT NULL,
    name        TEXT    NOT NULL,
    scope_set   INTEGER NOT NULL,
    principal   BLOB    NOT NULL,
    issuer      BLOB,
    personal    INTEGER NOT NULL,
    enabled     INTEGER NOT NULL,
    revoked     INTEGER,
    created     INTEGER NOT NULL,
    modified    INTEGER,
    not_before  INTEGER,
    expires     INTEGER,
    used_at     INTEGER,
    used_from   TEXT,
    networks    TEXT    NOT NULL,
    metadata    TEXT    NOT NULL,
    limit_count INTEGER,
    limit_per   INTEGER, -- milliseconds
    quota       INTEGER,
    version     INTEGER NOT NULL,
    UNIQUE (realm, id)
) STRICT;

-- The sorts that lists begin with. Sorting by last change or last use reads the whole realm: an index there would make
-- every flush of last uses pay.
CREATE INDEX token_name      ON token (realm, purpose, name, id);
CREATE INDEX token_created   ON token (realm, purpose, created, id);
CREATE INDEX token_expires   ON token (realm, purpose, ifnull(expires, 9223372036854775807), id);
CREATE INDEX token_principal ON token (principal);

CREATE TABLE text (
    digest BLOB    NOT NULL PRIMARY KEY,
    token  INTEGER NOT NULL,
    pepper INTEGER NOT NULL,
    until  INTEGER,
    state  TEXT    NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX text_token ON text (token);

CREATE TABLE replay (
    realm   INTEGER NOT NULL,
    actor   TEXT    NOT NULL,
    route   TEXT    NOT NULL,
    key     TEXT    NOT NULL,
    request BLOB    NOT NULL,
    sealed  BLOB    NOT NULL,
    until   INTEGER NOT NULL,
    PRIMARY KEY (realm, actor, route, key)
) STRICT, WITHOUT ROWID;

CREATE INDEX replay_until ON replay (until);

CREATE TABLE journal (
    sequence   INTEGER PRIMARY KEY AUTOINCREMENT,
    at         INTEGER NOT NULL,
    realm      INTEGER NOT NULL,
    actor      BLOB,
    credential TEXT,
    action     TEXT    NOT NULL,
    subject    TEXT    NOT NULL,
    detail     TEXT    NOT NULL
) STRICT;

CREATE INDEX journal_subject ON journal (subject);
