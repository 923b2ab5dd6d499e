"""The operators' Ed25519 keys: the private one on its owner's computer alone, the public one in the reviewed file."""

import getpass
import json
import os
import re
from pathlib import Path

from scripts.runbook.errors import BadOperator, NoOperator
from scripts.runbook.signing import Signer
from scripts.runbook.sites import Platform

_NAME = re.compile("[a-z][a-z0-9-]{0,30}")


def add(platform: Platform, name: str) -> Signer:
    """Make a key for an operator on this computer, and name its public half in platform.json.

    Raises BadOperator for a name that is taken, a site's, or not plain lower case.
    """
    if not _NAME.fullmatch(name):
        raise BadOperator(f"{name!r} is no operator's name: up to 31 lower-case letters, digits and hyphens.")
    if name in platform.sites:
        raise BadOperator(f"{name} is a site of this platform: an operator needs another name.")
    if name in platform.operators():
        raise BadOperator(f"There is an operator {name} already: remove that one first if its key is lost.")
    path = platform.operator_key(name)
    if path.exists():
        raise BadOperator(f"{path} is there already, and nobody trusts it: move it away, then add {name} again.")
    path.parent.mkdir(parents=True, exist_ok=True)
    signer = Signer.create(name, path)
    _write(platform, {**platform.operators(), name: signer.public})
    return signer


def remove(platform: Platform, name: str) -> None:
    """Trust an operator no more. Raises BadOperator for one that is not there, or the last one."""
    left = platform.operators()
    if left.pop(name, None) is None:
        raise BadOperator(f"There is no operator {name}; there is {', '.join(platform.operators()) or 'nobody'}.")
    if not left:
        raise BadOperator(f"{name} is the last operator: add another one first, or nobody can say a word.")
    _write(platform, left)


def keys_here(platform: Platform) -> list[str]:
    """Return the operators whose private key lies on this computer."""
    return [name for name in platform.operators() if platform.operator_key(name).is_file()]


def signer_here(platform: Platform, name: str | None = None) -> Signer:
    """Return the key of the operator who sits here; `name` where there are several.

    Raises NoOperator when there is none, or it is not clear which, and BadSignature for a file that is no key.
    """
    here = keys_here(platform)
    if name is None:
        own = person_here()
        name = own if own in here else here[0] if len(here) == 1 else None
    if name is None:
        several = f"holds the keys of {', '.join(here)}: say which with --as NAME" if here else NO_KEY
        raise NoOperator(f"This computer {several}.")
    if name not in here:
        raise NoOperator(f"This computer holds no key of an operator {name} that the platform knows.")
    return Signer.read(name, platform.operator_key(name))


NO_KEY = (
    "holds no operator's key, and only an operator's word moves anything: make one with `lifeboat operator add NAME`, "
    "and have its public key reviewed"
)


def person_here() -> str:
    """Return the name of whoever uses this computer, in the form of an operator's name."""
    try:
        name = getpass.getuser()
    except (KeyError, OSError):
        name = f"uid-{os.getuid()}"
    plain = re.sub("[^a-z0-9-]", "-", name.lower()).lstrip("-0123456789")[:31]
    return plain or "operator"


def _write(platform: Platform, operators: dict[str, str]) -> None:
    """Replace the operators in platform.json at once: an agent may read it at any moment."""
    path: Path = platform.folder / "platform.json"
    shared = json.loads(path.read_text())
    partial = path.with_suffix(".new")
    partial.write_text(json.dumps({**shared, "operators": operators}, indent=1))
    partial.replace(path)
