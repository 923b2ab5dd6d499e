"""The second reader of a platform: the environment of an agent in a cloud, which holds everything a folder would."""

import json
import os
import re
import subprocess
import sys
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from infra.spec import AGENT
from scripts.embedded.layout import Layout, LocalSettings, decide, write_platform
from scripts.embedded.postgres_binaries import find_postgres
from scripts.runbook import site_environment, sites
from scripts.runbook.errors import NotJoined, UsageError
from scripts.runbook.site_environment import PLAIN, SECRET
from scripts.runbook.sites import Platform
from tests.conftest import free_port
from tests.told_environment import environment_of

DNS_KEY = "RG5zS2V5" * 4


@pytest.fixture(scope="module")
def layout(tmp_path_factory: pytest.TempPathFactory) -> Layout:
    """Give the files of three local sites of which no process runs; their DNS keys stand in the file of access."""
    folder = tmp_path_factory.mktemp("sites")
    made = decide(LocalSettings(folder / "local", edge_port=free_port()), find_postgres())
    write_platform(made)
    access = made.folder / "access.json"
    found = json.loads(access.read_text())
    for vendor in found["dns_vendors"]:
        vendor["key_secret"] = DNS_KEY
        del vendor["key_file"]
    access.write_text(json.dumps(found))
    return made


@pytest.fixture
def environment(layout: Layout) -> dict[str, str]:
    return environment_of(layout.folder, "gcp")


def seen(platform: Platform) -> dict[str, Any]:
    """Return all that an agent sees of a platform, without where it keeps its files and its way to other databases.

    The app's own role is for a person's commands beside the files; no agent has it.
    """
    values = {name: getattr(platform, name) for name in platform.__dataclass_fields__}
    apart = ("folder", "keeping", "ways", "disks", "agent_urls", "app_database_urls")
    return {name: value for name, value in values.items() if name not in apart}


def test_both_readers_give_the_same_platform(layout: Layout, environment: dict[str, str]) -> None:
    """Outputs, keys, terms, vendors, operators, and this site's own database and signature."""
    folder, told = sites.load(layout.folder), site_environment.read(environment)

    assert seen(told) == seen(folder)
    assert told.agent_urls == {"gcp": folder.agent_url("gcp")}
    assert told.operators() == folder.operators() != {}
    assert told.signer("gcp").seal({"a": 1}) == folder.signer("gcp").seal({"a": 1})
    assert told.credentials() == {}
    assert told.keeping.again() == told


def test_it_holds_the_key_of_its_own_site_alone(environment: dict[str, str]) -> None:
    """It cannot speak for another site, nor reach another site's database."""
    told = site_environment.read(environment)

    with pytest.raises(UsageError, match="the key of gcp alone, not that of aws"):
        told.signer("aws")
    with pytest.raises(UsageError, match="no way into the database of aws"):
        told.agent_url("aws")


def test_stores_of_the_others_are_entered_by_their_entries(environment: dict[str, str]) -> None:
    """It enters as the workload it is: one way for each peer that names an entry, none into its own stores."""
    told = site_environment.read(
        environment | {"PEER_ENTRIES": json.dumps({"aws": "arn:aws:iam::1:role/x", "azure": "t/c"})}
    )

    ways = {site: getattr(way, "way") for site, way in told.ways.items()}  # noqa: B009
    assert {site: (way.own, way.entry) for site, way in ways.items()} == {
        "aws": ("gcp", "arn:aws:iam::1:role/x"),
        "azure": ("gcp", "t/c"),
    }
    assert ways["aws"].region == "us-east-1"


@pytest.mark.parametrize("name", [*PLAIN, *SECRET])
def test_a_missing_variable_is_named(environment: dict[str, str], name: str) -> None:
    """It says which, and starts nothing."""
    del environment[name]

    with pytest.raises(UsageError, match=rf"with this environment: {name} must be set\.$"):
        site_environment.read(environment)


ODD: dict[str, tuple[str, str]] = {
    "terms": ("LEASE_TERMS", '{"duration": 1}'),
    "mode": ("TAKEOVER_MODE", "never"),
    "outputs": ("SITES", '{"aws": {}}'),
    "operators": ("OPERATORS", '{"ada": 1}'),
    "vendors": ("DNS_VENDORS", '[{"name": "x"}]'),
    "torn": ("PUBLIC_KEYS", "{"),
}


def test_every_odd_value_is_named_at_once_and_no_secret_is_repeated(environment: dict[str, str]) -> None:
    """It mends a bad environment in one go; of a secret it says only that it cannot be used."""
    broken = environment | dict(ODD.values()) | {"SIGNING_KEY": "s3cret", "DNS_KEYS": '{"local": "s3cret", "x": 1}'}

    with pytest.raises(UsageError) as refused:
        site_environment.read(broken)

    said = str(refused.value)
    assert [name for name, _ in ODD.values() if f"{name} is not usable" not in said] == []
    assert "SIGNING_KEY is not usable" in said
    assert "s3cret" not in said


CONTRADICTIONS: dict[str, tuple[dict[str, str], str]] = {
    "itself": ({"SITE": "mars"}, "SITES does not name mars, this site"),
    "a key": ({"PUBLIC_KEYS": "{}"}, "PUBLIC_KEYS lacks aws, gcp, azure"),
    "a vendor's key": ({"DNS_KEYS": "{}"}, "DNS_KEYS lacks local, second"),
}


@pytest.mark.parametrize("name", CONTRADICTIONS)
def test_what_does_not_fit_together_is_refused(environment: dict[str, str], name: str) -> None:
    """A site, a public key or a vendor's key that one table names and another lacks."""
    changes, sentence = CONTRADICTIONS[name]

    with pytest.raises(UsageError, match=re.escape(sentence)):
        site_environment.read(environment | changes)


def test_sites_that_do_not_know_each_other_yet_say_what_to_do(environment: dict[str, str]) -> None:
    """It is no fault: so it stands after the first `up`."""
    with pytest.raises(NotJoined, match="lifeboat peers"):
        site_environment.read(environment | {"SITES": "{}"})


def served(environment: dict[str, str], log: Path) -> subprocess.Popen[bytes]:
    """Start the agent as the image's command does, with this environment and nothing else."""
    known = {name: os.environ[name] for name in ("PATH",) if name in os.environ}
    with log.open("wb") as out:
        return subprocess.Popen(
            [sys.executable, "-m", "scripts.cli", "serve", AGENT.name],
            env=known | environment,
            stdout=out,
            stderr=out,
            cwd=Path(__file__).parents[2],
        )


def wait_until(said: Callable[[], bool]) -> None:
    deadline = time.monotonic() + 90
    while not said():
        assert time.monotonic() < deadline
        time.sleep(0.1)


def test_an_agent_before_its_peers_are_known_waits(environment: dict[str, str], tmp_path: Path) -> None:
    """It says what is to be done and stays, since a process that ends makes its deployment fail."""
    log = tmp_path / "log"
    process = served(environment | {"SITES": "{}"}, log)
    try:
        wait_until(lambda: b"lifeboat peers" in log.read_bytes())
        assert process.poll() is None
    finally:
        process.terminate()
        assert process.wait(30) == 0


def test_an_agent_with_a_bad_environment_ends_in_one_sentence(tmp_path: Path) -> None:
    """It names what is missing, and ends with 2."""
    log = tmp_path / "log"
    process = served({"SITE": "aws"}, log)

    assert process.wait(90) == 2
    assert log.read_text().startswith("The agent cannot start with this environment: APP_URL, CLUSTER")
