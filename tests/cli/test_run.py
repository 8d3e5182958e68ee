"""`genhub run`: a campaign to its table and its page, whatever comes between."""

from __future__ import annotations

import json
import re
import signal
import subprocess
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from genhub import Hub
from genhub._campaign import Progress, Results

from .conftest import EXAMPLES, Place, document, events

LAUNCH = EXAMPLES / "launch.toml"
THREE = """\
[[request]]
kind = "text"
to = "powerpost"
label = "Caption"
prompt = "Dark mode is here"
platforms = ["x", "youtube"]

[[request]]
kind = "image"
to = "adgen"
label = "Picture"
prompt = "A lantern on a table"

[[request]]
kind = "speech"
to = "genpro"
label = "Spoken"
script = "Good evening to all of you"
"""


def lines(folder: Path) -> list[dict[str, Any]]:
    return events((folder / "results.jsonl").read_text("utf-8"))


def test_the_launch_runs_on_the_simulators(place: Place) -> None:
    """The example: all four kinds at three accounts, and everything in it that is to go wrong and to go on."""
    (place.folder / "genhub.toml").unlink()
    run = place.start("run", LAUNCH, "--sim", "--speed", "100")
    told, wrong = run.communicate(timeout=120)

    assert (0, "") == (run.returncode, wrong), told[-2000:]
    rows = {each["row"]: each for each in lines(place.folder / "launch-out")}
    assert len(rows) >= 24
    assert {"text", "image", "video", "speech"} == {each["kind"] for each in rows.values()}
    assert {"powerpost", "genpro", "adgen"} == {each["account"] for each in rows.values()}
    assert {"fine"} == {each["verdict"] for each in rows.values()}

    def credits(row: str) -> dict[str, Any]:
        found: dict[str, Any] = rows[row]["job"]["credits"]
        return found

    refunded = rows["Unboxing video"]["job"]
    assert ("failed", "0", True) == (refunded["status"], refunded["credits"]["net"], refunded["credits"]["exact"])
    stopped = [each["kind"] for each in rows["Campfire loop"]["job"]["attempts"][0]["entries"]]
    assert ["charge", "refund", "charge", "charge"] == stopped
    assert ("25", True) == (str(int(float(credits("Campfire loop")["net"]))), credits("Campfire loop")["exact"])
    winter = "Static ad, winter"
    first, again = (rows[each]["job"]["attempts"][0] for each in (winter, f"{winter}, asked twice"))
    assert first["ref"]["id"] == again["ref"]["id"]
    assert "0" == credits("Static ad, winter, asked twice")["net"]
    assert any("asks to wait 1 s" in note for note in rows["Teaser clip"]["notes"])
    assert 2 == len(rows["Teaser clip"]["job"]["attempts"])
    assert (None, "0", "36") == tuple(credits("Mood board")[each] for each in ("net", "low", "high"))
    assert 2 == len(rows["Mood board"]["files"])
    assert rows["Launch film description"]["job"]["attempts"][0]["outputs"][0]["title"]
    assert sum(len(each["job"]["attempts"][0].get("adjustments", [])) for each in rows.values()) >= 4
    for each in rows.values():
        for file in each["files"]:
            path = place.folder / "launch-out" / file["path"]
            assert file["size"] == path.stat().st_size
    texts = [each["text"] for each in rows.values() if each["kind"] == "text"]
    assert all((place.folder / "launch-out" / text).is_file() for text in texts)
    assert "page     launch-out/index.html" in told
    assert "\x1b" not in told


def test_a_campaign_runs_on_the_accounts_of_the_configuration(place: Place) -> None:
    """The table says who, how long, for how much and how sure; the totals stay apart by vendor."""
    file = place.file("three.toml", THREE)

    result = place.genhub("run", file)

    assert 0 == result.exit_code, result.output
    assert re.search(r"Caption +powerpost +succeeded +[\d.]+ s +10 +exact +2 texts", result.stdout)
    assert re.search(r"Picture +adgen +succeeded +[\d.]+ s +3 +exact +1 image", result.stdout)
    assert re.search(r"adgen +1 +3 adgen credits +exact +0.3 EUR", result.stdout)
    assert "journal  jobs.db" in result.stdout
    assert 3 == len(place.creations())


def test_running_it_again_buys_nothing(place: Place) -> None:
    """Not even with rows moved, and under other labels; a new row is bought."""
    file = place.file("three.toml", THREE)
    place.genhub("run", file)
    first, second, third = re.split(r"\n(?=\[\[request)", THREE)
    changed = "\n".join([third, first.replace("Caption", "Words"), second, third.replace("Spoken", "Again")])
    place.file("three.toml", changed)

    result = place.genhub("run", file)

    assert 0 == result.exit_code, result.output
    assert 3 == result.stdout.count("already done  ") - 3  # once as it happens, once in the table
    assert 4 == len(place.creations())
    assert re.search(r"Words +powerpost +already done", result.stdout)


def test_what_was_refused_is_tried_again(place: Place) -> None:
    """Nothing was bought: the next run sends it."""
    file = place.file("three.toml", THREE)
    place.script("powerpost", http=402)

    refused = place.genhub("run", file)
    again = place.genhub("run", file)

    assert [1, 0] == [refused.exit_code, again.exit_code]
    assert "three.toml:1 Caption: refused" in refused.stdout
    assert 3 == len(place.creations())


def test_a_vendor_that_says_wait_is_waited_for(place: Place) -> None:
    """Up to a number of tries; each is sent under the same key."""
    file = place.file("three.toml", THREE)
    place.script("powerpost", fault="rate_limited", retry_after=0.1, times=2)
    patient = place.genhub("run", file)
    place.script("powerpost", fault="rate_limited", retry_after=0.1, times=None)
    impatient = place.genhub("run", file, "--journal", "other.db", "--tries", "2")

    assert [0, 1] == [patient.exit_code, impatient.exit_code]
    assert "powerpost asks to wait 0.1 s" in patient.stdout
    assert 1 == len([each for each in place.creations("powerpost")])


def test_a_row_that_fails_ends_with_1_and_takes_no_other_with_it(place: Place) -> None:
    """Unless it was expected to; then any other end is wrong."""
    place.script("adgen", outcome="failed", times=None)
    failed = place.genhub("run", place.file("three.toml", THREE))
    expected = place.genhub("run", place.file("four.toml", THREE.replace("table", 'floor"\nexpect = "failed')))
    other = place.genhub("run", place.file("five.toml", THREE.replace("all of", 'none of you"\nexpect = "failed" #')))

    assert [1, 0, 1] == [failed.exit_code, expected.exit_code, other.exit_code], other.output
    assert "failed as expected" in expected.stdout
    assert "(expected failed)" in other.stdout
    assert "succeeded" in failed.stdout


def test_a_stop_that_a_provider_lacks_is_noted(place: Place) -> None:
    """The job goes on to its end."""
    row = '[[request]]\nkind = "image"\nto = "adgen"\nprompt = "A lantern"\nstop_after = 0.01\n'
    place.script("adgen", duration=0.5)

    result = place.genhub("run", place.file("one.toml", row))

    assert 0 == result.exit_code, result.output
    assert any("not stopped: adgen: can't stop" in note for note in lines(place.folder / "one-out")[0]["notes"])


def test_one_row_in_trouble_stops_no_other(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """Not even trouble that nobody foresaw."""
    whole = Results.keep

    async def keep(self: Results, hub: Hub, each: Progress) -> None:
        if each.row.name == "Caption":
            raise RuntimeError("unforeseen")
        await whole(self, hub, each)

    monkeypatch.setattr(Results, "keep", keep)

    result = place.genhub("run", place.file("three.toml", THREE))

    assert 1 == result.exit_code
    assert "Caption: refused" not in result.stdout
    assert "RuntimeError: unforeseen" in result.stdout
    assert {"Picture", "Spoken", "Caption"} == {each["row"] for each in lines(place.folder / "three-out")}


def test_scenarios_reach_their_own_row(place: Place) -> None:
    """A row whose words begin another row's."""
    rows = """\
[[request]]
kind = "text"
to = "genpro"
prompt = "A lantern at dusk"

[[request]]
kind = "text"
to = "genpro"
prompt = "A lantern"
expect = "failed"
sim = { outcome = "failed" }
"""

    result = place.genhub("run", place.file("two.toml", rows), "--sim", "--speed", "100", "--at-once", "1")

    assert 0 == result.exit_code, result.output


def test_a_row_in_doubt_ends_with_3(place: Place) -> None:
    """It is not sent again by the next run either."""
    file = place.file("one.toml", '[[request]]\nkind = "image"\nto = "powerpost"\nprompt = "A lantern at dusk"\n')
    place.script("powerpost", fault="lose_answer")

    first = place.genhub("run", file)
    second = place.genhub("run", file)

    assert [3, 3] == [first.exit_code, second.exit_code], second.output
    assert "in doubt" in first.stdout
    assert "genhub settle" in first.stdout
    assert 1 == len(place.creations())


def test_waiting_ends_with_4_and_the_next_run_goes_on(place: Place) -> None:
    """The job is watched on, not bought again."""
    file = place.file("three.toml", THREE)
    place.script("genpro", duration=1000)

    first = place.genhub("run", file, "--timeout", "0.5")
    place.finish()
    second = place.genhub("run", file)

    assert [4, 0] == [first.exit_code, second.exit_code], second.output
    assert "goes on" in first.stdout
    assert "1 open jobs of an earlier run are read again" in second.stderr
    assert 3 == len(place.creations())


def test_a_stop_that_was_cut_off_is_continued_by_the_next_run(place: Place) -> None:
    """What an earlier run stopped is resumed, and not stopped again."""
    row = '[[request]]\nkind = "text"\nto = "genpro"\nprompt = "hello there"\nstop_after = 0.1\nresume_after = "{}"\n'
    place.script("genpro", duration=1.5)

    first = place.genhub("run", place.file("one.toml", row.format("1h")), "--timeout", "1")
    place.script("genpro", duration=0.1)
    second = place.genhub("run", place.file("one.toml", row.format("0.1s")))

    assert [4, 0] == [first.exit_code, second.exit_code], second.output
    assert re.search(r"succeeded +[\d.]+ s +2.5 +exact", second.stdout)
    assert 1 == len(place.creations())


def test_everything_wrong_is_said_at_once_and_nothing_is_left_behind(place: Place) -> None:
    """Each with its line, its field and the remedy; no journal, no folder, no request."""
    file = place.file(
        "bad.toml",
        """\
[[request]]
kind = "text"
to = "powrpost"
prompt = "hello"

[[request]]
kind = "speech"
to = "adgen"
script = "hello"

[[request]]
kind = "image"
to = "genpro"
promt = "hello"
""",
    )

    told = place.genhub("run", file)
    data = document(place.genhub("run", file, "--json"))

    assert 2 == told.exit_code
    assert f"{file}:3: to: there is no account 'powrpost'. Did you mean 'powerpost'?" in told.stderr
    assert f"{file}:6: adgen: CutX makes no speech" in told.stderr
    assert f"{file}:14: promt: image requests have no such field. Did you mean 'prompt'?" in told.stderr
    assert "3 things are wrong; nothing was sent" in told.stderr
    assert ["to", None, "promt"] == [each["field"] for each in data["error"]["problems"]]
    assert {"bad.toml", "genhub.toml"} == {each.name for each in place.folder.iterdir()}


def test_a_key_of_another_request_is_said_before_anything_is_sent(place: Place) -> None:
    """A new request needs a new key."""
    file = place.file("one.toml", '[[request]]\nkind = "text"\nto = "genpro"\nprompt = "hello"\nkey = "k"\n')
    place.genhub("run", file)
    place.file("one.toml", '[[request]]\nkind = "text"\nto = "genpro"\nprompt = "good bye"\nkey = "k"\n')

    result = place.genhub("run", file)

    assert 2 == result.exit_code
    assert "one.toml:1: key: the key 'k' belongs to another request" in result.stderr
    assert 1 == len(place.creations())


def test_json_lines_tell_every_change(place: Place) -> None:
    """One document a line; results hold the whole job, the last line sums up."""
    result = place.genhub("run", place.file("three.toml", THREE), "--json")

    said = events(result.stdout)
    results = [each for each in said if each["event"] == "result"]
    assert "begin" == said[0]["event"]
    assert {"Caption", "Picture", "Spoken"} == {each["row"] for each in results}
    assert {"succeeded"} == {each["job"]["status"] for each in results}
    assert ("summary", 0, {"fine": 3}) == (said[-1]["event"], said[-1]["exit"], said[-1]["verdicts"])


def test_csv_and_json_lines_run_too(place: Place) -> None:
    """The same request in any form is the same intention, within a file's name."""
    place.file("one.csv", "kind,to,prompt,platforms\ntext,powerpost,Dark mode is here,x;instagram:reel\n")
    row = {"kind": "text", "to": "powerpost", "prompt": "Dark mode is here", "platforms": ["x", "instagram:reel"]}
    place.file("one.jsonl", json.dumps(row) + "\n")

    first = place.genhub("run", "one.csv")
    second = place.genhub("run", "one.jsonl")

    assert [0, 0] == [first.exit_code, second.exit_code], first.output
    assert "already done" in second.stdout
    assert 1 == len(place.creations())


def test_what_is_for_the_simulators_does_not_count_elsewhere(place: Place) -> None:
    """It is said."""
    row = '[[request]]\nkind = "text"\nto = "genpro"\nprompt = "hello"\nsim = { outcome = "failed" }\n'

    result = place.genhub("run", place.file("one.toml", row))

    assert 0 == result.exit_code
    assert "--sim only" in result.stderr


def test_simulators_serve_the_accounts_of_the_configuration(place: Place) -> None:
    """Under their own names, with their prices; nothing reaches the vendor that the file names."""
    row = '[[request]]\nkind = "image"\nto = "ads"\nprompt = "a lantern"\n'
    text = (place.folder / "genhub.toml").read_text("utf-8").replace("[accounts.adgen]", "[accounts.ads]")
    place.file("genhub.toml", text)

    result = place.genhub("run", place.file("one.toml", row), "--sim", "--speed", "100")

    assert 0 == result.exit_code, result.output
    assert "0.3 EUR" in result.stdout
    assert [] == place.creations()
    assert (place.folder / "one.db").exists() and not (place.folder / "jobs.db").exists()


def test_a_page_that_fails_takes_no_result_with_it(place: Place) -> None:
    """The lines and the outputs are there; it is said."""
    place.file("three.toml", THREE)
    (place.folder / "three-out" / "index.html").mkdir(parents=True)

    result = place.genhub("run", "three.toml")

    assert 0 == result.exit_code
    assert "the page could not be made" in result.stderr
    assert 3 == len(lines(place.folder / "three-out"))


def test_a_folder_that_can_not_be_made_is_said(place: Place) -> None:
    """Before anything is sent."""
    place.file("occupied", "")

    result = place.genhub("run", place.file("three.toml", THREE), "--out", "occupied/below")

    assert 2 == result.exit_code
    assert [] == place.creations()


def test_outputs_that_can_not_be_fetched_are_said(place: Place) -> None:
    """They are paid for, and not lost: the next run fetches them."""
    file = place.file("three.toml", THREE)
    place.genhub("run", file)
    for each in (place.folder / "three-out" / "media").iterdir():
        each.unlink()

    again = place.genhub("run", file)

    assert 0 == again.exit_code
    assert 2 == len(list((place.folder / "three-out" / "media").iterdir()))
    assert 3 == len(place.creations())


def _slow(place: Place) -> None:
    """Let every job stay open until `finish`."""
    for name in ("powerpost", "adgen", "genpro"):
        place.script(name, duration=1000, times=3)


def accepted(run: subprocess.Popen[str], count: int) -> None:
    """Read the run's lines until so many of its jobs are accepted."""
    assert run.stdout is not None
    ids: set[str] = set()
    while len(ids) < count:
        line = run.stdout.readline()
        assert line, run.stderr.read() if run.stderr is not None else ""
        job = json.loads(line).get("job")
        if job is not None and job["provider_id"] is not None:
            ids.add(job["provider_id"])


def test_a_killed_run_goes_on_and_buys_nothing_twice(place: Place) -> None:
    """`kill -9` in the middle: the next run watches the same jobs to their end."""
    file = place.file("three.toml", THREE)
    _slow(place)
    run = place.start("run", file, "--json")
    accepted(run, 3)
    run.kill()
    run.communicate()
    before = place.creations()
    place.finish()

    again = place.genhub("run", file)

    assert 0 == again.exit_code, again.output
    assert "3 open jobs of an earlier run are read again" in again.stderr
    assert 3 == len(before) == len(place.creations())


def test_a_run_killed_at_any_moment_never_buys_twice(place: Place) -> None:
    """Whatever was on its way: bought once, or in doubt and said so."""
    rows = "\n".join(f'[[request]]\nkind = "text"\nto = "genpro"\nprompt = "Text number {n}."\n' for n in range(12))
    file = place.file("many.toml", rows)
    for after in (1, 3, 6):
        run = place.start("run", file, "--json", "--at-once", "2")
        assert run.stdout is not None
        for _ in range(after):
            run.stdout.readline()
        run.kill()
        run.communicate()
    last = place.genhub("run", file)

    assert last.exit_code in (0, 1, 3), last.output
    bought = Counter(each["data"]["prompt"] for each in place.creations("genpro"))
    assert {1} == set(bought.values())
    assert len(bought) >= 11 or last.exit_code != 0


def test_a_killed_run_goes_on_with_embedded_simulators(place: Place) -> None:
    """Their jobs ended with them: the next run's simulators have them again, from the journal."""
    file = place.file("one.toml", THREE.replace("label", "sim = { duration = 2 }\nlabel"))
    run = place.start("run", file, "--sim", "--json")
    accepted(run, 3)
    run.kill()
    run.communicate()

    again = place.genhub("run", file, "--sim", "--json")

    assert 0 == again.exit_code, again.output
    rows = lines(place.folder / "one-out")
    assert {"succeeded"} == {each["job"]["status"] for each in rows}
    assert {1} == {len(each["job"]["attempts"]) for each in rows}


def test_ctrl_c_says_how_to_continue(place: Place) -> None:
    """One line and 130; what was bought is in the journal, and the results so far are written."""
    file = place.file("three.toml", THREE)
    _slow(place)
    run = place.start("run", file, "--json")
    accepted(run, 3)
    run.send_signal(signal.SIGINT)
    told, wrong = run.communicate(timeout=30)
    place.finish()
    again = place.genhub("run", file)

    assert 130 == run.returncode
    message = events(told)[-1]["error"]["message"]
    assert "3 go on at their vendors; continue, and buy nothing again: genhub run" in message
    assert "" == wrong
    assert 0 == again.exit_code
    assert 3 == len(place.creations())


def test_ctrl_c_lets_a_send_end(place: Place) -> None:
    """A submit that is on its way when Ctrl-C comes is answered and recorded: nothing is in doubt."""
    place.script("genpro", fault="slow", delay=1.0)
    file = place.file("one.toml", '[[request]]\nkind = "text"\nto = "genpro"\nprompt = "hello there"\n')
    run = place.start("run", file)
    place.until_bought("genpro")
    run.send_signal(signal.SIGINT)
    run.communicate(timeout=30)

    jobs = document(place.genhub("jobs", "--json"))["jobs"]
    assert 130 == run.returncode
    assert [] == [each for each in jobs if each["status"] in ("submitting", "unconfirmed")]


def test_a_second_ctrl_c_leaves_at_once(place: Place) -> None:
    """The intent is in the journal: the next run knows."""
    place.script("powerpost", fault="hang")
    file = place.file("one.toml", '[[request]]\nkind = "image"\nto = "powerpost"\nprompt = "A lantern"\n')
    run = place.start("run", file)
    place.until_bought("powerpost")
    run.send_signal(signal.SIGINT)
    assert run.stderr is not None
    assert "Ctrl-C again leaves at once" in run.stderr.readline()
    run.send_signal(signal.SIGINT)

    _, _ = run.communicate(timeout=10)

    assert 130 == run.returncode
    assert "submitting" == document(place.genhub("jobs", "--json"))["jobs"][0]["status"]


def test_a_closed_pipe_stops_no_job(place: Place) -> None:
    """`genhub run ... | head -1`: the campaign goes on to its end, and its exit code is true."""
    file = place.file("three.toml", THREE)
    place.script("genpro", outcome="failed")
    run = place.start("run", file)
    assert run.stdout is not None and run.stderr is not None
    run.stdout.readline()
    run.stdout.close()
    wrong = run.stderr.read()
    run.stderr.close()

    assert (1, "") == (run.wait(30), wrong)
    assert 3 == len(lines(place.folder / "three-out"))
    assert {"succeeded", "failed"} == {each["status"] for each in document(place.genhub("jobs", "--json"))["jobs"]}
