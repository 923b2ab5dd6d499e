"""The run files: nothing that was on disk is lost, a torn line is, and kept runs come first."""

from pathlib import Path

from tests.bench.records import RunFile, percentile, spread


def test_runs_add_up_and_a_torn_line_is_left_out(tmp_path: Path) -> None:
    """A run that was ended in the middle of its line does not spoil the ones before it, nor the next one."""
    file = RunFile(tmp_path / "runs.jsonl", tmp_path / "kept" / "runs.jsonl")
    file.add({"n": 1})
    with file.path.open("a") as torn:
        torn.write('{"n": 2, "half')

    assert [run["n"] for run in file.read()] == [1]
    file.add({"n": 3})
    assert [run["n"] for run in file.keep()] == [1, 3]
    file.add({"n": 4})
    assert [run["n"] for run in file.read()] == [1, 3, 4]


def test_a_percentile_is_a_value_that_was_measured() -> None:
    """It is the smallest that so many do not exceed."""
    assert [percentile([4, 1, 3, 2], share) for share in (0.25, 0.5, 0.99, 1)] == [1, 2, 4, 4]
    assert spread([3.0, 1.0, 2.0]) == {"runs": 3, "min": 1.0, "median": 2.0, "max": 3.0}
