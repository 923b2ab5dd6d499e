"""What is asked of both programs, and the check that both answer the same."""

import io
import json
import random
from typing import Any

from PIL import Image

from tests.bench.app.client import Ask, one

PICTURES = 24
BOUNDARY = "a-boundary-of-the-bench"


def scenarios() -> dict[str, Ask]:
    """Give the four scenarios by name."""
    photos = [_photo(number) for number in range(PICTURES)]
    texts = [f"Good evening from the harbour, number {number} of this bench." for number in range(50)]
    return {
        "home": Ask("GET", "/api/v1/timelines/home"),
        "public": Ask("GET", "/api/v1/timelines/public"),
        "post": Ask("POST", "/api/v1/statuses", tuple(json.dumps({"status": text}).encode() for text in texts)),
        "picture": Ask(
            "POST", "/api/v2/media", tuple(_form(photo) for photo in photos),
            f"multipart/form-data; boundary={BOUNDARY}", photos[0],
        ),
    }  # fmt: skip


def _photo(number: int) -> bytes:
    """Draw a picture of 1024 x 768 pixels with soft colours and a little noise, as a photograph has; give it as JPEG."""
    chance = random.Random(number)
    small = Image.frombytes("RGB", (16, 12), chance.randbytes(16 * 12 * 3))
    noise = Image.frombytes("RGB", (256, 192), chance.randbytes(256 * 192 * 3)).resize((1024, 768))
    buffer = io.BytesIO()
    soft = small.resize((1024, 768), Image.Resampling.BICUBIC)
    Image.blend(soft, noise, 0.1).save(buffer, "JPEG", quality=85)
    return buffer.getvalue()


def _form(photo: bytes) -> bytes:
    head = f'--{BOUNDARY}\r\nContent-Disposition: form-data; name="file"; filename="p.jpg"\r\n'
    return f"{head}Content-Type: image/jpeg\r\n\r\n".encode() + photo + f"\r\n--{BOUNDARY}--\r\n".encode()


async def must_answer_alike(ask: Ask, token: str, ports: list[int]) -> int:
    """Ask both programs, and give the length of the answer; raises RuntimeError when one byte differs.

    What is made anew in each has a key and a time of its own; these alone are left out of the comparison.
    """
    request = ask.requests(token)[0]
    answers = [await one(port, request) for port in ports]
    first, second = answers if ask.method == "GET" else [_without_own(answer) for answer in answers]
    if first != second:
        at = next((at for at, pair in enumerate(zip(first, second, strict=False)) if pair[0] != pair[1]), 0)
        raise RuntimeError(f"{ask.path}: {first[at - 80 : at + 80]!r} is not {second[at - 80 : at + 80]!r}")
    return len(first)


def _without_own(body: bytes) -> bytes:
    made: dict[str, Any] = json.loads(body)
    text = body.replace(made["id"].encode(), b"ID")
    if when := made.get("created_at"):
        # The author's newest post is the one just made, and the count of them grows with every one.
        count = f'"statuses_count":{made["account"]["statuses_count"]}'.encode()
        text = text.replace(when.encode(), b"WHEN").replace(count, b"COUNT")
    return text
