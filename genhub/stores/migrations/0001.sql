-- The journal of jobs. Times are microseconds since 1970 in UTC, amounts are decimal numbers as text, the rest of a
-- record is JSON. What is written here: see genhub/stores/_tables.py.

CREATE TABLE jobs (
    id TEXT NOT NULL PRIMARY KEY,
    key TEXT UNIQUE,             -- the caller's own: the same key is the same job
    created_at BIGINT NOT NULL,
    kind TEXT NOT NULL,
    label TEXT,
    status TEXT NOT NULL,        -- of the last attempt
    open INTEGER NOT NULL,       -- 1: the last attempt is not final, or is being resumed
    last INTEGER NOT NULL,       -- the number of the last attempt
    accounts TEXT NOT NULL,      -- that were asked for
    request TEXT NOT NULL
);

CREATE INDEX jobs_in_order ON jobs (created_at, id);

-- What a start has to look at: small, however long the history is.
CREATE INDEX jobs_open ON jobs (created_at, id) WHERE open = 1;

CREATE TABLE tags (
    name TEXT NOT NULL,
    value TEXT NOT NULL,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    PRIMARY KEY (name, value, job_id)
);

CREATE TABLE attempts (
    id TEXT NOT NULL PRIMARY KEY,
    job_id TEXT NOT NULL REFERENCES jobs (id),
    number INTEGER NOT NULL,
    account TEXT NOT NULL,
    provider TEXT NOT NULL,
    provider_id TEXT,            -- the vendor's id
    status TEXT NOT NULL,
    version INTEGER NOT NULL,    -- counts the writes of this row
    data TEXT NOT NULL,          -- the rest of the attempt, without its lines of the ledger
    intent TEXT NOT NULL,        -- what it meant to send; last, so that reading an attempt passes it by
    UNIQUE (job_id, number)
);

CREATE INDEX attempts_claimed ON attempts (account, provider_id);

-- The ledger. A sequence is unique in its attempt, and so is (attempt, kind, sequence).
CREATE TABLE entries (
    attempt_id TEXT NOT NULL REFERENCES attempts (id),
    sequence INTEGER NOT NULL,
    kind TEXT NOT NULL,
    amount TEXT,                 -- NULL: not said
    whole INTEGER NOT NULL,
    evidence TEXT NOT NULL,
    at BIGINT NOT NULL,
    settles INTEGER,
    note TEXT NOT NULL,
    account TEXT NOT NULL,
    job_id TEXT NOT NULL,
    PRIMARY KEY (attempt_id, sequence)
);

CREATE TRIGGER entries_are_not_changed BEFORE UPDATE ON entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TRIGGER entries_are_not_removed BEFORE DELETE ON entries
BEGIN
    SELECT RAISE(ABORT, 'the ledger is append-only');
END;

CREATE TABLE facts (
    name TEXT NOT NULL PRIMARY KEY,
    fact TEXT NOT NULL
);
