"""How the clouds are asked what all three must have."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any


class Present:
    """Stands for any value that is not empty."""


PRESENT = Present()


@dataclass(frozen=True)
class Ask:
    """Look at one input of every resource of a type in the row's capability; `ending` narrows by name.

    Parts of the path are joined by dots; a list on the way means every entry. `unit` turns the value into the row's.
    """

    type: str
    path: str
    wanted: Any = PRESENT
    ending: str = ""
    unit: str = "number"


@dataclass(frozen=True)
class Promise:
    """Something that every asked resource must keep."""

    capability: str
    aspect: str
    asks: Mapping[str, tuple[Ask, ...]]


@dataclass(frozen=True)
class Amount:
    """A number that must be the same in every cloud; several asks of one cloud add up."""

    capability: str
    aspect: str
    asks: Mapping[str, tuple[Ask, ...]]
