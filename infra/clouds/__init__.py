"""The three clouds. Each package has the same files, classes and arguments; a program loads only the one it needs."""

import importlib
from typing import TYPE_CHECKING, Any, TypeAlias, cast

if TYPE_CHECKING:
    from infra.clouds import aws, azure, gcp
    from infra.contract import Cloud

    AnyCloud: TypeAlias = Cloud[Any, Any, Any, Any, Any, Any, Any, Any, Any, Any, Any]
    _shape: tuple[AnyCloud, ...] = (aws, gcp, azure)

NAMES = ("aws", "gcp", "azure")


def load(name: str) -> "AnyCloud":
    """Import one cloud's package; its SDK is large, so the others stay untouched."""
    if name not in NAMES:
        raise ValueError(f"There is no cloud {name!r}; there are {', '.join(NAMES)}.")
    return cast("AnyCloud", importlib.import_module(f"infra.clouds.{name}"))
