"""What an agent answers to a request, signed, in every lease store: that it took it on, and how it ended."""

import asyncio
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Literal

from scripts.runbook.control import ControlStores
from scripts.runbook.errors import BadSignature
from scripts.runbook.signing import Body, Signer, unseal

Kind = Literal["accepted", "ready", "ended", "replayed"]

# How much of the nonce is in an answer's name: as many names as these hexadecimal digits tell apart.
SLOT_DIGITS = 2


@dataclass(frozen=True)
class Answer:
    """One site's word on one request.

    kind: accepted (the runbook begins, by `plan`); ready (a site has done its part of a migration that others wait for,
    and its log was that long then: `log`, bytes); ended (`done`, or the sentence that stopped or refused it);
    replayed (an old request lay there once more and was left alone). `records`: how many journal records the run wrote.
    """

    site: str
    nonce: str
    kind: Kind
    done: bool = False
    sentence: str = ""
    runbook: str = ""
    records: int = 0
    plan: Body = field(default_factory=dict)
    log: int = 0
    at: float = field(default_factory=time.time)

    @property
    def key(self) -> str:
        return answer_key(self.nonce, self.site, self.kind)


def answer_key(nonce: str, site: str, kind: Kind) -> str:
    """Return where an answer lies, below the one prefix that every agent may write everywhere.

    No agent may delete, so the names are few and come again: an answer is overwritten once 256 requests later, on average,
    and one under another nonce is none.
    """
    return f"requests/answers/{nonce[:SLOT_DIGITS]}/{site}-{kind}.json"


async def publish(stores: ControlStores, signer: Signer, answer: Answer) -> None:
    """Write an answer to every store that answers."""
    # A version that knows no migrations understands every answer but those of one.
    body = {name: part for name, part in vars(answer).items() if name != "log" or part}
    await stores.put(answer.key, signer.seal(body))


async def hear(
    stores: ControlStores, public_keys: Mapping[str, str], nonce: str, site: str, kind: Kind
) -> Answer | None:
    """Return a site's answer, or None while no store holds one to this request whose signature holds."""
    answers = await stores.get(answer_key(nonce, site, kind))
    for envelope in answers.values.values():
        try:
            if envelope is not None:
                return _own_word(unseal(envelope, public_keys, site), nonce, site, kind)
        except BadSignature:
            continue  # another store may hold the true one; without any, the operator is told that nobody answers
    return None


async def hear_outcome(
    stores: ControlStores, public_keys: Mapping[str, str], nonce: str, site: str
) -> tuple[Answer | None, Answer | None]:
    """Return whether a site took a request on, and how it ended."""
    accepted, ended = await asyncio.gather(
        hear(stores, public_keys, nonce, site, "accepted"), hear(stores, public_keys, nonce, site, "ended")
    )
    return accepted, ended


def _own_word(body: Body, nonce: str, site: str, kind: Kind) -> Answer:
    try:
        answer = Answer(**body)
    except TypeError as reason:
        raise BadSignature(f"an answer of {site} has another shape than this version knows ({reason})") from reason
    if (answer.nonce, answer.site, answer.kind) != (nonce, site, kind):
        raise BadSignature(f"an answer of {site} lies where another one belongs")
    return answer
