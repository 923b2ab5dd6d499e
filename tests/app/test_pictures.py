"""Pictures are checked by their header, then made anew."""

import io
import struct
import zlib

import pytest
from PIL import Image

from app.errors import Unprocessable
from app.pictures import LONG_EDGE, SHAPES, prepare
from tests.app.conftest import encoded


def opened(data: bytes) -> Image.Image:
    """Read back what was stored."""
    return Image.open(io.BytesIO(data))


def test_every_picture_becomes_webp() -> None:
    """It gives bytes, size and a content-addressed key with the right ending."""
    picture = prepare(encoded(Image.new("RGB", (300, 200), "red")))

    assert (picture.width, picture.height, picture.content_type) == (300, 200, "image/webp")
    assert opened(picture.data).format == "WEBP"
    assert picture.key == f"media/{picture.key[6:8]}/{picture.key[9:73]}.webp"
    assert picture.blurhash == "LGTI:j|cfQ|c|co1fQo1fQfQfQfQ"
    assert [copy.key for copy in picture.smaller.values()] == [picture.key] * 2 == [picture.copies[0].key] * 2


def test_a_large_picture_has_two_smaller_copies() -> None:
    """It stores three sizes, each under its own name, in the same proportions."""
    picture = prepare(encoded(Image.effect_noise((3000, 1500), 90), "JPEG"))

    sizes = {name: (copy.width, copy.height) for name, copy in picture.smaller.items()}
    assert sizes == {"medium": (1280, 640), "small": (640, 320)}
    assert [opened(copy.data).size for copy in picture.copies] == [(2560, 1280), *sizes.values()]


@pytest.mark.parametrize(("column", "size"), [("avatar_key", (400, 400)), ("header_key", (1500, 500))])
def test_a_picture_of_a_profile_is_cut(column: str, size: tuple[int, int]) -> None:
    """It has one size, cut from the middle."""
    picture = prepare(encoded(Image.new("RGB", (300, 900), "red")), SHAPES[column])

    assert (picture.width, picture.height) == opened(picture.data).size == size
    assert len(picture.copies) == 1


def test_a_transparent_picture_keeps_its_transparency() -> None:
    """It stores WebP with an alpha channel."""
    picture = prepare(encoded(Image.new("RGBA", (30, 20), (255, 0, 0, 100))))

    stored = opened(picture.data)
    assert (stored.format, stored.mode) == ("WEBP", "RGBA")


def test_place_and_camera_are_removed_and_the_picture_stands_upright() -> None:
    """It turns the pixels as EXIF asks and then stores no EXIF at all."""
    exif = Image.Exif()
    exif[0x0112] = 6  # turned by 90 degrees
    exif[0x010F] = "A camera"
    exif.get_ifd(0x8825)[1] = "N"

    picture = prepare(encoded(Image.new("RGB", (300, 200), "red"), "JPEG", exif=exif))

    assert (picture.width, picture.height) == (200, 300)
    assert not opened(picture.data).getexif()
    assert b"A camera" not in picture.data


def test_a_large_picture_is_made_smaller() -> None:
    """It stores no edge longer than the limit and keeps the proportions."""
    picture = prepare(encoded(Image.new("L", (6000, 3000)), "JPEG"))

    assert (picture.width, picture.height) == (LONG_EDGE, LONG_EDGE // 2)


def test_a_hundred_megapixels_are_refused_before_they_are_decoded() -> None:
    """It reads the size from the header alone: the pixels of this file would fail to decode."""
    size = struct.pack(">IIBBBBB", 10_000, 10_000, 8, 2, 0, 0, 0)
    header = b"\x00\x00\x00\x0dIHDR" + size + struct.pack(">I", zlib.crc32(b"IHDR" + size))
    broken = (
        b"\x89PNG\r\n\x1a\n" + header + b"\x00\x00\x00\x04IDAT" + b"junk" + struct.pack(">I", zlib.crc32(b"IDATjunk"))
    )

    with pytest.raises(Unprocessable, match=r"too many pixels .*at most 64 megapixels"):
        prepare(broken)


def test_a_real_bomb_is_refused() -> None:
    """It refuses a small file that would unpack to 100 megapixels."""
    bomb = encoded(Image.new("1", (10_000, 10_000)))
    assert len(bomb) < 50_000

    with pytest.raises(Unprocessable, match="too many pixels"):
        prepare(bomb)


@pytest.mark.parametrize(
    "upload",
    [
        b"",
        b"not a picture",
        b"\x89PNG\r\n\x1a\n",
        b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>",
        b"%PDF-1.7",
        encoded(Image.new("RGB", (64, 64)))[:-40],
        encoded(Image.new("RGB", (64, 64)), "TIFF"),
    ],
    ids=["empty", "text", "only a signature", "svg", "pdf", "cut off", "another format"],
)
def test_what_is_no_picture_is_refused(upload: bytes) -> None:
    """It says so in one sentence, whatever is wrong with the file."""
    with pytest.raises(Unprocessable, match="not a picture that can be read"):
        prepare(upload)


def test_an_animation_is_refused() -> None:
    """It does not silently keep only the first frame."""
    frames = [Image.new("RGB", (20, 20), colour) for colour in ("red", "blue")]

    with pytest.raises(Unprocessable, match="animated"):
        prepare(encoded(frames[0], "GIF", save_all=True, append_images=frames[1:]))
