"""Configuration, plans, providers, and the simulators on ports of their own."""

from __future__ import annotations

import re
import signal
import tomllib

import pytest

from genhub._config import read
from genhub._errors import (
    AllAttemptsFailed,
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
        (AllAttemptsFailed("x", [JobFailed("x")]), 1),
        (AllAttemptsFailed("x", [UnsupportedRequest("x"), BudgetExceeded("x")]), 2),
        (AllAttemptsFailed("x", [UnsupportedRequest("x"), ProviderUnavailable("x", account="a")]), 1),
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


def test_routes_are_shown_with_their_terms(place: Place) -> None:
    """Who is in them, how they are ordered, and what they allow."""
    place.route()
    place.route(
        """
[routes]
short = ["genpro", "adgen"]

[routes.film]
accounts = [{ account = "adgen", weight = 3 }, "genpro"]
policy = "weighted"
kinds = "video"
deadline = "90s"
on_deadline = "give_up"
hedge_after = "p95"
on_unknown = "pay_twice"
reuse = "1h"

[routes.ads]
accounts = ["adgen"]
max_spend = "2 EUR"
budget = { amount = 9, per = "day", currency = "EUR" }
hedge_after = "20s"
"""
    )

    told = place.genhub("config", "check")
    data = document(place.genhub("config", "check", "--json"))

    assert 0 == told.exit_code, told.output
    assert re.search(r"captions +powerpost, adgen, genpro +order +adjust\n", told.stdout)
    assert re.search(r"short +genpro, adgen +order +strict\n", told.stdout)
    late = "1 min 30 s an attempt, then give_up, a second one after p95"
    film = f"strict, {late}, in doubt: pay_twice, reuse within 1 h 0 min"
    assert re.search(rf"film +adgen, genpro +weighted +{film}\n", told.stdout)
    ads = "strict, at most 2 EUR a job, 9 EUR per day, a second one after 20 s"
    assert re.search(rf"ads +adgen +order +{ads}\n", told.stdout)
    assert {"captions", "short", "film", "ads"} == set(data["routes"])
    assert ["powerpost", "adgen", "genpro"] == [each["account"] for each in data["routes"]["captions"]["accounts"]]


def test_all_that_is_wrong_with_routes_is_said(place: Place) -> None:
    """Each with its line; one over an account that is wrong itself can't be judged yet."""
    lines = (place.folder / "genhub.toml").read_text("utf-8").count("\n")
    place.route(
        """
[routes.one]
accounts = ["powerpost", "adgn"]

[routes.two]
accounts = ["adgen"]
policy = "chepest"

[routes.adgen]
accounts = ["adgen"]

[routes.four]
accounts = ["adgen"]
polcy = "order"

[routes.five]
accounts = ["genpro", "genpro"]
"""
    )

    wrong = place.genhub("config", "check")
    text = (place.folder / "genhub.toml").read_text("utf-8")
    place.file("genhub.toml", text.replace("workspace_id", "workspce_id"))
    both = place.genhub("config", "check")

    assert [2, 2] == [wrong.exit_code, both.exit_code]
    for line, said in (
        (2, "routes.one: there is no account 'adgn'. Accounts are: powerpost, genpro, adgen"),
        (5, "routes.two: policy is one of order, cheapest, fastest, weighted, round_robin, not 'chepest'"),
        (9, "routes.adgen: 'adgen' is the name of an account and of a route. Give the route another name"),
        (14, "routes.four.polcy: unknown setting 'polcy'. Did you mean 'policy'?"),
        (16, "routes.five: accounts has genpro twice"),
    ):
        assert f"genhub.toml:{lines + line}: {said}" in wrong.stderr, (line, said, wrong.stderr)
    assert "5 things are wrong" in wrong.stderr
    assert "routes.one" not in both.stderr and "workspce_id" in both.stderr


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
