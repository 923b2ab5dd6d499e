"""A thread that does one thing after another, for which the end of the process does not wait, and its way to the event loop."""

import asyncio
import queue
import threading
from collections.abc import Callable, Coroutine
from concurrent.futures import Future
from typing import Any, ParamSpec, TypeVar

Parameters = ParamSpec("Parameters")
Result = TypeVar("Result")


class OwnThread:
    """Blocking work beside an event loop. What is under way when the process ends is ended with it."""

    def __init__(self, name: str) -> None:
        self._work: queue.SimpleQueue[tuple[Future[Any], Callable[[], Any]]] = queue.SimpleQueue()
        threading.Thread(target=self._go_on, name=name, daemon=True).start()

    async def call(
        self, function: Callable[Parameters, Result], *args: Parameters.args, **kwargs: Parameters.kwargs
    ) -> Result:
        """Run a function in the thread and return its result; raises what it raises."""
        future: Future[Result] = Future()
        self._work.put((future, lambda: function(*args, **kwargs)))
        return await asyncio.wrap_future(future)

    def _go_on(self) -> None:
        while True:
            future, work = self._work.get()
            if not future.set_running_or_notify_cancel():
                continue
            try:
                future.set_result(work())
            except BaseException as trouble:
                future.set_exception(trouble)


class LoopOfProcess:
    """The process's event loop, for a thread beside it: what the thread waits for runs there, with what the loop shares."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop

    def run(self, coroutine: Coroutine[Any, Any, Result]) -> Result:
        """Run a coroutine in the loop and wait for its result; raises what it raises. Never call it from the loop itself."""
        return asyncio.run_coroutine_threadsafe(coroutine, self._loop).result()
