"""The provider doubles, proven with a small program on the real engine."""

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from pulumi.runtime.rpc import UNKNOWN

from tests.engine.double import Doubles, running
from tests.engine.estate import Estate
from tests.engine.harness import Outcome, PulumiError, Workspace, require_pulumi

require_pulumi()
pytestmark = pytest.mark.engine

SMALL = Path(__file__).parent / "small_program"
STACK = "aws"
PASSWORD = "a-password-nobody-may-read"
QUOTA = "InstanceQuotaExceeded: no further database may be made in this account"
REPLACEMENTS = {"aws:kms/key:Key": frozenset({"description"})}


@dataclass
class Deployed:
    """The small program on a double: what was planned, how the first `up` died, and what the second said."""

    workspace: Workspace
    doubles: Doubles
    planned: list[dict]
    died: Outcome
    left_by_death: set[str]
    continued: Outcome

    @property
    def estate(self) -> Estate:
        return self.doubles["aws"].estate

    def elsewhere(self, make: Callable[[Path, str], Workspace]) -> Workspace:
        """Return a second workspace that holds the same state, whose settings a test may change."""
        second = make(SMALL, self.doubles.attach)
        second.take(STACK, self.workspace.export(STACK), self.workspace)
        return second


@pytest.fixture(scope="module")
def deployed(make_workspace: Callable[[Path, str], Workspace]) -> Iterator[Deployed]:
    with running("aws", replacements=REPLACEMENTS) as doubles:
        workspace, estate = make_workspace(SMALL, doubles.attach), doubles["aws"].estate
        workspace.init(STACK, {"password": PASSWORD})
        planned = workspace.plan(STACK)
        estate.fail_on("database", QUOTA)
        died = workspace.up(STACK, fails=True)
        left = {held.logical for held in estate.held.values()}
        estate.heal("database")
        yield Deployed(workspace, doubles, planned, died, left, workspace.up(STACK))


def step(steps: list[dict], name: str) -> dict:
    return next(each for each in steps if each["urn"].endswith(f"::{name}"))


def test_preview_says_unknown_for_what_only_the_cloud_can_know(deployed: Deployed) -> None:
    """It plans to create everything, and leaves open what follows from another resource's computed output."""
    inputs = {name: step(deployed.planned, name)["newState"]["inputs"] for name in ("database", "topic")}

    assert {each["op"] for each in deployed.planned} == {"create"}
    assert inputs["database"]["kmsKeyId"] == UNKNOWN
    assert inputs["database"]["identifier"] == "small"
    assert inputs["topic"]["displayName"] == UNKNOWN


def test_an_up_that_dies_keeps_what_was_made_and_continues(deployed: Deployed) -> None:
    """It shows the cloud's own sentence, stops before what needs the failed one, and makes nothing twice afterwards."""
    assert QUOTA in deployed.died.said
    assert "key" in deployed.left_by_death
    assert not deployed.left_by_death & {"database", "topic"}
    assert sorted(deployed.estate.acts) == [("create", name) for name in ("bucket", "database", "key", "topic")]


def test_resources_are_made_after_what_they_need(deployed: Deployed) -> None:
    """It makes the key before the bucket and the database, and the topic last."""
    order = [name for _, name in deployed.estate.acts]

    assert order[0] == "key"
    assert order[-1] == "topic"


def test_outputs_have_the_forms_of_the_cloud(deployed: Deployed) -> None:
    """It exports what the double invented, in the form that AWS gives it."""
    outputs = deployed.workspace.outputs(STACK)

    assert outputs["bucket"] == "arn:aws:s3:::small-example"
    assert outputs["endpoint"].startswith("small.")
    assert outputs["endpoint"].endswith(".rds.amazonaws.com:5432")
    assert outputs["password"] == "[secret]"


def test_preview_after_up_shows_no_change(deployed: Deployed) -> None:
    """It finds nothing to do once the state and the cloud agree, also after asking the cloud for everything again."""
    outcome = deployed.workspace.preview(STACK, "--refresh", "--expect-no-changes")

    assert "5 unchanged" in outcome.said


def test_a_type_that_the_provider_lacks_is_refused(
    deployed: Deployed, make_workspace: Callable[[Path, str], Workspace]
) -> None:
    """It refuses an unknown type at preview, and the sentence names the type and the release that lacks it."""
    second = deployed.elsewhere(make_workspace)
    second.run("config", "set", "--stack", STACK, "unknown_type", "aws:rds/lifeboat:Lifeboat")

    outcome = second.preview(STACK, fails=True)

    assert "The type aws:rds/lifeboat:Lifeboat is not one of pulumi_aws 7.51.1." in outcome.said


def test_what_its_own_protection_guards_is_not_deleted(
    deployed: Deployed, make_workspace: Callable[[Path, str], Workspace]
) -> None:
    """It refuses to delete the database while deletion protection is on, and the database is still there."""
    second = deployed.elsewhere(make_workspace)

    with deployed.estate.undone():
        outcome = second.destroy(STACK, fails=True)
        remaining = {held.logical for held in deployed.estate.held.values()}

    assert "cannot be deleted while its deletionProtection is on" in outcome.said
    assert remaining == {"database", "key"}


def test_secrets_are_encrypted_in_the_state(deployed: Deployed) -> None:
    """It keeps a secret setting out of the state, of every file and of all that was said."""
    workspace = deployed.workspace
    said = [outcome.said for outcome in (deployed.died, deployed.continued)]

    assert len(workspace.written()) > 3
    assert [where for where, content in workspace.written().items() if PASSWORD in content] == []
    assert all(PASSWORD not in text for text in [*said, workspace.export(STACK)])
    assert PASSWORD in workspace.run("stack", "output", "--stack", STACK, "password", "--show-secrets").out


def test_a_saved_plan_allows_what_it_shows_and_nothing_else(
    deployed: Deployed, make_workspace: Callable[[Path, str], Workspace]
) -> None:
    """It refuses an `up` that wants more than the saved plan, changes nothing then, and takes the very plan."""
    second = deployed.elsewhere(make_workspace)
    plan = str(second.folder / "plan.json")
    second.run("config", "set", "--stack", STACK, "topic_name", "planned")
    second.run("preview", "--stack", STACK, "--save-plan", plan)

    with deployed.estate.undone():
        before = list(deployed.estate.acts)
        second.run("config", "set", "--stack", STACK, "guarded", "false")
        refused = second.up(STACK, "--plan", plan, fails=True)
        after_refusal = list(deployed.estate.acts)
        second.run("config", "rm", "--stack", STACK, "guarded")
        second.up(STACK, "--plan", plan)
        after_plan = list(deployed.estate.acts)

    assert "violates plan" in refused.said
    assert after_refusal == before
    assert after_plan == [*before, ("update", "topic")]


def test_state_is_taken_elsewhere(deployed: Deployed, make_workspace: Callable[[Path, str], Workspace]) -> None:
    """It goes on from an exported state on another machine with another backend, and finds nothing to do."""
    second = deployed.elsewhere(make_workspace)

    outcome = second.preview(STACK, "--expect-no-changes")

    assert "5 unchanged" in outcome.said
    assert second.outputs(STACK) == deployed.workspace.outputs(STACK)


def test_state_cannot_be_read_with_another_passphrase(
    deployed: Deployed, make_workspace: Callable[[Path, str], Workspace]
) -> None:
    """It refuses to take an exported state where the passphrase is another one."""
    second = make_workspace(SMALL, deployed.doubles.attach)
    second.environment["PULUMI_CONFIG_PASSPHRASE"] = "another one"

    with pytest.raises(PulumiError, match="incorrect passphrase"):
        second.take(STACK, deployed.workspace.export(STACK), deployed.workspace)


def test_what_was_deleted_by_hand_is_seen(deployed: Deployed) -> None:
    """It notices on refresh that a resource is gone, and plans to make it again."""
    with deployed.estate.undone():
        deployed.estate.lose("topic")
        outcome = deployed.workspace.preview(STACK, "--refresh")

    assert "+ aws:sns/topic:Topic: (create)" in outcome.said


def test_a_change_is_a_replacement_where_the_table_says_so(
    deployed: Deployed, make_workspace: Callable[[Path, str], Workspace]
) -> None:
    """It plans to replace a key whose description changes, and to update a topic whose name does."""
    second = deployed.elsewhere(make_workspace)
    second.run(
        "config", "set-all", "--stack", STACK, "--plaintext", "description=second", "--plaintext", "topic_name=other"
    )

    steps = second.plan(STACK)

    assert step(steps, "key")["op"] == "replace"
    assert step(steps, "topic")["op"] == "update"
