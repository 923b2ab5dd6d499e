"""Whether a process keeps its size, however many requests it has answered."""

import asyncio

from tests.bench.app.client import load
from tests.bench.app.compare import Bench
from tests.bench.app.scenarios import scenarios

STEP = 1_000


def held(bench: Bench, requests: int) -> list[tuple[int, float]]:
    """Let the app answer so many timelines and posts, and give its size (MiB) after every thousand."""
    program, asks = bench.programs["app"], scenarios()
    mixed = [asks[name].requests(bench.reader.token)[0] for name in ("home", "public", "post")]
    sizes = [(0, round(program.memory_mib(), 1))]
    for done in range(STEP, requests + 1, STEP):
        asyncio.run(load(program.port, mixed, 8, 0, STEP))
        sizes.append((done, round(program.memory_mib(), 1)))
        print(f"after {done} requests: {sizes[-1][1]} MiB", flush=True)
    return sizes
