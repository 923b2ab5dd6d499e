"""The three sites side by side as a picture: a column a cloud, a row a capability, plain SVG that any browser shows."""

from collections.abc import Iterator
from html import escape

from scripts.previewing.diff import CREATE, DELETE, REPLACE, UPDATE
from scripts.previewing.graph import Graph
from scripts.previewing.parity import ORDER
from scripts.previewing.parity_facts import DATA
from scripts.previewing.report import Preview

WIDTH, GAP, MARGIN = 400, 24, 24
HEAD, TITLE, LINE, PAD = 64, 24, 17, 10

COLOURS = {CREATE: "#1a7f37", UPDATE: "#9a6700", REPLACE: "#cf222e", DELETE: "#cf222e"}
MARKS = {CREATE: "+", UPDATE: "~", REPLACE: "!", DELETE: "-"}

STYLE = (
    "text{font-family:system-ui,sans-serif;font-size:12px;fill:#1f2328}.h{font-size:18px;font-weight:600}"
    ".t{font-size:13px;font-weight:600}.s{fill:#59636e}.d{font-weight:600}"
    "rect{fill:#f6f8fa;stroke:#d1d9e0;rx:6px}"
)


def draw(preview: Preview) -> str:
    """Return the picture as an SVG document."""
    names = _capabilities(preview)
    lines = {cloud: {name: _lines(preview, cloud, name) for name in names} for cloud in preview.graphs}
    heights = {name: TITLE + PAD + LINE * max(len(found[name]) for found in lines.values()) for name in names}
    width = 2 * MARGIN + len(lines) * (WIDTH + GAP) - GAP
    height = 2 * MARGIN + HEAD + sum(heights.values()) + PAD * len(names) + LINE
    parts = [
        f'<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 {width} {height}" width="{width}" height="{height}">',
        "<title>The sites, capability by capability</title>",
        f'<style>{STYLE}</style><rect width="{width}" height="{height}" style="fill:#ffffff;stroke:none"/>',
    ]
    for number, (cloud, found) in enumerate(lines.items()):
        parts += _column(preview.graphs[cloud], found, heights, MARGIN + number * (WIDTH + GAP))
    parts.append(_text(MARGIN, height - MARGIN + 4, _legend(preview), "s"))
    return "\n".join([*parts, "</svg>", ""])


def _capabilities(preview: Preview) -> list[str]:
    found = {name for graph in preview.graphs.values() for name in graph.by_capability}
    found |= {change.capability for changes in preview.changes.values() for change in changes}
    return sorted(found, key=lambda name: (ORDER.index(name) if name in ORDER else len(ORDER), name))


Line = tuple[str, str, str]
"""What stands in a box: its text, its class, and the colour of a change or nothing."""


def _lines(preview: Preview, cloud: str, capability: str) -> list[Line]:
    changed: dict[str, dict[str, int]] = {}
    for change in preview.changes.get(cloud, ()):
        if change.capability == capability:
            kinds = changed.setdefault(change.type, {})
            kinds[change.kind] = kinds.get(change.kind, 0) + 1
    counts = preview.graphs[cloud].counts(capability)
    every = sorted(counts.keys() | changed.keys())
    return [_line(kind, counts.get(kind, 0), changed.get(kind, {})) for kind in every]


def _line(kind: str, count: int, changed: dict[str, int]) -> Line:
    marks = " ".join(f"{MARKS[done]}{number}" for done, number in sorted(changed.items()))
    worst = next((done for done in (REPLACE, DELETE, UPDATE, CREATE) if done in changed), "")
    package, _, rest = kind.partition(":")
    module = rest.partition(":")[0].partition("/")[0]
    module = package if module == "index" else module
    text = f"{count} × {module} {kind.rpartition(':')[2]}" + (f"   {marks}" if marks else "")
    return text, "d" if kind in DATA else "", COLOURS.get(worst, "")


def _column(graph: Graph, found: dict[str, list[Line]], heights: dict[str, int], x: int) -> Iterator[str]:
    region = graph.outputs.get("region", "")
    yield _text(x, MARGIN + 20, graph.cloud, "h")
    yield _text(x, MARGIN + 40, f"{region} · {len(graph.provided)} resources", "s")
    y = MARGIN + HEAD
    for name, lines in found.items():
        yield f'<rect x="{x}" y="{y}" width="{WIDTH}" height="{heights[name]}"/>'
        total = len(graph.by_capability.get(name, ()))
        yield _text(x + PAD, y + 17, f"{name} ({total})" if total else f"{name}: nothing", "t")
        for number, (text, style, colour) in enumerate(lines, start=1):
            yield _text(x + PAD, y + 17 + number * LINE + 3, text, style, colour)
        y += heights[name] + PAD


def _text(x: int, y: int, text: str, style: str = "", colour: str = "") -> str:
    look = (f' class="{style}"' if style else "") + (f' style="fill:{colour}"' if colour else "")
    return f'<text x="{x}" y="{y}"{look}>{escape(text)}</text>'


def _legend(preview: Preview) -> str:
    changes = f" Against {preview.base}: + created, ~ updated, ! replaced, - deleted." if preview.base else ""
    return f"Bold: holds data or the key to data.{changes}"
