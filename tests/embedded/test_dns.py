"""The neutral name server, proved with dnspython's client and, where installed, with nsupdate and dig."""

import random
import shutil
import socket
import subprocess
import sys
import threading
from collections.abc import Iterator
from pathlib import Path

import dns.message
import dns.name
import dns.query
import dns.rcode
import dns.tsig
import dns.update
import dns.xfr
import dns.zone
import pytest

from scripts.embedded.dns_server import initial_zone
from scripts.embedded.dns_server.respond import Responder
from scripts.embedded.dns_server.zone import load_zone
from scripts.runbook.errors import UsageError
from scripts.runbook.tsig import make_key, read_key
from tests.embedded.neutral import ORIGIN, NameServer

WWW = "www.social.test."
SECRET = "MDEyMzQ1Njc4OWFiY2RlZjAxMjM0NTY3ODlhYmNkZWY="
KEY = make_key("lifeboat", SECRET)


@pytest.fixture
def responder(tmp_path: Path) -> Responder:
    """The server's core without sockets, on a zone file of its own."""
    path = tmp_path / "zone"
    path.write_text(initial_zone({"aws": 9001, "gcp": 9002, "azure": 9003}, "aws", 1))
    return Responder(path, ORIGIN, KEY)


@pytest.fixture
def server(tmp_path: Path) -> Iterator[NameServer]:
    """A running server."""
    running = NameServer(tmp_path)
    yield running
    running.close()


def update(key: dns.tsig.Key | None = KEY) -> dns.update.UpdateMessage:
    """An empty update of the zone."""
    return dns.update.UpdateMessage(f"{ORIGIN}.", keyring=key)


def ask(responder: Responder, message: dns.message.Message, tcp: bool = True) -> dns.message.Message:
    """Send one message to the core and read its answer as a client would, signature included."""
    wire = responder.respond(message.to_wire(), tcp)[0]
    return dns.message.from_wire(wire, keyring=message.keyring or False, request_mac=message.mac or b"")


def look(responder: Responder, name: str, kind: str) -> dns.message.Message:
    """Ask for records."""
    return ask(responder, dns.message.make_query(name, kind))


def texts(response: dns.message.Message) -> list[str]:
    """The answer section, one record a text."""
    return sorted(f"{rrset.name} {record}" for rrset in response.answer for record in rrset)


def serial(responder: Responder) -> int:
    """The serial that the zone file holds."""
    return load_zone(responder.path, ORIGIN).get_soa().serial


def test_initial_zone_holds_the_name_the_epoch_and_every_site(responder: Responder) -> None:
    """It publishes the primary as CNAME, the epoch as TXT, and SRV and A for each site."""
    assert texts(look(responder, WWW, "CNAME")) == [f"{WWW} aws.edge.social.test."]
    assert texts(look(responder, f"_epoch.{WWW}", "TXT")) == [f'_epoch.{WWW} "1"']
    assert texts(look(responder, "_http._tcp.azure.edge.social.test.", "SRV")) == [
        "_http._tcp.azure.edge.social.test. 0 0 9003 azure.host.social.test."
    ]
    assert texts(look(responder, "gcp.host.social.test.", "A")) == ["gcp.host.social.test. 127.0.0.1"]


@pytest.mark.parametrize(
    ("sites", "primary", "epoch", "sentence"),
    [({"aws": 1}, "gcp", 1, "not one of"), ({"aws": 0}, "aws", 1, "port 0"), ({"aws": 1}, "aws", -1, "below 0")],
)
def test_initial_zone_refuses(sites: dict[str, int], primary: str, epoch: int, sentence: str) -> None:
    """It refuses a primary that is no site, a port that is none, and an epoch below 0."""
    with pytest.raises(UsageError, match=sentence):
        initial_zone(sites, primary, epoch)


def test_answers(responder: Responder) -> None:
    """It follows CNAMEs in its zone, tells a missing name from a missing type, and refuses foreign names."""
    chained = update()
    chained.replace(WWW, 5, "CNAME", "aws.host.social.test.")
    ask(responder, chained)

    assert texts(look(responder, WWW, "A")) == ["aws.host.social.test. 127.0.0.1", f"{WWW} aws.host.social.test."]
    assert look(responder, "nothing.social.test.", "A").rcode() == dns.rcode.NXDOMAIN
    nothing = look(responder, "aws.edge.social.test.", "A")
    assert (nothing.rcode(), nothing.answer, len(nothing.authority)) == (dns.rcode.NOERROR, [], 1)
    assert look(responder, "example.org.", "A").rcode() == dns.rcode.REFUSED


def test_update_is_durable_before_it_is_answered(responder: Responder) -> None:
    """It has written the zone file, with a raised serial, when it answers."""
    message = update()
    message.replace(WWW, 5, "CNAME", "gcp.edge.social.test.")

    response = ask(responder, message)

    assert response.rcode() == dns.rcode.NOERROR
    assert "www.social.test. 5 IN CNAME gcp.edge.social.test." in responder.path.read_text()
    assert serial(responder) == 2


def test_update_that_cannot_be_written_changes_nothing(responder: Responder) -> None:
    """It answers SERVFAIL and keeps the old answer when the file cannot be written."""
    message = update()
    message.replace(WWW, 5, "CNAME", "gcp.edge.social.test.")
    responder.path.with_name("zone.new").mkdir()

    response = ask(responder, message)

    assert response.rcode() == dns.rcode.SERVFAIL
    assert texts(look(responder, WWW, "CNAME")) == [f"{WWW} aws.edge.social.test."]
    assert serial(responder) == 1


def test_update_without_change_keeps_the_serial(responder: Responder) -> None:
    """It raises the serial only when the zone changes."""
    message = update()
    message.add("aws.host.social.test.", 5, "A", "127.0.0.1")

    response = ask(responder, message)

    assert (response.rcode(), serial(responder)) == (dns.rcode.NOERROR, 1)


@pytest.mark.parametrize(
    ("key", "error"),
    [
        (None, None),
        (make_key("lifeboat", "QUFB" + SECRET[4:]), dns.tsig.PeerBadSignature),
        (make_key("stranger", SECRET), dns.tsig.PeerBadKey),
        (dns.tsig.Key("lifeboat", SECRET, dns.tsig.HMAC_SHA512), dns.tsig.PeerBadKey),
    ],
)
def test_update_needs_the_key(responder: Responder, key: dns.tsig.Key | None, error: type[Exception] | None) -> None:
    """It refuses an update that is unsigned, or signed by another secret, name or algorithm, and changes nothing."""
    message = update(key)
    message.delete(WWW)

    if error is None:
        assert ask(responder, message).rcode() == dns.rcode.REFUSED
    else:
        with pytest.raises(error):
            ask(responder, message)
        answer = dns.message.from_wire(responder.respond(message.to_wire(), True)[0], keyring=False)
        assert answer.rcode() == dns.rcode.NOTAUTH

    assert texts(look(responder, WWW, "CNAME")) == [f"{WWW} aws.edge.social.test."]


def test_update_of_another_hour_is_refused(responder: Responder, monkeypatch: pytest.MonkeyPatch) -> None:
    """It refuses a signed update that is older than its fudge, so a recorded packet is worth nothing later."""
    message = update()
    message.delete(WWW)
    wire = message.to_wire()
    now = dns.message.time.time()
    monkeypatch.setattr(dns.message.time, "time", lambda: now + 301)

    response = dns.message.from_wire(responder.respond(wire, True)[0], keyring=False)

    assert (response.rcode(), response.tsig_error) == (dns.rcode.NOTAUTH, dns.rcode.BADTIME)


PREREQUISITES = [
    ("present", (WWW,), "NOERROR"),
    ("present", ("gone.social.test.",), "NXDOMAIN"),
    ("present", (WWW, "CNAME"), "NOERROR"),
    ("present", (WWW, "TXT"), "NXRRSET"),
    ("present", (WWW, "CNAME", "aws.edge.social.test."), "NOERROR"),
    ("present", (WWW, "CNAME", "gcp.edge.social.test."), "NXRRSET"),
    ("absent", ("gone.social.test.",), "NOERROR"),
    ("absent", (WWW,), "YXDOMAIN"),
    ("absent", (WWW, "TXT"), "NOERROR"),
    ("absent", (WWW, "CNAME"), "YXRRSET"),
    ("present", ("www.example.org.",), "NOTZONE"),
]


@pytest.mark.parametrize(("verb", "arguments", "rcode"), PREREQUISITES)
def test_prerequisites(responder: Responder, verb: str, arguments: tuple[str, ...], rcode: str) -> None:
    """It holds an update to each form of prerequisite in RFC 2136 section 2.4, and says which one failed."""
    message = update()
    getattr(message, verb)(*arguments)
    message.add("new.social.test.", 5, "A", "127.0.0.1")

    response = ask(responder, message)

    assert dns.rcode.to_text(response.rcode()) == rcode
    assert bool(look(responder, "new.social.test.", "A").answer) == (rcode == "NOERROR")


@pytest.mark.parametrize(("values", "rcode"), [(("1", "2"), "NOERROR"), (("1",), "NXRRSET"), (("1", "3"), "NXRRSET")])
def test_prerequisite_of_a_whole_set(responder: Responder, values: tuple[str, ...], rcode: str) -> None:
    """It compares the whole record set: a part of it is not it."""
    first = update()
    for number in ("1", "2"):
        first.add("set.social.test.", 5, "A", f"127.0.0.{number}")
    ask(responder, first)
    message = update()
    for number in values:
        message.present("set.social.test.", "A", f"127.0.0.{number}")

    response = ask(responder, message)

    assert dns.rcode.to_text(response.rcode()) == rcode


def test_update_is_all_or_nothing(responder: Responder) -> None:
    """It makes no change when one of them lies outside the zone."""
    message = update()
    message.replace(WWW, 5, "CNAME", "gcp.edge.social.test.")
    message.add("www.example.org.", 5, "A", "127.0.0.1")

    response = ask(responder, message)

    assert response.rcode() == dns.rcode.NOTZONE
    assert texts(look(responder, WWW, "CNAME")) == [f"{WWW} aws.edge.social.test."]


def test_cname_stays_alone(responder: Responder) -> None:
    """It ignores data beside a CNAME and a CNAME beside data, as RFC 2136 section 3.4.2.2 says."""
    message = update()
    message.add(WWW, 5, "A", "127.0.0.1")
    message.add("aws.host.social.test.", 5, "CNAME", "gcp.host.social.test.")
    message.add(WWW, 5, "CNAME", "gcp.edge.social.test.")

    ask(responder, message)

    assert texts(look(responder, WWW, "ANY")) == [f"{WWW} gcp.edge.social.test."]
    assert texts(look(responder, "aws.host.social.test.", "ANY")) == ["aws.host.social.test. 127.0.0.1"]


def test_deletions(responder: Responder) -> None:
    """It deletes one value, one type and a whole name, but never the apex's SOA and NS."""
    setting = update()
    for number in ("1", "2"):
        setting.add("set.social.test.", 5, "A", f"127.0.0.{number}")
    setting.add("set.social.test.", 5, "TXT", "here")
    ask(responder, setting)
    message = update()
    message.delete("set.social.test.", "A", "127.0.0.1")
    message.delete("set.social.test.", "TXT")
    message.delete("gcp.host.social.test.")
    message.delete(f"{ORIGIN}.")
    message.delete(f"{ORIGIN}.", "NS", f"ns.{ORIGIN}.")

    ask(responder, message)

    assert texts(look(responder, "set.social.test.", "ANY")) == ["set.social.test. 127.0.0.2"]
    assert look(responder, "gcp.host.social.test.", "A").rcode() == dns.rcode.NXDOMAIN
    assert len(texts(look(responder, f"{ORIGIN}.", "ANY"))) == 2


def test_malformed_packets(responder: Responder) -> None:
    """It answers on after thousands of torn and altered packets, and none of them changes the zone."""
    chance = random.Random(7)
    forged, outrun = update(make_key("lifeboat", "QUFB" + SECRET[4:])), update()
    outrun.present(WWW, "CNAME", "gcp.edge.social.test.")
    for message in (forged, outrun):
        message.replace(WWW, 5, "CNAME", "gcp.edge.social.test.")
    query = dns.message.make_query(WWW, "A", use_edns=0)
    seeds = [forged.to_wire(), outrun.to_wire(), query.to_wire(), bytes(12), b""]

    for _ in range(4000):
        wire = bytearray(chance.choice(seeds))
        for _ in range(chance.randint(0, 6)):
            if wire:
                wire[chance.randrange(len(wire))] = chance.randrange(256)
        cut = chance.randint(0, len(wire)) if chance.random() < 0.3 else len(wire)
        responder.respond(bytes(wire[:cut]), tcp=chance.random() < 0.5)

    assert texts(look(responder, WWW, "CNAME")) == [f"{WWW} aws.edge.social.test."]


def test_large_answer_is_truncated_on_udp_and_whole_on_tcp(responder: Responder) -> None:
    """It sets TC rather than send more than the client takes."""
    message = update()
    for number in range(1, 200):
        message.add("many.social.test.", 5, "A", f"127.0.1.{number}")
    ask(responder, message)
    query = dns.message.make_query("many.social.test.", "A")

    short = responder.respond(query.to_wire(), tcp=False)[0]

    assert len(short) <= 512
    assert dns.message.from_wire(short).flags & dns.flags.TC
    assert len(ask(responder, query).answer[0]) == 199


def test_transfer_needs_the_key(server: NameServer) -> None:
    """It gives the whole zone by AXFR under TSIG, also one that needs several messages, and refuses it without."""
    message = update(read_key(server.key))
    for number in range(250):
        message.add(f"host-{number}.social.test.", 5, "A", "127.0.0.1")
    dns.query.tcp(message, "127.0.0.1", port=server.port, timeout=5)
    query, _ = dns.xfr.make_query(dns.zone.Zone(ORIGIN, relativize=False), keyring=read_key(server.key))
    copy = dns.zone.Zone(ORIGIN, relativize=False)

    dns.query.inbound_xfr("127.0.0.1", copy, query, port=server.port, timeout=5)

    assert copy == load_zone(server.zone, ORIGIN)
    unsigned = dns.message.make_query(ORIGIN, "AXFR")
    refused = dns.query.tcp(unsigned, "127.0.0.1", port=server.port, timeout=5)
    assert refused.rcode() == dns.rcode.REFUSED


def test_of_two_racing_controllers_exactly_one_wins(server: NameServer) -> None:
    """It lets one of many updates with the same prerequisite through, and answers NXRRSET to the others."""
    key = read_key(server.key)
    start = threading.Barrier(8)
    outcomes: list[str] = []

    def race(number: int) -> None:
        message = update(key)
        message.present(WWW, "CNAME", "aws.edge.social.test.")
        message.replace(WWW, 5, "CNAME", f"winner-{number}.edge.social.test.")
        start.wait(10)
        response = dns.query.tcp(message, "127.0.0.1", port=server.port, timeout=10)
        outcomes.append(dns.rcode.to_text(response.rcode()))

    threads = [threading.Thread(target=race, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)

    assert sorted(outcomes) == ["NOERROR"] + ["NXRRSET"] * 7


def test_answered_update_survives_sigkill(server: NameServer) -> None:
    """It publishes the last answered update after a kill without warning and a restart."""
    key = read_key(server.key)
    for number in range(20):
        message = update(key)
        message.replace(WWW, 5, "CNAME", f"site-{number}.edge.social.test.")
        dns.query.tcp(message, "127.0.0.1", port=server.port, timeout=5)

    server.kill()
    server.start()

    response = dns.query.udp(dns.message.make_query(WWW, "CNAME"), "127.0.0.1", port=server.port, timeout=5)
    assert texts(response) == [f"{WWW} site-19.edge.social.test."]


def test_torn_stream_and_garbage_leave_it_serving(server: NameServer) -> None:
    """It serves the next client after torn TCP messages and UDP garbage."""
    for piece in (b"\xff\xff", b"\x00\x05abcde", b"\x00\x00", b"\x00\x40" + bytes(64)):
        with socket.create_connection(("127.0.0.1", server.port), 5) as connection:
            connection.sendall(piece)
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as datagrams:
        for piece in (b"", b"x", bytes(600), b"\xff" * 40):
            datagrams.sendto(piece, ("127.0.0.1", server.port))

    response = dns.query.udp(dns.message.make_query(WWW, "CNAME"), "127.0.0.1", port=server.port, timeout=5)

    assert texts(response) == [f"{WWW} aws.edge.social.test."]


def start_and_fail(*arguments: object) -> subprocess.CompletedProcess[str]:
    """Start a server that is expected to give up at once."""
    command = [sys.executable, "-m", "scripts.embedded.dns_server", "--origin", ORIGIN, *map(str, arguments)]
    return subprocess.run(command, capture_output=True, text=True, timeout=30, check=False)


def test_start_says_what_is_wrong_in_one_sentence(server: NameServer, tmp_path: Path) -> None:
    """It exits with 2 and one sentence on a busy port, a missing or torn zone, and a file that holds no key."""
    torn = tmp_path / "torn.zone"
    torn.write_text("www CNAME\n")
    port, zone, key = ("--port", 0), ("--zone-file", server.zone), ("--key-file", server.key)
    cases = {
        "is taken": (("--port", server.port), zone, key),
        "absent.zone cannot be used": (port, ("--zone-file", tmp_path / "absent.zone"), key),
        "torn.zone cannot be used": (port, ("--zone-file", torn), key),
        "must hold: key": (port, zone, ("--key-file", torn)),
    }

    for sentence, case in cases.items():
        ended = start_and_fail(*(word for pair in case for word in pair))

        assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1), ended.stderr
        assert sentence in ended.stderr


@pytest.mark.skipif(not shutil.which("nsupdate"), reason="nsupdate is not installed (Debian: bind9-dnsutils)")
def test_nsupdate(server: NameServer) -> None:
    """It does what BIND's own client asks, by the same key file, and refuses it when the prerequisite fails."""
    script = (
        f"server 127.0.0.1 {server.port}\nzone {ORIGIN}.\nprereq yxrrset {WWW} CNAME aws.edge.social.test.\n"
        f"update delete {WWW} CNAME\nupdate add {WWW} 5 CNAME gcp.edge.social.test.\nsend\n"
    )
    command = ["nsupdate", "-k", str(server.key)]

    first = subprocess.run(command, input=script, capture_output=True, text=True, timeout=30, check=False)
    second = subprocess.run(command, input=script, capture_output=True, text=True, timeout=30, check=False)

    assert (first.returncode, first.stderr) == (0, "")
    assert "NXRRSET" in second.stderr


@pytest.mark.skipif(not shutil.which("dig"), reason="dig is not installed (Debian: bind9-dnsutils)")
def test_dig(server: NameServer) -> None:
    """It answers BIND's own client over UDP and TCP, and gives it the zone under the key."""
    to = ["dig", "@127.0.0.1", "-p", str(server.port)]
    asked = {way: subprocess.run([*to, way, "+short", WWW, "CNAME"], capture_output=True, text=True, timeout=30)
             for way in ("+notcp", "+tcp")}  # fmt: skip

    whole = subprocess.run([*to, "-k", str(server.key), ORIGIN, "AXFR"], capture_output=True, text=True, timeout=30)

    assert {answer.stdout for answer in asked.values()} == {"aws.edge.social.test.\n"}
    assert "XFR size: 12 records" in whole.stdout
    assert "verify" not in whole.stdout
