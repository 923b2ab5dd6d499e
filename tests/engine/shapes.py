"""How the tables of invented outputs are written: one `Shape` a resource type."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class Shape:
    """What a cloud answers for one type; `{word}` stands for an input of the resource or for a fact (see `facts.py`).

    A text that is nothing but one `{word}` takes the value itself, whatever its kind. An empty `id` means the form that
    the SDK's own documentation shows. `named_by` is the input that carries the name where it is not a usual one.
    """

    id: str = ""
    outputs: Mapping[str, Any] = field(default_factory=dict)
    named_by: str = ""
