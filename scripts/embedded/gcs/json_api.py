"""The JSON API: docs.cloud.google.com/storage/docs/json_api/v1."""

from dataclasses import replace
from typing import Any
from urllib.parse import quote

from starlette.responses import JSONResponse, Response

from scripts.embedded.gcs.buckets import Bucket
from scripts.embedded.gcs.calls import Call, in_thread, media
from scripts.embedded.gcs.listing import Page, Query, list_page, position_of
from scripts.embedded.gcs.records import ObjectRecord, Preconditions, Properties
from scripts.embedded.gcs.refusals import Refusal, not_found


async def answer(call: Call, segments: list[str]) -> Response:
    """Answer a request for /storage/v1/b/SEGMENTS (decoded one by one)."""
    match segments:
        case []:
            return await _buckets(call)
        case [bucket]:
            return await _bucket(call, bucket)
        case [bucket, "o"]:
            return await _list(call, bucket)
        case [bucket, "o", name]:
            return await _object(call, bucket, name)
        case [bucket, "o", name, ("copyTo" | "rewriteTo") as verb, "b", to_bucket, "o", to_name] if (
            call.request.method == "POST"
        ):
            return await _copy(call, verb, (bucket, name), (to_bucket, to_name))
    raise not_found("There is nothing at this path of the JSON API.")


def object_resource(call: Call, record: ObjectRecord) -> dict[str, Any]:
    """Return the object resource that describes one generation."""
    path = f"/storage/v1/b/{record.bucket}/o/{quote(record.name, safe='')}"
    properties = record.properties
    times = {
        "timeCreated": record.created,
        "updated": record.updated,
        **({"timeDeleted": record.deleted} if record.deleted else {}),
    }
    numbers = {
        "generation": str(record.generation),
        "metageneration": str(record.metageneration),
        "size": str(record.size),
    }
    links = {
        "selfLink": f"{call.url}{path}",
        "mediaLink": f"{call.url}/download{path}?generation={record.generation}&alt=media",
    }
    names = {
        "kind": "storage#object",
        "id": f"{record.bucket}/{record.name}/{record.generation}",
        "name": record.name,
        "bucket": record.bucket,
    }
    described = {"contentType": properties.content_type, "metadata": dict(properties.metadata), **properties.headers}
    digests = {"md5Hash": record.md5, "crc32c": record.crc32c, "etag": record.etag, "storageClass": "STANDARD"}
    return {**names, **numbers, **times, **links, **digests, **described}


def method_not_allowed(call: Call) -> Refusal:
    """Return the refusal of a method that means nothing at this path."""
    return Refusal(405, "methodNotAllowed", f"{call.request.method} is not allowed here.")


async def _buckets(call: Call) -> Response:
    if call.request.method == "POST":
        return JSONResponse(_bucket_resource(await in_thread(call.storage.buckets.create, await call.json())))
    if call.request.method == "GET":
        found = await in_thread(call.storage.buckets.list, call.query.get("prefix", ""))
        return JSONResponse({"kind": "storage#buckets", "items": [_bucket_resource(bucket) for bucket in found]})
    raise method_not_allowed(call)


async def _bucket(call: Call, bucket: str) -> Response:
    buckets = call.storage.buckets
    match call.request.method:
        case "GET":
            return JSONResponse(_bucket_resource(await in_thread(buckets.require, bucket)))
        case "PATCH" | "PUT":
            return JSONResponse(_bucket_resource(await in_thread(buckets.change, bucket, await call.json())))
        case "DELETE":
            await in_thread(buckets.delete, bucket)
            return Response(status_code=204)
    raise method_not_allowed(call)


async def _list(call: Call, bucket: str) -> Response:
    if call.request.method != "GET":
        raise method_not_allowed(call)
    query = Query(
        bucket,
        prefix=call.query.get("prefix", ""),
        delimiter=call.query.get("delimiter", ""),
        start=call.query.get("startOffset", ""),
        end=call.query.get("endOffset", ""),
        position=position_of(call.query.get("pageToken", "")),
        versions=call.query.get("versions") == "true",
        limit=min(call.number("maxResults", low=1) or 1000, 1000),
    )
    return JSONResponse(_page_resource(call, await in_thread(list_page, call.storage, query)))


async def _object(call: Call, bucket: str, name: str) -> Response:
    preconditions = call.json_preconditions()
    match call.request.method:
        case "GET" | "HEAD" if call.query.get("alt") == "media":
            return await media(call, bucket, name, lambda record: preconditions.check(record, reading=True))
        case "GET":
            record = await in_thread(call.storage.require, bucket, name, call.generation)
            preconditions.check(record, reading=True)
            return JSONResponse(object_resource(call, record))
        case "PATCH" | "PUT":
            return await _update(call, bucket, name, preconditions)
        case "DELETE":
            await in_thread(call.storage.delete, bucket, name, call.generation, preconditions)
            return Response(status_code=204)
    raise method_not_allowed(call)


async def _update(call: Call, bucket: str, name: str, preconditions: Preconditions) -> Response:
    resource, patching = await call.json(), call.request.method == "PATCH"

    def change(properties: Properties) -> Properties:
        return _patched(properties, resource) if patching else Properties.from_json(resource, properties.content_type)

    return JSONResponse(
        object_resource(call, await in_thread(call.storage.update, bucket, name, preconditions, change))
    )


def _patched(properties: Properties, resource: dict[str, Any]) -> Properties:
    """Merge a patch; null removes a property or one metadata key (JSON Merge Patch, RFC 7396)."""
    said = Properties.from_json(resource, properties.content_type)
    removed = {key for key, value in (resource.get("metadata") or {}).items() if value is None}
    metadata = {key: value for key, value in {**properties.metadata, **said.metadata}.items() if key not in removed}
    headers = {key: value for key, value in {**properties.headers, **said.headers}.items() if resource.get(key, "kept")}
    return replace(said, metadata={} if resource.get("metadata", "kept") is None else metadata, headers=headers)


async def _copy(call: Call, verb: str, source: tuple[str, str], target: tuple[str, str]) -> Response:
    found = await in_thread(call.storage.require, *source, call.number("sourceGeneration"))
    resource = await call.json()
    properties = Properties.from_json(resource, found.properties.content_type) if resource else found.properties
    record = await in_thread(call.storage.copy, found, *target, properties, call.json_preconditions())
    described = object_resource(call, record)
    if verb == "copyTo":
        return JSONResponse(described)
    size = str(record.size)
    return JSONResponse(
        {
            "kind": "storage#rewriteResponse",
            "done": True,
            "totalBytesRewritten": size,
            "objectSize": size,
            "resource": described,
        }
    )


def _bucket_resource(bucket: Bucket) -> dict[str, Any]:
    times = {"timeCreated": bucket.created, "updated": bucket.created}
    known = {
        "kind": "storage#bucket",
        "id": bucket.name,
        "name": bucket.name,
        "metageneration": "1",
        "projectNumber": "1",
    }
    return {"location": "EUROPE-WEST1", "storageClass": "STANDARD", **bucket.settings, **known, **times}


def _page_resource(call: Call, page: Page) -> dict[str, Any]:
    items = {"items": [object_resource(call, record) for record in page.objects]} if page.objects else {}
    prefixes = {"prefixes": page.prefixes} if page.prefixes else {}
    more = {"nextPageToken": page.next_token} if page.next_token else {}
    return {"kind": "storage#objects", **items, **prefixes, **more}
