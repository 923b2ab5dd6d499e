"""The operator's word: one signed object an operator in every lease store, read by every agent at the pace of the register.

An agent acts on a request only if a known operator signed it, for this platform, within its ten minutes, never before,
under the epoch that the register shows, and by exactly the plan that the agent itself makes.
"""

import asyncio
import hashlib
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.migration import Migration
from scripts.runbook.control import ControlStores
from scripts.runbook.errors import BadSignature, RequestRefused
from scripts.runbook.lease_record import LeaseRecord
from scripts.runbook.migration_bodies import bodies_of, migrations_of
from scripts.runbook.request_shape import NONCE, plain, problem_of
from scripts.runbook.signing import Body, Signer, canonical, claimed_body, unseal

LIFETIME_SECONDS = 600.0
# How far a laptop's clock may be ahead of an agent's before its requests are refused.
CLOCK_SECONDS = 60.0


@dataclass(frozen=True)
class Wish:
    """What a person wants done: the verb, the site it is about, and what the person accepts or leaves out.

    `migrations`: what `lifeboat migrate` brings, oldest first; no other verb has any.
    """

    verb: str
    to: str
    single_copy: bool = False
    accept_data_loss: int | None = None
    skips: tuple[str, ...] = ()
    migrations: tuple[Migration, ...] = ()

    def to_body(self) -> Body:
        body = {**vars(self), "skips": list(self.skips), "migrations": bodies_of(self.migrations)}
        # A version that knows no migrations takes every other request.
        return body if self.migrations else {name: part for name, part in body.items() if name != "migrations"}

    @classmethod
    def from_body(cls, body: Body) -> "Wish":
        parts: dict[str, Any] = {**body, "skips": tuple(body["skips"])}
        parts["migrations"] = migrations_of(body.get("migrations", []))
        return cls(**parts)


@dataclass(frozen=True)
class Request:
    """One signed wish. `holder` and `epoch` are what the register showed; times are seconds since 1970.

    `plan_hash`: see `hash_of_plan`; the operator agreed to this plan and to no other.
    """

    cluster: str
    operator: str
    wish: Wish
    holder: str
    epoch: int
    nonce: str
    issued: float
    expires: float
    plan_hash: str

    @classmethod
    def make(cls, cluster: str, operator: str, wish: Wish, holder: str, epoch: int, plan: Body) -> "Request":
        """Return a request that is good for ten minutes from now, with a nonce that nobody ever used."""
        now = time.time()
        return cls(cluster, operator, wish, holder, epoch, secrets.token_hex(16), now, now + LIFETIME_SECONDS,
                   hash_of_plan(plan))  # fmt: skip

    @property
    def key(self) -> str:
        return request_key(self.operator)

    def to_body(self) -> Body:
        return {**vars(self), "wish": self.wish.to_body()}

    @classmethod
    def from_body(cls, body: object) -> "Request":
        """Rebuild a request. Raises RequestRefused when a part is missing, unknown or of another kind."""
        problem = problem_of(body)
        if problem or not isinstance(body, dict):
            raise RequestRefused(f"the request {problem}")
        parts: dict[str, Any] = {**body, "wish": Wish.from_body(body["wish"])}
        return cls(**parts)


def request_key(operator: str) -> str:
    return f"requests/{operator}.json"


def hash_of_plan(plan: Body) -> str:
    """Return what an operator signs of a plan: everything that is decided in it, not the evidence, which ages."""
    decided = {name: part for name, part in plan.items() if name != "evidence"}
    return hashlib.sha256(canonical(decided)).hexdigest()


def check(request: Request, cluster: str, now: float) -> None:
    """Raise RequestRefused for a request of another platform, or outside its time by this site's clock."""
    if request.cluster != cluster:
        raise RequestRefused(f"the request is for the platform {request.cluster}, and this is {cluster}")
    if request.issued > now + CLOCK_SECONDS:
        raise RequestRefused(
            f"the request was signed {request.issued - now:.0f} s from now by this site's clock: "
            "set the clock of the computer that signed it, then ask again"
        )
    if request.expires > request.issued + LIFETIME_SECONDS:
        raise RequestRefused(f"the request would be good for more than {LIFETIME_SECONDS:g} s: ask again")
    if now > request.expires:
        raise RequestRefused(
            f"the request expired {now - request.expires:.0f} s ago by this site's clock: ask again, and look at the "
            "clock of the computer that signed it if this happens twice"
        )


def check_epoch(request: Request, record: LeaseRecord) -> None:
    """Raise RequestRefused, naming who was faster, when the register has moved on since the plan was shown."""
    if (request.holder, request.epoch) != (record.holder, record.epoch):
        by = f" by the word of {record.approved_by}" if record.approved_by else ""
        raise RequestRefused(
            f"the request was signed under epoch {request.epoch} of {request.holder}, and {record.holder} holds epoch "
            f"{record.epoch}{by} ({record.runbook_id or 'no runbook named'}): look at the plan again"
        )


def check_plan(request: Request, plan: Body) -> None:
    """Raise RequestRefused when this site, by what it knows itself, would do something else than the operator signed."""
    if hash_of_plan(plan) != request.plan_hash:
        decided = ", ".join(f"{name} {plain(part)}" for name, part in plan.items() if name != "evidence")
        raise RequestRefused(f"the plan is another one by now ({decided}): look at it again")


@dataclass(frozen=True)
class Word:
    """What lies in the stores under one operator's name: the newest request that holds, or why none does.

    `claimed`: the nonce that an object without a valid signature carries, to answer under; trust nothing else of it.
    """

    operator: str
    request: Request | None
    fault: str = ""
    claimed: str = ""


async def hear(stores: ControlStores, operators: Mapping[str, str]) -> list[Word]:
    """Read what every operator said last; an operator who never said anything is not in it."""
    words = await asyncio.gather(*(_hear_one(stores, operators, operator) for operator in operators))
    return [word for word in words if word is not None]


async def _hear_one(stores: ControlStores, operators: Mapping[str, str], operator: str) -> Word | None:
    answers = await stores.get(request_key(operator))
    copies = {envelope for envelope in answers.values.values() if envelope is not None}
    good: list[Request] = []
    bad: list[Word] = []
    for envelope in copies:
        try:
            good.append(read(envelope, operators, operator))
        except (BadSignature, RequestRefused) as refused:
            bad.append(Word(operator, None, str(refused), _claimed_nonce(envelope)))
    if good:
        return Word(operator, max(good, key=lambda request: request.issued))
    return bad[0] if bad else None


def read(envelope: bytes, operators: Mapping[str, str], operator: str) -> Request:
    """Return the request in an envelope. Raises BadSignature or RequestRefused: forged, altered, or another's."""
    request = Request.from_body(unseal(envelope, operators, operator))
    if request.operator != operator:
        raise BadSignature(f"{operator} signed a request of {request.operator}; an operator speaks only for one")
    return request


def seal(request: Request, signer: Signer) -> bytes:
    return signer.seal(request.to_body())


def _claimed_nonce(envelope: bytes) -> str:
    """Return the nonce that an untrusted envelope carries, if it has the form of one: it becomes part of a key."""
    nonce = claimed_body(envelope).get("nonce")
    return nonce if isinstance(nonce, str) and NONCE.fullmatch(nonce) else ""
