"""Two sets of inputs, field by field: lists keyed by name where they can be, JSON inside a string taken apart."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

ABSENT = "‹not set›"
KEYS = ("name", "key", "id", "Sid", "configurationName")
"""By which an entry of a list is known when the list moves, first that fits."""


@dataclass(frozen=True)
class Difference:
    """One field that is not the same: its path, and how both values read."""

    path: str
    before: str
    after: str


def differences(before: Mapping[str, Any], after: Mapping[str, Any]) -> tuple[Difference, ...]:
    """Return every field that differs, in the order of the paths."""
    old, new = dict(leaves(before)), dict(leaves(after))
    return tuple(
        Difference(path, old.get(path, ABSENT), new.get(path, ABSENT))
        for path in sorted(old.keys() | new.keys())
        if old.get(path, ABSENT) != new.get(path, ABSENT)
    )


def leaves(value: Any, path: str = "") -> Iterator[tuple[str, str]]:
    """Yield the path and the text of every single value, on one line each."""
    value = _opened(value)
    if isinstance(value, dict) and value:
        for name, inner in value.items():
            yield from leaves(inner, f"{path}.{name}" if path else str(name))
    elif isinstance(value, list) and any(isinstance(_opened(one), dict) for one in value):
        for name, inner in _named(value):
            yield from leaves(inner, f"{path}[{name}]")
    elif path:
        yield path, json.dumps(value, ensure_ascii=False, sort_keys=True)


def _opened(value: Any) -> Any:
    if not (isinstance(value, str) and value[:1] in ("{", "[")):
        return value
    try:
        return json.loads(value)
    except ValueError:
        return value


def _named(values: list[Any]) -> list[tuple[str, Any]]:
    for key in KEYS:
        names = [str(one[key]) if isinstance(one, dict) and key in one else "" for one in values]
        if all(names) and len(set(names)) == len(names):
            return list(zip(names, values, strict=True))
    return [(str(number), one) for number, one in enumerate(values)]


def plain_path(path: str) -> str:
    """Leave the positions in lists out of a path: how the replacements table writes it."""
    kept, depth = [], 0
    for character in path:
        depth += character == "["
        if not depth:
            kept.append(character)
        depth -= character == "]"
    return "".join(kept)


def is_within(path: str, whole: str) -> bool:
    """Say whether a path is a property or lies inside it."""
    return path == whole or path.startswith(f"{whole}.")
