"""Object bodies on their way to the disk: hashed while they are written, never held in memory, fsynced at the end."""

import base64
import hashlib
import os
import secrets
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

import google_crc32c

from scripts.embedded.gcs.refusals import invalid

COPY_BYTES = 1 << 20


@dataclass(frozen=True)
class Body:
    """A complete body in a file of its own; digests in base64 as Cloud Storage shows them."""

    path: Path
    size: int
    md5: str
    crc32c: str

    def check(self, digests: dict[str, str]) -> None:
        """Refuse the body when it is not what the client says it sent (`md5`, `crc32c`, both optional)."""
        for name, wanted in digests.items():
            if wanted != getattr(self, name):
                self.discard()
                raise invalid(f"The {name} of the bytes received is {getattr(self, name)}, not {wanted}.")

    def discard(self) -> None:
        self.path.unlink(missing_ok=True)


class BodyWriter:
    """A body that is still arriving."""

    def __init__(self, folder: Path) -> None:
        self.path = folder / secrets.token_hex(16)
        self.size = 0
        self._file = self.path.open("xb")
        self._md5 = hashlib.md5(usedforsecurity=False)
        self._crc32c = google_crc32c.Checksum()

    def write(self, chunk: bytes) -> None:
        self._file.write(chunk)
        self._md5.update(chunk)
        self._crc32c.update(chunk)
        self.size += len(chunk)

    def finish(self) -> Body:
        """Force the bytes to the disk and return the complete body."""
        self._file.flush()
        os.fsync(self._file.fileno())
        self._file.close()
        return Body(self.path, self.size, _base64(self._md5.digest()), _base64(self._crc32c.digest()))

    def discard(self) -> None:
        self._file.close()
        self.path.unlink(missing_ok=True)


def concatenate(folder: Path, sources: Iterable[Path]) -> Body:
    """Write the files one after another into a new body."""
    writer = BodyWriter(folder)
    try:
        for source in sources:
            with source.open("rb") as file:
                while chunk := file.read(COPY_BYTES):
                    writer.write(chunk)
        return writer.finish()
    except BaseException:
        writer.discard()
        raise


def announced_digests(goog_hash: str, content_md5: str | None = None) -> dict[str, str]:
    """Read `x-goog-hash` ("crc32c=..,md5=..") and `content-md5` into the digests that `Body.check` takes."""
    pairs = (item.strip().partition("=") for item in goog_hash.split(","))
    found = {name: value for name, _, value in pairs if name in ("md5", "crc32c")}
    return found | ({"md5": content_md5} if content_md5 else {})


def _base64(digest: bytes) -> str:
    return base64.b64encode(digest).decode()
