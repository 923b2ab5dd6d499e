"""The XML API that obstore speaks: docs.cloud.google.com/storage/docs/xml-api/reference-methods."""

from html import escape
from urllib.parse import unquote

from starlette.responses import Response

from scripts.embedded.gcs import xml_uploads
from scripts.embedded.gcs.bodies import announced_digests
from scripts.embedded.gcs.calls import Call, in_thread, media, write_headers
from scripts.embedded.gcs.json_api import method_not_allowed
from scripts.embedded.gcs.listing import Page, Query, list_page, position_of
from scripts.embedded.gcs.records import ObjectRecord, Properties, condition_not_met
from scripts.embedded.gcs.refusals import Refusal, invalid


async def answer(call: Call, bucket: str, name: str, uploads: xml_uploads.PartUploads) -> Response:
    """Answer a request for /BUCKET or /BUCKET/NAME."""
    method = call.request.method
    if not name:
        if method not in ("GET", "HEAD"):
            raise method_not_allowed(call)
        return await _list(call, bucket)
    if "uploads" in call.query or "uploadId" in call.query:
        return await xml_uploads.answer(call, bucket, name, uploads)
    match method:
        case "GET" | "HEAD":
            return await media(call, bucket, name, lambda record: _check_reading(call, record))
        case "PUT":
            return (
                await _copy(call, bucket, name)
                if "x-goog-copy-source" in call.request.headers
                else await _put(call, bucket, name)
            )
        case "DELETE":
            await in_thread(call.storage.delete, bucket, name, call.generation, call.xml_preconditions())
            return Response(status_code=204)
    raise method_not_allowed(call)


async def _put(call: Call, bucket: str, name: str) -> Response:
    headers = call.request.headers
    preconditions = call.xml_preconditions()
    body = await call.body(announced_digests(headers.get("x-goog-hash", ""), headers.get("content-md5")))
    record = await in_thread(call.storage.put, bucket, name, body, Properties.from_headers(headers), preconditions)
    return Response(headers=write_headers(record))


async def _copy(call: Call, bucket: str, name: str) -> Response:
    from_bucket, _, from_name = unquote(call.request.headers["x-goog-copy-source"]).lstrip("/").partition("/")
    source = await in_thread(call.storage.require, from_bucket, from_name)
    replaced = call.request.headers.get("x-goog-metadata-directive", "COPY") == "REPLACE"
    properties = Properties.from_headers(call.request.headers) if replaced else source.properties
    record = await in_thread(call.storage.copy, source, bucket, name, properties, call.xml_preconditions())
    text = f'<ETag>"{record.etag}"</ETag><LastModified>{record.updated}</LastModified>'
    return xml_uploads.xml("CopyObjectResult", text, write_headers(record))


async def _list(call: Call, bucket: str) -> Response:
    query = Query(
        bucket,
        prefix=call.query.get("prefix", ""),
        delimiter=call.query.get("delimiter", ""),
        after=call.query.get("start-after", "") or call.query.get("marker", ""),
        position=position_of(call.query.get("continuation-token", "")),
        limit=min(call.number("max-keys", low=1) or 1000, 1000),
    )
    page = await in_thread(list_page, call.storage, query)
    return xml_uploads.xml(
        "ListBucketResult", f"<Name>{bucket}</Name><Prefix>{escape(query.prefix)}</Prefix>{_page(page)}"
    )


def _page(page: Page) -> str:
    more = f"<NextContinuationToken>{page.next_token}</NextContinuationToken>" if page.next_token else ""
    truncated = f"<IsTruncated>{'true' if page.next_token else 'false'}</IsTruncated>"
    prefixes = "".join(
        f"<CommonPrefixes><Prefix>{escape(prefix)}</Prefix></CommonPrefixes>" for prefix in page.prefixes
    )
    return truncated + more + "".join(_contents(record) for record in page.objects) + prefixes


def _contents(record: ObjectRecord) -> str:
    about = f'<LastModified>{record.updated}</LastModified><ETag>"{record.etag}"</ETag><Size>{record.size}</Size>'
    numbers = f"<Generation>{record.generation}</Generation><MetaGeneration>{record.metageneration}</MetaGeneration>"
    return f"<Contents><Key>{escape(record.name)}</Key>{numbers}{about}<StorageClass>STANDARD</StorageClass></Contents>"


def _check_reading(call: Call, record: ObjectRecord) -> None:
    call.xml_preconditions().check(record, reading=True)
    for header, wanted in (("if-match", True), ("if-none-match", False)):
        asked = call.request.headers.get(header)
        if asked is None:
            continue
        named = asked.strip() == "*" or f'"{record.etag}"' in [tag.strip() for tag in asked.split(",")]
        if named is not wanted:
            raise condition_not_met() if wanted else Refusal(304, "notModified", "The object has not changed.")


def split_path(raw_path: str) -> tuple[str, str]:
    """Split /BUCKET/NAME and decode each; raises Refusal 400 when it is not UTF-8."""
    bucket, _, name = raw_path.removeprefix("/").partition("/")
    try:
        return unquote(bucket, errors="strict"), unquote(name, errors="strict")
    except UnicodeDecodeError as error:
        raise invalid("The path is not UTF-8.") from error
