"""A plan that was saved: what it belongs to, and whether it still does."""

import hashlib
import json
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path

from scripts.deploying.pulumi import Pulumi
from scripts.previewing import repository
from scripts.runbook.errors import PlanRefused, PreviewRefused

FORMAT = 1
PLAN, ABOUT = "plan.json", "about.json"
PLANS = Path(__file__).parents[2] / ".lifeboat" / "plans"
"""Where a preview with credentials leaves its plans, and `up` looks for them, unless it is told otherwise."""


@dataclass(frozen=True)
class About:
    """What a saved plan belongs to; the digests are SHA-256."""

    format: int
    stack: str
    commit: str
    state: str
    plan: str
    pulumi: str


def save_plan(root: Path, stack: str, folder: Path, engine: Pulumi) -> str:
    """Preview a stack, save its plan with what it belongs to, and return what Pulumi said. Raises PlanRefused."""
    commit = _commit(root)
    own = folder / stack
    own.mkdir(parents=True, exist_ok=True)
    (own / ABOUT).unlink(missing_ok=True)
    state = engine.state_digest(stack)
    said = engine.preview(stack, own / PLAN)
    about = About(FORMAT, stack, commit, state, _digest(own / PLAN), engine.version())
    (own / ABOUT).write_text(json.dumps(asdict(about), indent=1) + "\n")
    return said


def check_plan(root: Path, stack: str, folder: Path, engine: Pulumi) -> Path:
    """Return the plan's file if it is this commit's, this stack's and this state's.

    Raises PlanRefused with everything that does not match, at once.
    """
    about = _read(folder / stack / ABOUT)
    found, hindered = _ask_all(
        {
            "stack": lambda: stack,
            "commit": lambda: _commit(root),
            "plan": lambda: _digest(folder / stack / PLAN),
            "state": lambda: engine.state_digest(stack),
            "pulumi": engine.version,
        }
    )
    wrong = [
        f"{_MEANINGS[name]} {getattr(about, name)[:12]}, and this is {now[:12]}."
        for name, now in found.items()
        if getattr(about, name) != now
    ]
    if hindered:
        raise PlanRefused("\n".join([*wrong, *hindered]))
    if wrong:
        raise PlanRefused("\n".join([*wrong, "Look again with `lifeboat preview --save-plan`, then apply that."]))
    return folder / stack / PLAN


def _ask_all(asks: Mapping[str, Callable[[], str]]) -> tuple[dict[str, str], list[str]]:
    """Return every answer, and a sentence for each that there is none to."""
    found, hindered = {}, []
    for name, ask in asks.items():
        try:
            found[name] = ask()
        except PlanRefused as refusal:
            hindered.append(str(refusal))
    return found, list(dict.fromkeys(hindered))


_MEANINGS = {
    "stack": "The plan is of the stack",
    "commit": "The plan is of the commit",
    "state": "Somebody has deployed since: the plan is of the state",
    "plan": "The plan was changed after it was saved: its digest was",
    "pulumi": "The plan was made by Pulumi",
}


def _read(file: Path) -> About:
    try:
        value = json.loads(file.read_text())
        about = About(**{field.name: value[field.name] for field in fields(About)})
        if about.format != FORMAT or not all(isinstance(text, str) for text in list(asdict(about).values())[1:]):
            raise ValueError("it is of another format")
    except FileNotFoundError as error:
        raise PlanRefused(
            f"There is no saved plan {file.parent}: make one with `lifeboat preview --save-plan`."
        ) from error
    except (OSError, ValueError, KeyError, TypeError) as error:
        raise PlanRefused(f"The saved plan {file} is corrupt ({type(error).__name__}: {error}).") from error
    return about


def _digest(file: Path) -> str:
    try:
        return hashlib.sha256(file.read_bytes()).hexdigest()
    except OSError as error:
        raise PlanRefused(f"The saved plan {file} cannot be read: {error.strerror}.") from error


def _commit(root: Path) -> str:
    """Return the commit whose description lies in the working tree; one that is not committed belongs to none."""
    try:
        commit = repository.find_base(root, "HEAD").commit
    except PreviewRefused as error:
        raise PlanRefused(str(error)) from error
    changed = repository.uncommitted(root)
    if changed:
        raise PlanRefused(
            f"A plan belongs to a commit, and {', '.join(changed[:3])} is not committed: commit it first."
        )
    return commit
