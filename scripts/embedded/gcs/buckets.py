"""The buckets of the double."""

import json
import sqlite3
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.embedded.gcs.database import Database
from scripts.embedded.gcs.records import check_bucket_name, timestamp
from scripts.embedded.gcs.refusals import Refusal, not_found


@dataclass(frozen=True)
class Bucket:
    """A bucket; `settings` is what the client sent when it made or changed it."""

    name: str
    created: str
    versioned: bool
    settings: Mapping[str, Any]


class Buckets:
    """Makes, finds, changes and removes buckets; every change is on the disk when the method returns."""

    def __init__(self, database: Database) -> None:
        self._database = database

    def create(self, resource: Mapping[str, Any]) -> Bucket:
        """Make a bucket from a bucket resource; raises Refusal 409 when it exists, 400 when its name is not valid."""
        name = check_bucket_name(resource.get("name"))
        created = timestamp()
        try:
            with self._database.transaction() as connection:
                connection.execute(
                    "INSERT INTO bucket VALUES (?, ?, ?, ?)",
                    (name, created, _versioned(resource), json.dumps(resource)),
                )
        except sqlite3.IntegrityError as error:
            raise Refusal(409, "conflict", f"You already own the bucket {name}.") from error
        return self.require(name)

    def require(self, name: str) -> Bucket:
        """Return the bucket; raises Refusal 404."""
        row = self._database.connection().execute("SELECT * FROM bucket WHERE name = ?", (name,)).fetchone()
        if row is None:
            raise not_found(f"The bucket {name} does not exist.")
        return _bucket(row)

    def list(self, prefix: str = "") -> list[Bucket]:
        """Return the buckets whose name begins with `prefix`, in order."""
        rows = self._database.connection().execute("SELECT * FROM bucket ORDER BY name")
        return [_bucket(row) for row in rows if row["name"].startswith(prefix)]

    def change(self, name: str, resource: Mapping[str, Any]) -> Bucket:
        """Merge a bucket resource into the settings of a bucket."""
        with self._database.transaction() as connection:
            settings = {**self.require(name).settings, **resource, "name": name}
            connection.execute(
                "UPDATE bucket SET versioned = ?, settings = ? WHERE name = ?",
                (_versioned(settings), json.dumps(settings), name),
            )
        return self.require(name)

    def delete(self, name: str) -> None:
        """Remove an empty bucket; raises Refusal 409 when it holds an object of any generation."""
        with self._database.transaction() as connection:
            self.require(name)
            if connection.execute("SELECT 1 FROM object WHERE bucket = ? LIMIT 1", (name,)).fetchone():
                raise Refusal(409, "conflict", f"The bucket {name} is not empty.")
            connection.execute("DELETE FROM bucket WHERE name = ?", (name,))


def _bucket(row: sqlite3.Row) -> Bucket:
    return Bucket(row["name"], row["created"], bool(row["versioned"]), json.loads(row["settings"]))


def _versioned(resource: Mapping[str, Any]) -> bool:
    return bool((resource.get("versioning") or {}).get("enabled"))
