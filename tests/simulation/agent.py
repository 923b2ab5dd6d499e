"""A simulated agent: the real register and lease code, driving a simulated database."""

import asyncio
from typing import TYPE_CHECKING

from scripts.runbook import lease
from scripts.runbook.agent.memory import RuleMemory
from scripts.runbook.confirmations import Standby, wanted_rule
from scripts.runbook.in_force import InForce, next_act
from scripts.runbook.lease import LeaseRecord, Watch
from scripts.runbook.register import Register
from scripts.runbook.rule import Rule

if TYPE_CHECKING:
    from tests.simulation.world import World

LOOK_SECONDS = 1.0


class GaveUpError(Exception):
    """A standby did not catch up in time for a change of rule."""


class SimulatedAgent:
    """One process of one site; a restart makes a new one with a new incarnation over the same database."""

    def __init__(self, world: "World", site: str, register: Register) -> None:
        self.world, self.site, self.register = world, site, register
        self.database = world.databases[site]
        self.watch = Watch(world.terms, self.clock)
        self.seen_epoch = 0
        self.in_force = InForce()
        self.memory = RuleMemory()

    def clock(self) -> float:
        return self.world.clock(self.site)

    async def sleep(self, seconds: float) -> None:
        await self.world.sleep(self.site, seconds)
        await self.world.while_paused(self.site)

    async def run(self) -> None:
        await asyncio.gather(self.follow_register(), self.keep_rule())

    async def follow_register(self) -> None:
        while True:
            sighting = await lease.look(self.register)
            await self.world.while_paused(self.site)
            self.watch.observe(sighting.record)
            pause = self.world.terms.renew_every * 0.6
            if lease.is_left_half_written(sighting, self.watch, self.site):
                await lease.finish(self.register)
                await self.world.while_paused(self.site)
            if sighting.record and (sighting.committed or not self.world.variant.waits_for_commitment):
                self.in_force.take(sighting.record)
                self.obey(sighting.record)
            if self.in_force.record:
                pause = await self.act(self.in_force.record) or pause
            self.world.remember(self.site, self.register)
            await self.sleep(pause)

    def obey(self, record: LeaseRecord) -> None:
        """Close the fence, stop applying and say so, or follow the primary, as a committed record demands."""
        database = self.database
        self.world.saw(self, record)
        if record.holder == self.site:
            return
        if database.writable:
            database.close()
        if database.following and database.following != (record.holder, record.epoch):
            database.stop_applying()
        if self.world.reaches_board(self.site):
            self.world.say(self.site, record.epoch, following=database.following)
            primary = self.world.hear(self.site, record.holder)
            if primary and primary.promoted == record.epoch and database.following is None:
                database.follow(record.holder, record.epoch)
                self.world.say(self.site, record.epoch, following=database.following)
        if database.following:
            self.world.databases[record.holder].ship()

    async def act(self, record: LeaseRecord) -> float | None:
        order = self.world.orders.get(self.site)
        if record.holder == self.site and record.state != "released":
            return await self.hold(record)
        if record.state == "released" and record.candidate == self.site:
            await self.win(record, complete=True)
        elif order and order == record.epoch:
            await self.win(record, approved_by="operator")
        elif record.mode == "auto" and self.is_due(record):
            await self.win(record, watched=True)
        return None

    def is_due(self, record: LeaseRecord) -> bool:
        if self.world.variant.compares_wall_clocks:
            return self.world.wall(self.site) > self.world.wall_expiry.get(record.epoch, float("inf"))
        return self.watch.due

    async def win(
        self, record: LeaseRecord, *, approved_by: str | None = None, watched: bool = False, complete: bool = False
    ) -> None:
        before, rule = self.clock(), self.world.planned_rule(self.site, record.holder)
        answer = await lease.take_over(
            self.register, self.site, record.epoch, rule, self.world.terms, before,
            runbook_id=f"{self.register.incarnation}-{record.epoch}", approved_by=approved_by,
            watched=self.watch.key if watched else None, sleep=self.sleep, jitter=self.world.random.random,
        )  # fmt: skip
        await self.world.while_paused(self.site)
        if answer.kind == "won" and answer.record and answer.valid_until:
            self.world.won(self.site, answer.record.epoch)
            await self.promote(answer.record, self.valid_until(answer.valid_until), complete)

    def valid_until(self, counted: float) -> float:
        """Return what the protocol counted, or what the broken variant would count."""
        if self.world.variant.counts_from_reply:
            return self.clock() + self.world.terms.holder_seconds
        return counted

    async def promote(self, record: LeaseRecord, until: float, complete: bool = False) -> None:
        """Hear enough sites, take the tail, stand alone, open; without enough of them wait for the next renewal."""
        database = self.database
        database.stop_applying()
        self.world.say(self.site, record.epoch, following=None)
        if not complete and self.world.variant.hears_before_promotion:
            heard = self.heard(record)
            if record.previous_rule is None or record.previous_rule.promotable(heard):
                return
            logs = [self.world.databases[site].log for site in sorted(heard)]
            best = max(logs, key=lambda log: (log[-1][0] if log else 0, len(log)))
            if best is not database.log and not _is_prefix(best, database.log):
                database.log[:] = best
        database.promote(record.epoch)
        self.world.say(self.site, record.epoch, following=None)
        if self.clock() < until:
            database.open(record.epoch, record.rule, until)

    def heard(self, record: LeaseRecord) -> set[str]:
        """Return who has said, under this epoch, that it applies nothing older any more."""
        heard = {self.site}
        for site in self.world.sites:
            word = self.world.hear(self.site, site)
            stopped = word is not None and word.epoch == record.epoch and word.following is None
            if stopped and not self.world.parted(self.site, site):
                heard.add(site)
        return heard

    async def hold(self, record: LeaseRecord) -> float:
        database, terms = self.database, self.world.terms
        began = self.clock()
        answer = await lease.renew(self.register, self.site, record.epoch, terms, began)
        await self.world.while_paused(self.site)
        if answer.kind == "lost":
            database.close()
            return terms.renew_every * 0.6
        if answer.kind != "renewed" or answer.record is None or answer.valid_until is None:
            return terms.renew_every / 5
        self.world.renewed(self.site, answer.record.epoch)
        self.in_force.renewed(answer.record, began)
        await self.keep(answer.record, self.valid_until(answer.valid_until))
        return terms.renew_every

    async def keep(self, record: LeaseRecord, until: float) -> None:
        """Use a renewal: go on with the promotion, or extend the fence and end the move."""
        database = self.database
        if database.promoted != record.epoch:
            await self.promote(record, until)
            return
        if not database.writable and self.clock() < until and self.world.draining != (self.site, record.epoch):
            database.open(record.epoch, database.rule, until)
        database.extend(record.epoch, until)
        database.ship()
        if record.state == "switching":
            if record.rule.satisfied_by(database.who_confirmed(database.marker)):
                await lease.settle(self.register, self.site, record.epoch, self.world.terms, self.clock())
        elif self.world.draining == (self.site, record.epoch):
            await self.hand_over(record)

    async def hand_over(self, record: LeaseRecord) -> None:
        """Drain: close, wait until the candidate has everything, release."""
        database = self.database
        database.close()
        for candidate in self.world.others(self.site):
            if database.confirmed.get(candidate, 0) == len(database.log):
                await lease.release(self.register, self.site, record.epoch, candidate)
                return

    async def keep_rule(self) -> None:
        """Look who confirms, beside the renewals, as the real keeper does."""
        while True:
            await self.sleep(LOOK_SECONDS)
            record = self.in_force.record
            holds = record is not None and record.holder == self.site and record.state == "held"
            if record and holds and self.database.is_open and self.database.promoted == record.epoch:
                await self.mend_rule(record)

    async def mend_rule(self, record: LeaseRecord) -> None:
        """Take a standby that stopped confirming out of the rule, and back in when it has caught up."""
        confirmations = self.memory.of(record.epoch).confirmations
        others = self.world.others(self.site)
        confirmed = {site: self.database.confirmed.get(site, 0) for site in others}
        confirmations.observe(self.clock(), len(self.database.log), confirmed)
        standbys = {
            site: Standby(confirmations.owing(site, self.clock()), confirmations.in_step(site, self.clock()))
            for site in others
        }
        wanted = wanted_rule(record.rule, standbys)
        act = next_act(record.rule, self.database.rule, wanted, in_doubt=self.in_force.in_doubt)
        if act == "obey":
            self.database.rule = wanted
        elif act == "change":
            await self.change_rule(record, wanted)

    async def change_rule(self, record: LeaseRecord, wanted: Rule) -> None:
        """Change it by the joint phase; an answer that did not come leaves a doubt."""
        self.world.report.changes += 1
        try:
            answer = await lease.change_rule(
                self.register, self.site, record.epoch, record.rule, wanted, self.world.terms,
                clock=self.database_clock, obey=self.obey_rule, caught_up=self.caught_up,
            )  # fmt: skip
        except GaveUpError:
            return
        if answer.kind == "renewed" and answer.record:
            self.in_force.renewed(answer.record, self.clock())
        else:
            self.in_force.unheard(self.clock())

    async def database_clock(self) -> float:
        return self.clock()

    async def obey_rule(self, rule: Rule) -> None:
        await self.world.while_paused(self.site)
        self.database.rule = rule

    async def caught_up(self, rule: Rule) -> None:
        position = len(self.database.log)
        for _ in range(20):
            if rule.satisfied_by(self.database.who_confirmed(position)):
                return
            self.database.ship()
            await self.sleep(0.25)
        raise GaveUpError

    def start(self) -> asyncio.Task:
        return asyncio.get_running_loop().create_task(self.run())


def _is_prefix(short: list, long: list) -> bool:
    return len(short) <= len(long) and long[: len(short)] == short
