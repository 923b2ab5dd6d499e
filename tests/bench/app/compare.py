"""The app and the bare program in turns: same database, same load, a slice of time each, over and over."""

import asyncio
import json
import tempfile
from collections.abc import Generator
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from app.settings import Settings
from tests.bench import pair
from tests.bench.app import community, recording
from tests.bench.app.client import load, pin
from tests.bench.app.community import Reader
from tests.bench.app.scenarios import must_answer_alike, scenarios
from tests.bench.app.servers import CLIENT_CORE, FACTORIES, Program, serving

CLIENTS = (1, 8, 64)
POSTS = 100_000


@dataclass(frozen=True)
class Bench:
    """Both programs, running on one primary that a standby follows, and who reads."""

    programs: dict[str, Program]
    reader: Reader
    environment: dict[str, str]


def environment(url: str, folder: Path) -> dict[str, str]:
    """Give the environment of both programs; the limit on requests is counted, and never reached."""
    (folder / "credentials.json").write_text(json.dumps({"s3": {"access_key_id": "x", "secret_access_key": "x"}}))
    return {
        "SITE": "aws",
        "DATABASE_URL": url,
        "MEDIA_URL": "s3://unused?region=us-east-1&endpoint=http://127.0.0.1:1",
        "SECRET_KEY": "a secret key of the bench only",
        "REQUESTS": "1000000000",
        "STORE_CREDENTIALS": str(folder / "credentials.json"),
        "BENCH_STATEMENTS": str(folder / "statements.json"),
    }


@contextmanager
def running(posts: int = POSTS) -> Generator[Bench]:
    """Fill a primary, let a standby follow, record what the app sends, and start both programs."""
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as name, ExitStack() as stack:
        folder = Path(name)
        both = stack.enter_context(pair.following(folder))
        reader = community.people(both.primary.url)
        community.posts(both.primary.url, 0, posts)
        around = environment(both.primary.url, folder)
        settings = Settings.model_validate({name.lower(): value for name, value in around.items()})
        recording.record(settings, scenarios(), reader, folder / "statements.json")
        programs = {name: stack.enter_context(serving(name, around, folder / f"{name}.log")) for name in FACTORIES}
        yield Bench(programs, reader, around)


def compare(bench: Bench, names: list[str], seconds: float, turns: int) -> Generator[dict[str, Any]]:
    """Measure each scenario with each number of clients, the two programs in turns; give one record for each of both."""
    pinned = pin(CLIENT_CORE)
    for name, ask in scenarios().items():
        if name not in names:
            continue
        ports = [program.port for program in bench.programs.values()]
        size = asyncio.run(must_answer_alike(ask, bench.reader.token, ports))
        requests = ask.requests(bench.reader.token)
        for clients in CLIENTS:
            for turn in range(turns + 1):
                for program in bench.programs.values():
                    found = _slice(program, requests, clients, seconds if turn else min(1.0, seconds))
                    if turn:  # the first one warms both up
                        yield {
                            "scenario": name, "clients": clients, "program": program.name, "bytes": size,
                            "pinned": pinned, **found,
                        }  # fmt: skip


def _slice(program: Program, requests: list[bytes], clients: int, seconds: float) -> dict[str, Any]:
    before = program.cpu()
    found = asyncio.run(load(program.port, requests, clients, seconds))
    return found | {"cpu": round(program.cpu() - before, 3)}
