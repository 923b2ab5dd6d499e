"""A preview as plain lines for a terminal, and the lines of a change, which Markdown uses too."""

from collections.abc import Iterator, Sequence

from scripts.previewing.diff import CREATE, DELETE, KINDS, REPLACE, UPDATE, Change, Field
from scripts.previewing.parity import DIFFERS, EXCEPTED, Row
from scripts.previewing.report import LEGEND, Preview, totals

SIGNS = {CREATE: "+", DELETE: "-", REPLACE: "!", UPDATE: "~"}


def render_text(preview: Preview) -> str:
    """Return the whole preview, nothing left out."""
    blocks = [_first(preview), *_changes(preview), _policy(preview), _parity(preview), _resources(preview), [LEGEND]]
    return "\n\n".join("\n".join(block) for block in blocks if block) + "\n"


def verdict(preview: Preview) -> str:
    """Say in one sentence whether a rule is broken."""
    count = len(preview.broken)
    if not count:
        return "No rule is broken."
    return "1 rule is broken." if count == 1 else f"{count} rules are broken."


def outcome(preview: Preview) -> str:
    """Say in one sentence the worst that the change does; nothing where there is no base to compare with."""
    if not preview.base:
        return ""
    replaced, deleted = (sum(one.kind == kind for _, one in preview.harmful) for kind in (REPLACE, DELETE))
    if replaced or deleted:
        return f"It would replace {replaced} and delete {deleted}."
    if preview.not_known:
        return f"It would delete nothing, but of {len(preview.not_known)} updates it is not known whether they replace."
    if any(preview.changes.values()):
        return "It would replace and delete nothing."
    return "It would change nothing on any site."


def against(preview: Preview) -> str:
    """Say what was compared with what."""
    return f"Compared with {preview.base}." if preview.base else "Compared with nothing: give --base to see changes."


def _first(preview: Preview) -> list[str]:
    kinds = KINDS if preview.base else ()
    rows = [["", "resources", *kinds]]
    for cloud in preview.graphs:
        found = totals(preview, cloud)
        rows.append([cloud, *(str(found[name]) for name in rows[0][1:])])
    rules = [f"BROKEN  {sentence}" for sentence in preview.broken]
    said = " ".join(filter(None, (verdict(preview), outcome(preview), against(preview))))
    return [said, *preview.notes, *rules, "", *columns(rows), *cost_lines(preview)]


def cost_lines(preview: Preview) -> list[str]:
    """Return what the change does to each site's bill, where there is something to compare."""
    return [f"cost of {cloud}: {change.sentence()}." for cloud, change in preview.costs.items()]


def _changes(preview: Preview) -> Iterator[list[str]]:
    for cloud, changes in preview.changes.items():
        if changes:
            yield [f"{cloud}:", *(f"  {line}" for change in changes for line in change_lines(change))]


def change_lines(change: Change) -> list[str]:
    """Return a change, one line for the resource and one for each of its fields."""
    guard = ", protected" if change.protected else ""
    lines = [f"{SIGNS[change.kind]} {change.kind} {change.type} {change.name} ({change.capability}{guard})"]
    if change.destroys:
        lines.append(f"{SIGNS[change.kind]}     destroys {change.destroys}")
    lines += [f"{SIGNS[change.kind]}     {field_line(field)}" for field in change.fields]
    if change.page and (change.destroys or change.not_known):
        lines.append(f"      see {change.page}")
    return lines


def field_line(field: Field) -> str:
    arrow = f"{field.before} -> {field.after}" if field.before else field.after
    return f"{field.path}: {arrow} [{field.effect}]"


def _policy(preview: Preview) -> list[str]:
    lines = [f"  {line}" for line in policy_lines(preview)]
    return ["Policy:", *lines] if lines else []


def policy_lines(preview: Preview) -> list[str]:
    """Return what breaks a rule, and after that what may break one for a while."""
    return [
        *(f"BROKEN   {line}" for one in preview.policy.values() for line in one.broken),
        *(f"allowed  {line}" for one in preview.policy.values() for line in one.excepted),
    ]


def _parity(preview: Preview) -> list[str]:
    clouds = list(preview.graphs)
    rows = [["capability", "aspect", *clouds, ""]]
    rows += [[row.capability, row.aspect, *(row.cells[cloud] for cloud in clouds), remark(row)] for row in preview.rows]
    return ["Parity:", *(f"  {line}" for line in columns(rows))]


def remark(row: Row) -> str:
    """Return the last column of the parity table: nothing where the clouds are alike."""
    if row.verdict == DIFFERS:
        return f"DIFFERS: {row.note}"
    return f"may differ: {row.note}" if row.verdict == EXCEPTED else ""


def _resources(preview: Preview) -> list[str]:
    return ["Resources:", *(f"  {line}" for cloud in preview.graphs for line in resource_lines(preview, cloud))]


def resource_lines(preview: Preview, cloud: str) -> list[str]:
    """Return how many resources of each type a cloud has, capability by capability."""
    graph = preview.graphs[cloud]
    return [
        f"{cloud} {capability}: " + ", ".join(f"{count} {kind}" for kind, count in graph.counts(capability).items())
        for capability in sorted(graph.by_capability)
    ]


def columns(rows: Sequence[Sequence[str]]) -> list[str]:
    """Lay rows out in columns as wide as their widest cell."""
    widths = [max(map(len, column)) for column in zip(*rows, strict=True)]
    return ["  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in rows]
