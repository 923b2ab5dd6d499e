"""Envelopes: what was signed comes back; what was forged, altered, foreign or torn does not."""

import base64
import json
from pathlib import Path
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec
from hypothesis import given, settings
from hypothesis import strategies as st

from scripts.runbook.errors import BadSignature
from scripts.runbook.signing import Signer, canonical, unseal

BODY = {"site": "gcp", "applied": 8_000, "slots": {"azure": {"active": True}}, "words": "fünf/Ω", "at": 0.1}
# What JSON can carry: no NaN, and no half of a surrogate pair.
TEXT = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)
LEAVES = st.none() | st.booleans() | st.integers(-(2**70), 2**70) | st.floats(allow_nan=False) | TEXT
VALUES = st.recursive(LEAVES, lambda inner: st.lists(inner, max_size=3) | st.dictionaries(TEXT, inner, max_size=3))


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys")


@pytest.fixture(scope="module")
def gcp(folder: Path) -> Signer:
    return Signer.create("gcp", folder / "gcp.pem")


@pytest.fixture(scope="module")
def azure(folder: Path) -> Signer:
    return Signer.create("azure", folder / "azure.pem")


@pytest.fixture(scope="module")
def keys(gcp: Signer, azure: Signer) -> dict[str, str]:
    return {"gcp": gcp.public, "azure": azure.public}


@given(body=st.dictionaries(TEXT, VALUES, max_size=4))
@settings(deadline=None)
def test_what_was_signed_comes_back(gcp: Signer, keys: dict[str, str], body: dict[str, Any]) -> None:
    """Any JSON object, byte for byte the same when it is signed again."""
    assert unseal(gcp.seal(body), keys, "gcp") == body


@given(data=st.data())
@settings(deadline=None)
def test_an_altered_byte_never_changes_what_is_believed(gcp: Signer, keys: dict[str, str], data: st.DataObject) -> None:
    """Whatever single byte is changed: it is refused, or (in the padding of the signature) means the same as before."""
    sealed = bytearray(gcp.seal(BODY))
    at = data.draw(st.integers(0, len(sealed) - 1))
    sealed[at] = data.draw(st.integers(0, 255).filter(lambda byte: byte != sealed[at]))

    try:
        believed = unseal(bytes(sealed), keys, "gcp")
    except BadSignature:
        return

    assert believed == BODY


def test_an_altered_number_is_refused_by_name(gcp: Signer, keys: dict[str, str]) -> None:
    """The sentence says whose word it was to be."""
    altered = gcp.seal(BODY).replace(b"8000", b"9000")

    with pytest.raises(BadSignature) as refused:
        unseal(altered, keys, "gcp")

    assert str(refused.value) == "what claims to come from gcp was altered or signed with another key"


def test_a_forged_signature_is_refused(azure: Signer, keys: dict[str, str]) -> None:
    """azure signs in the name of gcp with its own key."""
    forged = Signer("gcp", azure.key).seal(BODY)

    with pytest.raises(BadSignature, match="altered or signed with another key"):
        unseal(forged, keys, "gcp")


def test_a_good_signature_of_another_site_is_refused(azure: Signer, keys: dict[str, str]) -> None:
    """azure's own word does not count as gcp's, though its key is known."""
    with pytest.raises(BadSignature) as refused:
        unseal(azure.seal(BODY), keys, "gcp")

    assert str(refused.value) == "what should come from gcp is signed by azure, which is not trusted for it"


def test_another_name_on_a_good_envelope_is_refused(azure: Signer, keys: dict[str, str]) -> None:
    """The name is part of what is signed."""
    envelope = json.loads(azure.seal(BODY))

    with pytest.raises(BadSignature, match="altered or signed with another key"):
        unseal(canonical({**envelope, "signer": "gcp"}), keys, "gcp")


def test_a_signer_without_a_known_key_is_refused(folder: Path, keys: dict[str, str]) -> None:
    """A stranger may sign whatever it likes."""
    stranger = Signer.create("mars", folder / "mars.pem")

    with pytest.raises(BadSignature, match="signed by mars, which is not trusted"):
        unseal(stranger.seal(BODY), keys, "mars")


def test_a_torn_envelope_is_refused_wherever_it_ends(gcp: Signer, keys: dict[str, str]) -> None:
    """Every shorter beginning of it."""
    sealed = gcp.seal(BODY)

    for length in range(len(sealed)):
        with pytest.raises(BadSignature, match="no signed envelope"):
            unseal(sealed[:length], keys, "gcp")


SIGNATURE = base64.b64encode(bytes(64)).decode()
HOSTILE = {
    "a list": b"[]",
    "a number": b"17",
    "nothing": b"null",
    "no body": canonical({"signer": "gcp", "signature": SIGNATURE}),
    "a signature that is a number": canonical({"body": {}, "signer": "gcp", "signature": 5}),
    "a signature that is not base64": canonical({"body": {}, "signer": "gcp", "signature": "ä"}),
    "a short signature": canonical({"body": {}, "signer": "gcp", "signature": "AAAA"}),
    "a signer that is a list": canonical({"body": {}, "signer": ["gcp"], "signature": SIGNATURE}),
    "brackets without end": b"[" * 200_000,
    "a body of brackets": b'{"body":' + b"[" * 5_000 + b"]" * 5_000 + b',"signer":"gcp","signature":"AAAA"}',
    "half a surrogate pair": b'{"body":{"x":"\\ud800"},"signer":"gcp","signature":"AAAA"}',
    "a number without end": b'{"body":' + b"9" * 10_000 + b',"signer":"gcp","signature":"AAAA"}',
    "bytes that are no text": b"\xff\xfe\x00",
    "UTF-16": canonical({}).decode().encode("utf-16"),
}


@pytest.mark.parametrize("envelope", HOSTILE.values(), ids=HOSTILE.keys())
def test_whatever_a_store_gives_is_refused_as_a_bad_signature(keys: dict[str, str], envelope: bytes) -> None:
    """A store may hold anything at all; no content of it ends a process that only listens."""
    with pytest.raises(BadSignature):
        unseal(envelope, keys, "gcp")


def test_a_key_is_read_back_and_belongs_to_its_owner_alone(folder: Path, gcp: Signer, keys: dict[str, str]) -> None:
    """The file has mode 0600, and what the read key signs is believed."""
    again = Signer.read("gcp", folder / "gcp.pem")

    assert (folder / "gcp.pem").stat().st_mode & 0o777 == 0o600
    assert again.public == gcp.public
    assert unseal(again.seal(BODY), keys, "gcp") == BODY


def test_a_file_without_an_ed25519_key_is_refused(tmp_path: Path) -> None:
    """Another kind of key, a file that holds none, and no file: each is one sentence with the path in it."""
    other = ec.generate_private_key(ec.SECP256R1())
    pem = (serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption())
    (tmp_path / "curve.pem").write_bytes(other.private_bytes(*pem))
    (tmp_path / "junk.pem").write_text("no key at all")

    for name in ("curve", "junk", "absent"):
        with pytest.raises(BadSignature, match=rf"^{tmp_path}/{name}\.pem holds no Ed25519 key"):
            Signer.read("gcp", tmp_path / f"{name}.pem")


def test_a_body_has_one_spelling() -> None:
    """The order in which a dictionary was filled does not show."""
    assert canonical({"b": 1, "a": [1, "ä"]}) == canonical({"a": [1, "ä"], "b": 1}) == '{"a":[1,"ä"],"b":1}'.encode()
