"""`python -m tests.bench.plots`: draws every bench's runs so far into docs/evidence/plots.html, which needs no network."""

from collections.abc import Iterator
from html import escape
from typing import Any

import plotly.graph_objects as graph

from scripts.drill_page import PLOTLY
from tests.bench.deaths.ways import WAYS
from tests.bench.failover.clusters import KINDS
from tests.bench.failover.report import FIGURES, values
from tests.bench.records import EVIDENCE, RunFile, machine, utc

PAGE = """<!doctype html><html lang="en"><meta charset="utf-8"><title>{title}</title>
<style>body {{ font-family: sans-serif; max-width: 60rem; margin: 2rem auto; padding: 0 1rem }}</style>
<h1>{title}</h1><p>{below}</p>
<script>{script}</script>{figures}</html>
"""

Runs = list[dict[str, Any]]


def failover_figures(runs: Runs) -> Iterator[graph.Figure]:
    """Draw one box a cluster for each figure of the failover bench."""
    for name, title in FIGURES.items():
        figure = _figure(f"{title} (s)", "seconds", logarithmic=True)
        for kind in KINDS:
            if found := values(runs, kind, name):
                figure.add_trace(graph.Box(y=found, name=f"{kind} ({len(found)} runs)", boxpoints="all"))
        if figure.data:
            yield figure


def acknowledge_figures(runs: Runs) -> Iterator[graph.Figure]:
    """Draw what an acknowledgement takes at each round trip and number of writers, beside the native one."""
    if not runs:
        return
    figure = _figure("acknowledgement: median of each round (ms)", "milliseconds", logarithmic=True)
    for way in sorted({run["way"] for run in runs}):
        chosen = [run for run in runs if run["way"] == way]
        labels = [f"{1000 * run['round_trip']:g} ms, {run['writers']} writers" for run in chosen]
        figure.add_trace(graph.Box(x=labels, y=[run["p50"] for run in chosen], name=way, boxpoints="all"))
    figure.update_layout(boxmode="group", showlegend=True)
    yield figure


def deaths_figures(runs: Runs) -> Iterator[graph.Figure]:
    """Draw how long nobody was answered after each way to die."""
    deaths = [run for run in runs if "seconds" in run]
    if not deaths:
        return
    figure = _figure("a site dies: the longest time without an acknowledgement (s)", "seconds", logarithmic=True)
    for primary in (True, False):
        chosen = [run for way in WAYS for run in deaths if (run["way"], run["was_primary"]) == (way, primary)]
        name = "of the primary" if primary else "of a standby"
        figure.add_trace(
            graph.Box(
                x=[run["way"] for run in chosen], y=[run["seconds"] for run in chosen], name=name, boxpoints="all"
            )
        )
    figure.update_layout(boxmode="group", showlegend=True)
    yield figure


DRAWN = {"failover": failover_figures, "acknowledge": acknowledge_figures, "deaths": deaths_figures}


def main() -> None:
    """Write the page."""
    figures = [figure for bench, draw in DRAWN.items() for figure in draw(RunFile.of(bench).read())]
    drawn = "".join(figure.to_html(full_html=False, include_plotlyjs=False) for figure in figures)
    below = escape(
        f"Drawn {utc()} from all runs so far. {machine()}. The tables beside this file say what was measured."
    )
    (EVIDENCE / "plots.html").write_text(
        PAGE.format(title="Lifeboat: what was measured", below=below, script=PLOTLY.read_text(), figures=drawn)
    )


def _figure(title: str, unit: str, *, logarithmic: bool) -> graph.Figure:
    figure = graph.Figure(layout={"title": title, "template": "plotly_white", "showlegend": False})
    figure.update_yaxes(type="log" if logarithmic else "linear", title=unit)
    return figure


if __name__ == "__main__":
    main()
