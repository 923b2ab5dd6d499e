"""What one control store holds of the register, and how a process reads and replaces it."""

import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol, TypeAlias

from scripts.runbook.errors import StoreUnavailable

Value: TypeAlias = dict[str, Any]
Token: TypeAlias = Any


class Ballot(NamedTuple):
    """Names one proposal, ordered. The incarnation is new in each process, so that a restart never repeats a ballot."""

    number: int
    site: str
    incarnation: str


ZERO = Ballot(0, "", "")


@dataclass(frozen=True)
class Membership:
    """Which stores hold the register, by name and URL, and which of them came, or came back, with this configuration."""

    stores: Mapping[str, str]
    newcomer: str


@dataclass(frozen=True)
class AcceptorState:
    """What one store holds: the highest ballot promised, the highest accepted, and the value accepted with it.

    `membership` is None until the stores were changed for the first time.
    """

    cluster: str
    config: int
    promised: Ballot
    accepted: Ballot
    value: Value
    membership: Membership | None = None

    def to_json(self) -> bytes:
        """Return the object's bytes: the same state always gives the same bytes, another state never does."""
        fields: dict[str, Any] = {
            "cluster": self.cluster,
            "config": self.config,
            "p": self.promised,
            "a": self.accepted,
            "v": self.value,
        }
        if self.membership:
            fields["m"] = {"stores": dict(self.membership.stores), "newcomer": self.membership.newcomer}
        return json.dumps(fields, sort_keys=True).encode()

    @classmethod
    def from_json(cls, data: bytes) -> "AcceptorState":
        """Read an object's bytes; raises StoreUnavailable when they are not a register's."""
        try:
            fields = json.loads(data)
            members = Membership(**fields["m"]) if "m" in fields else None
            promised, accepted = Ballot(*fields["p"]), Ballot(*fields["a"])
            state = cls(fields["cluster"], fields["config"], promised, accepted, fields["v"], members)
        except (ValueError, KeyError, TypeError) as error:
            raise StoreUnavailable("the object is not a register's") from error
        if not (
            isinstance(state.config, int)
            and isinstance(state.value, dict)
            and _sound(state.promised)
            and _sound(state.accepted)
        ):
            raise StoreUnavailable("the object is not a register's")
        return state


class Acceptor(Protocol):
    """One store's object. `pace` is how many seconds a write may have to wait before it may be sent at all."""

    @property
    def pace(self) -> float: ...

    async def read(self) -> tuple[AcceptorState, Token]:
        """Return the state and the token that names it; raises StoreUnavailable, also when there is no object."""
        ...

    async def compare_and_set(self, token: Token | None, state: AcceptorState) -> Token:
        """Replace the state that `token` names (None: create).

        Raises StoreConflict when it is another one by now, StoreUnavailable on any doubt: the write may have happened.
        """
        ...


@dataclass(frozen=True)
class Seen:
    """The highest ballots ever read from one store: less than that later means that it was rolled back."""

    promised: Ballot = ZERO
    accepted: Ballot = ZERO


def _sound(ballot: Ballot) -> bool:
    return isinstance(ballot.number, int) and isinstance(ballot.site, str) and isinstance(ballot.incarnation, str)
