"""A primary and the standby that follows it, for benches that measure what the app or PostgreSQL waits for."""

from collections.abc import Generator
from contextlib import contextmanager, nullcontext
from dataclasses import dataclass
from pathlib import Path

import psycopg

from scripts.runbook import bootstrap, fence, replication
from scripts.runbook.replication import Following
from scripts.runbook.rule import Rule
from tests.bench.delay_proxy import delaying
from tests.conftest import RunningPostgres, create_postgres

LATER = 4102444800.0  # the year 2100
CONFIRMING = Rule.of("gcp")


@dataclass(frozen=True)
class Pair:
    """A primary that takes writes, and the standby that follows it."""

    primary: RunningPostgres
    standby: RunningPostgres


@contextmanager
def following(folder: Path, round_trip: float = 0.0) -> Generator[Pair]:
    """Start both, empty but for the tables, with a link between them that takes so long (seconds), and stop them."""
    folder.chmod(0o755)
    servers = {site: create_postgres(folder / site, "max_connections = 120\n") for site in ("aws", "gcp")}
    try:
        for site, server in servers.items():
            bootstrap.create_machinery(server.owner_url, site, 1, CONFIRMING)
            bootstrap.migrate_app(server.owner_url)
        pair = Pair(servers["aws"], servers["gcp"])
        port = pair.primary.server.port
        with delaying(port, round_trip) if round_trip else nullcontext(port) as way:
            _follow(pair, way)
            open_fence(pair, CONFIRMING)
            yield pair
    finally:
        for server in servers.values():
            server.stop()


def open_fence(pair: Pair, rule: Rule) -> None:
    """Let the primary take writes under a rule."""
    with psycopg.connect(pair.primary.agent_url, autocommit=True) as agent:
        fence.open_for(agent, 1, rule, LATER)


def _follow(pair: Pair, through: int) -> None:
    url = pair.primary.server.url("lifeboat_replication", pair.primary.passwords.replication, verify=False)
    with psycopg.connect(pair.standby.agent_url, autocommit=True) as agent:
        way = url.replace(f":{pair.primary.server.port}/", f":{through}/")
        replication.follow(agent, "gcp", Following("aws", 1), way, copy=True)
        replication.wait_until_copied(agent)
