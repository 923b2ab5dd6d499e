"""Asking a web address from outside, again and again, without paying for a new client each time."""

import functools
from typing import Any

import httpx

TIMEOUT_SECONDS = 2.0


@functools.cache
def _client() -> httpx.Client:
    # Each question goes over a connection of its own: a kept one would still lead to a site that has moved.
    return httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False, limits=httpx.Limits(max_keepalive_connections=0))


def answers(url: str) -> bool:
    """Say whether an address answers below 500."""
    try:
        return _client().get(url).status_code < 500
    except httpx.HTTPError:
        return False


def status(url: str) -> int:
    """Return the status with which an address answers. Raises OSError where nobody does."""
    try:
        return _client().get(url).status_code
    except httpx.HTTPError as reason:
        raise OSError(f"{type(reason).__name__} {reason}") from reason


def readiness(url: str) -> dict[str, Any]:
    """Return what the app at `url` says of itself (`site`, `writable`, ...); an empty answer where there is none."""
    try:
        answer = _client().get(f"{url}/readyz").json()
    except (httpx.HTTPError, ValueError):
        return {}
    return answer if isinstance(answer, dict) else {}
