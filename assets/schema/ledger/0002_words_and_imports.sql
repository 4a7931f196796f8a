-- What people and vendors wrote: notes and remarks. Events hold only a seal over them, so that a row here can be purged
-- without touching the chain; it cannot be changed.
CREATE TABLE words (
    seq  INTEGER PRIMARY KEY,
    salt TEXT NOT NULL,
    text TEXT NOT NULL
) STRICT;

CREATE TRIGGER words_no_update BEFORE UPDATE ON words
BEGIN
    SELECT RAISE(ABORT, 'the words of an event cannot be changed, only purged');
END;

-- The journals of other consoles, from signed exports. Never mixed with our own chain: that holds one IMPORTED event
-- for each export, with the hash at which it ended.
CREATE TABLE imported_events (
    console     TEXT NOT NULL,
    seq         INTEGER NOT NULL,
    prev_hash   TEXT NOT NULL,
    hash        TEXT NOT NULL,
    intent      TEXT NOT NULL,
    attempt     INTEGER NOT NULL,
    kind        TEXT NOT NULL,
    payload     TEXT NOT NULL,
    operator    TEXT NOT NULL,
    wall        TEXT NOT NULL,
    mono        INTEGER NOT NULL,
    server_date TEXT,
    PRIMARY KEY (console, seq)
) STRICT, WITHOUT ROWID;

CREATE INDEX imported_events_by_intent ON imported_events (console, intent, seq);

CREATE TRIGGER imported_events_keep_order BEFORE INSERT ON imported_events
WHEN NEW.seq <> (SELECT coalesce(max(seq), 0) + 1 FROM imported_events WHERE console = NEW.console)
BEGIN
    SELECT RAISE(ABORT, 'an imported journal is append-only: not the next event');
END;

CREATE TRIGGER imported_events_no_update BEFORE UPDATE ON imported_events
BEGIN
    SELECT RAISE(ABORT, 'an imported journal is append-only: no update');
END;

CREATE TRIGGER imported_events_no_delete BEFORE DELETE ON imported_events
BEGIN
    SELECT RAISE(ABORT, 'an imported journal is append-only: no delete');
END;

CREATE INDEX events_of_imports ON events (seq) WHERE kind = 'IMPORTED';

-- Derived: one row an intent of another console. Can be thrown away and rebuilt from the imported events.
CREATE TABLE imported_intents (
    console      TEXT NOT NULL,
    intent       TEXT NOT NULL,
    holder       TEXT NOT NULL,
    marker       TEXT,
    state        TEXT NOT NULL,
    attempt      INTEGER NOT NULL,
    operator     TEXT NOT NULL,
    opened       TEXT NOT NULL,
    moved        TEXT NOT NULL,
    sent         TEXT,
    purpose_seq  INTEGER NOT NULL,
    snapshot_seq INTEGER,
    binding_seq  INTEGER,
    remark_seq   INTEGER,
    seq          INTEGER NOT NULL,
    PRIMARY KEY (console, intent)
) STRICT, WITHOUT ROWID;

CREATE INDEX imported_intents_by_holder ON imported_intents (holder);
CREATE INDEX imported_intents_by_marker ON imported_intents (marker) WHERE marker IS NOT NULL;
