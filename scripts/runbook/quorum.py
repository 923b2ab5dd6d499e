"""Asks every control store at once and stops waiting as soon as a majority settles it."""

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from typing import Generic, TypeVar

from scripts.runbook.errors import LifeboatError, StoreUnavailable

Answer = TypeVar("Answer")
Asked = TypeVar("Asked")


class Answers(Generic[Answer]):
    """What came back so far, by name of the asked; stragglers go on filling it after the majority has settled it."""

    def __init__(self, asked: int) -> None:
        self.asked = asked
        self.majority = asked // 2 + 1
        self.good: dict[str, Answer] = {}
        self.failed: dict[str, LifeboatError] = {}

    @property
    def enough(self) -> bool:
        return len(self.good) >= self.majority

    @property
    def settled(self) -> bool:
        """Whether further answers cannot change that a majority answered, or that none will."""
        return self.enough or len(self.failed) > self.asked - self.majority


class Crowd(Generic[Asked]):
    """A fixed set of the asked. A question to one of them ends after its own limit in seconds, heard or not."""

    def __init__(self, members: Mapping[str, Asked], limits: Mapping[str, float]) -> None:
        self._members = members
        self._limits = limits
        self._under_way: set[asyncio.Task] = set()

    @property
    def size(self) -> int:
        return len(self._members)

    async def ask(self, question: Callable[[str, Asked], Awaitable[Answer]]) -> Answers[Answer]:
        """Put a question to all; return once settled, while the others go on within their limits.

        A LifeboatError is an answer of the failing kind; any other exception is a fault of the program and is raised.
        """
        answers, _ = await self._ask(question, lambda answers: True, 0.0)
        return answers

    async def compare(
        self,
        question: Callable[[str, Asked], Awaitable[Answer]],
        agree: Callable[[Answers[Answer]], bool],
        grace: float,
    ) -> Answers[Answer]:
        """Put a question to all; a majority that disagrees waits `grace` seconds for the rest, then drops it."""
        answers, tasks = await self._ask(question, agree, grace)
        for task in tasks:
            task.cancel()
        return answers

    async def rest(self) -> None:
        """Wait until nothing is under way any more; every question has its limit."""
        while self._under_way:
            await asyncio.wait(self._under_way)

    def abandon(self) -> None:
        """Stop everything that is still under way, as the end of the process would."""
        for task in tuple(self._under_way):
            task.cancel()

    async def _ask(
        self,
        question: Callable[[str, Asked], Awaitable[Answer]],
        agree: Callable[[Answers[Answer]], bool],
        grace: float,
    ) -> tuple[Answers[Answer], list[asyncio.Task]]:
        loop = asyncio.get_running_loop()
        answers: Answers[Answer] = Answers(len(self._members))
        done = _Done(loop, answers, agree, grace)
        tasks = [self._start(loop, name, member, question, done) for name, member in self._members.items()]
        try:
            await done.future
        finally:
            done.stop()
        return answers, tasks

    def _start(
        self,
        loop: asyncio.AbstractEventLoop,
        name: str,
        member: Asked,
        question: Callable[[str, Asked], Awaitable[Answer]],
        done: "_Done[Answer]",
    ) -> asyncio.Task:
        task = loop.create_task(_run(question, name, member))
        limit = loop.call_later(self._limits[name], task.cancel)
        self._under_way.add(task)

        def ended(task: asyncio.Task) -> None:
            limit.cancel()
            self._under_way.discard(task)
            done.take(name, task, self._limits[name])

        task.add_done_callback(ended)
        return task


class _Done(Generic[Answer]):
    """Decides when one question has been answered well enough."""

    def __init__(
        self,
        loop: asyncio.AbstractEventLoop,
        answers: Answers[Answer],
        agree: Callable[[Answers[Answer]], bool],
        grace: float,
    ) -> None:
        self._loop, self._answers, self._agree, self._grace = loop, answers, agree, grace
        self._timer: asyncio.TimerHandle | None = None
        self.future: asyncio.Future[None] = loop.create_future()

    def take(self, name: str, task: asyncio.Task[Answer], limit: float) -> None:
        """File one answer and see whether that settles the question."""
        fault = _take(task, name, limit, self._answers)
        if fault and self.future.done():
            self._loop.call_exception_handler(
                {"message": f"a late answer of {name} failed", "exception": fault, "task": task}
            )
        elif fault:
            self.future.set_exception(fault)
        elif not self.future.done() and self._answers.settled:
            self._settle()

    def stop(self) -> None:
        if self._timer:
            self._timer.cancel()

    def _settle(self) -> None:
        answers = self._answers
        if not answers.enough or len(answers.good) + len(answers.failed) == answers.asked or self._agree(answers):
            self.future.set_result(None)
        elif self._timer is None:
            self._timer = self._loop.call_later(self._grace, self._end)

    def _end(self) -> None:
        if not self.future.done():
            self.future.set_result(None)


async def _run(question: Callable[[str, Asked], Awaitable[Answer]], name: str, member: Asked) -> Answer:
    return await question(name, member)


def _take(task: asyncio.Task[Answer], name: str, limit: float, answers: Answers[Answer]) -> BaseException | None:
    """File a finished task under good or failed; return what is neither."""
    if task.cancelled():
        answers.failed[name] = StoreUnavailable(f"{name} gave no answer within {limit:g} s")
        return None
    error = task.exception()
    if error is None:
        answers.good[name] = task.result()
        return None
    if isinstance(error, LifeboatError):
        answers.failed[name] = error
        return None
    return error
