-- People as last seen, one row a system. `folded` is the name without case and accents; `text_mark` tells whether the
-- searchable text changed, so that a refill rewrites no index in vain. `email_key`, `number_key` and `name_key` tell
-- which rows are one person; empty: cannot tell.
CREATE TABLE holders (
    n               INTEGER PRIMARY KEY,
    id              TEXT NOT NULL UNIQUE,
    tenant          TEXT NOT NULL,
    key_folded      TEXT NOT NULL,
    link            TEXT NOT NULL,
    first_name      TEXT NOT NULL,
    last_name       TEXT NOT NULL,
    description     TEXT NOT NULL,
    division        TEXT NOT NULL,
    employee_number TEXT NOT NULL,
    email           TEXT NOT NULL,
    authorised      INTEGER NOT NULL,
    as_of           INTEGER NOT NULL,
    folded          TEXT NOT NULL,
    email_folded    TEXT NOT NULL,
    email_key       TEXT NOT NULL,
    number_key      TEXT NOT NULL,
    name_key        TEXT NOT NULL,
    text_mark       TEXT NOT NULL,
    cards           INTEGER NOT NULL,
    need            TEXT
) STRICT;

CREATE INDEX holders_by_name ON holders (folded);
CREATE INDEX holders_by_email ON holders (email_folded) WHERE email_folded <> '';
CREATE INDEX holders_of_email ON holders (email_key, name_key) WHERE email_key <> '';
CREATE INDEX holders_of_number ON holders (number_key, name_key) WHERE number_key <> '';
CREATE INDEX holders_by_key ON holders (key_folded);
CREATE INDEX holders_by_age ON holders (tenant, as_of);

-- Times that belong to a fingerprint are kept as text, to the last digit; the others in milliseconds.
CREATE TABLE credentials (
    id           TEXT PRIMARY KEY,
    holder       INTEGER NOT NULL REFERENCES holders (n) ON DELETE CASCADE,
    place        INTEGER NOT NULL,
    link         TEXT NOT NULL,
    lasting_id   TEXT NOT NULL,
    class        TEXT NOT NULL,
    type_link    TEXT NOT NULL,
    type_name    TEXT NOT NULL,
    number       TEXT NOT NULL,
    issue_level  INTEGER,
    status       TEXT NOT NULL,
    status_word  TEXT NOT NULL,
    invited      TEXT,
    inv_email    TEXT,
    inv_phone    TEXT,
    inv_single   INTEGER,
    valid_from   TEXT,
    valid_until  TEXT,
    last_used    INTEGER,
    as_of        INTEGER NOT NULL,
    marker       TEXT,
    barred       INTEGER NOT NULL DEFAULT 0,
    particulars  TEXT,
    number_folded TEXT NOT NULL,
    key_folded   TEXT NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX credentials_by_holder ON credentials (holder, place);
CREATE INDEX credentials_by_number ON credentials (number_folded) WHERE number_folded <> '';
CREATE INDEX credentials_by_key ON credentials (key_folded);

-- Every word of every name, with the whole name beside it: the beginning of a word is found, and the other words of
-- the query are checked, without touching the people themselves.
CREATE TABLE words (
    word   TEXT NOT NULL,
    folded TEXT NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (word, folded, n)
) STRICT, WITHOUT ROWID;

CREATE VIRTUAL TABLE texts USING fts5 (
    name, number, contact, ident,
    content = '', contentless_delete = 1, tokenize = 'trigram remove_diacritics 1'
);

CREATE TABLE counts (
    name  TEXT PRIMARY KEY,
    value INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

INSERT INTO counts (name, value) VALUES ('holders', 0);

CREATE TRIGGER holders_counted AFTER INSERT ON holders
BEGIN
    UPDATE counts SET value = value + 1 WHERE name = 'holders';
END;

CREATE TRIGGER holders_discounted AFTER DELETE ON holders
BEGIN
    UPDATE counts SET value = value - 1 WHERE name = 'holders';
END;

CREATE TABLE fills (
    tenant    TEXT PRIMARY KEY,
    next      TEXT,
    completed INTEGER,
    began     INTEGER,
    seen      INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE about (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
