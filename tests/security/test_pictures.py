"""Files that are more, or other, than the picture they say they are."""

import io
import struct
import tracemalloc
import zipfile
import zlib

import pytest
from PIL import Image
from PIL.PngImagePlugin import PngInfo

from app.errors import Unprocessable
from app.pictures import MAX_PIXELS, prepare
from tests.app.conftest import Member, encoded, noise

SCRIPT = b"<script>alert(1)</script>"
SVG = b'<svg xmlns="http://www.w3.org/2000/svg" onload="alert(1)"/>'
SMALL = Image.new("RGB", (64, 48), "teal")


def chunk(kind: bytes, data: bytes) -> bytes:
    """Build a chunk of a PNG."""
    return struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))


def png(width: int, height: int, *chunks: bytes) -> bytes:
    """Build a PNG of 8-bit greys from a size and its chunks."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0))
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(chunks) + chunk(b"IEND", b"")


def archive() -> bytes:
    """Build a zip file with a page in it."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as made:
        made.writestr("x.html", SCRIPT)
    return buffer.getvalue()


def commented() -> PngInfo:
    """Write a script and a place into the texts of a PNG."""
    texts = PngInfo()
    texts.add_text("Comment", SCRIPT.decode())
    texts.add_itxt("XML:com.adobe.xmp", "<x:xmpmeta>GPSLatitude</x:xmpmeta>")
    return texts


CARRIERS = {
    "a page behind a JPEG": encoded(SMALL, "JPEG") + SCRIPT,
    "a zip file behind a PNG": encoded(SMALL) + archive(),
    "a script in a GIF's comment": encoded(SMALL, "GIF", comment=SCRIPT),
    "a script in a JPEG's comment": encoded(SMALL, "JPEG", comment=SCRIPT),
    "texts in a PNG": encoded(SMALL, pnginfo=commented()),
    "XMP in a WebP": encoded(SMALL, "WEBP", xmp=b"<x>GPSLatitude</x>" + SCRIPT),
    "a colour profile that is none": encoded(SMALL, icc_profile=SCRIPT * 4000),
}


@pytest.mark.parametrize("upload", CARRIERS.values(), ids=CARRIERS)
def test_only_the_pixels_of_a_file_are_kept(upload: bytes) -> None:
    """It stores the picture alone: nothing that came before, behind or inside it."""
    stored = prepare(upload)

    for copy in stored.copies:
        assert copy.data.startswith(b"RIFF")
        assert not any(text in copy.data for text in (b"<script", b"GPSLatitude", b"x.html", b"PK\x03\x04"))


BOMBS = {
    "a wide one": png(MAX_PIXELS + 1, 1, chunk(b"IDAT", zlib.compress(b"\0" * 1000))),
    "a tall one": png(1, MAX_PIXELS + 1, chunk(b"IDAT", zlib.compress(b"\0" * 1000))),
    "the largest that a header can say": png(2**31 - 1, 2**31 - 1, chunk(b"IDAT", b"")),
    "a text that unpacks to 256 MiB": png(
        8, 8, chunk(b"zTXt", b"x\0\0" + zlib.compress(b"\0" * 2**28)), chunk(b"IDAT", zlib.compress(b"\0" * 72))
    ),
    "no size": png(0, 0, chunk(b"IDAT", b"")),
}


@pytest.mark.parametrize("upload", BOMBS.values(), ids=BOMBS)
def test_a_bomb_does_not_go_off(upload: bytes) -> None:
    """It refuses in a sentence, before it has unpacked what is inside."""
    tracemalloc.start()
    try:
        with pytest.raises(Unprocessable, match="Validation failed: File"):
            prepare(upload)
        assert tracemalloc.get_traced_memory()[1] < 32 * 2**20
    finally:
        tracemalloc.stop()


@pytest.mark.parametrize("kind", ["GIF", "PNG", "WEBP"])
def test_an_animation_is_refused_in_every_format(kind: str) -> None:
    """It says so, whatever carries the frames."""
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue", "green")]

    with pytest.raises(Unprocessable, match="animated"):
        prepare(encoded(frames[0], kind, save_all=True, append_images=frames[1:]))


@pytest.mark.parametrize(
    ("name", "kind"), [("x.png", "image/png"), ("x.svg", "image/svg+xml"), ("x.html", "text/html")]
)
def test_a_name_and_a_type_are_not_believed(name: str, kind: str, person: Member) -> None:
    """It refuses a drawing with a script under every name, and stores a picture as WebP under every name."""
    drawing = person.client.post("/api/v2/media", files={"file": (name, SVG, kind)})
    picture = person.client.post("/api/v2/media", files={"file": (name, noise(), kind)})

    assert drawing.status_code == 422
    assert picture.json()["url"].endswith(".webp")
    assert person.client.get(picture.json()["url"]).headers["content-type"] == "image/webp"


def test_a_name_does_not_leave_its_bucket(person: Member) -> None:
    """It serves no path but that of a picture's key."""
    for path in (
        "/media/..%2f..%2f/etc/passwd",
        "/media/aa/..%2f..%2fx.webp",
        "/media/aa/" + "g" * 64 + ".webp",
        "/static/../app.py",
    ):
        assert person.client.get(path).status_code == 404
