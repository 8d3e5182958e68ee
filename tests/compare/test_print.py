"""What the command prints: how to go on after an interruption, and money in the table."""

from __future__ import annotations

from pathlib import Path
from types import SimpleNamespace
from typing import Any, cast

import pytest
from click.testing import CliRunner

from genhub._credits import Price
from genhub.cli._app import root
from genhub.cli._compare import _Comparison  # pyright: ignore[reportPrivateUsage]
from genhub.cli._compare_table import money_figure
from genhub.compare._summary import Interval

WORDS = """\
targets = ["powerpost", "adgen"]
repetitions = 1
portability = "adjust"
[[request]]
kind = "text"
prompt = "A lantern for long evenings"
platforms = ["instagram"]
"""


def test_to_continue_keeps_the_cap(monkeypatch: pytest.MonkeyPatch) -> None:
    """And all else that the command line said, quoted for a shell: without the cap more would be bought than may be."""
    cap = Price.parse("1 USD")
    said: dict[str, Any] = dict.fromkeys(("folder", "repetitions", "fresh", "old", "votes"))
    said |= dict.fromkeys(("dry_run", "common", "no_report", "sim"), False)
    session = cast("Any", SimpleNamespace(config=None, journal="sqlite:///a.db"))
    going = _Comparison(session, Path("my words.toml"), seed=7, max_spend=cap, timeout=90.0, sim_speed=50.0, **said)

    async def jobs(self: object) -> list[Any]:
        return [SimpleNamespace(status=SimpleNamespace(is_final=True))]

    monkeypatch.setattr(_Comparison, "_jobs", jobs)

    assert going.goes_on().endswith(
        "genhub compare 'my words.toml' --seed 7 --max-spend '1 USD' --timeout 90s --journal sqlite:///a.db"
    )


def test_votes_that_cannot_be_read_cost_no_result(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The page and the history are written, the answer is printed, and then it is said."""
    monkeypatch.chdir(tmp_path)
    (tmp_path / "words.toml").write_text(WORDS, "utf-8")

    done = CliRunner().invoke(root, ["compare", "words.toml", "--sim", "--sim-speed", "1000", "--votes", "none.json"])

    assert 2 == done.exit_code
    assert "none.json: can't be read" in done.stderr
    assert "Too few runs" in done.stdout
    assert {"report.html", "history.jsonl"} <= {each.name for each in (tmp_path / "words-compare").iterdir()}


def test_money_in_the_table_has_its_cents() -> None:
    """`0.10` beside `0.10`, whichever side of it the mean came out."""
    just_under = Interval(value=0.09999999999999999, low=0.1, high=0.107)

    assert "0.10 USD (0.10 to 0.11)" == money_figure(just_under, "USD")
    assert "0.50 USD" == money_figure(Interval(value=0.5), "USD")
    assert "" == money_figure(None, None)
