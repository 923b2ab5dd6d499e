"""The file of exceptions: every fault named at once, a line that holds excuses, one that has run out does not."""

import json
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path

import pytest

from infra.policy.check import check
from infra.policy.estate import read_recording
from infra.policy.exceptions import BadExceptionsError, Excepted, read_exceptions
from infra.policy.kinds import RDS
from tests.infra.recordings import ROOT, recording
from tests.policy.good import GOOD, spoiled

DAY = date(2027, 1, 31)
LINE = Excepted("database-in-two-zones", "aws", "server", "operations", "A trial.", DAY)
ONE_ZONE = spoiled("aws", RDS, "server", "multiAz", False)


def test_an_exception_holds_until_the_end_of_its_day() -> None:
    """It excuses the one rule on the one resource, on its last day too, and says so with owner and reason."""
    verdict = check(ONE_ZONE, [LINE], DAY)

    assert (verdict.broken, verdict.idle) == ((), ())
    assert [str(one) for one in verdict.excepted] == [
        "database-in-two-zones (CIS 3.2.4, CKV_AWS_157): aws: server stands in one zone. "
        "Allowed until 2027-01-31 by operations: A trial."
    ]


def test_an_expired_exception_fails() -> None:
    """It excuses nothing on the day after, and the sentence says whose exception it was."""
    verdict = check(ONE_ZONE, [LINE], DAY + timedelta(days=1))

    assert verdict.excepted == ()
    assert [str(one) for one in verdict.broken] == [
        "database-in-two-zones (CIS 3.2.4, CKV_AWS_157): aws: server stands in one zone. "
        "The exception of operations for it ended on 2027-01-31."
    ]


def test_an_exception_of_another_cloud_or_resource_excuses_nothing() -> None:
    """It is read by rule, cloud and resource together; one that nothing needs is named as idle."""
    other = Excepted("database-in-two-zones", "gcp", "server", "operations", "A trial.", DAY)
    elsewhere = Excepted("database-in-two-zones", "aws", "another", "operations", "A trial.", DAY)

    verdict = check(ONE_ZONE, [other, elsewhere], DAY)

    assert [one.resource for one in verdict.broken] == ["server"]
    assert verdict.idle == (elsewhere,)
    assert check(GOOD["gcp"], [other], DAY).idle == (other,)


def test_every_fault_of_the_file_is_named_at_once(tmp_path: Path) -> None:
    """It names a missing key, an unknown one, an empty text, a bad day, rule and cloud, each with its number."""
    file = tmp_path / "exceptions.toml"
    file.write_text(
        "exceptions = [\n"
        '{ rule = "database-tsl", cloud = "oracle", resource = "x", owner = "", reason = "r", expires = "2027-01-31" },\n'
        '{ rule = "database-tls", cloud = "aws", why = "r" },\n'
        '"all",\n]\n'
    )

    with pytest.raises(BadExceptionsError) as refused:
        read_exceptions(file)

    assert str(refused.value).splitlines() == [
        "exceptions.toml, exception 1: owner is empty or no text.",
        "exceptions.toml, exception 1: expires is no day (write it as 2027-01-31, without quotes).",
        "exceptions.toml, exception 1: there is no rule 'database-tsl'.",
        "exceptions.toml, exception 1: there is no cloud 'oracle'; there are aws, gcp, azure.",
        "exceptions.toml, exception 2: resource is missing.",
        "exceptions.toml, exception 2: owner is missing.",
        "exceptions.toml, exception 2: reason is missing.",
        "exceptions.toml, exception 2: expires is missing.",
        "exceptions.toml, exception 2: there is no key 'why'; there are rule, cloud, resource, owner, reason, expires.",
        "exceptions.toml, exception 3: an exception is a table with rule, cloud, resource, owner, reason and expires.",
    ]


@pytest.mark.parametrize("text", ["exceptions = [", "exceptions = 1"])
def test_a_file_that_is_none_is_one_sentence(tmp_path: Path, text: str) -> None:
    """It refuses a file that cannot be read, in one sentence that names it."""
    file = tmp_path / "exceptions.toml"
    file.write_text(text)

    with pytest.raises(BadExceptionsError, match=r"^exceptions\.toml"):
        read_exceptions(file)


@pytest.mark.parametrize("joined", [False, True], ids=["alone", "joined"])
@pytest.mark.parametrize("cloud", ["aws", "gcp", "azure"])
def test_the_three_sites_keep_every_rule(cloud: str, joined: bool) -> None:
    """It finds nothing in our own programs that no line of the file allows."""
    found = recording(cloud, joined=joined)
    lines = read_exceptions()
    estate = read_recording({"resources": found.resources})

    verdict = check(estate, lines, min(line.expires for line in lines))

    assert [str(one) for one in verdict.broken] == []


def test_the_command_reads_recordings() -> None:
    """It prints by cloud what is broken and allowed, and refuses what is no recording in one line, with 2."""
    graph = {"resources": recording("aws").resources}

    def run(text: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-m", "infra.policy"], input=text, cwd=ROOT, capture_output=True, text=True
        )

    good, bad = run(json.dumps({"aws": graph})), run('{"aws": {}}')

    assert set(json.loads(good.stdout)["aws"]) == {"broken", "excepted", "idle"}
    assert (bad.returncode, bad.stdout) == (2, "")
    assert bad.stderr.startswith("A recorded graph is corrupt (KeyError")
    assert "Traceback" not in bad.stderr
