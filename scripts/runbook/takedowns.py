"""The takedown ledger: signed entries in every ledger store that say what was removed for good.

An entry lies under `takedowns/<kind>/<target>/<SHA-256 of its bytes>.json` and is never overwritten: its name says what it
is about and which bytes it must have, its signature who wrote it. It counts once two stores hold it, so that any two
of the three that answer know of every takedown that anybody was told of.
"""

import asyncio
import hashlib
import time
from collections.abc import Awaitable, Callable, Collection, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any

from app.takedowns import Kind, canonical_target
from scripts.runbook.control import Answers, ControlStores
from scripts.runbook.errors import BadSignature, LedgerUnheard, TakedownNotHeld
from scripts.runbook.signing import Signer, claimed_body, claimed_signer, unseal

PREFIX = "takedowns/"
NEEDED = 2
ATTEMPTS = 3
READS_AT_ONCE = 16


@dataclass(frozen=True)
class Takedown:
    """One entry: what was removed, why, on whose word, and when (seconds since 1970 by that person's clock)."""

    cluster: str
    kind: Kind
    target: str
    reason: str
    by: str
    at: float

    @classmethod
    def make(cls, cluster: str, kind: Kind, target: str, reason: str, by: str) -> "Takedown":
        """Make a new entry; raises ValueError for a target that is none."""
        return cls(cluster, kind, canonical_target(kind, target), reason, by, round(time.time(), 3))

    def seal(self, signer: Signer) -> bytes:
        return signer.seal(asdict(self))


@dataclass(frozen=True)
class Trust:
    """Whose word counts: the operators' public keys, and the digests of entries that a database has carried out already.

    Those stay true when the operator who wrote them has left: their bytes are what their digest says.
    """

    operators: Mapping[str, str]
    carried_out: Collection[str] = ()


@dataclass(frozen=True)
class Entry:
    """A takedown as it lies in the ledger: its bytes, their digest, and the stores that hold exactly these."""

    takedown: Takedown
    envelope: bytes = field(repr=False)
    held_by: tuple[str, ...]

    @property
    def digest(self) -> str:
        return hashlib.sha256(self.envelope).hexdigest()

    @property
    def key(self) -> str:
        return entry_key(self.takedown, self.envelope)


@dataclass(frozen=True)
class Ledger:
    """The whole ledger as the stores gave it; `faults` says which copies cannot be trusted, and why."""

    entries: tuple[Entry, ...]
    answered: tuple[str, ...]
    silent: dict[str, str]
    faults: tuple[str, ...]

    def lacking(self) -> dict[str, list[Entry]]:
        """Give the entries that each store that answered does not hold."""
        return {site: [entry for entry in self.entries if site not in entry.held_by] for site in self.answered}


def entry_key(takedown: Takedown, envelope: bytes) -> str:
    """Return where an entry lies in every ledger store."""
    return f"{PREFIX}{takedown.kind}/{takedown.target}/{hashlib.sha256(envelope).hexdigest()}.json"


async def add(stores: ControlStores, trust: Trust, takedown: Takedown, signer: Signer) -> Entry:
    """Write an entry to every store that answers; one that is there already is completed and given back.

    Raises TakedownNotHeld when fewer than two stores hold it, LedgerUnheard when fewer than two can be read.
    """
    known = await read(stores, trust, f"{PREFIX}{takedown.kind}/{takedown.target}/")
    envelope = known.entries[0].envelope if known.entries else takedown.seal(signer)
    entry = Entry(known.entries[0].takedown if known.entries else takedown, envelope, ())
    held, failures = await complete(stores, entry)
    if len(held) < NEEDED:
        raise TakedownNotHeld(takedown.kind, takedown.target, held, failures)
    return Entry(entry.takedown, envelope, held)


async def complete(stores: ControlStores, entry: Entry) -> tuple[tuple[str, ...], dict[str, str]]:
    """Write an entry where it is not yet; return the stores that hold it, and why the others do not."""
    answers = await _until(lambda: stores.append(entry.key, entry.envelope), lambda answers: not answers.failures)
    return tuple(sorted(answers.values)), answers.failures


async def read(stores: ControlStores, trust: Trust, prefix: str = PREFIX, known: Collection[str] = ()) -> Ledger:
    """Read every entry below a prefix but for those whose digest is `known`, each from all stores that hold it.

    Raises LedgerUnheard when fewer than two stores answer.
    """
    listed = await _until(lambda: stores.list(prefix), lambda answers: len(answers.values) >= NEEDED)
    if len(listed.values) < NEEDED:
        raise LedgerUnheard(tuple(listed.values), listed.failures)
    names = sorted({name for found in listed.values.values() for name in found})
    wanted = [name for name in names if _digest(name) not in known]
    turns = asyncio.Semaphore(READS_AT_ONCE)

    async def one(name: str) -> tuple[Entry | None, list[str]]:
        async with turns:
            return await _read_one(stores, name, trust)

    found = await asyncio.gather(*(one(name) for name in wanted))
    entries = tuple(entry for entry, _ in found if entry is not None)
    faults = tuple(fault for _, faulty in found for fault in faulty)
    return Ledger(entries, tuple(sorted(listed.values)), listed.failures, faults)


async def _read_one(stores: ControlStores, name: str, trust: Trust) -> tuple[Entry | None, list[str]]:
    """Read one entry; raises LedgerUnheard for one that no store gave whole while another did not answer."""
    answers = await _until(
        lambda: stores.get(name), lambda answers: not answers.failures or _trusted(name, answers, trust)[0] is not None
    )
    entry, faults = _trusted(name, answers, trust)
    if entry is None and answers.failures and len(answers.values) < NEEDED:
        raise LedgerUnheard(tuple(answers.values), answers.failures)
    return entry, faults


async def _until(ask: Callable[[], Awaitable[Answers]], enough: Callable[[Answers], bool]) -> Answers:
    """Ask again, a few times, until the answers are enough."""
    answers = await ask()
    for _ in range(ATTEMPTS - 1):
        if enough(answers):
            break
        answers = await ask()
    return answers


def _trusted(name: str, answers: Answers, trust: Trust) -> tuple[Entry | None, list[str]]:
    """Return the entry if any copy of it can be trusted, and what is wrong with each copy that cannot."""
    held, faults, entry = [], [], None
    for site, envelope in sorted(answers.values.items()):
        if envelope is None:
            continue
        try:
            takedown = _opened(name, envelope, trust)
        except BadSignature as reason:
            faults.append(f"{site}: {name}: {reason}")
            continue
        held.append(site)
        entry = Entry(takedown, envelope, tuple(held))
    return entry, faults


def _opened(name: str, envelope: bytes, trust: Trust) -> Takedown:
    """Return what an envelope says. Raises BadSignature for another name than its own, a stranger's or a torn one."""
    if hashlib.sha256(envelope).hexdigest() != _digest(name):
        raise BadSignature("its bytes are not those that its name stands for")
    carried_out = _digest(name) in trust.carried_out
    body = claimed_body(envelope) if carried_out else unseal(envelope, trust.operators, claimed_signer(envelope))
    try:
        takedown = Takedown(**body)
        canonical = canonical_target(takedown.kind, takedown.target)
    except (TypeError, ValueError, AttributeError) as reason:
        raise BadSignature(f"it has another shape than this version knows ({reason})") from reason
    if canonical != takedown.target or entry_key(takedown, envelope) != name:
        raise BadSignature("it lies under another name than its own")
    return takedown


def _digest(name: str) -> str:
    return name.rpartition("/")[2].removesuffix(".json")


def to_json(entry: Entry) -> dict[str, Any]:
    """Return an entry as `--json` prints it."""
    return {**asdict(entry.takedown), "entry": entry.digest, "held_by": list(entry.held_by)}
