"""The edge: real processes for name server and edge, small sites in the test that count what reaches them."""

import hashlib
import http.client
import socket
import socketserver
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing
from dataclasses import dataclass
from email.message import Message
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

import psutil
import pytest

from scripts.embedded.edge.replies import Reason, is_request, reply, wants_json
from scripts.runbook.traffic import Traffic
from tests.embedded.neutral import NameServer, Process

BODY = bytes(range(256)) * 4096 * 24  # 24 MiB
LONG = 20  # seconds; a deadline against hanging, never a measure


class Handler(BaseHTTPRequestHandler):
    """A small site: says its name, counts what it gets, streams, and can go away in the middle."""

    protocol_version = "HTTP/1.1"
    server: "Site"

    def do_GET(self) -> None:
        """Answer a read."""
        if self.path == "/large":
            self.say(BODY)
        elif self.path == "/events":
            self.stream()
        else:
            self.say(self.server.name.encode())

    def do_POST(self) -> None:
        """Answer a write, or take it and go away."""
        got = self.rfile.read(int(self.headers["Content-Length"]))
        self.server.writes.append(got)
        if self.path == "/die":
            self.connection.shutdown(socket.SHUT_RDWR)
            self.close_connection = True
        elif self.path == "/hang":
            self.server.go_on.wait(LONG)
        else:
            self.say(hashlib.sha256(got).hexdigest().encode())

    def say(self, body: bytes) -> None:
        """Send a whole answer."""
        self.send_response(200)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def stream(self) -> None:
        """Send one event, wait to be let on, send another."""
        self.send_response(200)
        self.send_header("Content-Type", "text/event-stream")
        self.end_headers()
        self.wfile.write(b"data: first\n\n")
        self.server.go_on.wait(LONG)
        self.wfile.write(b"data: second\n\n")
        self.close_connection = True

    def log_message(self, format: str, *args: object) -> None:
        """Stay silent."""


class Site(ThreadingHTTPServer):
    """A site of the test on a port of its own."""

    daemon_threads = True
    block_on_close = False

    def __init__(self, name: str) -> None:
        super().__init__(("127.0.0.1", 0), Handler)
        self.name = name
        self.writes: list[bytes] = []
        self.go_on = threading.Event()
        threading.Thread(target=self.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()

    def handle_error(self, request: object, client_address: object) -> None:
        """A client that was cut is expected here."""

    def close(self) -> None:
        """End the site: its port refuses from now on."""
        self.go_on.set()
        self.shutdown()
        self.server_close()


@dataclass(frozen=True)
class Reply:
    """A whole answer."""

    status: int
    headers: Message
    body: bytes


class World:
    """Two sites, a name server and an edge."""

    def __init__(self, folder: Path, prelude: str = "") -> None:
        self.aws, self.gcp = Site("aws"), Site("gcp")
        self.dns = NameServer(folder, sites={"aws": self.aws.server_port, "gcp": self.gcp.server_port})
        self.traffic = Traffic((self.dns.vendor,), "www.social.test", 5)
        options = ("--listen", 0, "--name", "www.social.test", "--dns", f"127.0.0.1:{self.dns.port}", "--drain", 0.1)
        self.edge = Process(folder, "scripts.embedded.edge", *options, prelude=prelude)
        eventually(lambda: self.get("/") == (200, "aws"))

    def connect(self) -> http.client.HTTPConnection:
        """A keep-alive client."""
        return http.client.HTTPConnection("127.0.0.1", self.edge.port, timeout=LONG)

    def ask(self, method: str, path: str, body: bytes | None = None, **headers: str) -> "Reply":
        """One request on a new connection."""
        with closing(self.connect()) as client:
            client.request(method, path, body, headers)
            response = client.getresponse()
            return Reply(response.status, response.headers, response.read())

    def get(self, path: str) -> tuple[int, str]:
        """Status and text of one read on a new connection."""
        response = self.ask("GET", path)
        return response.status, response.body.decode()

    def point(self, site: str, epoch: int) -> None:
        """Move the name."""
        self.traffic.point(f"{site}.edge.social.test", epoch, dry_run=False)

    def close(self) -> None:
        """End everything."""
        self.edge.close()
        self.dns.close()
        self.aws.close()
        self.gcp.close()


@pytest.fixture
def world(tmp_path: Path) -> Iterator[World]:
    """Two sites behind an edge, the name on aws."""
    made = World(tmp_path)
    yield made
    made.close()


def read_to_the_end(client: socket.socket) -> bytes:
    """Everything that a connection still gives."""
    return b"".join(iter(lambda: client.recv(65536), b""))


def eventually(true: Callable[[], bool]) -> None:
    """Wait until something holds, with a generous deadline."""
    deadline = time.monotonic() + LONG
    while not true():
        assert time.monotonic() < deadline, "it never came to hold"
        time.sleep(0.01)


@pytest.mark.parametrize("prelude", ["", "import sys; sys.modules['uvloop'] = None\n"], ids=["uvloop", "asyncio"])
def test_new_connections_follow_dns(tmp_path: Path, prelude: str) -> None:
    """It sends new connections to the site the name points at, there and back, with and without uvloop."""
    world = World(tmp_path, prelude)

    world.point("gcp", 2)
    eventually(lambda: world.get("/") == (200, "gcp"))
    world.point("aws", 3)
    eventually(lambda: world.get("/") == (200, "aws"))

    world.close()


def test_old_connections_are_cut_after_the_drain(world: World) -> None:
    """It ends a keep-alive connection to the old site, so that its client comes back to the new one."""
    client = world.connect()
    client.request("GET", "/")
    before = client.getresponse().read()

    world.point("gcp", 2)

    assert before == b"aws"
    assert client.sock.recv(1) == b""  # the end came, without a byte
    client.close()
    client.request("GET", "/")
    assert client.getresponse().read() == b"gcp"
    client.close()


def test_connection_without_a_request_moves_freely(world: World) -> None:
    """It gives a connection opened before the move, but used after it, to the new site."""
    client = world.connect()
    client.connect()
    world.point("gcp", 2)
    eventually(lambda: world.get("/") == (200, "gcp"))
    time.sleep(0.3)  # beyond the drain: had the connection belonged to aws, it would be cut by now

    client.request("GET", "/")

    assert client.getresponse().read() == b"gcp"
    client.close()


def test_last_answer_stays_when_dns_is_down(world: World) -> None:
    """It keeps the last site while the name server is dead, and follows it again when it is back."""
    world.dns.kill()

    during = [world.get("/") for _ in range(5) if time.sleep(0.1) is None]
    world.dns.start()
    world.point("gcp", 2)

    assert during == [(200, "aws")] * 5
    eventually(lambda: world.get("/") == (200, "gcp"))


def test_last_answer_stays_when_the_zone_has_none(world: World) -> None:
    """It keeps the last site when the name server knows no such name any more."""
    world.dns.kill()
    text = world.dns.zone.read_text().replace("www CNAME aws.edge\n", "")
    world.dns.zone.write_text(text)
    world.dns.start()

    answers = [world.get("/") for _ in range(5) if time.sleep(0.1) is None]

    assert answers == [(200, "aws")] * 5


def test_dead_site_gives_a_page_that_reloads_itself(world: World) -> None:
    """It answers 503 with Retry-After and a small HTML page when nothing listens at the site."""
    world.aws.close()

    response = world.ask("GET", "/", Accept="text/html")

    page = response.body.decode()
    assert (response.status, response.headers["Retry-After"]) == (503, "1")
    assert 'http-equiv="refresh"' in page
    assert "nothing was saved" in page


@pytest.mark.parametrize(
    ("path", "accept"), [("/api/v1/statuses", "*/*"), ("/oauth/token", "*/*"), ("/x", "application/json")]
)
def test_dead_site_gives_programs_json(world: World, path: str, accept: str) -> None:
    """It answers 503 in JSON to a request under /api or /oauth or one that accepts JSON."""
    world.aws.close()

    response = world.ask("POST", path, b"status=hello", Accept=accept)

    assert (response.status, response.headers["Content-Type"]) == (503, "application/json")
    assert b"nothing was saved" in response.body


def test_dead_site_answers_a_large_upload(world: World) -> None:
    """It lets a client that is still sending read the 503, instead of resetting its connection."""
    world.aws.close()

    response = world.ask("POST", "/api/v2/media", BODY)

    assert response.status == 503


def test_site_that_comes_back_is_found(world: World) -> None:
    """It reaches a site again that came back on another port, as DNS says."""
    world.aws.close()
    assert world.get("/")[0] == 503

    world.point("gcp", 2)

    eventually(lambda: world.get("/") == (200, "gcp"))


@pytest.mark.parametrize("kept_alive", [False, True], ids=["first request", "later request"])
def test_write_is_never_sent_twice(world: World, kept_alive: bool) -> None:
    """It says "unknown" to a write that a site took without answering, and sends it to nobody again."""
    client = world.connect()
    if kept_alive:
        client.request("GET", "/")
        client.getresponse().read()

    client.request("POST", "/die", b"once")
    response = client.getresponse()

    assert response.status == 503
    assert b"Idempotency-Key" in response.read()
    assert (world.aws.writes, world.gcp.writes) == ([b"once"], [])
    client.close()


def test_write_in_flight_at_the_move_is_answered_unknown(world: World) -> None:
    """It cuts a write that the old site still holds after the drain, and tells its client so."""
    client = world.connect()
    client.request("POST", "/hang", b"once")
    eventually(lambda: world.aws.writes == [b"once"])

    world.point("gcp", 2)

    assert client.getresponse().status == 503
    assert world.gcp.writes == []
    client.close()


def test_large_bodies_pass_whole_in_both_directions(world: World) -> None:
    """It passes 24 MiB up and down unchanged."""
    up = world.ask("POST", "/", BODY).body.decode()
    down = world.ask("GET", "/large").body

    assert up == hashlib.sha256(BODY).hexdigest()
    assert down == BODY


def test_slow_readers_cost_no_memory(world: World) -> None:
    """It makes the site wait for clients that do not read, instead of holding their answers."""
    process = psutil.Process(world.edge.popen.pid)
    before = process.memory_info().rss
    clients = [world.connect() for _ in range(20)]

    for client in clients:
        client.request("GET", "/large")
    time.sleep(1)

    held = process.memory_info().rss - before
    assert held < 24 * 2**20, f"{held / 2**20:.0f} MiB for 480 MiB of answers"
    assert hashlib.sha256(clients[7].getresponse().read()).digest() == hashlib.sha256(BODY).digest()
    for client in clients:
        client.close()


def test_events_pass_as_they_come(world: World) -> None:
    """It passes a server-sent event on at once, while the answer is still open."""
    client = world.connect()
    client.request("GET", "/events", headers={"Accept": "text/event-stream"})
    response = client.getresponse()

    first = response.read1(100)
    world.aws.go_on.set()
    rest = response.read()

    assert (first, rest) == (b"data: first\n\n", b"data: second\n\n")
    client.close()


def test_client_that_has_said_all_still_gets_its_answer(world: World) -> None:
    """It passes a half-close on and the answer back."""
    with socket.create_connection(("127.0.0.1", world.edge.port), LONG) as client:
        client.sendall(b"GET / HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        client.shutdown(socket.SHUT_WR)

        got = read_to_the_end(client)

    assert got.startswith(b"HTTP/1.1 200")
    assert got.endswith(b"aws")


def test_reset_of_a_site_is_not_made_to_look_like_an_end(world: World) -> None:
    """It resets the client when the site's connection broke inside an answer, so that half is never taken for whole."""

    class Breaking(socketserver.BaseRequestHandler):
        def handle(self) -> None:
            self.request.recv(65536)
            self.request.sendall(b"HTTP/1.0 200 OK\r\n\r\nhalf")
            time.sleep(0.2)
            self.request.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\x01\x00\x00\x00\x00\x00\x00\x00")
            self.request.close()

    port = world.aws.server_port
    world.aws.close()
    socketserver.TCPServer.allow_reuse_address = True
    with socketserver.TCPServer(("127.0.0.1", port), Breaking) as breaking:
        threading.Thread(target=breaking.handle_request, daemon=True).start()
        with socket.create_connection(("127.0.0.1", world.edge.port), LONG) as client:
            client.sendall(b"GET / HTTP/1.0\r\n\r\n")

            with pytest.raises(ConnectionResetError):
                read_to_the_end(client)


def test_silent_connections_end(tmp_path: Path) -> None:
    """It ends a connection that never sends a request, and answers one whose site stays silent beyond its patience."""
    short = (
        "from scripts.embedded.edge.stages import PATIENCE, Stage\n"
        "PATIENCE[Stage.WAITING] = 0.2; PATIENCE[Stage.PASSING] = 0.4\n"
    )
    world = World(tmp_path, short)
    silent = socket.create_connection(("127.0.0.1", world.edge.port), LONG)
    client = world.connect()
    client.request("POST", "/hang", b"once")

    assert silent.recv(1) == b""
    assert client.getresponse().status == 503

    silent.close()
    client.close()
    world.close()


def test_too_many_connections_are_told_so(tmp_path: Path) -> None:
    """It answers 503 at once beyond its limit, and serves again when others leave."""
    world = World(tmp_path, "import scripts.embedded.edge.server as server\nserver.MOST_CLIENTS = 3\n")
    held = [socket.create_connection(("127.0.0.1", world.edge.port), LONG) for _ in range(3)]

    with socket.create_connection(("127.0.0.1", world.edge.port), LONG) as late:
        told = late.recv(65536)
    for client in held:
        client.close()

    assert told.startswith(b"HTTP/1.1 503")
    eventually(lambda: world.get("/") == (200, "aws"))
    world.close()


@pytest.mark.parametrize(
    ("arguments", "sentence"), [(("--dns", "127.0.0.1:1"), "is taken"), (("--dns", "nonsense"), "is not HOST:PORT")]
)
def test_start_says_what_is_wrong_in_one_sentence(arguments: tuple[str, str], sentence: str) -> None:
    """It exits with 2 and one sentence on a busy port and on a name server that is none."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        listen = ("--listen", str(taken.getsockname()[1]))
        command = [sys.executable, "-m", "scripts.embedded.edge", "--name", "www.social.test", *listen, *arguments]

        ended = subprocess.run(command, capture_output=True, text=True, timeout=LONG, check=False)

    assert (ended.returncode, len(ended.stderr.splitlines())) == (2, 1), ended.stderr
    assert sentence in ended.stderr


@pytest.mark.parametrize(
    ("head", "json"),
    [
        (b"GET /api/v1/instance HTTP/1.1\r\n\r\n", True),
        (b"GET /apiary HTTP/1.1\r\n\r\n", False),
        (b"POST http://x/oauth/token?a=b HTTP/1.1\r\n\r\n", True),
        (b"GET / HTTP/1.1\r\naCCept: text/x, application/json;q=0.5\r\n\r\n", True),
        (b"POST / HTTP/1.1\r\n\r\nAccept: application/json", False),
        (b"\xff\xfe\x00", False),
        (b"", False),
    ],
)
def test_kind_of_reply(head: bytes, json: bool) -> None:
    """It tells programs from people by path and Accept header, never by the body, whatever the bytes."""
    assert wants_json(head) is json


def test_reply_to_head_has_no_body() -> None:
    """It sends headers alone to a HEAD request, and knows a request from other bytes."""
    assert reply(b"HEAD / HTTP/1.1\r\n\r\n", Reason.NOT_SENT).endswith(b"\r\n\r\n")
    assert is_request(b"PATCH /x HTTP/1.1\r\nHost: y")
    assert not is_request(b"\x81\x85abcd")
