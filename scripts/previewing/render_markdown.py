"""A preview as a comment on a pull request: the verdict first, the rest folded, and never longer than the forge takes.

Types, names and values come from the program of a stranger: all of them are escaped or stand in a fence they cannot end.
"""

import re
from collections.abc import Sequence
from dataclasses import dataclass

from scripts.previewing.diff import KINDS, Change
from scripts.previewing.parity import EXCEPTED
from scripts.previewing.render_text import (
    against,
    change_lines,
    cost_lines,
    outcome,
    policy_lines,
    remark,
    resource_lines,
    verdict,
)
from scripts.previewing.report import LEGEND, Preview, totals
from scripts.previewing.untrusted import LIMIT, inert

ROOM_FOR_THE_CUT = 800
"""Characters for the sentence about what is left out, and for what scripts/ci-comment writes above it all."""
LISTED = 20
"""How many lines of one kind stand in the open; the fold has all of them."""
WIDEST = 400
"""Characters of one line; a policy document is longer than anybody reads in a comment."""

_ACTIVE = re.compile(r"[\\`*_\[\]<>|&@#~]|:(?=//|\w+:)|(?<=www)\.")


@dataclass(frozen=True)
class Fold:
    """A part that is closed until somebody opens it; `fence` is the language of a code block, "" a table as it is."""

    title: str
    lines: tuple[str, ...]
    fence: str = ""
    heading: int = 0


def render_markdown(preview: Preview) -> str:
    """Return the comment, at most 65,536 characters; what does not fit is named in its last sentence."""
    opening = _open_part(preview)
    kept = _that_fit(opening, LIMIT - ROOM_FOR_THE_CUT - len(LEGEND))
    cut = [f"{len(opening) - len(kept)} of {len(opening)} lines before the folds"] if len(kept) < len(opening) else []
    text = "\n".join(kept)
    left = LIMIT - ROOM_FOR_THE_CUT - len(text) - len(LEGEND)
    for fold in _folds(preview):
        shown, dropped = _fit(fold, left)
        if dropped:
            cut.append(f"{dropped} of {len(fold.lines)} lines of “{fold.title}”")
        text += shown
        left -= len(shown)
    said = (
        f"\n\n**Cut to {LIMIT:,} characters:** {', '.join(cut)} are left out; `lifeboat preview` prints them all."
        if cut
        else ""
    )
    return f"{text}\n\n{LEGEND}{said}\n"


def escape(text: str) -> str:
    """Take every meaning that Markdown or the forge would give to a text; line ends become spaces."""
    one_line = " ".join(text.split())
    return _ACTIVE.sub(lambda found: inert(found[0]), _short(one_line))


def _short(line: str) -> str:
    return line if len(line) <= WIDEST else f"{line[:WIDEST]}… ({len(line):,} characters)"


def _open_part(preview: Preview) -> list[str]:
    bold = " ".join(filter(None, (verdict(preview), outcome(preview))))
    lines = ["### Lifeboat preview", "", f"**{bold}** {escape(against(preview))}", ""]
    lines += [f"- {escape(note)}" for note in preview.notes[:LISTED]]
    lines += _listed([f"**broken** {escape(sentence)}" for sentence in preview.broken])
    lines += ["", *_numbers(preview), "", *(f"- {escape(line)}" for line in cost_lines(preview)), ""]
    harm = [_harm(cloud, one) for cloud, one in preview.harmful]
    if harm:
        lines += ["**What would be destroyed**", "", *_listed(harm), ""]
    unsure = [_unsure(cloud, one) for cloud, one in preview.not_known]
    if unsure:
        lines += ["**Update, or replace: not known**", "", *_listed(unsure), ""]
    excepted = [f"{row.capability}, {row.aspect}: {row.note}" for row in preview.rows if row.verdict == EXCEPTED]
    if excepted:
        lines += ["**Where the clouds may differ**", "", *_listed(list(map(escape, excepted))), ""]
    return lines


def _listed(lines: list[str]) -> list[str]:
    more = [f"- and {len(lines) - LISTED} more, below"] if len(lines) > LISTED else []
    return [f"- {line}" for line in lines[:LISTED]] + more


def _numbers(preview: Preview) -> list[str]:
    heads = ["resources", *(KINDS if preview.base else ())]
    lines = [f"| cloud | {' | '.join(heads)} |", f"|--|{'--:|' * len(heads)}"]
    for cloud in preview.graphs:
        found = totals(preview, cloud)
        lines.append(f"| {escape(cloud)} | {' | '.join(str(found[name]) for name in heads)} |")
    return lines


def _harm(cloud: str, one: Change) -> str:
    what = f": {one.destroys}" if one.destroys else ": what it holds is not known"
    return escape(f"{cloud}: {one.kind} {one.type} {one.name}{', protected' if one.protected else ''}{what}")


def _unsure(cloud: str, one: Change) -> str:
    paths = [field.path for field in one.fields if "replace" in field.effect]
    return escape(f"{cloud}: {one.type} {one.name}: {', '.join(paths)}")


def _folds(preview: Preview) -> list[Fold]:
    changed = [
        Fold(f"{cloud}: {len(ones)} changes", tuple(line for one in ones for line in change_lines(one)), "diff")
        for cloud, ones in preview.changes.items()
        if ones
    ]
    resources = tuple(line for cloud in preview.graphs for line in resource_lines(preview, cloud))
    policy = tuple(policy_lines(preview))
    judged = [Fold("Policy", policy, "text")] if policy else []
    return [_parity(preview), *changed, *judged, Fold("Resources by capability", resources, "text")]


def _parity(preview: Preview) -> Fold:
    clouds = list(preview.graphs)
    heads = ["capability", "aspect", *clouds, ""]
    lines = [f"| {' | '.join(map(escape, heads))} |", f"|{'--|' * len(heads)}"]
    for row in preview.rows:
        cells = [row.capability, row.aspect, *(row.cells[cloud] for cloud in clouds), remark(row)]
        lines.append(f"| {' | '.join(map(escape, cells))} |")
    return Fold("Parity of the clouds", tuple(lines), heading=2)


def _fit(fold: Fold, room: int) -> tuple[str, int]:
    """Return the fold with as many of its lines as fit, and how many had to go."""
    safe = [" ".join(_short(line).splitlines()) if fold.fence else line for line in fold.lines]
    wall = "`" * max(3, 1 + max((len(run) for line in safe for run in re.findall(r"`+", line)), default=0))
    before, after = (f"{wall}{fold.fence}\n", f"{wall}\n") if fold.fence else ("", "")
    head = f"\n<details><summary>{escape(fold.title)}</summary>\n\n{before}"
    tail = f"{after}\n</details>\n"
    kept = _that_fit(safe, room - len(head) - len(tail))
    if len(kept) <= fold.heading:
        return "", len(safe)
    return head + "".join(f"{line}\n" for line in kept) + tail, len(safe) - len(kept)


def _that_fit(lines: Sequence[str], room: int) -> list[str]:
    kept: list[str] = []
    for line in lines:
        room -= len(line) + 1
        if room < 0:
            break
        kept.append(line)
    return kept
