"""The page's parts as HTML: the same templates fill the page when it opens and each part when it changes."""

import datetime
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined, select_autoescape
from markupsafe import Markup

from scripts.control_room.posting import Posting
from scripts.control_room.sentence import tell
from scripts.control_room.standing import Standing
from scripts.control_room.timeline import draw
from scripts.runbook.rule import Rule

PARTS = ("sentence", "sites", "lease", "sources", "run", "journal", "posting", "readiness")


def age(seconds: float | None) -> str:
    """Say how long ago something was."""
    if seconds is None:
        return "never"
    if seconds < 60:
        return f"{seconds:.0f} s ago"
    return f"{seconds / 60:.0f} min ago" if seconds < 7200 else f"{seconds / 3600:.0f} h ago"


def size(count: float) -> str:
    """Say a number of bytes in the largest unit that leaves a whole part."""
    for unit in ("bytes", "KiB", "MiB"):
        if count < 1024:
            return f"{count:.0f} {unit}"
        count /= 1024
    return f"{count:.1f} GiB"


def clock(seconds: float) -> str:
    """Return a moment as UTC time of day."""
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).strftime("%H:%M:%S")


def rule(value: Rule) -> str:
    """Say a durability rule in words."""
    if value.is_single_copy:
        return "in this cloud ALONE (single copy)"
    return " and ".join(f"{clause.needed} of {', '.join(clause.sync)}" for clause in value.clauses) or "never"


@dataclass(frozen=True)
class Renderer:
    """Turns one standing into the page's parts.

    `term_seconds`: how long a lease lasts for whoever watches it; `capacities`: each site's capacity mode, as deployed.
    """

    templates: Environment
    term_seconds: float
    capacities: dict[str, str]

    @classmethod
    def create(cls, term_seconds: float, capacities: dict[str, str]) -> "Renderer":
        folder = Path(__file__).parent / "templates"
        templates = Environment(
            loader=FileSystemLoader(folder), autoescape=select_autoescape(), undefined=StrictUndefined,
            trim_blocks=True, lstrip_blocks=True,
        )  # fmt: skip
        templates.filters |= {"age": age, "bytes": size, "clock": clock, "rule": rule}
        return cls(templates, term_seconds, capacities)

    def parts(self, standing: Standing, posting: Posting) -> dict[str, Markup]:
        """Return every part of the page by its name."""
        runbook = standing.runbooks[0] if standing.runbooks else None
        values: dict[str, Any] = {
            "standing": standing, "sentence": tell(standing), "term_seconds": self.term_seconds, "runbook": runbook,
            "timeline": draw(runbook.records) if runbook else None, "posting": posting, "rates": posting.a_second(),
            "readiness": standing.readiness, "capacities": self.capacities,
        }  # fmt: skip
        return {part: self.fill(part, **values) for part in PARTS}

    def fill(self, template: str, **values: Any) -> Markup:
        """Return one template filled in; it is escaped already."""
        return Markup(self.templates.get_template(f"{template}.html").render(**values))  # noqa: S704  (the template escapes)  # nosec B704
