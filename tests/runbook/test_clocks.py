"""How far a clock is off, by the Date of real HTTP answers."""

import email.utils
import http.server
import threading
import time
from collections.abc import Iterator

import pytest

from scripts.runbook.clocks import address_of, ahead_of_stores


class Store(http.server.BaseHTTPRequestHandler):
    """A store whose clock is right, and which refuses everybody."""

    def do_HEAD(self) -> None:
        self.send_response_only(403)
        self.send_header("Date", email.utils.formatdate(time.time(), usegmt=True))
        self.end_headers()

    def log_message(self, *words: object) -> None:
        pass


@pytest.fixture(scope="module")
def url() -> Iterator[str]:
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Store)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    yield f"gs://bucket?endpoint=http://127.0.0.1:{server.server_port}"
    server.shutdown()
    server.server_close()


@pytest.mark.parametrize("off", [0.0, 10.0, -10.0, 300.0])
def test_a_clock_that_is_off_shows(url: str, off: float) -> None:
    """It finds the difference to about a second, ahead or behind; a refusal tells the time as well as an answer."""
    ahead = ahead_of_stores([url], lambda: time.time() + off)

    assert ahead is not None
    assert abs(ahead - off) < 1.5


def test_stores_that_do_not_answer_say_nothing(url: str) -> None:
    """It takes the median of those that answer, and knows nothing without any."""
    silent = "az://account/box?endpoint=http://127.0.0.1:1/account"

    assert ahead_of_stores([silent]) is None
    assert ahead_of_stores([silent, url]) is not None


def test_every_store_s_address_is_known() -> None:
    """It asks the provider's own endpoint where the URL names none."""
    assert address_of("s3://b?region=eu-west-1") == "https://s3.eu-west-1.amazonaws.com"
    assert address_of("gs://b") == "https://storage.googleapis.com"
    assert address_of("az://account/box") == "https://account.blob.core.windows.net"
