"""Where records are kept: in memory, in SQLite, in Postgres. One conformance suite holds them to one behaviour."""
