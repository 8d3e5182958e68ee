"""The report's file: all in one, nothing of it from the network, and no output is more than text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import timedelta
from html.parser import HTMLParser
from pathlib import Path

import pytest
from attrs import evolve

from genhub import ConfigError, Output
from genhub.compare import Check, Outcome, Results
from genhub.compare._figures import amount, between
from genhub.compare._page import failures
from genhub.compare._plots import plots
from genhub.compare._report import write
from genhub.compare._shown import EMBED, address, parts, picture
from genhub.compare._summary import Interval, Verdict
from genhub.compare._votes import Choice, Vote, Votes, keep_votes
from tests.compare import _made


class Page(HTMLParser):
    """What a browser would make of a page: its elements, and its texts by element."""

    def __init__(self, path: Path) -> None:
        super().__init__()
        self.elements: list[tuple[str, dict[str, str]]] = []
        self.text = ""
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.elements.append((tag, {name: value or "" for name, value in attrs}))
        self.text += " "

    def handle_data(self, data: str) -> None:
        self.text += data

    def all(self, tag: str) -> Iterator[dict[str, str]]:
        return (attrs for name, attrs in self.elements if name == tag)


@pytest.fixture
def made(tmp_path: Path) -> Results:
    return _made.results(tmp_path)


def page(made: Results, folder: Path, name: str = "report.html") -> Page:
    write(made, _made.summary(made), folder)
    return Page(folder / name)


def test_the_answer_is_on_top(made: Results, tmp_path: Path) -> None:
    """The first heading after the title is the answer, with how sure it is, before any table."""
    text = " ".join(page(made, tmp_path).text.split())
    answer, sure, table = (text.index(each) for each in ("Choose swift", "How sure: shown by these runs", "In figures"))

    assert answer < sure < table


@pytest.mark.parametrize(
    ("sure", "words"),
    [("not shown", "How sure: not shown: what differs may be chance"), ("too few", "How sure: too few runs to tell")],
)
def test_no_account_is_marked_when_none_was_shown_to_be_better(
    made: Results, tmp_path: Path, sure: str, words: str
) -> None:
    """Without a best one, nothing says `choose this`."""
    verdict = Verdict(
        best=None, sentence="No difference shown.", sure="not shown" if sure == "not shown" else "too few"
    )
    write(made, evolve(_made.summary(made), verdict=verdict), tmp_path)
    text = " ".join(Page(tmp_path / "report.html").text.split())

    assert words in text and "No difference shown." in text
    assert "choose this" not in text


@pytest.mark.parametrize("name", ["report.html", "blind.html"])
def test_nothing_comes_from_the_network(made: Results, tmp_path: Path, name: str) -> None:
    """Everything that a browser loads by itself is in the file; the page forbids the rest."""
    found = page(made, tmp_path, name)
    loaded = [attrs[at] for _, attrs in found.elements for at in ("src", "srcset", "data", "poster") if at in attrs]
    loaded += [attrs["href"] for tag in ("link", "image", "use") for attrs in found.all(tag)]
    policy = next(attrs["content"] for attrs in found.all("meta") if "http-equiv" in attrs)

    assert loaded and all(each.startswith(("data:", "#")) for each in loaded)
    assert not re.search(r"url\((?!#)|@import", (tmp_path / name).read_text("utf-8"))
    assert policy.startswith("default-src 'none'; script-src 'sha256-")


@pytest.mark.parametrize("name", ["report.html", "blind.html"])
def test_outputs_that_mean_harm_stay_text(made: Results, tmp_path: Path, name: str) -> None:
    """Scripts, handlers and closing tags in texts and vendors' words are shown, and are nothing else."""
    nasty = _made.EVIL + "\"'><svg onload=1></script></style><!--"
    case = evolve(made.cases[0], name=nasty)
    target = f"x {nasty}"
    seen = tuple(
        evolve(
            each,
            case=nasty if each.case == made.cases[0].name else each.case,
            target=target if each.target == "flaky" else each.target,
            failure=each.failure and nasty,
            message=each.message and nasty,
            outputs=tuple(evolve(o, text=o.text and nasty, title=nasty, fields={nasty: nasty}) for o in each.outputs),
            checks=(Check(name=nasty, passed=False, said=nasty),),
        )
        for each in made.observations
    )
    evil = evolve(
        made, suite=nasty, title=nasty, cases=(case, *made.cases[1:]), targets=(*made.targets[:2], target),
        observations=seen, notes=(nasty,), versions={nasty: nasty}, max_spend=nasty, fingerprint=nasty,
    )  # fmt: skip
    summary = _made.summary(made)
    targets = (*summary.targets[:2], evolve(summary.targets[2], target=target, currency=nasty, checks={nasty: (1, 2)}))
    verdict = Verdict(best=target, sentence=nasty, sure="shown", why=(nasty,))
    write(evil, evolve(summary, targets=targets, verdict=verdict, caveats=(nasty,)), tmp_path)
    write(made, summary, plain := tmp_path / "plain")
    found, usual = Page(tmp_path / name), Page(plain / name)

    assert [attrs for attrs in found.all("script") if not attrs] == [{}]
    assert {tag for tag, _ in found.elements} <= {tag for tag, _ in usual.elements} | {"br", "strong", "a", "img"}
    assert not any(at.startswith("on") for _, attrs in found.elements for at in attrs)
    assert not any(attrs.get("src", "data:").startswith("x") for attrs in found.all("img"))
    assert "<script>document.title" in found.text or name == "blind.html"


@pytest.mark.parametrize(
    ("url", "linked"),
    [
        ("https://cdn.example/a.png?x=1&y=2", True),
        ("http://cdn.example/a.png", True),
        ("javascript:alert(1)", False),
        ("JaVaScRiPt:alert(1)", False),
        (" javascript:alert(1)", False),
        ("data:text/html,<script>alert(1)</script>", False),
        ("file:///etc/passwd", False),
        ("//cdn.example/a.png", False),
        ("https:///nowhere", False),
        ("http://[broken", False),
        ("", False),
        (None, False),
    ],
)
def test_only_web_addresses_become_links(url: str | None, linked: bool) -> None:
    """A vendor's address leads to the web, or nowhere."""
    assert (url if linked else "") == address(url)


def test_a_link_of_an_output_is_only_followed_by_hand(made: Results, tmp_path: Path) -> None:
    """What was not downloaded is a link, and tells the vendor nothing of where it was clicked."""
    bad, good = (Output(kind="image", url=url) for url in ("javascript:alert(1)", "https://cdn.example/a.png"))
    seen = evolve(made.observations[0], outputs=(bad, good), files=())
    write(evolve(made, observations=(seen,)), _made.summary(made), tmp_path)
    links = [attrs for attrs in Page(tmp_path / "report.html").all("a") if "rel" in attrs]

    assert [{"href": "https://cdn.example/a.png", "rel": "noopener noreferrer"}] == links


@pytest.mark.parametrize(
    "url",
    [
        "data:image/svg+xml;base64,AAAA",
        "data:text/html;base64,AAAA",
        'data:image/png;base64,AAAA" onload="x',
        "data:image/png;base64,AAA",
        "data:image/png;base64," + "A" * (2 * EMBED),
        "https://cdn.example/a.png",
        None,
    ],
)
def test_only_small_plain_pictures_are_taken_from_data_addresses(url: str | None) -> None:
    """Anything but a complete small picture is not shown."""
    assert "" == picture(url)
    assert "data:image/png;base64,AAAA" == picture("data:image/png;base64,AAAA")


def test_files_outside_the_folder_are_never_read(made: Results, tmp_path: Path) -> None:
    """Neither by a path that climbs, nor by an absolute one, nor by a link; a missing file is passed over."""
    folder = tmp_path / "results"
    folder.mkdir()
    secret = tmp_path / "secret.png"
    secret.write_bytes(_made.png((1, 2, 3)))
    (folder / "link.png").symlink_to(secret)
    names = ("../secret.png", str(secret), "link.png", "missing.png", ".")
    seen = evolve(made.observations[0], outputs=(), files=names)

    assert () == parts(seen, folder)


def test_pictures_are_in_the_page_and_large_ones_smaller(made: Results, tmp_path: Path) -> None:
    """A small picture goes in as it is, a large one at a size a page can carry with a link to the whole."""
    from PIL import Image

    (tmp_path / "small.png").write_bytes(_made.png((9, 9, 9)))
    Image.effect_noise((1200, 900), 80).save(tmp_path / "large.png")
    assert (tmp_path / "large.png").stat().st_size > EMBED
    (tmp_path / "broken.png").write_bytes(b"no picture" * EMBED)
    seen = evolve(made.observations[0], outputs=(), files=("small.png", "large.png", "broken.png"))
    small, large, broken = parts(seen, tmp_path)

    assert ("image", "data:image/png;base64,") == (small.kind, small.src[:22])
    assert ("image", "data:image/jpeg;base64,", "./large.png") == (large.kind, large.src[:23], large.href)
    assert len(large.src) < 500_000
    assert ("file", "", "./broken.png") == (broken.kind, broken.src, broken.href)


def test_large_media_are_linked_by_a_path_that_is_no_scheme(made: Results, tmp_path: Path) -> None:
    """A film stays beside the page; a name that reads like a script's address is a name."""
    names = ("film 1#.mp4", "javascript:alert(1).mp4", "notes.txt")
    for name in names:
        (tmp_path / name).write_bytes(b"\0" * (EMBED + 1))
    film, script, other = parts(evolve(made.observations[0], outputs=(), files=names), tmp_path)

    assert ("video", "./film%201%23.mp4") == (film.kind, film.src)
    assert "./javascript%3Aalert%281%29.mp4" == script.src
    assert ("file", "./notes.txt", "") == (other.kind, other.href, other.src)


def test_parts_of_a_text_are_not_said_twice(made: Results, tmp_path: Path) -> None:
    """A caption's hook that stands in its text is not shown again; what does not is."""
    output = Output(kind="text", text="Hello. Buy it.", fields={"hook": "Hello.", "angle": "thrift"})
    (part,) = parts(evolve(made.observations[0], outputs=(output,), files=()), tmp_path)

    assert (("angle", "thrift"),) == part.facts


def test_every_run_is_shown_with_its_end_in_words(made: Results, tmp_path: Path) -> None:
    """A card a run; unsupported is said as such, and no colour stands alone."""
    found = page(made, tmp_path)
    cards = [attrs for attrs in found.all("article")]

    assert len(made.observations) == len(cards)
    assert {str(each.outcome) for each in made.observations} == {attrs["data-outcome"] for attrs in cards}
    for words in ("can't do this; nothing was sent", "in doubt: the answer was lost", "timed out, still going on"):
        assert words in found.text


def test_method_and_caveats_say_how_it_was_made(made: Results, tmp_path: Path) -> None:
    """Seed, repetitions, resolution, versions, cap, time-out, and that it was simulated."""
    text = " ".join(page(made, tmp_path).text.split())

    for words in ("seed 7", "at simulators", "genhub 0.1.0", "5 USD", "Waited at most 60 s", "Four requests only",
                  "no budget of its own", "Level 95 %", "Times may be off by"):  # fmt: skip
        assert words in text


def test_what_is_not_complete_is_said_on_top(made: Results, tmp_path: Path) -> None:
    """A capped or interrupted comparison says so before its answer, a real one says nothing of simulators."""
    text = page(evolve(made, complete=False, simulated=False, ended_at=None), tmp_path).text

    assert text.index("Not complete.") < text.index("The answer")
    assert "Simulated." not in text and "not ended" in text


def test_failures_are_by_class_in_the_vendor_s_words(made: Results) -> None:
    """Counts by account, and the words with how often they were said; what was merely not run is no failure."""
    first = next(each for each in made.observations if each.target == "flaky")
    said = [("no faces", 2), ("no logos", 1), *((f"no {at}", 1) for at in range(5))]
    seen = [
        evolve(first, outcome=Outcome.FAILED, failure="policy", message=words)
        for words, times in said
        for _ in range(times)
    ]
    (policy,) = failures(evolve(made, observations=(*seen, evolve(first, outcome=Outcome.NOT_RUN, message="cap"))))

    assert ("policy", (0, 0, 8), ("no faces", 2), 2) == (policy.name, policy.counts, policy.words[0], policy.more)


def test_votes_are_in_the_report_when_there_are_some(made: Results, tmp_path: Path) -> None:
    """A ranking with intervals once people voted; before, where to vote; votes on other requests count nothing."""
    assert "Nobody has voted yet." in page(made, tmp_path).text
    votes = tuple(
        Vote(case="poster", left="swift", right="flaky", choice=Choice.LEFT, pair=str(at)) for at in range(12)
    )
    keep_votes(Votes(fingerprint=made.fingerprint, targets=made.targets, votes=votes), tmp_path)
    text = " ".join(page(made, tmp_path).text.split())

    assert "swift is preferred: it won 12 of 12 votes" in text
    assert "100 % 76 to 100 %" in text
    keep_votes(Votes(fingerprint="other", targets=made.targets, votes=votes), tmp_path)
    assert "Nobody has voted yet." in page(made, tmp_path).text


def test_plots_are_text_in_the_page_s_colours(made: Results) -> None:
    """Words are words, every colour is a variable of the page, and each picture is told in words."""
    shown = plots(_made.summary(made))

    assert ["ready", "success", "cost"] == [plot.name for plot in shown]
    for plot in shown:
        assert "<text" in plot.svg and "var(--c-00)" in plot.svg and "var(--c-f0)" in plot.svg
        assert not re.findall(r"#[0-9a-f]{6}\b", plot.svg)
        assert "://" not in plot.svg
        assert all(name in plot.said for name in made.targets)
        assert f'aria-labelledby="{plot.name}-title"' in plot.svg


def test_pictures_share_no_ids(made: Results, tmp_path: Path) -> None:
    """An id is once in a page, and whatever refers to one finds it."""
    found = page(made, tmp_path)
    ids = [attrs["id"] for _, attrs in found.elements if "id" in attrs]
    used = {attrs["href"][1:] for _, attrs in found.elements if attrs.get("href", "").startswith("#")}
    used |= set(re.findall(r"url\(#([^)]+)\)", (tmp_path / "report.html").read_text("utf-8")))

    assert len(ids) == len(set(ids))
    assert used and used <= set(ids)


def test_names_with_signs_are_drawn_as_they_are(made: Results) -> None:
    """No sign in an account's name is a command to the plots: dollars, tags, underscores, letters of any script."""
    summary = _made.summary(made)
    names = ("$a_1$", "_hidden <b>&", "東京 " + "long " * 20)
    targets = tuple(evolve(each, target=name) for each, name in zip(summary.targets, names, strict=True))
    ready = plots(evolve(summary, targets=targets))[0].svg

    assert "$a_1$" in ready and "_hidden &lt;b&gt;&amp;" in ready and "東京 long" in ready and "…" in ready


def test_one_run_draws_no_interval_and_says_so(made: Results, tmp_path: Path) -> None:
    """With nothing claimed there is nothing drawn, and the table says that there is no interval."""
    summary = _made.summary(made)
    bare = Interval(value=1.0)
    targets = tuple(
        evolve(each, success=bare, median=bare, p95=bare, cost_money=bare, curve=((1.0, 1.0, None, None),))
        for each in summary.targets
    )
    write(made, evolve(summary, targets=targets, pairs=()), tmp_path)

    assert "no interval: too few runs" in Page(tmp_path / "report.html").text
    assert "FillBetween" not in plots(evolve(summary, targets=targets))[0].svg


def test_nothing_to_show_is_a_page_all_the_same(made: Results, tmp_path: Path) -> None:
    """No success at all: no plot of what was not seen, no blind page, `not known` for what nobody knows."""
    summary = _made.summary(made)
    nothing = Interval(value=0.0)
    targets = tuple(
        evolve(each, counted=0, succeeded=0, success=nothing, median=None, p95=None, p90=None, queue=None, run=None,
               download=None, cost_money=None, cost_credits=None, curve=(), spent_money=None)
        for each in summary.targets
    )  # fmt: skip
    failed = tuple(evolve(each, outcome=Outcome.REFUSED, outputs=(), files=()) for each in made.observations)
    write(evolve(made, observations=failed), evolve(summary, targets=targets), tmp_path)
    text = Page(tmp_path / "report.html").text

    assert "no run counts" in text and "not known" in text
    assert () == plots(evolve(summary, targets=targets))
    assert not (tmp_path / "blind.html").exists()


def test_accounts_paid_in_other_money_are_left_out_of_the_cost_plot(made: Results) -> None:
    """Different currencies have no common axis: the most frequent is drawn, the others are named."""
    summary = _made.summary(made)
    targets = (*summary.targets[:2], evolve(summary.targets[2], currency="EUR"))
    cost = plots(evolve(summary, targets=targets))[2]

    assert "USD per usable result" in cost.svg
    assert "Not shown: flaky (no cost in USD, or no time)." == cost.note


def test_a_missing_package_names_the_extra(made: Results, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the extra the remedy is said, and no half report is left."""
    import sys

    monkeypatch.setitem(sys.modules, "jinja2", None)
    with pytest.raises(ConfigError, match=r"pip install 'genhub-jobs\[compare\]'"):
        write(made, _made.summary(made), tmp_path)
    assert not [path.name for path in tmp_path.glob("*.html*")]


@pytest.mark.parametrize(
    ("value", "words"),
    [(0, "0"), (0.05, "0.05"), (0.000012345, "0.0000123"), (0.05333, "0.0533"), (3, "3"), (2.5, "2.50"),
     (12345.6, "12,346")],
)  # fmt: skip
def test_amounts_have_no_exponent(value: float, words: str) -> None:
    """A small price is not 1e-05."""
    assert words == amount(value)


@pytest.mark.parametrize(
    ("low", "high", "words"),
    [(None, None, "no interval: too few runs"), (0.5, 0.75, "50 to 75 %"), (0.5, None, "50 % at least"),
     (None, 0.75, "75 % at most"), (0.0, 0.75, "0 to 75 %")],
)  # fmt: skip
def test_intervals_that_are_open_say_so(low: float | None, high: float | None, words: str) -> None:
    """A bound that is not claimed is not made up."""
    assert words.split() == between(Interval(value=0.6, low=low, high=high), "percent").split()


def test_a_unit_is_said_once() -> None:
    """An interval of prices names its unit at the end."""
    assert "0.056 to 0.50 USD" == between(Interval(value=0.2, low=0.056, high=0.5), "USD")


def test_writing_again_gives_the_same_bytes(made: Results, tmp_path: Path) -> None:
    """The same results make the same file: nothing of the moment is in it."""
    first = write(made, _made.summary(made), tmp_path).read_bytes()

    assert (
        first
        == write(
            evolve(made, ended_at=made.began_at + timedelta(minutes=12)), _made.summary(made), tmp_path
        ).read_bytes()
    )
