"""Where the public name points: read it, move it by compare-and-set at every vendor, and see that it moved.

The name's CNAME and the epoch beside it change in one update that holds only if both are still what was read, so of two
controllers one wins, and a plan that comes late is refused (research: the DynamoDB outage of October 2025).
"""

import time
from collections.abc import Callable
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from dataclasses import dataclass

from scripts.runbook.errors import EmptyAnswer, StaleEpoch, UsageError, VendorError, VendorsUnreachable
from scripts.runbook.nameserver import CALL_SECONDS, Answer, Vendor, exists, plain, read_answer, write_answer
from scripts.runbook.tsig import name_of

GRACE_SECONDS = 0.5  # how long a vendor that answers is made to wait for one that does not
ATTEMPTS = 3


@dataclass(frozen=True)
class Move:
    """What a call found and left behind at each vendor: `before`, `after`, and whether it only looked (`dry_run`)."""

    target: str
    epoch: int
    before: tuple[Answer, ...]
    after: tuple[Answer, ...]
    dry_run: bool

    @property
    def carrying(self) -> tuple[str, ...]:
        """Names of the vendors that publish the wanted answer now."""
        return tuple(a.vendor for a in self.after if a.carries(self.target, self.epoch))

    @property
    def changed(self) -> tuple[str, ...]:
        """Names of the vendors that came to publish the wanted answer during this call."""
        already = {a.vendor for a in self.before if a.carries(self.target, self.epoch)}
        return tuple(name for name in self.carrying if name not in already)

    @property
    def failed(self) -> dict[str, str]:
        """For each vendor that does not publish the wanted answer: why, in one sentence."""
        missing = [a for a in self.after if not a.carries(self.target, self.epoch)]
        return {a.vendor: a.error or f"{a.vendor} publishes {a.target} at epoch {a.epoch}." for a in missing}


@dataclass(frozen=True)
class Traffic:
    """The public name at all its vendors; `record` is the name (`www.social.test`), `ttl` its lifetime in seconds."""

    vendors: tuple[Vendor, ...]
    record: str
    ttl: int

    def __post_init__(self) -> None:
        object.__setattr__(self, "vendors", tuple(self.vendors))
        object.__setattr__(self, "record", plain(name_of(self.record)))
        if not self.vendors or len({v.name for v in self.vendors}) < len(self.vendors):
            raise UsageError(f"{self.record} needs at least one DNS vendor, and each with a name of its own.")
        if not 0 < self.ttl <= 86400:
            raise UsageError(f"{self.record}: a TTL of {self.ttl} s is not between 1 s and a day.")

    def answers(self) -> tuple[Answer, ...]:
        """What each vendor publishes now, or its error; a vendor that hangs costs the others half a second at most."""
        return _everywhere(self.vendors, lambda vendor: read_answer(vendor, self.record))

    def point(self, target: str, epoch: int, dry_run: bool = True) -> Move:
        """Point the name at `target` for `epoch` at every vendor, and read it back from each.

        Already so: nothing is written. One vendor down is reported in `failed`. Raises StaleEpoch (a vendor carries
        this epoch for another target, or a newer one), EmptyAnswer, VendorsUnreachable (no vendor took it).
        """
        wanted = _wanted(target, epoch, self.record)
        before = after = _everywhere(self.vendors, lambda vendor: self._examine(vendor, wanted))
        for _ in range(ATTEMPTS):
            _refuse_stale(after, wanted)
            todo = _vendors_to_write(self.vendors, after, wanted)
            if not todo or dry_run:
                break
            after = self._write_and_read(todo, after, wanted)
        _refuse_stale(after, wanted)
        move = Move(wanted.target, wanted.epoch, before, after, dry_run)
        return move if dry_run and _reached(after) else _at_least_one(move)

    def verify(self, target: str, epoch: int) -> Move:
        """Read every vendor and say which carry the answer; raises StaleEpoch, or VendorsUnreachable when none does."""
        wanted = _wanted(target, epoch, self.record)
        answers = self.answers()
        _refuse_stale(answers, wanted)
        return _at_least_one(Move(wanted.target, wanted.epoch, answers, answers, dry_run=True))

    def _write_and_read(self, todo: list[Vendor], before: tuple[Answer, ...], wanted: "_Wanted") -> tuple[Answer, ...]:
        known = {answer.vendor: answer for answer in before}

        def act(vendor: Vendor) -> Answer:
            return self._write_one(vendor, known[vendor.name], wanted)

        fresh = {answer.vendor: answer for answer in _everywhere(todo, act)}
        return tuple(fresh.get(answer.vendor, answer) for answer in before)

    def _examine(self, vendor: Vendor, wanted: "_Wanted") -> Answer:
        found = read_answer(vendor, self.record)
        is_to_change = found.epoch is None or found.epoch < wanted.epoch
        if is_to_change and not exists(vendor, wanted.target):
            raise VendorError(f"{vendor.name} knows no {wanted.target}: {self.record} would point at nothing.")
        return found

    def _write_one(self, vendor: Vendor, before: Answer, wanted: "_Wanted") -> Answer:
        problem = None
        try:
            write_answer(vendor, self.record, before, wanted.at(vendor), self.ttl)
        except VendorError as error:
            problem = error  # it may have been applied all the same: only what is read back counts
        after = read_answer(vendor, self.record)
        # A vendor that stayed as it was and said no keeps its reason; one that moved is judged by what it carries.
        return Answer(vendor.name, after.target, after.epoch, str(problem)) if problem and after == before else after


@dataclass(frozen=True)
class _Wanted:
    target: str
    epoch: int

    def at(self, vendor: Vendor) -> Answer:
        return Answer(vendor.name, self.target, self.epoch)


def plain_target(target: str) -> str:
    """Return a target's name as every vendor is asked to publish it; empty for one that names nothing."""
    return plain(name_of(target)) if target and target.strip(". ") else ""


def _wanted(target: str, epoch: int, record: str) -> _Wanted:
    clean = plain_target(target)
    if not clean:
        raise EmptyAnswer(f"{record} must point at something: the target is empty.")
    if clean == record:
        raise EmptyAnswer(f"{record} cannot point at itself.")
    if epoch < 0:
        raise UsageError(f"{record}: epoch {epoch} is below 0.")
    return _Wanted(clean, epoch)


def _refuse_stale(answers: tuple[Answer, ...], wanted: _Wanted) -> None:
    for found in answers:
        if found.epoch is None or found.epoch < wanted.epoch:
            continue
        if (found.epoch, found.target) != (wanted.epoch, wanted.target):
            raise StaleEpoch(
                f"{found.vendor} already publishes {found.target} at epoch {found.epoch}; "
                f"{wanted.target} at epoch {wanted.epoch} comes too late."
            )


def _vendors_to_write(vendors: tuple[Vendor, ...], answers: tuple[Answer, ...], wanted: _Wanted) -> list[Vendor]:
    pairs = zip(vendors, answers, strict=True)
    return [v for v, a in pairs if a.error is None and not a.carries(wanted.target, wanted.epoch)]


def _reached(answers: tuple[Answer, ...]) -> bool:
    return any(answer.error is None for answer in answers)


def _at_least_one(move: Move) -> Move:
    if not move.carrying:
        raise VendorsUnreachable(
            f"no DNS vendor points at {move.target} for epoch {move.epoch}: {' '.join(move.failed.values())}"
        )
    return move


def _everywhere(vendors: "tuple[Vendor, ...] | list[Vendor]", act: Callable[[Vendor], Answer]) -> tuple[Answer, ...]:
    pool = ThreadPoolExecutor(len(vendors))
    futures = [pool.submit(_guarded, act, vendor) for vendor in vendors]
    _wait_for_the_living(futures)
    pool.shutdown(wait=False, cancel_futures=True)
    return tuple(
        future.result() if future.done() else Answer(vendor.name, error=f"{vendor.name} did not answer in time.")
        for vendor, future in zip(vendors, futures, strict=True)
    )


def _guarded(act: Callable[[Vendor], Answer], vendor: Vendor) -> Answer:
    try:
        return act(vendor)
    except VendorError as error:
        return Answer(vendor.name, error=str(error))


def _wait_for_the_living(futures: list[Future[Answer]]) -> None:
    deadline = time.monotonic() + 4 * CALL_SECONDS
    waiting = set(futures)
    while waiting and time.monotonic() < deadline:
        done, waiting = wait(waiting, timeout=deadline - time.monotonic(), return_when=FIRST_COMPLETED)
        if any(future.exception() is None and future.result().error is None for future in done):
            wait(waiting, timeout=GRACE_SECONDS)
            return
