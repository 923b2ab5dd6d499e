"""A drill as one HTML file that needs no network: what was moved, where the seconds went, and what people saw meanwhile."""

from html import escape
from pathlib import Path
from statistics import median

import plotly.graph_objects as graph

from scripts.drill_report import DrilledMove, DrillReport

PLOTLY = (
    Path(__file__).parents[1] / ".lifeboat" / "browser" / "node_modules" / "plotly.js-cartesian-dist-min"
    / "plotly-cartesian.min.js"
)  # fmt: skip

COLOURS = {"done": "#0f5c70", "refused": "#c93c17"}
STYLE = """
body { max-width: 64rem; margin: 2rem auto; padding: 0 1rem; background: #f4f1ea; color: #1d2a30;
       font: 16px/1.55 ui-sans-serif, system-ui, "Segoe UI", Roboto, "Noto Sans", sans-serif; }
h1 { font-size: 1.7rem; letter-spacing: -.02em; } .good { color: #14603b; } .bad { color: #a82f10; }
table { border-collapse: collapse; width: 100%; font-size: .9rem; } th { text-align: left; }
th, td { padding: .3rem .8rem .3rem 0; border-top: 1px solid #e2dccf; vertical-align: top; }
code { font-size: .85em; overflow-wrap: anywhere; }
"""


def write(report: DrillReport, path: Path) -> Path:
    """Write the page beside a drill's report; returns its path."""
    path.write_text(page(report))
    return path


def page(report: DrillReport) -> str:
    """Return the whole page; the drawing library is in it, so it can be kept and mailed."""
    drawings = "".join(figure.to_html(full_html=False, include_plotlyjs=False) for figure in figures(report))
    facts = _table([(name, escape(str(value))) for name, value in _facts(report).items()])
    moves = _table([_row(move) for move in report.moves], ("move", "took", "without writes", "journal"))
    return (
        f'<!doctype html><html lang="en"><head><meta charset="utf-8"><title>Drill of {escape(report.cluster)}</title>'
        f"<style>{STYLE}</style><script>{PLOTLY.read_text()}</script></head><body><h1>{escape(_headline(report))}</h1>"
        f"{_verdict(report)}{moves}{drawings}<h2>What it was</h2>{facts}</body></html>"
    )


def figures(report: DrillReport) -> list[graph.Figure]:
    """Draw the steps on a time axis, what people were told second by second, and how far each standby was behind."""
    drawn = [_steps(report)]
    if report.answers:
        drawn.append(_answers(report))
    if report.lags:
        drawn.append(_lags(report))
    return drawn


def _steps(report: DrillReport) -> graph.Figure:
    figure = _figure("where the seconds went", "seconds since the drill began")
    for move in report.moves:
        names = [f"{move.verb} {move.to}: {step.name.replace('_', ' ')}" for step in move.steps]
        figure.add_trace(
            graph.Bar(
                y=names, x=[step.end - step.start for step in move.steps],
                base=[step.start - report.began for step in move.steps], orientation="h", name=f"{move.verb} {move.to}",
                marker_color=[COLOURS.get(step.outcome, "#a86400") for step in move.steps],
                text=[f"{step.end - step.start:.2f} s" for step in move.steps], hovertext=[step.title for step in move.steps],
            )
        )  # fmt: skip
    figure.update_yaxes(autorange="reversed")
    figure.update_layout(
        height=160 + 22 * sum(len(move.steps) for move in report.moves), showlegend=False, barmode="overlay"
    )
    return figure


def _answers(report: DrillReport) -> graph.Figure:
    """Draw the acknowledged writes of each second, and how long each took."""
    figure = _figure("acknowledged writes a second, and how long each took", "seconds since the drill began")
    seconds = range(int(max(at for at, _ in report.answers)) + 1)
    counts = [sum(int(at) == second for at, _ in report.answers) for second in seconds]
    figure.add_trace(graph.Bar(x=list(seconds), y=counts, name="acknowledged a second", marker_color="#8fbcc6"))
    figure.add_trace(
        graph.Scatter(
            x=[at for at, _ in report.answers], y=[took for _, took in report.answers], name="seconds to the answer",
            mode="markers", yaxis="y2", marker={"size": 5, "color": "#c93c17"},
        )
    )  # fmt: skip
    figure.update_layout(
        yaxis={"title": "writes a second"}, yaxis2={"title": "seconds", "overlaying": "y", "side": "right"}
    )
    return figure


def _lags(report: DrillReport) -> graph.Figure:
    figure = _figure("log that a standby had not applied (bytes)", "seconds since the drill began")
    for site in sorted({site for _, site, _ in report.lags}):
        points = [(at, behind) for at, name, behind in report.lags if name == site]
        figure.add_trace(graph.Scatter(x=[at for at, _ in points], y=[behind for _, behind in points], name=site))
    return figure


def _figure(title: str, axis: str) -> graph.Figure:
    figure = graph.Figure()
    figure.update_layout(title=title, xaxis_title=axis, template="plotly_white", margin={"l": 10, "r": 10})
    figure.update_yaxes(automargin=True)
    return figure


def _headline(report: DrillReport) -> str:
    return report.to_text().splitlines()[0]


def _verdict(report: DrillReport) -> str:
    """Say in one sentence how it ended: the longest silence (RTO), and what was lost (RPO)."""
    left_out = [move for move in report.moves if move.left_out]
    if left_out:
        return f'<p class="bad">{escape(left_out[0].verb)} {escape(left_out[0].to)} was not done: {escape(left_out[0].left_out)}</p>'
    if not report.acknowledged:
        return '<p class="good">Every standby looked at all that a move would need and refused nothing; nothing was moved.</p>'
    gaps = [move.seconds_without_writes for move in report.moves if move.seconds_without_writes is not None]
    tone = "bad" if report.lost else "good"
    return (
        f'<p class="{tone}">{report.acknowledged} writes were acknowledged and {report.lost} of them lost (RPO); the longest '
        f"time without an answer was {max(gaps, default=0.0):.2f} s, the median {median(gaps or [0.0]):.2f} s (RTO).</p>"
    )


def _row(move: DrilledMove) -> tuple[str, ...]:
    gap = "" if move.seconds_without_writes is None else f"{move.seconds_without_writes:.2f} s"
    journal = (
        f"{escape(move.runbook)}<br><code>{escape(move.journal_hash)}</code>" if move.runbook else escape(move.left_out)
    )
    return f"{escape(move.verb)} {escape(move.to)}", f"{move.seconds:.2f} s", gap, journal


def _facts(report: DrillReport) -> dict[str, object]:
    return {
        "steps left out by name": ", ".join(report.skipped_steps) or "none",
        "never answered": report.unknown,
        **report.machine,
        **{f"versions at {site}": value for site, value in report.versions.items()},
    }


def _table(rows: list[tuple[str, ...]], head: tuple[str, ...] = ()) -> str:
    top = f"<tr>{''.join(f'<th>{name}</th>' for name in head)}</tr>" if head else ""
    return (
        f"<table>{top}{''.join('<tr>' + ''.join(f'<td>{cell}</td>' for cell in row) + '</tr>' for row in rows)}</table>"
    )
