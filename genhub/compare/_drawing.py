"""Drawing for a page: SVG whose text is text, and whose colours are the page's.

Targets are told apart by marker and dash as well as by colour. The page sets the colours (`--c-00`, `--c-01` … for the
targets, `--c-f0` for ink, `--c-f1` for lines), so that one picture is right in light and in dark.
"""

from __future__ import annotations

import io
import re
import warnings
from collections.abc import Callable, Sequence
from typing import Any, cast

from genhub.compare._extra import extra
from genhub.compare._summary import Interval

#: So many colours are told apart; with more targets, marker and dash still differ.
COLOURS = 7
_INK, _LINES = "#0a0bf0", "#0a0bf1"
_MARKERS = ("o", "s", "^", "D", "v", "P", "X", "<", "*")
DASHES: tuple[Any, ...] = ("-", (0, (6, 2)), (0, (1, 1.5)), (0, (6, 2, 1, 2)), (0, (3, 1, 1, 1, 1, 1)))
_STYLE = {
    "svg.fonttype": "none",
    "text.parse_math": False,  # a target's name may hold a dollar sign
    "font.size": 12,
    "axes.edgecolor": _LINES,
    "axes.labelcolor": _INK,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.color": _LINES,
    "grid.linewidth": 0.5,
    "text.color": _INK,
    "xtick.color": _INK,
    "ytick.color": _INK,
    "legend.frameon": False,
}


def svg(name: str, draw: Callable[[Any], None]) -> str:
    """Return a drawing as SVG; `name` sets its ids apart. Raises ConfigError without the extra."""
    with extra():
        import matplotlib
        from matplotlib.backends.backend_svg import FigureCanvasSVG
        from matplotlib.figure import Figure
    with cast(Any, matplotlib).rc_context({**_STYLE, "svg.hashsalt": name}), warnings.catch_warnings():
        warnings.simplefilter("ignore")  # a name in letters that the measuring font has not: the page's font has them
        figure: Any = Figure(figsize=(5.0, 3.5), layout="constrained")  # its keywords have no types
        FigureCanvasSVG(figure)
        axes = figure.add_subplot()
        axes.grid(True)
        draw(axes)
        out = io.StringIO()
        nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
        figure.savefig(out, format="svg", transparent=True, metadata=nothing)
    return _for_page(out.getvalue(), name)


def _for_page(drawn: str, name: str) -> str:
    """Fit a drawn file into a page: no prologue, no addresses, ids that are this picture's, the page's colours."""
    drawn = drawn[drawn.index("<svg") :]
    drawn = re.sub(r'\sxmlns(:\w+)?="[^"]*"', "", drawn, count=2)
    drawn = re.sub(r"<metadata>.*?</metadata>", "", drawn, flags=re.DOTALL)
    drawn = re.sub(r'\bid="', f'id="{name}-', drawn)
    drawn = re.sub(r'xlink:href="#', f'href="#{name}-', drawn)
    drawn = re.sub(r"url\(#", f"url(#{name}-", drawn)
    drawn = re.sub(r"#0a0b([0-9a-f]{2})", r"var(--c-\1)", drawn)
    head = f'<svg role="img" aria-labelledby="{name}-title" aria-describedby="{name}-said"'
    return re.sub(r'<svg( (?:width|height)="[^"]*")*', head, drawn, count=1)


def colour(at: int) -> str:
    """Return the colour of a target by its place; the page has its own for each."""
    return f"#0a0b{at % COLOURS:02x}"


def short(name: str, longest: int = 26) -> str:
    """Return a name that fits into a plot."""
    # A leading underscore would keep it out of the legend.
    name = name if len(name) <= longest else name[: longest - 1] + "…"
    return name if not name.startswith("_") else "\u200b" + name


def cross(
    axes: Any, at: int, x: Interval, y: Interval | None, place: float, *, scale: float = 1, label: str = ""
) -> None:
    """Draw a point with its intervals."""
    at_x, ink = (scale * x.value, place), colour(at)
    axes.errorbar([at_x[0]], [place], xerr=_ends(x, scale), yerr=_ends(y, scale), fmt=_MARKERS[at % len(_MARKERS)],
                  ms=8, lw=2, capsize=4, color=ink, label=label or None)  # fmt: skip
    for of, way in ((x, (30, 0)), (y, (0, 30))):
        for end, other, sign in () if of is None else ((of.high, of.low, 1), (of.low, of.high, -1)):
            if end is None and other is not None:  # open at this end: an arrow
                tip = (sign * way[0], sign * way[1])
                arrow = {"arrowstyle": "<-", "color": ink, "lw": 1.5}
                axes.annotate("", at_x, xytext=tip, textcoords="offset points", arrowprops=arrow)


def _ends(of: Interval | None, scale: float) -> Any:
    if of is None:
        return None
    low, high = (of.value if end is None else end for end in (of.low, of.high))
    return [[scale * max(0.0, of.value - low)], [scale * max(0.0, high - of.value)]]


def bars(rows: Sequence[tuple[int, str, Interval, str]], label: str) -> Callable[[Any], None]:
    """Return what draws shares with intervals, a line each: (the target's place, its name, the share, of what)."""

    def draw(axes: Any) -> None:
        for line, (at, _, interval, count) in enumerate(rows):
            cross(axes, at, interval, None, line, scale=100)
            axes.annotate(count, (100 * interval.value, line), xytext=(0, 9), textcoords="offset points",
                          ha="right" if interval.value > 0.85 else "left" if interval.value < 0.15 else "center",
                          fontsize=10)  # fmt: skip
        axes.set_yticks(range(len(rows)), [short(name, 18) for _, name, _, _ in rows])
        axes.set(xlim=(-2, 102), ylim=(len(rows) - 0.4, -0.7), xlabel=label)
        axes.tick_params(axis="y", length=0)

    return draw
