"""An event loop whose time jumps to the next event: a simulated hour takes a second, and a seed repeats exactly."""

import asyncio
import selectors


class VirtualLoop(asyncio.SelectorEventLoop):
    """Nothing in it waits for the outside; waiting for ever is an error."""

    def __init__(self) -> None:
        self.now = 0.0
        selector = selectors.DefaultSelector()
        selector.select = self._advance
        super().__init__(selector)

    def time(self) -> float:
        return self.now

    def _advance(self, timeout: float | None = None) -> list:
        if timeout is None:
            raise RuntimeError("nothing will ever happen in this simulation")
        if timeout > 0:
            self.now += timeout
        return []
