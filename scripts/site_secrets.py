"""`lifeboat secrets`: make every secret once, and hold it equal on all sites that must share it."""

import json
from pathlib import Path
from typing import Annotated

import typer

from scripts.console import Console
from scripts.peers import KEYS, STACKS, read_json
from scripts.runbook.errors import UnusableSecrets, UsageError
from scripts.runbook.site_secrets import Change, Known, by_path, changes, public_half
from scripts.runbook.stacks import Stack

ROOT = Path(__file__).parents[1]
SITES = ("aws", "azure", "gcp")


def command(
    context: typer.Context,
    backend: Annotated[
        list[str] | None, typer.Option("--backend", help="SITE=URL: where that site's state lies. Once for each site.")
    ] = None,
    rotate: Annotated[
        list[str] | None, typer.Option("--rotate", help="Make this secret anew on all sites that share it.")
    ] = None,
    project: Annotated[Path, typer.Option("--project", help="The folder with Pulumi.yaml.")] = ROOT,
    yes: Annotated[bool, typer.Option("--yes", help="Set them; without it, only say what would be set.")] = False,
) -> None:
    """Show which secrets the sites lack, and set them: equal where they must be, never shown, never an argument."""
    console: Console = context.obj
    stacks = {site: Stack(site, project, url) for site, url in _backends(tuple(backend or ())).items()}
    known = _read(stacks)
    planned = changes(known, tuple(rotate or ()))
    for change in planned:
        console.tell(f"{change.site}: {change.path} is to be {change.why}.")
    if not yes:
        console.tell(f"{len(planned)} secrets would be set. Add --yes to set them." if planned else "Nothing to set.")
        return
    for change in planned:
        stacks[change.site].set_secret(change.path, change.value)
    _verify(_read(stacks), planned)
    _publish(console, project / STACKS.name / KEYS, _read(stacks))
    console.tell(
        f"{len(planned)} secrets were set, and all sites hold the same ones. Each takes effect with `pulumi up`."
    )


def _backends(given: tuple[str, ...]) -> dict[str, str]:
    """Read SITE=URL pairs; raises UsageError for one that is none."""
    pairs = dict(pair.partition("=")[::2] for pair in given)
    wrong = sorted(pair for pair in given if pair.partition("=")[0] not in SITES or not pair.partition("=")[2])
    if wrong:
        raise UsageError(
            f"--backend takes SITE=URL with a site of {', '.join(SITES)}; this is none: {', '.join(wrong)}."
        )
    return {site: pairs.get(site, "") for site in SITES}


def _read(stacks: dict[str, Stack]) -> Known:
    return {site: by_path(stack.settings()) for site, stack in stacks.items()}


def _verify(known: Known, planned: tuple[Change, ...]) -> None:
    """Raise UnusableSecrets when a stack does not hold what was set, or when sites still differ."""
    lost = [f"{one.path} of {one.site}" for one in planned if known[one.site].get(one.path) != one.value]
    if lost or changes(known):
        raise UnusableSecrets(f"These were set and are not there: {', '.join(lost) or 'see lifeboat secrets'}.")


def _publish(console: Console, file: Path, known: Known) -> None:
    """Write the public halves of the sites' own keys, by which the others know what they signed."""
    public = {site: public_half(secrets["signing_key"]) for site, secrets in sorted(known.items())}
    if file.exists() and read_json(file) == public:
        return
    file.write_text(json.dumps(public, indent=2, sort_keys=True) + "\n")
    console.tell(f"{file} holds the sites' public keys. Have it reviewed: whoever owns one speaks for its site.")
