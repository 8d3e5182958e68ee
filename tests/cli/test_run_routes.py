"""`genhub run` with routes: rows that go from one account to the next, and the totals of all of it."""

from __future__ import annotations

import re
import signal
from pathlib import Path
from typing import Any

from .conftest import Place, document, events
from .test_run import accepted, lines

ROWS = """\
[defaults]
to = "captions"

[[request]]
kind = "text"
label = "Caption"
prompt = "Dark mode is here"
platforms = ["x"]

[[request]]
kind = "image"
to = ["adgen", "genpro"]
label = "Picture"
prompt = "A lantern on a table"

[[request]]
kind = "text"
to = "genpro"
label = "Plain"
prompt = "Good evening"
"""


def by_name(folder: Path) -> dict[str, dict[str, Any]]:
    return {each["row"]: each for each in lines(folder)}


def test_rows_go_along_their_routes(place: Place) -> None:
    """Each change of account is told with its reason; the table, the totals and the files know who did it."""
    place.route()
    place.script("powerpost", http=402)
    place.script("adgen", outcome="failed", match="lantern")
    file = place.file("three.toml", ROWS)

    result = place.genhub("run", file)

    assert 0 == result.exit_code, result.output
    assert re.search(r"next attempt  Caption \(adgen\)  powerpost: refused \(INSUFFICIENT_CREDITS\)", result.stdout)
    assert re.search(r"next attempt  Picture \(genpro\)  adgen: failed", result.stdout)
    assert re.search(r"Caption +adgen +succeeded +[\d.]+ s +1 +exact +5 texts, 2 attempts, 1 adjusted", result.stdout)
    assert re.search(r"Picture +genpro +succeeded +[\d.]+ s +5 +exact +1 image, 2 attempts", result.stdout)
    assert re.search(r"powerpost +1 +0 powerpost credits +exact", result.stdout)
    assert re.search(r"adgen +2 +1 adgen credits +exact +0.1 EUR", result.stdout)
    assert re.search(r"genpro +2 +7.5 genpro credits +exact", result.stdout)
    rows = by_name(place.folder / "three-out")
    assert [("captions", "adgen"), (["adgen", "genpro"], "genpro"), ("genpro", "genpro")] == [
        (rows[name]["to"], rows[name]["account"]) for name in ("Caption", "Picture", "Plain")
    ]
    assert ["attempt 2 at genpro: adgen: failed"] == [each[:34] for each in rows["Picture"]["notes"]]
    page = (place.folder / "three-out" / "index.html").read_text("utf-8")
    assert '<article data-account="adgen" data-status="succeeded"' in page
    assert "<h2>powerpost</h2><p><strong>0</strong>" in page


def test_running_it_again_buys_nothing(place: Place) -> None:
    """Not even after the route was switched to other accounts: that is one line in the configuration."""
    place.route()
    file = place.file("three.toml", ROWS)
    first = place.genhub("run", file)
    text = (place.folder / "genhub.toml").read_text("utf-8")
    place.file("genhub.toml", text.replace('["powerpost", "adgen", "genpro"]', '["genpro"]'))
    again = place.genhub("run", file)
    place.file("three.toml", ROWS.replace("Dark", "Light"))
    more = place.genhub("run", file)

    assert [0, 0, 0] == [each.exit_code for each in (first, again, more)], more.output
    assert 6 == again.stdout.count("already done  ")  # once as it happens, once in the table
    assert re.search(r"Caption +genpro +succeeded", more.stdout)
    assert [1, 1, 2] == [len(place.creations(name)) for name in ("powerpost", "adgen", "genpro")]


def test_a_row_that_nobody_does_says_what_each_account_said(place: Place) -> None:
    """It is refused, takes no other row with it, and is tried again by the next run."""
    place.route()
    for name in ("powerpost", "adgen", "genpro"):
        place.script(name, http=422, match="Dark")
    file = place.file("three.toml", ROWS)

    first = place.genhub("run", file)
    second = place.genhub("run", file, "--json")

    assert [1, 0] == [first.exit_code, second.exit_code], second.output
    head = "three.toml:4 Caption: refused: route 'captions': nobody did it: no account is left\n"
    assert re.search(
        re.escape(head) + r"  powerpost: simulated 422 .+\n  adgen: simulated 422 .+\n  genpro: simulated 422 .+\n",
        first.stdout,
    ), first.stdout
    assert re.search(r"refused +Caption \(genpro\).*\n  route 'captions'", first.stdout)
    caption = next(each for each in events(second.stdout) if each["event"] == "result" and each["row"] == "Caption")
    assert ("succeeded", "powerpost", 4) == (caption["state"], caption["account"], len(caption["job"]["attempts"]))


def test_a_refusal_is_an_error_with_several_in_json(place: Place) -> None:
    """With the facts of each account."""
    place.route()
    for name in ("powerpost", "adgen", "genpro"):
        place.script(name, http=422, match="Dark")

    said = events(place.genhub("run", place.file("three.toml", ROWS), "--json").stdout)

    result = next(each for each in said if each["event"] == "result" and each["row"] == "Caption")
    assert ("refused", "AllAttemptsFailed") == (result["state"], result["error"]["type"])
    assert [422, 422, 422] == [each["http_status"] for each in result["error"]["errors"]]
    assert ("captions", "genpro", 3) == (result["to"], result["account"], len(result["job"]["attempts"]))


def test_changes_of_account_are_told_in_json(place: Place) -> None:
    """Each as a change, with the present account and the number of the attempt."""
    place.route()
    place.script("powerpost", http=402)

    said = events(place.genhub("run", place.file("three.toml", ROWS), "--json").stdout)

    change = next(each for each in said if each.get("state") == "next attempt")
    assert ("change", "Caption", "adgen", 2) == (
        change["event"], change["row"], change["account"], change["job"]["attempt"],
    )  # fmt: skip
    accounts = {each["account"]: each["jobs"] for each in said[-1]["accounts"]}
    assert {"powerpost": 1, "adgen": 2, "genpro": 1} == accounts


def test_all_that_is_wrong_is_said_at_once(place: Place) -> None:
    """Names, kinds that a route is not for, accounts that can't: with line and remedy, before anything is sent."""
    place.route('[routes.films]\naccounts = ["adgen", "genpro"]\nkinds = ["video"]\n')
    rows = """\
[[request]]
kind = "text"
to = "filns"
prompt = "hello"

[[request]]
kind = "text"
to = "films"
prompt = "hello"

[[request]]
kind = "speech"
to = ["powerpost", "adgen"]
script = "hello"

[[request]]
kind = "text"
to = ["genpro"]
prompt = "hello"
tone = "bold"
"""

    result = place.genhub("run", place.file("bad.toml", rows))

    assert 2 == result.exit_code
    for said in (
        "bad.toml:3: to: there is no account 'filns', and no route 'filns'. Did you mean 'films'?",
        "bad.toml:6: the route films is for video, not for text",
        "bad.toml:11: powerpost: PowerPost makes captions, images and videos, no speech; adgen: CutX makes no speech",
        "bad.toml:16: genpro: ",
        'portability = "adjust" allows changes',
        "4 things are wrong; nothing was sent",
    ):
        assert said in result.stderr, (said, result.stderr)
    assert {"bad.toml", "genhub.toml"} == {each.name for each in place.folder.iterdir()}


def test_a_key_that_was_for_another_route_is_said(place: Place) -> None:
    """The same request to somebody else is another intention: it needs a key of its own."""
    place.route()
    row = (
        '[[request]]\nkind = "text"\nto = {}\nprompt = "hello"\nplatforms = ["x"]\nkey = "k"\nportability = "adjust"\n'
    )
    runs = [
        place.genhub("run", place.file("one.toml", row.format(to)))
        for to in ('"captions"', '"captions"', '["powerpost", "genpro"]', '"powerpost"')
    ]

    assert [0, 0, 2, 2] == [each.exit_code for each in runs], runs[1].output
    assert "one.toml:1: key: the key 'k' belongs to another request" in runs[2].stderr
    assert 1 == len(place.creations())


def test_a_key_for_accounts_in_their_order_is_known_again(place: Place) -> None:
    """Another order is another request."""
    row = '[[request]]\nkind = "text"\nto = {}\nprompt = "hello"\nkey = "k"\n'
    runs = [
        place.genhub("run", place.file("one.toml", row.format(to)))
        for to in ('["genpro", "adgen"]', '["genpro", "adgen"]', '["adgen", "genpro"]')
    ]

    assert [0, 0, 2] == [each.exit_code for each in runs], runs[1].output
    assert 1 == len(place.creations())


def test_a_refund_at_another_account_is_no_stop(place: Place) -> None:
    """A row that is to be stopped is, although an attempt before was given back; a stopped job goes nowhere else."""
    row = '[[request]]\nkind = "image"\nto = ["adgen", "genpro"]\nprompt = "A lantern"\n'
    place.script("adgen", outcome="failed")
    place.script("genpro", duration=1000)
    run = place.start("run", place.file("one.toml", row), "--json")
    accepted(run, 2)
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=30)

    result = place.genhub("run", place.file("one.toml", row + 'stop_after = 0.01\nexpect = "stopped"\n'))

    assert 0 == result.exit_code, result.output
    (found,) = lines(place.folder / "one-out")
    assert ["failed", "stopped"] == [each["status"] for each in found["job"]["attempts"]]
    assert "stopped: free" in found["notes"]


def test_the_simulators_serve_routes_and_their_scenarios(place: Place) -> None:
    """What a row's `sim` says happens at the first account of its route; nothing leaves the command."""
    place.route()
    rows = ROWS.replace('label = "Caption"', 'label = "Caption"\nsim = { http = 402 }').replace(
        'label = "Picture"', 'label = "Picture"\nsim = { outcome = "failed" }'
    )

    result = place.genhub("run", place.file("three.toml", rows), "--sim", "--speed", "100")

    assert 0 == result.exit_code, result.output
    found = by_name(place.folder / "three-out")
    assert [["powerpost", "adgen"], ["adgen", "genpro"], ["genpro"]] == [
        [each["account"] for each in found[name]["job"]["attempts"]] for name in ("Caption", "Picture", "Plain")
    ]
    assert [] == place.creations()


def test_a_route_without_simulators_is_left_out(place: Place) -> None:
    """It is said to those who want to know, and rows that name it have nobody to go to."""
    place.route('[routes.more]\naccounts = ["powerpost", "other"]\n\n[accounts.other]\nprovider = "nobodys"\n')
    rows = '[[request]]\nkind = "text"\nto = "{}"\nprompt = "hello"\n'

    fine = place.genhub("run", place.file("a.toml", rows.format("genpro")), "--sim", "--speed", "100", "--verbose")
    lost = place.genhub("run", place.file("b.toml", rows.format("more")), "--sim", "--speed", "100")

    assert [0, 2] == [fine.exit_code, lost.exit_code], fine.output
    assert "the route more is left out: there is no simulator for other" in fine.stderr
    assert "there is no account 'more'" in lost.stderr


def test_a_killed_run_goes_on_along_its_routes(place: Place) -> None:
    """`kill -9` while the first account works: the next run watches it, and goes on where it fails."""
    place.route()
    file = place.file("three.toml", ROWS)
    for name in ("powerpost", "adgen", "genpro"):
        place.script(name, duration=1000)
    run = place.start("run", file, "--json")
    accepted(run, 3)
    run.kill()
    run.communicate()
    place.end("powerpost", "failed")
    place.finish()

    again = place.genhub("run", file)

    assert 0 == again.exit_code, again.output
    first, second = by_name(place.folder / "three-out")["Caption"]["job"]["attempts"]
    assert ("powerpost", "failed", "adgen") == (first["account"], first["status"], second["account"])
    assert second["reason"].startswith("powerpost: failed")
    assert [1, 2, 1] == [len(place.creations(name)) for name in ("powerpost", "adgen", "genpro")]


def test_a_killed_run_on_embedded_simulators_goes_on(place: Place) -> None:
    """The attempt that was open is there again, at its own account; no row has one attempt too many."""
    place.route()
    rows = ROWS.replace('label = "Caption"', 'label = "Caption"\nsim = { http = 402 }')
    rows = rows.replace('label = "Picture"', 'label = "Picture"\nsim = { duration = 3 }')
    rows = rows.replace('label = "Plain"', 'label = "Plain"\nsim = { duration = 3 }')
    file = place.file("three.toml", rows)
    run = place.start("run", file, "--sim", "--json", "--speed", "1")
    accepted(run, 3)
    run.kill()
    run.communicate()

    again = place.genhub("run", file, "--sim", "--json")

    assert 0 == again.exit_code, again.output
    found = by_name(place.folder / "three-out")
    assert {"Caption": 2, "Picture": 1, "Plain": 1} == {
        name: len(each["job"]["attempts"]) for name, each in found.items()
    }
    assert {"succeeded"} == {each["job"]["status"] for each in found.values()}


def test_ctrl_c_says_how_to_continue(place: Place) -> None:
    """One line and 130; the rows go on from where they are."""
    place.route()
    file = place.file("three.toml", ROWS)
    for name in ("powerpost", "adgen", "genpro"):
        place.script(name, duration=1000)
    run = place.start("run", file, "--json")
    accepted(run, 3)
    run.send_signal(signal.SIGINT)
    told, _ = run.communicate(timeout=30)
    place.finish()
    again = place.genhub("run", file)

    assert 130 == run.returncode
    assert "3 go on at their vendors" in events(told)[-1]["error"]["message"]
    assert 0 == again.exit_code, again.output
    assert 3 == len(place.creations())


def test_every_account_of_a_route_is_audited(place: Place) -> None:
    """Its balance is remembered before the run, whether it comes to be asked or not."""
    place.route()

    result = place.genhub("run", place.file("three.toml", ROWS), "--json")

    audits = events(result.stdout)[-1]["audits"]
    assert {"powerpost", "adgen", "genpro"} == {each["account"] for each in audits}
    assert document(place.genhub("audit", "--offline", "--json"))["audits"]
