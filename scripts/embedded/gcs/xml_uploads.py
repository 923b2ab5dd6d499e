"""Multipart uploads of the XML API: docs.cloud.google.com/storage/docs/multipart-uploads."""

import hashlib
import re
import secrets
from dataclasses import dataclass, field
from html import escape

from starlette.responses import Response

from scripts.embedded.gcs.bodies import Body, announced_digests, concatenate
from scripts.embedded.gcs.calls import Call, in_thread, write_headers
from scripts.embedded.gcs.records import Properties
from scripts.embedded.gcs.refusals import Refusal, invalid

_MOST_PARTS = 10_000


@dataclass
class PartUpload:
    """An object that arrives in parts; nothing of it is acknowledged until it is complete, so a restart forgets it."""

    bucket: str
    name: str
    properties: Properties
    parts: dict[int, Body] = field(default_factory=dict)


PartUploads = dict[str, PartUpload]


async def answer(call: Call, bucket: str, name: str, uploads: PartUploads) -> Response:
    """Answer one step of a multipart upload; raises Refusal 404 for an upload that is not known (any more)."""
    if call.request.method == "POST" and "uploads" in call.query:
        return await _begin(call, bucket, name, uploads)
    identity = call.query.get("uploadId", "")
    upload = uploads.get(identity)
    if upload is None or (upload.bucket, upload.name) != (bucket, name):
        raise Refusal(404, "NoSuchUpload", "The upload does not exist; begin a new one.")
    match call.request.method:
        case "PUT":
            return await _take_part(call, upload)
        case "POST":
            return await _complete(call, upload, identity, uploads)
        case "DELETE":
            _forget(uploads.pop(identity))
            return Response(status_code=204)
    raise Refusal(405, "methodNotAllowed", f"{call.request.method} is not allowed for a multipart upload here.")


def xml(tag: str, inside: str, headers: dict[str, str] | None = None) -> Response:
    """Return an XML answer with one root element."""
    return Response(
        f"<?xml version='1.0' encoding='UTF-8'?><{tag}>{inside}</{tag}>", headers=headers, media_type="application/xml"
    )


async def _begin(call: Call, bucket: str, name: str, uploads: PartUploads) -> Response:
    await in_thread(call.storage.buckets.require, bucket)
    identity = secrets.token_hex(16)
    uploads[identity] = PartUpload(bucket, name, Properties.from_headers(call.request.headers))
    text = f"<Bucket>{bucket}</Bucket><Key>{escape(name)}</Key><UploadId>{identity}</UploadId>"
    return xml("InitiateMultipartUploadResult", text)


async def _take_part(call: Call, upload: PartUpload) -> Response:
    number = call.number("partNumber", low=1, high=_MOST_PARTS)
    if number is None:
        raise invalid("The part carries no partNumber.")
    headers = call.request.headers
    body = await call.body(announced_digests(headers.get("x-goog-hash", ""), headers.get("content-md5")))
    earlier = upload.parts.get(number)
    upload.parts[number] = body
    if earlier:
        earlier.discard()
    return Response(headers={"etag": _part_etag(body), "x-goog-hash": f"crc32c={body.crc32c},md5={body.md5}"})


async def _complete(call: Call, upload: PartUpload, identity: str, uploads: PartUploads) -> Response:
    preconditions = call.xml_preconditions()
    parts = _named_parts((await call.small_body()).decode("utf-8", "replace"), upload)
    body = await in_thread(concatenate, call.storage.arriving, [part.path for part in parts])
    record = await in_thread(call.storage.put, upload.bucket, upload.name, body, upload.properties, preconditions)
    _forget(uploads.pop(identity, upload))
    text = f'<Bucket>{upload.bucket}</Bucket><Key>{escape(upload.name)}</Key><ETag>"{record.etag}"</ETag>'
    return xml("CompleteMultipartUploadResult", text, write_headers(record))


def _named_parts(text: str, upload: PartUpload) -> list[Body]:
    """Return the parts that the client lists, ascending, each with the ETag it was given; raises Refusal 400."""
    listed = [
        (_element(part, "PartNumber"), _element(part, "ETag"))
        for part in re.findall(r"<Part>(.*?)</Part>", text, re.DOTALL)
    ]
    numbers = [int(number) for number, _ in listed if number.isdecimal()]
    if not listed or len(numbers) != len(listed) or sorted(set(numbers)) != numbers:
        raise Refusal(400, "InvalidPartOrder", "The list of parts is empty, or not in ascending order.")
    for number, (_, etag) in zip(numbers, listed, strict=True):
        if number not in upload.parts or _part_etag(upload.parts[number]).strip('"') != etag.replace(
            "&quot;", ""
        ).strip('"'):
            raise Refusal(400, "InvalidPart", f"Part {number} has not arrived, or is another one.")
    return [upload.parts[number] for number in numbers]


def _element(text: str, tag: str) -> str:
    found = re.search(rf"<{tag}>\s*(.*?)\s*</{tag}>", text, re.DOTALL)
    return found[1] if found else ""


def _part_etag(body: Body) -> str:
    return f'"{hashlib.sha256(body.md5.encode()).hexdigest()[:32]}"'


def _forget(upload: PartUpload) -> None:
    for body in upload.parts.values():
        body.discard()
