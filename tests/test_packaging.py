"""Whatever is written down twice: folders, wheel, entry points, layers, extras."""

from __future__ import annotations

import importlib
import tomllib
from importlib.metadata import entry_points, version
from pathlib import Path
from typing import Any

import pytest

import genhub

ROOT = Path(__file__).parents[1]
PROJECT: dict[str, Any] = tomllib.loads((ROOT / "pyproject.toml").read_text("utf-8"))
FOLDERS = {path.name for path in (ROOT / "providers").iterdir() if path.name.startswith("genhub_")}


def test_folders_wheel_and_entry_points_agree() -> None:
    """An adapter's folder is a package of the wheel and a provider by entry point."""
    wheel = PROJECT["tool"]["hatch"]["build"]["targets"]["wheel"]["packages"]
    registered = PROJECT["project"]["entry-points"]["genhub.providers"]

    assert {"genhub", *(f"providers/{name}" for name in FOLDERS)} == set(wheel)
    assert FOLDERS == {target.partition(":")[0] for target in registered.values()}
    assert FOLDERS | {"genhub"} == set(PROJECT["tool"]["check-wheel-contents"]["toplevel"])
    assert registered == {point.name: point.value for point in entry_points(group="genhub.providers")}
    assert set(registered) == {point.name for point in entry_points(group="genhub.simulators")}


@pytest.mark.parametrize("name", ["genhub", *sorted(FOLDERS)])
def test_every_package_is_typed(name: str) -> None:
    """Without py.typed a checker sees nothing."""
    package = importlib.import_module(name)
    assert package.__file__ is not None

    assert Path(package.__file__).with_name("py.typed").exists()


def test_the_version_is_said_once() -> None:
    """The installed metadata and the package agree."""
    assert version("genhub-jobs") == genhub.__version__


@pytest.mark.parametrize("name", sorted(FOLDERS))
def test_an_adapter_has_its_page_and_its_tests(name: str) -> None:
    """Code, page and tests under the same name."""
    short = name.removeprefix("genhub_")

    assert (ROOT / "docs" / "providers" / f"{short}.md").exists()
    assert (ROOT / "tests" / "providers" / f"test_{short}.py").exists()
    assert (ROOT / "tests" / "contract" / f"test_{short}.py").exists()


def test_constraints_name_no_place() -> None:
    """Plain `name==version` lines: nothing records where a package came from."""
    for line in (ROOT / "constraints.txt").read_text("utf-8").splitlines():
        name, _, number = line.partition("==")
        assert name and number and "/" not in line and "@" not in line and " " not in line
