"""Configuration, plans, providers, and the simulators on ports of their own."""

from __future__ import annotations

import re
import signal
import tomllib
from pathlib import Path

import pytest

from genhub._config import read
from genhub._errors import (
    BudgetExceeded,
    ConfigError,
    InvalidRequest,
    JobFailed,
    JournalError,
    ProviderUnavailable,
    SubmissionUnknown,
    UnsupportedRequest,
    WaitTimeout,
    WrongState,
)
from genhub.cli import _exits as exits

from .conftest import EXAMPLES, Place, document


@pytest.mark.parametrize(
    ("error", "code"),
    [
        (ConfigError("x"), 2),
        (UnsupportedRequest("x"), 2),
        (BudgetExceeded("x"), 2),
        (JournalError("x"), 2),
        (InvalidRequest("x"), 2),
        (InvalidRequest("x", account="a", http_status=400), 1),
        (ProviderUnavailable("x", account="a"), 1),
        (WrongState("x"), 1),
        (JobFailed("x"), 1),
        (SubmissionUnknown("x"), 3),
        (WaitTimeout("x"), 4),
        (KeyboardInterrupt(), 130),
        (RuntimeError("x"), 1),
    ],
    ids=lambda each: type(each).__name__ if isinstance(each, BaseException) else None,
)
def test_each_error_has_its_exit_code(error: BaseException, code: int) -> None:
    """As section 8 of the design says."""
    assert code == exits.code_of(error)


def test_a_right_configuration_is_said_to_be_right(place: Place) -> None:
    """With its accounts, prices and journal; nothing is sent, no secret is shown."""
    result = place.genhub("config", "check")

    assert 0 == result.exit_code
    assert "genhub.toml is right; the journal is sqlite:///jobs.db" in result.stdout
    assert "1 credit is 0.10 EUR" in result.stdout
    assert {"powerpost", "genpro", "adgen"} == set(document(place.genhub("config", "check", "--json"))["accounts"])
    assert not place.sim("powerpost").requests


def test_all_that_is_wrong_with_a_configuration_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Each account with its line and the remedy."""
    monkeypatch.delenv("ADGEN_TOKEN")
    text = (place.folder / "genhub.toml").read_text("utf-8")
    place.file("genhub.toml", text.replace("workspace_id", "workspce_id").replace('url = "sqlite', 'ulr = "sqlite'))

    result = place.genhub("config", "check")

    assert 2 == result.exit_code
    assert "genhub.toml:5: accounts.powerpost.workspce_id: unknown setting" in result.stderr
    assert "Did you mean 'workspace_id'?" in result.stderr
    assert "the variable ADGEN_TOKEN is not set" in result.stderr
    assert "journal.ulr" in result.stderr
    assert "3 things are wrong" in result.stderr


def test_no_configuration_is_said(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where it was looked for; the environment stands in for it when it names a provider's settings."""
    (place.folder / "genhub.toml").unlink()
    monkeypatch.delenv("POWERPOST_API_KEY")
    monkeypatch.delenv("GENPRO_API_KEY")

    missing = place.genhub("balance")
    monkeypatch.setenv("ADGEN_BASE_URL", place.sim("adgen").url)
    found = place.genhub("balance")

    assert 2 == missing.exit_code
    assert "there is no genhub.toml" in missing.stderr
    assert 0 == found.exit_code, found.output
    assert "adgen" in found.stdout
    assert 2 == place.genhub("balance", "--config", "nope.toml").exit_code
    assert 2 == place.genhub("jobs", "--config", "nope.toml").exit_code


def test_a_plan_spends_nothing(place: Place) -> None:
    """What every account would do with a request: as asked, adjusted, not at all, and for how much."""
    told = place.genhub("plan", "text", "Dark mode", "--platform", "x", "--tone", "bold")
    one = document(place.genhub("plan", "text", "Dark mode", "--to", "powerpost", "--platform", "x", "--json"))
    strict = place.genhub("plan", "text", "Dark mode", "--to", "genpro", "--tone", "bold", "--strict")
    never = place.genhub("plan", "speech", "--script", "Good evening", "--to", "adgen")

    assert 0 == told.exit_code
    assert re.search(r"adgen +copy +1 adgen credits \(documented\)", told.stdout)
    assert "tone “bold”: left out" in told.stdout
    assert ["powerpost"] == [each["account"] for each in one["options"]]
    assert [2, 2] == [strict.exit_code, never.exit_code]
    assert "impossible" in never.stdout
    assert [] == place.creations() and not Path("jobs.db").exists()


def test_a_file_is_planned_too(place: Place) -> None:
    """Row by row, with the same problems as a run."""
    good = place.genhub("plan", EXAMPLES / "launch.toml")
    data = document(place.genhub("plan", EXAMPLES / "launch.toml", "--sim", "--json"))
    bad = place.genhub("plan", place.file("bad.toml", '[[request]]\nkind = "txt"\n'))

    assert 0 == good.exit_code, good.output
    assert "Launch announcement" in good.stdout
    assert 28 == len(data["rows"])
    assert 2 == bad.exit_code and "Did you mean 'text'?" in bad.stderr
    assert 2 == place.genhub("plan", "frob", "hello").exit_code
    assert 2 == place.genhub("plan", "image", "hello", "--tone", "bold").exit_code
    assert [] == place.creations()


def test_providers_show_their_money_rules_with_sources(place: Place) -> None:
    """And the day they were checked, what they can do, their words for a status."""
    every = place.genhub("providers")
    one = place.genhub("providers", "genpro")
    data = document(place.genhub("providers", "adgen", "--json"))

    assert 0 == every.exit_code and "stop, resume" in every.stdout
    assert "checked 2026-" in one.stdout and "https://api.gen.pro" in one.stdout
    assert re.search(r"stopped +stopped", one.stdout)
    assert {"copy": "1", "static_ad": "3", "video": "40"} == data["billing"]["prices"]
    assert "canceled" == data["statuses"]["canceled"]
    assert 2 == place.genhub("providers", "nope").exit_code


def test_the_simulators_print_a_configuration_that_works(place: Place) -> None:
    """`genhub sim > genhub.toml`: an app, or this command, talks to them until Ctrl-C."""
    served = place.start("sim", "--port", "0", "--speed", "100")
    assert served.stdout is not None
    text = ""
    while "[journal]" not in text:
        text += served.stdout.readline()
    text += served.stdout.readline()
    place.file("sim.toml", text)

    assert {"powerpost", "genpro", "adgen"} == set(read(tomllib.loads(text), {}).accounts)
    result = place.genhub("text", "hello there", "--to", "genpro", "--config", "sim.toml")
    busy = place.genhub("sim", "--port", str(place.sim("adgen").port))
    served.send_signal(signal.SIGINT)
    served.communicate(timeout=30)

    assert 0 == result.exit_code, result.output
    assert 2 == busy.exit_code
    assert 0 == served.returncode


def test_the_examples_are_right(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """The configuration that is shown is one."""
    for name in ("POWERPOST_WORKSPACE_ID", "ADGEN_BASE_URL", "ADGEN_PROJECT_ID", "ADGEN_PRODUCT_ID"):
        monkeypatch.setenv(name, "https://ads.example.com" if name == "ADGEN_BASE_URL" else "x")

    result = place.genhub("config", "check", "--config", EXAMPLES / "genhub.toml")

    assert 0 == result.exit_code, result.output
