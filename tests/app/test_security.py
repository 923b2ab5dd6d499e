"""Passwords, tokens, signatures."""

import asyncio

import pytest

from app import security


def test_a_password_matches_its_hash_alone() -> None:
    """It accepts the right password, refuses another, and salts: two hashes of one password differ."""

    async def try_it() -> list[bool]:
        first, second = await security.hash_password("one"), await security.hash_password("one")
        right, wrong = await security.password_matches(first, "one"), await security.password_matches(first, "two")
        return [right, wrong, first == second, first.startswith("$argon2id$")]

    assert asyncio.run(try_it()) == [True, False, False, True]


def test_an_unknown_account_costs_the_same_work(monkeypatch: pytest.MonkeyPatch) -> None:
    """It runs one whole verification for an account that does not exist, against a hash of the same cost."""
    hashes: list[str] = []
    verify = security._verify
    monkeypatch.setattr(
        security, "_verify", lambda stored, password: (hashes.append(stored), verify(stored, password))[1]
    )

    async def try_it() -> list[bool]:
        known = await security.hash_password("one")
        return [await security.password_matches(known, "x"), await security.password_matches(None, "x")]

    assert asyncio.run(try_it()) == [False, False]
    parameters = [stored.rsplit("$", 2)[0] for stored in hashes]
    assert len(parameters) == 2
    assert parameters[0] == parameters[1]


def test_a_damaged_hash_matches_nothing() -> None:
    """It refuses instead of failing when the stored hash is not one."""
    assert asyncio.run(security.password_matches("not a hash", "x")) is False


@pytest.mark.parametrize("signed", ["", "text", "text.", ".", "text.00", "other.{}", "text.{}0"])
def test_a_foreign_or_changed_signature_is_refused(signed: str) -> None:
    """It gives nothing back for a text that was not signed with this key for this purpose."""
    signer = security.Signer("key", "session")

    assert signer.read(signed.format(signer.signature("text"))) is None
    assert security.Signer("key", "form").read(signer.sign("text")) is None
    assert signer.read(signer.sign("text")) == "text"


def test_secrets_are_long_and_kept_as_digests() -> None:
    """It makes 256 bits a secret, and the digest does not hold the secret."""
    secret = security.new_secret()

    assert len(secret) == 43
    assert len(security.digest(secret)) == 32
    assert secret.encode() not in security.digest(secret)
