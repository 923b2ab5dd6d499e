"""Three local sites of Lifeboat; the client is the app's own durability helper on each site's database.

The client knows all three databases, as those of the peers do: DNS and the edge are not on its way.
"""

import subprocess
import sys
import time
from collections.abc import Sequence
from dataclasses import replace
from pathlib import Path

import psycopg
from sqlalchemy import insert

from app.acknowledger import Acknowledger
from app.database import Database
from app.durability import Writer
from app.fence import CachedLease
from app.ids import new_id
from app.models import IdempotencyKey
from app.settings import Settings
from scripts.embedded import local_sites
from scripts.embedded.layout import SITES, LocalSettings
from scripts.embedded.local_sites import LocalSites
from scripts.embedded.postgres_binaries import find_postgres
from scripts.runbook import fence, outside, sites
from scripts.runbook.lease import Terms
from tests.bench.failover.load import WRITERS
from tests.conftest import free_port


class DurableAddress:
    """One site's database through the app's acknowledgement rule."""

    def __init__(self, settings: Settings) -> None:
        self._database = Database(settings)
        self._acknowledger = Acknowledger(self._database.url, settings.acknowledge_timeout)
        self._lease = CachedLease(self._database)

    async def write(self, key: str) -> None:
        writer = Writer(self._database, self._lease, self._acknowledger, key)
        async with writer.transaction() as connection:
            await connection.execute(insert(IdempotencyKey).values(scope_id=new_id(), key=key, target_id=new_id()))

    async def close(self) -> None:
        await self._acknowledger.close()
        await self._database.close()


# The agent renews as often as Patroni looks in the same ttl.
AUTO_TERMS = {30: Terms(30.0, 5.0, 0.01, 0.5), 20: Terms(20.0, 5.0, 0.01, 0.5)}

# A person whom the alarm called: by then the standbys have found the renewal overdue.
CALLED_SECONDS = 10.0


class Lifeboat:
    """The product as it is: in mode confirm with a person who watches, or in mode auto with a lease of so many seconds.

    The person says the word when three looks in a row find nobody writing, or is called by the alarm and comes later.
    """

    one_process = True

    def __init__(self, folder: Path, auto: int | None = None, *, called: bool = False) -> None:
        self.name = f"lifeboat-auto-{auto}" if auto else "lifeboat-called" if called else "lifeboat"
        self.called = called
        settings = LocalSettings(folder / "local", edge_port=free_port())
        self.settings = replace(settings, mode="auto", terms=AUTO_TERMS[auto]) if auto else settings
        self._running: LocalSites | None = None
        self.moments: dict[str, float] = {}

    @staticmethod
    def missing() -> str | None:
        """Return None: it is here."""
        return None

    @property
    def version(self) -> str:
        terms = self.settings.terms
        return (
            f"PostgreSQL {find_postgres().major}, mode {self.settings.mode}, lease of {terms.duration:g} s "
            f"renewed every {terms.renew_every:g} s, any one of two standbys"
        )

    @property
    def running(self) -> LocalSites:
        assert self._running is not None, "the sites are not up"
        return self._running

    def up(self) -> None:
        self._running = local_sites.up(self.settings, lambda sentence: None)

    def addresses(self) -> Sequence[DurableAddress]:
        return [
            DurableAddress(Settings.model_validate({
                "site": site, "database_url": self._database_url(site), "media_url": "s3://unused?endpoint=http://127.0.0.1:1",
                "secret_key": "not used by this client", "acknowledge_timeout": 2, "writers": WRITERS, "readers": 1,
            }))
            for site in SITES
        ]  # fmt: skip

    def kill(self, node: int) -> None:
        """End a site, and note when the renewal began on which its fence last counted."""
        platform = sites.load(self.settings.folder)
        with psycopg.connect(platform.agent_url(SITES[node]), autocommit=True) as connection:
            ahead = fence.read(connection).valid_until - fence.clock(connection)
        self.moments = {"after_last_renewal": time.monotonic() + ahead - platform.terms.holder_seconds}
        self.running.supervisor.kill(SITES[node])

    def say_the_word(self, node: int) -> None:
        """Notice that nobody takes writes, then take over at once; in mode auto nobody says anything."""
        if self.settings.mode == "auto":
            return
        silent, address = 0, f"http://127.0.0.1:{self.settings.edge_port}"
        while silent < 3:
            silent = 0 if outside.readiness(address).get("writable") else silent + 1
        time.sleep(CALLED_SECONDS if self.called else 0)
        self._move(node, "failover")

    def switch_over(self, node: int) -> None:
        self._move(node, "switchover")

    def bring_back(self, node: int) -> None:
        """Start anew: three sites from nothing."""
        self.down()
        self.up()

    def down(self) -> None:
        local_sites.down(self.settings)

    def _move(self, node: int, kind: str) -> None:
        """Type the command, which is the word. Raises RuntimeError with what it refused."""
        self.moments["after_the_word"] = time.monotonic()
        to = SITES[(node + 1) % len(SITES)]
        argv = [sys.executable, "-m", "scripts.cli", "--dir", str(self.settings.folder), kind, "--to", to, "--yes"]
        done = subprocess.run(argv, capture_output=True, text=True, timeout=120)
        if done.returncode:
            raise RuntimeError(f"{kind} to {to}: {done.stderr.strip()}")

    def _database_url(self, site: str) -> str:
        layout = self.running.layout
        return layout.server(site).url("lifeboat_app", layout.site_secrets[site].passwords.app)
