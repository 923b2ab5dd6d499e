"""`lifeboat migrate` on three running sites while people post: what adds, what is refused, deaths in the middle, a failover after."""

import asyncio
import os
from itertools import pairwise
from pathlib import Path

import psycopg
import pytest

from app.migrate import migrations_after
from scripts.embedded import programs
from scripts.embedded.layout import SITES
from scripts.embedded.local_sites import LocalSites
from scripts.embedded.writers import Writers, read_back
from scripts.runbook import health, replication, sites
from scripts.runbook.migrate_steps import MIGRATE, TAKE_PART
from tests.acceptance.conftest import Person, start_mortal_agent

pytestmark = pytest.mark.acceptance

REVISION = '''"""{title}"""
import sqlalchemy as sa
from alembic import op
revision, down_revision, branch_labels, depends_on = "{revision}", "{after}", None, None
contracts = "{contracts}"
def upgrade():
{body}
'''
ADDS = """    op.create_table("boat", sa.Column("id", sa.Uuid(), primary_key=True), sa.Column("name", sa.Text(), nullable=False),
        sa.Column("account_id", sa.Uuid(), sa.ForeignKey("account.id", ondelete="CASCADE"), nullable=True))
    op.create_index("boat_by_name", "boat", ["name"])
    op.add_column("account", sa.Column("boats", sa.Integer(), server_default="0", nullable=False))"""
INDEXES = """    with op.get_context().autocommit_block():
        op.create_index("account_by_boats", "account", ["boats"], postgresql_concurrently=True)"""
MORE = """    op.add_column("boat", sa.Column("more_{number}", sa.Text(), nullable=True))"""
FULL = os.environ.get("LIFEBOAT_FULL") == "1"
DEATHS = [("aws", step.name) for step in MIGRATE] + [("gcp", step.name) for step in TAKE_PART]
DROPS = """    op.drop_column("account", "boats")"""


@pytest.fixture(scope="module")
def head() -> str:
    return migrations_after(["0007"])[-1].revision


def write(folder: Path, revision: str, after: str, body: str, contracts: str = "") -> Path:
    """Write a revision beside the app's own."""
    folder.mkdir(exist_ok=True)
    text = REVISION.format(
        title=f"Revision {revision}.", revision=revision, after=after, contracts=contracts, body=body
    )
    (folder / f"{revision}.py").write_text(text)
    return folder


def each(person: Person, query: str) -> dict[str, list[tuple]]:
    """Ask every site's database the same."""
    platform, answers = sites.load(person.folder), {}
    for site in SITES:
        with psycopg.connect(platform.agent_url(site), autocommit=True) as connection:
            answers[site] = connection.execute(query).fetchall()
    return answers


def digests(person: Person) -> set[tuple[str, str, tuple[str, ...]]]:
    platform, found = sites.load(person.folder), set()
    for site in SITES:
        with psycopg.connect(platform.agent_url(site), autocommit=True) as connection:
            tables = tuple(replication.published_tables(connection))
            found.add((health.revision(connection), health.schema_digest(connection), tables))
    return found


def launches(person: Person, site: str, name: str) -> None:
    """Write a row into the new table as the app would."""
    with psycopg.connect(sites.load(person.folder).app_database_url(site)) as connection:
        connection.execute("INSERT INTO boat (id, name) VALUES (gen_random_uuid(), %s)", (name,))


def has_boats(person: Person, count: int, *where: str) -> bool:
    return all(each(person, "SELECT count(*) FROM boat")[site] == [(count,)] for site in where)


def test_what_is_no_expansion_is_refused_with_its_statement(person: Person, head: str, tmp_path: Path) -> None:
    """An unmarked drop names its revision, its rule and its statement, and no site is touched, with and without --yes."""
    assert person.waits_until(lambda: "is refused" in person.lifeboat(
        "migrate", "--versions", str(write(tmp_path / "drops", "0901", head, DROPS))).stderr)  # fmt: skip

    refused = person.lifeboat("migrate", "--versions", str(tmp_path / "drops"), "--yes")

    assert refused.returncode == 1
    assert refused.stderr.startswith("Revision 0901 is refused: what is dropped must have been released")
    assert refused.stderr.strip().endswith("The statement is: ALTER TABLE account DROP COLUMN boats")
    assert {stands for ((stands,),) in each(person, health.REVISION).values()} == {head}


def test_deaths_in_the_middle_under_load_and_a_failover_after(
    local: LocalSites, person: Person, people: Writers, head: str, tmp_path: Path
) -> None:
    """The primary's agent, a standby's and the command die; the second run ends it, and nothing acknowledged is missing."""
    folder = str(write(write(tmp_path / "adds", "0901", head, ADDS), "0902", "0901", INDEXES))
    assert person.waits_until(lambda: len(people.ledger.posts) > 5)
    planned = person.lifeboat("migrate", "--versions", folder)
    for site in ("aws", "gcp"):
        local.supervisor.kill(site, "agent")
    primary, standby = (
        start_mortal_agent(local, "aws", "migrate_primary"),
        start_mortal_agent(local, "gcp", "follow_tables"),
    )
    assert person.waits_until(lambda: "Add --yes" in person.lifeboat("migrate", "--versions", folder).stdout), (
        person.lifeboat("migrate", "--versions", folder).stderr
    )
    word = person.begins("migrate", "--versions", folder, "--yes")
    assert person.waits_until(lambda: primary.find() is None)
    local.supervisor.start(programs.agent(local.layout, "aws"))
    assert person.waits_until(lambda: standby.find() is None)
    assert person.waits_until(lambda: "is migrating" in person.lifeboat("failover", "--to", "azure").stderr)
    stopped = person.lifeboat("failover", "--to", "azure", "--yes")
    word.kill()
    word.communicate()
    local.supervisor.start(programs.agent(local.layout, "gcp"))
    again = person.lifeboat("migrate", "--versions", folder, "--yes")
    posted = len(people.ledger.posts)
    assert person.waits_until(lambda: len(people.ledger.posts) > posted + 5)

    assert planned.returncode == 0
    assert "CREATE TABLE boat" in planned.stdout
    assert "standbys first" in planned.stdout
    assert stopped.returncode == 1
    assert stopped.stderr.startswith("aws is migrating the tables of all sites (migrate-1-to-aws-")
    assert again.returncode == 0, again.stderr
    assert {stands for stands, _, _ in digests(person)} == {"0902"}
    assert len(digests(person)) == 1
    launches(person, "aws", "Lifeboat")
    assert person.waits_until(lambda: has_boats(person, 1, *SITES))
    times = sorted(post.at for post in people.ledger.posts)
    assert max(later - earlier for earlier, later in pairwise(times)) < 30
    for site in ("gcp", "azure"):
        back = asyncio.run(read_back(local.layout.app_url(site), people.ledger))
        assert (back.lost_posts, back.lost_pictures) == ((), ())


def test_a_second_run_has_nothing_to_do(person: Person, head: str, tmp_path: Path) -> None:
    """It says at which revision every site stands."""
    folder = write(write(tmp_path / "adds", "0901", head, ADDS), "0902", "0901", INDEXES)

    nothing = person.lifeboat("migrate", "--versions", str(folder), "--yes")

    assert nothing.stderr.strip() == "Every site that answers stands at revision 0902: there is nothing to do."


def test_what_was_released_is_dropped_on_the_primary_first(
    person: Person, people: Writers, head: str, tmp_path: Path
) -> None:
    """A marked revision drops a column on every site while people go on posting."""
    folder = write(write(tmp_path / "all", "0901", head, ADDS), "0902", "0901", INDEXES)
    write(folder, "0903", "0902", DROPS, contracts="0902")
    assert person.waits_until(lambda: len(people.ledger.posts) > 5)

    dropped = person.lifeboat("migrate", "--versions", str(folder), "--yes")
    posted = len(people.ledger.posts)

    assert dropped.returncode == 0, dropped.stderr
    assert {stands for stands, _, _ in digests(person)} == {"0903"}
    assert len(digests(person)) == 1
    assert person.waits_until(lambda: len(people.ledger.posts) > posted + 5)


@pytest.mark.skipif(not FULL, reason="a death after every step of both parts takes minutes: LIFEBOAT_FULL=1")
@pytest.mark.parametrize(("site", "step"), DEATHS)
def test_a_death_after_any_step(
    local: LocalSites, person: Person, head: str, tmp_path: Path, site: str, step: str
) -> None:
    """An agent that dies between an act and its record goes on where it was, and every site ends with the same tables."""
    number = 904 + DEATHS.index((site, step))
    folder = write(write(tmp_path / "all", "0901", head, ADDS), "0902", "0901", INDEXES)
    write(folder, "0903", "0902", DROPS, contracts="0902")
    for one in range(904, number + 1):
        write(folder, f"0{one}", f"0{one - 1}", MORE.format(number=one))
    local.supervisor.kill(site, "agent")
    mortal = start_mortal_agent(local, site, step)
    planned = ("migrate", "--versions", str(folder))
    assert person.waits_until(lambda: "Add --yes" in person.lifeboat(*planned).stdout), person.lifeboat(*planned).stderr
    word = person.begins(*planned, "--yes")
    assert person.waits_until(lambda: mortal.find() is None)
    local.supervisor.start(programs.agent(local.layout, site))
    _, complaint = word.communicate(timeout=120)

    assert word.returncode == 0, complaint
    assert {stands for stands, _, _ in digests(person)} == {f"0{number}"}
    assert len(digests(person)) == 1


def test_after_a_migration_another_site_takes_over(local: LocalSites, person: Person, people: Writers) -> None:
    """The third site follows the new primary with the new table, and people go on."""
    assert person.waits_until(lambda: len(people.ledger.posts) > 5)
    local.supervisor.kill("aws")
    moved = person.lifeboat("failover", "--to", "gcp", "--yes")
    posted = len(people.ledger.posts)

    assert moved.returncode == 0, moved.stderr
    assert person.waits_until(lambda: len(people.ledger.posts) > posted + 3)
    launches(person, "gcp", "Second")
    platform = sites.load(person.folder)
    with psycopg.connect(platform.agent_url("azure"), autocommit=True) as azure:
        assert person.waits_until(lambda: azure.execute("SELECT count(*) FROM boat").fetchone() == (2,))
    back = asyncio.run(read_back(local.layout.app_url("gcp"), people.ledger))
    assert (back.lost_posts, back.lost_pictures) == ((), ())
