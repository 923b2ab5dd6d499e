"""What each site says of itself, once a second, signed, in every control store that answers."""

import dataclasses
from dataclasses import dataclass, field
from typing import Any, Literal

from scripts.runbook.control import Answers, ControlStores
from scripts.runbook.errors import BadSignature
from scripts.runbook.health import Health
from scripts.runbook.signing import Signer, unseal

Role = Literal["primary", "standby", "fenced"]


@dataclass(frozen=True)
class SlotStatus:
    """A slot as its site sees it: read right now, confirmed up to (bytes), log held for it (bytes), the server's word."""

    active: bool
    confirmed: int
    retained_bytes: int
    wal_status: str


@dataclass(frozen=True)
class RunStatus:
    """The runbook that a site's agent is in the middle of, on whose word, and the nonce that it is answered under."""

    runbook: str
    verb: str
    to: str
    approved_by: str | None
    nonce: str


@dataclass(frozen=True)
class TookOverStatus:
    """From whom the primary took over under its epoch, and how far it had that site's log (bytes)."""

    site: str
    position: int


@dataclass(frozen=True)
class SiteStatus:
    """One site's word on itself.

    `applied`: how far it has applied the log of the primary it follows, in bytes. `applying`: whether more may come.
    `log`: the end of its own log, in bytes. `prepared`: the sites whose slot here stands ready under `epoch`.
    `took_over`: how the primary became it. `table_bytes`: what a copy of this site's replicated tables would read.
    `looks`: the count that its agent keeps in its database; less than before means that the database went back.
    `at`: seconds since 1970 by the site's own clock. `sequence` grows by one with each status of one agent process.
    """

    site: str
    started: str
    sequence: int
    at: float
    epoch: int
    holder: str
    role: Role
    writable: bool
    applying: bool
    following: str | None
    following_epoch: int
    applied: int
    log: int
    database_host: str
    database_port: int
    prepared: tuple[str, ...] = ()
    slots: dict[str, SlotStatus] = field(default_factory=dict)
    store_failures: dict[str, str] = field(default_factory=dict)
    running: RunStatus | None = None
    alarms: tuple[str, ...] = ()
    health: Health | None = None
    took_over: TookOverStatus | None = None
    table_bytes: int = 0
    looks: int = 0

    def to_body(self) -> dict[str, Any]:
        return dataclasses.asdict(self)

    @classmethod
    def from_body(cls, body: dict[str, Any]) -> "SiteStatus":
        """Rebuild a status: parts that a newer version added are passed over, those that an older one lacks are empty.

        Sites are deployed one after the other, and must hear each other all the while. Raises BadSignature when a signed
        body lacks something else.
        """
        if not isinstance(body, dict):
            raise BadSignature(f"a signed status is no object but {str(body)[:40]!r}")
        try:
            known = {one.name for one in dataclasses.fields(cls)}
            parts: dict[str, Any] = {name: part for name, part in body.items() if name in known}
            parts["slots"] = {name: SlotStatus(**slot) for name, slot in body["slots"].items()}
            parts["prepared"], parts["alarms"] = tuple(body["prepared"]), tuple(body.get("alarms", ()))
            parts["health"] = Health.from_body(body.get("health"))
            parts["running"] = RunStatus(**body["running"]) if body.get("running") else None
            parts["took_over"] = TookOverStatus(**body["took_over"]) if body.get("took_over") else None
            return cls(**parts)
        except (TypeError, KeyError, AttributeError) as reason:
            raise BadSignature(
                f"a status of {body.get('site', 'a site')} has another shape than this version knows ({reason})"
            ) from reason


def status_key(site: str) -> str:
    return f"status/{site}.json"


async def publish(stores: ControlStores, signer: Signer, status: SiteStatus) -> Answers:
    """Write a status to every store; the answers say which took it."""
    return await stores.put(status_key(status.site), signer.seal(status.to_body()))


@dataclass(frozen=True)
class Heard:
    """The newest status of a site that could be read, and what was wrong with each store that gave none."""

    status: SiteStatus | None
    failures: dict[str, str]


async def hear(stores: ControlStores, public_keys: dict[str, str], site: str) -> Heard:
    """Read a site's status from every store and return the newest one whose signature holds."""
    answers = await stores.get(status_key(site))
    found: list[SiteStatus] = []
    failures = dict(answers.failures)
    for store, envelope in answers.values.items():
        try:
            if envelope is not None:
                found.append(_own_word(SiteStatus.from_body(unseal(envelope, public_keys, site)), site))
        except BadSignature as refused:
            failures[store] = str(refused)
    newest = max(found, key=lambda status: (status.at, status.sequence)) if found else None
    return Heard(newest, failures)


def _own_word(status: SiteStatus, signer: str) -> SiteStatus:
    """Return the status unless it is about another site than the one whose key signed it."""
    if status.site != signer:
        raise BadSignature(f"{signer} signed a status of {status.site}; a site speaks only for itself")
    return status
