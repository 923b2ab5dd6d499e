"""One request on its way through the double: what handlers read from it, and how they answer with bytes."""

import json
import re
from collections.abc import AsyncIterator, Callable
from dataclasses import dataclass
from datetime import datetime
from email.utils import format_datetime
from functools import partial
from typing import Any, BinaryIO, TypeVar

from anyio.to_thread import run_sync
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse

from scripts.embedded.gcs.bodies import Body
from scripts.embedded.gcs.records import KEPT_HEADERS, ObjectRecord, Preconditions, whole_number
from scripts.embedded.gcs.refusals import Refusal, invalid
from scripts.embedded.gcs.storage import Storage

_CHUNK_BYTES = 256 * 1024
_LONGEST_JSON = 1 << 20
_RANGE = re.compile(r"bytes=(\d*)-(\d*)")
Result = TypeVar("Result")


@dataclass(frozen=True)
class Call:
    """A request with the storage it is for; `url` is the server's own address."""

    request: Request
    query: dict[str, str]
    storage: Storage
    url: str

    @property
    def generation(self) -> int | None:
        return self.number("generation")

    def number(self, name: str, low: int = 0, high: int = 2**63 - 1) -> int | None:
        """Return a query parameter as a whole number, or None; raises Refusal 400."""
        return whole_number(self.query.get(name), name, low, high)

    def json_preconditions(self) -> Preconditions:
        """Return the preconditions as the JSON API spells them (ifGenerationMatch=...)."""
        return Preconditions.read(lambda name: self.query.get(f"if{name}"))

    def xml_preconditions(self) -> Preconditions:
        """Return the preconditions as the XML API spells them (x-goog-if-generation-match: ...)."""
        dashed = {
            name: re.sub("(?<=[a-z])Match", "-match", name.replace("Not", "-not")).lower() for name in _CONDITIONS
        }
        return Preconditions.read(lambda name: self.request.headers.get(f"x-goog-if-{dashed[name]}"))

    async def json(self) -> dict[str, Any]:
        """Return the body as a JSON object (an empty body is an empty one); raises Refusal 400."""
        text = await self.small_body()
        try:
            resource = json.loads(text or b"{}")
        except (ValueError, RecursionError) as error:
            raise invalid("The body is not JSON.") from error
        if not isinstance(resource, dict):
            raise invalid("The body must be a JSON object.")
        return resource

    async def small_body(self) -> bytes:
        """Return a body that describes something, at most 1 MiB; raises Refusal 413."""
        text = b""
        async for chunk in self.request.stream():
            text += chunk
            if len(text) > _LONGEST_JSON:
                raise Refusal(413, "uploadTooLarge", "A description of an object is at most 1 MiB long.")
        return text

    async def body(self, digests: dict[str, str]) -> Body:
        """Stream the body to the disk; raises Refusal 400 when it is not what `digests` announce."""
        writer = self.storage.new_body()
        try:
            async for chunk in self.request.stream():
                writer.write(chunk)
            body = await in_thread(writer.finish)
        except BaseException:
            writer.discard()
            raise
        body.check(digests)
        return body


_CONDITIONS = ("GenerationMatch", "GenerationNotMatch", "MetagenerationMatch", "MetagenerationNotMatch")


async def in_thread(function: Callable[..., Result], *arguments: Any) -> Result:
    """Run something that waits for the disk without stopping the server."""
    return await run_sync(partial(function, *arguments))


async def media(call: Call, bucket: str, name: str, check: Callable[[ObjectRecord], None]) -> Response:
    """Answer with the bytes of an object, whole or the range asked for, once `check` has passed."""
    record, file = await in_thread(call.storage.open, bucket, name, call.generation, check)
    try:
        asked = _range(call.request.headers.get("range", ""), record.size)
    except Refusal:
        file.close()
        raise
    first, last = asked or (0, record.size - 1)
    status, part = (206, {"content-range": f"bytes {first}-{last}/{record.size}"}) if asked else (200, {})
    headers = {**media_headers(record), **part, "content-length": str(last - first + 1)}
    if call.request.method == "HEAD":
        file.close()
        return Response(status_code=status, headers=headers)
    return StreamingResponse(_read(file, first, last), status, headers)


def media_headers(record: ObjectRecord) -> dict[str, str]:
    """Return the headers that come with an object's bytes."""
    properties = record.properties
    kept = {KEPT_HEADERS[name]: value for name, value in properties.headers.items()}
    metadata = {f"x-goog-meta-{name}": value for name, value in properties.metadata.items()}
    said = {
        _header_text(name): _header_text(value)
        for name, value in {**metadata, **kept, "content-type": properties.content_type}.items()
    }
    modified = format_datetime(datetime.fromisoformat(record.updated.replace("Z", "+00:00")), usegmt=True)
    return {**said, **write_headers(record), "last-modified": modified, "accept-ranges": "bytes"}


def _header_text(text: str) -> str:
    """Spell text as a header: UTF-8 bytes (Starlette writes Latin-1), and on one line."""
    return re.sub(r"[\r\n\0]", " ", text).encode().decode("latin-1")


def write_headers(record: ObjectRecord) -> dict[str, str]:
    """Return the headers that name a generation and its bytes."""
    return {
        "etag": f'"{record.etag}"',
        "x-goog-generation": str(record.generation),
        "x-goog-metageneration": str(record.metageneration),
        "x-goog-hash": f"crc32c={record.crc32c},md5={record.md5}",
        "x-goog-stored-content-length": str(record.size),
        "x-goog-stored-content-encoding": _header_text(record.properties.headers.get("contentEncoding", "identity")),
    }


def _range(header: str, size: int) -> tuple[int, int] | None:
    """Return the first and last byte asked for, or None for all (strange headers too, RFC 9110); raises Refusal 416."""
    found = _RANGE.fullmatch(header.strip())
    if not found or found.groups() == ("", "") or (found[1] and found[2] and int(found[2]) < int(found[1])):
        return None
    first = int(found[1]) if found[1] else max(0, size - int(found[2]))
    last = min(int(found[2]), size - 1) if found[1] and found[2] else size - 1
    if first >= size:
        raise Refusal(
            416, "requestedRangeNotSatisfiable", f"The range {header} lies outside the {size} bytes of the object."
        )
    return first, last


async def _read(file: BinaryIO, first: int, last: int) -> AsyncIterator[bytes]:
    with file:
        file.seek(first)
        left = last - first + 1
        while left > 0 and (chunk := await in_thread(file.read, min(left, _CHUNK_BYTES))):
            left -= len(chunk)
            yield chunk
