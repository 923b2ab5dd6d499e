"""Pure: whether the platform could leave a cloud right now, line by line: what, how it stands, what to do about it."""

import enum
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field

from scripts.runbook.ballots import AcceptorState
from scripts.runbook.lease import LeaseRecord, Terms
from scripts.runbook.nameserver import Answer
from scripts.runbook.status import SiteStatus


class State(enum.IntEnum):
    """How urgent a line is; from `PRE_STAGE` on it is red."""

    GREEN = 0
    """Ready."""
    ARM = 1
    """Ready, and something will need a hand soon."""
    PRE_STAGE = 2
    """A move now would be slower, or one more loss would stop everything: mend it before it is needed."""
    GO = 3
    """Something that users count on does not hold now: act."""

    @property
    def word(self) -> str:
        return ("green", "arm", "pre-stage", "go")[self]


@dataclass(frozen=True)
class Line:
    """One thing that was looked at: `what` it is, its state, what was `seen`, and what `to_do` about it."""

    what: str
    state: State
    seen: str
    to_do: str = ""

    def to_json(self) -> dict[str, str]:
        return {"what": self.what, "state": self.state.word, "seen": self.seen, "to_do": self.to_do}


@dataclass(frozen=True)
class Seen:
    """One site's last word and its age in seconds by the stores' clocks, and why a store gave none."""

    status: SiteStatus | None
    age: float | None = None
    failures: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True)
class ReadinessFacts:
    """Everything that a reader of the control stores and of DNS can know.

    votes: each register store's state, or why it gives none. reader_ahead: seconds by which this machine's clock is ahead
    of the stores'. wanted: what the public name should point at. drill_days: since the last move or drill that ended well.
    edge_days: of the certificate at the public address; None where it is served without TLS.
    """

    sites: tuple[str, ...]
    terms: Terms
    record: LeaseRecord | None
    votes: Mapping[str, AcceptorState | str]
    seen: Mapping[str, Seen]
    reader_ahead: float | None
    names: tuple[Answer, ...]
    wanted: str | None
    drill_days: float | None
    inventory: tuple[Line, ...]
    images: Mapping[str, str]
    edge_days: float | None = None
    is_local: bool = False


def worst(lines: Iterable[Line]) -> State:
    """Return the state of the page: that of its worst line."""
    return max((line.state for line in lines), default=State.GREEN)


def is_red(lines: Iterable[Line]) -> bool:
    """Say whether the page blocks: something is to be mended before it is needed, or holds no more."""
    return worst(lines) >= State.PRE_STAGE


def graded(what: str, value: float, limits: tuple[float, float, float], seen: str, to_do: str) -> Line:
    """Return a line whose state is how many of the three rising limits a value has reached."""
    state = State(sum(value >= limit for limit in limits))
    return Line(what, state, seen, to_do if state else "")
