"""The command `up` without an engine: every bad plan, stack and tool is one sentence."""

import json
import shutil
from pathlib import Path

import pytest

from scripts.deploying.pulumi import Pulumi
from scripts.deploying.saved_plan import check_plan, save_plan
from scripts.runbook.errors import PlanRefused
from scripts.up import check_stack
from tests.preview.checkouts import checkout, write


def refusal(root: Path, plans: Path) -> str:
    with pytest.raises(PlanRefused) as refused:
        check_plan(root, "aws", plans, Pulumi(root))
    return str(refused.value)


@pytest.mark.parametrize("text", ["{", "[]", '{"format": 2}', '{"format": 1, "stack": "aws"}'])
def test_a_corrupt_plan_is_one_sentence(tmp_path: Path, text: str) -> None:
    """It names the file and what is wrong with it, before it asks anybody."""
    write(tmp_path, "plans/aws/about.json", text)

    said = refusal(tmp_path, tmp_path / "plans")

    assert said.startswith(f"The saved plan {tmp_path / 'plans' / 'aws' / 'about.json'} is corrupt (")
    assert "\n" not in said


def test_a_plan_that_is_not_there_is_one_sentence(tmp_path: Path) -> None:
    """It says how to make one."""
    assert refusal(tmp_path, tmp_path).startswith(f"There is no saved plan {tmp_path / 'aws'}: make one with")


def test_a_plan_belongs_to_a_commit(tmp_path: Path) -> None:
    """It saves no plan of what is not committed, and names the file."""
    root = checkout(tmp_path.resolve() / "checkout")
    write(root, "infra/graphs/aws.json", "{}")

    with pytest.raises(PlanRefused, match=r"infra/graphs/aws\.json is not committed: commit it first"):
        save_plan(root, "aws", tmp_path / "plans", Pulumi(root))


def test_all_that_is_wrong_with_a_plan_is_named_at_once(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names another stack, an altered plan, a tree that is not committed and a missing tool together."""
    root = checkout(tmp_path.resolve() / "checkout")
    write(root, "infra/graphs/aws.json", "{}")
    about = dict.fromkeys(("commit", "state", "plan", "pulumi"), 64 * "0") | {"format": 1, "stack": "gcp"}
    write(tmp_path, "plans/aws/about.json", json.dumps(about))
    write(tmp_path, "plans/aws/plan.json", "{}")
    without_pulumi(tmp_path, monkeypatch)

    lines = refusal(root, tmp_path / "plans").splitlines()

    assert lines[0] == "The plan is of the stack gcp, and this is aws."
    assert lines[1].startswith("The plan was changed after it was saved: its digest was 000000000000, and this is ")
    assert lines[2].endswith("infra/graphs/aws.json is not committed: commit it first.")
    assert lines[3].startswith("pulumi is not on PATH")
    assert len(lines) == 4


def without_pulumi(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Leave git on PATH and nothing else."""
    (place / "bin").mkdir()
    (place / "bin" / "git").symlink_to(Path(shutil.which("git") or "git"))
    monkeypatch.setenv("PATH", str(place / "bin"))


def test_without_pulumi_it_says_how_to_get_it(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It names the tool that is missing."""
    root = checkout(tmp_path.resolve() / "checkout")
    without_pulumi(tmp_path, monkeypatch)

    with pytest.raises(PlanRefused, match="pulumi is not on PATH"):
        save_plan(root, "aws", tmp_path / "plans", Pulumi(root))


def test_a_stack_that_does_not_exist_is_one_sentence() -> None:
    """It names those that do."""
    with pytest.raises(PlanRefused, match="There is no stack 'prod': choose aws, gcp, azure"):
        check_stack("prod")
