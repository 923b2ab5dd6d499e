"""Mode auto: nobody says a word, and a standby takes over when the lease has surely run out; never before."""

import asyncio
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.embedded import local_sites
from scripts.embedded.layout import LocalSettings
from scripts.embedded.local_sites import LocalSites
from scripts.runbook import sites
from scripts.runbook.lease import LeaseRecord, read_record
from scripts.runbook.registers import open_register
from tests.acceptance.conftest import SHORT_TERMS, Person
from tests.conftest import free_port

pytestmark = pytest.mark.acceptance


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSites]:
    """Give three running sites whose platform chose mode auto."""
    folder = tmp_path_factory.mktemp("auto") / "local"
    for parent in folder.parents[:3]:
        parent.chmod(0o755)
    settings = LocalSettings(folder, edge_port=free_port(), terms=SHORT_TERMS, mode="auto")
    yield local_sites.up(settings, lambda sentence: None)
    local_sites.down(settings)


def record_of(folder: Path) -> LeaseRecord:
    platform = sites.load(folder)

    async def look() -> LeaseRecord | None:
        return await read_record(open_register(platform, "test"))

    record = asyncio.run(look())
    assert record is not None
    return record


def test_a_pause_shorter_than_the_term_moves_nothing(local: LocalSites, person: Person) -> None:
    """The primary's agent sleeps through two renewals and goes on."""
    (agent,) = (one for one in local.supervisor.alive("aws") if one.name == "agent")
    process = agent.find()
    assert process is not None
    process.send_signal(signal.SIGSTOP)
    time.sleep(SHORT_TERMS.renew_every * 2)
    process.send_signal(signal.SIGCONT)
    time.sleep(SHORT_TERMS.duration)

    record = record_of(person.folder)

    assert (record.holder, record.epoch, record.mode) == ("aws", 1, "auto")


def test_a_dead_primary_is_replaced_without_a_word(local: LocalSites, person: Person) -> None:
    """One of the standbys wins, the other follows it, writes come back, and nobody's name stands in the register."""
    began = time.monotonic()
    local.supervisor.kill("aws")

    assert person.waits_until(lambda: person.readiness().get("writable") is True, 60)
    took = time.monotonic() - began
    assert person.waits_until(lambda: record_of(person.folder).state == "held")
    record = record_of(person.folder)

    assert took >= SHORT_TERMS.holder_seconds - SHORT_TERMS.renew_every
    assert record.epoch == 2
    assert record.holder in ("gcp", "azure")
    assert (record.approved_by, record.mode) == (None, "auto")
    assert record.runbook_id is not None
    shown = person.lifeboat("journal", record.runbook_id)
    assert shown.returncode == 0, shown.stderr
    (other,) = {"gcp", "azure"} - {record.holder}
    assert person.waits_until(lambda: person.status()["sites"][other]["following"] == record.holder)
