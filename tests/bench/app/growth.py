"""Whether a home timeline costs more when there are more posts: what its statements touch, at several sizes."""

import asyncio
import tempfile
from collections.abc import Generator
from pathlib import Path
from typing import Any

import httpx
import psycopg

from app.settings import Settings
from scripts.runbook import bootstrap
from tests.bench.app import community
from tests.bench.app.client import HOST
from tests.bench.app.community import Reader
from tests.bench.app.compare import environment
from tests.bench.app.served import created
from tests.conftest import SINGLE_COPY, RunningPostgres, create_postgres
from tests.statements import Sent, heard

PAGE, ENTITIES = -3, -2  # which of the statements of a home timeline: the pictures come last
REPEATS = 5


def grown(sizes: list[int]) -> Generator[dict[str, Any]]:
    """Fill one database to each size in turn, and give what the page and its entities touch (blocks) and take (ms)."""
    with tempfile.TemporaryDirectory(prefix="lifeboat-bench-") as name:
        folder = Path(name)
        folder.chmod(0o755)
        running = create_postgres(folder / "postgres")
        try:
            _prepare(running)
            reader, before = community.people(running.url), 0
            for size in sorted(sizes):
                community.posts(running.url, before, size)
                with psycopg.connect(running.owner_url, autocommit=True) as connection:
                    connection.execute("VACUUM ANALYZE")
                sent = asyncio.run(_home(environment(running.url, folder), reader))
                costs = {name: _cost(running, sent[at]) for name, at in (("page", PAGE), ("entities", ENTITIES))}
                yield {"grown": size, **costs}
                before = size
        finally:
            running.stop()


def _prepare(running: RunningPostgres) -> None:
    bootstrap.create_machinery(running.owner_url, "aws", 1, SINGLE_COPY)
    bootstrap.migrate_app(running.owner_url)
    with psycopg.connect(running.agent_url) as connection:
        connection.execute("UPDATE lifeboat.fence SET writable = true, valid_until = now() + interval '10 years'")


async def _home(around: dict[str, str], reader: Reader) -> list[Sent]:
    app = created(Settings.model_validate({name.lower(): value for name, value in around.items()}))
    headers = {"authorization": f"Bearer {reader.token}"}
    way = httpx.ASGITransport(app)
    async with httpx.AsyncClient(transport=way, base_url=f"http://{HOST}", headers=headers) as client:
        with heard() as sent:
            (await client.get("/api/v1/timelines/home")).raise_for_status()
    await app.state.services.close()
    return sent


def _cost(running: RunningPostgres, statement: Sent) -> dict[str, float]:
    text, values = statement
    explain = b"EXPLAIN (ANALYZE, BUFFERS, FORMAT JSON) " + text.encode()
    with psycopg.connect(running.url) as connection:
        plans = [row[0][0] for _ in range(REPEATS) if (row := connection.execute(explain, values).fetchone())]
    last = plans[-1]["Plan"]
    blocks = last["Shared Hit Blocks"] + last["Shared Read Blocks"]
    return {"blocks": blocks, "ms": round(min(plan["Execution Time"] for plan in plans), 2)}
