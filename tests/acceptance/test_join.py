"""A site that was never part of the platform is added to two that run, under load; then it takes over."""

import asyncio
from collections.abc import Iterator

import pytest

from scripts.embedded import local_sites, programs
from scripts.embedded.layout import LocalSettings
from scripts.embedded.local_sites import LocalSites
from scripts.embedded.starter import Starter
from scripts.embedded.writers import Writers, read_back
from scripts.runbook.rule import Rule
from tests.acceptance.conftest import SHORT_TERMS, Person, start_mortal_agent
from tests.conftest import free_port

pytestmark = pytest.mark.acceptance


class TwoSites(Starter):
    """Starts three sites of which only two are joined: the third has a database, a store and an agent, and no rows."""

    def __init__(self, *parts) -> None:
        super().__init__(*parts)
        self.standbys, self.rule = ("gcp",), Rule.of("gcp")


@pytest.fixture(scope="module")
def local(tmp_path_factory: pytest.TempPathFactory) -> Iterator[LocalSites]:
    """Give a platform whose site azure was never joined."""
    folder = tmp_path_factory.mktemp("sites") / "local"
    for parent in folder.parents[:3]:
        parent.chmod(0o755)
    settings = LocalSettings(folder, edge_port=free_port(), terms=SHORT_TERMS)
    with pytest.MonkeyPatch.context() as patched:
        patched.setattr(local_sites, "Starter", TwoSites)
        started = local_sites.up(settings, lambda sentence: None)
    yield started
    local_sites.down(settings)


def test_a_new_site_joins_under_load_and_takes_over(local: LocalSites, person: Person, people: Writers) -> None:
    """Its agent may die in the middle; then it counts, can be followed, and holds all that was acknowledged."""
    assert person.waits_until(lambda: len(people.ledger.posts) > 5)
    planned = person.lifeboat("join", "azure")
    local.supervisor.kill("azure", "agent")
    mortal = start_mortal_agent(local, "azure", "copy_tables")
    assert person.waits_until(lambda: person.lifeboat("join", "azure").returncode == 0)
    word = person.begins("join", "azure", "--yes")
    assert person.waits_until(lambda: mortal.find() is None)
    local.supervisor.start(programs.agent(local.layout, "azure"))
    said, complaint = word.communicate(timeout=120)
    again = person.lifeboat("join", "azure", "--yes")

    assert planned.returncode == 0, planned.stderr
    assert "azure" in planned.stdout
    assert word.returncode == 0, complaint
    assert "join to azure is done" in said
    assert again.stderr.strip() == "azure follows aws already; there is nothing to do."
    both = [{"sync": ["gcp", "azure"], "needed": 1}]
    assert person.waits_until(lambda: person.status()["rule"] == both)
    assert person.waits_until(lambda: person.lifeboat("failover", "--to", "azure").returncode == 0)
    assert person.waits_until(lambda: _proven(person, "gcp", "azure") and _proven(person, "azure", "gcp"))
    local.supervisor.kill("aws")
    moved = person.lifeboat("failover", "--to", "azure", "--yes")
    posted = len(people.ledger.posts)
    assert moved.returncode == 0, moved.stderr
    assert person.waits_until(lambda: len(people.ledger.posts) > posted + 3)
    back = asyncio.run(read_back(local.layout.app_url("azure"), people.ledger))
    assert (back.lost_posts, back.lost_pictures) == ((), ())


def _proven(person: Person, site: str, other: str) -> bool:
    health = person.status()["sites"][site]["health"]
    return other in health["proven"]
