"""Starts a killed local site again: its database fenced, its store let in again only with what it may have forgotten."""

import shutil
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

import psycopg

from app.stores import open_store
from scripts.embedded import harm
from scripts.embedded.layout import SITES, Layout
from scripts.embedded.recopy import copy_missing
from scripts.embedded.remembered import recall
from scripts.embedded.starter import Starter
from scripts.embedded.supervisor import Supervisor
from scripts.runbook import event_loop, fence, join, membership, replication, sites
from scripts.runbook.errors import LedgerUnheard, LifeboatError, NothingRunning, UnknownSite
from scripts.runbook.lease import read_record
from scripts.runbook.media_return import refill
from scripts.runbook.registers import open_register
from scripts.runbook.sites import Platform
from scripts.runbook.takedown_replay import cleanse

Say = Callable[[str], None]

# The stores that lose what they acknowledged last when they are killed (azurite writes its index every few seconds).
FORGETFUL = ("azure",)


@dataclass(frozen=True)
class CameBack:
    """How a site stands after its start. `wiped`: its database was made anew. `copied`: objects its store had lost."""

    site: str
    started: tuple[str, ...]
    wiped: bool
    readmitted: bool
    copied: int
    holder: str | None
    following: str | None

    @property
    def standing(self) -> str:
        """Say what the site is now, and what brings it further."""
        if self.holder is None:
            return "fenced: the register cannot be read, two control stores must answer"
        if self.holder == self.site:
            return "the primary's place is still its own; " + (
                "its data are gone, so let another site take over: `lifeboat failover`"
                if self.wiped
                else "it takes writes again with its next renewal"
            )
        if self.following == self.holder:
            return f"a standby that follows {self.holder}"
        return f"fenced until it follows {self.holder}: `lifeboat rejoin {self.site}`"


def start(folder: Path, site: str, say: Say) -> CameBack:
    """Start what does not run of a site. Safe to run again. Raises UnknownSite, NothingRunning, StoresMissing."""
    if site not in SITES:
        raise UnknownSite(site, SITES)
    supervisor, layout = Supervisor.load(folder), recall(folder)
    if not any(supervisor.alive(one) for one in SITES):
        raise NothingRunning(folder)
    harm.reopen(supervisor, site)
    return _Return(layout, supervisor, sites.load(folder), site, say).run()


class _Return:
    """One site's return, part by part: store, database, app, agent."""

    def __init__(self, layout: Layout, supervisor: Supervisor, platform: Platform, site: str, say: Say) -> None:
        self.layout, self.platform, self.site, self.say = layout, platform, site, say
        self.running = {one.name for one in supervisor.alive(site)}
        self.starter = Starter(layout, supervisor)
        self.started: list[str] = []

    def run(self) -> CameBack:
        wiped = self._is_wiped()
        copied = self._store(wiped)
        self._database(wiped)
        serves = self._forget_what_was_taken_down()
        readmitted = self._readmit()
        starter = self.starter
        for name, begin in (("app", starter.web), ("worker", starter.worker), ("agent", starter.agent)):
            if name not in self.running and (serves or name == "agent"):
                begin(self.site)
                self.started.append(name)
        holder, following = self._standing()
        return CameBack(self.site, tuple(self.started), wiped, readmitted, copied, holder, following)

    def _store(self, wiped: bool) -> int:
        """Start the store, out of the register's vote if it may have forgotten one, and copy what it lacks."""
        if "objects" in self.running:
            return 0
        if wiped or self.site in FORGETFUL:
            self.say(
                f"the store of {self.site} may have forgotten votes: it is set aside until it has the register again"
            )
            self._set_aside.parent.mkdir(parents=True, exist_ok=True)
            self._set_aside.write_text(str(event_loop.run(membership.set_store_aside(self.platform, self.site))))
        self.starter.store(self.site)
        self.started.append("objects")
        return event_loop.run(self._recopy()) + refill(self.platform, self.site, self.say)

    @property
    def _set_aside(self) -> Path:
        """The file that holds under which configuration this site's store was set aside, until it counts again."""
        return self.layout.site_folder(self.site) / "store-set-aside"

    def _readmit(self) -> bool:
        if not self._set_aside.exists():
            return False
        event_loop.run(membership.readmit_store(self.platform, self.site, int(self._set_aside.read_text())))
        self._set_aside.unlink()
        return True

    async def _recopy(self) -> int:
        stores = {
            site: open_store(self.layout.store_url(site, "ledger"), self.platform.credentials(), retries=1)
            for site in SITES
        }
        copied, silent = await copy_missing(stores.pop(self.site), stores)
        for other, reason in silent.items():
            self.say(f"{other} was not asked for ledger entries that {self.site} lacks: {reason}")
        return copied

    def _database(self, wiped: bool) -> None:
        if "postgres" in self.running:
            return
        if wiped:
            self.say(f"{self.site} has no data any more: its database is made anew, empty")
            self._make_anew()
        else:
            self.starter.postgres(self.site)
            with join.agent_connection(self.platform, self.site) as connection:
                fence.expire(connection)
        self.started.append("postgres")

    def _forget_what_was_taken_down(self) -> bool:
        """Carry out the takedowns that the site missed, and say whether it may serve."""
        try:
            missed = cleanse(self.platform, self.site)
        except LedgerUnheard as reason:
            self.say(f"{reason} The app of {self.site} is not started until then: `lifeboat local start {self.site}`")
            return False
        if missed:
            self.say(f"{missed} takedowns that {self.site} did not know of are carried out there")
        return True

    def _is_wiped(self) -> bool:
        """Say whether there is no whole database: none, or one whose making an earlier start did not finish."""
        return self._unfinished.exists() or not self.layout.server(self.site).data.exists()

    @property
    def _unfinished(self) -> Path:
        return self.layout.site_folder(self.site) / "database-unfinished"

    def _make_anew(self) -> None:
        self._unfinished.parent.mkdir(parents=True, exist_ok=True)
        self._unfinished.touch()
        shutil.rmtree(self.layout.server(self.site).folder, ignore_errors=True)
        self.starter.database(self.site)
        self._unfinished.unlink()

    def _standing(self) -> tuple[str | None, str | None]:
        """Return who holds the lease and whom this site follows."""
        record = event_loop.run(read_record(open_register(self.platform, "operator")))
        try:
            with join.agent_connection(self.platform, self.site) as connection:
                now = replication.following(connection)
        except psycopg.OperationalError as reason:
            raise LifeboatError(f"the database of {self.site} does not answer: {reason}") from reason
        return record.holder if record else None, now.primary if now else None
