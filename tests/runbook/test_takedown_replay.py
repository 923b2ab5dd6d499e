"""The ledger carried out in a database that does not take writes yet."""

import asyncio
import dataclasses
import time
import uuid
from collections.abc import Callable, Iterator
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import psycopg
import pytest

from scripts.runbook import bootstrap, fence, takedown_replay, takedowns
from scripts.runbook.control import ControlStores
from scripts.runbook.errors import LedgerUnheard
from scripts.runbook.signing import Signer
from scripts.runbook.takedowns import Takedown, Trust
from tests.conftest import SINGLE_COPY, RunningPostgres
from tests.runbook.test_control import with_folders
from tests.runbook.test_takedowns import SITES, without


@dataclasses.dataclass
class Candidate:
    """A site that is about to take over: its fence is closed, its rows are those of the old primary."""

    database: psycopg.Connection[Any]
    url: str
    stores: ControlStores
    signer: Signer

    def run(self) -> Any:
        """Give what the step needs of a run."""
        keys = {"ana": self.signer.public}
        platform = SimpleNamespace(ledger_stores=lambda: self.stores, operators=lambda: keys)
        return SimpleNamespace(platform=platform, database=self.database, takedowns=None)

    def take_down(self, kind: Any, target: str) -> None:
        one = Takedown.make("test", kind, target, "a notice", "ana")
        asyncio.run(takedowns.add(self.stores, Trust({"ana": self.signer.public}), one, self.signer))

    def rows(self, table: str) -> int:
        row = self.database.execute(f"SELECT count(*) FROM {table}").fetchone()  # ty: ignore[no-matching-overload]
        assert row
        return row[0]


@pytest.fixture(scope="module")
def site(make_postgres: Callable[[str], RunningPostgres]) -> RunningPostgres:
    """Give a migrated database of these tests' own."""
    running = make_postgres("takedowns")
    bootstrap.create_machinery(running.owner_url, "gcp", 1, SINGLE_COPY)
    bootstrap.migrate_app(running.owner_url)
    return running


@pytest.fixture(scope="module")
def post_of(site: RunningPostgres) -> Callable[[], str]:
    """Give a function that writes a post with a picture and gives its id."""

    def make() -> str:
        account, post = str(uuid.uuid4()), str(uuid.uuid4())
        with psycopg.connect(site.url) as connection:
            connection.execute(
                "INSERT INTO account (id, username, email, password_hash) VALUES (%s, %s, %s, '')",
                (account, account, account),
            )
            connection.execute("INSERT INTO status (id, account_id, text) VALUES (%s, %s, 'x')", (post, account))
            connection.execute(
                "INSERT INTO media_attachment (id, account_id, status_id, key, width, height, size)"
                " VALUES (%s, %s, %s, 'media/ab/' || %s || '.jpg', 1, 1, 1)",
                (str(uuid.uuid4()), account, post, "ab" * 32),
            )
        return post

    return make


@pytest.fixture
def candidate(site: RunningPostgres, tmp_path: Path, post_of: Callable[[], str]) -> Iterator[Candidate]:
    """Give a candidate with one post, its fence closed."""
    stores, signer = with_folders(tmp_path, SITES), Signer.create("ana", tmp_path / "ana.pem")
    with psycopg.connect(site.agent_url, autocommit=True) as database:
        fence.open_for(database, 1, SINGLE_COPY, time.time() + 3600)
        database.execute("TRUNCATE account, takedown, media_outbox CASCADE")
        post_of()
        fence.close(database)
        yield Candidate(database, site.agent_url, stores, signer)


def test_what_was_taken_down_is_gone_before_writes_open(candidate: Candidate) -> None:
    """Row, picture and outbox are as the ledger says, the fence is closed all the time, and a second run does nothing."""
    candidate.take_down("media", "ab" * 32)

    first = takedown_replay.replay_takedowns(candidate.run())
    second = takedown_replay.replay_takedowns(candidate.run())

    assert (first["carried_out"], second["carried_out"]) == (1, 0)
    assert first["read_from"] == ["aws", "azure", "gcp"]
    assert (candidate.rows("media_attachment"), candidate.rows("takedown"), candidate.rows("status")) == (0, 1, 1)
    assert candidate.rows("media_outbox WHERE NOT wanted") == 2
    assert not fence.read(candidate.database).open


def test_the_ledger_is_not_trusted_with_one_store(candidate: Candidate, tmp_path: Path) -> None:
    """It refuses: something might come back that two stores know of."""
    candidate.take_down("media", "ab" * 32)
    candidate.stores = without(tmp_path, "aws", "gcp")

    with pytest.raises(LedgerUnheard, match="might come back"):
        takedown_replay.replay_takedowns(candidate.run())

    assert candidate.rows("media_attachment") == 1


def test_a_replay_that_is_killed_leaves_all_as_it_was(candidate: Candidate, monkeypatch: pytest.MonkeyPatch) -> None:
    """It is one transaction, and the same step done again finds everything to do."""
    candidate.take_down("media", "ab" * 32)
    candidate.take_down("account", str(uuid.uuid4()))
    real, calls = takedown_replay.rows.carry_out, iter([None])

    def dies_at_the_second(*arguments: Any) -> None:
        if next(calls, "gone") == "gone":
            raise KeyboardInterrupt
        real(*arguments)

    with monkeypatch.context() as patched:
        patched.setattr(takedown_replay.rows, "carry_out", dies_at_the_second)
        with pytest.raises(KeyboardInterrupt):
            takedown_replay.replay_takedowns(candidate.run())
    assert (candidate.rows("media_attachment"), candidate.rows("takedown")) == (1, 0)

    assert takedown_replay.replay_takedowns(candidate.run())["carried_out"] == 2
    assert candidate.rows("media_attachment") == 0


def test_nobody_else_ever_sees_the_fence_open(candidate: Candidate, post_of: Callable[[], str]) -> None:
    """It lets its own transaction through; another writer is refused at the same moment, and still after it."""
    with fence.passing(candidate.database):
        candidate.database.execute("DELETE FROM status")
        with psycopg.connect(candidate.url, autocommit=True) as other:
            assert not fence.read(other).open
        with pytest.raises(psycopg.DatabaseError, match="takes no writes"):
            post_of()

    assert candidate.rows("status") == 0
    with pytest.raises(psycopg.DatabaseError, match="takes no writes"):
        candidate.database.execute("DELETE FROM account")


def test_an_old_primary_carries_nothing_out(candidate: Candidate) -> None:
    """Without the pass, a closed fence refuses a takedown as it refuses any write."""
    candidate.take_down("media", "ab" * 32)
    ledger = asyncio.run(takedown_replay.unapplied(candidate.run().platform, candidate.database))

    with pytest.raises(psycopg.DatabaseError, match="takes no writes"):
        takedown_replay.carry_out(candidate.database, ledger.entries)


def test_a_site_that_comes_back_loses_what_was_taken_down_and_gets_no_row_of_its_own(
    candidate: Candidate,
) -> None:
    """The picture is gone before it serves; the notes are left to the primary's stream, which must find their places free."""
    candidate.take_down("media", "ab" * 32)
    platform = candidate.run().platform
    platform.agent_url = lambda site: candidate.url

    missed = takedown_replay.cleanse(platform, "gcp")

    assert missed == 1
    assert (candidate.rows("media_attachment"), candidate.rows("status")) == (0, 1)
    assert (candidate.rows("takedown"), candidate.rows("media_outbox")) == (0, 0)
    assert not fence.read(candidate.database).open
