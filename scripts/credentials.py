"""`lifeboat credentials`: the exact rights of CI's two roles on each cloud, from the stacks themselves, for docs/credentials.md."""

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Annotated

import typer

from scripts.console import Console
from scripts.deploying.ci_roles import Role, read_roles
from scripts.previewing.graph import Graph
from scripts.previewing.recordings import CLOUDS, record_all
from scripts.runbook.errors import PreviewRefused

ROOT = Path(__file__).parents[1]
DOCUMENT = ROOT / "docs" / "credentials.md"
BEGIN, END = "<!-- written by `lifeboat credentials --write`: begin -->", "<!-- end -->"


def command(
    context: typer.Context,
    write: Annotated[bool, typer.Option("--write", help="Write the tables into docs/credentials.md.")] = False,
) -> None:
    """Print what each of CI's roles may do on each cloud; needs no account and no network."""
    console: Console = context.obj
    tables = render(record_all(ROOT, CLOUDS))
    if not write:
        typer.echo(tables, nl=False)
        return
    DOCUMENT.write_text(put_in(DOCUMENT.read_text(encoding="utf-8"), tables), encoding="utf-8")
    console.say(f"{DOCUMENT.name} says what the stacks say.")


def render(graphs: Mapping[str, Graph]) -> str:
    """Return a section for each cloud and role, in Markdown."""
    roles = [role for graph in graphs.values() for role in read_roles(graph)]
    return "\n".join(line for role in roles for line in _section(role)) + "\n"


def _section(role: Role) -> Sequence[str]:
    rows = [f"| `{right.what}` | {_cell(right.where)} | {_cell(right.condition)} |" for right in role.rights]
    return [
        f"### {role.cloud}, {role.name}",
        "",
        f"Lets in: {', '.join(f'`{one}`' for one in role.subjects) or 'nobody'}.",
        "",
        "| right | on | only where |",
        "|--|--|--|",
        *rows,
        "",
    ]


def _cell(text: str) -> str:
    shown = text.replace("|", "\\|")
    return f"`{shown}`" if shown else ""


def put_in(document: str, tables: str) -> str:
    """Put the tables between the two marks of a document. Raises PreviewRefused where the marks are gone."""
    before, begin, rest = document.partition(BEGIN)
    _, end, after = rest.partition(END)
    if not begin or not end:
        raise PreviewRefused(f"{DOCUMENT.name} has lost its marks {BEGIN} and {END}.")
    return f"{before}{BEGIN}\n\n{tables}\n{END}{after}"
