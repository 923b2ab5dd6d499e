"""A `multipart/related` upload (RFC 2387): a JSON resource, then the object's bytes, split while they stream in."""

import json
from dataclasses import dataclass, field
from email.message import Message
from typing import TYPE_CHECKING, Any

from python_multipart.exceptions import MultipartParseError
from python_multipart.multipart import MultipartParser

from scripts.embedded.gcs.bodies import Body, BodyWriter
from scripts.embedded.gcs.calls import Call, in_thread
from scripts.embedded.gcs.refusals import invalid

if TYPE_CHECKING:
    from python_multipart.multipart import MultipartCallbacks

_LONGEST_RESOURCE = 1 << 20


@dataclass(frozen=True)
class Related:
    """The two parts: the object resource, and the body with the type its own part named."""

    resource: dict[str, Any]
    body: Body
    content_type: str | None


@dataclass
class _Parts:
    """Receives the parser's events: part 1 goes to memory, part 2 to the disk."""

    writer: BodyWriter
    number: int = 0
    ended: bool = False
    resource: bytearray = field(default_factory=bytearray)
    header: tuple[bytearray, bytearray] = field(default_factory=lambda: (bytearray(), bytearray()))
    content_type: str | None = None

    def callbacks(self) -> "MultipartCallbacks":
        return {
            "on_part_begin": self.begin,
            "on_header_field": lambda data, start, end: self.header[0].extend(data[start:end]),
            "on_header_value": lambda data, start, end: self.header[1].extend(data[start:end]),
            "on_header_end": self.end_header,
            "on_part_data": self.data,
            "on_end": self.end,
        }

    def begin(self) -> None:
        self.number += 1
        if self.number > 2:
            raise invalid("A multipart upload has two parts: the resource and the bytes.")

    def end_header(self) -> None:
        name, value = (bytes(part).decode("latin-1") for part in self.header)
        if self.number == 2 and name.lower() == "content-type":
            self.content_type = value.strip()
        self.header = (bytearray(), bytearray())

    def data(self, data: bytes, start: int, end: int) -> None:
        if self.number == 2:
            self.writer.write(data[start:end])
            return
        self.resource.extend(data[start:end])
        if len(self.resource) > _LONGEST_RESOURCE:
            raise invalid("The resource of a multipart upload is at most 1 MiB long.")

    def end(self) -> None:
        self.ended = True


async def read_related(call: Call) -> Related:
    """Read both parts; the bytes go straight to the disk. Raises Refusal 400 when the body is not two whole parts."""
    parts = _Parts(call.storage.new_body())
    try:
        await _feed(call, parts)
        resource = _resource(bytes(parts.resource))
        body = await in_thread(parts.writer.finish)
    except BaseException:
        parts.writer.discard()
        raise
    return Related(resource, body, parts.content_type)


async def _feed(call: Call, parts: _Parts) -> None:
    parser = MultipartParser(_boundary(call.request.headers.get("content-type", "")), parts.callbacks())
    try:
        async for chunk in call.request.stream():
            parser.write(chunk)
    except MultipartParseError as error:
        raise invalid(f"The multipart body is broken: {error}") from error
    if not parts.ended or parts.number != 2:
        raise invalid("The multipart body ends before its second part does.")


def _boundary(content_type: str) -> bytes:
    message = Message()
    message["content-type"] = content_type
    boundary = message.get_param("boundary")
    if not isinstance(boundary, str) or not boundary:
        raise invalid("The Content-Type of a multipart upload names no boundary.")
    return boundary.strip("'").encode()


def _resource(text: bytes) -> dict[str, Any]:
    try:
        resource = json.loads(text or b"{}")
    except (ValueError, RecursionError) as error:
        raise invalid("The first part of the upload is not JSON.") from error
    if not isinstance(resource, dict):
        raise invalid("The first part of the upload must be a JSON object.")
    return resource
