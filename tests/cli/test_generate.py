"""`genhub text|image|video|speech`: one request, to its end."""

from __future__ import annotations

import json
import signal

from .conftest import Place, document


def test_a_text_is_shown_with_its_price(place: Place) -> None:
    """What was made for each platform, the credits and how sure they are, and the job's id."""
    result = place.genhub(
        "text", "Dark mode is here", "--to", "powerpost", "--platform", "x", "--platform", "instagram:reel",
        "--timeout", "60",
    )  # fmt: skip

    assert 0 == result.exit_code, result.output
    assert "x\nJust in: Dark mode is here." in result.stdout
    assert "instagram\n" in result.stdout
    assert "succeeded at powerpost, 10 powerpost credits, exact, job j" in result.stdout
    assert ["x-post", "instagram-reel"] == place.creations("powerpost")[0]["post_types"]


def test_every_kind_has_a_command(place: Place) -> None:
    """Pictures, videos and speech show where they are; money is shown where credits have a price."""
    image = place.genhub("image", "A lantern", "--to", "adgen", "--aspect-ratio", "1:1")
    video = place.genhub("video", "--script", "Forty hours of light", "--to", "adgen")
    speech = place.genhub("speech", "Good evening to you all", "--to", "genpro", "--speed", "0.9")

    assert [0, 0, 0] == [each.exit_code for each in (image, video, speech)]
    assert "image: http://" in image.stdout
    assert "3 adgen credits, exact (0.3 EUR, exact)" in image.stdout
    assert "video: http://" in video.stdout
    assert "audio: http://" in speech.stdout
    assert {"script": "Good evening to you all", "speed": 0.9} == place.creations("genpro")[0]["data"]


def test_json_is_the_job(place: Place) -> None:
    """One document, with the label and the tags, and nothing beside it."""
    result = place.genhub(
        "text", "Dark mode is here", "--to", "genpro", "--json", "--label", "Launch", "--tag", "team=growth"
    )

    job = document(result)
    assert 0 == result.exit_code
    assert ("succeeded", "2.5", True) == (job["status"], job["credits"]["net"], job["credits"]["exact"])
    assert ("Launch", {"team": "growth"}) == (job["request"]["label"], job["request"]["tags"])
    assert "" == result.stderr


def test_a_failed_job_ends_with_1(place: Place) -> None:
    """It is told why and what it cost; as JSON the error and the job."""
    place.script("adgen", match="Unboxing", outcome="failed", times=None)

    told = place.genhub("image", "Unboxing it", "--to", "adgen")
    data = place.genhub("image", "Unboxing it", "--to", "adgen", "--json")

    assert [1, 1] == [told.exit_code, data.exit_code]
    assert "failed at adgen, 0 adgen credits, exact" in told.stdout
    assert told.stderr.startswith("error: j")
    assert "JobFailed" == document(data)["error"]["type"]
    assert "failed" == document(data)["job"]["status"]


def test_a_refusal_ends_with_1(place: Place) -> None:
    """The vendor's own words and code are shown."""
    place.script("powerpost", http=402)

    result = place.genhub("text", "Dark mode is here", "--to", "powerpost", "--platform", "x", "--json")

    assert 1 == result.exit_code
    assert "INSUFFICIENT_CREDITS" == document(result)["error"]["code"]


def test_what_is_wrong_before_sending_ends_with_2(place: Place) -> None:
    """Usage, unknown accounts and fields, what a provider can't do: nothing is bought."""
    wrong: list[list[str]] = [
        ["text", "hello there"],
        ["text", "hello there", "--to", "nope"],
        ["text", "", "--to", "genpro"],
        ["text", "hello there", "--to", "genpro", "--tone", "bold"],
        ["text", "hello there", "--to", "genpro", "--extra", "{"],
        ["text", "hello there", "--to", "genpro", "--extra", '{"genpro": 1}'],
        ["text", "hello there", "--to", "genpro", "--timeout", "soon"],
        ["text", "hello there", "--to", "genpro", "--tag", "team"],
        ["text", "hello there", "--to", "genpro", "--length", "tiny"],
        ["video", "hello there", "--to", "adgen", "--no-wait", "--sim"],
        ["nonsense"],
    ]
    for args in wrong:
        told = place.genhub(*args)
        data = place.genhub(*args, "--json")

        assert (2, 2) == (told.exit_code, data.exit_code), (args, told.output, data.output)
        assert told.stderr.startswith("error: "), args
        assert {"error"} == set(document(data)), args
    assert [] == place.creations()


def test_changes_are_allowed_by_a_word_and_named(place: Place) -> None:
    """`--adjust` sends what the vendor can take, and says what became of the rest."""
    result = place.genhub("text", "hello there", "--to", "genpro", "--tone", "bold", "--adjust")

    assert 0 == result.exit_code
    assert "adjusted: tone “bold”: sent as “Tone: bold”" in result.stdout


def test_extra_is_merged_from_a_file(place: Place) -> None:
    """The way past the common words works from the command line."""
    place.file("extra.json", json.dumps({"powerpost": {"research_mode": "deep"}}))

    result = place.genhub("text", "hello there", "--to", "powerpost", "--platform", "x", "--extra", "@extra.json")

    assert 0 == result.exit_code
    assert "deep" == place.creations("powerpost")[0]["research_mode"]


def test_the_same_key_is_bought_once(place: Place) -> None:
    """A second call with the key shows the first one's job."""
    first = place.genhub("text", "hello there", "--to", "genpro", "--key", "k1", "--json")
    second = place.genhub("text", "hello there", "--to", "genpro", "--key", "k1", "--json")
    other = place.genhub("text", "something else", "--to", "genpro", "--key", "k1")

    assert document(first)["id"] == document(second)["id"]
    assert 2 == other.exit_code
    assert 1 == len(place.creations("genpro"))


def test_waiting_ends_with_4_and_the_job_goes_on(place: Place) -> None:
    """What it says is how to go on."""
    place.script("genpro", duration=1000)

    told = place.genhub("text", "hello there", "--to", "genpro", "--timeout", "0.2")
    job = document(place.genhub("jobs", "--json"))["jobs"][0]
    place.finish()
    watched = place.genhub("watch", job["id"])

    assert 4 == told.exit_code
    assert f"go on: genhub watch {job['id']}" in told.stderr
    assert 0 == watched.exit_code
    assert "succeeded" in watched.stdout


def test_not_waiting_ends_once_the_vendor_has_it(place: Place) -> None:
    """The job is in the journal, and open."""
    place.script("genpro", duration=1000)

    result = place.genhub("text", "hello there", "--to", "genpro", "--no-wait", "--json")

    assert 0 == result.exit_code
    assert document(result)["status"] in ("queued", "running")


def test_a_lost_answer_ends_with_3(place: Place) -> None:
    """It may have been bought: it is said how to settle it, and nothing is sent again."""
    place.script("powerpost", fault="lose_answer")

    result = place.genhub("image", "A lantern at dusk", "--to", "powerpost", "--json")

    assert 3 == result.exit_code
    error = document(result)["error"]
    assert ("SubmissionUnknown", "unconfirmed") == (error["type"], error["status"])
    assert "genhub settle" in error["message"]
    assert 1 == len(place.creations("powerpost"))


def test_ctrl_c_says_that_the_job_goes_on(place: Place) -> None:
    """One line and 130; the job is watched later."""
    place.script("genpro", duration=1000)
    waiting = place.start("text", "hello there", "--to", "genpro")
    place.until_bought("genpro")
    waiting.send_signal(signal.SIGINT)
    _, wrong = waiting.communicate(timeout=30)
    place.finish()

    assert 130 == waiting.returncode
    job = document(place.genhub("jobs", "--json"))["jobs"][0]["id"]
    assert wrong in (
        f"interrupted; {job} goes on: genhub watch {job}\n",
        "interrupted while it was being sent; what became of it is in the journal: genhub jobs\n",
    )
    assert 0 == place.genhub("watch", job).exit_code


def test_the_simulators_need_no_configuration(place: Place) -> None:
    """`--sim` knows the three accounts; the journal of the configuration is left alone."""
    (place.folder / "genhub.toml").unlink()

    result = place.genhub("text", "hello there", "--to", "powerpost", "--platform", "x", "--sim", "--sim-speed", "100")

    assert 0 == result.exit_code, result.output
    assert [] == [path.name for path in place.folder.iterdir() if path.suffix == ".db"]
