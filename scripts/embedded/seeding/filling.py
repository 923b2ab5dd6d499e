"""Brings a community into the primary's database by COPY, no faster than the standbys follow, and its pictures into every bucket.

Every batch is one transaction, so a run that is ended in the middle goes on where it was.
"""

import asyncio
import time
from collections.abc import Callable, Iterable, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field
from typing import Any, LiteralString

import psycopg
from psycopg import sql

from app import copies
from app.security import hash_password
from app.stores import Store
from scripts.embedded.seeding.drawing import POOL, Drawn, draw
from scripts.embedded.seeding.people import Community, Row
from scripts.embedded.seeding.posts import PICTURE_EVERY, Batch, Posts
from scripts.runbook.errors import OtherCommunity, SeedingStopped

Connection = psycopg.Connection[Any]

PASSWORD = "all aboard the lifeboat"  # noqa: S105 everybody in an invented community has the same
BATCH_POSTS = 1000
# How many batches the slowest standby may be behind: it confirms within seconds, so that it stays in the rule.
BATCHES_AHEAD = 2
PATIENCE_SECONDS = 120.0
LABEL = "%.seed.example"

# Parents before children: a batch's rows are copied in this order.
TABLES: tuple[tuple[str, LiteralString], ...] = (
    ("statuses", "status (id, account_id, in_reply_to_id, in_reply_to_account_id, reblog_of_id, text, spoiler_text, "
     "sensitive, visibility, language, created_at)"),
    ("mentions", "mention (status_id, account_id)"),
    ("tags", "status_tag (name, status_id)"),
    ("pictures", "media_attachment (id, account_id, status_id, key, width, height, size, description, blurhash, sizes, "
     "created_at)"),
    ("favourites", "favourite (id, account_id, status_id, created_at)"),
    ("notifications", "notification (id, account_id, from_account_id, status_id, kind, created_at)"),
)  # fmt: skip
ACCOUNTS: LiteralString = "account (id, username, email, password_hash, display_name, note, language, created_at)"
FOLLOWS: LiteralString = "follow (id, account_id, target_id, created_at)"

_POSITIONS = """
SELECT pg_current_wal_lsn() - '0/0', array(SELECT DISTINCT jsonb_array_elements_text(clause -> 'sync')
    FROM lifeboat.fence, jsonb_array_elements(rule) AS clause)
"""
_CONFIRMED = """
SELECT substr(slot_name, 4), confirmed_flush_lsn - '0/0' FROM pg_replication_slots WHERE slot_name LIKE 'to\\_%'
"""


@dataclass(frozen=True)
class Filled:
    """What a run did: posts written by it and there before, seconds of writing, and how long each standby took after."""

    written: int
    there_before: int
    seconds: float
    caught_up: dict[str, float] = field(default_factory=dict)

    @property
    def posts_per_second(self) -> float:
        return self.written / self.seconds if self.seconds else 0.0


def fill(database: Connection, buckets: Sequence[Store], community: Community, tell: Callable[[str], None]) -> Filled:
    """Write what is missing of a community, and return when every standby of the rule has all of it.

    `database`: the primary's, autocommit, in the app's role. Raises OtherCommunity, or SeedingStopped when the site takes
    no writes any more, or a standby does not follow.
    """
    try:
        _must_be_the_same(database, community)
        return _fill(database, buckets, community, tell)
    except psycopg.Error as reason:
        raise SeedingStopped(str(reason).strip().splitlines()[0]) from reason


def draw_pool(community: Community, buckets: Sequence[Store], tell: Callable[[str], None]) -> list[Drawn]:
    """Draw the pictures that the posts show, and keep each in every bucket."""
    wanted = min(POOL, -(-community.posts // PICTURE_EVERY))
    with ThreadPoolExecutor(8) as pool:
        drawing = [pool.submit(_draw_and_keep, community.seed, number, buckets) for number in range(wanted)]
        drawn = []
        for number, one in enumerate(drawing, 1):
            drawn.append(one.result())
            tell(f"{number} of {wanted} pictures")
    return drawn


def missing_batches(database: Connection, posts: Posts) -> list[range]:
    """Return the batches whose last post is not there."""
    total = posts.community.posts
    batches = [range(first, min(first + BATCH_POSTS, total)) for first in range(0, total, BATCH_POSTS)]
    last = {posts.id(batch[-1]): batch for batch in batches}
    known = {key for (key,) in database.execute("SELECT id FROM status WHERE id = ANY(%s)", (list(last),))}
    return [batch for key, batch in last.items() if key not in known]


def _fill(database: Connection, buckets: Sequence[Store], community: Community, tell: Callable[[str], None]) -> Filled:
    posts = Posts(community, draw_pool(community, buckets, tell))
    missing, pace = missing_batches(database, posts), _Pace(database)
    began, written = time.monotonic(), 0
    _write_people(database, community, tell)
    for batch in missing:
        _write_batch(database, posts.batch(batch))
        written += len(batch)
        behind = pace.wait()
        seconds = time.monotonic() - began
        tell(f"{written:,} of {sum(map(len, missing)):,} posts, {written / seconds:,.0f} a second{behind}")
    seconds = time.monotonic() - began
    return Filled(written, community.posts - sum(map(len, missing)), seconds, pace.caught_up(tell))


def _must_be_the_same(database: Connection, community: Community) -> None:
    query = "SELECT DISTINCT split_part(email, '@', 2) FROM account WHERE email LIKE %s"
    others = [label for (label,) in database.execute(query, (LABEL,)) if label != community.label]
    if others:
        raise OtherCommunity(others[0])


def _write_people(database: Connection, community: Community, tell: Callable[[str], None]) -> None:
    known = database.execute("SELECT 1 FROM account WHERE id = %s", (community.account_id(0),)).fetchone()
    if known is None:
        tell(f"{community.users:,} people and whom they follow")
        with database.transaction():
            _copy(database, ACCOUNTS, community.accounts(asyncio.run(hash_password(PASSWORD))))
            _copy(database, FOLLOWS, community.follows())


def _write_batch(database: Connection, batch: Batch) -> None:
    with database.transaction():
        for name, columns in TABLES:
            _copy(database, columns, getattr(batch, name))


def _copy(database: Connection, columns: LiteralString, rows: Iterable[Row]) -> None:
    with database.cursor() as cursor, cursor.copy(sql.SQL("COPY {} FROM STDIN").format(sql.SQL(columns))) as copy:
        for row in rows:
            copy.write_row(row)


def _draw_and_keep(seed: int, number: int, buckets: Sequence[Store]) -> Drawn:
    drawn = draw(seed, number)

    async def keep() -> list[bool]:
        puts = (copies.put(bucket, one.key, one.data) for one in drawn.picture.copies for bucket in buckets)
        return await asyncio.gather(*puts)

    if not all(asyncio.run(keep())):
        raise SeedingStopped("a bucket did not take a picture")
    return drawn


class _Pace:
    """Holds the writer back while a standby of the rule is more than some batches behind."""

    def __init__(self, database: Connection) -> None:
        self._database = database
        self._ends: list[int] = []

    def wait(self) -> str:
        """Note where a batch ended, wait until everybody has those before, and say how far the slowest is behind."""
        end, standbys = self._where()
        self._ends.append(end)
        due = self._ends[-1 - BATCHES_AHEAD] if len(self._ends) > BATCHES_AHEAD else 0
        confirmed = self._until(due, standbys)
        if not standbys:
            return "; nobody follows"
        slowest = min(standbys, key=lambda site: confirmed.get(site, 0))
        return f", {slowest} {max(end - confirmed.get(slowest, 0), 0) / 2**20:.1f} MiB behind"

    def caught_up(self, tell: Callable[[str], None]) -> dict[str, float]:
        """Wait until every standby has everything, and return how many seconds each took."""
        end, standbys = self._where()
        began, took = time.monotonic(), dict[str, float]()
        while left := [site for site in standbys if site not in took]:
            tell(f"waiting for {' and '.join(left)}")
            confirmed = self._confirmed()
            took |= {site: time.monotonic() - began for site in left if confirmed.get(site, 0) >= end}
            self._must_not_take_long(began, left)
        return took

    def _until(self, due: int, standbys: Sequence[str]) -> dict[str, int]:
        began = time.monotonic()
        while any((confirmed := self._confirmed()).get(site, 0) < due for site in standbys):
            self._must_not_take_long(began, standbys)
        return confirmed if standbys else {}

    def _must_not_take_long(self, began: float, standbys: Sequence[str]) -> None:
        if time.monotonic() - began > PATIENCE_SECONDS:
            raise SeedingStopped(f"{' or '.join(standbys)} does not follow")
        time.sleep(0.02)

    def _where(self) -> tuple[int, list[str]]:
        row = self._database.execute(_POSITIONS).fetchone()
        assert row is not None
        return int(row[0]), row[1]

    def _confirmed(self) -> dict[str, int]:
        return {site: int(position or 0) for site, position in self._database.execute(_CONFIRMED)}
