"""What a rule looks at: the resources of one site, no matter whether they were recorded or come from the engine."""

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

CLOUD_OF_PACKAGE = {"aws": "aws", "gcp": "gcp", "azure-native": "azure"}


class Unknown:
    """Stands for a value that nobody knows before `up`; the engine's preview has some, a recording has none."""

    def __repr__(self) -> str:
        return "‹not known before up›"


UNKNOWN = Unknown()


@dataclass(frozen=True)
class Resource:
    """One resource: its inputs, Pulumi's own protection, and which input comes from which other resources."""

    type: str
    name: str
    inputs: Mapping[str, Any] = field(default_factory=dict)
    protect: bool = False
    needs: Mapping[str, tuple[str, ...]] = field(default_factory=dict)

    @property
    def place(self) -> str:
        """The short form in which other resources name this one."""
        return f"{self.type}::{self.name}"

    def at(self, path: str) -> list[Any]:
        """Return what stands at a dotted path; a list on the way means every entry of it."""
        found: list[Any] = [self.inputs]
        for part in path.split("."):
            found = list(_inside(found, part))
        return found


def _inside(values: list[Any], part: str) -> Iterator[Any]:
    for value in values:
        for one in value if isinstance(value, list) else [value]:
            if one is UNKNOWN:
                yield one
            elif isinstance(one, Mapping) and one.get(part) is not None:
                yield one[part]


@dataclass(frozen=True)
class Estate:
    """All resources of one site."""

    resources: tuple[Resource, ...]

    @cached_property
    def cloud(self) -> str:
        """The cloud whose resources these are; "" where there are none."""
        packages = (one.type.partition(":")[0] for one in self.resources)
        return next((CLOUD_OF_PACKAGE[name] for name in packages if name in CLOUD_OF_PACKAGE), "")

    def of(self, *types: str) -> list[Resource]:
        """Return the resources of some types."""
        return [one for one in self.resources if one.type in types]

    def has(self, capability: str) -> bool:
        """Say whether the site has a capability at all, by the class name of its component."""
        return any(one.type == f"lifeboat:capability:{capability}" for one in self.resources)

    def about(self, one: Resource, kind: str, through: str) -> list[Resource]:
        """Return the resources of a type that point to another one by an input."""
        return [other for other in self.of(kind) if one.place in other.needs.get(through, ())]

    def behind(self, one: Resource, through: str, kind: str) -> list[Resource]:
        """Return the resources of a type to which an input of another one points."""
        return [other for other in self.of(kind) if other.place in one.needs.get(through, ())]


def read_recording(recording: Mapping[str, Any]) -> Estate:
    """Turn what `python -m infra.record` printed into an estate. Raises KeyError and TypeError for anything else."""
    return Estate(
        tuple(
            Resource(
                type=one["type"],
                name=one["name"],
                inputs=one["inputs"],
                protect=one["protect"],
                needs={name: tuple(places) for name, places in one["property_dependencies"].items()},
            )
            for one in recording["resources"]
        )
    )
