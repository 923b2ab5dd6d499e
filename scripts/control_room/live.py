"""The room's picture as it changes: drawn a few times a second, once for everybody who looks."""

import asyncio
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field

from markupsafe import Markup

from scripts.control_room.history import History
from scripts.control_room.posting import Posting
from scripts.control_room.render import Renderer
from scripts.control_room.sources import every_source
from scripts.control_room.standing import Moment, Standing, stand
from scripts.control_room.watching import Watch
from scripts.runbook.sites import Platform

DRAW_SECONDS = 0.5


@dataclass
class Live:
    """The newest picture and its parts; `drawn` wakes whoever waits for the next one."""

    platform: Platform
    watch: Watch
    posting: Posting
    renderer: Renderer
    history: History = field(default_factory=History)
    parts: dict[str, Markup] = field(default_factory=dict)
    standing: Standing | None = None
    drawn: asyncio.Condition = field(default_factory=asyncio.Condition)

    @classmethod
    async def open(cls, platform: Platform) -> "Live":
        """Open every source; nothing is asked yet."""
        live = cls(
            platform, Watch.over(await every_source(platform)), Posting(platform.outside_url),
            Renderer.create(
                platform.terms.challenger_seconds, {site: outputs.capacity for site, outputs in platform.outputs.items()}
            ),
        )  # fmt: skip
        live.draw()
        return live

    async def run(self) -> None:
        """Watch and draw until cancelled."""
        await asyncio.gather(self.watch.run(), self._keep_drawing())

    def draw(self) -> None:
        """Draw the picture from what is known right now."""
        now = self.watch.clock()
        self.history.learn(self.watch.sights, now)
        self.posting.count(now)
        self.standing = stand(
            self.platform.sites, self.watch.sources, self.watch.sights, self.history, self.platform.terms,
            Moment(now, time.time()),
        )  # fmt: skip
        self.parts = self.renderer.parts(self.standing, self.posting)

    async def _keep_drawing(self) -> None:
        while True:
            await asyncio.sleep(DRAW_SECONDS)
            self.draw()
            async with self.drawn:
                self.drawn.notify_all()

    async def changes(self) -> AsyncIterator[dict[str, Markup]]:
        """Yield the parts that are new to one reader, whenever there are any."""
        shown: dict[str, Markup] = {}
        while True:
            new = {name: part for name, part in self.parts.items() if shown.get(name) != part}
            if new:
                shown |= new
                yield new
            async with self.drawn:
                await self.drawn.wait()
