"""What the double knows about an object, and the preconditions a request may set on it."""

import json
import re
import sqlite3
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime

from scripts.embedded.gcs.refusals import Refusal, invalid

KEPT_HEADERS = {
    "cacheControl": "cache-control",
    "contentDisposition": "content-disposition",
    "contentEncoding": "content-encoding",
    "contentLanguage": "content-language",
}
_BUCKET_NAME = re.compile(r"[a-z0-9][a-z0-9._-]{1,61}[a-z0-9]")
_CONTROL = re.compile(r"[\x00-\x1f\x7f\ud800-\udfff\ufffe\uffff]")


@dataclass(frozen=True)
class Properties:
    """What a client says about an object beside its bytes; `headers` by JSON name (cacheControl, ...)."""

    content_type: str = "application/octet-stream"
    metadata: Mapping[str, str] = field(default_factory=dict)
    headers: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def from_json(cls, resource: Mapping, content_type: str | None = None) -> "Properties":
        """Read them from an object resource of the JSON API; `content_type` is what the upload itself said."""
        metadata = resource.get("metadata") or {}
        if not isinstance(metadata, dict):
            raise invalid("The metadata of an object must be a JSON object.")
        kept = {name: str(resource[name]) for name in KEPT_HEADERS if resource.get(name)}
        return cls(
            resource.get("contentType") or content_type or cls.content_type,
            {key: str(value) for key, value in metadata.items()},
            kept,
        )

    @classmethod
    def from_headers(cls, headers: Mapping[str, str]) -> "Properties":
        """Read them from the headers of an XML API request."""
        texts = {name: value.encode("latin-1").decode("utf-8", "replace") for name, value in headers.items()}
        metadata = {
            name.removeprefix("x-goog-meta-"): value for name, value in texts.items() if name.startswith("x-goog-meta-")
        }
        kept = {name: texts[header] for name, header in KEPT_HEADERS.items() if texts.get(header)}
        return cls(texts.get("content-type") or cls.content_type, metadata, kept)


@dataclass(frozen=True)
class ObjectRecord:
    """One generation of one object."""

    bucket: str
    name: str
    generation: int
    metageneration: int
    size: int
    md5: str
    crc32c: str
    file: str
    created: str
    updated: str
    deleted: str | None
    properties: Properties

    @property
    def etag(self) -> str:
        return f"{self.generation}-{self.metageneration}"

    @classmethod
    def from_row(cls, row: sqlite3.Row) -> "ObjectRecord":
        values = {name: row[name] for name in cls.__dataclass_fields__ if name != "properties"}
        properties = Properties(row["content_type"], json.loads(row["metadata"]), json.loads(row["headers"]))
        return cls(**values, properties=properties)


@dataclass(frozen=True)
class Preconditions:
    """What must hold of the live object; a generation of 0 means that there must be none."""

    generation_match: int | None = None
    generation_not_match: int | None = None
    metageneration_match: int | None = None
    metageneration_not_match: int | None = None

    @classmethod
    def read(cls, value_of: Callable[[str], str | None]) -> "Preconditions":
        """Read them through `value_of`, which takes "GenerationMatch" and the like."""
        names = ("GenerationMatch", "GenerationNotMatch", "MetagenerationMatch", "MetagenerationNotMatch")
        return cls(*(whole_number(value_of(name), f"if{name}") for name in names))

    def check(self, current: ObjectRecord | None, *, reading: bool = False) -> None:
        """Raise 412 when they do not hold; when reading, an unchanged object is 304."""
        generation, metageneration = (current.generation, current.metageneration) if current else (0, 0)
        if self.generation_match not in (None, generation) or self.metageneration_match not in (None, metageneration):
            raise condition_not_met()
        if self.generation_not_match == generation or self.metageneration_not_match == metageneration:
            raise Refusal(304, "notModified", "The object has not changed.") if reading else condition_not_met()


def condition_not_met() -> Refusal:
    """Return the refusal of a write whose precondition does not hold."""
    return Refusal(412, "conditionNotMet", "At least one of the pre-conditions you specified did not hold.")


def whole_number(text: str | None, name: str, low: int = 0, high: int = 2**63 - 1) -> int | None:
    """Read a parameter as a whole number between `low` and `high`; None stays None."""
    if text is None:
        return None
    if not re.fullmatch(r"[0-9]{1,19}", text) or not low <= int(text) <= high:
        raise invalid(f"The value {text!r} of {name} must be a whole number from {low} to {high}.")
    return int(text)


def check_bucket_name(name: object) -> str:
    """Return a bucket name that Cloud Storage would accept, or refuse it."""
    if not isinstance(name, str) or not _BUCKET_NAME.fullmatch(name) or ".." in name:
        raise invalid(f"The bucket name {name!r} is not valid: 3 to 63 of a-z, 0-9, '-', '_' and '.'.")
    return name


def check_object_name(name: object) -> str:
    """Return an object name that Cloud Storage would accept, or refuse it; names never become paths here."""
    if not isinstance(name, str) or not 1 <= len(name.encode("utf-8", "replace")) <= 1024:
        raise invalid("An object name must be 1 to 1024 bytes of UTF-8.")
    if name in (".", "..") or _CONTROL.search(name) or name.startswith(".well-known/acme-challenge/"):
        raise invalid(f"The object name {name!r} is not valid.")
    return name


def timestamp() -> str:
    """Return the time as Cloud Storage writes it (RFC 3339, milliseconds, UTC)."""
    return datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
