"""A standby whose own database went back, on two real servers: it is noticed, it counts for nothing, a copy ends it."""

import shutil
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from pathlib import Path

import psycopg
import pytest

from scripts.runbook import continuity, replication
from scripts.runbook.health import Health
from scripts.runbook.standby_faults import told_fault
from tests.conftest import RunningPostgres
from tests.runbook.invented_status import status_of
from tests.runbook.pairs import Pair, Site, act

PERSON = "INSERT INTO person (id, name) VALUES (%s, %s)"


class Standby:
    """gcp with its server, and the count that its agent last said."""

    def __init__(self, pair: Pair, running: RunningPostgres) -> None:
        self.pair, self.running, self.said = pair, running, 0
        self.saved = running.server.data.with_name("saved")

    def look(self) -> str:
        self.said = continuity.look(self.pair.standby.agent, self.said)
        return continuity.went_back(self.pair.standby.agent)

    def close(self) -> None:
        self.pair.standby.agent.close()
        self.pair.standby.app.close()

    def stop(self) -> None:
        self.close()
        self.running.stop()

    def start(self) -> None:
        self.running.start()
        self.pair.standby.agent = psycopg.connect(self.running.agent_url, autocommit=True)
        self.pair.standby.app = psycopg.connect(self.running.url, autocommit=True)

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

    def is_copied(self) -> None:
        """Read everything anew, with the functions of `lifeboat rejoin gcp --copy`."""
        replication.stop_following(self.pair.standby.agent)
        self.pair.copy()
        continuity.begin_anew(self.pair.standby.agent)

    def _copy(self, source: Path, target: Path) -> None:
        shutil.copytree(source, target, symlinks=True)
        owner = self.running.server.folder.stat()
        for path in (target, *target.rglob("*")):
            shutil.chown(path, owner.st_uid, owner.st_gid)


@pytest.fixture(scope="module")
def standby(make_postgres: Callable[[str], RunningPostgres]) -> Iterator[Standby]:
    servers = {name: make_postgres(name) for name in ("aws", "gcp")}
    with ExitStack() as stack:
        standby = Standby(Pair(*(Site(name, servers[name], stack) for name in servers)), servers["gcp"])
        yield standby
        standby.close()


def fault(standby: Standby) -> str:
    """Return what the primary hears against the standby in its own signed word."""
    measured = Health(went_back=continuity.went_back(standby.pair.standby.agent))
    return told_fault(status_of("gcp", health=measured), "aws", 1, "")


def test_a_standby_that_was_restored_is_noticed_and_only_a_copy_ends_it(standby: Standby) -> None:
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


def test_a_standby_that_became_another_server_is_noticed(standby: Standby) -> None:
    """However little it may lack: nobody can tell from here."""
    before = standby.look()
    standby.be_promoted()
    noticed, said = standby.look(), fault(standby)
    standby.is_copied()

    assert before == ""
    assert noticed == said == "its database is another server's since timeline 1: it may lack what was confirmed"
    assert standby.look() == ""


def test_a_database_made_anew_went_nowhere(standby: Standby) -> None:
    """Nobody looked at it before, so it has confirmed nothing, whatever its site once said."""
    with psycopg.connect(standby.running.owner_url) as owner:
        owner.execute("TRUNCATE lifeboat.continuity")

    assert continuity.look(standby.pair.standby.agent, 700) == 701
    assert continuity.went_back(standby.pair.standby.agent) == ""
