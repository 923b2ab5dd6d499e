"""What a cloud double knows when it answers for one resource: the words that a `Shape` may use."""

import base64
import hashlib
import json
import secrets
import string
import uuid
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

SIGNATURE = "4dabf18193072939515e22adb298388d"
SECRET = "1b47061264138c4ac30d75fd1eb44270"
"""How Pulumi marks a secret inside a value: a mapping whose `SIGNATURE` is `SECRET` (sdk/proto/provider.proto)."""

NAMED_BY = ("name", "bucket", "identifier", "family", "secretId", "repositoryId")


@dataclass
class Account:
    """Where a double's resources lie, learned from the provider's settings; the numbers are those of documentation."""

    cloud: str
    region: str = "nowhere-1"
    project: str = "example-project"
    number: str = "000000000000"
    subscription: str = "00000000-0000-0000-0000-000000000000"
    settings: dict[str, Any] = field(default_factory=dict)

    def learn(self, settings: Mapping[str, Any]) -> None:
        """Remember a provider's settings; a second provider of the same cloud adds to the first."""
        self.settings.update(settings)
        self.region = settings.get("region") or settings.get("location") or self.region
        self.project = settings.get("project") or self.project
        self.subscription = settings.get("subscriptionId") or self.subscription
        allowed = settings.get("allowedAccountIds") or [self.number]
        self.number = (json.loads(allowed) if isinstance(allowed, str) else allowed)[0]


def plain(value: Any) -> Any:
    """Return a value as the cloud sees it: secrets unwrapped, however deep they lie."""
    if isinstance(value, Mapping):
        return (
            plain(value.get("value"))
            if value.get(SIGNATURE) == SECRET
            else {key: plain(one) for key, one in value.items()}
        )
    return [plain(one) for one in value] if isinstance(value, list) else value


def facts(
    account: Account, token: str, logical: str, inputs: Mapping[str, Any], named_by: str, serial: int
) -> dict[str, Any]:
    """Return every word about one resource; `serial` tells one that replaces another from the one before it."""
    given = plain(dict(inputs))
    seed = hashlib.sha256(f"{token} {logical} {serial}".encode()).digest()
    name = given_name(given, named_by) or f"{logical}-{seed.hex()[:7]}"
    return {
        **numbers(seed),
        **random_words(given),
        "account": account.number,
        "arn": arn(account, token, name),
        "location": given.get("location") or account.region,
        "nothing": {},
        "number": "000000000000",
        "project": account.project,
        "region": account.region,
        "serial": str(serial),
        "subscription": account.subscription,
        "tags": given.get("tags") or {},
        "tenant": "11111111-1111-1111-1111-111111111111",
        **{key: value for key, value in given.items() if value is not None},
        "name": name,
        named_by or "name": name,
    }


def given_name(given: Mapping[str, Any], named_by: str) -> str:
    """Return the name that the program gave, or nothing where it left the name to the cloud."""
    keys = (named_by,) if named_by else NAMED_BY
    return next((given[key] for key in keys if isinstance(given.get(key), str) and given[key]), "")


def arn(account: Account, token: str, name: str) -> str:
    """Return an Amazon Resource Name for a type such as `aws:iam/role:Role`."""
    service, _, kind = token.split(":")[1].partition("/")
    region = "" if service in {"iam", "cloudfront", "s3"} else account.region
    return f"arn:aws:{service}:{region}:{account.number}:{kind.lower()}/{name}"


def numbers(seed: bytes) -> dict[str, str]:
    """Return identifiers and addresses (those of RFC 5737 where they are public) that follow from a seed."""
    return {
        "hex": seed.hex()[:17],
        "hex12": seed.hex()[20:32],
        "private_address": f"10.{seed[0]}.{seed[1]}.{seed[2] % 250 + 4}",
        "public_address": f"203.0.113.{seed[3] % 250 + 2}",
        "second_public_address": f"198.51.100.{seed[3] % 250 + 2}",
        "second_uuid": str(uuid.UUID(bytes=seed[16:])),
        "uuid": str(uuid.UUID(bytes=seed[:16])),
    }


def random_words(given: Mapping[str, Any]) -> dict[str, str]:
    """Return fresh random values of the asked length, for the random provider."""
    length = int(given.get("length") or given.get("byteLength") or 8)
    alphabet = string.ascii_letters + string.digits
    value = secrets.token_bytes(length)
    return {
        "random_hex": value.hex(),
        "random_base64": base64.urlsafe_b64encode(value).decode().rstrip("="),
        "random_text": "".join(secrets.choice(alphabet) for _ in range(length)),
    }
