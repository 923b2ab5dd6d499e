"""`lifeboat preview`: what a change would do to each site, without account or network, before anybody does it."""

import difflib
import os
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from scripts.console import Console
from scripts.deploying.pulumi import Pulumi
from scripts.deploying.reachable import to_ask
from scripts.deploying.saved_plan import PLANS, save_plan
from scripts.previewing import recordings, repository
from scripts.previewing.render_json import as_json
from scripts.previewing.render_markdown import render_markdown
from scripts.previewing.render_text import render_text
from scripts.previewing.report import Preview, make_preview
from scripts.previewing.repository import Base
from scripts.previewing.svg import draw
from scripts.runbook.errors import PlanRefused, PreviewRefused

ROOT = Path(__file__).parents[1]
FORMATS = ("text", "markdown", "json")


def command(
    context: typer.Context,
    cloud: Annotated[list[str] | None, typer.Option("--cloud", help="Only this cloud; may be given again.")] = None,
    base: Annotated[str | None, typer.Option("--base", help="The commit, branch or tag to compare with.")] = None,
    form: Annotated[str, typer.Option("--format", help="text, markdown (for a pull request) or json.")] = "text",
    graph: Annotated[Path | None, typer.Option("--graph", metavar="FILE.svg", help="Also draw the sites.")] = None,
    save: Annotated[
        Path | None,
        typer.Option(
            "--save-plan", metavar="FOLDER", help="Run Pulumi too and save here what `up` may do; fail where it cannot."
        ),
    ] = None,
    offline: Annotated[
        bool, typer.Option("--offline", help="Ask no provider, though there are credentials for one.")
    ] = False,
) -> None:
    """Show what the program would make on each cloud, what changes, and where the clouds differ."""
    console: Console = context.obj
    faults = wrong_choices(tuple(cloud or ()), form, graph)
    chosen = tuple(name for name in recordings.CLOUDS if not cloud or name in cloud)
    preview = look_ahead(ROOT, chosen, base, console, faults)
    if graph is not None:
        write_picture(graph, preview)
    if form == "json":
        console.print_json(as_json(preview))
    else:
        typer.echo(render_markdown(preview) if form == "markdown" else render_text(preview), nl=False)
    if not offline:
        ask_pulumi(chosen, save, console)
    raise typer.Exit(1 if preview.broken else 0)


def ask_pulumi(clouds: tuple[str, ...], folder: Path | None, console: Console) -> None:
    """Save a plan of every cloud if a folder is given, and otherwise of those that have credentials here."""
    if folder is not None:
        save_plans(clouds, folder.resolve(), Pulumi(ROOT), console)
        return
    found, why_not = to_ask(ROOT, clouds, os.environ, Path.home())
    if why_not:
        console.warn(why_not)
    save_plans(found, PLANS, Pulumi(ROOT), console)


def save_plans(clouds: tuple[str, ...], folder: Path, engine: Pulumi, console: Console) -> None:
    """Run Pulumi's own preview of each stack, show it, and save its plan. Raises PlanRefused with all that failed."""
    faults = []
    for cloud in clouds:
        try:
            console.say(save_plan(engine.root, cloud, folder, engine))
            console.say(f"The plan for {cloud} is saved in {folder}: `lifeboat up {cloud} --plan {folder}` applies it.")
        except PlanRefused as refusal:
            faults.append(f"{cloud}: {refusal}")
    if faults:
        raise PlanRefused("\n".join(faults))


def wrong_choices(clouds: tuple[str, ...], form: str, graph: Path | None) -> tuple[str, ...]:
    """Return a sentence for every choice that does not exist."""
    wrong = [_no_such("cloud", name, recordings.CLOUDS) for name in clouds if name not in recordings.CLOUDS]
    wrong += [_no_such("format", form, FORMATS)] if form not in FORMATS else []
    if graph is not None and not graph.resolve().parent.is_dir():
        wrong.append(f"The picture cannot be written: there is no folder {graph.resolve().parent}.")
    return tuple(wrong)


def _no_such(kind: str, name: str, known: tuple[str, ...]) -> str:
    near = difflib.get_close_matches(name, known, 1)
    return f"There is no {kind} {name!r}: choose {', '.join(known)}{f' (did you mean {near[0]}?)' if near else ''}."


def look_ahead(
    root: Path, clouds: tuple[str, ...], ref: str | None, console: Console, faults: Sequence[str] = ()
) -> Preview:
    """Record the programs, of now and of the base, and put the preview together.

    Raises PreviewRefused with every fault there is: the choices', the base's and each program's.
    """
    base, refused = _find_base(root, ref)
    try:
        found = recordings.record(root, clouds, base, root / ".lifeboat" / "preview", console.warn)
    except PreviewRefused as refusal:
        raise PreviewRefused("\n".join([*faults, *refused, str(refusal)])) from refusal
    if faults or refused:
        raise PreviewRefused("\n".join([*faults, *refused]))
    notes = (*_secret_notes(found.missing_secrets), *(_uncommitted_note(repository.uncommitted(root)) if base else ()))
    return make_preview(found.now, found.before, found.replacements, str(base) if base else None, notes, found.policy)


def _find_base(root: Path, ref: str | None) -> tuple[Base | None, list[str]]:
    try:
        return (repository.find_base(root, ref) if ref else None), []
    except PreviewRefused as refusal:
        return None, [str(refusal)]


def _secret_notes(missing: Mapping[str, tuple[str, ...]]) -> tuple[str, ...]:
    """Name what `pulumi up` would refuse for: one line for all the stacks that lack the same secrets."""
    alike: dict[tuple[str, ...], list[str]] = {}
    for cloud, names in missing.items():
        alike.setdefault(names, []).append(cloud)
    return tuple(
        f"{', '.join(clouds)}: no {', '.join(names)} yet, so `pulumi up` would refuse; `lifeboat secrets` sets them on all stacks."
        for names, clouds in alike.items()
        if names
    )


def _uncommitted_note(files: tuple[str, ...]) -> tuple[str, ...]:
    if not files:
        return ()
    named = ", ".join(files[:3]) + (f" and {len(files) - 3} more" if len(files) > 3 else "")
    return (f"The working tree is not committed: the preview shows it as it lies here, with {named}.",)


def write_picture(file: Path, preview: Preview) -> None:
    """Write the picture. Raises PreviewRefused where that is not allowed."""
    try:
        file.write_text(draw(preview), encoding="utf-8")
    except OSError as error:
        raise PreviewRefused(f"The picture cannot be written to {file}: {error.strerror}.") from error
