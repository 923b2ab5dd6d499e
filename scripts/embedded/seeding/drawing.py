"""Pictures that nobody took: a sky, a sun, hills, and boats on the water, made ready as an upload is."""

import io
import json
from dataclasses import dataclass

from PIL import Image, ImageDraw

from app import pictures
from app.pictures import Picture
from scripts.embedded.seeding.chance import mix, share

SIZE = (960, 640)
POOL = 200
SKIES = (((18, 32, 74), (240, 160, 96)), ((90, 160, 220), (226, 240, 250)), ((52, 48, 92), (214, 120, 140)),
         ((130, 150, 160), (222, 222, 214)))  # fmt: skip
HILLS = ((34, 64, 60), (58, 90, 64), (70, 74, 96))


@dataclass(frozen=True)
class Drawn:
    """One picture of the pool: made ready as an upload is, with what its row says."""

    picture: Picture
    description: str

    @property
    def columns(self) -> tuple[object, ...]:
        """key, width, height, size, description, blurhash, sizes."""
        picture = self.picture
        sizes = {
            name: {"key": one.key, "width": one.width, "height": one.height, "bytes": len(one.data)}
            for name, one in picture.smaller.items()
        }
        return (picture.key, picture.width, picture.height, len(picture.data), self.description, picture.blurhash,
                json.dumps(sizes))  # fmt: skip


def draw(seed: int, number: int) -> Drawn:
    """Return picture `number` of a seed; the same one each time."""
    boats = 1 + mix(seed, number) % 4
    buffer = io.BytesIO()
    _scene(seed, number, boats).save(buffer, "PNG", compress_level=1)
    said = f"A drawing of {boats} {'boat' if boats == 1 else 'boats'} on the water, with hills behind."
    return Drawn(pictures.prepare(buffer.getvalue()), said)


def _scene(seed: int, number: int, boats: int) -> Image.Image:
    (width, height), (top, low) = SIZE, SKIES[mix(seed, number, 1) % len(SKIES)]
    sky = Image.new("RGB", (1, 2))
    sky.putpixel((0, 0), top)
    sky.putpixel((0, 1), low)
    image = sky.resize(SIZE, Image.Resampling.BICUBIC)
    draw_on = ImageDraw.Draw(image)
    x, y = int(share(seed, number, 2) * width), int(height * (0.1 + 0.3 * share(seed, number, 3)))
    draw_on.ellipse((x - 45, y - 45, x + 45, y + 45), fill=(250, 236, 190))
    horizon = int(height * 0.6)
    for hill in range(4):
        middle, tall = int(share(seed, number, 4, hill) * width), 40 + mix(seed, number, 5, hill) % 140
        colour = HILLS[mix(seed, number, 6, hill) % len(HILLS)]
        draw_on.polygon([(middle - 320, horizon), (middle, horizon - tall), (middle + 320, horizon)], fill=colour)
    draw_on.rectangle((0, horizon, width, height), fill=tuple(part // 2 for part in low))
    for boat in range(boats):
        _boat(draw_on, int(share(seed, number, 7, boat) * (width - 120)) + 60, horizon + 50 + 60 * boat)
    return image


def _boat(draw_on: ImageDraw.ImageDraw, x: int, y: int) -> None:
    draw_on.polygon([(x - 50, y), (x + 50, y), (x + 30, y + 22), (x - 30, y + 22)], fill=(120, 60, 40))
    draw_on.line([(x, y), (x, y - 70)], fill=(60, 40, 30), width=4)
    draw_on.polygon([(x + 4, y - 68), (x + 44, y - 8), (x + 4, y - 8)], fill=(244, 240, 228))
