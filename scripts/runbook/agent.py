"""`python -m scripts.runbook.agent --dir FOLDER --site X`: the process that looks after one site.

It renews the lease while its site holds it and closes the fence when it does not, writes the signed status each second,
keeps the understudy slots short, and on a new epoch stops applying, says how far it came, and follows the new primary.
"""

import argparse
import asyncio
import datetime
import logging
import secrets
import signal
import time
from collections.abc import Awaitable, Callable
from pathlib import Path

import psycopg

from scripts.runbook import fence, replication, sites, status, understudies
from scripts.runbook.agent_database import AgentDatabase
from scripts.runbook.errors import LifeboatError
from scripts.runbook.lease import LeaseAnswer, LeaseRecord, look, renew, settle
from scripts.runbook.registers import open_register
from scripts.runbook.replication import Following
from scripts.runbook.sites import Platform
from scripts.runbook.status import SiteStatus, SlotStatus
from scripts.runbook.understudies import Slot

log = logging.getLogger("lifeboat.agent")

# How often the register is read; during a move, how soon after another site's word this one acts on it.
FOLLOW_SECONDS = 0.25
MOVING_SECONDS = 0.05
STATUS_SECONDS = 1.0
UPKEEP_SECONDS = 1.0


class Agent:
    """One site's agent: five loops over what it knows of the register, the other sites and its own database."""

    def __init__(self, platform: Platform, site: str) -> None:
        self.platform, self.site = platform, site
        self.stores = platform.lease_stores()
        self.signer = platform.signer(site)
        self.register = open_register(platform, site)
        # The lease has a connection of its own, so that a long look into a slot never delays a renewal.
        self.lease_database = AgentDatabase(platform.agent_url(site))
        self.database = AgentDatabase(platform.agent_url(site))
        self.record: LeaseRecord | None = None
        self.renewal_due = 0.0
        self.started = datetime.datetime.now(datetime.UTC).isoformat(timespec="seconds") + "-" + secrets.token_hex(3)
        self.sequence = 0
        self.changed = asyncio.Event()
        self.failures: dict[str, str] = {}

    async def run(self) -> None:
        """Run every loop until the process is told to stop."""
        await asyncio.gather(
            self._forever("lease", self.hold),
            self._forever("register", self.follow_register),
            self._forever("status", self.say_status),
            self._forever("upkeep", self.keep_understudies),
            self._forever("heartbeat", self.beat),
        )

    async def _forever(self, name: str, once: Callable[[], Awaitable[float]]) -> None:
        """Repeat a loop's body, which returns how many seconds to wait; trouble is logged once and tried again."""
        last = ""
        while True:
            try:
                pause, said = await once(), ""
            except (LifeboatError, psycopg.Error, OSError) as trouble:
                pause, said = (
                    0.5,
                    f"{name}: {str(trouble).strip().splitlines()[0] if str(trouble) else type(trouble).__name__}",
                )
            if said and said != last:
                log.warning(said)
            last = said
            await asyncio.sleep(pause)

    @property
    def is_holder(self) -> bool:
        return self.record is not None and self.record.holder == self.site and self.record.state != "released"

    @property
    def moving(self) -> bool:
        return self.record is not None and self.record.state == "switching"

    async def hold(self) -> float:
        """Renew the lease while this site holds it; the database's clock is read before the request goes out."""
        record, terms = self.record, self.platform.terms
        if record is None or not self.is_holder:
            return FOLLOW_SECONDS
        ends_move = record.state == "switching" and await self.lease_database.call(fence.move_is_over, record.epoch)
        if not ends_move and time.monotonic() < self.renewal_due:
            return FOLLOW_SECONDS
        before = await self.lease_database.call(fence.clock)
        say = settle if ends_move else renew
        return await self._take_answer(record, await say(self.register, self.site, record.epoch, terms, before))

    async def _take_answer(self, record: LeaseRecord, answer: LeaseAnswer) -> float:
        """Let the fence follow what the register answered; nothing but a renewal ever extends a term."""
        if answer.kind == "renewed" and answer.valid_until is not None:
            await self.lease_database.call(fence.extend, record.epoch, answer.valid_until)
            self.record, self.renewal_due = answer.record, time.monotonic() + self.platform.terms.renew_every
            return FOLLOW_SECONDS
        if answer.kind == "lost":
            log.warning("lease: lost at epoch %s; the fence is closed", record.epoch)
            await self.lease_database.call(fence.close)
            return FOLLOW_SECONDS
        log.warning(
            "lease: a renewal at epoch %s is unknown; writes end by themselves when the term does", record.epoch
        )
        return min(1.0, self.platform.terms.renew_every)

    async def follow_register(self) -> float:
        """Read the register and do what its newest record asks of this site.

        Only what the reading proves committed: a record that never won must stop nobody from applying.
        """
        sighting = await look(self.register)
        record = sighting.record if sighting.committed else None
        if record is not None and (self.record is None or record.epoch >= self.record.epoch):
            if self.record is None or (record.epoch, record.state) != (self.record.epoch, self.record.state):
                log.info("register: %s, epoch %s, %s", record.holder, record.epoch, record.state)
                self.changed.set()
            if self.record is not None and record.epoch > self.record.epoch:
                # Winning an epoch is a renewal; Cloud Storage would refuse another write within the same second.
                self.renewal_due = time.monotonic() + self.platform.terms.renew_every
            self.record = record
            await self._obey(record)
        return MOVING_SECONDS if self.moving else FOLLOW_SECONDS

    async def _obey(self, record: LeaseRecord) -> None:
        stands = await self.database.call(fence.read)
        if record.epoch < stands.epoch:
            return  # this site has obeyed a later epoch already, perhaps before a restart
        if record.epoch > stands.epoch:
            await self.database.call(fence.adopt, record.epoch)
        now = await self.database.call(replication.following)
        if record.holder == self.site:
            if now is not None and record.state == "switching":
                await self._stop_applying(now.primary)
            return
        if stands.writable:
            await self.database.call(fence.close)
        if now is None:
            await self._return_as_standby(record)
        elif now.primary != record.holder:
            await self._leave(now, record)
        elif now.epoch != record.epoch:
            await self.database.call(
                replication.follow,
                self.site,
                Following(record.holder, record.epoch),
                self._conninfo(None, record.holder),
                copy=False,
            )

    async def _leave(self, now: Following, record: LeaseRecord) -> None:
        """Stop applying from the old primary, give the new one a tail it lacks, follow it once its slot stands ready."""
        await self._stop_applying(now.primary)
        heard = (await status.hear(self.stores, self.platform.public_keys, record.holder)).status
        if heard is None or heard.epoch != record.epoch or heard.applying:
            return
        if self.site in heard.prepared:
            await self._follow(record, heard, now.primary)
        elif heard.following == now.primary:
            await self._hold_tail_ready(record, heard, now.primary)

    async def _return_as_standby(self, record: LeaseRecord) -> None:
        """Follow the primary that this site handed over to: it vouches that this site has everything it has."""
        heard = (await status.hear(self.stores, self.platform.public_keys, record.holder)).status
        if heard is not None and heard.epoch == record.epoch and self.site in heard.prepared:
            await self._follow(record, heard, record.holder)

    async def _follow(self, record: LeaseRecord, heard: SiteStatus, old: str) -> None:
        new, conninfo = Following(record.holder, record.epoch), self._conninfo(heard, record.holder)
        await self.database.call(replication.forget, old)
        await self.database.call(replication.follow, self.site, new, conninfo, copy=False)
        log.info("following %s at epoch %s", record.holder, record.epoch)
        self.changed.set()

    async def _hold_tail_ready(self, record: LeaseRecord, heard: SiteStatus, old: str) -> None:
        """Set this site's slot for the new primary to where that one stands, if this site has more than it."""
        ahead = heard.applied < await self.database.call(understudies.applied_position, old)
        if not ahead or await self.database.call(understudies.is_prepared, record.holder, record.epoch):
            return
        await self.database.call(understudies.prepare_slot, record.holder, old, heard.applied, record.epoch)
        log.info("%s is behind by a tail that this site holds ready for it", record.holder)
        self.changed.set()

    async def _stop_applying(self, primary: str) -> None:
        if await self.database.call(replication.applying, primary):
            await self.database.call(replication.stop_applying, primary)
            log.info("stopped applying from %s", primary)
            self.changed.set()

    def _conninfo(self, heard: SiteStatus | None, primary: str) -> str:
        outputs = self.platform.outputs[primary]
        host, port = (
            (heard.database_host, heard.database_port) if heard else (outputs.database_host, outputs.database_port)
        )
        return self.platform.conninfo(host, port, self.site)

    async def say_status(self) -> float:
        """Write this site's status to every control store that answers."""
        self.changed.clear()
        answers = await status.publish(self.stores, self.signer, await self._status())
        self.failures = answers.failures
        # During a move the others wait for this word: say it again as soon as there is something new.
        try:
            await asyncio.wait_for(self.changed.wait(), MOVING_SECONDS * 2 if self.moving else STATUS_SECONDS)
        except TimeoutError:
            return 0
        return 0

    async def _status(self) -> SiteStatus:
        view = await self.database.call(understudies.view)
        stands = await self.database.call(fence.read)
        record, outputs = self.record, self.platform.outputs[self.site]
        self.sequence += 1
        epoch = record.epoch if record else 0
        role: status.Role = "primary" if self.is_holder else "standby" if view.following else "fenced"
        return SiteStatus(
            site=self.site, started=self.started, sequence=self.sequence, at=time.time(), epoch=epoch,
            holder=record.holder if record else "", role=role, writable=stands.open, applying=view.applying,
            following=view.following.primary if view.following else None,
            following_epoch=view.following.epoch if view.following else 0, applied=view.applied, log=view.log,
            database_host=outputs.database_host, database_port=outputs.database_port,
            prepared=tuple(await self.database.call(understudies.prepared_slots, epoch)),
            slots={slot.name.removeprefix("to_"): _slot_status(slot) for slot in view.slots},
            store_failures=self.failures,
        )  # fmt: skip

    async def keep_understudies(self) -> float:
        """While this site is a standby in step, let its understudy slots go of what their sites surely have."""
        record = self.record
        now = await self.database.call(replication.following)
        if record is None or now is None or self.is_holder or self.moving or now.primary != record.holder:
            return UPKEEP_SECONDS
        positions = {}
        for other in self.platform.others(self.site):
            heard = (await status.hear(self.stores, self.platform.public_keys, other)).status
            if heard and (heard.following, heard.following_epoch) == (now.primary, now.epoch):
                positions[other] = heard.applied
        await self.database.call(understudies.keep_understudies, now.primary, positions)
        return UPKEEP_SECONDS

    async def beat(self) -> float:
        """Write the heartbeat while this site takes writes, so that positions stay fresh when nobody posts."""
        if self.is_holder and (await self.lease_database.call(fence.read)).open and self.record:
            await self.lease_database.call(fence.beat, self.site, self.record.epoch)
        return STATUS_SECONDS


def _slot_status(slot: Slot) -> SlotStatus:
    return SlotStatus(slot.active, slot.confirmed, slot.retained_bytes, slot.wal_status)


async def _main(platform: Platform, site: str) -> None:
    agent = asyncio.create_task(Agent(platform, site).run())
    for which in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(which, agent.cancel)
    try:
        await agent
    except asyncio.CancelledError:
        log.info("stopped")


def main() -> None:
    """Run one site's agent until SIGINT or SIGTERM."""
    parser = argparse.ArgumentParser(
        prog="python -m scripts.runbook.agent", description=(__doc__ or "").splitlines()[0]
    )
    parser.add_argument("--dir", type=Path, required=True, help="the folder of the platform's files")
    parser.add_argument("--site", required=True, help="the site this agent looks after")
    options = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(message)s")
    platform = sites.load(options.dir)
    asyncio.run(_main(platform, platform.known(options.site)))


if __name__ == "__main__":
    main()
