"""The docs' pages, the code and the packaging say the same."""

from __future__ import annotations

import re
import tomllib
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import attrs
import pytest

import genhub
from docs import _generate as generate
from docs._comments import comments
from docs._providers import TITLES
from docs._simulators import simulators
from docs._tables import NONE
from genhub import compare
from genhub._account import Account, Budget
from genhub._provider import CAPABILITIES
from genhub._registry import load
from genhub._requests import REQUESTS
from genhub.compare._limits import limits, platforms
from genhub.routing import Route, Via
from genhub.sim import Fault, Scenario, Simulator

from ._blocks import ROOT, pages

PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
POINTS: dict[str, str] = PROJECT["project"]["entry-points"]["genhub.providers"]
NAMES = sorted(POINTS)
SITE = (ROOT / "mkdocs.yml").read_text("utf-8")
#: Blocks that every provider's page has.
NEEDED = ("settings", "statuses", "billing", "codes", "polling", "verbs")


def marks(page: Path) -> Iterator[list[str]]:
    """Yield the blocks that a page asks for, each with its arguments."""
    for match in generate.MARK.finditer(page.read_text("utf-8")):
        yield [match[1], *match[2].split()]


def test_providers_folders_pages_and_entry_points_agree() -> None:
    """Each provider has a folder, a page in the navigation, an entry point and a title."""
    folders = sorted(each.name.removeprefix("genhub_") for each in (ROOT / "providers").glob("genhub_*"))
    written = sorted(each.stem for each in (ROOT / "docs" / "providers").glob("*.md") if each.stem != "index")

    assert NAMES == folders == written == sorted(TITLES)
    assert all(f"providers/{name}.md" in SITE for name in NAMES)


@pytest.mark.parametrize("name", NAMES)
def test_a_providers_page_has_what_the_others_have(name: str) -> None:
    """The same generated parts, and its quirks."""
    page = ROOT / "docs" / "providers" / f"{name}.md"

    assert [[each, name] for each in NEEDED] == sorted(marks(page), key=lambda mark: NEEDED.index(mark[0]))
    assert "## Limitations and quirks" in page.read_text("utf-8")


def test_every_page_is_in_the_navigation() -> None:
    """No page is written for nobody."""
    docs = ROOT / "docs"
    assert [] == [page for page in docs.rglob("*.md") if str(page.relative_to(docs)) not in SITE]


@pytest.mark.parametrize("page", pages(), ids=lambda page: str(page.relative_to(ROOT)))
def test_the_links_of_a_page_lead_somewhere(page: Path) -> None:
    """A link to a file of the repository names one that is there, and a heading in it."""
    text = re.sub(r"```.*?```", "", page.read_text("utf-8"), flags=re.DOTALL)
    for target in re.findall(r"\]\(([^)\s]+)\)", text):
        path, _, anchor = target.partition("#")
        if "://" in target:
            continue
        found = (page.parent / path) if path else page
        assert found.is_file(), target
        assert not anchor or anchor in _anchors(found), target


def _anchors(page: Path) -> set[str]:
    headings = re.findall(r"^#+ (.+)$", page.read_text("utf-8"), re.MULTILINE)
    own = {match for heading in headings for match in re.findall(r"\{ #([\w-]+) \}", heading)}
    return own | {re.sub(r"[^\w\- ]", "", heading.lower()).strip().replace(" ", "-") for heading in headings}


@pytest.mark.parametrize("mark", sorted({tuple(mark) for page in pages() for mark in marks(page)}), ids="-".join)
def test_every_generated_part_has_something_in_every_row(mark: tuple[str, ...]) -> None:
    """A row says what its name means: nothing is left to guess."""
    rendered = generate.render(*mark)
    rows = [line for line in rendered.splitlines() if line.startswith("|") and not line.startswith("|-")]
    assert rendered.strip()
    assert all(any(cell.strip() for cell in row.strip("|").split("|")[1:]) for row in rows[1:]), rows


# The tables and the code


def test_the_matrix_is_what_the_classes_have() -> None:
    """A cell says yes exactly where the class has the capability."""
    rows = {row.split("|")[1].strip(" `"): [cell.strip() for cell in row.split("|")[2:-1]] for row in _rows("matrix")}

    for word in CAPABILITIES:
        can = ["yes" if word in genhub.capabilities(load(name)) else NONE for name in TITLES]
        assert can == rows[word], word
    assert {f"makes {kind}" for kind in REQUESTS} <= set(rows)


@pytest.mark.parametrize("name", NAMES)
def test_the_billing_table_is_the_profile(name: str) -> None:
    """One row for each rule, with its effect and its source; the unit, the prices and the day it was checked."""
    profile: genhub.BillingProfile = load(name).billing
    rows = [row for row in _rows("billing", name) if row.count("|") == 7][1:]

    assert len(profile.rules) == len(rows)
    for rule, row in zip(profile.rules, rows, strict=True):
        cells = [cell.strip() for cell in row.split("|")[1:-1]]
        assert [str(rule.moment), rule.kind or "all", f"**{rule.effect}**"] == [cells[0], cells[1], cells[3]]
        assert [" ".join(rule.note.split()), rule.source] == cells[4:]
    whole = generate.render("billing", name)
    facts = (profile.unit, profile.checked, profile.idempotency, profile.cost_in, *map(str, profile.prices.values()))
    assert [] == [fact for fact in facts if fact not in whole]


@pytest.mark.parametrize("name", NAMES)
def test_the_settings_are_all_told(name: str) -> None:
    """Each setting has a row that says what it means."""
    rows = _rows("settings", name)
    for each in attrs.fields(load(name)):
        if each.init:
            (row,) = [row for row in rows if row.startswith(f"| `{each.name}` |")]
            assert row.rstrip("| ").rpartition("|")[2].strip(), each.name


@pytest.mark.parametrize("kind", [Account, Budget, Route, Via])
def test_the_settings_of_every_account_and_route_are_all_told(kind: type[Any]) -> None:
    """Each has a row that says what it means, and of which type it is in a file."""
    rows = _rows(f"{kind.__name__.lower()}-settings")
    for each in attrs.fields(kind):
        (row,) = [row for row in rows if row.startswith(f"| `{each.name}` |")]
        _, of_type, _, meaning = [cell.strip() for cell in row.strip("|").split("|")]
        assert meaning, each.name
        assert not re.search(r"genhub|typing|attrs|tuple|None", of_type), each.name


@pytest.mark.parametrize("name", NAMES)
def test_the_words_and_codes_are_the_adapters(name: str) -> None:
    """Each code of the dialect has its row with its error."""
    shown = generate.render("codes", name)
    for code, error in load(name).dialect.codes.items():
        assert f"| `{code}` | `{error.__name__}` |" in shown


def test_every_word_is_told() -> None:
    """Statuses, events, faults, scenarios, switches, errors: none is missing, and each has its meaning."""
    pairs = {
        "status-words": genhub.Status,
        "evidence-words": genhub.Evidence,
        "event-words": genhub.EventName,
        "faults": Fault,
    }
    for block, words in pairs.items():
        shown = generate.render(block)
        assert [] == [word for word in words if f"| `{word}` |" not in shown]
        assert {word.name for word in words} <= set(comments(words))
    scenario = generate.render("scenario")
    assert [] == [each.name for each in attrs.fields(Scenario) if f"| `{each.name}` |" not in scenario]
    errors = generate.render("errors")
    public = [name for name in genhub.__all__ if _is_error(getattr(genhub, name))]
    assert [] == [name for name in public if f"`{name}`" not in errors]


@pytest.mark.parametrize("name", ["", *NAMES])
def test_every_switch_of_a_simulator_is_told(name: str) -> None:
    """An argument of a simulator's constructor has a row that says what it does."""
    rows = _rows("switches", name) if name else _rows("common-switches")
    common = {each.name for each in attrs.fields(Simulator)}
    kinds = {each.__name__.lower(): each for each in simulators()}
    kind = kinds[f"{name}sim"] if name else Simulator
    for each in attrs.fields(kind):
        if each.init and (not name or each.name not in common):
            (row,) = [row for row in rows if row.startswith(f"| `{each.alias or each.name}` |")]
            assert row.rstrip("| ").rpartition("|")[2].strip(), each.name


def test_the_reference_has_every_public_name() -> None:
    """What is exported is in the reference, but for plain names of types."""
    page = (ROOT / "docs" / "reference.md").read_text("utf-8")
    named = set(re.findall(r"^::: genhub\.(\w+)$", page, re.MULTILINE))

    assert set(genhub.__all__) - {"__version__", "sync", "Request", "OutputKind"} == named


def test_the_reference_has_every_name_of_comparisons() -> None:
    """What `genhub.compare` exports is in the reference."""
    page = (ROOT / "docs" / "reference.md").read_text("utf-8")

    assert set(compare.__all__) == set(re.findall(r"^::: genhub\.compare\.(\w+)$", page, re.MULTILINE))


def test_every_platforms_limits_are_told() -> None:
    """Each platform has its row, with the day on which its limits were read and the page that says so."""
    rows = {row.split("|")[1].strip(" `"): row for row in _rows("platform-limits")[1:]}

    assert list(platforms()) == list(rows)
    for name, row in rows.items():
        found = limits(name)
        assert found is not None
        figures = (*(each.most for each in (*found.text, *found.title)), found.checked, found.source, *found.also)
        assert [] == [each for each in figures if str(each) not in row], name


def _is_error(found: object) -> bool:
    return isinstance(found, type) and issubclass(found, genhub.GenhubError)


def _rows(*mark: str) -> list[str]:
    return [line for line in generate.render(*mark).splitlines() if line.startswith("| ")]
