"""Routes on the command line: who is asked, in which order, what is said when the work goes on elsewhere."""

from __future__ import annotations

import asyncio
import json
import re
import signal
from datetime import UTC, datetime

import pytest

from genhub import Attempt, Itinerary, Job, JobError, Stage, Status, TextRequest
from genhub._jobs import Call
from genhub._provider import Intent
from genhub.stores import open_store

from .conftest import Place, document, events
from .test_output import on_a_terminal

CAPTION = ("text", "Dark mode is here", "--platform", "x")
#: What is said when adgen is asked after powerpost had too few credits.
WENT_ON = "attempt 2 at adgen: powerpost: refused (INSUFFICIENT_CREDITS): simulated 402; 2nd of the route's order\n"


def test_a_route_is_asked_in_its_order(place: Place) -> None:
    """The first account that takes the request does it; the others are not asked."""
    place.route()

    result = place.genhub(*CAPTION, "--to", "captions")

    assert (0, "") == (result.exit_code, result.stderr), result.output
    assert "succeeded at powerpost, 10 powerpost credits, exact, job j" in result.stdout
    assert [1, 0, 0] == [len(place.creations(name)) for name in ("powerpost", "adgen", "genpro")]


def test_it_is_said_when_a_route_goes_on_and_why(place: Place) -> None:
    """In a line beside the result; credits and money are those of all attempts."""
    place.route()
    place.script("powerpost", http=402)

    told = place.genhub(*CAPTION, "--to", "captions")

    assert (0, WENT_ON) == (told.exit_code, told.stderr), told.output
    assert "succeeded at adgen, 1 adgen credits, exact (0.1 EUR, exact), 2 attempts, job j" in told.stdout
    assert "platforms “x”: sent as “universal”" in told.stdout
    assert [0, 1, 0] == [len(place.creations(name)) for name in ("powerpost", "adgen", "genpro")]


def test_who_was_passed_over_is_said(place: Place) -> None:
    """An account that is out of credits is not asked again; the next command knows it from the journal."""
    place.route()
    place.script("powerpost", http=402)
    place.genhub(*CAPTION, "--to", "captions")
    before = len(place.sim("powerpost").requests)

    told = place.genhub(*CAPTION, "--to", "captions")

    assert 0 == told.exit_code, told.output
    assert told.stderr.startswith("attempt 1 at adgen: 2nd of the route's order; powerpost passed over: out of credits")
    assert not [each for each in place.sim("powerpost").requests[before:] if each.method == "POST"]


def test_json_is_the_job_with_all_its_attempts(place: Place) -> None:
    """One document, and nothing beside it."""
    place.route()
    place.script("powerpost", http=402)

    result = place.genhub(*CAPTION, "--to", "captions", "--json")

    job = document(result)
    assert (0, "") == (result.exit_code, result.stderr)
    assert ["powerpost", "adgen"] == [each["account"] for each in job["attempts"]]
    assert ("captions", ["captions"], "succeeded") == (job["route"]["route"], job["to"], job["status"])
    assert "reused" not in job


def test_accounts_are_named_in_their_order(place: Place) -> None:
    """`a,b` is a route for one call, and allows no changes unless that is said."""
    place.script("genpro", http=402)

    strict = place.genhub(*CAPTION, "--to", "genpro,adgen")
    adjusted = place.genhub(*CAPTION, "--to", "genpro, adgen", "--adjust", "--json")

    assert [2, 0] == [strict.exit_code, adjusted.exit_code], adjusted.output
    assert ["genpro", "adgen"] == [each["account"] for each in document(adjusted)["attempts"]]
    assert "" == document(adjusted)["route"].get("route", "")


def test_the_default_route_needs_no_name(place: Place) -> None:
    """Without `--to` it is the route `default`, whatever else there is."""
    place.route('[routes]\ndefault = ["genpro", "adgen"]\n')

    result = place.genhub("text", "Dark mode is here", "--json")

    assert 0 == result.exit_code, result.output
    assert ["default"] == document(result)["to"]


@pytest.mark.parametrize(
    ("to", "said"),
    [
        ("captoins", "there is no account 'captoins', and no route 'captoins'. Did you mean 'captions'?"),
        ("powerpost,nope", "there is no account 'nope'. Known are: adgen, genpro, powerpost"),
        ("captions,adgen", "'captions' is a route, and a list is of accounts. Write --to captions alone"),
        ("adgen,adgen", "Invalid value for '--to': names 'adgen' twice"),
        ("adgen,,genpro", "Invalid value for '--to': must be a name or a list of accounts"),
        ("", "Invalid value for '--to': must be a name or a list of accounts"),
        (None, "who is to do it is not said. Add --to, one of powerpost, genpro, adgen, captions, or several: a,b"),
    ],
)
def test_names_that_are_wrong_are_said(place: Place, to: str | None, said: str) -> None:
    """With what may have been meant; nothing is sent, and no journal is made of it."""
    place.route()
    args = [*CAPTION] if to is None else [*CAPTION, "--to", to]

    told, data = place.genhub(*args), place.genhub(*args, "--json")

    assert (2, 2) == (told.exit_code, data.exit_code)
    assert told.stderr.startswith(f"error: {said}")
    assert said in document(data)["error"]["message"]
    assert [] == place.creations()


def test_a_route_that_is_not_for_such_requests_ends_with_2(place: Place) -> None:
    """By its kinds, as the file says."""
    place.route('[routes.films]\naccounts = ["adgen", "genpro"]\nkinds = ["video"]\n')

    result = place.genhub(*CAPTION, "--to", "films")

    assert 2 == result.exit_code
    assert "error: the route films is for video, not for text; nothing was sent\n" == result.stderr


def test_when_nobody_does_it_each_account_has_a_line(place: Place) -> None:
    """As JSON it has an error for each; nothing was bought."""
    place.route()
    for name in ("powerpost", "adgen", "genpro"):
        place.script(name, http=402)

    told = place.genhub(*CAPTION, "--to", "captions")
    data = document(place.genhub(*CAPTION, "--to", "captions", "--json"))

    said, *each = told.stderr.partition("error: ")[2].splitlines()
    assert 1 == told.exit_code
    assert ": route 'captions': nobody did it: no account is left" in said
    assert ["  powerpost", "  adgen", "  genpro"] == [line.partition(": simulated 402 (402")[0] for line in each]
    assert "attempt 3 at genpro: adgen: refused" in told.stderr
    error = data["error"]
    assert "AllAttemptsFailed" == error["type"]
    assert ["powerpost", "adgen", "genpro"] == [each["account"] for each in error["errors"]]
    assert [] == place.creations()


def test_when_nobody_can_do_it_nothing_was_sent(place: Place) -> None:
    """Every account says why, and it ends with 2, as with one account."""
    result = place.genhub("speech", "Good evening", "--to", "powerpost,adgen")

    assert 2 == result.exit_code
    assert "accounts powerpost, adgen: nobody did it: no account is left" in result.stderr
    assert [2, 1] == [result.stderr.count("\n  "), result.stderr.count("  powerpost: ")]
    assert not place.sim("powerpost").requests and not place.sim("adgen").requests


def test_a_job_that_fails_later_goes_on_too(place: Place) -> None:
    """After the vendor had accepted it; what the failure gave back is in the books."""
    place.route()
    place.script("powerpost", outcome="failed", match="Dark")

    result = place.genhub(*CAPTION, "--to", "captions", "--json")

    first, second = document(result)["attempts"]
    assert 0 == result.exit_code, result.output
    assert [("failed", "0"), ("succeeded", "1")] == [(e["status"], e["credits"]["net"]) for e in (first, second)]
    assert second["reason"].startswith("powerpost: failed")


def test_a_job_that_failed_everywhere_shows_what_each_account_said(place: Place) -> None:
    """After the summary, with the exit code 1."""
    place.script("genpro", outcome="failed", times=None)
    place.script("adgen", http=402)

    told = place.genhub("text", "Dark mode is here", "--to", "genpro,adgen")

    assert 1 == told.exit_code
    assert "failed at adgen, 0 adgen credits, exact (0 EUR, exact), 2 attempts" in told.stdout
    lines = told.stderr.splitlines()
    assert "accounts genpro, adgen: nobody did it: no account is left" in lines[1]
    assert "genpro: failed" in lines[2] and lines[3].startswith("  adgen: simulated 402")


def test_a_lost_answer_is_not_bought_elsewhere(place: Place) -> None:
    """It may have been bought: the route waits for a person, and it ends with 3."""
    place.script("powerpost", fault="lose_answer")

    result = place.genhub("image", "A lantern at dusk", "--to", "powerpost,adgen", "--json")

    assert 3 == result.exit_code
    assert "SubmissionUnknown" == document(result)["error"]["type"]
    assert not place.sim("adgen").requests


def test_an_equal_request_is_given_the_earlier_job(place: Place) -> None:
    """Within the time that is said, and it is told; without the option it is bought again."""
    place.route()
    asked = (*CAPTION, "--to", "captions")
    first = document(place.genhub(*asked, "--reuse", "1h", "--json"))

    told = place.genhub(*asked, "--reuse", "1h")
    data = place.genhub(*asked, "--reuse", "1h", "--json")
    again = place.genhub(*asked)

    assert 0 == told.exit_code and first["id"] in told.stdout
    assert "this is the job of an equal request of " in told.stderr
    assert (first["id"], True) == (document(data)["id"], document(data)["reused"])
    assert first["id"] not in again.stdout and "equal request" not in again.stderr
    assert 2 == len(place.creations())


def test_a_call_is_capped(place: Place) -> None:
    """What would pass the cap is not sent; what nobody can estimate only where that is allowed."""
    over = place.genhub("text", "hello", "--to", "adgen", "--max-spend", "0.05 EUR")
    within = place.genhub("text", "hello", "--to", "adgen", "--max-spend", "0.10 EUR")
    unknown = place.genhub("text", "hello", "--to", "genpro", "--max-spend", "5")
    allowed = place.genhub("text", "hello", "--to", "genpro", "--max-spend", "5", "--allow-unpriced")
    nonsense = place.genhub("text", "hello", "--to", "genpro", "--max-spend", "lots")

    assert [2, 0, 2, 0, 2] == [each.exit_code for each in (over, within, unknown, allowed, nonsense)]
    assert "would pass the budget" in over.stderr
    assert "allow it by `allow_unpriced`" in unknown.stderr
    assert "max_spend reads like" in nonsense.stderr
    assert [1, 1] == [len(place.creations(name)) for name in ("adgen", "genpro")]


def test_the_status_line_shows_who_works_on_it(place: Place) -> None:
    """The present account and attempt; the line that says why stays."""
    place.route()
    place.script("powerpost", http=402)
    place.script("adgen", http=402)

    drawn = on_a_terminal(place, *CAPTION, "--to", "captions")

    assert "at genpro (j" in drawn and "attempt 3 of route captions" in drawn
    assert "attempt 2 at adgen: powerpost: refused" in drawn
    assert drawn.index("attempt 2 at adgen") < drawn.index("attempt 3 at genpro") < drawn.index("succeeded at genpro")


def test_ctrl_c_leaves_the_job_where_it_is(place: Place) -> None:
    """One line and 130; the job goes on, and its route with it when somebody watches."""
    place.script("genpro", duration=1000)
    waiting = place.start("text", "hello there", "--to", "genpro,adgen")
    job = place.accepted("genpro")
    waiting.send_signal(signal.SIGINT)
    told, wrong = waiting.communicate(timeout=30)
    place.end("genpro", "failed")
    watched = place.genhub("watch", job)

    assert (130, "") == (waiting.returncode, told)
    assert wrong.startswith("interrupted")
    assert 0 == watched.exit_code, watched.output
    assert "next attempt" in watched.stdout and "(adgen)" in watched.stdout
    assert [1, 1] == [len(place.creations(name)) for name in ("adgen", "genpro")]


def test_watching_tells_of_every_attempt(place: Place) -> None:
    """Whoever drives the journal, and whoever only reads what that one writes."""
    place.script("genpro", duration=1000)
    driver = place.start("text", "hello there", "--to", "genpro,adgen", "--json")
    watcher = place.start("watch", place.accepted("genpro"))
    assert watcher.stdout is not None
    first = watcher.stdout.readline()
    place.end("genpro", "failed")
    rest, _ = watcher.communicate(timeout=30)
    driver.communicate(timeout=30)

    assert "(genpro)" in first
    lines = rest.splitlines()
    assert "next attempt" in rest and "(adgen)  genpro: failed" in rest, rest
    assert lines[-1].startswith("succeeded") and "1 adgen credits, exact" in lines[-1]
    assert (0, 0) == (watcher.returncode, driver.returncode)


def test_watching_a_route_to_its_bad_end(place: Place) -> None:
    """Each attempt has its line, and it ends with 1."""
    place.script("genpro", duration=1000)
    job = document(place.genhub("text", "hello there", "--to", "genpro,adgen", "--no-wait", "--json"))["id"]
    place.end("genpro", "failed")
    place.script("adgen", http=402)

    told = place.genhub("watch", job)

    assert 1 == told.exit_code, told.output
    first, second = told.stdout.splitlines()[-2:]
    assert first.startswith("  genpro: failed") and second.startswith("  adgen: refused: simulated 402")


def test_a_job_shows_its_route_and_all_attempts(place: Place) -> None:
    """Who was asked, why, what each cost, why it failed; who was not tried; and what it cost all in all."""
    place.route()
    place.script("powerpost", outcome="failed", match="Dark")
    job = document(place.genhub(*CAPTION, "--to", "captions", "--json"))["id"]

    shown = place.genhub("show", job)

    assert 0 == shown.exit_code
    for words in (
        "captions: powerpost, adgen, genpro",
        "changes are allowed",
        "not tried  genpro\n",
        "attempt 1 at powerpost failed",
        "0 powerpost credits, exact",
        "attempt 2 at adgen succeeded",
        "1 adgen credits, exact (0.1 EUR, exact)",
        "powerpost: failed",
        "succeeded at adgen, 1 adgen credits, exact (0.1 EUR, exact), 2 attempts",
    ):
        assert words in shown.stdout, words


def test_credits_of_several_vendors_are_shown_apart(place: Place) -> None:
    """What may have been kept by one, and what the other took: no sum that is none."""
    place.script("adgen", duration=1000)
    job = document(place.genhub("image", "A lantern", "--to", "adgen,genpro", "--no-wait", "--json"))["id"]
    place.end("adgen", "canceled")

    watched = place.genhub("watch", job)
    listed = place.genhub("jobs")
    shown = place.genhub("show", job)

    assert 0 == watched.exit_code, watched.output
    assert "0 to 3 adgen credits, a range + 5 genpro credits, exact" in watched.stdout
    assert "0 to 3 adgen + 5 genpro  a range, exact" in listed.stdout
    assert "(0 to 0.3 EUR at least), 2 attempts" in shown.stdout
    assert "in doubt at adgen: canceled" in shown.stdout


def test_a_route_that_gives_up_ends_with_4(place: Place) -> None:
    """The attempt goes on and is paid: it is said, shown, and can be waited for."""
    place.route('[routes.hasty]\naccounts = ["adgen", "genpro"]\ndeadline = "0.2s"\non_deadline = "give_up"\n')
    place.script("adgen", duration=1000)

    result = place.genhub("image", "A lantern", "--to", "hasty")
    job = document(place.genhub("jobs", "--json"))["jobs"][0]["id"]
    shown = place.genhub("show", job)
    place.finish()
    watched = place.genhub("watch", job)

    assert 4 == result.exit_code, result.output
    assert "adgen took longer than the deadline of 0.2 s, and a stop of it is not free; it goes on" in result.stderr
    assert f"go on: genhub watch {job}" in result.stderr
    assert re.search(r"given up +adgen took longer than the deadline of 0.2 s", shown.stdout), shown.stdout
    assert "0.2 s an attempt, then give_up" in shown.stdout and re.search(r"not tried +genpro\n", shown.stdout)
    assert 0 == watched.exit_code and "succeeded" in watched.stdout
    assert [] == place.creations("genpro")


def test_jobs_show_and_filter_routes(place: Place) -> None:
    """The present account, the route, and which attempt it is."""
    place.route()
    plain = document(place.genhub("text", "hello there", "--to", "genpro", "--json"))["id"]
    unrouted = place.genhub("jobs")
    place.script("powerpost", http=402)
    routed = document(place.genhub(*CAPTION, "--to", "captions", "--json"))["id"]
    place.genhub("text", "hello there", "--to", "genpro,adgen")

    listed = place.genhub("jobs")
    found = document(place.genhub("jobs", "--route", "captions", "--json"))["jobs"]
    at_powerpost = document(place.genhub("jobs", "--account", "powerpost", "--json"))["jobs"]

    assert "route" not in unrouted.stdout.splitlines()[0]
    assert f"{routed}  text Dark mode is here  adgen    captions (attempt 2)" in listed.stdout
    assert "genpro   genpro, adgen " in listed.stdout
    assert [routed] == [each["id"] for each in found] == [each["id"] for each in at_powerpost]
    assert plain in listed.stdout
    assert "no job fits" in place.genhub("jobs", "--route", "nope").stderr


def test_the_ledger_of_an_account_is_that_of_its_attempts(place: Place) -> None:
    """What other accounts did for the same job is not counted with it."""
    place.script("adgen", duration=1000)
    job = document(place.genhub("image", "A lantern", "--to", "adgen,genpro", "--no-wait", "--json"))["id"]
    place.end("adgen", "canceled")
    place.genhub("watch", job)

    by_account = document(place.genhub("ledger", "--by", "account", "--json"))["totals"]
    of_genpro = document(place.genhub("ledger", "--by", "day", "--account", "genpro", "--json"))["totals"]

    assert [("adgen", 1), ("genpro", 1)] == [(each["group"], each["jobs"]) for each in by_account]
    assert [["genpro credits"]] == [[each["unit"] for each in total["credits"]] for total in of_genpro]


def between_two_attempts(place: Place) -> str:
    """Write a job into the journal as a process that was killed between two attempts left it."""
    now = datetime.now(UTC)
    route = Itinerary(
        stages=(Stage(account="genpro", why="1st"), Stage(account="adgen", why="2nd of the route's order")),
        max_attempts=4,
    )
    attempt = Attempt(
        id="j1.1", job_id="j1", number=1, account="genpro", provider="genpro", kind="text", unit="genpro credits",
        created_at=now, finished_at=now, status=Status.FAILED, error=JobError(kind="vendor", message="gave up"),
    )  # fmt: skip
    job = Job(
        id="j1",
        request=TextRequest(prompt="hello there"),
        created_at=now,
        attempts=(attempt,),
        to=("genpro", "adgen"),
        route=route,
    )

    async def write() -> None:
        async with open_store(f"sqlite:///{place.folder / 'jobs.db'}") as store:
            call = Call(kind="text", path="/x", body={})
            await store.create(job, Intent(call=call, key="j1.1", sent_at=now, over_at=now))

    asyncio.run(write())
    return "j1"


def test_a_route_that_was_cut_off_goes_on(place: Place) -> None:
    """`show` says who is left, `recover` that it is between two attempts, `watch` brings it to its end."""
    job = between_two_attempts(place)

    shown = place.genhub("show", job)
    recovered = place.genhub("recover", "--json")
    told = place.genhub("watch", job)

    assert "left     adgen (2nd of the route's order)" in shown.stdout
    assert "queued at genpro" in shown.stdout
    assert [job] == [each["id"] for each in document(recovered)["routed"]]
    assert 0 == told.exit_code, told.output
    assert "succeeded" in told.stdout and 1 == len(place.creations("adgen"))


def test_recover_says_that_routes_go_on(place: Place) -> None:
    """In words too."""
    between_two_attempts(place)

    told = place.genhub("recover")

    assert 0 == told.exit_code
    assert "1 between two attempts: genhub watch goes on along their routes" in told.stdout


def test_routes_are_served_by_the_simulators(place: Place) -> None:
    """`--sim` with the routes of the file; one with an account that has no simulator is left out, and it is said."""
    place.route()

    result = place.genhub(*CAPTION, "--to", "captions", "--sim", "--sim-speed", "100", "--json")

    assert 0 == result.exit_code, result.output
    assert "captions" == document(result)["route"]["route"]
    assert [] == place.creations()


def test_watch_tells_every_change_as_json(place: Place) -> None:
    """The whole job with each of them."""
    job = between_two_attempts(place)

    said = events(place.genhub("watch", job, "--json").stdout)

    assert [1, 2] == sorted({len(each["job"]["attempts"]) for each in said})
    assert "succeeded" == said[-1]["job"]["status"]
    assert json.dumps(said)
