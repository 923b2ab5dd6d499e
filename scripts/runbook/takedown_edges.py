"""Whether an edge still shows a picture that was taken down: asked from outside, as any visitor would ask.

Web answers 404 as soon as no row names a picture, and an edge asks web again after app.copies.EDGE_SECONDS.
"""

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from urllib.parse import urlsplit

from app.takedowns import keys_of
from scripts.runbook import certificates, edge_purge, outside
from scripts.runbook.errors import PurgeRefused
from scripts.runbook.sites import Platform
from scripts.runbook.takedowns import Ledger

YOUNG_SECONDS = 24 * 3600
"""Older takedowns are not asked for again: no edge keeps anything that long without asking."""
GONE = ("404", "410")
PATIENCE_SECONDS, PAUSE_SECONDS = 660.0, 1.0
"""A minute more than an edge keeps anything without asking."""


@dataclass
class Shown:
    """What is still shown, whom it was asked of, and who gave no answer that proves anything."""

    lines: list[str] = field(default_factory=list)
    asked: list[str] = field(default_factory=list)
    silent: dict[str, str] = field(default_factory=dict)


def still_shown(platform: Platform, ledger: Ledger, port: int = 443) -> Shown:
    """Ask every site's own edge for each picture of the last day's takedowns; without TLS, the one public address."""
    found, parts = Shown(), urlsplit(platform.outside_url)
    keys = young_keys(ledger)
    if not keys:
        return found
    if parts.scheme != "https":
        _ask(found, "the public address", keys, lambda key: str(outside.status(f"{platform.outside_url}/{key}")))
        return found
    for site, outputs in platform.outputs.items():
        target = outputs.edge_target
        _ask(found, f"the edge of {site}", keys, lambda key, at=target: _status(at, parts.hostname or "", key, port))
    return found


def forget(platform: Platform, ledger: Ledger) -> Iterator[str]:
    """Order every site's edge to forget the pictures of the last day's takedowns, and say how each took it."""
    parts, keys = urlsplit(platform.outside_url), young_keys(ledger)
    if parts.scheme != "https":
        yield "Served without TLS: there is no edge that keeps anything."
        return
    for site, outputs in platform.outputs.items():
        try:
            edge_purge.order(outputs, parts.hostname or "", keys)
        except PurgeRefused as reason:
            yield f"The edge of {site} was not told: {reason}"
        else:
            yield f"The edge of {site} was told to forget it."


def until_gone(platform: Platform, ledger: Ledger, port: int = 443, seconds: float = PATIENCE_SECONDS) -> Shown:
    """Ask until no edge shows anything any more, or the patience is over."""
    deadline = time.monotonic() + seconds
    while (found := still_shown(platform, ledger, port)).lines and time.monotonic() < deadline:
        time.sleep(PAUSE_SECONDS)
    return found


def young_keys(ledger: Ledger) -> list[str]:
    """Return the keys of the pictures that were taken down within the last day."""
    young = [
        entry.takedown.target
        for entry in ledger.entries
        if entry.takedown.kind == "media" and time.time() - entry.takedown.at < YOUNG_SECONDS
    ]
    return [key for target in young for key in keys_of(target)]


def _status(target: str, name: str, key: str, port: int) -> str:
    return certificates.answer_of(target, name, f"/{key}", port)[0]


def _ask(found: Shown, who: str, keys: list[str], status_of: Callable[[str], str]) -> None:
    """Ask for every picture; one that does not answer at all is not asked for the rest."""
    for key in keys:
        try:
            status = status_of(key)
        except OSError as reason:
            found.silent[who] = str(reason)
            return
        if status == "200":
            found.lines.append(f"{who} still shows {key}")
        elif status not in GONE:
            found.silent[who] = f"it answered {status or 'nothing'} for {key}"
    if who not in found.silent:
        found.asked.append(who)
