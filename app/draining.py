"""A process that is told to end finishes what it does: it says so, ends its streams, and takes no new work."""

import signal
import threading
from collections.abc import Callable
from types import FrameType
from typing import Any

SIGNALS = (signal.SIGTERM, signal.SIGINT)


class Draining:
    """Whether this process is about to end; the server itself waits for the requests under way."""

    def __init__(self) -> None:
        self.begun = False
        self._tasks: list[Callable[[], None]] = []

    def first(self, task: Callable[[], None]) -> None:
        """Do something at once when it begins, such as ending streams, which would never end by themselves."""
        self._tasks.append(task)

    def begin(self) -> None:
        """Begin to drain."""
        self.begun = True
        for task in self._tasks:
            task()

    def listen(self) -> None:
        """Begin with the signal that ends the server, just before the server's own handler; in its main thread alone."""
        if threading.current_thread() is threading.main_thread():
            for which in SIGNALS:
                self._before(which, signal.getsignal(which))

    def _before(self, which: signal.Signals, handler: Any) -> None:
        def handle(number: int, frame: FrameType | None) -> None:
            self.begin()
            if callable(handler):
                handler(number, frame)

        signal.signal(which, handle)
