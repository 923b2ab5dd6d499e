"""Whether an edge still shows what was taken down, asked over TLS at each site's own edge, as a visitor would ask."""

import threading
import time
from contextlib import ExitStack
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest

from app.takedowns import keys_of
from scripts.runbook.takedown_edges import YOUNG_SECONDS, forget, still_shown, until_gone
from scripts.runbook.takedowns import Entry, Ledger, Takedown
from tests.conftest import free_port
from tests.runbook.edge_double import certificate_for, serving_edge

NAME = "www.social.test"
PICTURE, OTHER = "ab" * 32, "cd" * 32
EDGES = {"aws": "127.0.0.1", "gcp": "127.0.0.2", "azure": "127.0.0.3"}


def ledger(*takedowns: Takedown) -> Ledger:
    return Ledger(tuple(Entry(one, b"", ()) for one in takedowns), (), {}, ())


def taken_down(target: str) -> Takedown:
    return Takedown.make("test", "media", target, "told to", "ada")


def platform(outside_url: str) -> Any:
    outputs = {site: SimpleNamespace(edge_target=address) for site, address in EDGES.items()}
    return SimpleNamespace(outside_url=outside_url, outputs=outputs)


@pytest.fixture
def certificate(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    made = certificate_for(NAME, tmp_path)
    monkeypatch.setenv("SSL_CERT_FILE", str(made))
    return made


def test_each_edge_is_asked_and_the_one_that_still_shows_it_is_named(certificate: Path) -> None:
    """One edge holds a copy, one asked web and says 404, one does not answer: each is told apart."""
    key, port = keys_of(PICTURE)[0], free_port()
    with ExitStack() as stack:
        stack.enter_context(serving_edge(EDGES["aws"], port, certificate, {f"/{key}": "200 OK"}))
        stack.enter_context(serving_edge(EDGES["gcp"], port, certificate, {}))
        found = still_shown(platform(f"https://{NAME}"), ledger(taken_down(PICTURE)), port)

    assert found.lines == [f"the edge of aws still shows {key}"]
    assert found.asked == ["the edge of aws", "the edge of gcp"]
    assert "refused" in found.silent["the edge of azure"]


def test_an_edge_that_proves_nothing_is_not_counted_as_clean(certificate: Path) -> None:
    """It says what the edge answered when that is neither the picture nor its absence."""
    key, port = keys_of(PICTURE)[0], free_port()
    with ExitStack() as stack:
        for address in EDGES.values():
            stack.enter_context(serving_edge(address, port, certificate, {f"/{key}": "503 Service Unavailable"}))
        found = still_shown(platform(f"https://{NAME}"), ledger(taken_down(PICTURE)), port)

    assert (found.lines, found.asked) == ([], [])
    assert set(found.silent) == {f"the edge of {site}" for site in EDGES}
    assert found.silent["the edge of aws"] == f"it answered 503 for {key}"


def test_what_was_taken_down_long_ago_is_not_asked_for_again(certificate: Path) -> None:
    """It asks nobody for a takedown of the day before yesterday, and nobody at all where there is none."""
    old = replace(taken_down(OTHER), at=time.time() - YOUNG_SECONDS - 1)

    assert vars(still_shown(platform(f"https://{NAME}"), ledger(old), free_port())) == {
        "lines": [],
        "asked": [],
        "silent": {},
    }


def test_without_tls_the_one_public_address_is_asked() -> None:
    """It says that nobody answers there."""
    found = still_shown(platform(f"http://127.0.0.1:{free_port()}"), ledger(taken_down(PICTURE)))

    assert "ConnectError" in found.silent["the public address"]


def test_it_asks_until_an_edge_has_forgotten(certificate: Path) -> None:
    """It stops as soon as nothing is shown any more, and says what is shown when its patience is over."""
    key, port = keys_of(PICTURE)[0], free_port()
    answers = {f"/{key}": "200 OK"}
    with ExitStack() as stack:
        for address in EDGES.values():
            stack.enter_context(serving_edge(address, port, certificate, answers))
        shown = until_gone(platform(f"https://{NAME}"), ledger(taken_down(PICTURE)), port, seconds=0)
        threading.Timer(0.5, answers.clear).start()
        gone = until_gone(platform(f"https://{NAME}"), ledger(taken_down(PICTURE)), port, seconds=90)

    assert len(shown.lines) == len(EDGES)
    assert (gone.lines, len(gone.asked)) == ([], len(EDGES))


def test_local_sites_have_no_edge_to_tell() -> None:
    """It orders nothing where the app is served without TLS: no provider hears of it."""
    told = list(forget(platform("http://127.0.0.1:1"), ledger(taken_down(PICTURE))))

    assert told == ["Served without TLS: there is no edge that keeps anything."]
