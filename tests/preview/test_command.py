"""The way to the graphs: git, processes, the cache, every refusal, and the command itself on the real programs."""

import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from scripts.console import Console
from scripts.preview import look_ahead, write_picture, wrong_choices
from scripts.previewing.processes import last_words
from scripts.previewing.recordings import CLOUDS
from scripts.previewing.report import Preview
from scripts.runbook.errors import PreviewRefused
from tests.infra.recordings import ROOT
from tests.preview.checkouts import checkout, commit, git, graph_of, write


@pytest.fixture
def place(tmp_path: Path) -> Path:
    return checkout(tmp_path.resolve() / "checkout")


def ahead(root: Path, ref: str | None = "HEAD", clouds: tuple[str, ...] = CLOUDS) -> Preview:
    return look_ahead(root, clouds, ref, Console(root))


def refusal(root: Path, ref: str | None = "HEAD", clouds: tuple[str, ...] = CLOUDS) -> str:
    with pytest.raises(PreviewRefused) as refused:
        ahead(root, ref, clouds)
    return str(refused.value)


def test_a_change_is_seen_before_it_is_committed(place: Path) -> None:
    """It compares the tree as it lies there with the base, and says that it is not committed."""
    write(place, "infra/graphs/gcp.json", json.dumps(graph_of("gcp", "b")))

    found = ahead(place)

    assert {cloud: [one.kind for one in ones] for cloud, ones in found.changes.items()} == {
        "aws": [],
        "gcp": ["replace"],
        "azure": [],
    }
    assert found.notes == (
        "The working tree is not committed: the preview shows it as it lies here, with infra/graphs/gcp.json.",
    )


def test_a_clean_tree_says_nothing_of_itself(place: Path) -> None:
    """It has no note where all is committed."""
    assert ahead(place).notes == ()


def test_secrets_that_a_stack_lacks_are_named_once_for_all_that_lack_the_same(place: Path) -> None:
    """The recording stands in for them, and the preview must not look as if `pulumi up` would do what it says."""
    for cloud, missing in (("aws", ["secret_key", "vapid_key"]), ("gcp", ["secret_key", "vapid_key"]), ("azure", [])):
        write(place, f"infra/graphs/{cloud}.json", json.dumps({**graph_of(cloud), "missing_secrets": missing}))

    assert ahead(place, None).notes == (
        "aws, gcp: no secret_key, vapid_key yet, so `pulumi up` would refuse; `lifeboat secrets` sets them on all stacks.",
    )


def test_nothing_in_the_checkout_changes(place: Path) -> None:
    """It leaves no worktree, no branch and no file behind, except its own cache."""
    before = (git(place, "for-each-ref"), git(place, "worktree", "list"), git(place, "status", "--porcelain"))

    ahead(place)

    assert (git(place, "for-each-ref"), git(place, "worktree", "list"), git(place, "status", "--porcelain")) == before
    assert [path.name for path in (place / ".lifeboat").iterdir()] == ["preview"]


def test_the_base_is_recorded_once(place: Path) -> None:
    """It takes the base from the cache although its program would not run any more, for the same description."""
    first = ahead(place)
    write(place, "README.md", "No part of the description.")
    commit(place)
    for kept in (place / ".lifeboat" / "preview").glob("*.json"):
        entry = json.loads(kept.read_text())
        assert entry["graph"]["cloud"] in kept.name

    write(place, "infra/graphs/aws.json", json.dumps(graph_of("aws", "b")))

    assert ahead(place, "HEAD").changes["aws"] == ahead(place, "HEAD~1").changes["aws"] != first.changes["aws"]
    assert len(list((place / ".lifeboat" / "preview").iterdir())) == 3


@pytest.mark.parametrize("damage", ["{", "[]", '{"format": 1}', "flip"])
def test_a_corrupt_cache_is_said_and_made_anew(place: Path, damage: str, capsys: pytest.CaptureFixture[str]) -> None:
    """It trusts no cached graph that is torn or altered, says so in one sentence, and records again."""
    ahead(place, clouds=("aws",))
    (kept,) = (place / ".lifeboat" / "preview").iterdir()
    kept.write_text(kept.read_text().replace("store", "stole") if damage == "flip" else damage)

    found = ahead(place, clouds=("aws",))

    assert found.changes["aws"] == ()
    assert f"The cached graph {kept} is corrupt" in capsys.readouterr().err
    assert json.loads(kept.read_text())["graph"] == graph_of("aws")


def test_a_cloud_that_the_base_lacks_is_new(tmp_path: Path) -> None:
    """It creates everything of a cloud that the base does not describe, and says that it is new."""
    root = checkout(tmp_path.resolve() / "checkout", {"aws": "a"})
    for path in ("infra/clouds/gcp/__init__.py", "stacks/Pulumi.gcp.yaml"):
        write(root, path, "")
    write(root, "infra/graphs/gcp.json", json.dumps(graph_of("gcp")))

    found = ahead(root, clouds=("aws", "gcp"))

    assert [one.kind for one in found.changes["gcp"]] == ["create"]
    assert any(note.startswith("gcp is not in HEAD") for note in found.notes)


def test_a_ref_that_does_not_exist_is_one_sentence(place: Path) -> None:
    """It names the ref and what to do, also where the ref looks like an option."""
    assert refusal(place, "nowhere") == "There is no commit 'nowhere' here: fetch it, or give another with --base."
    assert refusal(place, "--help").startswith("There is no commit '--help' here")


def test_a_folder_without_git_is_one_sentence(place: Path) -> None:
    """It says that there is nothing to compare with, and previews all the same without a base."""
    shutil.rmtree(place / ".git")

    assert refusal(place).startswith(f"{place} is not a git checkout, so there is nothing to compare with 'HEAD'")
    assert ahead(place, None).base is None


def test_a_base_without_a_description_is_one_sentence(place: Path) -> None:
    """It names what the base does not have."""
    for path in ("infra", "stacks"):
        shutil.rmtree(place / path)
    commit(place)

    assert refusal(place) == "HEAD describes no site: it has no infra and no stacks. Give another with --base."


def test_every_program_that_does_not_run_is_named_at_once(place: Path) -> None:
    """It names each cloud, its line and the reason, of now and of the base, and prints no traceback."""
    write(place, "infra/record.py", "import sys\nx = {}\nprint(x[sys.argv[1]])\n")
    commit(place)

    lines = refusal(place).splitlines()

    assert len(lines) == 6
    assert lines[0] == "The program for aws does not run: infra/record.py, line 3: KeyError: 'aws'"
    assert lines[3].startswith("The program for aws at HEAD (")


def test_a_program_that_prints_no_graph_is_one_sentence(place: Path) -> None:
    """It tells JSON that is none from a graph that is none."""
    write(place, "infra/graphs/aws.json", "{")
    write(place, "infra/graphs/gcp.json", "{}")

    assert refusal(place, None, ("aws",)).startswith(
        "The recorded graph of the program for aws is corrupt: it is no JSON"
    )
    assert refusal(place, None, ("gcp",)).startswith("The recorded graph of the program for gcp is corrupt (KeyError")


def test_a_program_sees_no_credential(place: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """It hands the environment's credentials to no program that it runs."""
    monkeypatch.setenv("AWS_SECRET_ACCESS_KEY", "TheSecret")
    monkeypatch.setenv("PULUMI_CONFIG_PASSPHRASE", "TheSecret")
    write(place, "infra/record.py", "import os, sys\nsys.exit(' '.join(os.environ))\n")

    said = refusal(place, None, ("aws",))

    assert "PATH" in said
    assert "AWS_" not in said
    assert "PULUMI_" not in said


def test_last_words_name_our_line_and_not_python_s() -> None:
    """It picks the last line of a traceback that lies in the checkout, and the error itself."""
    root = Path("/some/checkout")
    stderr = (
        'Traceback (most recent call last):\n  File "/some/checkout/infra/clouds/aws/media.py", line 12, in make\n'
        '  File "/usr/lib/python3/json.py", line 3, in x\nValueError: no such thing\n'
    )

    assert last_words(stderr, root) == "infra/clouds/aws/media.py, line 12: ValueError: no such thing"
    assert last_words("", root) == "it said nothing."
    assert "scripts/setup dev" in last_words("Traceback\nModuleNotFoundError: No module named 'pulumi'", root)


def test_every_fault_is_named_at_once(place: Path) -> None:
    """It names bad choices, each with the nearest that exists, the base and the programs that do not run, together."""
    write(place, "infra/graphs/gcp.json", "{")
    write(place, "infra/graphs/azure.json", "{}")
    faults = wrong_choices(("awz", "gcp"), "markdwon", Path("/no/such/folder/x.svg"))

    with pytest.raises(PreviewRefused) as refused:
        look_ahead(place, CLOUDS, "nowhere", Console(place), faults)

    lines = str(refused.value).splitlines()
    assert lines[:4] == [
        "There is no cloud 'awz': choose aws, gcp, azure (did you mean aws?).",
        "There is no format 'markdwon': choose text, markdown, json (did you mean markdown?).",
        "The picture cannot be written: there is no folder /no/such/folder.",
        "There is no commit 'nowhere' here: fetch it, or give another with --base.",
    ]
    assert lines[4].startswith("The recorded graph of the program for gcp is corrupt: it is no JSON")
    assert lines[5].startswith("The recorded graph of the program for azure is corrupt (KeyError")


def test_a_picture_that_cannot_be_written_is_one_sentence(place: Path) -> None:
    """It names the file and the reason."""
    with pytest.raises(PreviewRefused, match=r"^The picture cannot be written to .*: Is a directory\.$"):
        write_picture(place, ahead(place, None, ("aws",)))


def run(root: Path, *arguments: str) -> subprocess.CompletedProcess[str]:
    """Run the command of a checkout of its own."""
    return subprocess.run(
        [sys.executable, "-m", "scripts.cli", "preview", *arguments],
        cwd=root,
        env={**os.environ, "PYTHONPATH": str(root)},
        capture_output=True,
        text=True,
        timeout=300,
    )


def test_the_command_on_a_real_program(tmp_path: Path) -> None:
    """It shows a real change of the AWS program: the database is replaced, a rule breaks, the exit says so."""
    root = tmp_path.resolve() / "real"
    for name in ("app", "infra", "scripts", "stacks"):
        shutil.copytree(ROOT / name, root / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "Pulumi.yaml", root)
    write(root, ".gitignore", ".lifeboat/\n__pycache__/\n")
    git(root, "init", "--quiet")
    commit(root)
    database = root / "infra" / "clouds" / "aws" / "database.py"
    assert "storage_encrypted=True" in database.read_text()
    database.write_text(database.read_text().replace("storage_encrypted=True", "storage_encrypted=False"))

    finished = run(root, "--cloud", "aws", "--base", "HEAD", "--format", "json", "--graph", str(tmp_path / "x.svg"))

    assert finished.returncode == 1, finished.stderr
    found = json.loads(finished.stdout)
    changes = found["clouds"]["aws"]["changes"]
    # The two secrets hold the database's address, and a version of a secret is never altered.
    assert {one["name"] for one in changes if one["kind"] == "replace"} == {
        "lifeboat-database-instance",
        "lifeboat-database-url-agent",
        "lifeboat-database-url-app",
    }
    assert "is protected and would be replaced through storageEncrypted" in found["broken"][0]
    assert "rds Instance   !1" in (tmp_path / "x.svg").read_text()
