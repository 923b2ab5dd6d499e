"""One small value that three control stores agree on, though any one of them may vanish: a CASPaxos register.

Each store holds one object, which is one acceptor: {cluster, config, p (promised), a (accepted), v (value)}, replaced
only by conditional writes. There is no server of ours. A lost answer, a late write and a repeated write that meets its
own first attempt are all just missing votes; safety never depends on telling them apart.
Source: CASPaxos, https://arxiv.org/abs/1802.07000; acceptors that are only read and written: Active Disk Paxos,
https://link.springer.com/article/10.1007/s00446-005-0123-x.
"""

import asyncio
import itertools
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import Literal, TypeAlias

from scripts.runbook.ballots import ZERO, Acceptor, AcceptorState, Ballot, Membership, Seen, Token, Value
from scripts.runbook.errors import (
    LifeboatError,
    RegisterMoved,
    StoreConflict,
    StoreUnavailable,
)
from scripts.runbook.quorum import Answers, Crowd

__all__ = [
    "ZERO", "Acceptor", "AcceptorState", "Ballot", "Change", "Outcome", "Register", "Seen", "Sighting",
    "Token", "Value",
]  # fmt: skip

Change: TypeAlias = Callable[[Value], Value | None]
"""Makes the next value from the present one, or None to leave it. May be called twice in one proposal."""

TRIES = 4
"""How often a vote is asked for again when the object changed under the write."""
ROUNDS = 3
"""How often a proposal starts again when another proposer has the higher ballot."""
GRACE_SECONDS = 0.2
"""How long a reading waits for a third store when the first two do not agree."""


@dataclass(frozen=True)
class Outcome:
    """How a proposal ended. `unknown` may still take effect later, or never."""

    verdict: Literal["committed", "aborted", "unknown"]
    value: Value | None = None

    @property
    def committed(self) -> bool:
        return self.verdict == "committed"

    @property
    def aborted(self) -> bool:
        return self.verdict == "aborted"


UNKNOWN = Outcome("unknown")


@dataclass(frozen=True)
class Sighting:
    """What a reading found."""

    value: Value | None
    committed: bool


class Rejected(LifeboatError):
    """A store has promised a higher ballot to another proposer."""


@dataclass(frozen=True)
class _Era:
    """The configuration a question is asked under: a question that outlives it must not meet the next one's stores."""

    config: int
    membership: Membership | None = None


@dataclass(frozen=True)
class _Vote:
    accepted: Ballot
    value: Value
    token: Token | None


@dataclass(frozen=True)
class _Promise:
    """A majority stands by `ballot`; stragglers go on adding their votes, and with them the tokens to write with."""

    era: _Era
    ballot: Ballot
    value: Value
    votes: Mapping[str, _Vote]

    def token(self, name: str) -> Token | None:
        vote = self.votes.get(name)
        return vote.token if vote else None


class Register:
    """One process's access to the register. `incarnation` must be random and new for each process start.

    `seen` is what an earlier process of this site remembered (`remembered`): a rollback then shows across a restart.
    `urls` names the stores for good: a newer configuration of the very same ones is followed without a restart.
    """

    def __init__(
        self,
        cluster: str,
        config: int,
        site: str,
        incarnation: str,
        acceptors: Mapping[str, Acceptor],
        timeout: float = 2.0,
        seen: Mapping[str, Seen] | None = None,
        urls: Mapping[str, str] | None = None,
    ) -> None:
        self.site, self.incarnation = site, incarnation
        self._cluster, self._urls = cluster, urls
        self._era = _Era(config)
        self._crowd = Crowd(acceptors, {name: timeout + acceptor.pace for name, acceptor in acceptors.items()})
        self._seen = dict(seen or {})
        self._faults: dict[str, str] = {}
        self._highest = max((mark.promised.number for mark in self._seen.values()), default=0)
        self._promise: _Promise | None = None
        self._turn = asyncio.Lock()
        self._attempts = itertools.count(1)

    async def propose(self, change: Change) -> Outcome:
        """Commit `change` of the present value; `aborted` carries the value that it declined.

        After a commit the promise for the next round is already there, so the next proposal is one write per store.
        Raises RegisterMoved when other stores hold the register now than those that this process knows.
        """
        async with self._turn:
            try:
                return await self._propose(change)
            except RegisterMoved as moved:
                self._adopt(moved)
                return UNKNOWN

    async def prepare(self) -> Value | None:
        """Ask for promises ahead of time, so that the next proposal is one write per store; return the value so far.

        A challenger does this once when a renewal is overdue: where Cloud Storage is needed, its one write a second
        then passes before anybody waits for it. It costs a living holder one extra round. Where a majority still stands by
        an earlier promise, nothing is written.
        """
        async with self._turn:
            try:
                if not (self._promise and await self._stands(self._promise)):
                    self._promise = await self._ask_promises()
            except RegisterMoved as moved:
                self._adopt(moved)
            return self._promise.value if self._promise else None

    async def look(self) -> Sighting:
        """Return the newest value in a majority of the stores, and whether the reading itself proves it committed.

        An uncommitted value may vanish again: fit to watch by, not to act on. The value is None without a majority.
        """
        config = self._era.config
        answers = await self._crowd.compare(
            lambda name, acceptor: self._look(name, acceptor, config), _agree, GRACE_SECONDS
        )
        try:
            self._settle(answers)
        except RegisterMoved as moved:
            self._adopt(moved)
            return await self.look()  # a command looks once: its first look must not end at an older configuration
        if not answers.enough:
            return Sighting(None, False)
        newest = max((state for state, _ in answers.good.values()), key=lambda state: state.accepted)
        return Sighting(newest.value, _agree(answers))

    async def peek(self) -> Value | None:
        """Return the newest value in a majority of the stores, committed or not, or None without a majority."""
        return (await self.look()).value

    def fresh_nonce(self) -> str:
        """Return a text that no attempt of any process has ever carried."""
        return f"{self.site}.{self.incarnation}.{next(self._attempts)}"

    @property
    def faults(self) -> Mapping[str, str]:
        """What is wrong with each store that does not count at present, in words."""
        return dict(self._faults)

    @property
    def in_reach(self) -> bool:
        """Whether a majority of the stores counts at present."""
        return self._crowd.size - len(self._faults) > self._crowd.size // 2

    @property
    def remembered(self) -> Mapping[str, Seen]:
        """The highest ballots read so far; keep them for the next process of this site."""
        return dict(self._seen)

    def abandon(self) -> None:
        """Stop waiting for stragglers, as the end of the process would."""
        self._crowd.abandon()

    @property
    def config(self) -> int:
        """The number of the configuration that this process has followed so far."""
        return self._era.config

    # -- the two phases

    async def _propose(self, change: Change) -> Outcome:
        outcome = await self._build_on_promise(change)
        if outcome:
            return outcome
        promise = await self._ask_promises()
        if promise is None:
            return UNKNOWN
        value = change(promise.value)
        if value is None:
            self._promise = promise
            return Outcome("aborted", promise.value)
        return await self._commit(promise, value) or UNKNOWN

    async def _build_on_promise(self, change: Change) -> Outcome | None:
        """Use the promise that stands, if any; None says: nothing was written, go the long way."""
        promise, self._promise = self._promise, None
        value = change(promise.value) if promise else None
        if promise is None or value is None:
            return None  # a value kept since the last round may be old: good to build on, not to decline by
        return await self._commit(promise, value)

    async def _ask_promises(self) -> _Promise | None:
        if not self._seen:
            await (
                self.peek()
            )  # a new process learns the ballots first: a rejected write would cost a second on Cloud Storage
        era = self._era
        for _ in range(ROUNDS):
            ballot = self._next_ballot()
            answers = await self._crowd.ask(
                lambda name, acceptor, ballot=ballot: self._ask_promise(name, acceptor, ballot, era.config)
            )
            self._settle(answers)
            if answers.enough:
                newest = max(tuple(answers.good.values()), key=lambda vote: vote.accepted)
                return _Promise(era, ballot, newest.value, answers.good)
            if not any(isinstance(error, Rejected) for error in answers.failed.values()):
                return None
        return None

    async def _stands(self, promise: _Promise) -> bool:
        """Say whether a majority has promised nothing to anybody since: no other value can have been committed then."""

        def agree(answers: Answers[tuple[AcceptorState, Token]]) -> bool:
            promised = [state.promised for state, _ in answers.good.values()]
            return promised.count(promise.ballot) >= answers.majority

        config = promise.era.config
        answers = await self._crowd.compare(
            lambda name, acceptor: self._look(name, acceptor, config), agree, GRACE_SECONDS
        )
        self._settle(answers)
        return agree(answers)

    async def _commit(self, promise: _Promise, value: Value) -> Outcome | None:
        """Ask all to accept; None says for sure that nobody did, so that nothing can take effect later."""
        era, next_ballot = promise.era, self._next_ballot(promise.ballot)
        state = AcceptorState(self._cluster, era.config, next_ballot, promise.ballot, value, era.membership)
        answers = await self._crowd.ask(
            lambda name, acceptor: self._ask_accept(name, acceptor, state, promise.token(name))
        )
        self._settle(answers)
        if answers.enough:
            self._promise = _Promise(promise.era, state.promised, value, answers.good)
            return Outcome("committed", value)
        refusals = [error for error in answers.failed.values() if isinstance(error, Rejected)]
        return None if len(refusals) == answers.asked else UNKNOWN

    async def _ask_promise(self, name: str, acceptor: Acceptor, ballot: Ballot, config: int) -> _Vote:
        for _ in range(TRIES):
            state, token = await self._look(name, acceptor, config)
            if state.promised > ballot:
                raise Rejected(f"{name} has promised {state.promised}")
            promised = replace(state, promised=ballot)
            if state != promised:  # else our own write of a moment ago landed though it was reported as a conflict
                try:
                    token = await acceptor.compare_and_set(token, promised)
                except StoreConflict:
                    continue
                self._remember(name, promised)
            return _Vote(state.accepted, state.value, token)
        raise StoreUnavailable(f"the object in {name} changed under each of {TRIES} writes")

    async def _ask_accept(self, name: str, acceptor: Acceptor, wanted: AcceptorState, token: Token | None) -> _Vote:
        for _ in range(TRIES):
            if token is None:
                state, token = await self._look(name, acceptor, wanted.config)
                if state.accepted == wanted.accepted:
                    # Accepted by an earlier try; the token is of use only while nobody was promised more since then.
                    return _Vote(wanted.accepted, wanted.value, token if state.promised == wanted.promised else None)
                if state.promised > wanted.accepted:
                    raise Rejected(f"{name} has promised {state.promised}")
            try:
                token = await acceptor.compare_and_set(token, wanted)
            except StoreConflict:
                token = None
                continue
            self._remember(name, wanted)
            return _Vote(wanted.accepted, wanted.value, token)
        raise StoreUnavailable(f"the object in {name} changed under each of {TRIES} writes")

    def _next_ballot(self, after: Ballot = ZERO) -> Ballot:
        self._highest = max(self._highest, after.number) + 1
        return Ballot(self._highest, self.site, self.incarnation)

    # -- one store

    async def _look(self, name: str, acceptor: Acceptor, config: int) -> tuple[AcceptorState, Token]:
        floor = self._seen.get(name, Seen())  # taken before the request: a slow answer must not look like a rollback
        state, token = await acceptor.read()
        if state.cluster != self._cluster:
            raise StoreUnavailable(
                f"the object in {name} belongs to the cluster {state.cluster!r}, not {self._cluster!r}"
            )
        if state.config > config:
            raise RegisterMoved(state.config, config, state.membership)
        if state.config < config:
            raise StoreUnavailable(f"the object in {name} is of the older configuration {state.config}")
        if state.promised < floor.promised or state.accepted < floor.accepted:
            raise StoreUnavailable(
                f"the object in {name} was rolled back to {state.promised} after {floor.promised}; re-admit the store"
            )
        self._remember(name, state)
        return state, token

    def _remember(self, name: str, state: AcceptorState) -> None:
        self._highest = max(self._highest, state.promised.number)
        if state.config != self._era.config:
            return
        known = self._seen.get(name, Seen())
        self._seen[name] = Seen(max(known.promised, state.promised), max(known.accepted, state.accepted))

    def _adopt(self, moved: RegisterMoved) -> None:
        """Go on under a newer configuration of the very same stores: one of them was re-admitted. Raises it otherwise.

        What was seen before counts no more: a re-admitted store begins with what the others had.
        """
        if moved.config <= self._era.config:
            return  # another call of this process has followed already
        if moved.membership is None or self._urls is None or dict(moved.membership.stores) != dict(self._urls):
            raise moved
        self._era, self._promise = _Era(moved.config, moved.membership), None
        self._seen, self._faults = {}, {}

    def _settle(self, answers: Answers) -> None:
        """Note which stores count, and stop when one of them belongs to a newer set."""
        for name in answers.good:
            self._faults.pop(name, None)
        for name, error in answers.failed.items():
            if isinstance(error, RegisterMoved):
                raise error
            if isinstance(error, StoreUnavailable):
                self._faults[name] = str(error)


def _agree(answers: Answers[tuple[AcceptorState, Token]]) -> bool:
    """Say whether a majority of all stores has accepted the newest ballot among the answers: its value is committed."""
    ballots = [state.accepted for state, _ in answers.good.values()]
    return ballots.count(max(ballots)) >= answers.majority
