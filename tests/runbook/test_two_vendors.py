"""The public name at two vendors of different software side by side: ours, and each name server that is installed."""

import shutil
import signal
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from scripts.embedded.other_dns import find_software
from scripts.runbook.errors import EmptyAnswer, StaleEpoch, TrafficError, VendorError, VendorsUnreachable
from scripts.runbook.nameserver import CALL_SECONDS, Answer, read_answer, write_answer
from scripts.runbook.traffic import Traffic
from tests.embedded.neutral import NameServer, OtherNameServer

RECORD = "www.social.test"
AWS, GCP, AZURE = (f"{site}.edge.social.test" for site in ("aws", "gcp", "azure"))
INSTALLED = {software.name: software for software in find_software()}

Two = tuple[NameServer, OtherNameServer]


@pytest.fixture(params=["knot", "bind"])
def servers(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Two]:
    """Ours and another vendor's, both pointing at aws with epoch 1."""
    if request.param not in INSTALLED:
        pytest.skip(f"{request.param} is not installed (Debian: knot, bind9)")
    made = NameServer(tmp_path, "ours"), OtherNameServer(tmp_path, INSTALLED[request.param])
    yield made
    for server in made:
        server.close()
    shutil.rmtree(tmp_path)


@pytest.fixture
def traffic(servers: Two) -> Traffic:
    return Traffic(tuple(server.vendor for server in servers), RECORD, 5)


def found(traffic: Traffic) -> list[tuple[str | None, int | None]]:
    return [(answer.target, answer.epoch) for answer in traffic.answers()]


def test_both_are_moved_and_read_back(traffic: Traffic, servers: Two) -> None:
    """Each publishes target and epoch; the second time nothing is written; both survive kill -9."""
    move = traffic.point(GCP, 2, dry_run=False)
    again = traffic.point(GCP, 2, dry_run=False)
    for server in servers:
        server.kill()
        server.start()

    assert (move.changed, move.failed, again.changed) == (("ours", servers[1].name), {}, ())
    assert found(traffic) == [(GCP, 2)] * 2


def test_a_stale_or_an_empty_plan_changes_nothing(traffic: Traffic) -> None:
    """A plan that comes late is refused by its epoch, another target of the same epoch too, and no empty answer goes out."""
    traffic.point(GCP, 5, dry_run=False)

    for target, epoch in ((AWS, 4), (AZURE, 5)):
        with pytest.raises(StaleEpoch, match="comes too late"):
            traffic.point(target, epoch, dry_run=False)
    for target in ("", ".", "nowhere.edge.social.test", RECORD):
        with pytest.raises((EmptyAnswer, TrafficError)):
            traffic.point(target, 6, dry_run=False)
    assert found(traffic) == [(GCP, 5)] * 2


def test_a_vendor_checks_what_was_read_before_it_writes(servers: Two) -> None:
    """Compare-and-set is the vendor's own: an update made for an older answer is refused by it."""
    vendor = servers[1].vendor
    before = read_answer(vendor, RECORD)
    write_answer(vendor, RECORD, before, Answer(vendor.name, GCP, 2), 5)

    with pytest.raises(VendorError, match="NXRRSET"):
        write_answer(vendor, RECORD, before, Answer(vendor.name, AZURE, 2), 5)
    assert read_answer(vendor, RECORD) == Answer(vendor.name, GCP, 2)


def test_of_two_controllers_one_wins(traffic: Traffic) -> None:
    """Two plans of one epoch at the same time: at each vendor one of them stands, whole."""
    refused: list[Exception] = []

    def move(target: str) -> None:
        try:
            traffic.point(target, 2, dry_run=False)
        except TrafficError as error:
            refused.append(error)

    racers = [threading.Thread(target=move, args=(target,)) for target in (GCP, AZURE)]
    for racer in racers:
        racer.start()
    for racer in racers:
        racer.join()

    assert len(refused) >= 1
    assert set(found(traffic)) <= {(GCP, 2), (AZURE, 2)}


@pytest.mark.parametrize("down", [0, 1])
def test_one_vendor_down_is_reported_and_mended_later(traffic: Traffic, servers: Two, down: int) -> None:
    """The other carries the move; back with its old answer, the one that was down takes it at the next pass."""
    servers[down].kill()
    move = traffic.point(GCP, 2, dry_run=False)
    servers[down].start()
    stale = found(traffic)

    mended = traffic.point(GCP, 2, dry_run=False)

    assert move.carrying == (servers[1 - down].name,)
    assert set(move.failed) == {servers[down].name}
    assert sorted(stale) == [(AWS, 1), (GCP, 2)]
    assert mended.changed == (servers[down].name,)
    assert found(traffic) == [(GCP, 2)] * 2


def test_a_vendor_that_hangs_costs_seconds_and_not_the_move(traffic: Traffic, servers: Two) -> None:
    """It accepts connections and answers nothing: the other vendor's answer counts."""
    servers[1].popen.send_signal(signal.SIGSTOP)
    began = time.monotonic()
    move = traffic.point(GCP, 2, dry_run=False)
    took = time.monotonic() - began
    servers[1].popen.send_signal(signal.SIGCONT)

    assert move.carrying == ("ours",)
    assert took < 4 * CALL_SECONDS


def test_both_down_is_one_sentence(traffic: Traffic, servers: Two) -> None:
    """It names both vendors, and nothing is moved."""
    for server in servers:
        server.kill()

    with pytest.raises(VendorsUnreachable) as refused:
        traffic.point(GCP, 2, dry_run=False)
    assert "ours" in str(refused.value)
    assert servers[1].name in str(refused.value)
