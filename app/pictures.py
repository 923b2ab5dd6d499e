"""Checks a picture and makes it anew: what is stored was written by us, from pixels only.

The size is read from the header before anything is decoded, so a bomb costs nothing. Turning and dropping EXIF
(place, camera, time) happen here; the colour profile stays.
"""

import hashlib
import io
import warnings
from dataclasses import dataclass

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
class Picture:
    """A picture as it is stored: encoded bytes and what a client must know of them (pixels)."""

    data: bytes
    extension: str
    content_type: str
    width: int
    height: int

    @property
    def key(self) -> str:
        """Its content-addressed name, the same in every bucket."""
        name = hashlib.sha256(self.data).hexdigest()
        return f"media/{name[:2]}/{name}.{self.extension}"


def prepare(upload: bytes) -> Picture:
    """Check and re-encode an upload; raises Unprocessable with one sentence. Takes CPU: call it in a thread."""
    try:
        with Image.open(io.BytesIO(upload), formats=FORMATS) as image:
            _refuse(image)
            return _encode(_upright(image), image.info.get("icc_profile"))
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


def _upright(image: Image.Image) -> Image.Image:
    if image.format == "JPEG":
        image.draft("RGB", (LONG_EDGE, LONG_EDGE))  # decodes a large photo at half or a quarter of its size
    image.thumbnail((LONG_EDGE, LONG_EDGE))
    return ImageOps.exif_transpose(image)


def _encode(image: Image.Image, profile: bytes | None) -> Picture:
    transparent = image.has_transparency_data
    keep = profile if profile and len(profile) <= MAX_PROFILE and image.mode in {"RGB", "RGBA", "P"} else None
    pixels = image.convert("RGBA" if transparent else "RGB")
    pixels.info.clear()
    buffer = io.BytesIO()
    if transparent:
        pixels.save(buffer, "WEBP", quality=85, method=2, icc_profile=keep)
    else:
        pixels.save(buffer, "JPEG", quality=85, icc_profile=keep)
    extension, content_type = ("webp", "image/webp") if transparent else ("jpg", "image/jpeg")
    return Picture(buffer.getvalue(), extension, content_type, *pixels.size)


def _not_a_picture() -> Unprocessable:
    return Unprocessable("Validation failed: File is not a picture that can be read; send JPEG, PNG, WebP or GIF.")


def _too_many_pixels(size: str) -> Unprocessable:
    limit = MAX_PIXELS // 1_000_000
    return Unprocessable(f"Validation failed: File has too many pixels ({size}); at most {limit} megapixels are taken.")
