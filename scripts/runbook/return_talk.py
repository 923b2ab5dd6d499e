"""What a returning site and the primary say to each other: an ask and its answer, signed, through the control stores."""

import dataclasses
import secrets
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, TypeVar

from pydantic import TypeAdapter, ValidationError

from scripts.runbook.control import ControlStores
from scripts.runbook.errors import BadSignature
from scripts.runbook.pgoutput import Key, Values
from scripts.runbook.signing import Signer, unseal

# An older ask is nobody's any more: whoever keeps a copy of one cannot use it again.
ASK_SECONDS = 600.0

Talk = TypeVar("Talk")


@dataclass(frozen=True)
class AskedTable:
    """Rows of one table that a site alone changed. `held`: what those that it still has hold in unique columns."""

    key_columns: tuple[str, ...]
    columns: tuple[str, ...]
    keys: tuple[Key, ...]
    held: tuple[tuple[Key, Values], ...] = ()


@dataclass(frozen=True)
class Ask:
    """A site wants to follow `primary` at `epoch`.

    `applied`: how far it has the log of the site that the primary took over from (bytes); None when it was that site.
    `copy`: it will copy everything, so its slot is of no use any more. `at`: seconds since 1970.
    """

    site: str
    primary: str
    epoch: int
    nonce: str
    at: float
    applied: int | None
    copy: bool = False
    tables: Mapping[str, AskedTable] = field(default_factory=dict)

    @classmethod
    def of(cls, site: str, primary: str, epoch: int, applied: int | None, **more: Any) -> "Ask":
        return cls(site, primary, epoch, secrets.token_hex(8), time.time(), applied, **more)


@dataclass(frozen=True)
class AnsweredTable:
    """The primary's rows, each with its key as PostgreSQL's own JSON, and what it did to which of them since the fork.

    `own_taken`: it gave a unique value that the asking site has in such a row to another one before it changed that row;
    `newest_taken`: the same of a unique value that the row has now.
    """

    rows: tuple[tuple[Key, str], ...]
    created: tuple[Key, ...]
    changed: tuple[Key, ...] = ()
    rekeyed: tuple[Key, ...] = ()
    own_taken: tuple[Key, ...] = ()
    newest_taken: tuple[Key, ...] = ()


@dataclass(frozen=True)
class Answer:
    """The primary's word: why only a copy would do, or its rows; its slot then stands where the site must go on."""

    site: str
    nonce: str
    refusal: str = ""
    tables: Mapping[str, AnsweredTable] = field(default_factory=dict)


_asks, _answers = TypeAdapter(Ask), TypeAdapter(Answer)


async def say(stores: ControlStores, signer: Signer, key: str, talk: Ask | Answer) -> None:
    await stores.put(key, signer.seal(dataclasses.asdict(talk)))


def ask_key(site: str) -> str:
    return f"requests/return/{site}.ask.json"


def answer_key(site: str) -> str:
    return f"requests/return/{site}.answer.json"


async def hear_ask(stores: ControlStores, public_keys: dict[str, str], site: str) -> Ask | None:
    """Return a site's newest ask that is young enough to count."""
    found = [ask for ask in await _hear(stores, public_keys, ask_key(site), site, _asks) if ask.site == site]
    newest = max(found, key=lambda ask: ask.at, default=None)
    return newest if newest and abs(time.time() - newest.at) < ASK_SECONDS else None


async def hear_answer(stores: ControlStores, public_keys: dict[str, str], ask: Ask) -> Answer | None:
    """Return the primary's answer to exactly this ask."""
    found = await _hear(stores, public_keys, answer_key(ask.site), ask.primary, _answers)
    return next((answer for answer in found if answer.nonce == ask.nonce), None)


async def _hear(
    stores: ControlStores, public_keys: dict[str, str], key: str, signer: str, kind: TypeAdapter[Talk]
) -> list[Talk]:
    """Read an object from every store; one that is torn, altered or another site's is as good as none."""
    found: list[Talk] = []
    for envelope in (await stores.get(key)).values.values():
        try:
            if envelope is not None:
                found.append(kind.validate_python(unseal(envelope, public_keys, signer)))
        except (BadSignature, ValidationError):
            continue
    return found
