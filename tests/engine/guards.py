"""What stands between a resource and its deletion: the cloud's own protection, not Pulumi's `protect`."""

from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from tests.engine.facts import plain

if TYPE_CHECKING:
    from tests.engine.estate import Held

SWITCHES = (
    "deletionProtection",
    "deletionProtectionEnabled",
    "enableDeletionProtection",
    "settings.deletionProtectionEnabled",
)

GUARDED_BY_DEFAULT = {
    "gcp:cloudrunv2/service:Service": "deletionProtection",
    "gcp:cloudrunv2/workerPool:WorkerPool": "deletionProtection",
    "gcp:sql/databaseInstance:DatabaseInstance": "deletionProtection",
}
"""Types that are guarded unless the program says otherwise (the argument's own text in pulumi-gcp 10.2)."""

LOCK = "azure-native:authorization:ManagementLockByScope"


def guarded(token: str, identifier: str, inputs: Mapping[str, Any], held: Mapping[tuple[str, str], "Held"]) -> str:
    """Return why a resource must not be deleted, as one sentence, or nothing where it may."""
    given = plain(inputs)
    for switch in SWITCHES:
        if value(given, switch, GUARDED_BY_DEFAULT.get(token) == switch) is True:
            return f"{identifier} cannot be deleted while its {switch} is on: switch it off first."
    if given.get("deletionPolicy") == "PREVENT":
        return f"{identifier} cannot be deleted while its deletionPolicy is PREVENT."
    if token != LOCK and (lock := lock_over(identifier, held)):
        return f"{identifier} cannot be deleted while the lock {lock} stands: remove the lock first."
    return ""


def value(given: Mapping[str, Any], path: str, default: bool) -> Any:
    """Return the value at a dotted path of the inputs."""
    here: Any = given
    for part in path.split("."):
        here = here.get(part) if isinstance(here, Mapping) else None
    return default if here is None else here


def lock_over(identifier: str, held: Mapping[tuple[str, str], "Held"]) -> str:
    """Return the lock whose scope covers a resource of Azure, if there is one."""
    for (token, lock), each in held.items():
        scope = str(plain(each.inputs).get("scope", ""))
        if token == LOCK and scope and (identifier == scope or identifier.startswith(f"{scope}/")):
            return lock
    return ""
