"""The double's metadata in SQLite: one connection a thread, writers one after another."""

import sqlite3
import threading
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

_SCHEMA = """
PRAGMA journal_mode = WAL;
CREATE TABLE IF NOT EXISTS bucket (
    name TEXT PRIMARY KEY, created TEXT NOT NULL, versioned INTEGER NOT NULL, settings TEXT NOT NULL);
CREATE TABLE IF NOT EXISTS object (
    bucket TEXT NOT NULL, name TEXT NOT NULL, generation INTEGER NOT NULL, metageneration INTEGER NOT NULL,
    size INTEGER NOT NULL, md5 TEXT NOT NULL, crc32c TEXT NOT NULL, file TEXT NOT NULL,
    content_type TEXT NOT NULL, headers TEXT NOT NULL, metadata TEXT NOT NULL,
    created TEXT NOT NULL, updated TEXT NOT NULL, deleted TEXT,
    PRIMARY KEY (bucket, name, generation)) WITHOUT ROWID;
CREATE UNIQUE INDEX IF NOT EXISTS live_object ON object (bucket, name) WHERE deleted IS NULL;
"""


class Database:
    """The metadata file of one store; a committed write is on the disk (`synchronous = FULL`)."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._threads = threading.local()
        self._writing = threading.Lock()
        self.connection().executescript(_SCHEMA)

    def connection(self) -> sqlite3.Connection:
        """Return this thread's connection; a SELECT on it sees every write committed before."""
        if not hasattr(self._threads, "connection"):
            opened = sqlite3.connect(self._path, isolation_level=None, timeout=30)
            opened.row_factory = sqlite3.Row
            opened.execute("PRAGMA synchronous = FULL")
            self._threads.connection = opened
        return self._threads.connection

    @contextmanager
    def transaction(self) -> Generator[sqlite3.Connection, None, None]:
        """Give the connection inside a write transaction that commits at the end, or rolls back on any error."""
        with self._writing:
            connection = self.connection()
            connection.execute("BEGIN IMMEDIATE")
            try:
                yield connection
                connection.execute("COMMIT")
            except BaseException:
                connection.execute("ROLLBACK")
                raise
