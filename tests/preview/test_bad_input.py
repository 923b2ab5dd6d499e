"""Bad input to the command, in one table: what is wrong, how it ends, and the sentences for all of it at once."""

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import pytest

from scripts import cli
from scripts import preview as command
from tests.preview.checkouts import checkout, commit, write
from tests.preview.graphs import BUCKET, VPC, recorded, resource


def nothing(root: Path) -> None:
    """Commit a site that breaks no rule: its network holds no data that would have to be protected."""
    write(root, "infra/graphs/gcp.json", json.dumps(recorded(resource(VPC, "network"), cloud="gcp")))
    commit(root)


def dirty(root: Path) -> None:
    nothing(root)
    write(root, "infra/graphs/gcp.json", json.dumps(recorded(resource(VPC, "net"), cloud="gcp")))


def corrupt(root: Path) -> None:
    write(root, "infra/graphs/gcp.json", "{")
    write(root, "infra/graphs/azure.json", "{}")


def broken_base(root: Path) -> None:
    """Commit a program that does not run, and put it right in the working tree."""
    program = (root / "infra" / "record.py").read_text()
    write(root, "infra/record.py", "x = {}\nx['region']\n")
    commit(root)
    write(root, "infra/record.py", program)


def broken_now(root: Path) -> None:
    write(root, "infra/record.py", "def make(:\n")


def unprotected(root: Path) -> None:
    """Commit a protected bucket, and take it away in the working tree."""
    kept = recorded(resource(BUCKET, "kept", protect=True), cloud="gcp")
    write(root, "infra/graphs/gcp.json", json.dumps(kept))
    commit(root)
    write(root, "infra/graphs/gcp.json", json.dumps(recorded(cloud="gcp")))


@dataclass(frozen=True)
class Case:
    """What is done to a checkout, what is asked of it, how that ends, and what is said, in this order."""

    harm: Callable[[Path], None]
    ends: int
    says: tuple[str, ...] = ()
    asked: tuple[str, ...] = ()
    base: str = "HEAD"
    shows: tuple[str, ...] = ()


ONE = ("--cloud", "gcp")
CASES = {
    "nothing": Case(nothing, 0, asked=ONE, shows=("It would change nothing on any site.",)),
    "dirty": Case(
        dirty, 0, asked=ONE, shows=("The working tree is not committed: the preview shows it as it lies here",)
    ),
    "rule": Case(unprotected, 1, asked=ONE, shows=(f"gcp: {BUCKET} kept is protected and would be deleted.",)),
    "ref": Case(nothing, 2, ("There is no commit 'nowhere' here: fetch it",), base="nowhere"),
    "base": Case(
        broken_base,
        2,
        (
            *(f"The program for {cloud} at HEAD (" for cloud in ("aws", "gcp", "azure")),
            "does not run: infra/record.py, line 2: KeyError: 'region'",
        ),
    ),
    "program": Case(broken_now, 2, ("The program for gcp does not run: infra/record.py, line 1: SyntaxError",)),
    "graph": Case(
        corrupt,
        2,
        (
            "The recorded graph of the program for gcp is corrupt: it is no JSON",
            "The recorded graph of the program for azure is corrupt (KeyError",
        ),
    ),
    "several": Case(
        corrupt,
        2,
        (
            "There is no cloud 'oracle'",
            "There is no format 'pdf'",
            "There is no commit 'nowhere' here",
            "The recorded graph of the program for gcp is corrupt",
        ),
        ("--cloud", "oracle", "--cloud", "gcp", "--format", "pdf"),
        "nowhere",
    ),
    "plan": Case(
        dirty,
        2,
        tuple(
            f"{cloud}: A plan belongs to a commit, and infra/graphs/gcp.json is not committed"
            for cloud in ("aws", "gcp")
        ),
        ("--cloud", "aws", "--cloud", "gcp", "--save-plan", "plans"),
    ),
}


@pytest.mark.parametrize("name", CASES)
def test_bad_input_is_sentences_and_an_exit_code(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """It ends with 0, 1 or 2 as it promises, says everything at once where there are several, and shows no traceback."""
    case, root = CASES[name], checkout(tmp_path.resolve() / "checkout")
    case.harm(root)
    monkeypatch.setattr(command, "ROOT", root)
    monkeypatch.chdir(tmp_path)
    offline = () if "--save-plan" in case.asked else ("--offline",)
    monkeypatch.setattr(sys, "argv", ["lifeboat", "preview", "--base", case.base, *offline, *case.asked])

    with pytest.raises(SystemExit) as left:
        cli.main()

    printed = capsys.readouterr()
    said, shown = (" ".join(text.split()) for text in (printed.err, printed.out))
    assert (left.value.code, "Traceback" in said) == (case.ends, False)
    places = [said.find(sentence) for sentence in case.says]
    assert -1 not in places, said
    assert [sentence for sentence in case.shows if sentence not in shown] == []
    assert bool(shown) == (case.ends < 2 or "--save-plan" in case.asked)
