"""`genhub compare`: from a suite to an answer, whatever comes between."""

from __future__ import annotations

import json
import re
import signal
from pathlib import Path
from typing import Any

import pytest

from genhub.compare import load_suite

from .conftest import Place, document

SUITES = Path(__file__).parents[2] / "benchmarks" / "suites"
WORDS = """\
targets = ["powerpost", "adgen"]
repetitions = 3
portability = "adjust"
timeout = "1h"

[[request]]
kind = "text"
label = "Launch"
prompt = "A lantern for long evenings"
platforms = ["instagram"]

[[request]]
kind = "text"
label = "Shelf"
prompt = "One headline for a lantern"

[sim.powerpost]
seconds = 4
price = "0.05 USD"
estimate = 10

[sim.adgen]
seconds = 2
price = "0.10 USD"
estimate = 1
"""


@pytest.fixture
def words(place: Place) -> Path:
    return place.file("words.toml", WORDS)


def observations(folder: Path) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = json.loads((folder / "results.json").read_text("utf-8"))["results"]["observations"]
    return found


def jobs(place: Place, *more: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = document(place.genhub("jobs", "--json", *more))["jobs"]
    return found


def test_a_suite_runs_on_the_accounts_of_the_configuration(place: Place, words: Path) -> None:
    """One command: the sentence first, then the table, then where everything is; progress goes beside it."""
    result = place.genhub("compare", words)

    assert 0 == result.exit_code, result.output
    sentence = next(line for line in result.stdout.splitlines() if line.strip())
    assert re.search(r"[Cc]hoose|[Nn]o difference|[Tt]oo few", sentence)
    assert re.search(r"^powerpost +3 of 3 +100%", result.stdout, re.M)
    assert re.search(r"^adgen +6 of 6 +100%", result.stdout, re.M)
    assert "journal  jobs.db" in result.stdout
    assert "12 runs" in result.stderr
    assert re.search(r"12/12 .* USD|12/12 .* credits", result.stderr)
    assert 9 == len(place.creations())
    for name in ("report.html", "results.json", "observations.csv", "summary.md", "history.jsonl"):
        assert (place.folder / "words-compare" / name).is_file(), name
    assert "\x1b" not in result.stdout + result.stderr


def test_running_it_again_buys_nothing(place: Place, words: Path) -> None:
    """The answer is the same, and it is said that nothing was sent; a fresh run buys anew."""
    first = place.genhub("compare", words)
    again = place.genhub("compare", words)
    fresh = place.genhub("compare", words, "--fresh", "tuesday", "--out", "tuesday")

    assert [0, 0, 0] == [each.exit_code for each in (first, again, fresh)]
    assert first.stdout == again.stdout
    assert "all runs were made before, and are only read; --fresh NAME begins anew" in again.stderr
    assert 18 == len(place.creations())


def test_on_the_simulators_it_needs_nothing(place: Place, words: Path) -> None:
    """No configuration, no key, no network: prices and speeds are the suite's, and it is said that nobody was real."""
    (place.folder / "genhub.toml").unlink()

    result = place.genhub("compare", words, "--sim", "--sim-speed", "400")

    assert 0 == result.exit_code, result.output
    assert "simulators" in result.stdout
    assert "1.50 USD" in result.stdout  # three results of ten credits at 0.05
    seen = observations(place.folder / "words-compare")
    assert {"succeeded": 9, "unsupported": 3} == {
        word: sum(each["outcome"] == word for each in seen) for word in ("succeeded", "unsupported")
    }
    times = [each["spans"]["total"] for each in seen if each["target"] == "powerpost" and "job" in each]
    assert all(each > 1.5 for each in times)  # in the vendors' seconds, not in ours
    assert (place.folder / "words-compare.db").is_file()
    assert not place.creations()


def test_a_dry_run_says_what_it_would_cost_and_sends_nothing(place: Place, words: Path) -> None:
    """Who can do what, how it would be changed, and the sum of the estimates; it leaves nothing behind."""
    (place.folder / "genhub.toml").unlink()
    before = sorted(each.name for each in place.folder.iterdir())

    result = place.genhub("compare", words, "--sim", "--dry-run", "--max-spend", "1 USD")
    plan = document(place.genhub("compare", words, "--sim", "--dry-run", "--json"))

    assert 0 == result.exit_code, result.output
    assert re.search(r"^powerpost +6 +3 +3 +30 powerpost credits +1.5 USD", result.stdout, re.M)
    assert re.search(r"^adgen +6 +6 +6 adgen credits +0.6 USD", result.stdout, re.M)
    assert "Shelf at powerpost: impossible: needs a platform" in result.stdout
    assert "9 of 12 runs would be sent: 2.1 USD by the estimates" in result.stdout
    assert "the cap is 1 USD: it would stop before the end" in result.stdout
    assert "nothing was sent" in result.stdout
    assert (12, 9, 0) == (plan["runs"], plan["to_send"], plan["sent_before"])
    assert before == sorted(each.name for each in place.folder.iterdir())


def test_a_dry_run_knows_what_was_sent_before(place: Place, words: Path) -> None:
    """After a run there is nothing left to buy; more repetitions cost what they cost."""
    place.genhub("compare", words)

    done = document(place.genhub("compare", words, "--dry-run", "--json"))
    more = document(place.genhub("compare", words, "--dry-run", "--json", "--repetitions", "5"))

    assert (0, 9, "it costs nothing more") == (done["to_send"], done["sent_before"], done["cost"])
    assert (6, 9) == (more["to_send"], more["sent_before"])
    assert 9 == len(place.creations())


def test_what_the_command_line_says_counts(place: Place, words: Path) -> None:
    """Repetitions, order, cap and timeout in place of the suite's."""
    given = ("--repetitions", "2", "--seed", "5", "--timeout", "20s", "--max-spend", "3 USD")

    result = place.genhub("compare", words, "--sim", "--sim-speed", "400", "--json", *given)

    assert 0 == result.exit_code, result.output
    results = json.loads((place.folder / "words-compare" / "results.json").read_text("utf-8"))["results"]
    assert (2, 5, 20.0, "3 USD") == tuple(results[each] for each in ("repetitions", "seed", "timeout", "max_spend"))
    answer = document(result)
    assert (8, True, 0) == (answer["runs"], answer["complete"], answer["code"])
    assert {"powerpost", "adgen"} == {each["target"] for each in answer["summary"]["targets"]}
    assert (place.folder / answer["files"]["report"]).is_file()


def test_it_stops_at_the_cap_and_says_so(place: Place, words: Path) -> None:
    """What was not run is no failure; a higher cap goes on."""
    sim = ("--sim", "--sim-speed", "400")

    first = place.genhub("compare", words, *sim, "--max-spend", "0.9 USD")
    then = place.genhub("compare", words, *sim, "--max-spend", "9 USD")

    assert [0, 0] == [first.exit_code, then.exit_code], first.output
    assert re.search(r"note: the cap of 0.9 USD stopped it \(.* are counted, and the next run may cost", first.stdout)
    assert "stopped it" not in then.stdout
    assert re.search(r"^adgen +6 of 6", then.stdout, re.M)


# What goes wrong


@pytest.mark.parametrize(
    ("change", "said"),
    [
        (
            ('["powerpost", "adgen"]', '["powerpost", "adgen", "adgne"]'),
            "words.toml:1: targets: there is no account and no route",
        ),
        (("repetitions = 3", "repetitions = 0"), "words.toml:2: repetitions: must be 1 or more"),
        (("repetitions", "repetitons"), "words.toml:2: repetitons: a suite has no such setting"),
        (("repetitions = 3", 'max_spend = "0.05 USD"'), "words.toml:2: max_spend: is below the cheapest request"),
    ],
)
def test_a_suite_that_is_wrong_is_refused_before_anything_is_sent(
    place: Place, change: tuple[str, str], said: str
) -> None:
    """With file and line, as usage, and nothing is left behind."""
    file = place.file("words.toml", WORDS.replace(*change))

    result = place.genhub("compare", file, "--sim")

    assert 2 == result.exit_code
    assert said in result.stderr
    assert "1 thing is wrong; nothing was sent" in result.stderr
    assert not (place.folder / "words-compare").exists()
    assert not (place.folder / "words-compare.db").exists()


@pytest.mark.parametrize("given", [("--repetitions", "0"), ("--max-spend", "much"), ("--timeout", "soon")])
def test_options_that_are_wrong_are_usage(place: Place, words: Path, given: tuple[str, str]) -> None:
    """They are named."""
    result = place.genhub("compare", words, "--sim", *given)

    assert 2 == result.exit_code
    assert given[0] in result.stderr


def test_a_cap_on_the_command_line_is_named_as_such(place: Place, words: Path) -> None:
    """The file says nothing of it."""
    result = place.genhub("compare", words, "--sim", "--max-spend", "0.01 USD")

    assert 2 == result.exit_code
    assert "--max-spend: max_spend: is below the cheapest request" in result.stderr


def test_a_target_without_any_success_fails_the_command(place: Place, words: Path) -> None:
    """It is no choice; the others are told of all the same."""
    place.script("adgen", outcome="failed", times=None)

    result = place.genhub("compare", words)

    assert 1 == result.exit_code, result.output
    assert re.search(r"^adgen +0 of 6", result.stdout, re.M)
    assert re.search(r"^powerpost +3 of 3", result.stdout, re.M)


def test_a_doubt_needs_a_person(place: Place, words: Path) -> None:
    """It has a code of its own."""
    place.script("adgen", fault="lose_answer", times=1)

    result = place.genhub("compare", words)

    assert 3 == result.exit_code, result.output
    assert 9 == len(place.creations())


def test_a_run_against_an_older_one_says_what_changed(place: Place, words: Path) -> None:
    """A target that can do it no more is worse, and fails the command; one like before does not."""
    place.genhub("compare", words, "--repetitions", "12")
    same = place.genhub(
        "compare", words, "--repetitions", "12", "--fresh", "b", "--out", "b", "--against", "words-compare"
    )
    place.script("adgen", outcome="failed", times=None)
    worse = place.genhub(
        "compare", words, "--repetitions", "12", "--fresh", "c", "--out", "c", "--against", "b", "--json"
    )

    assert 0 == same.exit_code, same.output
    assert "against 20" in same.stdout
    assert 1 == worse.exit_code
    assert document(worse)["changes"]["worse"] is True


def test_results_of_other_requests_are_no_measure(place: Place, words: Path) -> None:
    """It is said before anything is sent."""
    place.genhub("compare", words, "--repetitions", "1")
    other = place.file("other.toml", WORDS.replace("long evenings", "short evenings"))

    result = place.genhub("compare", other, "--against", "words-compare")

    assert 2 == result.exit_code
    assert "these are results of other requests; nothing was sent" in result.stderr
    assert "--common" in result.stderr
    assert 3 == len(place.creations())


def test_a_run_against_itself_is_told_all_the_same(place: Place, words: Path) -> None:
    """The answer is there; that there is nothing to compare it with is said after it."""
    place.genhub("compare", words, "--repetitions", "1")

    result = place.genhub("compare", words, "--repetitions", "1", "--against", "words-compare/history.jsonl")

    assert 2 == result.exit_code
    assert re.search(r"^adgen +2 of 2", result.stdout, re.M)
    assert "there is no older run to compare with" in result.stderr


# What comes between


def test_an_interruption_says_what_goes_on_and_how_to_continue(place: Place, words: Path) -> None:
    """Nothing is bought twice by whoever does as it says."""
    place.script("powerpost", queue=0, duration=10_000, times=1)
    run = place.start("compare", words, "--repetitions", "4")
    place.until_bought("powerpost")
    run.send_signal(signal.SIGINT)
    _, wrong = run.communicate(timeout=60)

    assert 130 == run.returncode, wrong
    assert re.search(r"interrupted: \d+ of 16 runs are over, \d+ go on at their vendors; continue", wrong)
    assert wrong.rstrip().endswith(f"genhub compare {words} --repetitions 4")
    place.finish()
    again = place.genhub("compare", words, "--repetitions", "4")
    assert 0 == again.exit_code, again.output
    assert 12 == len(place.creations())


def test_a_rehearsal_that_was_killed_goes_on(place: Place, words: Path) -> None:
    """Its simulators died with it: the open jobs begin again in the new ones, and nothing is bought twice."""
    (place.folder / "genhub.toml").unlink()
    run = place.start("compare", words, "--sim", "--sim-speed", "20", "--repetitions", "8")
    assert run.stderr is not None
    for line in run.stderr:
        if re.match(r" +6/", line):
            break
    run.kill()
    run.communicate(timeout=60)

    before = jobs(place, "--journal", "words-compare.db")
    again = place.genhub("compare", words, "--sim", "--sim-speed", "400", "--repetitions", "8")
    after = jobs(place, "--journal", "words-compare.db")

    assert 0 == again.exit_code, again.output
    assert 0 < len(before) < 24 == len(after)
    assert {each["id"] for each in before} <= {each["id"] for each in after}
    seen = observations(place.folder / "words-compare")
    assert {"succeeded", "unsupported"} == {each["outcome"] for each in seen}
    assert 24 == len({each["job"] for each in seen if each.get("job")})


def test_whoever_has_read_enough_takes_nothing_with_him(place: Place, words: Path) -> None:
    """Standard output is closed early; all is on disk."""
    run = place.start("compare", words)
    assert run.stdout is not None
    run.stdout.close()
    run.wait(60)
    if run.stderr is not None:
        run.stderr.close()

    assert 9 == len(place.creations())
    assert 12 == len(observations(place.folder / "words-compare"))


def test_no_report_is_made_where_none_is_wanted(place: Place, words: Path) -> None:
    """The results are there."""
    result = place.genhub("compare", words, "--repetitions", "1", "--no-report")

    assert 0 == result.exit_code, result.output
    assert not (place.folder / "words-compare" / "report.html").exists()
    assert (place.folder / "words-compare" / "results.json").is_file()


@pytest.mark.parametrize("name", ["captions", "images", "videos"])
def test_the_suites_show_something(place: Place, name: str) -> None:
    """On the simulators: three targets that differ, and one that can't do one of the requests, in one command."""
    (place.folder / "genhub.toml").unlink()

    run = place.start("compare", SUITES / f"{name}.toml", "--sim", "--json")
    told, wrong = run.communicate(timeout=180)

    assert 0 == run.returncode, wrong
    answer = json.loads(told)
    assert answer["complete"]
    assert answer["summary"]["verdict"]["best"] in load_suite(SUITES / f"{name}.toml").targets
    assert 1 == sum("unsupported" in each for each in answer["summary"]["targets"])
    assert any(each["shown"] for each in answer["summary"]["pairs"])
