"""Exports: everything in results.json, a harmless table, a short answer."""

from __future__ import annotations

import csv
import io
import json
import os
import re
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import HealthCheck, given, settings

from genhub import ConfigError, Output, TextRequest
from genhub._secrets import Secret
from genhub.compare import _exports
from genhub.compare._markdown import markdown, marked, shown
from genhub.compare._records import Case, Check, Observation, Outcome, Results
from genhub.compare._summary import Interval
from genhub.compare._table import table
from tests.compare import _results as made

FORMULA = re.compile(r"[=+\-@\uff1d\uff0b\uff0d\uff20]")

quick = settings(
    max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)


def rows(results: Results) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(table(results), newline="")))


def only(**facts: Any) -> Results:
    """One run, with these facts."""
    seen = Observation(case="a", target="alpha", repetition=1, position=1, key="k", outcome=Outcome.SUCCEEDED)
    return evolve(made.run(), observations=(evolve(seen, **facts),))


@quick
@given(results=made.results)
def test_results_come_back_equal(results: Results, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever was seen, whatever the texts: results.json holds all of it."""
    folder = tmp_path_factory.mktemp("out")

    written = _exports.write(results, made.SUMMARY, folder)

    assert ["results.json", "observations.csv", "summary.md", "summary.json"] == list(written)
    assert {path.name for path in written.values()} == set(os.listdir(folder))
    assert results == _exports.read(written["results.json"])


@quick
@given(results=made.results)
def test_the_json_is_for_any_reader(results: Results) -> None:
    """It is ASCII, and has no number that JSON does not have."""

    def refuse(word: str) -> None:
        raise AssertionError(f"{word} is no JSON")

    text = _exports.text(results)

    assert "comparison" == json.loads(text.encode("ascii"), parse_constant=refuse)["genhub"]


@quick
@given(results=made.results)
def test_no_cell_is_a_formula(results: Results) -> None:
    """Nothing that a vendor, a scorer or a suite says is run by a spreadsheet, also where `;` parts the cells."""
    text = table(results)

    assert len(results.observations) + 1 == text.count("\n")
    for row in csv.reader(io.StringIO(text, newline="")):
        assert not [cell for cell in row if FORMULA.match(cell) and not re.fullmatch(r"-?\d[\d.e+-]*|-inf", cell)]
        assert not [cell for cell in row for part in cell.split(";")[1:] if FORMULA.match(part.strip())]


@pytest.mark.parametrize(
    ("said", "cell"),
    [
        ('=HYPERLINK("http://evil")', '\'=HYPERLINK("http://evil")'),
        ("  +1", "'+1"),
        ("\t@SUM(A1)", "'@SUM(A1)"),
        ("\r\n-2+3", "'-2+3"),
        ("\uff1d1", "'\uff1d1"),
        ("fine; =cmd", "fine; '=cmd"),
        ("a = b - c", "a = b - c"),
    ],
)
def test_a_formula_is_quoted(said: str, cell: str) -> None:
    """What an output, a vendor's message or a name brings stays a text."""
    output = Output(kind="text", text=said)
    row = rows(only(outputs=(output,), message=said, failure=said, case=said, files=()))[0]

    assert [cell] * 4 == [row["text"], row["message"], row["failure"], row["case"]]


def test_amounts_are_text_and_what_is_not_said_is_empty() -> None:
    """Decimals keep their digits; nothing becomes zero, a number or an exponent."""
    paid = evolve(made.money(0), net=Decimal("0E-7"), high=None)
    row = rows(only(credits=paid, cost=None))[0]

    assert ("0.0000000", "", "", "") == (row["credits"], row["credits_high"], row["money"], row["total_seconds"])


def test_each_check_has_its_column() -> None:
    """A check that failed in one output failed; a scorer's figure is the mean over the outputs."""
    checks = (
        Check(name="length", passed=True, output=1),
        Check(name="length", passed=False, output=2, said="300 of 280"),
        Check(name="taste", passed=None, value=2, output=1),
        Check(name="taste", passed=None, value=4, output=2),
    )
    row = rows(only(checks=checks))[0]

    assert ("failed", "", "3.0") == (row["check length"], row["check taste"], row["value taste"])
    assert "length: 300 of 280" == row["failed_checks"]
    assert "value length" not in row


def test_a_figure_beyond_reckoning_is_none() -> None:
    """A scorer that gives infinity gives no figure, and breaks no mean."""
    checks = tuple(Check(name="taste", passed=None, value=value) for value in (4, float("inf"), 1e308))

    assert "4.0" == rows(only(checks=checks))[0]["value taste"]


def test_nothing_of_this_machine_is_written(tmp_path: Path) -> None:
    """A file that is not below the results' folder is left out of all exports."""
    results = only(files=("/home/me/x.png", "../y.png", "files/z.png"))

    written = _exports.write(results, made.SUMMARY, tmp_path)

    assert ("files/z.png",) == _exports.read(written["results.json"]).observations[0].files
    assert not [path for path in written.values() if "home" in path.read_text() or ".." in path.read_text()]


def test_a_secret_is_not_written(tmp_path: Path) -> None:
    """One that got into a request stops the export, and leaves nothing behind."""
    case = Case(name="a", request=TextRequest(prompt="x", extra={"powerpost": {"key": Secret("hunter2")}}))

    with pytest.raises(TypeError):
        _exports.write(evolve(made.run(), cases=(case,)), made.SUMMARY, tmp_path)

    assert [] == list(tmp_path.iterdir())


def test_a_write_that_fails_leaves_the_old_file(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever reads meets the old results whole; no part of the new ones stays."""
    old, new = made.run(1), made.run(2)
    _exports.write(old, made.SUMMARY, tmp_path)
    before = sorted(os.listdir(tmp_path))

    def full(_: int) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "fsync", full)
    with pytest.raises(ConfigError, match=r"results\.json: can't be written \(No space left on device\)"):
        _exports.write(new, made.SUMMARY, tmp_path)

    assert (old, before) == (_exports.read(tmp_path / "results.json"), sorted(os.listdir(tmp_path)))


def test_the_markdown_is_short_and_safe() -> None:
    """The sentence is on top, a row a target; no name breaks the table, and no more caveats than can be read."""
    text = markdown(made.run(), made.SUMMARY)
    lines = text.splitlines()

    assert "**Choose alpha&#124;beta: it is &#42;faster&#42;.**" == lines[0]
    assert lines[2].count("|") == lines[3].count("|") == lines[4].count("|")
    assert lines[4].startswith("| alpha&#124;beta | 18 of 20 | 95 % (76.4 to 99.1) | 12.3 s (10.5 to 14) |")
    assert "| at least 60 s (44 to …) | 3.16 credits |  | 3.00 USD |" in lines[4]
    assert "- … and 3 more: see the report" == lines[11]
    assert "captions: 4 requests, 5 times each, 2026-03-01 12:01 UTC, requests f1" in lines[-1]


@quick
@given(text=made.texts)
def test_markdown_takes_no_text_for_marks(text: str) -> None:
    """A text is one line of plain words, whatever is in it."""
    assert not re.search(r"[|<>`*\[\]\n\\]", marked(text))


@pytest.mark.parametrize(
    ("value", "text"), [(0, "0"), (1234.5, "1234"), (12.345, "12.3"), (0.00012, "0.00012"), (100, "100"), (1, "1")]
)
def test_figures_have_three_digits_that_count(value: float, text: str) -> None:
    """Neither an exponent nor digits that say nothing."""
    assert text == shown(value)


def test_the_summary_is_plain_data(tmp_path: Path) -> None:
    """summary.json has the figures under the names that they have in code."""
    summary = evolve(made.SUMMARY, targets=(evolve(made.SUMMARY.targets[0], median=Interval(value=float("inf"))),))
    written = _exports.write(made.run(), summary, tmp_path)
    data = json.loads(written["summary.json"].read_text())

    assert ("summary", 1, "shown") == (data["genhub"], data["format"], data["verdict"]["sure"])
    assert {"value": "inf"} == data["targets"][0]["median"]


@pytest.mark.parametrize(
    ("content", "said"),
    [
        ("", "not whole, or no JSON"),
        ('{"genhub":"compar', "not whole, or no JSON"),
        ("[1, 2]", "is JSON, but no comparison"),
        ('{"genhub": "summary"}', "is JSON, but no comparison"),
        ('{"genhub": "comparison", "format": 2}', "its format is 2, and this version of genhub reads 1"),
        ('{"genhub": "comparison", "format": 1}', "`results` are missing"),
        ('{"genhub": "comparison", "format": 1, "results": {"suite": "x"}}', "can't be read: .*fingerprint"),
        ('{"genhub": "comparison", "format": 1, "results": [1]}', "can't be read"),
    ],
)
def test_a_wrong_file_is_named(content: str, said: str, tmp_path: Path) -> None:
    """What is wrong, where, and what to do."""
    path = tmp_path / "results.json"
    path.write_text(content)

    with pytest.raises(ConfigError, match=said) as caught:
        _exports.read(path)

    assert (str(path), True) == (caught.value.where, bool(caught.value.remedy))
