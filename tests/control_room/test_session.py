"""Who may open the room: the link works once, a form must prove itself, and no other name may point here."""

import pytest

from scripts.control_room.session import Session, content_security_policy, is_loopback_name


def test_the_link_works_once() -> None:
    """The right token opens the room one time; a wrong one never does and does not use it up."""
    session = Session()
    token = session.token or ""

    assert [session.redeem("another"), session.redeem(token), session.redeem(token)] == [False, True, False]


def test_cookies_and_proofs_are_of_one_room() -> None:
    """Another room's cookie and proof are worth nothing here, and the proof does not tell the cookie."""
    here, there = Session(), Session()

    assert here.knows(here.cookie)
    assert here.proves(here.proof)
    assert not here.knows(there.cookie)
    assert not here.knows(None)
    assert not here.proves(there.proof)
    assert here.cookie not in here.proof


@pytest.mark.parametrize(
    ("host", "ours"),
    [
        ("127.0.0.1:8090", True), ("localhost:8090", True), ("room.social.localhost:8090", True), ("[::1]:8090", True),
        ("evil.example:8090", False), ("localhost.evil.example", False), ("", False), ("127.0.0.1.evil.example:80", False),
    ],
)  # fmt: skip
def test_only_this_machines_names_are_answered(host: str, ours: bool) -> None:
    """A name that somebody pointed at this machine is not answered."""
    assert is_loopback_name(host) is ours


def test_the_policy_lets_nothing_foreign_run() -> None:
    """Scripts and styles come from the room alone, and nobody may show the room in a frame."""
    policy = content_security_policy("http://social.localhost:8080")

    assert "script-src 'self';" in policy
    assert "unsafe" not in policy
    assert "frame-ancestors 'none'" in policy
