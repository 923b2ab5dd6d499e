"""V4 signed URLs: docs.cloud.google.com/storage/docs/authentication/canonical-requests."""

import hashlib
import re
import time
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime
from urllib.parse import parse_qsl, quote

from scripts.embedded.gcs.authentication import Authentication
from scripts.embedded.gcs.refusals import Refusal, invalid

SIGNATURE = "X-Goog-Signature"
_LONGEST_SECONDS = 604_800
_DRIFT_SECONDS = 15 * 60
# obstore signs for this host whatever endpoint it talks to.
_PUBLIC_HOST = "storage.googleapis.com"


@dataclass(frozen=True)
class SignedRequest:
    """A request as it came over the wire; header names in lower case."""

    method: str
    raw_path: str
    raw_query: str
    headers: Mapping[str, str]


def check_signed_url(authentication: Authentication, request: SignedRequest) -> None:
    """Accept a request whose query carries a valid signature; raises Refusal 400 when expired, 403 when not genuine."""
    pairs = parse_qsl(request.raw_query, keep_blank_values=True)
    query = dict(pairs)
    try:
        made = datetime.strptime(query["X-Goog-Date"], "%Y%m%dT%H%M%SZ").replace(tzinfo=UTC)
        lifetime, signature = int(query["X-Goog-Expires"]), bytes.fromhex(query[SIGNATURE])
        account, scope = query["X-Goog-Credential"].split("/", 1)
        signed_headers = query["X-Goog-SignedHeaders"].split(";")
    except (KeyError, ValueError) as error:
        raise invalid("The signed URL lacks a part, or a part makes no sense.") from error
    _check_time(made, lifetime)
    genuine_scope = re.fullmatch(rf"{made:%Y%m%d}/[^/]+/storage/goog4_request", scope)
    if (
        query.get("X-Goog-Algorithm") != "GOOG4-RSA-SHA256"
        or account != authentication.email
        or not genuine_scope
        or "host" not in signed_headers
    ):
        raise _not_genuine()
    canonical_query = _canonical_query(pairs)
    for host in (request.headers.get("host", ""), _PUBLIC_HOST):
        digest = hashlib.sha256(_canonical_request(request, canonical_query, signed_headers, host).encode()).hexdigest()
        if authentication.verify(signature, f"GOOG4-RSA-SHA256\n{query['X-Goog-Date']}\n{scope}\n{digest}".encode()):
            return
    raise _not_genuine()


def _check_time(made: datetime, lifetime: int) -> None:
    if not 0 < lifetime <= _LONGEST_SECONDS:
        raise invalid(f"A signed URL is valid for 1 to {_LONGEST_SECONDS} seconds.")
    if time.time() > made.timestamp() + lifetime:
        raise Refusal(400, "ExpiredToken", "The signed URL has expired.")
    if time.time() < made.timestamp() - _DRIFT_SECONDS:
        raise _not_genuine()


def _canonical_query(pairs: list[tuple[str, str]]) -> str:
    return "&".join(sorted(f"{_encode(name)}={_encode(value)}" for name, value in pairs if name != SIGNATURE))


def _canonical_request(request: SignedRequest, query: str, signed_headers: list[str], host: str) -> str:
    headers = {**request.headers, "host": host}
    lines = "".join(f"{name}:{' '.join(headers.get(name, '').split())}\n" for name in signed_headers)
    payload = request.headers.get("x-goog-content-sha256", "UNSIGNED-PAYLOAD")
    return "\n".join([request.method, request.raw_path, query, lines, ";".join(signed_headers), payload])


def _encode(text: str) -> str:
    return quote(text, safe="-_.~")


def _not_genuine() -> Refusal:
    return Refusal(403, "forbidden", "The request signature we calculated does not match the signature you provided.")
