"""Loads of a provider's SDK only the files that a program names: a recording needs 30 of the 180 files of `ec2`.

A generated SDK has a package for each service, whose `__init__.py` does nothing but import every file of it, which takes
longer than the whole program. Here such a package starts empty, and a name in it is looked for in the file that is called
like it; a name that is not found so has the package loaded as its makers meant it.
"""

import importlib
import re
import sys
from collections.abc import Sequence
from functools import cached_property
from importlib.abc import MetaPathFinder
from importlib.machinery import ModuleSpec, PathFinder, SourceFileLoader
from types import ModuleType
from typing import Any

SERVICE = re.compile(r"pulumi_(?:aws|gcp|azure_native)\.[a-z0-9]+")
WHOLE_FILE = re.compile(r"^from \.(\w+) import \*$", re.MULTILINE)


class ServicePackage(SourceFileLoader):
    """Makes the package of a service with nothing in it but the way to find what is asked of it."""

    def exec_module(self, module: ModuleType) -> None:
        def look_up(name: str) -> Any:
            if name.startswith("__"):
                raise AttributeError(name)
            return self._find(module, name)

        module.__dict__["__getattr__"] = look_up

    def _find(self, module: ModuleType, name: str) -> Any:
        for file in self._candidates(name):
            part = importlib.import_module(f"{module.__name__}.{file}")
            if file == name == "outputs":
                return part
            if hasattr(part, name):
                # Kept, since the import left the file itself under its name, which may be a function's too.
                module.__dict__[name] = getattr(part, name)
                return module.__dict__[name]
        del module.__dict__["__getattr__"]
        super().exec_module(module)
        return getattr(module, name)

    def _candidates(self, name: str) -> list[str]:
        """Return the files that may hold a name: its own, its resource's, and the shared ones; `VpcArgs` is in vpc.py."""
        alike = name.lower().replace("_", "")
        return [
            self._files[key] for key in (alike, alike.removesuffix("args"), "inputs", "enums") if key in self._files
        ]

    @cached_property
    def _files(self) -> dict[str, str]:
        text = self.get_data(self.path).decode()
        return {file.replace("_", ""): file for file in (*WHOLE_FILE.findall(text), "outputs")}


class PartsFinder(MetaPathFinder):
    """Finds the services' packages before Python does; every other module is none of its business."""

    def find_spec(
        self, fullname: str, path: Sequence[str] | None, target: ModuleType | None = None
    ) -> ModuleSpec | None:
        found = PathFinder.find_spec(fullname, path, target) if SERVICE.fullmatch(fullname) else None
        if found and found.origin and found.submodule_search_locations:
            found.loader = ServicePackage(fullname, found.origin)
        return found


def load_parts_only() -> None:
    """Have what is imported from now on loaded in parts, in this process."""
    sys.meta_path.insert(0, PartsFinder())
