"""Commands on jobs that are there: read beside whoever drives, stopped, continued, settled."""

from __future__ import annotations

import csv
import io
from pathlib import Path

import pytest

from .conftest import SECRETS, Place, document, events


def made(place: Place, *args: str) -> str:
    """Make a text and return its job's id."""
    result = place.genhub("text", "hello there", "--to", "genpro", "--json", *args)
    return str((document(result).get("job") or document(result))["id"])


def test_reading_needs_no_secret_and_no_account(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """`jobs`, `show` and `ledger` work where no variable is set, and only `[journal]` is read."""
    job = made(place, "--label", "One", "--tag", "team=growth")
    for name in SECRETS:
        monkeypatch.delenv(name)

    jobs = place.genhub("jobs")
    show = place.genhub("show", job)
    ledger = place.genhub("ledger")

    assert [0, 0, 0] == [each.exit_code for each in (jobs, show, ledger)]
    assert job in jobs.stdout and "text One" in jobs.stdout
    assert "the amount of an earlier charge" in show.stdout
    assert ledger.stdout.count(job) == 2


def test_a_journal_is_named_by_path_or_url_before_or_after(place: Place) -> None:
    """`--journal` and `--config` may stand before the command too."""
    job = made(place)
    (place.folder / "genhub.toml").rename(place.folder / "other.toml")

    for args in (
        ["--journal", "jobs.db", "jobs", "--json"],
        ["jobs", "--json", "--journal", str(place.folder / "jobs.db")],
        ["jobs", "--json", "--journal", f"sqlite:///{place.folder / 'jobs.db'}"],
        ["--config", "other.toml", "--json", "jobs"],
        ["jobs", "--json", "--config", str(place.folder / "other.toml")],
    ):
        assert [job] == [each["id"] for each in document(place.genhub(*args))["jobs"]], args


def test_jobs_are_found_by_what_they_are(place: Place) -> None:
    """Status, account, label, tag, time and number narrow the list, the newest first."""
    first = made(place, "--label", "One", "--tag", "team=growth")
    second = made(place)

    def found(*args: str) -> list[str]:
        return [each["id"] for each in document(place.genhub("jobs", "--json", *args))["jobs"]]

    assert [second, first] == found()
    assert [second] == found("--limit", "1")
    assert [first] == found("--label", "One")
    assert [first] == found("--tag", "team=growth")
    assert [] == found("--status", "failed", "--status", "running")
    assert [second, first] == found("--status", "succeeded", "--account", "genpro", "--since", "1h")
    assert [] == found("--since", "2999-01-01")
    assert "no job fits" in place.genhub("jobs", "--account", "adgen").stderr


def test_the_beginning_of_an_id_is_enough(place: Place) -> None:
    """As long as it means one job; otherwise the ones that it may mean are shown."""
    first, second = made(place), made(place)

    assert first == document(place.genhub("show", first[:-1], "--json"))["id"]
    several = place.genhub("show", "j")
    assert 2 == several.exit_code
    assert first in several.stderr and second in several.stderr
    assert 2 == place.genhub("show", "zzz").exit_code
    assert 2 == place.genhub("show", "").exit_code


def test_no_journal_yet_is_said(place: Place) -> None:
    """Reading makes none."""
    result = place.genhub("jobs", "--json")

    assert 2 == result.exit_code
    assert "no journal" in document(result)["error"]["message"]
    assert not (place.folder / "jobs.db").exists()


def test_a_file_that_is_no_journal_is_said(place: Place) -> None:
    """One line, and the remedy."""
    place.file("bad.db", "this is no journal " * 100)

    result = place.genhub("jobs", "--journal", "bad.db")

    assert 2 == result.exit_code
    assert "bad.db" in result.stderr
    assert "Traceback" not in result.stderr


def test_the_ledger_adds_up(place: Place) -> None:
    """By account, by day, by tag; as CSV and as JSON; different credits are never one sum."""
    made(place, "--tag", "team=growth")
    place.genhub("image", "A lantern", "--to", "adgen", "--tag", "team=growth")

    by_account = place.genhub("ledger", "--by", "account")
    by_tag = document(place.genhub("ledger", "--by", "tag", "--tag-name", "team", "--json"))
    lines = list(csv.DictReader(io.StringIO(place.genhub("ledger", "--csv").stdout)))
    sums = list(csv.DictReader(io.StringIO(place.genhub("ledger", "--by", "account", "--csv").stdout)))

    assert "2.5 genpro credits exact" in by_account.stdout
    assert "0.3 EUR" in by_account.stdout
    assert {"genpro credits", "adgen credits"} == {each["unit"] for each in by_tag["totals"][0]["credits"]}
    assert ["", "2.5", "3"] == [each["amount"] for each in lines]
    assert [("genpro", "2.5"), ("adgen", "3")] == [(each["group"], each["net"]) for each in sums]
    assert 2 == place.genhub("ledger", "--by", "tag").exit_code
    assert 2 == place.genhub("ledger", "--tag-name", "team").exit_code


def test_a_label_is_no_formula(place: Place) -> None:
    """A spreadsheet does not run what a label says."""
    made(place, "--label", "=HYPERLINK(1)")

    lines = list(csv.DictReader(io.StringIO(place.genhub("ledger", "--csv").stdout)))

    assert {"'=HYPERLINK(1)"} == {each["label"] for each in lines}


def test_a_job_is_stopped_and_continued(place: Place) -> None:
    """What the stop costs is said; what is continued is charged again."""
    place.script("genpro", duration=1000)
    job = made(place, "--no-wait")

    stopped = place.genhub("stop", job[:12])
    twice = place.genhub("stop", job)
    resumed = place.genhub("resume", job, "--json")
    place.finish()
    watched = place.genhub("watch", "--json")

    assert [0, 1, 0, 0] == [each.exit_code for each in (stopped, twice, resumed, watched)]
    assert "stopped at genpro, 0 genpro credits, exact" in stopped.stdout
    assert "money: free" in stopped.stdout
    assert document(resumed)["status"] in ("queued", "running")
    last = events(watched.stdout)[-1]["job"]
    assert ("succeeded", "2.5") == (last["status"], last["credits"]["net"])


def test_what_a_provider_can_not_is_said(place: Place) -> None:
    """And what the job cost so far."""
    place.script("adgen", duration=1000)
    job = document(place.genhub("image", "A lantern", "--to", "adgen", "--no-wait", "--json"))["id"]

    result = place.genhub("stop", job, "--json")

    assert 2 == result.exit_code
    assert "UnsupportedRequest" == document(result)["error"]["type"]


def in_doubt(place: Place) -> str:
    place.script("powerpost", fault="lose_answer")
    result = place.genhub("image", "A lantern at dusk", "--to", "powerpost", "--json")
    return str(document(result)["error"]["job"])


def test_a_doubt_is_settled_by_a_person(place: Place) -> None:
    """By the vendor's id; an id that the vendor does not know changes nothing."""
    job = in_doubt(place)
    theirs = place.sim("powerpost").creations[0][0]

    recovered = place.genhub("recover")
    wrong = place.genhub("settle", job, "--adopt", "no-such-id")
    right = place.genhub("settle", job, "--adopt", theirs, "--json")

    assert [3, 1, 0] == [each.exit_code for each in (recovered, wrong, right)]
    assert "in doubt" in recovered.stdout
    assert theirs == document(right)["attempts"][0]["ref"]["id"]
    assert 2 == place.genhub("settle", job).exit_code
    assert 2 == place.genhub("settle", job, "--adopt", "x", "--not-submitted").exit_code
    assert 1 == place.genhub("settle", job, "--not-submitted").exit_code


def test_a_doubt_is_settled_as_not_submitted(place: Place) -> None:
    """It ends failed, and costs nothing."""
    job = in_doubt(place)

    result = place.genhub("settle", job, "--not-submitted")

    assert 0 == result.exit_code
    assert "failed at powerpost, 0 powerpost credits, exact" in result.stdout


def test_recover_reads_what_is_open(place: Place) -> None:
    """Nothing is sent; an empty journal has nothing."""
    place.script("genpro", duration=1000)
    job = made(place, "--no-wait")

    result = place.genhub("recover", "--json")
    place.finish()
    place.genhub("watch")

    assert [job] == [each["id"] for each in document(result)["polling"]]
    assert "nothing was left open" in place.genhub("recover").stdout


def test_watch_reads_beside_whoever_drives(place: Place) -> None:
    """The journal has one driver: a second one reads what it writes."""
    place.script("genpro", duration=1000)
    driver = place.start("text", "hello there", "--to", "genpro", "--json")
    job = place.accepted("genpro")
    watcher = place.start("watch", job, "--json")
    assert watcher.stdout is not None
    first = watcher.stdout.readline()
    place.finish()
    rest, told = watcher.communicate(timeout=30)
    driver.communicate(timeout=30)

    assert 0 == watcher.returncode, told
    assert events(first)[0]["job"]["status"] in ("queued", "running")
    assert "succeeded" == events(rest)[-1]["job"]["status"]
    assert "is driven by process" in told


def test_watching_ends_with_4(place: Place) -> None:
    """The job goes on."""
    place.script("genpro", duration=1000)
    job = made(place, "--no-wait")

    result = place.genhub("watch", job, "--timeout", "0.2")

    assert 4 == result.exit_code
    assert "it goes on" in result.stderr


def test_watching_a_failure_ends_with_1(place: Place) -> None:
    """And with nothing open, at once with 0."""
    place.script("genpro", outcome="failed", duration=0.3)
    job = made(place, "--no-wait")

    assert 1 == place.genhub("watch", job).exit_code
    assert 0 == place.genhub("watch").exit_code


def test_balances_are_asked_for(place: Place) -> None:
    """All accounts, or those that are named; one that fails does not hide the others."""
    every = place.genhub("balance")
    one = document(place.genhub("balance", "adgen", "--json"))
    place.script("genpro", http=401, on="balance", times=None)
    wrong = place.genhub("balance", "--json")

    assert 0 == every.exit_code
    assert "powerpost credits" in every.stdout
    assert [("adgen", "1000")] == [(each["account"], each["amount"]) for each in one["balances"]]
    assert 1 == wrong.exit_code
    assert ["adgen", "powerpost"] == sorted(each["account"] for each in document(wrong)["balances"])
    assert ["genpro"] == [each["account"] for each in document(wrong)["errors"]]
    assert 2 == place.genhub("balance", "nope").exit_code
    assert not Path("jobs.db").exists()
