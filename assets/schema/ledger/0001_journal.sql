-- The journal. Rows are only ever added: the triggers refuse everything else, also INSERT OR REPLACE.
CREATE TABLE events (
    seq         INTEGER PRIMARY KEY,
    prev_hash   TEXT NOT NULL,
    hash        TEXT NOT NULL,
    mac         TEXT NOT NULL,
    intent      TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    payload     TEXT NOT NULL,
    operator    TEXT NOT NULL,
    console_id  TEXT NOT NULL,
    wall        TEXT NOT NULL,
    mono        INTEGER NOT NULL,
    server_date TEXT
) STRICT;

CREATE INDEX events_by_intent ON events (intent, seq);

CREATE TRIGGER events_keep_order BEFORE INSERT ON events
WHEN EXISTS (SELECT 1 FROM events WHERE seq >= NEW.seq)
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: not the next event');
END;

CREATE TRIGGER events_no_update BEFORE UPDATE ON events
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: no update');
END;

CREATE TRIGGER events_no_delete BEFORE DELETE ON events
BEGIN
    SELECT RAISE(ABORT, 'the journal is append-only: no delete');
END;

-- Derived: one row an intent, as it stands. Can be thrown away and rebuilt from the events. The *_seq columns
-- name the event that carries the latest payload of that sort, so that nothing is stored twice.
CREATE TABLE intents (
    intent       TEXT PRIMARY KEY,
    tenant       TEXT NOT NULL,
    holder       TEXT NOT NULL,
    type_link    TEXT NOT NULL,
    act          TEXT NOT NULL,
    saga         TEXT NOT NULL,
    old_id       TEXT,
    state        TEXT NOT NULL,
    finished     INTEGER NOT NULL,
    attempt      INTEGER NOT NULL,
    operator     TEXT NOT NULL,
    opened       TEXT NOT NULL,
    moved        TEXT NOT NULL,
    sent         TEXT,
    purpose_seq  INTEGER NOT NULL,
    snapshot_seq INTEGER,
    binding_seq  INTEGER,
    remark_seq   INTEGER,
    seq          INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE INDEX intents_by_seq ON intents (seq);
CREATE INDEX intents_by_holder ON intents (holder, seq);
CREATE INDEX intents_by_saga ON intents (saga);
CREATE INDEX intents_unfinished ON intents (purpose_seq) WHERE finished = 0;
CREATE INDEX intents_replacing ON intents (purpose_seq)
    WHERE act = 'issue' AND state = 'DONE' AND old_id IS NOT NULL;

-- Who is working on which person right now. Worthless after a restart, so it is not part of the chain.
CREATE TABLE leases (
    holder  TEXT PRIMARY KEY,
    pid     INTEGER NOT NULL,
    boot    TEXT NOT NULL,
    started INTEGER NOT NULL
) STRICT, WITHOUT ROWID;

CREATE TABLE about (
    name  TEXT PRIMARY KEY,
    value TEXT NOT NULL
) STRICT, WITHOUT ROWID;
