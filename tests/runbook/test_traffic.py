"""Moving the public name: real name servers, killed, hung and raced; the decisions by themselves."""

import socket
import threading
import time
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import dns.query
import dns.update
import pytest

from scripts.runbook import traffic as module
from scripts.runbook.errors import EmptyAnswer, LifeboatError, StaleEpoch, UsageError, VendorError, VendorsUnreachable
from scripts.runbook.nameserver import CALL_SECONDS, Answer, Vendor, read_answer, write_answer
from scripts.runbook.traffic import Traffic
from scripts.runbook.tsig import make_key, read_key, write_key
from tests.embedded.neutral import KEY_NAME, ORIGIN, NameServer

RECORD = "www.social.test"
AWS, GCP, AZURE = (f"{site}.edge.social.test" for site in ("aws", "gcp", "azure"))


@pytest.fixture
def servers(tmp_path: Path) -> Iterator[tuple[NameServer, NameServer]]:
    """Two vendors, both pointing at aws with epoch 1."""
    made = NameServer(tmp_path, "first"), NameServer(tmp_path, "second")
    yield made
    for server in made:
        server.close()


@pytest.fixture
def traffic(servers: tuple[NameServer, NameServer]) -> Traffic:
    """The public name at both vendors."""
    return Traffic(tuple(server.vendor for server in servers), RECORD, 5)


def found(traffic: Traffic) -> list[tuple[str | None, int | None]]:
    """What the vendors publish."""
    return [(answer.target, answer.epoch) for answer in traffic.answers()]


def change(server: NameServer, message: dns.update.UpdateMessage) -> None:
    """Change a zone behind the runbook's back."""
    message.use_tsig(read_key(server.key))
    dns.query.tcp(message, "127.0.0.1", port=server.port, timeout=5)


def test_dry_run_is_the_default(traffic: Traffic) -> None:
    """It says what is published and writes nothing."""
    move = traffic.point(GCP, 2)

    assert (move.dry_run, move.carrying, move.changed) == (True, (), ())
    assert [answer.target for answer in move.before] == [AWS, AWS]
    assert found(traffic) == [(AWS, 1)] * 2


def test_point_moves_every_vendor_and_reads_back(traffic: Traffic) -> None:
    """It publishes target and epoch at each vendor and says which carry them."""
    move = traffic.point(f"{GCP}.", 2, dry_run=False)

    assert (move.carrying, move.changed, move.failed) == (("first", "second"), ("first", "second"), {})
    assert found(traffic) == [(GCP, 2)] * 2
    assert traffic.verify(GCP, 2).carrying == ("first", "second")


def test_point_is_a_no_op_when_already_so(traffic: Traffic, servers: tuple[NameServer, NameServer]) -> None:
    """It writes nothing the second time."""
    traffic.point(GCP, 2, dry_run=False)
    zone = servers[0].zone.read_text()

    move = traffic.point(GCP, 2, dry_run=False)

    assert (move.carrying, move.changed) == (("first", "second"), ())
    assert servers[0].zone.read_text() == zone


def test_same_site_with_a_newer_epoch_is_published(traffic: Traffic) -> None:
    """It raises the epoch alone when the primary is chosen again."""
    move = traffic.point(AWS, 4, dry_run=False)

    assert move.changed == ("first", "second")
    assert found(traffic) == [(AWS, 4)] * 2


@pytest.mark.parametrize(("target", "epoch"), [(GCP, 4), (AZURE, 5), (AWS, 1)])
def test_stale_epoch_is_refused(traffic: Traffic, target: str, epoch: int) -> None:
    """It refuses an older epoch, and another target for the published one, in a dry run too."""
    traffic.point(GCP, 5, dry_run=False)

    for dry_run in (True, False):
        with pytest.raises(StaleEpoch, match="at epoch 5"):
            traffic.point(target, epoch, dry_run)

    with pytest.raises(StaleEpoch):
        traffic.verify(target, epoch)
    assert found(traffic) == [(GCP, 5)] * 2


def test_one_vendor_with_a_newer_epoch_refuses_for_all(traffic: Traffic) -> None:
    """It writes to no vendor when any of them carries a newer epoch."""
    replace(traffic, vendors=traffic.vendors[1:]).point(AZURE, 9, dry_run=False)

    with pytest.raises(StaleEpoch, match="second already publishes"):
        traffic.point(GCP, 2, dry_run=False)

    assert found(traffic) == [(AWS, 1), (AZURE, 9)]


@pytest.mark.parametrize("target", ["", " ", ".", RECORD, f"{RECORD}."])
def test_empty_answer_is_refused(traffic: Traffic, target: str) -> None:
    """It never publishes nothing, nor the name itself."""
    with pytest.raises(EmptyAnswer):
        traffic.point(target, 2, dry_run=False)

    assert found(traffic) == [(AWS, 1)] * 2


@pytest.mark.parametrize("dry_run", [True, False])
def test_target_that_does_not_exist_is_refused(traffic: Traffic, dry_run: bool) -> None:
    """It does not point the name at a name that the vendor's zone does not know."""
    with pytest.raises(VendorsUnreachable, match="first knows no gcq"):
        traffic.point("gcq.edge.social.test", 2, dry_run)

    assert found(traffic) == [(AWS, 1)] * 2


@pytest.mark.parametrize("target", ["a..b", "x" * 64 + ".test"])
def test_target_that_is_no_name_is_refused(traffic: Traffic, target: str) -> None:
    """It names the text that is no DNS name."""
    with pytest.raises(UsageError, match="is not a DNS name"):
        traffic.point(target, 2)


def test_first_publication(traffic: Traffic, servers: tuple[NameServer, NameServer]) -> None:
    """It publishes name and epoch where neither existed."""
    for server in servers:
        message = dns.update.UpdateMessage(ORIGIN)
        message.delete("www")
        message.delete("_epoch.www")
        change(server, message)

    move = traffic.point(GCP, 1, dry_run=False)

    assert move.before == (Answer("first"), Answer("second"))
    assert move.changed == ("first", "second")


def test_one_vendor_down_is_reported_and_not_fatal(traffic: Traffic, servers: tuple[NameServer, NameServer]) -> None:
    """It moves the living vendor, says which is down, and brings that one up to date later by the same call."""
    servers[0].kill()

    move = traffic.point(GCP, 2, dry_run=False)
    servers[0].start()
    later = traffic.point(GCP, 2, dry_run=False)

    assert move.carrying == ("second",)
    assert list(move.failed) == ["first"]
    assert "cannot be used" in move.failed["first"]
    assert (later.changed, later.carrying) == (("first",), ("first", "second"))


def test_all_vendors_down_is_fatal(traffic: Traffic, servers: tuple[NameServer, NameServer]) -> None:
    """It raises with both vendors' reasons, in a dry run and in verify too."""
    for server in servers:
        server.kill()

    for call in (
        lambda: traffic.point(GCP, 2, dry_run=False),
        lambda: traffic.point(GCP, 2),
        lambda: traffic.verify(GCP, 2),
    ):
        with pytest.raises(VendorsUnreachable, match=r"first .* second"):
            call()


def test_vendor_that_hangs_does_not_hold_the_others_up(
    traffic: Traffic, servers: tuple[NameServer, NameServer]
) -> None:
    """It moves the living vendor before the deadline of the one that accepts and never answers."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        hung = replace(servers[0].vendor, port=mute.getsockname()[1])
        both = replace(traffic, vendors=(hung, servers[1].vendor))
        began = time.monotonic()

        move = both.point(GCP, 2, dry_run=False)

        assert time.monotonic() - began < CALL_SECONDS
    assert move.carrying == ("second",)
    assert move.failed == {"first": "first did not answer in time."}


def test_only_a_hung_vendor_ends_at_the_deadline(servers: tuple[NameServer, NameServer]) -> None:
    """It gives up on a vendor that never answers, and says after how long."""
    with socket.create_server(("127.0.0.1", 0)) as mute:
        hung = replace(servers[0].vendor, port=mute.getsockname()[1])

        answers = Traffic((hung,), RECORD, 5).answers()

    assert answers[0].error == f"first (127.0.0.1:{hung.port}) did not answer within 2 s."


def test_of_two_controllers_with_one_epoch_exactly_one_wins(
    traffic: Traffic, servers: tuple[NameServer, NameServer]
) -> None:
    """It lets one of two racing controllers through at a vendor, and tells the other whom it lost to."""
    one = replace(traffic, vendors=traffic.vendors[:1])
    outcomes = race(lambda: one.point(GCP, 2, dry_run=False), lambda: one.point(AZURE, 2, dry_run=False))

    assert sorted(type(outcome).__name__ for outcome in outcomes) == ["Move", "StaleEpoch"]


def test_of_two_controllers_the_newer_epoch_ends_everywhere(traffic: Traffic) -> None:
    """It ends at the newer epoch at every vendor, whichever controller wrote first."""
    outcomes = race(lambda: traffic.point(GCP, 2, dry_run=False), lambda: traffic.point(AZURE, 3, dry_run=False))

    assert found(traffic) == [(AZURE, 3)] * 2
    assert type(outcomes[1]).__name__ == "Move"


def race(*controllers) -> list[object]:
    """Run controllers at the same time and give each one's result or refusal."""
    start = threading.Barrier(len(controllers))
    outcomes: list[object] = [None] * len(controllers)

    def run(number: int) -> None:
        start.wait(10)
        try:
            outcomes[number] = controllers[number]()
        except LifeboatError as refusal:
            outcomes[number] = refusal

    threads = [threading.Thread(target=run, args=(number,)) for number in range(len(controllers))]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    return outcomes


def test_update_holds_only_for_what_was_read(servers: tuple[NameServer, NameServer]) -> None:
    """It is refused by the vendor when name or epoch is no longer what the controller read."""
    vendor = servers[0].vendor
    read = read_answer(vendor, RECORD)

    for other in (replace(read, target=AZURE), replace(read, epoch=7), Answer("first")):
        with pytest.raises(VendorError, match=r"NXRRSET|YXDOMAIN"):
            write_answer(vendor, RECORD, other, Answer("first", GCP, 2), 5)

    assert read_answer(vendor, RECORD) == read


def test_vendor_that_changed_between_reading_and_writing_is_judged_anew(
    traffic: Traffic, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It goes on over an older epoch that came in between, by reading again, and never over a newer one."""
    original = module.write_answer
    between = iter([2, None])

    def late(vendor: Vendor, record: str, before: Answer, after: Answer, ttl: int) -> None:
        epoch = next(between, None)
        if epoch is not None:
            original(vendor, record, before, Answer(vendor.name, AZURE, epoch), ttl)
        original(vendor, record, before, after, ttl)

    monkeypatch.setattr(module, "write_answer", late)
    one = replace(traffic, vendors=traffic.vendors[:1])

    assert one.point(GCP, 5, dry_run=False).carrying == ("first",)
    between = iter([9])
    with pytest.raises(StaleEpoch, match="epoch 9"):
        one.point(AWS, 6, dry_run=False)


def test_wrong_key_is_a_vendor_error(traffic: Traffic, servers: tuple[NameServer, NameServer], tmp_path: Path) -> None:
    """It reports a vendor that does not know our key, without the secret."""
    write_key(tmp_path / "other.key", KEY_NAME)
    stranger = replace(servers[0].vendor, key_file=tmp_path / "other.key")

    move = replace(traffic, vendors=(stranger, servers[1].vendor)).point(GCP, 2, dry_run=False)

    assert move.carrying == ("second",)
    assert "didn't like the signature" in move.failed["first"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [('"soon"', "is not one epoch"), ('"1" "2"', "is not one epoch|at epoch 12")],
)
def test_epoch_that_is_none_is_a_vendor_error(servers: tuple[NameServer, NameServer], text: str, sentence: str) -> None:
    """It refuses to judge a vendor whose epoch record Lifeboat did not write."""
    message = dns.update.UpdateMessage(ORIGIN)
    message.replace("_epoch.www", 5, "TXT", text)
    message.add("_epoch.www", 5, "TXT", '"also"')
    change(servers[0], message)

    with pytest.raises(VendorError, match=sentence):
        read_answer(servers[0].vendor, RECORD)


def test_vendor_that_is_not_authoritative_is_an_error(servers: tuple[NameServer, NameServer]) -> None:
    """It does not believe a server about a name outside its zone."""
    with pytest.raises(VendorError, match="REFUSED"):
        read_answer(servers[0].vendor, "www.example.org")


@pytest.mark.parametrize(
    "odd",
    [
        {"host": "ns.example.org"},
        {"key_secret": None, "key_file": None},
        {"key_file": Path("/x")},
    ],
)
def test_vendor_refuses(odd: dict[str, object]) -> None:
    """It refuses a host that is a name, and a vendor with no key or two."""
    good = {"name": "v", "host": "127.0.0.1", "port": 53, "zone": ORIGIN, "key_name": "k", "key_secret": "x"}

    with pytest.raises(UsageError, match="DNS vendor v"):
        Vendor(**{**good, **odd})


def test_secret_is_not_shown() -> None:
    """It keeps the secret out of a vendor's text and out of the refusal of a bad one."""
    vendor = Vendor("v", "127.0.0.1", 53, ORIGIN, "k", key_secret="not/base64!")

    with pytest.raises(UsageError) as refusal:
        vendor.key()

    assert "not/base64!" not in f"{vendor} {refusal.value}"


def test_key_file(tmp_path: Path) -> None:
    """It writes a key for its owner alone, reads it back, never replaces one, and refuses what is none."""
    path = tmp_path / "key"
    write_key(path, "lifeboat")
    other = tmp_path / "other"
    other.write_text('key "k" { algorithm hmac-md5; secret "AAAA"; };')

    assert path.stat().st_mode & 0o777 == 0o600
    assert len(read_key(path).secret) == 32
    with pytest.raises(FileExistsError):
        write_key(path, "lifeboat")
    with pytest.raises(UsageError, match="must hold"):
        read_key(other)
    with pytest.raises(UsageError, match="cannot be read"):
        read_key(tmp_path / "absent")
    with pytest.raises(UsageError, match="3 bytes"):
        make_key("k", "AAAA")
    with pytest.raises(UsageError, match="not k"):
        Vendor("v", "127.0.0.1", 53, ORIGIN, "k", path).key()


@pytest.mark.parametrize(("vendors", "ttl"), [((), 5), ((1, 1), 5), ((1,), 0), ((1,), 90000)])
def test_traffic_refuses(vendors: tuple[int, ...], ttl: int) -> None:
    """It refuses no vendor at all, one vendor twice, and a lifetime that no one means."""
    vendor = Vendor("v", "127.0.0.1", 53, ORIGIN, "k", key_secret="x")

    with pytest.raises(UsageError, match=RECORD):
        Traffic((vendor,) * len(vendors), RECORD, ttl)
