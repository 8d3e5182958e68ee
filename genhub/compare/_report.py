"""The report: one HTML file that needs no network, and the blind page beside it."""

from __future__ import annotations

import base64
import hashlib
from collections.abc import Callable, Mapping
from importlib.resources import files
from pathlib import Path
from typing import TYPE_CHECKING, Any, cast

import orjson

from genhub.compare import _figures, _page
from genhub.compare._blind import PAGE, lay_media, pairs, payload
from genhub.compare._extra import extra
from genhub.compare._plots import Plot, plots, shares
from genhub.compare._rank import FEW, Rank, rank, said
from genhub.compare._records import Outcome, Results
from genhub.compare._summary import Summary
from genhub.compare._votes import load_votes

if TYPE_CHECKING:
    from jinja2 import Environment

REPORT = "report.html"


def write(results: Results, summary: Summary, folder: Path | str) -> Path:
    """Write `report.html` (and `blind.html`, where there are outputs to judge) into the results' folder.

    Returns the report's path. Votes that are kept in the folder are shown. Raises ConfigError without the extra.
    """
    folder = Path(folder)
    folder.mkdir(parents=True, exist_ok=True)
    several = pairs(results, folder)
    if several:
        lay_media(several, folder)
        data = _script_safe(payload(results, several))
        _put(folder / PAGE, "blind.html", script="blind.js", results=results, pairs=several, data=data)
    votes = load_votes(folder)
    ranks = rank(votes) if votes is not None and votes.fingerprint == results.fingerprint else ()
    _put(
        folder / REPORT,
        "report.html",
        script="report.js",
        results=results,
        summary=summary,
        plots=plots(summary),
        cases=_page.cases(results, folder),
        failures=_page.failures(results),
        outcomes=[
            (each, _page.MARKS[each][1]) for each in Outcome if any(o.outcome is each for o in results.observations)
        ],
        blind=PAGE if several else "",
        pairs=several,
        ranks=ranks,
        ranked=said(ranks),
        few=FEW,
        preferred=_preferred(ranks, results),
    )
    return folder / REPORT


def _preferred(ranks: tuple[Rank, ...], results: Results) -> Plot | None:
    rows = [
        (results.targets.index(each.target), each.target, each.rate, f"{each.wins} of {each.decided}")
        for each in ranks
        if each.rate is not None and each.target in results.targets
    ]
    words = "Share of decided votes that each won, with intervals; further right is preferred. "
    words += "; ".join(f"{name}: {count}" for _, name, _, count in rows)
    return shares("votes", "How often it is preferred", rows, f"{words}.", "% of votes won") if rows else None


def _put(path: Path, template: str, *, script: str, **values: Any) -> None:
    """Render a page, and put it in its place at once: a reader never finds half of one."""
    code = _text(script)
    digest = base64.b64encode(hashlib.sha256(code.encode()).digest()).decode()
    page = (
        _environment()
        .get_template(template)
        .render(style=_text("page.css"), script=code, script_digest=digest, **values)
    )
    part = path.with_name(path.name + ".part")
    part.write_text(page, "utf-8", newline="\n")
    part.replace(path)


def _environment() -> Environment:
    with extra():
        from jinja2 import DictLoader, Environment, StrictUndefined
    names = ("base.html", "report.html", "outputs.html", "blind.html")
    environment = Environment(
        loader=DictLoader({name: _text(name) for name in names}),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    cast("dict[str, Callable[..., str]]", cast(Any, environment).filters).update(
        _figures.FIGURES, figure=_figures.figure, between=_figures.between
    )
    return environment


def _text(name: str) -> str:
    return (files("genhub.compare") / "templates" / name).read_text("utf-8")


def _script_safe(data: Mapping[str, Any]) -> str:
    """Return data as JSON that may stand in a script element, whatever texts it holds."""
    text = orjson.dumps(data).decode()
    for sign in "<>&\u2028\u2029":
        text = text.replace(sign, f"\\u{ord(sign):04x}")
    return text
