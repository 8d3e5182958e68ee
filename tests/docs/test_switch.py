"""Another service is one line of the file: the example that the docs show for it, as they show it."""

from __future__ import annotations

import re
import runpy
import sys
import tomllib
from pathlib import Path

import pytest
from attrs import frozen

from ._blocks import ROOT, blocks
from ._layout import LAYOUT, NAMES

PAGE = ROOT / "docs" / "routes.md"
PROGRAM = ROOT / "examples" / "switch.py"
EXAMPLE = ROOT / "examples" / "genhub.toml"


@frozen(kw_only=True)
class Session:
    """What a reader sees in a terminal: the line of the file, and what the program prints."""

    line: str
    printed: list[str]

    @property
    def order(self) -> list[str]:
        order: list[str] = tomllib.loads(self.line)["accounts"]
        return order


def sessions() -> list[Session]:
    """Return the sessions of the page, in its order."""
    found: list[Session] = []
    for block in blocks(PAGE, "console"):
        match block.text.splitlines():
            case ['$ grep "accounts =" genhub.toml', line, "$ python examples/switch.py", *printed]:
                found.append(Session(line=line, printed=printed))
            case _:
                pass
    return found


def test_the_page_shows_the_program_and_each_service_first() -> None:
    """Program and route are the examples', the route is that of the file here, and every account comes first once."""
    (shown,) = [block.text for block in blocks(PAGE, "python") if block.run == "file examples/switch.py"]
    (route, *_) = [block.text for block in blocks(PAGE, "toml")]

    assert PROGRAM.read_text("utf-8") == shown + "\n"
    assert route in LAYOUT
    assert tomllib.loads(route)["routes"] == tomllib.loads(EXAMPLE.read_text("utf-8"))["routes"]
    assert sorted(NAMES) == sorted(session.order[0] for session in sessions())
    assert all(sorted(NAMES) == sorted(session.order) for session in sessions())


@pytest.mark.parametrize("session", sessions(), ids=lambda session: session.order[0])
def test_one_line_switches_the_service(
    session: Session, place: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """No more than that line differs; the same program prints what the page shows, made by the account named first."""
    file = place / "genhub.toml"
    before = file.read_text("utf-8")
    after = re.sub(r"^accounts = .*$", session.line, before, flags=re.MULTILINE)
    file.write_text(after, "utf-8")
    monkeypatch.setattr(sys, "argv", [str(PROGRAM)])

    runpy.run_path(str(PROGRAM), run_name="__main__")

    differs = [new for old, new in zip(before.splitlines(), after.splitlines(), strict=True) if old != new]
    assert ([] if session.line in before.splitlines() else [session.line]) == differs
    printed = capsys.readouterr().out.splitlines()
    assert session.printed == printed
    assert printed[-1].startswith(f"{session.order[0]}: ")
