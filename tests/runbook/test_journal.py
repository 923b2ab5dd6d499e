"""The journal: on disk before the next step, whole after a full disk, and honest about every altered line."""

import json
import os
import subprocess
import sys
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.runbook.errors import JournalBusy, JournalCorrupt, JournalFull
from scripts.runbook.journal import BEGINNING, Journal
from scripts.runbook.signing import canonical
from tests.runbook.journals import line_of, open_journal, records_of

ROOT = Path(__file__).parents[2]
STEPS = ("win_epoch", "stop_applying", "promote", "open_writes")


def written(path: Path, steps: tuple[str, ...] = STEPS, runbook: str = "failover-2") -> Journal:
    """Give a journal with one done record a step."""
    journal = open_journal(path, runbook)
    for number, step in enumerate(steps):
        journal.append(step, 2, 1_900_000_000.25 + number, "done", {"positions": {"gcp": "0/1F40"}, "say": "fünf"})
    return journal


def line_named(path: Path) -> int:
    """Return the number of the line that is refused."""
    with pytest.raises(JournalCorrupt) as refused:
        open_journal(path)
    assert str(refused.value).startswith("line ")
    assert f"of the journal {path} cannot be trusted" in str(refused.value)
    return int(str(refused.value).split()[1])


def test_what_was_written_is_read_back(tmp_path: Path) -> None:
    """Every field of every record, chained from the beginning, in a folder that was not there."""
    path = tmp_path / "a" / "b" / "x.jsonl"
    first = written(path)

    again = open_journal(path)

    assert again.records == first.records
    assert again.torn is None
    assert [record.number for record in again.records] == [1, 2, 3, 4]
    hashes = [record.hash for record in again.records]
    assert [record.previous for record in again.records] == [BEGINNING, *hashes[:-1]]


def test_a_record_is_on_disk_when_append_returns(tmp_path: Path) -> None:
    """Another reader sees it at once, whole."""
    journal = open_journal(tmp_path / "x.jsonl")

    record = journal.append("promote", 2, 5.0, "done", {})

    assert (tmp_path / "x.jsonl").read_bytes() == line_of(record)


def test_done_means_done(tmp_path: Path) -> None:
    """A refused step is not a done one."""
    journal = open_journal(tmp_path / "x.jsonl")
    journal.append("promote", 2, 5.0, "refused", {"reason": "no"})
    before = journal.done("promote")
    journal.append("promote", 2, 6.0, "done", {})

    assert (before, journal.done("promote"), journal.done("open_writes")) == (False, True, False)


@pytest.fixture(scope="module")
def kept(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Give a journal that several examples alter and put back."""
    path = tmp_path_factory.mktemp("journal") / "x.jsonl"
    written(path)
    return path


@given(data=st.data())
@settings(deadline=None, max_examples=150)
def test_any_altered_byte_is_named_by_its_line(kept: Path, data: st.DataObject) -> None:
    """Also one that would read as the same number, or adds a blank."""
    content = kept.read_bytes()
    altered = bytearray(content)
    # The last line's own end is left: without it the line counts as torn.
    at = data.draw(st.integers(0, 700))
    altered[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != altered[at]))

    kept.write_bytes(altered)
    try:
        named = line_named(kept)
    finally:
        kept.write_bytes(content)

    assert named == content[:at].count(b"\n") + 1


SAME_MEANING = {
    "a blank": (b'"outcome":', b'"outcome": '),
    "a field twice": (b'"epoch":2', b'"epoch":99,"epoch":2'),
    "another spelling of a number": (b'"epoch":2', b'"epoch":2e0'),
    "an escape": ("fünf".encode(), b"f\\u00fcnf"),
}


@pytest.mark.parametrize(("old", "new"), SAME_MEANING.values(), ids=SAME_MEANING.keys())
def test_another_spelling_is_an_alteration(tmp_path: Path, old: bytes, new: bytes) -> None:
    """Two readers must not be able to read two different things in one line."""
    path = tmp_path / "x.jsonl"
    written(path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[2] = lines[2].replace(old, new)
    path.write_bytes(b"".join(lines))

    assert line_named(path) == 3


def moved_lines(lines: list[bytes], foreign: bytes) -> dict[str, tuple[list[bytes], int]]:
    one, two, three, four = lines
    return {
        "one is missing": ([one, three, four], 2),
        "the first is missing": ([two, three, four], 1),
        "two are swapped": ([one, three, two, four], 2),
        "one is there twice": ([one, two, two, three, four], 3),
        "an empty line": ([one, b"\n", two, three, four], 2),
        "a line of another journal": ([one, two, foreign, three, four], 3),
        "brackets without end": ([one, b"[" * 200_000 + b"\n"], 2),
        "a list": ([b"[]\n"], 1),
        "a number": ([b"7\n"], 1),
        "a record without a hash": ([b"{}\n"], 1),
    }


@pytest.mark.parametrize("name", moved_lines([b""] * 4, b""))
def test_lines_stand_where_they_were_written(tmp_path: Path, name: str) -> None:
    """The first line that does not follow from the one before is named."""
    path = tmp_path / "x.jsonl"
    written(path)
    foreign = line_of(written(tmp_path / "y.jsonl", runbook="failover-3").records[2])
    lines, number = moved_lines(path.read_bytes().splitlines(keepends=True), foreign)[name]

    path.write_bytes(b"".join(lines))

    assert line_named(path) == number


def test_a_rewritten_record_needs_the_whole_rest_rewritten(tmp_path: Path) -> None:
    """Whoever alters a line and mends its own hash is found at the next one."""
    path = tmp_path / "x.jsonl"
    journal = written(path)
    lines = path.read_bytes().splitlines(keepends=True)
    lines[1] = line_of(replace(journal.records[1], outcome="refused"))

    path.write_bytes(b"".join(lines))

    assert line_named(path) == 3


def test_a_torn_end_is_set_aside_wherever_it_was_cut(tmp_path: Path) -> None:
    """The whole records stay, the piece is kept in a file of its own, and the journal goes on where it was."""
    whole = written(tmp_path / "whole.jsonl")
    content = (tmp_path / "whole.jsonl").read_bytes()
    start = len(content) - len(line_of(whole.records[-1]))

    for length in range(start + 1, len(content)):
        path = tmp_path / f"{length}.jsonl"
        path.write_bytes(content[:length])
        journal = open_journal(path)

        assert journal.records == whole.records[:-1]
        assert journal.torn
        assert content[start:length] in journal.torn.read_bytes()
        journal.append("open_writes", 2, 9.0, "done", {})
        assert [record.number for record in records_of(path)] == [1, 2, 3, 4]


def test_a_first_line_that_is_torn_leaves_an_empty_journal(tmp_path: Path) -> None:
    """Nothing was recorded, and nothing is lost of the piece."""
    path = tmp_path / "x.jsonl"
    path.write_bytes(b'{"number":1,"ru')

    journal = open_journal(path)

    assert (journal.records, path.read_bytes()) == ([], b"")
    assert journal.torn


def test_a_second_torn_end_does_not_replace_the_first(tmp_path: Path) -> None:
    """A runbook may be killed twice in the middle of a line: both pieces are kept."""
    path, kept = tmp_path / "x.jsonl", []
    for piece in (b'{"first', b'{"second'):
        with path.open("ab") as file:
            file.write(piece)
        kept.append(open_journal(path).torn)

    assert kept[0] == kept[1]
    assert [piece in kept[1].read_bytes() for piece in (b'{"first', b'{"second')] == [True, True]


# Lowers the largest file size to `limit` bytes, writes one record, and says what came of it: a disk that fills up there.
FULL_DISK = """
import json, resource, sys
from pathlib import Path
from scripts.runbook.errors import JournalFull
from tests.runbook.journals import open_journal
path, content, results = Path(sys.argv[1]), Path(sys.argv[1]).read_bytes(), []
for room in map(int, sys.argv[2:]):
    path.write_bytes(content)
    journal = open_journal(path)
    resource.setrlimit(resource.RLIMIT_FSIZE, (len(content) + room, resource.RLIM_INFINITY))
    try:
        journal.append("open_writes", 2, 7.0, "done", {"rule": "x" * 300})
        said = ""
    except JournalFull as full:
        said = str(full)
    resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))
    whole = path.read_bytes() == content
    records = len(journal.records)
    journal.append("open_writes", 2, 7.0, "done", {})
    results.append([said, whole, records, len(open_journal(path).records)])
print(json.dumps(results))
"""


def test_a_full_disk_stops_the_step_and_leaves_the_journal_whole(tmp_path: Path) -> None:
    """Wherever in the line the space ends: one sentence, not a byte of the line stays, and with space it goes on."""
    path = tmp_path / "x.jsonl"
    written(path)
    rooms = [str(room) for room in (0, 1, 100, 250, 251, 252, 400, 500)]

    ran = subprocess.run(
        [sys.executable, "-c", FULL_DISK, str(path), *rooms], capture_output=True, text=True, cwd=ROOT, timeout=60
    )

    assert ran.returncode == 0, ran.stderr
    sentence = (
        f"the journal {path} cannot be written (File too large): free some space, then run the same command again; "
        "step open_writes will be found done"
    )
    assert json.loads(ran.stdout) == [[sentence, True, 4, 5]] * len(rooms)


def test_a_journal_that_cannot_be_made_is_the_same_refusal(tmp_path: Path) -> None:
    """A file stands where its folder should be."""
    (tmp_path / "journal").write_text("")
    journal = open_journal(tmp_path / "journal" / "x.jsonl")

    with pytest.raises(JournalFull, match=r"cannot be written \(File exists\)|\(Not a directory\)"):
        journal.append("win_epoch", 2, 5.0, "done", {})

    assert journal.records == []


def test_two_runs_of_one_runbook_never_mix_their_lines(tmp_path: Path) -> None:
    """The one that did not write last ends with a sentence; the file stays one chain."""
    path = tmp_path / "x.jsonl"
    first, second = open_journal(path), open_journal(path)
    first.append("win_epoch", 2, 5.0, "done", {})

    with pytest.raises(JournalBusy) as refused:
        second.append("win_epoch", 2, 5.1, "done", {})
    first.append("stop_applying", 2, 6.0, "done", {})

    assert str(refused.value) == (
        f"another run of failover-2 writes to {path} at this moment: let it end, then run the same command again"
    )
    assert [record.step for record in records_of(path)] == ["win_epoch", "stop_applying"]


def test_evidence_of_every_kind_survives(tmp_path: Path) -> None:
    """Numbers beyond 64 bits, text with every sign, empty things: the hash holds after reading."""
    evidence: dict[str, Any] = {
        "big": 2**80, "float": 0.1 + 0.2, "text": "line\u2028break\nquote\"slash\\", "none": None, "list": [], "map": {},
    }  # fmt: skip
    journal = open_journal(tmp_path / "x.jsonl")

    journal.append("promote", 2, 5.0, "done", evidence)

    (record,) = records_of(tmp_path / "x.jsonl")
    assert record.evidence == evidence
    assert canonical(vars(record)) == canonical(vars(journal.records[0]))


def test_the_journal_survives_the_end_of_the_process(tmp_path: Path) -> None:
    """A writer that is ended right after append leaves a whole line."""
    path = tmp_path / "x.jsonl"
    script = (
        "import os, signal, sys; from pathlib import Path; from tests.runbook.journals import open_journal\n"
        "open_journal(Path(sys.argv[1])).append('promote', 2, 5.0, 'done', {})\n"
        "os.kill(os.getpid(), signal.SIGKILL)"
    )

    ended = subprocess.run([sys.executable, "-c", script, str(path)], cwd=ROOT, env=dict(os.environ), timeout=60)

    assert ended.returncode == -9
    assert [record.step for record in records_of(path)] == ["promote"]
