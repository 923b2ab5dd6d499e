"""`lifeboat peers`: what the sites know of each other, in one reviewed file."""

import difflib
import json
from pathlib import Path
from typing import Annotated, Any

import typer

from infra.outputs import SiteOutputs, SiteOutputsError
from scripts.console import Console
from scripts.runbook.errors import UnusablePeers
from scripts.runbook.peers import Peers, as_text, collect, read_signed, sign_outputs
from scripts.runbook.signing import Signer

STACKS = Path(__file__).parents[1] / "stacks"
PEERS = "peers.json"
KEYS = "public-keys.json"

app = typer.Typer(no_args_is_help=True, help="What the sites know of each other.")

Folder = Annotated[Path, typer.Option("--stacks", help="The folder of the stacks, with the peers and the public keys.")]
Yes = Annotated[bool, typer.Option("--yes", help="Write the file; without it, only show what would change.")]


@app.command("sign")
def sign(
    context: typer.Context,
    outputs: Annotated[Path, typer.Argument(help="What `pulumi stack output --json` said.")],
    key: Annotated[Path, typer.Option("--key", help="The site's own private key, a PEM file.")],
    out: Annotated[Path, typer.Option("--out", help="Where to write the signed outputs.")],
) -> None:
    """Sign a site's outputs with its own key, so that they can travel by any way."""
    console: Console = context.obj
    try:
        found = SiteOutputs.read(outputs)
    except SiteOutputsError as reason:
        raise UnusablePeers(str(reason)) from reason
    out.write_bytes(sign_outputs(found, Signer.read(found.site, key)))
    console.tell(f"{out} holds the outputs of {found.site}, signed.")


@app.command("collect")
def collect_peers(
    context: typer.Context,
    files: Annotated[list[Path], typer.Argument(help="Signed outputs, one file a site.")],
    stacks: Folder = STACKS,
    yes: Yes = False,
) -> None:
    """Put signed outputs into the peers file, which the next `pulumi up` of each site reads."""
    trusted = read_json(stacks / KEYS)
    sites = [read_signed(_bytes_of(file), trusted) for file in files]
    write_peers(context.obj, stacks / PEERS, collect(sites, known_peers(stacks)), yes)


def known_peers(stacks: Path) -> Peers:
    """Return the peers file; empty where there is none yet. Raises UnusablePeers when it cannot be read."""
    return read_json(stacks / PEERS) if (stacks / PEERS).exists() else {}


def read_json(file: Path) -> dict[str, Any]:
    """Return a file's JSON object. Raises UnusablePeers with the file and what is wrong with it."""
    try:
        found = json.loads(file.read_text())
    except (OSError, ValueError) as reason:
        raise UnusablePeers(f"{file} cannot be read: {reason}.") from reason
    if not isinstance(found, dict):
        raise UnusablePeers(f"{file} cannot be used: it is no JSON object.")
    return found


def _bytes_of(file: Path) -> bytes:
    try:
        return file.read_bytes()
    except OSError as reason:
        raise UnusablePeers(f"{file} cannot be read: {reason.strerror}.") from reason


def write_peers(console: Console, file: Path, peers: Peers, yes: bool) -> None:
    """Show the change, and make it if told to; what was written is read back."""
    old, new = (file.read_text() if file.exists() else ""), as_text(peers)
    if old == new:
        console.tell(f"{file} already says so.")
        return
    for line in difflib.unified_diff(old.splitlines(), new.splitlines(), str(file), str(file), lineterm="", n=2):
        console.tell(line)
    if not yes:
        console.tell("Nothing was written. Add --yes to write it, then have it reviewed like code.")
        return
    file.write_text(new)
    if known_peers(file.parent) != peers:
        raise UnusablePeers(f"{file} does not hold what was written to it.")
    console.tell(f"{file} is written. Have it reviewed, then run `pulumi up` for each site.")
