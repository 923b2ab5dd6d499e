"""Two graphs of one cloud: what would be created, updated, replaced and deleted, and what a replace would destroy."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from scripts.previewing.fields import Difference, differences, is_within, leaves, plain_path
from scripts.previewing.graph import SECRET, Graph, Resource

CREATE, UPDATE, REPLACE, DELETE = "create", "update", "replace", "delete"
KINDS = (REPLACE, DELETE, UPDATE, CREATE)
"""In the order in which a reader should see them: what can hurt comes first."""

NOT_KNOWN = "update, or replace: not known"
ASSUMED = "replace, as far as is known: no page says so"
REPLACING = (REPLACE, ASSUMED)
IGNORED = "ignored: the program leaves this field as it stands"


@dataclass(frozen=True)
class Field:
    """One changed field and what its change does to the resource."""

    path: str
    before: str
    after: str
    effect: str


@dataclass(frozen=True)
class Change:
    """What would happen to one resource."""

    kind: str
    type: str
    name: str
    capability: str
    protected: bool
    fields: tuple[Field, ...] = ()
    destroys: str = ""
    page: str = ""

    @property
    def not_known(self) -> bool:
        """True if an update may turn out to be a replace."""
        return self.kind == UPDATE and any("replace" in field.effect for field in self.fields)


Table = Mapping[str, Mapping[str, Any]]


def compare(before: Graph | None, after: Graph, table: Table) -> tuple[Change, ...]:
    """Return what leads from one graph to the other; no graph before means that the cloud is new.

    `table` is the content of infra/replacements.py. The order is that of KINDS, then by capability, type and name.
    """
    old, new = _by_identity(before) if before else {}, _by_identity(after)
    changes = [_simple(CREATE, after, new[key], table) for key in new.keys() - old.keys() if _exists(new[key])]
    changes += [
        _simple(DELETE, before, old[key], table) for key in old.keys() - new.keys() if before and _exists(old[key])
    ]
    pairs = [(old[key], new[key]) for key in sorted(old.keys() & new.keys())]
    changes += _changed(pairs, after, table)
    return tuple(sorted(changes, key=lambda one: (KINDS.index(one.kind), one.capability, one.type, one.name)))


def _by_identity(graph: Graph) -> dict[str, Resource]:
    return {graph.identity_of(one): one for one in graph.resources if not one.is_component}


def _exists(one: Resource) -> bool:
    """Settings of a provider can change, but nobody creates or deletes them."""
    return not one.type.startswith("pulumi:providers:")


def _simple(kind: str, graph: Graph, one: Resource, table: Table) -> Change:
    known = table.get(one.type, {})
    destroys = known.get("destroys", "") if kind == DELETE else ""
    return Change(kind, one.type, one.name, graph.capability_of(one), one.protect, (), destroys, known.get("page", ""))


def _changed(pairs: list[tuple[Resource, Resource]], graph: Graph, table: Table) -> list[Change]:
    """Follow replacements through the graph until nothing more is replaced: a new subnet needs a new interface."""
    fields = {new.place: _own_fields(old, new, table) for old, new in pairs}
    replaced: set[str] = set()
    while found := {place for place, ones in fields.items() if _replaces(ones)} - replaced:
        replaced |= found
        for _, new in pairs:
            fields[new.place] = _with_consequences(fields[new.place], new, found, table)
    return [_as_change(old, new, fields[new.place], graph, table) for old, new in pairs if fields[new.place]]


def _own_fields(old: Resource, new: Resource, table: Table) -> tuple[Field, ...]:
    found = differences(*_equally_secret(old, new))
    fields = [Field(one.path, one.before, one.after, _effect(one, new, table)) for one in found]
    if old.protect != new.protect:
        fields.append(Field("(protect)", str(old.protect), str(new.protect), UPDATE))
    return tuple(fields)


def _equally_secret(old: Resource, new: Resource) -> tuple[dict[str, Any], dict[str, Any]]:
    """Hide on both sides what is a secret on one: the value in clear must not show beside the mark."""
    tops = {path.partition(".")[0].partition("[")[0] for path in {*old.secrets} ^ {*new.secrets}}
    before, after = (
        {name: SECRET if name in tops else inner for name, inner in one.inputs.items()} for one in (old, new)
    )
    return before, after


def _effect(one: Difference, resource: Resource, table: Table) -> str:
    path = plain_path(one.path)
    if any(is_within(path, plain_path(ignored)) for ignored in resource.ignore_changes):
        return IGNORED
    if resource.tagged_by and is_within(path, resource.tagged_by):
        return UPDATE
    known = table.get(resource.type, {})
    for listed, when in known.get("sometimes", {}).items():
        if is_within(path, listed):
            return when
    if any(is_within(path, listed) for listed in known.get("assumed", ())):
        return ASSUMED
    if any(is_within(path, listed) for listed in known.get("replaces", ())):
        return REPLACE
    return UPDATE if any(is_within(path, listed) for listed in known.get("updates", ())) else NOT_KNOWN


def _replaces(fields: tuple[Field, ...]) -> bool:
    return any(field.effect in REPLACING for field in fields)


def _with_consequences(fields: tuple[Field, ...], one: Resource, replaced: set[str], table: Table) -> tuple[Field, ...]:
    """Add the fields whose value comes from a resource that is replaced, and so will be another one."""
    seen, added = {field.path for field in fields}, []
    for name, places in one.property_dependencies.items():
        for place in sorted(replaced.intersection(places) - {one.place}):
            paths = [
                path for path, text in leaves(one.inputs.get(name), name) if f"‹{place.rpartition('::')[2]}." in text
            ]
            for path in paths or [name]:
                if path not in seen:
                    seen.add(path)
                    change = Difference(path, "", f"comes from {place}, which is replaced")
                    added.append(Field(path, change.before, change.after, _effect(change, one, table)))
    return (*fields, *added)


def _as_change(old: Resource, new: Resource, fields: tuple[Field, ...], graph: Graph, table: Table) -> Change:
    known = table.get(new.type, {})
    kind = REPLACE if _replaces(fields) else UPDATE
    destroys = known.get("destroys", "") if kind == REPLACE else ""
    # The state still holds the old protection, and that is what the engine obeys.
    protected = old.protect if kind == REPLACE else new.protect
    ordered = tuple(sorted(fields, key=lambda field: field.path))
    return Change(
        kind, new.type, new.name, graph.capability_of(new), protected, ordered, destroys, known.get("page", "")
    )
