-- Texts in the order of their tokens, which is the order in which a load reads both, and in which they are issued.
CREATE TABLE text_in_order (
    token  INTEGER NOT NULL,
    digest BLOB    NOT NULL,
    pepper INTEGER NOT NULL,
    until  INTEGER,
    state  TEXT    NOT NULL,
    sealed BLOB,
    PRIMARY KEY (token, digest)
) STRICT, WITHOUT ROWID;

INSERT INTO text_in_order (token, digest, pepper, until, state, sealed)
SELECT token, digest, pepper, until, state, sealed FROM text ORDER BY token;

DROP TABLE text;
ALTER TABLE text_in_order RENAME TO text;
CREATE UNIQUE INDEX text_digest ON text (digest);
