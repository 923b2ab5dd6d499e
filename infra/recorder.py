"""The two halves of a recording: a monitor that notes what is registered, and mocks that answer for the providers."""

import types
import typing
from collections.abc import Mapping, Sequence
from typing import Any

import pulumi
from google.protobuf.json_format import MessageToDict
from pulumi import _types
from pulumi.runtime import mocks, rpc

SECRET = "[secret]"  # noqa: S105

DEPTH = 2
"""How far into nested types values are invented; some of them contain themselves."""

KNOWN = {
    "publicIp": "203.0.113.10",
    "tunnel1Address": "203.0.113.11",
    "tunnel2Address": "203.0.113.12",
    "ipAddress": "203.0.113.13",
    "address": "203.0.113.14",
}
"""Answers that must look like what they are, since something reads them: addresses, of the documentation range."""


class Inventor(mocks.Mocks):
    """Answers for every provider: what was given comes back, every other output gets a value of its type."""

    def __init__(self) -> None:
        self.classes: dict[str, type] = {}

    def new_resource(self, args: mocks.MockResourceArgs) -> tuple[str | None, dict]:
        found = {key: value for key, value in args.inputs.items() if value is not None}
        types_of = _types.resource_types(self.classes[args.typ]) if args.typ in self.classes else {}
        invented = {name: self._invent(kind, args.name, name) for name, kind in types_of.items() if name not in found}
        as_answered = {name: self._answered(types_of.get(name), value, args.name) for name, value in found.items()}
        return f"{args.name}-id", invented | as_answered

    def _answered(self, kind: Any, value: Any, owner: str) -> Any:
        """Return an input as the provider answers it: Azure takes identities as a list and answers with a mapping."""
        kind = _types.unwrap_type(kind) if kind else kind
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if isinstance(value, list) and origin is not None and issubclass(origin, Mapping):
            return {one: self._invent(arguments[1], owner, one) for one in value}
        if isinstance(value, dict) and isinstance(kind, type) and _types.is_output_type(kind):
            inner = _types.output_type_types(kind)
            return {name: self._answered(inner.get(name), one, owner) for name, one in value.items()}
        return value

    def call(self, args: mocks.MockCallArgs) -> tuple[dict, list[tuple[str, str]] | None]:
        raise NotImplementedError(f"{args.token} asks a provider while the program runs; a recording has none to ask.")

    def _invent(self, kind: Any, owner: str, name: str, depth: int = DEPTH) -> Any:
        kind = _types.unwrap_type(kind)
        origin, arguments = typing.get_origin(kind), typing.get_args(kind)
        if origin in (typing.Union, types.UnionType):
            return self._invent(next(one for one in arguments if one is not type(None)), owner, name, depth)
        if origin is not None and issubclass(origin, Sequence):
            return [self._invent(arguments[0], owner, f"{name}[{index}]", depth) for index in range(2)]
        if origin is not None and issubclass(origin, Mapping):
            return {}
        return self._plain(kind, owner, name, depth)

    def _plain(self, kind: Any, owner: str, name: str, depth: int) -> Any:
        if isinstance(kind, type) and _types.is_output_type(kind):
            inner = _types.output_type_types(kind) if depth else {}
            return {part: self._invent(of, owner, f"{name}.{part}", depth - 1) for part, of in inner.items()}
        last = name.rpartition(".")[2]
        plain = {bool: False, int: 1, float: 1.0}
        return plain.get(kind, KNOWN.get(last, f"{owner}.{name}"))


class Recorder(mocks.MockMonitor):
    """Notes every registration, in order, with secrets marked and not shown."""

    def __init__(self, inventor: Inventor) -> None:
        super().__init__(inventor)
        self.inventor = inventor
        self.registered: list[dict[str, Any]] = []
        self.outputs: dict[str, Any] = {}

    def learn(self, args: pulumi.ResourceTransformationArgs) -> None:
        """Remember the class behind a type, from which its outputs are invented, and leave out the type's old names.

        An SDK lists every name that a type ever had (Azure's has 3,000 for one site); only an engine with a state
        compares them, and working them out here took two thirds of the time.
        """
        self.inventor.classes[args.type_] = type(args.resource)
        args.opts.aliases = None

    def RegisterResource(self, request: Any) -> Any:  # noqa: N802
        if request.type != "pulumi:pulumi:Stack":
            self.registered.append(self._describe(request))
        return super().RegisterResource(request)

    def RegisterResourceOutputs(self, request: Any) -> Any:  # noqa: N802
        if request.urn.endswith("lifeboat:site:Site::lifeboat"):
            self.outputs = _hide(MessageToDict(request.outputs), "", [])
        return super().RegisterResourceOutputs(request)

    def _tagged_by(self, kind: str) -> str | None:
        """Return the input in which resources of a type carry their tags; None for those that cannot carry any."""
        known = _types.resource_types(self.inventor.classes[kind]) if kind in self.inventor.classes else {}
        # Google's `tags` and `labels` are something else where a type has `labels` or `userLabels` as well.
        return next((name for name in ("userLabels", "labels", "tags") if name in known), None)

    def _describe(self, request: Any) -> dict[str, Any]:
        secrets: list[str] = []
        inputs = _hide(MessageToDict(request.object), "", secrets)
        return {
            "type": request.type,
            "name": request.name,
            "parent": _short(request.parent),
            "provider": _short(request.provider).partition("::")[0].rpartition(":")[2],
            "tagged_by": self._tagged_by(request.type),
            "inputs": inputs,
            "secrets": sorted(secrets),
            "dependencies": sorted(map(_short, request.dependencies)),
            "property_dependencies": {
                name: sorted(map(_short, found.urns))
                for name, found in sorted(request.propertyDependencies.items())
                if found.urns
            },
            "protect": request.protect,
            "ignore_changes": sorted(request.ignoreChanges),
        }


def _short(urn: str) -> str:
    """Leave out of a URN what all have in common: the stack and the project."""
    parts = urn.split("::")
    return f"{parts[2].rpartition('$')[2]}::{parts[3]}" if len(parts) > 3 else ""


def _hide(value: Any, path: str, secrets: list[str]) -> Any:
    if isinstance(value, dict):
        if value.get(rpc._special_sig_key) == rpc._special_secret_sig:
            secrets.append(path)
            return SECRET
        return {name: _hide(inner, f"{path}.{name}" if path else name, secrets) for name, inner in value.items()}
    if isinstance(value, list):
        return [_hide(inner, f"{path}[{index}]", secrets) for index, inner in enumerate(value)]
    return int(value) if isinstance(value, float) and value.is_integer() else value
