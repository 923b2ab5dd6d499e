"""Pages of a bucket's object names, with the common prefixes that a delimiter makes."""

import base64
import json
import sqlite3
from dataclasses import dataclass, field

from scripts.embedded.gcs.records import ObjectRecord
from scripts.embedded.gcs.refusals import invalid
from scripts.embedded.gcs.storage import Storage

_BATCH = 500


Position = tuple[str, int]
_LAST = 2**63 - 1


@dataclass(frozen=True)
class Query:
    """What to list: names from `start` to before `end`, behind `after`, from the `position` of a page token."""

    bucket: str
    prefix: str = ""
    delimiter: str = ""
    start: str = ""
    end: str = ""
    after: str = ""
    position: Position | None = None
    versions: bool = False
    limit: int = 1000


@dataclass
class Page:
    """One page; `next_token` is None on the last."""

    objects: list[ObjectRecord] = field(default_factory=list)
    prefixes: list[str] = field(default_factory=list)
    next_token: str | None = None


def list_page(storage: Storage, query: Query) -> Page:
    """Return the next page of names in the order of their UTF-8 bytes."""
    storage.buckets.require(query.bucket)
    page, position = Page(), _first(query)
    while rows := _rows(storage.database.connection(), query, position):
        for row in rows:
            if not row["name"].startswith(query.prefix) or (query.end and row["name"] >= query.end):
                return page
            if (row["name"], row["generation"]) < position:
                continue  # it lies under a prefix that is on the page already
            if len(page.objects) + len(page.prefixes) >= query.limit:
                page.next_token = _token(position)
                return page
            position = _add(page, query, row)
    return page


def position_of(token: str) -> Position | None:
    """Read a page token back; an empty one is none. Raises Refusal 400 when it is none of ours."""
    if not token:
        return None
    try:
        name, generation = json.loads(base64.urlsafe_b64decode(token.encode()))
        return str(name), int(generation)
    except (ValueError, TypeError) as error:
        raise invalid(f"The page token {token!r} is not valid.") from error


def _first(query: Query) -> Position:
    after = (query.after, _LAST) if query.after else ("", 0)
    return max((query.prefix, 0), (query.start, 0), after, query.position or ("", 0))


def _rows(connection: sqlite3.Connection, query: Query, position: Position) -> list[sqlite3.Row]:
    live = "" if query.versions else "AND deleted IS NULL"
    rows = f"SELECT * FROM object WHERE bucket = ? AND (name, generation) >= (?, ?) {live}"  # noqa: S608  (`live` is ours)  # nosec B608
    values = (query.bucket, *position, min(_BATCH, query.limit + 1))
    return connection.execute(f"{rows} ORDER BY name, generation LIMIT ?", values).fetchall()


def _add(page: Page, query: Query, row: sqlite3.Row) -> Position:
    """Put a row (or its common prefix) on the page; return the position behind it."""
    head, found, _ = row["name"][len(query.prefix) :].partition(query.delimiter) if query.delimiter else ("", "", "")
    if not found:
        page.objects.append(ObjectRecord.from_row(row))
        return row["name"], row["generation"] + 1
    page.prefixes.append(query.prefix + head + found)
    return page.prefixes[-1] + "\U0010ffff", _LAST


def _token(position: Position) -> str:
    return base64.urlsafe_b64encode(json.dumps(position).encode()).decode()
