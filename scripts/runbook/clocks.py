"""How far a clock is off, by the Date that the object stores put on every answer.

No safety rests on it: the lease counts on rates alone. But a clock that is off makes ages lie and requests expire.
"""

import email.utils
import statistics
import time
from collections.abc import Callable, Iterable
from urllib.parse import parse_qs, urlsplit

import httpx

TIMEOUT_SECONDS = 2.0
# A Date has whole seconds, so that the store's true time lies half a second after it on average.
HALF_SECOND = 0.5


def ahead_of_stores(urls: Iterable[str], clock: Callable[[], float] = time.time) -> float | None:
    """Return by how many seconds this clock is ahead of the stores', to about a second; None when no store answers."""
    found = [ahead for url in urls if (ahead := _ahead_of(address_of(url), clock)) is not None]
    return round(statistics.median(found), 2) if found else None


def address_of(store_url: str) -> str:
    """Return the HTTP address behind a store's URL; any answer of it carries a Date, a refusal too."""
    parts = urlsplit(store_url)
    query = parse_qs(parts.query)
    if "endpoint" in query:
        return query["endpoint"][0]
    public = {
        "s3": f"https://s3.{query.get('region', ['us-east-1'])[0]}.amazonaws.com",
        "gs": "https://storage.googleapis.com",
        "az": f"https://{parts.netloc}.blob.core.windows.net",
    }
    return public[parts.scheme]


def _ahead_of(address: str, clock: Callable[[], float]) -> float | None:
    before = clock()
    try:
        with httpx.Client(timeout=TIMEOUT_SECONDS, trust_env=False) as client:
            said = client.head(address).headers.get("date")
        theirs = email.utils.parsedate_to_datetime(said or "").timestamp()
    except (httpx.HTTPError, ValueError):
        return None
    return (before + clock()) / 2 - (theirs + HALF_SECOND)
