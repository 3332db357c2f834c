"""The tables of a memory in Postgres. Every statement may be run again."""

from __future__ import annotations

VERSION = 1

# Sizes lie in several rows, one for each of some writers, so that they need not wait for each other's commit.
TALLIES = 16

# In the order of bytes, as Python compares str: ties and pages are the same in every store.
TABLES = f"""
CREATE TABLE IF NOT EXISTS state (
    one boolean PRIMARY KEY DEFAULT true CHECK (one),
    version integer NOT NULL,
    dimension integer NOT NULL
);
INSERT INTO state (version, dimension) VALUES ({VERSION}, 0) ON CONFLICT DO NOTHING;
CREATE TABLE IF NOT EXISTS records (
    id text COLLATE "C" PRIMARY KEY,
    text text NOT NULL,
    embedding vector NOT NULL,
    created bigint NOT NULL,
    tags text[] NOT NULL,
    lane text NOT NULL,
    importance double precision NOT NULL,
    depth integer NOT NULL,
    folded_into text COLLATE "C",
    words tsvector NOT NULL
);
ALTER TABLE records ALTER COLUMN embedding SET STORAGE MAIN;
CREATE INDEX IF NOT EXISTS live_by_age ON records (created, id) WHERE folded_into IS NULL;
CREATE INDEX IF NOT EXISTS tags_of_records ON records USING gin (tags);
CREATE INDEX IF NOT EXISTS words_of_records ON records USING gin (words);
CREATE TABLE IF NOT EXISTS folds (
    key text COLLATE "C" PRIMARY KEY,
    summary text COLLATE "C" NOT NULL UNIQUE,
    at bigint NOT NULL
);
CREATE TABLE IF NOT EXISTS sources (
    source text COLLATE "C" PRIMARY KEY,
    summary text COLLATE "C" NOT NULL,
    place integer NOT NULL
);
CREATE INDEX IF NOT EXISTS sources_of_summary ON sources (summary, place);
CREATE TABLE IF NOT EXISTS tallies (
    slot integer PRIMARY KEY,
    live bigint NOT NULL,
    cold bigint NOT NULL,
    folds bigint NOT NULL
);
INSERT INTO tallies SELECT slot, 0, 0, 0 FROM generate_series(0, {TALLIES - 1}) AS slot ON CONFLICT DO NOTHING;
"""
