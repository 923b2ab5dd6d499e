"""Uploads of the JSON API, simple, multipart and resumable: docs.cloud.google.com/storage/docs/uploads-downloads."""

import asyncio
import re
import secrets
from dataclasses import dataclass, field
from typing import Any

from starlette.responses import JSONResponse, Response

from scripts.embedded.gcs.bodies import Body, BodyWriter, announced_digests
from scripts.embedded.gcs.calls import Call, in_thread
from scripts.embedded.gcs.json_api import method_not_allowed, object_resource
from scripts.embedded.gcs.records import Preconditions, Properties, check_object_name
from scripts.embedded.gcs.refusals import Refusal, invalid, not_found
from scripts.embedded.gcs.related import read_related

_CONTENT_RANGE = re.compile(r"bytes (?:(\d+)-(\d+)|\*)/(?:(\d+)|\*)")


@dataclass
class Session:
    """A resumable upload; a restart of the server ends it: the client gets 404 and begins anew."""

    bucket: str
    resource: dict[str, Any]
    content_type: str | None
    preconditions: Preconditions
    writer: BodyWriter
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)


Sessions = dict[str, Session]


async def answer(call: Call, bucket: str, sessions: Sessions) -> Response:
    """Answer a request for /upload/storage/v1/b/BUCKET/o."""
    if "upload_id" in call.query:
        return await _resume(call, sessions)
    if call.request.method != "POST":
        raise method_not_allowed(call)
    match call.query.get("uploadType"):
        case "media":
            return await _simple(call, bucket)
        case "multipart":
            return await _multipart(call, bucket)
        case "resumable":
            return await _begin(call, bucket, sessions)
    raise invalid("The uploadType must be media, multipart or resumable.")


async def _simple(call: Call, bucket: str) -> Response:
    headers = call.request.headers
    preconditions = call.json_preconditions()
    body = await call.body(announced_digests(headers.get("x-goog-hash", ""), headers.get("content-md5")))
    return await _store(call, bucket, {}, body, headers.get("content-type"), preconditions)


async def _multipart(call: Call, bucket: str) -> Response:
    preconditions = call.json_preconditions()
    related = await read_related(call)
    return await _store(call, bucket, related.resource, related.body, related.content_type, preconditions)


async def _begin(call: Call, bucket: str, sessions: Sessions) -> Response:
    await in_thread(call.storage.buckets.require, bucket)
    resource = await call.json()
    resource.setdefault("name", call.query.get("name"))
    check_object_name(resource["name"])
    content_type = resource.get("contentType") or call.request.headers.get("x-upload-content-type")
    session = Session(bucket, resource, content_type, call.json_preconditions(), call.storage.new_body())
    identity = secrets.token_urlsafe(24)
    sessions[identity] = session
    location = f"{call.url}/upload/storage/v1/b/{bucket}/o?uploadType=resumable&upload_id={identity}"
    return Response(headers={"location": location, "x-guploader-uploadid": identity})


async def _resume(call: Call, sessions: Sessions) -> Response:
    identity = call.query["upload_id"]
    session = sessions.get(identity)
    if session is None:
        raise not_found("The upload session does not exist; begin a new one.")
    async with session.turn:
        if call.request.method == "DELETE":
            sessions.pop(identity, session).writer.discard()
            return Response(status_code=499)
        if call.request.method not in ("PUT", "POST"):
            raise method_not_allowed(call)
        return await _take(call, session, identity, sessions)


async def _take(call: Call, session: Session, identity: str, sessions: Sessions) -> Response:
    """Take the next bytes of a session; 308 with what has arrived so far until the last byte is here."""
    first, total = _content_range(call)
    if first is not None:
        await _append(call, session, first)
    if total is None or session.writer.size < total:
        arrived = {"range": f"bytes=0-{session.writer.size - 1}"} if session.writer.size else {}
        return Response(status_code=308, headers=arrived)
    sessions.pop(identity, None)
    body = await in_thread(session.writer.finish)
    if body.size > total:
        body.discard()
        raise invalid(f"The upload holds {body.size} bytes, more than the {total} announced.")
    body.check(announced_digests(call.request.headers.get("x-goog-hash", "")))
    return await _store(call, session.bucket, session.resource, body, session.content_type, session.preconditions)


async def _append(call: Call, session: Session, first: int) -> None:
    """Write the bytes that are new; those that an earlier request brought are skipped. A gap is refused with 503."""
    skip = session.writer.size - first
    if skip < 0:
        raise Refusal(
            503, "backendError", f"The bytes from {session.writer.size} to {first} are missing; ask where to go on."
        )
    async for chunk in call.request.stream():
        session.writer.write(chunk[skip:])
        skip = max(0, skip - len(chunk))


def _content_range(call: Call) -> tuple[int | None, int | None]:
    """Return where the bytes of this request begin (None: it brings none) and the size of the whole, when known."""
    text = call.request.headers.get("content-range")
    if text is None:
        length = call.request.headers.get("content-length")
        if length is None or not length.isdecimal():
            raise invalid("A resumable upload needs a Content-Range or a Content-Length.")
        return 0, int(length)
    found = _CONTENT_RANGE.fullmatch(text.strip())
    if not found:
        raise invalid(f"The Content-Range {text!r} makes no sense.")
    return (int(found[1]) if found[1] else None), (int(found[3]) if found[3] else None)


async def _store(
    call: Call,
    bucket: str,
    resource: dict[str, Any],
    body: Body,
    content_type: str | None,
    preconditions: Preconditions,
) -> Response:
    said = {"md5": resource.get("md5Hash"), "crc32c": resource.get("crc32c")}
    body.check({name: value for name, value in said.items() if value})
    try:
        properties, name = Properties.from_json(resource, content_type), resource.get("name") or call.query.get("name")
        record = await in_thread(call.storage.put, bucket, check_object_name(name), body, properties, preconditions)
    except Refusal:
        body.discard()
        raise
    return JSONResponse(object_resource(call, record))
