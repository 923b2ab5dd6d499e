"""An address that a user supplies, in every spelling that means one of our own networks to somebody on the way."""

import asyncio

import pytest

from app.errors import Unavailable, Unprocessable
from app.outgoing import Outgoing
from tests.app.conftest import Member
from tests.app.samples import PUSH_KEYS

LOOPBACK = (
    "localhost", "LOCALHOST", "127.1", "127.0.1", "2130706433", "0x7f000001", "0x7f.0.0.1", "017700000001",
    "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]", "[::ffff:7f00:1]", "[0:0:0:0:0:0:0:1]", "[64:ff9b::7f00:1]", "0", "[::]",
)  # fmt: skip
PRIVATE = (
    "10.0.0.1",
    "0xa000001",
    "192.168.1",
    "[fd00::1]",
    "[fe80::1%25eth0]",
    "169.254.169.254",
    "2852039166",
    "[fd00:ec2::254]",
)
DISGUISED = (
    "https://push.example@127.0.0.1/",
    "https://127.0.0.1\\@push.example/",
    "https://127.0.0.1#@push.example/",
    "https://push.example:443@127.0.0.1:8080/",
    "http://127.0.0.1:5432/",
    "file:///etc/passwd",
    "gopher://127.0.0.1/",
    "//127.0.0.1/",
    "https://①②⑦.⓪.⓪.①/",
    "https://127。0。0。1/",
)


def refused(url: str) -> bool:
    """Say whether a message to an address is refused: not sent to it and not answered, but refused."""
    try:
        asyncio.run(Outgoing().post(url, {}, b"x"))
    except Unprocessable:
        return True
    except Unavailable:
        return False
    return False


@pytest.mark.parametrize("host", [*LOOPBACK, *PRIVATE])
@pytest.mark.parametrize("port", ["", ":443", ":8080"])
def test_a_spelling_of_our_own_networks_is_refused(host: str, port: str) -> None:
    """It asks the resolver of this machine, which reads decimal, octal, hexadecimal and short forms, and refuses."""
    assert refused(f"https://{host}{port}/x")


@pytest.mark.parametrize("url", DISGUISED)
def test_a_disguise_is_refused(url: str) -> None:
    """It is not misled by a name before an at sign, a backslash, another scheme or other digits."""
    assert refused(url)


@pytest.mark.parametrize(
    "endpoint", ["https://127.0.0.1/x", "https://[::1]/x", "http://push.example/x", "https://a@b/x"]
)
def test_the_api_takes_no_such_address(endpoint: str, person: Member) -> None:
    """It refuses it at the door, in a sentence, and keeps nothing."""
    subscription = {"subscription": {"endpoint": endpoint, "keys": PUSH_KEYS}}

    answer = person.client.post("/api/v1/push/subscription", json=subscription)

    assert answer.status_code == 422
    assert "not the https address of a public service" in answer.json()["error"]
    assert person.client.get("/api/v1/push/subscription").status_code == 404
