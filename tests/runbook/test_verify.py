"""The look from outside at the end of a move: a start that takes its time is waited for, and nobody else's answer counts."""

import http.server
import json
import threading
import time
from collections.abc import Iterator
from types import SimpleNamespace
from typing import Any, ClassVar

import pytest

from scripts.runbook import steps
from scripts.runbook.errors import StepTimedOut


class Address:
    """The app's own address, which answers what it is told from a moment on."""

    answers: ClassVar[list[tuple[float, int, dict[str, Any]]]] = []

    @classmethod
    def at(cls, moment: float) -> tuple[int, dict[str, Any]]:
        return next((status, body) for begins, status, body in reversed(cls.answers) if begins <= moment)


class Handler(http.server.BaseHTTPRequestHandler):
    def do_GET(self) -> None:
        status, body = Address.at(time.monotonic())
        self.send_response(status)
        self.end_headers()
        self.wfile.write(json.dumps(body).encode())

    def log_message(self, format: str, *args: Any) -> None:
        """Say nothing."""


@pytest.fixture
def run() -> Iterator[Any]:
    """Give the part of a run that the step looks at: the address, and who takes over."""
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler) as server:
        threading.Thread(target=server.serve_forever).start()
        platform = SimpleNamespace(outside_url=f"http://127.0.0.1:{server.server_port}")
        yield SimpleNamespace(platform=platform, plan=SimpleNamespace(new="gcp"))
        server.shutdown()


def test_a_cold_start_is_waited_for(run: Any) -> None:
    """Neither an error page, nor the old site, nor the new one while it takes no writes yet is the end of the move."""
    now = time.monotonic()
    Address.answers = [
        (0.0, 503, {}),
        (now + 0.2, 200, {"site": "aws", "writable": True}),
        (now + 0.4, 200, {"site": "gcp", "writable": False}),
        (now + 0.6, 200, {"site": "gcp", "writable": True}),
    ]

    answer = steps.verify_outside(run)

    assert (answer["site"], answer["writable"]) == ("gcp", True)
    assert time.monotonic() - now >= 0.6


def test_a_start_that_never_comes_is_said_with_what_was_seen(run: Any, monkeypatch: pytest.MonkeyPatch) -> None:
    """After its time the step says what the address answers, and that the new primary takes writes all the same."""
    Address.answers = [(0.0, 200, {"site": "aws", "writable": False})]
    moments = iter([0.0, 1.0, 30.0])
    monkeypatch.setattr(steps, "time", SimpleNamespace(monotonic=lambda: next(moments), sleep=lambda seconds: None))

    with pytest.raises(
        StepTimedOut, match=r"still answers .*aws.*: look at the edge and at DNS; the new primary takes"
    ):
        steps.verify_outside(run)
