"""The real program of each cloud on the real engine: one stack a cloud, deployed once and looked at from all sides."""

import json
from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import fields
from pathlib import Path

import pytest

from infra import clouds
from infra.outputs import SiteOutputs
from infra.replacements import REPLACEMENTS
from infra.spec import DATABASE_ROLES, PROCESSES
from tests.engine.deployed import (
    DNS_KEY,
    LINK_KEY,
    PRESENT,
    PROVIDERS,
    REFUSAL,
    ROOT,
    Deployed,
    deploy,
    link_to_peers,
)
from tests.engine.double import running
from tests.engine.estate import RefusedError
from tests.engine.harness import Workspace, require_pulumi

require_pulumi()
pytestmark = pytest.mark.engine


REPLACING = {kind: frozenset(found.replaces) for kind, found in REPLACEMENTS.items()}
"""What the doubles replace: the same table that the preview reads."""

OTHER_REPOSITORIES = {
    "aws": "000000000000.dkr.ecr.eu-west-1.amazonaws.com/renamed",
    "gcp": "europe-west1-docker.pkg.dev/lifeboat-example/renamed/lifeboat",
    "azure": "renamedexample.azurecr.io/lifeboat",
}


@pytest.fixture(scope="module", params=PRESENT)
def deployed(request: pytest.FixtureRequest, make_workspace: Callable[[Path, str], Workspace]) -> Iterator[Deployed]:
    with running(PROVIDERS[request.param], "random", replacements=REPLACING) as doubles:
        yield deploy(request.param, make_workspace(ROOT, doubles.attach), doubles)


def test_preview_creates_a_whole_site_and_touches_nothing(deployed: Deployed) -> None:
    """It plans nothing but creation, warns of nothing, and no cloud is changed by it."""
    plan = json.loads(deployed.planned.out)

    assert {step["op"] for step in plan["steps"]} == {"create"}
    assert deployed.acts_of_preview == 0
    assert [
        entry["message"] for entry in plan.get("diagnostics", []) if entry["severity"] in {"warning", "error"}
    ] == []


def test_up_dies_at_the_resource_that_the_cloud_refuses(deployed: Deployed) -> None:
    """It shows the cloud's own sentence and leaves what was made, but not the database."""
    assert REFUSAL in deployed.died.said
    assert deployed.left_by_death
    assert deployed.database[1].logical not in deployed.left_by_death


def test_up_continues_where_it_died(deployed: Deployed) -> None:
    """It makes at the second try only what was missing: everything was made once, nothing deleted or changed."""
    made = Counter(deployed.estate.acts)

    assert "errored" not in deployed.continued.said
    assert {verb for verb, _ in made} == {"create"}
    assert sorted(name for _, name in made.elements()) == sorted(held.logical for held in deployed.estate.held.values())


def test_preview_after_up_shows_no_change(deployed: Deployed) -> None:
    """It has nothing to do once the site stands."""
    outcome = deployed.workspace.preview(deployed.cloud, "--expect-no-changes")

    assert "unchanged" in outcome.said


def test_outputs_are_those_of_a_site(deployed: Deployed) -> None:
    """It exports exactly the fields of SiteOutputs, each one valid, and none of them secret."""
    outputs = deployed.workspace.outputs(deployed.cloud)

    site = SiteOutputs.read(outputs)

    assert set(outputs) == {field.name for field in fields(SiteOutputs)}
    assert (site.site, site.cloud) == (deployed.cloud, deployed.cloud)
    assert "[secret]" not in outputs.values()


def test_no_secret_stands_in_clear(deployed: Deployed) -> None:
    """It keeps given and generated secrets out of the state, every file that Pulumi wrote, and all that it said."""
    passwords = [
        held.outputs["result"] for held in deployed.doubles["random"].estate.held.values() if "result" in held.outputs
    ]
    pem = deployed.secrets["signing_key"].splitlines()[1]
    hidden = [deployed.secrets["secret_key"], deployed.secrets["replication_password"], DNS_KEY, pem, *passwords]
    said = [outcome.said for outcome in (deployed.planned, deployed.died, deployed.continued)]
    texts = [*deployed.workspace.written().values(), *said, deployed.workspace.export(deployed.cloud)]

    found = {secret[:4] for secret in hidden for text in texts if secret in text}

    assert any("lifeboat-database" in text for text in texts)
    assert len(passwords) >= len(DATABASE_ROLES) - 1
    assert found == set()


def test_destroy_is_refused_while_protection_stands(deployed: Deployed) -> None:
    """It refuses to destroy a site that Pulumi protects, before anything is deleted."""
    outcome = deployed.workspace.destroy(deployed.cloud, fails=True)

    assert "cannot be deleted" in outcome.said
    assert "delete" not in {verb for verb, _ in deployed.estate.acts}


def test_the_database_survives_destroy_even_without_pulumi_s_protection(
    deployed: Deployed, make_workspace: Callable[[Path, str], Workspace]
) -> None:
    """It keeps the database by the cloud's own protection when somebody has taken Pulumi's away."""
    second = deployed.elsewhere(make_workspace)
    second.run("state", "unprotect", "--all", "--yes", "--stack", deployed.cloud)

    with deployed.estate.undone():
        outcome = second.destroy(deployed.cloud, fails=True)
        identifier, held = deployed.database
        with pytest.raises(RefusedError, match="cannot be deleted while"):
            deployed.estate.delete(held.token, identifier, held.urn)

    assert "cannot be deleted while" in outcome.said


def test_a_changed_setting_changes_only_what_it_is_about(
    deployed: Deployed, make_workspace: Callable[[Path, str], Workspace]
) -> None:
    """It updates the database and the stores for another retention, and neither replaces nor touches anything else."""
    second = deployed.elsewhere(make_workspace)
    second.run("config", "set", "retention_days", "21", "--stack", deployed.cloud)

    steps = {
        step["urn"].rpartition("::")[2]: step["op"] for step in second.plan(deployed.cloud) if step["op"] != "same"
    }

    kept_by = {"lifeboat-database", "lifeboat-media", "lifeboat-control"}
    if deployed.cloud == "azure":  # There every account keeps deleted containers, those of the logs too.
        kept_by |= {"lifeboat-network", "lifeboat-watch"}
    assert set(steps.values()) == {"update"}
    assert deployed.database[1].logical in steps
    assert {"-".join(name.split("-")[:2]) for name in steps} == kept_by


def test_a_change_that_would_lose_something_is_refused(
    deployed: Deployed, make_workspace: Callable[[Path, str], Workspace]
) -> None:
    """It refuses, before anything is changed, to replace a registry with all its images for another name."""
    second, before = deployed.elsewhere(make_workspace), len(deployed.estate.acts)
    second.run("config", "set", "repository", OTHER_REPOSITORIES[deployed.cloud], "--stack", deployed.cloud)

    outcome = second.up(deployed.cloud, fails=True)

    assert "lifeboat-registry-images" in outcome.said
    assert "protect" in outcome.said
    assert len(deployed.estate.acts) == before


REVISIONS = {f"lifeboat-service-{process.name}" for process in PROCESSES}
"""What a change of a process's environment replaces on AWS: its task definition, of which each revision is a resource."""


def test_peers_add_the_link_and_delete_nothing(
    deployed: Deployed, make_workspace: Callable[[Path, str], Workspace]
) -> None:
    """It adds tunnels and rights when the peers are known, gives up nothing, and exports this side's ends of them."""
    second, peers = deployed.elsewhere(make_workspace), set(clouds.NAMES) - {deployed.cloud}
    link_to_peers(second, deployed.cloud)

    with deployed.estate.undone():
        before = len(deployed.estate.acts)
        second.up(deployed.cloud)
        added = deployed.estate.acts[before:]
        outputs = second.outputs(deployed.cloud)
        texts = [second.export(deployed.cloud), *second.written().values()]

    replaced = {name for verb, name in added if verb == "delete"}
    made = {name for verb, name in added if verb == "create"} - replaced
    assert replaced <= (REVISIONS if deployed.cloud == "aws" else set())
    assert [name for name in made if not peers & set(name.split("-"))] == []
    assert set(SiteOutputs.read(outputs).link["gateways"]) == peers
    assert all(LINK_KEY not in text for text in texts)
