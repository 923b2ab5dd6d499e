"""A preview as one JSON object, for programs: the whole of it, in the same order as everywhere."""

from dataclasses import asdict
from typing import Any

from scripts.previewing.report import LEGEND, Preview, totals

FORMAT = 1


def as_json(preview: Preview) -> dict[str, Any]:
    """Return the preview as plain values."""
    return {
        "format": FORMAT,
        "base": preview.base,
        "broken": list(preview.broken),
        "notes": [*preview.notes, LEGEND],
        "clouds": {cloud: _cloud(preview, cloud) for cloud in preview.graphs},
        "parity": [asdict(row) for row in preview.rows],
        "costs": {
            cloud: {"known": str(one.known), "not_known": list(one.unknown)} for cloud, one in preview.costs.items()
        },
        "policy": {cloud: asdict(one) for cloud, one in preview.policy.items()},
    }


def _cloud(preview: Preview, cloud: str) -> dict[str, Any]:
    graph = preview.graphs[cloud]
    return {
        "totals": totals(preview, cloud),
        "resources": [
            {
                "type": one.type,
                "name": one.name,
                "capability": graph.capability_of(one),
                "protected": one.protect,
                "inputs": one.inputs,
                "secrets": list(one.secrets),
                "depends_on": {name: list(places) for name, places in one.property_dependencies.items()},
            }
            for one in graph.resources
        ],
        "outputs": graph.outputs,
        "changes": [asdict(change) for change in preview.changes.get(cloud, ())],
    }
