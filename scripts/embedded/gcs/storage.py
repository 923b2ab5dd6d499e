"""Objects of the double on disk: a file per generation, metadata in SQLite, and the rules that a write must pass."""

import json
import os
import sqlite3
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from typing import BinaryIO

from scripts.embedded.gcs.bodies import Body, BodyWriter, concatenate
from scripts.embedded.gcs.buckets import Buckets
from scripts.embedded.gcs.database import Database
from scripts.embedded.gcs.records import ObjectRecord, Preconditions, Properties, check_object_name, timestamp
from scripts.embedded.gcs.refusals import not_found
from scripts.embedded.gcs.write_rate import WriteRate

_INSERT = """INSERT INTO object VALUES (:bucket, :name, :generation, :metageneration, :size, :md5, :crc32c, :file,
             :content_type, :headers, :metadata, :created, :updated, :deleted)"""


class Storage:
    """Every object of one folder. A method that returns has put its change on the disk."""

    def __init__(self, folder: Path, seconds_between_writes: float = 1.0) -> None:
        self.arriving, self._objects = folder / "arriving", folder / "objects"
        for part in (folder, self.arriving, self._objects):
            part.mkdir(parents=True, exist_ok=True)
        self.database = Database(folder / "metadata.db")
        self.buckets = Buckets(self.database)
        self._rate = WriteRate(seconds_between_writes)
        self._last_generation = (
            self.database.connection().execute("SELECT coalesce(max(generation), 0) FROM object").fetchone()[0]
        )
        self._sweep()

    def new_body(self) -> BodyWriter:
        """Return a writer for a body of any size."""
        return BodyWriter(self.arriving)

    def put(
        self, bucket: str, name: str, body: Body, properties: Properties, preconditions: Preconditions
    ) -> ObjectRecord:
        """Make `body` the live generation of the object if the preconditions and the write rate allow it.

        Raises Refusal 404 (no bucket), 412 (precondition) or 429 (a second write to the name within the limit).
        """
        try:
            check_object_name(name)
            record, displaced = self._put(bucket, name, body, properties, preconditions)
        except BaseException:
            body.discard()
            raise
        self._forget_file(displaced)
        return record

    def copy(
        self, source: ObjectRecord, bucket: str, name: str, properties: Properties, preconditions: Preconditions
    ) -> ObjectRecord:
        """Write the bytes of `source` as a new generation of another (or the same) object."""
        return self.put(
            bucket, name, concatenate(self.arriving, [self._objects / source.file]), properties, preconditions
        )

    def find(self, bucket: str, name: str, generation: int | None = None) -> ObjectRecord | None:
        """Return the live generation, or the one named, or None."""
        self.buckets.require(bucket)
        return self._find(self.database.connection(), bucket, name, generation)

    def require(self, bucket: str, name: str, generation: int | None = None) -> ObjectRecord:
        """Return the live generation, or the one named; raises Refusal 404."""
        record = self.find(bucket, name, generation)
        if record is None:
            raise not_found(f"No such object: {bucket}/{name}")
        return record

    def open(
        self, bucket: str, name: str, generation: int | None, check: Callable[[ObjectRecord], None]
    ) -> tuple[ObjectRecord, BinaryIO]:
        """Return an object with its bytes opened, once `check` has passed; raises Refusal 404."""
        while True:
            record = self.require(bucket, name, generation)
            check(record)
            try:
                return record, (self._objects / record.file).open("rb")
            except FileNotFoundError:
                if self.find(bucket, name, generation) == record:
                    raise  # the bytes of a live object are gone: no answer can hide that

    def update(
        self, bucket: str, name: str, preconditions: Preconditions, change: Callable[[Properties], Properties]
    ) -> ObjectRecord:
        """Change the properties of the live object; raises Refusal 404, 412 or 429."""
        with self.database.transaction() as connection:
            current = self.require(bucket, name)
            preconditions.check(current)
            self._rate.check(bucket, name)
            changed = replace(
                current,
                metageneration=current.metageneration + 1,
                updated=timestamp(),
                properties=change(current.properties),
            )
            connection.execute(
                "DELETE FROM object WHERE bucket = ? AND name = ? AND generation = ?",
                (bucket, name, current.generation),
            )
            _insert(connection, changed)
            self._rate.note(bucket, name)
        return changed

    def delete(self, bucket: str, name: str, generation: int | None, preconditions: Preconditions) -> None:
        """Delete the live object (a versioned bucket keeps the generation) or, for good, the generation named."""
        with self.database.transaction() as connection:
            record = self.require(bucket, name, generation)
            preconditions.check(record)
            dropped = self._retire(connection, record, for_good=generation is not None)
        self._forget_file(dropped)

    def _put(
        self, bucket: str, name: str, body: Body, properties: Properties, preconditions: Preconditions
    ) -> tuple[ObjectRecord, str | None]:
        with self.database.transaction() as connection:
            self.buckets.require(bucket)
            current = self._find(connection, bucket, name, None)
            preconditions.check(current)
            self._rate.check(bucket, name)
            displaced = self._retire(connection, current) if current else None
            now = timestamp()
            record = ObjectRecord(
                bucket,
                name,
                self._next_generation(),
                1,
                body.size,
                body.md5,
                body.crc32c,
                body.path.name,
                now,
                now,
                None,
                properties,
            )
            _insert(connection, record)
            self._keep_file(body)
            self._rate.note(bucket, name)
        return record, displaced

    def _find(
        self, connection: sqlite3.Connection, bucket: str, name: str, generation: int | None
    ) -> ObjectRecord | None:
        values = (bucket, name) if generation is None else (bucket, name, generation)
        which = "deleted IS NULL" if generation is None else "generation = ?"
        text = f"SELECT * FROM object WHERE bucket = ? AND name = ? AND {which}"  # noqa: S608  (`which` is ours)  # nosec B608
        row = connection.execute(text, values).fetchone()
        return ObjectRecord.from_row(row) if row else None

    def _retire(self, connection: sqlite3.Connection, record: ObjectRecord, *, for_good: bool = False) -> str | None:
        """End a generation; return its file when nothing needs it any more."""
        key = (record.bucket, record.name, record.generation)
        if self.buckets.require(record.bucket).versioned and not for_good:
            connection.execute(
                "UPDATE object SET deleted = ? WHERE bucket = ? AND name = ? AND generation = ?", (timestamp(), *key)
            )
            return None
        connection.execute("DELETE FROM object WHERE bucket = ? AND name = ? AND generation = ?", key)
        return record.file

    def _next_generation(self) -> int:
        self._last_generation = max(self._last_generation + 1, time.time_ns() // 1000)
        return self._last_generation

    def _keep_file(self, body: Body) -> None:
        """Move the bytes to their place before the metadata names them: a kill leaves at most a file nobody names."""
        body.path.rename(self._objects / body.path.name)
        folder = os.open(self._objects, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)

    def _forget_file(self, file: str | None) -> None:
        if file is not None:
            (self._objects / file).unlink(missing_ok=True)

    def _sweep(self) -> None:
        """Remove what an earlier process left unfinished."""
        named = {row["file"] for row in self.database.connection().execute("SELECT file FROM object")}
        unfinished = [*self.arriving.iterdir(), *(path for path in self._objects.iterdir() if path.name not in named)]
        for path in unfinished:
            path.unlink()


def _insert(connection: sqlite3.Connection, record: ObjectRecord) -> None:
    values = {name: getattr(record, name) for name in ObjectRecord.__dataclass_fields__ if name != "properties"}
    properties = record.properties
    spelled = {"headers": json.dumps(dict(properties.headers)), "metadata": json.dumps(dict(properties.metadata))}
    connection.execute(_INSERT, {**values, **spelled, "content_type": properties.content_type})
