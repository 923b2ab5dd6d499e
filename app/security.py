"""Passwords, tokens and signatures. A secret is shown once and kept as a digest only."""

import asyncio
import base64
import hashlib
import hmac
import secrets
from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError
from cryptography.fernet import Fernet

# argon2id with the first parameters of OWASP's password storage cheat sheet: 19 MiB, 2 passes, 1 lane.
_hasher = PasswordHasher(time_cost=2, memory_cost=19 * 1024, parallelism=1)
_hashing = asyncio.Semaphore(4)  # bounds the memory of a wave of log-ins


async def hash_password(password: str) -> str:
    """Hash a password with a fresh salt, outside the event loop."""
    async with _hashing:
        return await asyncio.to_thread(_hasher.hash, password)


async def password_matches(password_hash: str | None, password: str) -> bool:
    """Compare a password; for an unknown account (None) the same work is done, so the time tells nothing."""
    async with _hashing:
        matches = await asyncio.to_thread(_verify, password_hash or _nobody(), password)
    return matches and password_hash is not None


def new_secret() -> str:
    """Make 256 random bits as URL-safe text: a token, a client secret, a code."""
    return secrets.token_urlsafe(32)


def digest(secret: str) -> bytes:
    """Give what is stored of a secret. SHA-256 suffices: the secret has 256 random bits, there is nothing to guess."""
    return hashlib.sha256(secret.encode()).digest()


def same(left: bytes | str, right: bytes | str) -> bool:
    """Compare two secrets in a time that does not depend on where they differ."""
    return hmac.compare_digest(_bytes(left), _bytes(right))


class Signer:
    """Signs short texts with the site's secret key; every purpose has a key of its own."""

    def __init__(self, secret_key: str, purpose: str) -> None:
        self._key = hmac.digest(secret_key.encode(), f"lifeboat {purpose}".encode(), "sha256")

    def signature(self, text: str) -> str:
        """Give the signature of a text, as hexadecimal."""
        return hmac.digest(self._key, text.encode(), "sha256").hex()

    def sign(self, text: str) -> str:
        """Give the text with its signature behind a dot."""
        return f"{text}.{self.signature(text)}"

    def read(self, signed: str) -> str | None:
        """Give the text back, or None when it was not signed here."""
        text, _, signature = signed.rpartition(".")
        return text if text and same(signature, self.signature(text)) else None


class Sealer:
    """Encrypts what has to be read again, such as the secret of an authenticator app, with the site's secret key."""

    def __init__(self, secret_key: str) -> None:
        self._fernet = Fernet(base64.urlsafe_b64encode(hmac.digest(secret_key.encode(), b"lifeboat seal", "sha256")))

    def seal(self, secret: bytes) -> bytes:
        """Give what is stored of a secret."""
        return self._fernet.encrypt(secret)

    def open(self, sealed: bytes) -> bytes:
        """Give a secret back; raises InvalidToken when it was sealed with another key."""
        return self._fernet.decrypt(sealed)


@cache
def _nobody() -> str:
    return _hasher.hash(secrets.token_hex(16))


def _verify(password_hash: str, password: str) -> bool:
    try:
        return _hasher.verify(password_hash, password)
    except (VerificationError, InvalidHashError):
        return False


def _bytes(value: bytes | str) -> bytes:
    return value.encode() if isinstance(value, str) else value
