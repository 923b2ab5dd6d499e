"""Saved plans on the real engine: one is applied as it was read; one of another commit, stack or state is refused."""

import os
import shutil
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts.console import Console
from scripts.deploying.pulumi import Pulumi
from scripts.deploying.reachable import to_ask
from scripts.deploying.saved_plan import check_plan, save_plan
from scripts.preview import save_plans
from scripts.runbook.errors import PlanRefused
from tests.engine.double import Doubles, running
from tests.engine.harness import Workspace, require_pulumi
from tests.preview.checkouts import commit, git, write

require_pulumi()
pytestmark = pytest.mark.engine

PROJECT = """name: small
runtime:
  name: python
  options:
    toolchain: pip
main: infra
stackConfigDir: stacks
"""
PROGRAM = 'import pulumi_aws as aws\naws.kms.Key("key", description="{}")\n'


@dataclass
class Place:
    """A checkout with a small program, its workspace on a double, and a folder for plans."""

    root: Path
    plans: Path
    engine: Pulumi
    workspace: Workspace
    doubles: Doubles

    def describe(self, text: str) -> None:
        """Commit a program that gives the key a description."""
        write(self.root, "infra/__main__.py", PROGRAM.format(text))
        commit(self.root)

    @property
    def made(self) -> list[tuple[str, str]]:
        return self.doubles["aws"].estate.acts


@pytest.fixture
def place(tmp_path: Path, make_workspace: Callable[[Path, str], Workspace]) -> Iterator[Place]:
    root = tmp_path / "checkout"
    write(root, "Pulumi.yaml", PROJECT)
    write(root, "stacks/README.md", "")
    (root / "infra").mkdir()
    git(tmp_path, "init", "--quiet", "--initial-branch=main", str(root))
    with running("aws") as doubles:
        workspace = make_workspace(root, doubles.attach)
        workspace.init("aws")
        workspace.init("gcp")
        for stack in ("aws", "gcp"):
            shutil.copy(workspace.stack_file(stack), root / "stacks")
        found = Place(root, tmp_path / "plans", Pulumi(root, workspace.environment), workspace, doubles)
        found.describe("first")
        yield found


def refusal(place: Place, stack: str = "aws") -> str:
    with pytest.raises(PlanRefused) as refused:
        check_plan(place.root, stack, place.plans, place.engine)
    return str(refused.value)


def test_a_plan_is_applied_once_and_no_other(place: Place) -> None:
    """It applies the plan that was saved; after that the state is another, and the same plan is refused."""
    said = save_plan(place.root, "aws", place.plans, place.engine)
    assert "kms" in said
    assert place.made == []

    place.engine.up("aws", check_plan(place.root, "aws", place.plans, place.engine))

    assert place.made == [("create", "key")]
    assert refusal(place).startswith("Somebody has deployed since: the plan is of the state ")


def test_with_credentials_a_preview_saves_the_plan(place: Place) -> None:
    """It asks Pulumi about the cloud that has credentials and no other, and `up` takes the plan that this leaves."""
    known = {**os.environ, **place.workspace.environment, "AWS_ACCESS_KEY_ID": "none"}

    clouds, why_not = to_ask(place.root, ("aws", "gcp"), known, place.root)
    save_plans(clouds, place.plans, place.engine, Console(place.root))
    place.engine.up("aws", check_plan(place.root, "aws", place.plans, place.engine))

    assert (clouds, why_not) == (("aws",), "")
    assert place.made == [("create", "key")]


def test_a_plan_of_another_commit_is_refused(place: Place) -> None:
    """It names both commits, also where the change would be a small one; uncommitted work is refused by its file."""
    save_plan(place.root, "aws", place.plans, place.engine)
    before = git(place.root, "rev-parse", "HEAD")
    place.describe("second")

    said = refusal(place)
    write(place.root, "infra/__main__.py", PROGRAM.format("third"))

    assert f"The plan is of the commit {before[:12]}, and this is {git(place.root, 'rev-parse', 'HEAD')[:12]}." in said
    assert "infra/__main__.py is not committed" in refusal(place)


def test_a_plan_of_another_stack_is_refused(place: Place) -> None:
    """It refuses a plan that was put into another stack's place, and one that was altered, all in one answer."""
    save_plan(place.root, "aws", place.plans, place.engine)
    shutil.copytree(place.plans / "aws", place.plans / "gcp")
    with (place.plans / "gcp" / "plan.json").open("a") as plan:
        plan.write(" ")

    lines = refusal(place, "gcp").splitlines()

    assert lines[0] == "The plan is of the stack aws, and this is gcp."
    assert lines[1].startswith("The plan was changed after it was saved")
    assert (
        refusal(place, "azure")
        == f"There is no saved plan {place.plans / 'azure'}: make one with `lifeboat preview --save-plan`."
    )


def test_the_engine_itself_refuses_what_the_plan_does_not_hold(place: Place) -> None:
    """It stops an `up` that would do something else than the plan, even where our own check is passed by."""
    save_plan(place.root, "aws", place.plans, place.engine)
    place.describe("another")

    with pytest.raises(PlanRefused, match="violates plan"):
        place.engine.up("aws", place.plans / "aws" / "plan.json")

    assert place.made == []


def test_drift_is_found(place: Place) -> None:
    """It says nothing of a site that is as its state says, and refuses one that somebody changed by hand."""
    save_plan(place.root, "aws", place.plans, place.engine)
    place.engine.up("aws", check_plan(place.root, "aws", place.plans, place.engine))
    place.engine.drift("aws")

    (held,) = place.doubles["aws"].estate.held.values()
    held.inputs["description"] = held.outputs["description"] = "changed by hand"

    with pytest.raises(PlanRefused, match="pulumi preview ended with"):
        place.engine.drift("aws")
