"""What a history is made of: every operation of every client, with its start, its end and how it ended.

Times are seconds on one monotonic clock that all clients of a history share.
"""

import json
import math
from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

Ending: TypeAlias = Literal["ok", "refused", "unknown"]
"""ok: the client was told that it is saved. refused: that it is not. unknown: neither, it may take effect at any time."""


@dataclass(frozen=True)
class Add:
    """A post of one session: `element` is its text, which no other has; `made` and `site` are what the answer named."""

    session: str
    key: str
    element: str
    start: float
    end: float
    ending: Ending
    made: str = ""
    site: str = ""


@dataclass(frozen=True)
class Remove:
    """A deletion of a post."""

    session: str
    element: str
    start: float
    end: float
    ending: Ending


@dataclass(frozen=True)
class Read:
    """A reading that had an answer: which elements it would have shown, and every copy that it did show."""

    session: str
    asked: frozenset[str]
    found: tuple[str, ...]
    start: float
    end: float
    at_primary: bool = True


@dataclass(frozen=True)
class TakeOver:
    """A site's wish to begin an epoch."""

    epoch: int
    holder: str
    start: float
    end: float
    ending: Ending


@dataclass(frozen=True)
class Sight:
    """Who was seen to hold which epoch: what the register or the app itself said."""

    epoch: int
    holder: str
    start: float
    end: float


Operation: TypeAlias = Add | Remove | Read | TakeOver | Sight


@dataclass
class History:
    """Everything that clients did and were told, in the order in which it ended."""

    adds: list[Add] = field(default_factory=list)
    removes: list[Remove] = field(default_factory=list)
    reads: list[Read] = field(default_factory=list)
    takeovers: list[TakeOver] = field(default_factory=list)
    sights: list[Sight] = field(default_factory=list)

    @classmethod
    def of(cls, operations: Iterable[Operation]) -> "History":
        history = cls()
        for operation in operations:
            history.note(operation)
        return history

    def note(self, operation: Operation) -> None:
        """Take in one operation."""
        lists = {
            Add: self.adds,
            Remove: self.removes,
            Read: self.reads,
            TakeOver: self.takeovers,
            Sight: self.sights,
        }
        lists[type(operation)].append(operation)

    @property
    def acknowledged(self) -> list[Add]:
        """The posts whose authors were told that they are saved."""
        return [add for add in self.adds if add.ending == "ok"]

    @property
    def unknown(self) -> list[Add]:
        """The posts of which nobody was told anything."""
        return [add for add in self.adds if add.ending == "unknown"]

    def save(self, path: Path) -> None:
        """Write one JSON line an operation, to look at a violation later."""
        lists = (self.adds, self.removes, self.reads, self.takeovers, self.sights)
        lines = [
            json.dumps({"kind": type(one).__name__, **asdict(one)}, default=sorted)
            for several in lists
            for one in several
        ]
        path.write_text("".join(f"{line}\n" for line in lines))


def effect_by(operation: Add | Remove | TakeOver) -> float:
    """Return when an operation has taken effect at the latest: at its end, or never for certain when it is unknown."""
    return operation.end if operation.ending == "ok" else math.inf
