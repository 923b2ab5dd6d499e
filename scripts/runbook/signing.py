"""Ed25519 envelopes: who said it, and that not a byte was changed."""

import base64
import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey, Ed25519PublicKey

from scripts.runbook.errors import BadSignature

Body = dict[str, Any]


def canonical(body: Mapping[str, Any]) -> bytes:
    """Return the one spelling of a JSON object that is signed and hashed: sorted keys, no spaces, UTF-8."""
    return json.dumps(body, sort_keys=True, separators=(",", ":"), ensure_ascii=False).encode()


@dataclass(frozen=True)
class Signer:
    """A private key and the name it signs under."""

    name: str
    key: Ed25519PrivateKey

    @classmethod
    def read(cls, name: str, path: Path) -> "Signer":
        """Read a key that `create` wrote. Raises BadSignature when the file holds no Ed25519 key, or is not there."""
        try:
            return cls.of_pem(name, path.read_bytes(), str(path))
        except OSError as reason:
            raise _no_key(str(path)) from reason

    @classmethod
    def of_pem(cls, name: str, pem: bytes, where: str) -> "Signer":
        """Take a key in PEM form. Raises BadSignature, which says where it stood, for anything but an Ed25519 key."""
        try:
            key = serialization.load_pem_private_key(pem, password=None)
        except (ValueError, TypeError) as reason:
            raise _no_key(where) from reason
        if not isinstance(key, Ed25519PrivateKey):
            raise _no_key(where)
        return cls(name, key)

    @classmethod
    def create(cls, name: str, path: Path) -> "Signer":
        """Make a key, readable by its owner alone."""
        key = Ed25519PrivateKey.generate()
        path.touch(mode=0o600)
        path.write_bytes(
            key.private_bytes(
                serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
            )
        )
        return cls(name, key)

    @property
    def public(self) -> str:
        raw = self.key.public_key().public_bytes(serialization.Encoding.Raw, serialization.PublicFormat.Raw)
        return base64.b64encode(raw).decode()

    def seal(self, body: Body) -> bytes:
        """Return the envelope: the body, the signer's name and the signature over both."""
        signature = self.key.sign(canonical({"body": body, "signer": self.name}))
        return canonical({"body": body, "signer": self.name, "signature": base64.b64encode(signature).decode()})


def unseal(envelope: bytes, public_keys: Mapping[str, str], signer: str) -> Body:
    """Return the body of an envelope that `signer` signed.

    Raises BadSignature for torn JSON, another signer, a name without a known key, or an altered byte.
    """
    try:
        sealed = json.loads(envelope)
        body, claimed, signature = sealed["body"], sealed["signer"], base64.b64decode(sealed["signature"])
        message = canonical({"body": body, "signer": claimed})
    # A store may hold anything: brackets nested too deeply to be read, or text that no encoding can write.
    except (ValueError, KeyError, TypeError, RecursionError) as reason:
        raise BadSignature(f"what claims to come from {signer} is no signed envelope ({reason})") from reason
    if base64.b64encode(signature).decode() != sealed["signature"]:
        raise BadSignature(f"what claims to come from {signer} was altered: its signature is spelled in another way")
    if claimed != signer or claimed not in public_keys:
        raise BadSignature(f"what should come from {signer} is signed by {claimed}, which is not trusted for it")
    try:
        known = Ed25519PublicKey.from_public_bytes(base64.b64decode(public_keys[claimed]))
        known.verify(signature, message)
    except InvalidSignature as reason:
        raise BadSignature(f"what claims to come from {signer} was altered or signed with another key") from reason
    return body


def claimed_signer(envelope: bytes) -> str:
    """Return who claims to have signed an envelope; nothing is verified."""
    try:
        claimed = json.loads(envelope)["signer"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return ""
    return claimed if isinstance(claimed, str) else ""


def claimed_body(envelope: bytes) -> Body:
    """Return what an envelope claims to say; nothing is verified, and anything unreadable is empty."""
    try:
        body = json.loads(envelope)["body"]
    except (ValueError, KeyError, TypeError, RecursionError):
        return {}
    return body if isinstance(body, dict) else {}


def _no_key(where: str) -> BadSignature:
    return BadSignature(f"{where} holds no Ed25519 key; make a new one and have its public key reviewed")
