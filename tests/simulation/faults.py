"""What goes wrong in a simulated world, in an order that the seed decides."""

import asyncio
from typing import TYPE_CHECKING

from scripts.runbook.register import ZERO, Seen
from tests.simulation.network import SimulatedStore

if TYPE_CHECKING:
    from tests.simulation.world import World

SITES = ("aws", "gcp", "azure")


class Faults:
    """Pauses, partitions, dead stores, crash loops, a person's word, switchovers, and one damaged store."""

    def __init__(self, world: "World") -> None:
        self.world = world

    async def run(self) -> None:
        faults = (
            [self._pause] * self.world.variant.pauses + [self._part] * 6 + [self._stop_store] * 4 + [self._crash] * 4
        )
        faults += [self._order, self._drain] + [self._damage_store] * (8 if self.world.variant.damage else 1)
        while True:
            await asyncio.sleep(self.world.random.uniform(5, 50))
            await self.world.random.choice(faults)()

    async def _pause(self) -> None:
        self.world.paused[self.world.random.choice(SITES)] = self.world.now + self.world.random.uniform(5, 90)

    async def _part(self) -> None:
        site = self.world.random.choice(SITES)
        ends = [*SITES, *(f"site {other}" for other in self.world.others(site))]
        cuts = {(site, end) for end in ends if self.world.random.random() < 0.7}
        self.world.cuts |= cuts
        self.world.later(self.world.random.uniform(5, 90), self.world.cuts.difference_update, cuts)

    async def _stop_store(self) -> None:
        store = self.world.stores[self.world.random.choice(SITES)]
        if not any(other.down for other in self.world.stores.values()):
            store.down = True
            self.world.later(self.world.random.uniform(5, 120), setattr, store, "down", False)

    async def _crash(self) -> None:
        site = self.world.random.choice(SITES)
        for _ in range(self.world.random.choice([1, 1, 3])):
            self.world.end_process(site)
            self.world.start_process(site)
            await asyncio.sleep(self.world.random.uniform(0.05, 2.5))

    async def _order(self) -> None:
        """A person says the word, for the epoch that a status page would show; only in mode confirm."""
        if self.world.mode == "confirm":
            for _ in range(3):
                self.world.orders[self.world.random.choice(SITES)] = self.world.newest_epoch
                await asyncio.sleep(self.world.random.uniform(0, 20))

    async def _drain(self) -> None:
        holders = [site for site, database in self.world.databases.items() if database.is_open]
        if holders:
            site = self.world.random.choice(holders)
            self.world.draining = (site, self.world.databases[site].epoch)
            self.world.later(30, setattr, self.world, "draining", None)

    async def _damage_store(self) -> None:
        store = self.world.stores[self.world.random.choice(SITES)]
        if self.world.damage == "wipe":
            self._wipe(store)
        elif self.world.damage == "roll back":
            self._roll_back(store)

    def _wipe(self, store: SimulatedStore) -> None:
        if self.world.variant.takes_wiped_for_empty:
            store.roll_back(self.world.first)
            return
        self.world.damage = None  # one store for good is what three stores can bear
        store.wipe()

    def _roll_back(self, store: SimulatedStore) -> None:
        """Go back to a state that every site has seen surpassed: what nobody saw, nobody can miss."""
        known = store.state.accepted if store.state else ZERO
        if self.world.variant.remembers_ballots:
            known = min(self.world.seen[site].get(store.name, Seen()).accepted for site in SITES)
        older = [state for state in store.history if state.accepted < known]
        if older:
            self.world.damage = None if self.world.variant.remembers_ballots else self.world.damage
            store.roll_back(self.world.random.choice(older[-20:]))
