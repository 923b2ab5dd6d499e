"""A primary dies while its standby lags: the app keeps its word, and the checker finds an app that does not.

Two real servers with native replication between them, and the app itself; only the object stores are in memory.
"""

import asyncio
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from typing import Any

import psycopg
import pytest

from scripts.runbook import bootstrap, fence, replication
from scripts.runbook.replication import Following
from scripts.runbook.rule import Rule
from tests.app.conftest import RunningApp, run_app  # noqa: F401 (a fixture)
from tests.conftest import SINGLE_COPY, RunningPostgres
from tests.history.checker import broken_promises
from tests.history.operations import History
from tests.history.people import RecordedWriters, read_everything

LATER = 4102444800.0  # the year 2100
RULE = Rule.of("gcp")


@dataclass
class Pair:
    """A primary in one cloud, its only standby in another, and an app on each."""

    primary: RunningPostgres
    standby: RunningPostgres
    apps: dict[str, RunningApp]
    agent: psycopg.Connection[Any]

    def part(self) -> None:
        """The standby gets nothing more from the primary, and confirms nothing more."""
        replication.stop_applying(self.agent, "aws")

    def lose_primary(self) -> None:
        """The primary's server dies; the standby stands alone with what it has."""
        assert self.primary.process
        self.primary.process.kill()
        self.primary.process.wait(10)
        replication.stop_following(self.agent)
        fence.open_for(self.agent, 2, SINGLE_COPY, LATER)


@pytest.fixture
def pair(
    make_postgres: Callable[[str], RunningPostgres],
    run_app: Callable[..., RunningApp],  # noqa: F811
) -> Iterator[Pair]:
    servers = {site: make_postgres(site) for site in ("aws", "gcp")}
    for site, server in servers.items():
        bootstrap.create_machinery(server.owner_url, site, 1, RULE)
        bootstrap.migrate_app(server.owner_url)
    aws, gcp = servers.values()
    with psycopg.connect(aws.agent_url, autocommit=True) as agent:
        fence.open_for(agent, 1, RULE, LATER)
    with psycopg.connect(gcp.agent_url, autocommit=True) as agent:
        way = aws.server.url("lifeboat_replication", aws.passwords.replication, verify=False)
        replication.follow(agent, "gcp", Following("aws", 1), way, copy=True)
        replication.wait_until_copied(agent)
        apps = {site: run_app(server.url, site=site, acknowledge_timeout=0.5) for site, server in servers.items()}
        yield Pair(aws, gcp, apps, agent)


def live_through_a_death(pair: Pair) -> History:
    """Let people post; the standby is cut off, then the primary dies; read everything back at the standby."""
    history = History()
    people = RecordedWriters(pair.apps["aws"].address, 3, history, patience=0.2, pause=0.02)

    async def scene() -> None:
        await people.start()
        while len(history.acknowledged) < 20:  # noqa: ASYNC110
            await asyncio.sleep(0.05)
        await asyncio.to_thread(pair.part)
        await asyncio.sleep(1.5)
        await asyncio.to_thread(pair.lose_primary)
        await people.stop()
        await read_everything(pair.apps["gcp"].address, people)

    asyncio.run(scene())
    return history


def test_the_app_keeps_its_word(pair: Pair) -> None:
    """What was acknowledged is there after the death, and what the dead primary alone had was never acknowledged."""
    history = live_through_a_death(pair)

    assert broken_promises(history) == []
    assert history.unknown, "nobody posted while the standby was cut off, so this proved nothing"


def test_an_app_that_answers_before_the_standby_confirmed_is_caught(
    pair: Pair, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The same death with the wait for the other clouds taken out loses acknowledged posts, and the checker says so."""

    async def at_once(*_: object, **__: object) -> None:
        """Wait for nobody: the planted bug."""

    monkeypatch.setattr(pair.apps["aws"].services.acknowledger, "wait", at_once)

    violations = broken_promises(live_through_a_death(pair))

    assert "lost" in {violation.kind for violation in violations}
