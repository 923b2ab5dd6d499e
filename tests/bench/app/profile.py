"""What the difference between the app and the bare program is made of: time inside each library, for one request."""

import asyncio
import cProfile
import os
import pstats
import re
from collections import defaultdict
from typing import Any

from fastapi import FastAPI

from app.settings import Settings
from tests.bench.app import bare
from tests.bench.app.client import HOST, Ask
from tests.bench.app.compare import Bench
from tests.bench.app.scenarios import scenarios
from tests.bench.app.served import created
from tests.bench.records import EVIDENCE, commit, machine, markdown, utc

REQUESTS = 100
NAMES = ("home", "public", "post")
LIBRARY = re.compile(r"site-packages/(?P<library>[a-z_]+)|/(?P<own>app|tests)/")


def write(bench: Bench) -> None:
    """Profile both programs inside this process, and write docs/evidence/app-profile.md."""
    os.environ |= bench.environment
    text = (
        "# What the app does that a bare program does not\n\n"
        f"Written by `python -m tests.bench.app --profile`: cProfile over {REQUESTS} requests inside one process, own time by\n"
        "library in milliseconds a request, waiting left out. The profiler makes calls dearer than they are: read the\n"
        "shares, not the sums.\n"
    )
    for name in NAMES:
        ask = scenarios()[name]
        settings = Settings.model_validate({key.lower(): value for key, value in bench.environment.items()})
        found = [asyncio.run(_times(app, ask, bench.reader.token)) for app in (created(settings), bare.create())]
        libraries = sorted({*found[0], *found[1]}, key=lambda library: -found[0][library])
        rows = [(library, *(f"{times[library]:.2f}" for times in found)) for library in libraries]
        total = ("together", *(f"{sum(times.values()):.2f}" for times in found))
        shown = [row for row in rows if row[1] >= "0.02" or row[2] >= "0.02"]
        text += f"\n## {name}\n\n" + markdown(("library", "app", "bare"), [*shown, total])
    (EVIDENCE / "app-profile.md").write_text(
        f"{text}\n{utc()}, commit {commit()}.\n{machine()}. Other work ran beside it.\n"
    )


async def _times(app: FastAPI, ask: Ask, token: str) -> dict[str, float]:
    async with app.router.lifespan_context(app):
        for _ in range(15):
            await _one(app, ask, token)
        profiler = cProfile.Profile()
        profiler.enable()
        for _ in range(REQUESTS):
            await _one(app, ask, token)
        profiler.disable()
    times: dict[str, float] = defaultdict(float)
    for (path, _, function), (_, _, own, *_) in pstats.Stats(profiler).stats.items():  # ty: ignore[unresolved-attribute]
        if "select.epoll" not in function:
            times[_library(path)] += 1000 * own / REQUESTS
    return times


def _library(path: str) -> str:
    found = LIBRARY.search(path)
    return (found["library"] or found["own"]) if found else "Python"


async def _one(app: FastAPI, ask: Ask, token: str) -> None:
    body, status = ask.bodies[0], list[int]()
    headers = {"host": HOST, "authorization": f"Bearer {token}", "content-type": ask.kind, "content-length": len(body)}

    async def receive() -> dict[str, Any]:
        return {"type": "http.request", "body": body, "more_body": False}

    async def send(message: Any) -> None:
        status.extend([message["status"]] if message["type"] == "http.response.start" else [])

    here = ("127.0.0.1", 1)
    scope = {
        "type": "http", "asgi": {"version": "3.0"}, "http_version": "1.1", "method": ask.method, "scheme": "http",
        "path": ask.path, "raw_path": ask.path.encode(), "query_string": b"", "root_path": "", "client": here,
        "server": here, "headers": [(name.encode(), str(value).encode()) for name, value in headers.items()],
    }  # fmt: skip
    await app(scope, receive, send)
    assert status == [200]
