"""A site whose own database went back, on two real servers: a standby counts for nothing, a primary confirms nothing; a copy ends it."""

import asyncio
import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from app.acknowledger import OBSERVE
from scripts.runbook import continuity, fence, replication, understudies
from scripts.runbook.errors import ReplicationStuck
from scripts.runbook.health import Health
from scripts.runbook.rule import Rule
from scripts.runbook.standby_faults import told_fault
from tests.conftest import RunningPostgres
from tests.runbook.invented_status import status_of
from tests.runbook.pairs import Pair, Site, act

PERSON = "INSERT INTO person (id, name) VALUES (%s, %s)"


class Keeper:
    """A site with its server, and the count that its agent last said."""

    def __init__(self, pair: Pair, site: Site, running: RunningPostgres) -> None:
        self.pair, self.site, self.running, self.said = pair, site, running, 0
        self.saved = running.server.data.with_name("saved")

    def look(self) -> str:
        self.said, why = continuity.look(self.site.agent, self.said)
        assert continuity.went_back(self.site.agent) == why
        return why

    def close(self) -> None:
        self.site.agent.close()
        self.site.app.close()

    def stop(self) -> None:
        self.close()
        self.running.stop()

    def start(self) -> None:
        self.running.start()
        self.site.agent = psycopg.connect(self.running.agent_url, autocommit=True)
        self.site.app = psycopg.connect(self.running.url, autocommit=True)

    def save(self) -> None:
        """Keep the state as it is now."""
        self.stop()
        shutil.rmtree(self.saved, ignore_errors=True)
        self._copy(self.running.server.data, self.saved)
        self.start()

    def go_back(self) -> None:
        """Come back with the state that was kept."""
        self.stop()
        shutil.rmtree(self.running.server.data)
        self._copy(self.saved, self.running.server.data)
        self.start()

    def be_promoted(self) -> None:
        """Come back as what another server was: PostgreSQL reads its log to the end and begins another timeline."""
        self.stop()
        with (self.running.server.data / "postgresql.conf").open("a") as file:
            file.write("restore_command = 'false'\n")
        signal = self.running.server.data / "recovery.signal"
        signal.touch()
        owner = self.running.server.data.stat()
        shutil.chown(signal, owner.st_uid, owner.st_gid)
        self.start()
        replication.wait_until(self.reads_its_own_log, "it did not end its recovery")

    def reads_its_own_log(self) -> bool:
        row = self.site.agent.execute("SELECT NOT pg_is_in_recovery()").fetchone()
        return bool(row and row[0])

    def is_copied(self) -> None:
        """The standby reads everything anew, with the functions of `lifeboat rejoin gcp --copy`."""
        replication.stop_following(self.pair.standby.agent)
        self.pair.copy()
        continuity.begin_anew(self.pair.standby.agent)

    def _copy(self, source: Path, target: Path) -> None:
        shutil.copytree(source, target, symlinks=True)
        owner = self.running.server.folder.stat()
        for path in (target, *target.rglob("*")):
            shutil.chown(path, owner.st_uid, owner.st_gid)


@pytest.fixture(scope="module")
def pair(make_postgres: Callable[[str], RunningPostgres]) -> Iterator[tuple[Keeper, Keeper]]:
    servers = {name: make_postgres(name) for name in ("aws", "gcp")}
    with ExitStack() as stack:
        pair = Pair(*(Site(name, servers[name], stack) for name in servers))
        keepers = Keeper(pair, pair.primary, servers["aws"]), Keeper(pair, pair.standby, servers["gcp"])
        yield keepers
        # A primary that went back waits for ever at its end for a standby that is further than itself.
        replication.stop_following(pair.standby.agent)
        for keeper in keepers:
            keeper.close()


@pytest.fixture
def standby(pair: tuple[Keeper, Keeper]) -> Keeper:
    return pair[1]


@pytest.fixture
def primary(pair: tuple[Keeper, Keeper]) -> Keeper:
    return pair[0]


def fault(standby: Keeper) -> str:
    """Return what the primary hears against the standby in its own signed word."""
    measured = Health(went_back=continuity.went_back(standby.pair.standby.agent))
    return told_fault(status_of("gcp", health=measured), "aws", 1, "")


def test_a_standby_that_was_restored_is_noticed_and_only_a_copy_ends_it(standby: Keeper) -> None:
    """It has caught up in silence by then, and lacks what it confirmed between; a restart alone says nothing."""
    pair = standby.pair
    assert standby.look() == ""
    standby.save()
    restarted = standby.look()
    pair.primary.does(act(PERSON, 1, "confirmed, and then gone"))
    pair.primary.is_confirmed_by("gcp")
    standby.look()
    standby.go_back()
    pair.primary.does(act(PERSON, 2, "after it"))
    pair.primary.is_confirmed_by("gcp")
    lacks = pair.standby.holds()["public.person"] != pair.primary.holds()["public.person"]
    noticed, said = standby.look(), fault(standby)
    stays = standby.look()
    standby.is_copied()

    assert (restarted, lacks) == ("", True)
    assert noticed.startswith("its database went back to an earlier state")
    assert noticed == said == stays
    assert (standby.look(), fault(standby)) == ("", "")
    assert pair.standby.holds() == pair.primary.holds()


def test_a_standby_that_became_another_server_is_noticed(standby: Keeper) -> None:
    """However little it may lack: nobody can tell from here."""
    before = standby.look()
    standby.be_promoted()
    noticed, said = standby.look(), fault(standby)
    standby.is_copied()

    assert before == ""
    assert noticed == said == "its database is another server's since timeline 1: it may lack what was confirmed"
    assert standby.look() == ""


def test_a_database_made_anew_went_nowhere(standby: Keeper) -> None:
    """Nobody looked at it before, so it has confirmed nothing, whatever its site once said."""
    with psycopg.connect(standby.running.owner_url) as owner:
        owner.execute("TRUNCATE lifeboat.continuity")

    assert continuity.look(standby.pair.standby.agent, 700) == (701, "")
    assert continuity.went_back(standby.pair.standby.agent) == ""


def holds(site: Site, number: int) -> bool:
    return site.app.execute("SELECT 1 FROM person WHERE id = %s", (number,)).fetchone() is not None


def test_what_a_primary_writes_that_went_back_is_confirmed_by_nobody(primary: Keeper, standby: Keeper) -> None:
    """Its standby confirmed that stretch of the log for what is gone: it gets nothing of it, and must not seem to have it."""
    primary.look()
    primary.save()
    for number in range(100, 120):
        primary.site.does(act(PERSON, number, f"{number}: confirmed, and then gone " * 40))
    primary.site.is_confirmed_by("gcp")
    primary.look()
    primary.go_back()
    replication.wait_until(
        lambda: understudies.slots(primary.site.agent)["to_gcp"].confirmed > understudies.view(primary.site.agent).log,
        "the standby did not come back with the position that it had",
    )
    primary.site.does(act(PERSON, 200, "after it"))
    confirmed = asyncio.run(confirmed_in_the_app(primary.running.url))
    noticed = continuity.went_back(primary.site.agent, primary.said)

    with pytest.raises(ReplicationStuck):
        fence.acknowledge(primary.site.agent, Rule.of("gcp"), 1)
    assert (holds(standby.site, 119), holds(standby.site, 200), holds(primary.site, 119)) == (True, False, False)
    assert "gcp" not in confirmed
    assert noticed == primary.look()
    assert noticed.startswith("its database went back to an earlier state")


async def confirmed_in_the_app(url: str) -> dict[str, int]:
    """Return what the app's own look at the slots says that each site confirmed."""
    async with await psycopg.AsyncConnection.connect(url, autocommit=True) as connection:
        return dict(await (await connection.execute(OBSERVE)).fetchall())
