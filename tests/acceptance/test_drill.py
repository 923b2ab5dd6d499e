"""A drill on the running platform: rehearsed without effect, then once around by failover, rejoin and switchover."""

import json

import pytest

from tests.acceptance.conftest import Person

pytestmark = pytest.mark.acceptance


def test_a_rehearsal_looks_at_everything_and_moves_nothing(person: Person) -> None:
    """Each standby's agent plans the failover to itself and checks what it would need; the steps left out are named."""
    assert person.waits_until(lambda: person.lifeboat("failover", "--to", "azure").returncode == 0)

    drilled = person.lifeboat("drill", "--rehearse", "--json")

    assert drilled.returncode == 0, drilled.stderr
    report = json.loads(drilled.stdout.splitlines()[-1])
    assert {move["to"] for move in report["moves"]} == {"gcp", "azure"}
    for move in report["moves"]:
        assert [step["outcome"] for step in move["steps"]] == ["done"] * 5
        assert move["plan"]["old"] == "aws"
    assert "promote" in report["skipped_steps"]
    assert person.status()["epoch"] == 1


def test_once_around_in_place_loses_nothing(person: Person) -> None:
    """aws, gcp, azure and home again under load: five moves, each with its steps and its seconds, and nothing lost."""
    drilled = person.lifeboat("drill", "--in-place", "--json", timeout=400)

    assert drilled.returncode == 0, drilled.stderr
    report = json.loads(drilled.stdout.splitlines()[-1])
    assert [(move["verb"], move["to"]) for move in report["moves"]] == [
        ("failover", "gcp"),
        ("rejoin", "aws"),
        ("failover", "azure"),
        ("rejoin", "gcp"),
        ("switchover", "aws"),
    ]
    assert all(move["steps"] and not move["left_out"] for move in report["moves"])
    assert all((move["seconds_without_writes"] is not None) == (move["verb"] != "rejoin") for move in report["moves"])
    assert report["acknowledged"] > 0
    assert report["lost"] == 0
    status = person.status()
    assert (status["primary"], status["epoch"]) == ("aws", 4)
    assert {path.suffix for path in (person.folder / "drills").iterdir()} >= {".json", ".txt"}


def test_the_next_plan_says_how_long_it_took(person: Person) -> None:
    """From the journals in the ledgers."""
    assert person.waits_until(lambda: person.lifeboat("failover", "--to", "gcp").returncode == 0)

    planned = " ".join(person.lifeboat("failover", "--to", "gcp").stdout.split())

    assert "took last time" in planned
    assert "writes after" in planned


def test_what_remains_on_a_site_is_shown_with_a_clock(person: Person) -> None:
    """aws is primary: evacuation hands that over, and names what still depends on it."""
    before = person.lifeboat("evacuate", "aws", "--by", "2099-01-01T00:00Z", "--json")
    after = person.lifeboat("evacuate", "aws", "--by", "2099-01-01T00:00Z", "--json", "--yes")

    def states(said: str) -> dict[str, bool | None]:
        return {item["what"]: item["remains"] for item in json.loads(said.splitlines()[-1])["items"]}

    assert (before.returncode, after.returncode) == (0, 0), after.stderr
    assert (states(before.stdout)["role"], states(after.stdout)["role"]) == (True, False)
    assert states(after.stdout)["public name"] is False
    assert states(after.stdout)["register"] is True
