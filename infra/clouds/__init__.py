"""The three clouds. Each package has the same files, classes and arguments; a program loads only the one it needs."""

import importlib
from typing import TYPE_CHECKING, Any, cast

if TYPE_CHECKING:
    from infra.clouds import aws, azure, gcp
    from infra.contract import Cloud

    _shape: tuple[Cloud[Any, Any, Any, Any, Any, Any], ...] = (aws, gcp, azure)

NAMES = ("aws", "gcp", "azure")


def load(name: str) -> "Cloud[Any, Any, Any, Any, Any, Any]":
    """Import one cloud's package; its SDK is large, so the others stay untouched."""
    if name not in NAMES:
        raise ValueError(f"There is no cloud {name!r}; there are {', '.join(NAMES)}.")
    return cast("Cloud[Any, Any, Any, Any, Any, Any]", importlib.import_module(f"infra.clouds.{name}"))
