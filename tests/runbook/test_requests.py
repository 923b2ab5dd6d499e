"""The operator's word: what an agent acts on, and the one sentence for everything that it does not."""

import json
from dataclasses import replace
from typing import Any

import pytest
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.runbook import requests
from scripts.runbook.errors import BadSignature, LifeboatError, RequestRefused
from scripts.runbook.lease import LeaseRecord
from scripts.runbook.requests import Request, Wish
from scripts.runbook.rule import Rule
from scripts.runbook.signing import Signer

NOW = 1_900_000_000.0
ANA = Signer("ana", Ed25519PrivateKey.from_private_bytes(b"a" * 32))
BEN = Signer("ben", Ed25519PrivateKey.from_private_bytes(b"b" * 32))
OPERATORS = {"ana": ANA.public, "ben": BEN.public}
PLAN = {"old": "aws", "new": "gcp", "followers": ["azure"], "hears": [], "evidence": ["aws last heard 9.0 s ago"]}
ASKED = Request("social", "ana", Wish("failover", "gcp"), "aws", 1, "0" * 32, NOW, NOW + 600,
                requests.hash_of_plan(PLAN))  # fmt: skip
HELD = LeaseRecord.first("aws", Rule.of("gcp", "azure"), ("gcp", "azure"))

texts = st.text(st.characters(codec="utf-8"), max_size=20)
wishes = st.builds(
    Wish, texts, texts, st.booleans(), st.none() | st.integers(0, 2**63), st.lists(texts, max_size=3).map(tuple)
)
moments = st.floats(0, 2**40, allow_nan=False)
nonces = st.text("0123456789abcdef", min_size=32, max_size=32)
asked = st.builds(Request, texts, st.just("ana"), wishes, texts, st.integers(0, 2**63), nonces, moments, moments, texts)


@given(request=asked)
@settings(deadline=None)
def test_what_was_signed_is_what_is_read(request: Request) -> None:
    """Any request goes through its envelope unchanged."""
    assert requests.read(requests.seal(request, ANA), OPERATORS, "ana") == request


@given(data=st.data())
@settings(deadline=None, max_examples=200)
def test_an_altered_byte_is_refused(data: st.DataObject) -> None:
    """Wherever it is, also in the signature's own spelling."""
    envelope = bytearray(requests.seal(ASKED, ANA))
    at = data.draw(st.integers(0, len(envelope) - 1))
    envelope[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != envelope[at]))

    with pytest.raises((BadSignature, RequestRefused)):
        requests.read(bytes(envelope), OPERATORS, "ana")


def sealed(body: object, signer: Signer = ANA) -> bytes:
    return signer.seal(body)  # type: ignore[arg-type]


def altered(**parts: Any) -> dict[str, Any]:
    return {**ASKED.to_body(), **parts}


FORGED = {
    "no JSON": (b"{", r"^what claims to come from ana is no signed envelope"),
    "signed by somebody else": (sealed(ASKED.to_body(), BEN), r"^what should come from ana is signed by ben"),
    "signed by nobody we know": (
        sealed(ASKED.to_body(), Signer("ana", Ed25519PrivateKey.generate())),
        r"^what claims to come from ana was altered or signed with another key$",
    ),
    "in another's name": (
        sealed(altered(operator="ben")),
        r"^ana signed a request of ben; an operator speaks only for",
    ),
    "a list": (sealed([]), r"^the request is no object but \[\]$|^the request is no object but nobody$"),
    "a part missing": (
        sealed({name: part for name, part in ASKED.to_body().items() if name != "nonce"}),
        r"^the request lacks or misspells nonce$",
    ),
    "a part too many": (sealed(altered(force=True)), r"^the request lacks or misspells force$"),
    "an epoch that is text": (sealed(altered(epoch="1")), r"^the request has 1 as epoch$"),
    "an epoch that is true": (sealed(altered(epoch=True)), r"^the request has True as epoch$"),
    "a nonce that is a path": (sealed(altered(nonce="../lease")), r"^the request has \.\./lease as its nonce$"),
    "a wish that is text": (sealed(altered(wish="failover")), r"^the request has failover as wish$"),
    "a wish without a site": (sealed(altered(wish={"verb": "failover"})), r"^the request has a wish that lacks or"),
    "skips that are numbers": (
        sealed(altered(wish={**ASKED.to_body()["wish"], "skips": [1]})),
        r"^the request skips something that is not text$",
    ),
}


@pytest.mark.parametrize(("envelope", "sentence"), FORGED.values(), ids=FORGED.keys())
def test_what_no_operator_signed_is_refused(envelope: bytes, sentence: str) -> None:
    """Forged, foreign or misshapen: one sentence that says which."""
    with pytest.raises(LifeboatError, match=sentence):
        requests.read(envelope, OPERATORS, "ana")


LATE = {
    "another platform": (
        replace(ASKED, cluster="other"),
        NOW,
        "the request is for the platform other, and this is social",
    ),
    "expired": (
        ASKED,
        NOW + 635,
        "the request expired 35 s ago by this site's clock: ask again, and look at the clock of the computer that signed "
        "it if this happens twice",
    ),
    "from the future": (
        ASKED,
        NOW - 90,
        "the request was signed 90 s from now by this site's clock: set the clock of the computer that signed it, then "
        "ask again",
    ),
    "good for too long": (
        replace(ASKED, expires=NOW + 6_000),
        NOW,
        "the request would be good for more than 600 s: ask again",
    ),
}


@pytest.mark.parametrize(("request_", "now", "sentence"), LATE.values(), ids=LATE.keys())
def test_a_request_out_of_place_or_time_is_refused(request_: Request, now: float, sentence: str) -> None:
    """By the agent's own clock, with the number of seconds."""
    with pytest.raises(RequestRefused) as refused:
        requests.check(request_, "social", now)

    assert str(refused.value) == sentence


@pytest.mark.parametrize("off", [-10, 0, 10])
def test_a_clock_ten_seconds_off_stops_nobody(off: float) -> None:
    """Laptops are not servers."""
    requests.check(ASKED, "social", NOW + off)


MOVED = {
    "another epoch": (
        replace(
            HELD, epoch=2, holder="azure", rule=Rule.of("gcp"), approved_by="ben", runbook_id="failover-2-to-azure-abc"
        ),
        "the request was signed under epoch 1 of aws, and azure holds epoch 2 by the word of ben "
        "(failover-2-to-azure-abc): look at the plan again",
    ),
    "another holder of the same epoch": (
        replace(HELD, holder="gcp", rule=Rule.of("azure")),
        "the request was signed under epoch 1 of aws, and gcp holds epoch 1 (no runbook named): look at the plan again",
    ),
}


@pytest.mark.parametrize(("record", "sentence"), MOVED.values(), ids=MOVED.keys())
def test_a_request_of_another_epoch_names_who_was_faster(record: LeaseRecord, sentence: str) -> None:
    """Of two operators one wins, and the other reads the winner's name."""
    with pytest.raises(RequestRefused) as refused:
        requests.check_epoch(ASKED, record)

    assert str(refused.value) == sentence
    requests.check_epoch(ASKED, HELD)


def test_the_same_plan_with_older_evidence_is_the_same_plan() -> None:
    """Ages grow from one look to the next; nothing else may differ."""
    requests.check_plan(ASKED, {**PLAN, "evidence": ["aws last heard 12.0 s ago"]})

    with pytest.raises(RequestRefused) as refused:
        requests.check_plan(ASKED, {**PLAN, "followers": []})

    assert str(refused.value) == (
        "the plan is another one by now (old aws, new gcp, followers nobody, hears nobody): look at it again"
    )


def test_two_requests_never_share_a_nonce() -> None:
    """A nonce is what a replay is known by."""
    made = [Request.make("social", "ana", ASKED.wish, "aws", 1, PLAN) for _ in range(100)]

    assert len({request.nonce for request in made}) == 100
    assert {round(request.expires - request.issued) for request in made} == {600}
    assert json.loads(requests.seal(made[0], ANA))["signer"] == "ana"
