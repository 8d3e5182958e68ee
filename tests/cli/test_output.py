"""What the command writes, and what it never writes: escape codes in files, secrets, tracebacks."""

from __future__ import annotations

import os
import pty
import sys
from pathlib import Path

import pytest
from click.testing import CliRunner

from genhub import GenhubError
from genhub.cli import _exits as exits
from genhub.cli import main
from genhub.cli._app import COMMANDS, root
from genhub.cli._out import clean

from .conftest import SECRETS, Place, document
from .test_run import THREE


def test_no_escape_codes_where_nobody_looks(place: Place) -> None:
    """Whatever the environment wishes for: a pipe gets text."""
    for args in (["run", place.file("three.toml", THREE)], ["jobs"], ["ledger"], ["providers", "genpro"], ["--help"]):
        run = place.start(*args, env={"FORCE_COLOR": "1", "TERM": "xterm-256color", "CLICOLOR_FORCE": "1"})
        told, wrong = run.communicate(timeout=30)

        assert 0 == run.returncode, wrong
        assert "\x1b" not in told + wrong, args


def on_a_terminal(place: Place, *args: str, env: dict[str, str] | None = None) -> str:
    """Run the command on a terminal; return all that it drew."""
    pid, terminal = pty.fork()
    if pid == 0:  # pragma: no cover - the child
        os.chdir(place.folder)
        os.environ.update({"TERM": "xterm-256color", "COLUMNS": "120", "LINES": "40", **(env or {})})
        os.execv(sys.executable, [sys.executable, "-m", "genhub.cli", *args])
    drawn = b""
    while True:
        try:
            piece = os.read(terminal, 65536)
        except OSError:
            break
        if not piece:
            break
        drawn += piece
    os.close(terminal)
    assert 0 == os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]), drawn.decode("utf-8", "replace")
    return drawn.decode("utf-8", "replace")


def test_a_terminal_is_drawn_on(place: Place) -> None:
    """Accounts, how far it is, what happened last; then the table."""
    place.file("three.toml", THREE)

    drawn = on_a_terminal(place, "run", "three.toml")

    assert "\x1b[" in drawn
    assert "3 of 3" in drawn
    assert "credits so far" in drawn
    assert "three-out/index.html" in drawn


def test_waiting_is_shown_on_a_terminal(place: Place) -> None:
    """What the job is doing, until its texts are there; files get their sizes and addresses."""
    text = on_a_terminal(place, "text", "hello there", "--to", "powerpost", "--platform", "youtube", "--timeout", "30")
    image = on_a_terminal(place, "image", "A lantern", "--to", "powerpost")

    assert "at powerpost (j" in text
    assert "everything that is new" in text
    assert "image, 1024 x 1024: http" in image


def test_no_color_is_respected(place: Place) -> None:
    """A terminal without colours: the words say it too."""
    place.genhub("text", "hello there", "--to", "genpro")

    coloured = on_a_terminal(place, "jobs")
    plain = on_a_terminal(place, "jobs", env={"NO_COLOR": "1"})

    assert "\x1b[32m" in coloured
    assert "\x1b[32m" not in plain and "succeeded" in plain


def test_what_a_vendor_writes_steers_no_terminal() -> None:
    """Control characters and those that turn the direction of text are shown as one sign."""
    assert "a\N{REPLACEMENT CHARACTER}[31mb" == clean("a\x1b[31mb")
    assert "\N{REPLACEMENT CHARACTER}" * 3 == clean("\x07\x9b\u202e")
    assert "a\n\tb" == clean("a\r\n\tb")


def test_no_secret_is_shown_anywhere(place: Place) -> None:
    """Not in tables, JSON, errors, logs, pages, results or the journal."""
    file = place.file("three.toml", THREE)
    place.script("genpro", fault="garbled")
    outputs = [
        place.genhub(*args)
        for args in (
            ["run", file, "--verbose"],
            ["run", file, "--json"],
            ["jobs", "--json"],
            ["config", "check"],
            ["config", "check", "--json"],
            ["balance"],
            ["providers", "--json"],
            ["text", "hello there", "--to", "powerpost", "--verbose"],
            ["plan", "text", "hello", "--json"],
            ["ledger", "--csv"],
        )
    ]
    written = [path.read_bytes() for path in place.folder.rglob("*") if path.is_file()]

    for secret in SECRETS.values():
        assert [] == [each.output for each in outputs if secret in each.output]
        assert [] == [each[:80] for each in written if secret.encode() in each]


def test_nobody_sees_a_traceback_who_did_not_ask(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """One line that says where it is; and no secret in that file."""

    def broken(*_: object, **__: object) -> None:
        raise RuntimeError(f"unforeseen {SECRETS['GENPRO_API_KEY']}")

    monkeypatch.setattr("genhub._hub.Hub.submit", broken)

    told = place.genhub("text", "hello there", "--to", "genpro")
    data = place.genhub("text", "hello there", "--to", "genpro", "--json")
    monkeypatch.setenv("GENHUB_DEBUG", "1")

    assert [1, 1] == [told.exit_code, data.exit_code]
    assert 1 == told.stderr.count("\n") and "Traceback" not in told.output
    assert "RuntimeError" == document(data)["error"]["type"]
    logs = list((place.folder / "state" / "genhub").iterdir())
    assert str(logs[0].parent) in told.stderr
    assert "Traceback" in logs[0].read_text("utf-8")
    assert 2 == len(logs)
    assert all(SECRETS["GENPRO_API_KEY"] not in each.read_text("utf-8") for each in logs)
    assert all(0o600 == each.stat().st_mode & 0o777 for each in logs)
    assert SECRETS["GENPRO_API_KEY"] not in told.output + data.output
    assert isinstance(place.genhub("text", "hello there", "--to", "genpro").exception, RuntimeError)


def test_a_traceback_without_a_place_is_no_crash(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """A file system that takes nothing: the line is shown all the same."""
    (tmp_path / "file").write_text("")
    monkeypatch.setenv("XDG_STATE_HOME", str(tmp_path / "file"))
    monkeypatch.setattr("tempfile.gettempdir", lambda: str(tmp_path / "file"))

    assert exits.keep_traceback(GenhubError("x"), []) is None


def test_missing_libraries_are_one_line(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    """The extra is named."""
    monkeypatch.setitem(sys.modules, "click", None)

    assert 2 == main(["jobs"])
    assert "genhub: the command needs click. Install it: pip install 'genhub-jobs[cli]'\n" == capsys.readouterr().err


def test_every_command_has_help_and_takes_the_common_options() -> None:
    """`--json`, `--journal`, `--config` on every one of them."""
    for name in COMMANDS:
        args = [name, "check"] if name == "config" else [name]
        result = CliRunner().invoke(root, [*args, "--help"])

        assert 0 == result.exit_code, result.output
        for flag in ("--json", "--journal", "--config"):
            assert flag in result.stdout, (name, flag)


def test_usage_errors_are_json_too() -> None:
    """Wherever `--json` stands."""
    for args in (["--json", "frob"], ["jobs", "--json", "--frob"], ["show", "--json"]):
        result = CliRunner().invoke(root, args)

        assert 2 == result.exit_code
        assert "UsageError" == document(result)["error"]["type"]


def test_the_version_is_told() -> None:
    """And bare `genhub` shows its help."""
    assert 0 == main(["--version"])
    assert "Commands:" in CliRunner().invoke(root, []).output
