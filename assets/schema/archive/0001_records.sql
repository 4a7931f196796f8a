-- What vendors said, each version of it once. Rows are only ever added: vendors forget, this does not. Times are
-- milliseconds since 1970 (UTC).
CREATE TABLE records (
    seq       INTEGER PRIMARY KEY,
    prev_hash TEXT NOT NULL,
    hash      TEXT NOT NULL,
    tenant    TEXT NOT NULL,
    kind      TEXT NOT NULL,
    source    TEXT NOT NULL,
    id        TEXT NOT NULL,
    at        INTEGER,
    fetched   INTEGER NOT NULL,
    raw       TEXT NOT NULL
) STRICT;

CREATE INDEX records_by_id ON records (tenant, kind, id, seq);
CREATE INDEX records_by_source ON records (tenant, source, at);

CREATE TRIGGER records_keep_order BEFORE INSERT ON records
WHEN EXISTS (SELECT 1 FROM records WHERE seq >= NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the archive is append-only: not the next record');
END;

CREATE TRIGGER records_no_update BEFORE UPDATE ON records
BEGIN
    SELECT RAISE(ABORT, 'the archive is append-only: no update');
END;

CREATE TRIGGER records_no_delete BEFORE DELETE ON records
BEGIN
    SELECT RAISE(ABORT, 'the archive is append-only: no delete');
END;

-- For which time the record of a source is complete. Intervals of one source never touch: they are merged.
CREATE TABLE coverage (
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    since  INTEGER NOT NULL,
    until  INTEGER NOT NULL,
    PRIMARY KEY (tenant, source, since)
) STRICT, WITHOUT ROWID;

-- Whom this desk saw or acted on, and when it last did.
CREATE TABLE watched (
    tenant TEXT NOT NULL,
    source TEXT NOT NULL,
    last   INTEGER NOT NULL,
    PRIMARY KEY (tenant, source)
) STRICT, WITHOUT ROWID;

-- End users of vendors that offer no search. One row a generation of an id: an id that comes back after its end is
-- somebody else.
CREATE TABLE directory (
    n             INTEGER PRIMARY KEY,
    tenant        TEXT NOT NULL,
    consumer      TEXT NOT NULL,
    generation    INTEGER NOT NULL,
    display_name  TEXT NOT NULL,
    customer_ref  TEXT NOT NULL,
    last4         TEXT NOT NULL,
    tags          TEXT NOT NULL,
    source        TEXT NOT NULL,
    first_seen    INTEGER NOT NULL,
    last_verified INTEGER,
    tombstone     INTEGER,
    folded        TEXT NOT NULL,
    UNIQUE (tenant, consumer, generation)
) STRICT;

CREATE INDEX directory_by_name ON directory (tenant, folded);

-- Cards (parent empty) and digital cards (parent: their card, if known) of a row.
CREATE TABLE belongings (
    tenant TEXT NOT NULL,
    kind   TEXT NOT NULL,
    id     TEXT NOT NULL,
    n      INTEGER NOT NULL REFERENCES directory (n),
    parent TEXT NOT NULL,
    PRIMARY KEY (tenant, kind, id, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX belongings_of ON belongings (n);

-- Every word of every label, for its beginning.
CREATE TABLE directory_words (
    tenant TEXT NOT NULL,
    word   TEXT NOT NULL,
    n      INTEGER NOT NULL,
    PRIMARY KEY (tenant, word, n)
) STRICT, WITHOUT ROWID;

CREATE INDEX directory_words_of ON directory_words (n);

-- All labels, for anything inside them.
CREATE VIRTUAL TABLE directory_texts USING fts5 (
    label, content = '', contentless_delete = 1, tokenize = 'trigram remove_diacritics 1'
);
