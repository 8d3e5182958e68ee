"""`genhub plan` and `genhub providers --health`: what would happen, and how the accounts stand. Nothing is sent."""

from __future__ import annotations

import re
import signal
from pathlib import Path

from .conftest import EXAMPLES, Place, document

PRICES = {
    "powerpost": 'price = "0.05 EUR"\nestimate = { text = 10 }\n',
    "genpro": 'price = "0.02 EUR"\n',
}
CAPTION = ("text", "Dark mode", "--platform", "x", "--tone", "bold")


def priced(place: Place) -> None:
    """Give all accounts a price in one currency, and PowerPost an estimate."""
    text = (place.folder / "genhub.toml").read_text("utf-8")
    for name, lines in PRICES.items():
        text = text.replace(f"[accounts.{name}]\n", f"[accounts.{name}]\n{lines}")
    place.file("genhub.toml", text)


def test_a_plan_spends_nothing(place: Place) -> None:
    """What every account would do with a request: as asked, adjusted, not at all, and for how much."""
    told = place.genhub("plan", *CAPTION)
    one = document(place.genhub("plan", "text", "Dark mode", "--to", "powerpost", "--platform", "x", "--json"))
    strict = place.genhub("plan", "text", "Dark mode", "--to", "genpro", "--tone", "bold", "--strict")
    never = place.genhub("plan", "speech", "--script", "Good evening", "--to", "adgen")

    assert 0 == told.exit_code
    assert re.search(r"adgen +copy +1 adjusted +1 documented +0.10 EUR +well", told.stdout)
    assert "  estimate    1 adgen credits (documented) = 0.10 EUR" in told.stdout
    assert "  adjusted    tone: “bold” -> left out (has no field for tone)" in told.stdout
    assert ["powerpost"] == [each["account"] for each in one["options"]]
    assert [2, 2] == [strict.exit_code, never.exit_code]
    assert "  impossible" in never.stdout
    assert [] == place.creations() and not Path("jobs.db").exists()


def test_the_switch_report(place: Place) -> None:
    """For every account of a route, in its order: what it would do, for how much, how that is known, and why there."""
    priced(place)
    place.route(
        '[routes.cheap]\naccounts = ["powerpost", "adgen", "genpro"]\npolicy = "cheapest"\nportability = "adjust"\n'
    )

    told = place.genhub("plan", *CAPTION, "--to", "cheap", env={"COLUMNS": "100"})
    data = document(place.genhub("plan", *CAPTION, "--to", "cheap", "--json"))

    assert 0 == told.exit_code, told.output
    heads, first, second, third = told.stdout.splitlines()[:4]
    assert ["account", "call", "fits", "credits", "money", "seen", "time", "(95", "%)", "state"] == heads.split()
    assert re.match(r"adgen +copy +1 adjusted +1 documented +0.10 EUR +well$", first)
    assert re.match(r"powerpost +captions +1 adjusted +10 user +0.50 EUR +well$", second)
    assert re.match(r"genpro +text +2 adjusted +not known +well$", third)
    assert all(len(line) <= 100 for line in (heads, first, second, third))
    for words in (
        "adgen: cheapest: 0.10 EUR (1 adgen credits, documented)\n",
        "  adjusted    platforms: “x” -> “universal” (CutX does not know the platform)\n",
        "powerpost: 2nd: 0.50 EUR (10 powerpost credits, your estimate)\n",
        "  estimate    10 powerpost credits (your estimate) = 0.50 EUR\n",
        "genpro: what it costs is not known\n",
        "  estimate    not known, in genpro credits: nothing documented, nothing seen, no `estimate` on the account\n",
        "it would begin at adgen\n",
    ):
        assert words in told.stdout, words
    assert ("cheap", "adgen") == (data["route"], data["best"])
    assert ["adgen", "powerpost", "genpro"] == [each["account"] for each in data["options"]]
    of = data["options"][0]
    assert ({"credits": "1", "unit": "adgen credits", "source": "documented"}, "0.10", "EUR", True) == (
        of["estimate"], of["money"], of["currency"], of["supported"],
    )  # fmt: skip
    asked = {name: of["adjustments"][0][name] for name in ("field", "asked", "sent")}
    assert {"field": "platforms", "asked": ["x"], "sent": "universal"} == asked
    assert (["well"], "closed") == (of["health"]["state"], of["health"]["submits"]["state"])
    assert [] == place.creations() and not Path("jobs.db").exists()


def test_a_route_decides_whether_changes_are_allowed(place: Place) -> None:
    """Unless the plan says otherwise; what is impossible says why, and is last."""
    place.route('[routes]\nstrict = ["genpro", "powerpost"]\n')
    asked = ("text", "Dark mode", "--platform", "x", "--to", "strict")

    strict = place.genhub("plan", *asked)
    adjusted = document(place.genhub("plan", *asked, "--adjust", "--json"))

    lines = strict.stdout.splitlines()
    assert 0 == strict.exit_code
    assert [["powerpost", "captions", "as", "asked"], ["genpro", "impossible"]] == [
        lines[1].split()[:4], lines[2].split()[:2],
    ]  # fmt: skip
    assert "it would begin at powerpost" in strict.stdout
    assert "genpro" == adjusted["best"]
    assert 2 == place.genhub("plan", *asked, "--adjust", "--strict").exit_code


def test_wrong_names_and_routes_for_other_kinds_end_with_2(place: Place) -> None:
    """With what may have been meant."""
    place.route('[routes.films]\naccounts = ["adgen", "genpro"]\nkinds = ["video"]\n')

    wrong = place.genhub("plan", *CAPTION, "--to", "filns")
    other = place.genhub("plan", *CAPTION, "--to", "films")
    nobody = place.genhub("plan", "speech", "--script", "Good evening", "--to", "adgen,powerpost")

    assert [2, 2, 2] == [each.exit_code for each in (wrong, other, nobody)]
    assert "no route 'filns'. Did you mean 'films'?" in wrong.stderr
    assert "the route films is for video, not for text" in other.stderr
    assert 2 == nobody.stdout.count("\n  impossible  ")
    assert "begin at" not in nobody.stdout


def test_what_was_seen_is_in_the_plan(place: Place) -> None:
    """Costs net of refunds, times, and who is passed over: from the journal, which is only read."""
    priced(place)
    place.route()
    for number in range(3):
        place.genhub("text", f"Text number {number}", "--platform", "x", "--to", "powerpost")
    place.script("powerpost", http=402)
    place.genhub("text", "One more", "--platform", "x", "--to", "captions")
    before = Path("jobs.db").read_bytes()

    told = place.genhub("plan", "text", "Hello", "--platform", "x", "--to", "captions", env={"COLUMNS": "100"})
    data = document(place.genhub("plan", "text", "Hello", "--platform", "x", "--to", "captions", "--json"))

    assert 0 == told.exit_code, told.output
    assert re.search(r"powerpost +captions +as asked +10 user +0.50 EUR +10 \(3\) +[\d.]+ s +no credits\n", told.stdout)
    assert "  seen        10 powerpost credits a result, net of refunds: 3 jobs, 100 % succeeded\n" in told.stdout
    assert re.search(r"  time        [\d.]+ s median, of 3 results\n", told.stdout)
    assert "  state       out of credits since " in told.stdout
    assert "  now         a route passes it over\n" in told.stdout
    assert "it would begin at adgen" in told.stdout
    of = data["options"][0]
    assert ({"per_result": "10", "samples": 3, "success": 1.0}, 3) == (of["seen"], of["samples"])
    assert of["shut"]["why"].startswith("out of credits") and of["health"]["parked"]["balance"] == "970"
    assert before == Path("jobs.db").read_bytes()


def test_a_plan_is_made_beside_a_running_hub(place: Place) -> None:
    """So is the table of health: the journal has one driver, and any number of readers."""
    place.route()
    place.script("genpro", duration=1000)
    driver = place.start("text", "hello there", "--to", "genpro")
    place.accepted("genpro")

    plan = place.genhub("plan", *CAPTION, "--to", "captions")
    health = place.genhub("providers", "--health")
    driver.send_signal(signal.SIGINT)
    driver.communicate(timeout=30)

    assert [0, 0] == [plan.exit_code, health.exit_code], plan.output + health.output
    assert "" == plan.stderr + health.stderr


def test_a_journal_that_can_not_be_read_takes_no_plan_with_it(place: Place) -> None:
    """It is said that what it knows is left out."""
    place.file("jobs.db", "this is no journal " * 100)

    result = place.genhub("plan", *CAPTION, "--json")

    assert 0 == result.exit_code
    assert 3 == len(document(result)["options"])
    assert "what it knows of the accounts is left out" in result.stderr


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
    assert 2 == place.genhub("plan", EXAMPLES / "launch.toml", "--adjust").exit_code
    assert [] == place.creations()


def test_a_file_with_routes_shows_every_account(place: Place) -> None:
    """A line for each, in the order of the route; what changes, and who is not well, stands below."""
    place.route()
    place.script("powerpost", http=402)
    place.genhub("text", "hello", "--platform", "x", "--to", "captions")
    rows = """\
[[request]]
kind = "text"
label = "Caption"
to = "captions"
prompt = "Dark mode"
platforms = ["x"]

[[request]]
kind = "image"
to = ["adgen", "genpro"]
prompt = "A lantern"
"""

    told = place.genhub("plan", place.file("two.toml", rows))
    data = document(place.genhub("plan", "two.toml", "--json"))["rows"]

    lines = [line.split() for line in told.stdout.splitlines()]
    assert 0 == told.exit_code, told.output
    assert [["Caption", "powerpost"], ["adgen", "copy"], ["genpro", "text"]] == [line[:2] for line in lines[1:4]]
    assert [["#2", "image", "adgen"], ["genpro", "image", "as"]] == [line[:3] for line in lines[4:6]]
    assert "Caption at adgen: adjusted: platforms: “x” -> “universal”" in told.stdout
    assert "powerpost: state: out of credits since" in told.stdout
    assert ["captions", ["adgen", "genpro"]] == [each["to"] for each in data]
    assert ["adgen", "adgen"] == [each["best"] for each in data]
    assert [3, 2] == [len(each["options"]) for each in data]


def test_health_is_shown_as_the_journal_knew_it(place: Place) -> None:
    """Every account of the configuration, or one provider's, with the routes that use it."""
    place.route()
    unknown = place.genhub("providers", "--health")
    place.script("powerpost", http=402)
    place.genhub("text", "hello", "--platform", "x", "--to", "captions")

    told = place.genhub("providers", "--health")
    data = document(place.genhub("providers", "--health", "--json"))
    one = document(place.genhub("providers", "adgen", "--health", "--json"))
    none = place.genhub("providers", "nope", "--health")

    assert [0, 0, 2] == [each.exit_code for each in (unknown, told, none)]
    assert "there is no journal at jobs.db yet: nothing is known of them\n" == unknown.stderr
    assert 3 == unknown.stdout.count(" well")
    assert re.search(
        r"powerpost +powerpost +captions +no credits +out of credits since .+ \(balance 1000\)", told.stdout
    )
    assert [False, True, True] == [each["ok"] for each in data["accounts"]]
    assert "1000" == data["accounts"][0]["parked"]["balance"]
    assert ["adgen"] == [each["account"] for each in one["accounts"]]
    assert "no account of the configuration uses 'nope'. Its accounts use adgen, genpro, powerpost" in none.stderr


def test_a_breaker_that_is_open_is_shown(place: Place) -> None:
    """Since when, why, and until when; and a plan says for how long a route passes the account over."""
    place.route()
    place.script("powerpost", http=401, times=None)
    rows = "".join(
        f'{{"kind": "text", "to": "captions", "prompt": "Text {n}", "platforms": ["x"]}}\n' for n in range(3)
    )
    place.genhub("run", place.file("three.jsonl", rows), "--at-once", "1")

    health = place.genhub("providers", "--health")
    data = document(place.genhub("providers", "--health", "--json"))["accounts"][0]
    plan = place.genhub("plan", "text", "hello", "--platform", "x", "--to", "captions")

    assert re.search(r"powerpost +captions +open +submits: open until .+ UTC after 3 failures", health.stdout)
    assert ("open", 3) == (data["submits"]["state"], data["submits"]["failures"])
    assert re.search(r"  now         a route passes it over, for \d+ s at most\n", plan.stdout), plan.stdout


def test_a_plan_says_when_nobody_would_be_asked(place: Place) -> None:
    """Whoever can do it is out of credits; the order stands all the same."""
    place.script("genpro", http=402)
    place.script("adgen", http=402)
    place.genhub("text", "hello", "--to", "genpro,adgen")

    plan = place.genhub("plan", "text", "hello", "--to", "genpro,adgen")

    assert 0 == plan.exit_code
    assert 2 == plan.stdout.count("a route passes it over")
    assert plan.stdout.endswith("\nwhoever can do it is passed over now\n")


def test_an_account_that_retires_says_when(place: Place) -> None:
    """From that day on no route goes there."""
    place.route()
    path = place.folder / "genhub.toml"
    text = path.read_text("utf-8")
    path.write_text(text.replace("[accounts.adgen]\n", '[accounts.adgen]\nretires_on = "2020-01-31"\n'), "utf-8")
    retired = place.genhub("providers", "--health")
    plan = place.genhub("plan", "image", "A lantern", "--to", "adgen,genpro")
    path.write_text(text.replace("[accounts.adgen]\n", '[accounts.adgen]\nretires_on = "2999-01-31"\n'), "utf-8")
    retires = place.genhub("providers", "--health")

    assert re.search(r"adgen +adgen +captions +retired +retired on 2020-01-31", retired.stdout)
    assert "it would begin at genpro" in plan.stdout
    assert re.search(r"adgen +adgen +captions +retires +retires on 2999-01-31", retires.stdout)


def test_health_needs_a_configuration(place: Place) -> None:
    """It is said where one was looked for."""
    (place.folder / "genhub.toml").unlink()

    result = place.genhub("providers", "--health", "--config", "nope.toml")
    nowhere = place.genhub("providers", "--health", env=dict.fromkeys(("POWERPOST_API_KEY", "GENPRO_API_KEY")))

    assert [2, 2] == [result.exit_code, nowhere.exit_code]
    assert "nope.toml: there is no such file" in result.stderr
    assert "there is no genhub.toml (looked at genhub.toml" in nowhere.stderr
