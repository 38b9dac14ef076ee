CREATE TABLE notes (
    job TEXT NOT NULL,
    key TEXT NOT NULL,
    value TEXT NOT NULL,
    PRIMARY KEY (job, key)
) WITHOUT ROWID;

-- record is the JSON of a RunRecord; started is in microseconds since 1970.
CREATE TABLE runs (
    number INTEGER PRIMARY KEY,
    run_id TEXT NOT NULL UNIQUE,
    job TEXT NOT NULL,
    started INTEGER NOT NULL,
    is_sent INTEGER NOT NULL DEFAULT 0,
    record TEXT NOT NULL
);
CREATE INDEX runs_of_a_job ON runs (job, number);
CREATE INDEX runs_to_send ON runs (number) WHERE is_sent = 0;

-- size and mtime (nanoseconds) are those of the file when it was read.
CREATE TABLE digests (
    method INTEGER NOT NULL,
    dev INTEGER NOT NULL,
    ino INTEGER NOT NULL,
    size INTEGER NOT NULL,
    mtime INTEGER NOT NULL,
    used INTEGER NOT NULL,
    digest BLOB NOT NULL,
    PRIMARY KEY (method, dev, ino)
) WITHOUT ROWID;

-- What was the same at both sides after the last run, path by path: kind, permissions, size and
-- modification time on either side.
CREATE TABLE bases (
    job TEXT NOT NULL,
    path BLOB NOT NULL,
    kind INTEGER NOT NULL,
    source_mode INTEGER NOT NULL,
    source_size INTEGER NOT NULL,
    source_seconds INTEGER NOT NULL,
    source_nanos INTEGER NOT NULL,
    destination_mode INTEGER NOT NULL,
    destination_size INTEGER NOT NULL,
    destination_seconds INTEGER NOT NULL,
    destination_nanos INTEGER NOT NULL,
    PRIMARY KEY (job, path)
) WITHOUT ROWID;
