"""What a client reads when no site can answer: a page that reloads itself, or JSON for programs; pure."""

import json
from enum import Enum
from urllib.parse import urlsplit

METHODS = (b"GET", b"HEAD", b"POST", b"PUT", b"PATCH", b"DELETE", b"OPTIONS")
RETRY_SECONDS = 1

PAGE = """<!doctype html>
<html lang="en"><head><meta charset="utf-8"><meta http-equiv="refresh" content="{retry}">
<meta name="viewport" content="width=device-width"><title>One moment</title>
<style>body{{font:1.1rem/1.5 system-ui,sans-serif;max-width:32rem;margin:20vh auto;padding:0 1rem}}
@media(prefers-color-scheme:dark){{body{{background:#111;color:#eee}}}}</style></head>
<body><h1>One moment</h1><p>{reason}</p><p>This page tries again by itself.</p></body></html>
"""


class Reason(Enum):
    """Why there is no answer; what matters to the reader is whether anything may have been saved."""

    NOT_SENT = "No site answers right now. Nothing was sent, nothing was saved."
    UNKNOWN = "The site went away before it answered. Send a write again with the same Idempotency-Key."
    FULL = "Too many connections at once. Nothing was sent, nothing was saved."


def is_request(head: bytes) -> bool:
    """Whether these first bytes begin an HTTP/1 request."""
    words = head.split(b"\r\n", 1)[0].split(b" ")
    return words[0] in METHODS and len(words) == 3 and words[2].startswith(b"HTTP/1.")


def wants_json(head: bytes) -> bool:
    """Whether the first bytes of a request show a program: a path under /api or /oauth, or Accept: application/json."""
    request, *headers = head.decode("latin-1").split("\r\n\r\n", 1)[0].split("\r\n")
    words = request.split(" ")
    path = urlsplit(words[1]).path if len(words) == 3 else ""
    accepted = [value for name, _, value in (line.partition(":") for line in headers) if name.lower() == "accept"]
    return path.split("/")[1:2] in (["api"], ["oauth"]) or any("application/json" in value for value in accepted)


def reply(head: bytes, reason: Reason) -> bytes:
    """The whole HTTP response for a request that begins with `head`; without a body for HEAD."""
    if wants_json(head):
        kind, body = "application/json", json.dumps({"error": reason.value})
    else:
        kind, body = "text/html; charset=utf-8", PAGE.format(reason=reason.value, retry=RETRY_SECONDS)
    lines = [
        "HTTP/1.1 503 Service Unavailable",
        f"Content-Type: {kind}",
        f"Content-Length: {len(body.encode())}",
        f"Retry-After: {RETRY_SECONDS}",
        "Cache-Control: no-store",
        "Connection: close",
    ]
    return "\r\n".join([*lines, "", "" if head.startswith(b"HEAD ") else body]).encode()
