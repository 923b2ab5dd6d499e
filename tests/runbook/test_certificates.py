"""An edge looked at from outside before anybody needs it: its certificate for the app's name, and whether it serves."""

import contextlib
import socket
import ssl
import threading
from collections.abc import Callable
from pathlib import Path

import pytest

from scripts.runbook.certificates import days_left, edge_fault
from tests.conftest import free_port
from tests.runbook.edge_double import certificate_for

NAME = "www.social.test"


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return certificate_for(NAME, tmp_path_factory.mktemp("edge"))


@pytest.fixture
def edge(certificate: Path) -> Callable[[bytes], int]:
    """Return an edge's port: it serves one visitor after the other with the same answer, and keeps what each asked."""

    def start(answer: bytes) -> int:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(certificate)
        listener = socket.create_server(("127.0.0.1", 0))

        def serve() -> None:
            # A visitor who does not trust the certificate goes away in the middle.
            with (
                contextlib.suppress(OSError),
                listener,
                context.wrap_socket(listener.accept()[0], server_side=True) as visitor,
            ):
                asked = visitor.recv(1000)
                known = asked.startswith(b"GET /healthz ") and f"Host: {NAME}".encode() in asked
                visitor.sendall(answer if known else b"HTTP/1.1 400 no\r\n\r\n")

        threading.Thread(target=serve, daemon=True).start()
        return listener.getsockname()[1]

    return start


def test_an_edge_that_serves_the_name_has_no_fault(
    edge: Callable[[bytes], int], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It comes by the edge's own address and asks for the app's name, as a visitor will when DNS has moved."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert edge_fault("127.0.0.1", NAME, edge(b"HTTP/1.1 200 OK\r\n\r\n")) == ""


@pytest.mark.parametrize(
    ("answer", "says"),
    [(b"HTTP/1.1 504 no way to the app\r\n\r\n", "504 no way to the app"), (b"", "it answered nothing")],
)
def test_an_edge_that_reaches_no_app_is_named(
    edge: Callable[[bytes], int], certificate: Path, monkeypatch: pytest.MonkeyPatch, answer: bytes, says: str
) -> None:
    """So a private link that nobody approved shows before the name points there."""
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))

    assert says in edge_fault("127.0.0.1", NAME, edge(answer))


def test_a_certificate_that_nobody_trusts_or_for_another_name_is_a_fault(
    edge: Callable[[bytes], int], certificate: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """An old one is still counted in days, since that says more than "not trusted"."""
    assert "certificate verify failed" in edge_fault("127.0.0.1", NAME, edge(b""))
    monkeypatch.setenv("SSL_CERT_FILE", str(certificate))
    assert "mismatch" in edge_fault("127.0.0.1", "other.social.test", edge(b""))
    assert 9 < days_left("127.0.0.1", edge(b""), name=NAME) <= 10


def test_an_edge_that_is_not_there_is_a_fault() -> None:
    """It says so within seconds."""
    assert "refused" in edge_fault("127.0.0.1", NAME, free_port())
