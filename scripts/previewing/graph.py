"""The recorded resource graph of one cloud: checked, secrets hidden, and what only the provider knows named as such."""

import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

from scripts.runbook.errors import PreviewRefused

SECRET = "[secret]"  # noqa: S105  (what is shown in place of one)
UNKNOWN_ADDRESS = "‹an address›"
"""The recorder invents addresses of the range for documentation; which one it will be, nobody knows before `up`."""

COMPONENT = "lifeboat:capability:"
OUTSIDE = "site"
"""The name under which resources outside every capability are shown."""

_SECRET_FIELD = re.compile(
    r"(password|secret_?string|secret_?data|shared_?key|private_?key(_?pem)?|connection_?string|access_?key|token)$",
    re.I,
)
_SECRET_VALUE = re.compile(r"-----BEGIN [A-Z ]*PRIVATE KEY-----|://[^/\s:@]+:[^/\s@]+@")
_INVENTED_ADDRESS = re.compile(r"203\.0\.113\.1[0-4](?!\d)")


@dataclass(frozen=True)
class Resource:
    """One resource as the program registers it; `inputs` are safe to show."""

    type: str
    name: str
    parent: str
    tagged_by: str | None
    inputs: Mapping[str, Any]
    secrets: tuple[str, ...]
    property_dependencies: Mapping[str, tuple[str, ...]]
    protect: bool
    ignore_changes: tuple[str, ...]

    @property
    def place(self) -> str:
        """The short form in which other resources name this one."""
        return f"{self.type}::{self.name}"

    @property
    def is_component(self) -> bool:
        return self.type.startswith("lifeboat:")


@dataclass(frozen=True)
class Graph:
    """Everything one program registers, in a fixed order, and the site's outputs."""

    cloud: str
    resources: tuple[Resource, ...]
    outputs: Mapping[str, Any]

    @cached_property
    def parents(self) -> dict[str, str]:
        return {one.place: one.parent for one in self.resources}

    def _ancestry(self, one: Resource) -> Iterator[str]:
        place, seen = one.place, set()
        while place and place not in seen:
            yield place
            seen.add(place)
            place = self.parents.get(place, "")

    def capability_of(self, one: Resource) -> str:
        """Return the capability below which a resource lies, in lower case."""
        found = (place for place in self._ancestry(one) if place.startswith(COMPONENT))
        return next((place.removeprefix(COMPONENT).partition("::")[0].lower() for place in found), OUTSIDE)

    def identity_of(self, one: Resource) -> str:
        """Return what the engine knows a resource by: its type below the types of its parents, and its name."""
        return "$".join(reversed([place.partition("::")[0] for place in self._ancestry(one)])) + f"::{one.name}"

    @cached_property
    def provided(self) -> tuple[Resource, ...]:
        """What exists at a provider: no components of ours, no provider settings."""
        return tuple(
            one for one in self.resources if not one.is_component and not one.type.startswith("pulumi:providers:")
        )

    @cached_property
    def by_capability(self) -> dict[str, tuple[Resource, ...]]:
        found: dict[str, list[Resource]] = {}
        for one in self.provided:
            found.setdefault(self.capability_of(one), []).append(one)
        return {name: tuple(ones) for name, ones in found.items()}

    def counts(self, capability: str) -> dict[str, int]:
        """Return how many resources of each type a capability has."""
        return dict(sorted(Counter(one.type for one in self.by_capability.get(capability, ())).items()))


def read_graph(value: Any, origin: str) -> Graph:
    """Check a recording and turn it into a graph; `origin` says in a refusal where it came from.

    Raises PreviewRefused.
    """
    try:
        resources = tuple(_read_resource(one) for one in value["resources"])
        cloud, outputs = value["cloud"], value["outputs"]
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise PreviewRefused(f"The recorded graph {origin} is corrupt ({type(error).__name__}: {error}).") from error
    if not (isinstance(cloud, str) and isinstance(outputs, dict) and resources):
        raise PreviewRefused(f"The recorded graph {origin} is corrupt: it has no cloud, no outputs or no resources.")
    ordered = tuple(sorted(resources, key=lambda one: (one.type, one.name, one.parent)))
    return Graph(cloud, ordered, _hide(outputs, "", frozenset()))


def _read_resource(value: Mapping[str, Any]) -> Resource:
    secrets = tuple(sorted(map(str, value["secrets"])))
    dependencies = {name: tuple(sorted(places)) for name, places in value["property_dependencies"].items()}
    inputs = {
        name: _name_unknown(_hide(inner, name, frozenset(secrets)), dependencies.get(name, ()))
        for name, inner in sorted(value["inputs"].items())
    }
    return Resource(
        type=_text(value, "type"),
        name=_text(value, "name"),
        parent=_text(value, "parent"),
        tagged_by=value.get("tagged_by"),
        inputs=inputs,
        secrets=secrets,
        property_dependencies=dependencies,
        protect=bool(value["protect"]),
        ignore_changes=tuple(sorted(value.get("ignore_changes", ()))),
    )


def _text(value: Mapping[str, Any], key: str) -> str:
    if not isinstance(value[key], str):
        raise ValueError(f"{key} is {value[key]!r}")
    return value[key]


def _hide(value: Any, path: str, secrets: frozenset[str]) -> Any:
    """Put the mark of a secret wherever the recorder marked one, and wherever a value looks like one all the same."""
    if path in secrets:
        return SECRET
    if isinstance(value, dict):
        return {name: _hide(inner, f"{path}.{name}" if path else name, secrets) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hide(inner, f"{path}[{index}]", secrets) for index, inner in enumerate(value)]
    if isinstance(value, str) and value and (_SECRET_FIELD.search(path) or _SECRET_VALUE.search(value)):
        return SECRET
    return value


def _name_unknown(value: Any, dependencies: tuple[str, ...]) -> Any:
    """Replace what the recorder invented for another resource's output by the name of that output."""
    names = sorted({place.rpartition("::")[2] for place in dependencies}, key=lambda name: (-len(name), name))
    if not names:
        return value
    output = r"-id(?![\w-])|\.[A-Za-z]\w*(?:\[\d+\](?:\.\w+)*)?"
    return _rename(value, re.compile(f"({'|'.join(map(re.escape, names))})({output})"))


def _rename(value: Any, invented: re.Pattern[str]) -> Any:
    if isinstance(value, dict):
        return {_rename(name, invented): _rename(inner, invented) for name, inner in value.items()}
    if isinstance(value, list):
        return [_rename(inner, invented) for inner in value]
    if not isinstance(value, str):
        return value
    named = invented.sub(lambda found: f"‹{found[1]}.{found[2].lstrip('-.')}›", value)
    return _INVENTED_ADDRESS.sub(UNKNOWN_ADDRESS, named)
