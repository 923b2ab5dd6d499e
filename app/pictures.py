"""Checks a picture and makes it anew: what is stored was written by us, from pixels only.

The size is read from the header before anything is decoded, so a bomb costs nothing. Turning and dropping EXIF
(place, camera, time) happen here; the colour profile stays. Every picture is WebP, in three sizes.
"""

import hashlib
import io
import warnings
from dataclasses import dataclass, field, replace

import blurhash
from PIL import Image, ImageOps

from app.errors import Unprocessable

MAX_PIXELS = 64_000_000
LONG_EDGE = 2560  # pixels; larger pictures are made smaller
FORMATS = ("JPEG", "PNG", "WEBP", "GIF")
MIME_TYPES = ("image/jpeg", "image/png", "image/webp", "image/gif")
MAX_PROFILE = 64 * 1024  # bytes

# Pillow's own guard covers frames that grow while they are read; as an error, not as a printed warning.
Image.MAX_IMAGE_PIXELS = MAX_PIXELS
warnings.filterwarnings("error", category=Image.DecompressionBombWarning)


@dataclass(frozen=True)
class Shape:
    """What a picture is for and how it is stored: longest edge, smaller copies (pixels), the size it is cut to."""

    purpose: str
    edge: int
    smaller: dict[str, int]
    cut: tuple[int, int] | None = None


POST = Shape("media", LONG_EDGE, {"medium": 1280, "small": 640})
SHAPES = {"avatar_key": Shape("avatar", 400, {}, (400, 400)), "header_key": Shape("header", 1500, {}, (1500, 500))}


@dataclass(frozen=True)
class Picture:
    """A picture as it is stored: encoded bytes and what a client must know of them (pixels).

    `smaller` are its copies by name, `blurhash` the few colours that a client shows until it has the picture.
    """

    data: bytes
    extension: str
    content_type: str
    width: int
    height: int
    smaller: dict[str, "Picture"] = field(default_factory=dict)
    blurhash: str | None = None

    @property
    def key(self) -> str:
        """Its content-addressed name, the same in every bucket."""
        name = hashlib.sha256(self.data).hexdigest()
        return f"media/{name[:2]}/{name}.{self.extension}"

    @property
    def copies(self) -> list["Picture"]:
        """Itself and its smaller copies, each name once."""
        return list({picture.key: picture for picture in (self, *self.smaller.values())}.values())


def prepare(upload: bytes, shape: Shape = POST) -> Picture:
    """Check and re-encode an upload; raises Unprocessable with one sentence. Takes CPU: call it in a thread."""
    try:
        with Image.open(io.BytesIO(upload), formats=FORMATS) as image:
            _refuse(image)
            return _encode_all(_upright(image, shape), image.info.get("icc_profile"), shape)
    except (Image.DecompressionBombWarning, Image.DecompressionBombError):
        raise _too_many_pixels("more than it says") from None
    except Unprocessable:
        raise
    except Exception as error:  # a damaged file makes Pillow raise nearly anything, and every one means the same
        raise _not_a_picture() from error


def _refuse(image: Image.Image) -> None:
    width, height = image.size
    if width * height > MAX_PIXELS:
        raise _too_many_pixels(f"{width} x {height}")
    if getattr(image, "is_animated", False):
        raise Unprocessable("Validation failed: File is animated; only still pictures are taken.")


def _upright(image: Image.Image, shape: Shape) -> Image.Image:
    if shape.cut:
        return ImageOps.fit(ImageOps.exif_transpose(image), shape.cut)
    if image.format == "JPEG":
        image.draft("RGB", (shape.edge, shape.edge))  # decodes a large photo at half or a quarter of its size
    image.thumbnail((shape.edge, shape.edge))
    return ImageOps.exif_transpose(image)


def _encode_all(image: Image.Image, profile: bytes | None, shape: Shape) -> Picture:
    keep = profile if profile and len(profile) <= MAX_PROFILE and image.mode in {"RGB", "RGBA", "P"} else None
    pixels = image.convert("RGBA" if image.has_transparency_data else "RGB")
    pixels.info.clear()
    largest = _encode(pixels, keep)
    smaller: dict[str, Picture] = {}
    for name, edge in shape.smaller.items():
        fits = max(pixels.size) <= edge
        pixels.thumbnail((edge, edge))
        smaller[name] = (list(smaller.values()) or [largest])[-1] if fits else _encode(pixels, keep)
    return replace(largest, smaller=smaller, blurhash=_blurhash(pixels))


def _encode(pixels: Image.Image, profile: bytes | None) -> Picture:
    buffer = io.BytesIO()
    pixels.save(buffer, "WEBP", quality=80, method=2, icc_profile=profile)
    return Picture(buffer.getvalue(), "webp", "image/webp", *pixels.size)


def _blurhash(pixels: Image.Image) -> str:
    tiny = pixels.convert("RGB").resize((20, 20))
    rows = [[tiny.getpixel((x, y)) for x in range(tiny.width)] for y in range(tiny.height)]
    return blurhash.encode(rows, components_x=4, components_y=3)


def _not_a_picture() -> Unprocessable:
    return Unprocessable("Validation failed: File is not a picture that can be read; send JPEG, PNG, WebP or GIF.")


def _too_many_pixels(size: str) -> Unprocessable:
    limit = MAX_PIXELS // 1_000_000
    return Unprocessable(f"Validation failed: File has too many pixels ({size}); at most {limit} megapixels are taken.")
