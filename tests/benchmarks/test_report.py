"""What the benchmarks share: tables, goals, results as data, intervals."""

from __future__ import annotations

import argparse
import json
import sys
from pathlib import Path

import pytest
from attrs import evolve

from benchmarks import compare
from benchmarks._report import Goal, Report, Table, arguments, finish, interval, paired_ratio, versions

TABLE = Table(title="Soups", head=("soup", "bowls"), rows=[("leek", "3"), ("pea | mint", "12")], notes=("Hot.",))


def report(at: str = "2026-11-01 12:00 UTC", **figures: float) -> Report:
    machine = {"system": "Linux x86_64", "cores": 2, "load": 0.5, "python": "CPython 3.11.7"}
    return Report(
        name="soups", tables=[TABLE], figures=figures, goals=[Goal(figure="cold", most=0.5)], at=at,
        command="python -m benchmarks.soups", machine=machine, versions={"genhub-jobs": "0.1.0"},
    )  # fmt: skip


def test_a_table() -> None:
    """For a terminal, and for the docs."""
    assert ["Soups", "", "soup        bowls", "----------  -----", "leek        3", "pea | mint  12", "", "Hot."] == (
        TABLE.plain().splitlines()
    )
    assert "| pea \\| mint | 12 |" in TABLE.markdown()


def test_a_report_says_how_it_was_made() -> None:
    """With its command, machine and versions, and which goals were missed."""
    shown = report(cold=0.6).show()

    assert "command: python -m benchmarks.soups\nLinux x86_64, 2 cores, load 0.5 at the start, CPython 3.11.7" in shown
    assert "genhub-jobs 0.1.0" in shown
    assert shown.endswith("cold: 0.6, goal at most 0.5: MISSED")
    assert "cold: 0.5, goal at most 0.5: reached" in report(cold=0.5).show(markdown=True)
    assert "cold: not measured" in report().show()


def test_a_goal_of_a_later_version() -> None:
    """Is said to be missed like any other, and is no failure yet."""
    goal = Goal(figure="cold", most=0.5, later=True)
    assert "cold: 0.6, goal of a later version at most 0.5: NOT REACHED YET" == goal.verdict({"cold": 0.6})
    quiet = argparse.Namespace(markdown=False, json=None)
    assert 0 == finish(evolve(report(cold=0.6), goals=[goal]), quiet)


def test_two_runs_compare(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """By what they saved; a missed goal is an exit code."""
    old, new = tmp_path / "old.json", tmp_path / "new.json"
    options = argparse.Namespace(markdown=False, json=old)
    assert 1 == finish(report(cold=0.6, warm=2.0, gone=1.0, same=0.0), options)
    options.json = new
    assert 0 == finish(report(cold=0.3, warm=2.0, fresh=1.0, same=0.0), options)
    capsys.readouterr()

    monkeypatch.setattr(sys, "argv", ["compare", str(old), str(new)])
    compare.main()
    lines = [line.split() for line in capsys.readouterr().out.splitlines()]
    for line in (
        ["cold", "0.6", "0.3", "0.500"],
        ["warm", "2", "2", "="],
        ["gone", "1", "-", "-"],
        ["fresh", "-", "1", "-"],
    ):
        assert line in lines


def test_different_benchmarks_do_not_compare(tmp_path: Path) -> None:
    """And a change of versions is said."""
    file = tmp_path / "run.json"
    report(cold=1.0).save(file)
    old = json.loads(file.read_text())
    with pytest.raises(SystemExit, match="different benchmarks"):
        compare.compare(old, {**old, "name": "salads"})

    table = compare.compare(
        old, {**old, "versions": {"genhub-jobs": "0.2.0"}, "machine": {**old["machine"], "load": 9}}
    )
    assert ["versions: {'genhub-jobs': '0.1.0'} against {'genhub-jobs': '0.2.0'}"] == table.notes


def test_medians_of_pairs() -> None:
    """A round that was slow for both counts like any other."""
    assert 0.5 == paired_ratio([1.0, 10.0, 3.0], [2.0, 20.0, 4.0])
    low, high = interval([1.0, 2.0, 3.0, 4.0, 5.0])
    assert 1.0 <= low <= 3.0 <= high <= 5.0


def test_the_options() -> None:
    """Every benchmark prints for the docs, and saves."""
    options = arguments("doc").parse_args(["--markdown", "--json", "x.json"])
    assert options.markdown and Path("x.json") == options.json
    assert {"aiohttp"} == set(versions("aiohttp"))
