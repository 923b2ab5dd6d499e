"""Who is primary, and until when: the lease rules over the register.

No clock is ever compared with another one. A holder counts its term on its own clock from BEFORE the request that
renewed it; a challenger counts on its own clock from when it FIRST SAW the newest renewal, waits longer than any holder
may count, and takes over only if exactly that renewal is still the newest. So only the rates of clocks matter.
Between providers a person's word takes over at once (mode `confirm`); then what keeps acknowledged writes is that the
standbys the old rule needs stop applying before the new primary opens.
"""

import asyncio
import random
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, replace
from typing import Any, Literal

from scripts.runbook.lease_move import Move
from scripts.runbook.lease_record import LeaseKey, LeaseRecord, Mode
from scripts.runbook.lease_terms import Terms, Watch
from scripts.runbook.register import Outcome, Register, Value
from scripts.runbook.rule import Rule, joint

__all__ = [
    "LeaseAnswer", "LeaseKey", "LeaseRecord", "LeaseSighting", "Terms", "Watch",
    "begin_migration", "change_rule", "end_migration", "finish", "is_left_half_written", "look", "read_record",
    "release", "renew", "settle", "take_over",
]  # fmt: skip

LEFT_SECONDS = 1.0
"""How long a record may be the newest without a proof before its own sites take it for left half-written."""
TAKE_OVER_TRIES = 4
"""How often a takeover whose outcome stays unknown is tried again before the caller hears so."""


@dataclass(frozen=True)
class LeaseAnswer:
    """How an act on the lease ended.

    kind: renewed (renew, settle, change_rule), won (take_over), released (release); lost: another site or epoch holds
    it, close the fence at once; refused: it may not be, and `reason` says why; unknown: it may still take effect, ask
    again.
    valid_until: seconds on the caller's clock, only with renewed and won; nothing else ever extends a term.
    record: what was committed, or what stood in the way.
    """

    kind: Literal["renewed", "won", "released", "lost", "refused", "unknown"]
    record: LeaseRecord | None = None
    valid_until: float | None = None
    reason: str = ""


async def read_record(register: Register) -> LeaseRecord | None:
    """Return the newest record that a majority of the stores shows, or None without a majority; only to watch by."""
    return (await look(register)).record


@dataclass(frozen=True)
class LeaseSighting:
    """A record as read, and whether the reading proves it committed.

    A standby stops applying, and says so, only for a committed one: its word on an epoch that vanished again would be
    taken for its word on the next epoch of the same number.
    """

    record: LeaseRecord | None
    committed: bool


async def look(register: Register) -> LeaseSighting:
    """Return the newest record that a majority of the stores shows, and whether it can be acted on."""
    sighting = await register.look()
    record = None if sighting.value is None else LeaseRecord.from_value(sighting.value)
    return LeaseSighting(record, sighting.committed)


def is_left_half_written(sighting: LeaseSighting, watch: Watch, site: str) -> bool:
    """Say whether a proposer seems to have ended before a majority had its record, and `site` is to finish it.

    Without that the register would stay as it is: nobody acts on such a record, and its holder, started again, does not
    renew it. The sites that it names are first; the others wait until a living holder would have renewed again.
    """
    record = sighting.record
    if record is None or sighting.committed:
        return False
    return watch.age >= LEFT_SECONDS if site in (record.holder, record.candidate) else watch.due


async def finish(register: Register) -> None:
    """Propose the newest record as it is; whatever comes of it, the next look tells."""
    await register.propose(lambda value: value)


async def renew(
    register: Register, site: str, epoch: int, terms: Terms, before: float, mode: Mode | None = None
) -> LeaseAnswer:
    """Renew this site's lease; `before` is the database's clock in seconds, read BEFORE this call.

    `mode`: as the platform's settings have it; None leaves it. When renewed, `record.rule` is the rule in force: a fence
    left in a joint phase may go to it.
    """
    return await _hold(register, site, epoch, terms, before, lambda record: replace(record, mode=mode or record.mode))


async def settle(register: Register, site: str, epoch: int, terms: Terms, before: float) -> LeaseAnswer:
    """Say that the move is over, and renew; from now on only the new rule counts.

    Call it only when sites that meet the new rule have confirmed everything up to the promotion: the first write
    acknowledged under it proves that.
    """
    return await _hold(
        register, site, epoch, terms, before, lambda record: replace(record, state="held", previous_rule=None)
    )


async def begin_migration(
    register: Register, site: str, epoch: int, terms: Terms, before: float, runbook: str
) -> LeaseAnswer:
    """Write into the record that this site's runbook is changing the tables of all sites; a mark of an earlier one goes.

    Refused while a move is under way.
    """

    def edit(record: LeaseRecord) -> LeaseRecord | None:
        return replace(record, migration=runbook) if record.state == "held" else None

    return await _hold(register, site, epoch, terms, before, edit)


async def end_migration(register: Register, site: str, epoch: int, terms: Terms, before: float) -> LeaseAnswer:
    """Take that mark away: from now on another site may take over again."""
    return await _hold(register, site, epoch, terms, before, lambda record: replace(record, migration=None))


async def take_over(
    register: Register,
    site: str,
    from_epoch: int,
    rule: Rule,
    terms: Terms,
    before: float,
    *,
    runbook_id: str,
    approved_by: str | None = None,
    watched: LeaseKey | None = None,
    live: tuple[str, ...] | None = None,
    over_migration: str | None = None,
    sleep: Callable[[float], Awaitable[Any]] = asyncio.sleep,
    jitter: Callable[[], float] = random.random,
) -> LeaseAnswer:
    """Win the next epoch for `site`: by a person's word, by a renewal watched until it was due, or as released to it.

    The record is then `switching` and carries the planned `rule` beside the previous one, so that the fence may open
    without another write to the register. `live` defaults to the live sites without this one. Done again with the same
    runbook_id it finds its own win. Refused: `record` names who holds the lease. `over_migration`: the migration in whose
    middle the holder fell silent; any other that stands there is of a primary that is well.
    """
    move = Move(site, from_epoch, rule, runbook_id, approved_by, watched, live, over_migration)
    for attempt in range(TAKE_OVER_TRIES):
        outcome = await register.propose(lambda value: move.next_value(value, register.fresh_nonce()))
        if outcome.verdict != "unknown":
            return _taken(move, outcome, before + terms.holder_seconds)
        if attempt + 1 < TAKE_OVER_TRIES:
            await sleep((0.01 + 0.09 * jitter()) * 2**attempt)  # two challengers must not stay in step
    return LeaseAnswer(
        "unknown", reason=f"The takeover by {site} may or may not have happened: too few control stores answered."
    )


async def release(register: Register, site: str, epoch: int, to: str) -> LeaseAnswer:
    """Hand the lease to `to`, who may then take over without waiting.

    Call it only when writes are drained, the fence is closed for good under this epoch, and `to` has the last LSN.
    """

    def change(value: Value) -> Value | None:
        record = LeaseRecord.from_value(value)
        if not _is_held_by(record, site, epoch) or record.state != "held" or record.migration:
            return None
        return replace(
            record, state="released", candidate=to, seq=record.seq + 1, nonce=register.fresh_nonce()
        ).to_value()

    outcome = await register.propose(change)
    if outcome.value is None:
        return LeaseAnswer("unknown")
    record = LeaseRecord.from_value(outcome.value)
    if (record.holder, record.epoch, record.state, record.candidate) == (site, epoch, "released", to):
        return LeaseAnswer("released", record)
    if _is_held_by(record, site, epoch):
        if record.migration:
            return LeaseAnswer("refused", record, reason=f"{site} is in the middle of {record.migration}.")
        return LeaseAnswer(
            "refused", record, reason=f"The move to {site} at epoch {epoch} is not over yet; settle it first."
        )
    return _lost(record)


async def change_rule(
    register: Register,
    site: str,
    epoch: int,
    old: Rule,
    new: Rule,
    terms: Terms,
    *,
    clock: Callable[[], Awaitable[float]],
    obey: Callable[[Rule], Awaitable[None]],
    caught_up: Callable[[Rule], Awaitable[None]],
    approved_by: str | None = None,
    live: tuple[str, ...] | None = None,
) -> LeaseAnswer:
    """Go from one rule to another with no moment at which a promotion could miss an acknowledged write.

    `obey` puts a rule into the fence row. `caught_up` returns once sites that meet the rule given to it have confirmed
    everything committed so far, transactions that began before `obey` included. `clock` reads the database's clock.
    Unless the answer is `renewed` the fence stays in the joint phase: call it again, or follow the next renewal's rule.
    """
    if new.is_single_copy and not approved_by:
        return LeaseAnswer("refused", reason="Going on with one copy alone needs a person's name.")
    await obey(joint(old, new))
    await caught_up(new)

    def edit(record: LeaseRecord) -> LeaseRecord | None:
        if record.rule not in (old, new):
            return None
        changed = replace(record, rule=new, live=record.live if live is None else live)
        return replace(changed, approved_by=approved_by) if approved_by else changed

    answer = await _hold(register, site, epoch, terms, await clock(), edit)
    if answer.kind == "renewed":
        await obey(new)
    return answer


def _taken(move: Move, outcome: Outcome, valid_until: float) -> LeaseAnswer:
    record = LeaseRecord.from_value(outcome.value)
    if outcome.committed:
        return LeaseAnswer("won", record, valid_until)
    return LeaseAnswer("refused", record, reason=move.refusal(record) or "The register changed meanwhile; look again.")


async def _hold(
    register: Register,
    site: str,
    epoch: int,
    terms: Terms,
    before: float,
    edit: Callable[[LeaseRecord], LeaseRecord | None],
) -> LeaseAnswer:
    """Commit an edit of the record that this site holds; every attempt carries a nonce of its own."""

    def change(value: Value) -> Value | None:
        record = LeaseRecord.from_value(value)
        edited = edit(record) if _is_held_by(record, site, epoch) else None
        return replace(edited, seq=record.seq + 1, nonce=register.fresh_nonce()).to_value() if edited else None

    outcome = await register.propose(change)
    if outcome.value is None:
        return LeaseAnswer("unknown", reason=f"Too few control stores answered {site}'s renewal of epoch {epoch}.")
    record = LeaseRecord.from_value(outcome.value)
    if outcome.committed:
        return LeaseAnswer("renewed", record, before + terms.holder_seconds)
    if _is_held_by(record, site, epoch):
        return LeaseAnswer(
            "refused",
            record,
            reason=f"The rule of epoch {epoch} is {record.rule.to_json()}, not what this change began with.",
        )
    return _lost(record)


def _is_held_by(record: LeaseRecord, site: str, epoch: int) -> bool:
    return (record.holder, record.epoch) == (site, epoch) and record.state != "released"


def _lost(record: LeaseRecord) -> LeaseAnswer:
    where = f"was released to {record.candidate}" if record.state == "released" else f"is held by {record.holder}"
    return LeaseAnswer("lost", record, reason=f"The lease {where} at epoch {record.epoch}.")
