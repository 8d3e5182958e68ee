"""The report and the blind page in a real browser: what a person sees, clicks and types.

Needs Chromium. Without one these tests are skipped on a desk, and fail in CI.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
import pytest
from numpy.typing import NDArray
from PIL import Image, ImageColor

from genhub.compare import Results, summarize
from genhub.compare._blind import sides
from genhub.compare._report import write
from genhub.compare._votes import Choice, Vote, Votes, keep_votes, read_votes
from tests.compare import _made

if TYPE_CHECKING:
    from playwright.sync_api import Page, Playwright

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
FLAGS = [
    "--headless",
    "--no-sandbox",
    "--disable-gpu",
    "--disable-quic",
    "--no-first-run",
    "--disable-background-networking",
    "--disable-component-update",
    "--disable-sync",
]
WIDE, PHONE = (1280, 900), (375, 812)
#: The first three accounts' colours, as the style sheet has them.
COLOURS = {"light": ("#0072b2", "#c24e00", "#007a5a"), "dark": ("#56b4e9", "#ff9440", "#2cc79a")}
Scheme = Literal["light", "dark"]

pytestmark = pytest.mark.skipif(CHROMIUM is None and "CI" not in os.environ, reason="there is no Chromium here")


@pytest.fixture(scope="module")
def playwright() -> Iterator[Playwright]:
    from playwright.sync_api import sync_playwright

    with sync_playwright() as started:
        yield started


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Results, Path]:
    """A comparison with its report, its blind page and some votes."""
    folder = tmp_path_factory.mktemp("report")
    results = _made.results(folder)
    (folder / "film.webm").write_bytes(film())
    seen = results.observations[0]
    results = _made.with_files(results, seen, "film.webm")
    votes = [Vote(case="poster", left="swift", right="flaky", choice=Choice.LEFT, pair=str(at)) for at in range(14)]
    votes += [Vote(case="poster", left="thrifty", right="swift", choice=Choice.LEFT, pair=f"t{at}") for at in range(12)]
    keep_votes(Votes(fingerprint=results.fingerprint, targets=results.targets, votes=tuple(votes)), folder)
    write(results, summarize(results, draws=200), folder)
    return results, folder


def film() -> bytes:
    """Return a film too large to stand in a page: noise for a second."""
    import av

    out = BytesIO()
    with av.open(out, "w", format="webm") as container:
        stream: Any = container.add_stream("libvpx", rate=24)  # pyright: ignore[reportUnknownMemberType]
        stream.width, stream.height, stream.bit_rate = 320, 240, 8_000_000
        draw = np.random.default_rng(1)
        for _ in range(24):
            frame = av.VideoFrame.from_ndarray(draw.integers(0, 255, (240, 320, 3), np.uint8), format="rgb24")
            container.mux(stream.encode(frame))
        container.mux(stream.encode())
    return out.getvalue()


class Visit:
    """A page in a browser of its own, and what went on in it."""

    def __init__(self, page: Page) -> None:
        self.page = page
        self.asked: list[str] = []  #: every address that was requested
        self.troubles: list[str] = []
        page.on("request", lambda request: self.asked.append(request.url))
        page.on("pageerror", lambda error: self.troubles.append(str(error)))
        page.on("console", lambda message: self.troubles.append(message.text))
        page.on("dialog", lambda dialog: self.troubles.append(dialog.message))

    def open_all(self) -> None:
        """Open every request's outputs, as a person would."""
        closed = self.page.locator(".case:not([open]) > summary")
        while closed.count():
            closed.first.click()

    def shown(self) -> list[tuple[str, str]]:
        """Return (target's place, outcome) of the runs that can be seen."""
        found: list[list[str]] = self.page.eval_on_selector_all(
            ".run", "all => all.filter(e => e.checkVisibility()).map(e => [e.dataset.target, e.dataset.outcome])"
        )
        return [(target, outcome) for target, outcome in found]

    def pixels(self, selector: str = "") -> NDArray[np.int64]:
        """Return a screenshot as rows of (red, green, blue)."""
        shot = self.page.locator(selector).first.screenshot() if selector else self.page.screenshot()
        return np.asarray(Image.open(BytesIO(shot)).convert("RGB"), dtype=np.int64)


Open = Callable[..., Any]


@pytest.fixture
def visit(playwright: Playwright, made: tuple[Results, Path], tmp_path: Path) -> Open:
    """Opens a page of the comparison from its file."""

    @contextmanager
    def opened(
        name: str = "report.html", *, scheme: Scheme = "light", size: tuple[int, int] = WIDE, scripts: bool = True
    ) -> Generator[Visit]:
        assert CHROMIUM is not None, "Chromium has to be installed in CI"
        context = playwright.chromium.launch_persistent_context(
            tmp_path / f"profile-{scheme}-{size[0]}",
            executable_path=CHROMIUM,
            args=FLAGS,
            color_scheme=scheme,
            viewport={"width": size[0], "height": size[1]},
            java_script_enabled=scripts,
            offline=True,
        )
        try:
            seen = Visit(context.pages[0])
            seen.page.goto((made[1] / name).as_uri())
            yield seen
            assert [] == seen.troubles
        finally:
            context.close()

    return opened


def near(pixels: NDArray[np.int64], colour: str, within: int = 24) -> int:
    """Return how many pixels are about of a colour."""
    return int((np.abs(pixels - np.array(ImageColor.getrgb(colour)[:3])).sum(axis=2) <= within).sum())


@pytest.mark.parametrize("name", ["report.html", "blind.html"])
def test_a_page_asks_for_nothing_but_its_own_files(visit: Open, made: tuple[Results, Path], name: str) -> None:
    """From a file, offline: only the folder's own files are read, and no output's script ever ran."""
    with visit(name) as seen:
        seen.page.wait_for_load_state("networkidle")

        assert (made[1] / name).as_uri() == seen.asked[0]
        ours = made[1].as_uri() + "/"
        assert [] == [url for url in seen.asked if not url.startswith((ours, "data:", "blob:"))]
        assert "taken" != seen.page.title()
        assert 1 == seen.page.locator("script:not([type])").count()


def test_outputs_are_read_as_they_came(visit: Open) -> None:
    """A text that looks like markup is shown to the letter."""
    with visit() as seen:
        text = seen.page.locator(".run[data-target='2'][data-outcome='succeeded'] .text").first.inner_text()

        assert _made.EVIL in text and "</script> javascript:alert(1)" in text


def test_filters_show_what_was_asked_for(visit: Open, made: tuple[Results, Path]) -> None:
    """By request, outcome, account and difference, each alone and together; and all again."""
    results, _ = made
    names = {name: str(at) for at, name in enumerate(results.targets)}
    everything = len(results.observations)
    with visit() as seen:
        page = seen.page
        seen.open_all()
        assert everything == len(seen.shown())
        page.get_by_label("How it ended").select_option("unsupported")
        assert {(names["thrifty"], "unsupported")} == set(seen.shown()) and 4 == len(seen.shown())
        assert f"4 of {everything} runs shown" == page.get_by_role("status").inner_text()
        page.get_by_label("thrifty", exact=True).uncheck()
        assert [] == seen.shown() and page.get_by_text("Nothing fits these filters.").is_visible()

        page.get_by_role("button", name="Show all").click()
        page.get_by_label("Request").select_option(label="poster")
        assert 12 == len(seen.shown())
        page.get_by_label("How it ended").select_option("usable")
        usable = sum(each.usable for each in results.observations if each.case == "poster")
        assert 0 < usable == len(seen.shown()) < 12

        page.get_by_role("button", name="Show all").click()
        page.get_by_label("flaky", exact=True).uncheck()
        assert {"0", "1"} == {target for target, _ in seen.shown()}
        page.get_by_label("Only where accounts ended differently").check()
        assert 0 < len(seen.shown()) < everything
        assert page.locator(".side:visible").count() == page.locator(".side[data-differs]:visible").count()
        page.get_by_role("button", name="Show all").click()
        assert everything == len(seen.shown())


def test_without_scripts_everything_is_shown(visit: Open) -> None:
    """The filters are not offered where they can't work; nothing else is lost."""
    with visit(scripts=False) as seen:
        assert seen.page.get_by_text("Filters need JavaScript; everything is shown.").is_visible()
        assert not seen.page.get_by_label("How it ended").is_visible()
        assert seen.page.get_by_role("heading", name="Method and caveats").is_visible()


def test_a_film_beside_the_page_plays(visit: Open) -> None:
    """What is too large for the page is loaded from beside it, which the page's own policy lets pass."""
    with visit() as seen:
        seen.page.wait_for_function("document.querySelector('video').readyState >= 1")

        assert 320 == seen.page.evaluate("document.querySelector('video').videoWidth")


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_the_report_is_seen(visit: Open, scheme: Scheme, size: tuple[int, int]) -> None:
    """Light is light and dark is dark; the answer is on the first screen; no side scrolling; plots in their colours."""
    with visit(scheme=scheme, size=size) as seen:
        pixels = seen.pixels()
        paper = pixels.reshape(-1, 3)[np.abs(pixels.reshape(-1, 3) - pixels[2, 2]).sum(axis=1) < 6]
        ink = np.abs(pixels - pixels[2, 2]).sum(axis=2) > 300

        assert (size[1], size[0]) == pixels.shape[:2]
        assert pixels[2, 2].min() > 240 if scheme == "light" else pixels[2, 2].max() < 40
        assert len(paper) > pixels.size / 3 * 0.3
        assert 0.01 < ink.mean() < 0.3
        answer, sure = (seen.page.locator(each).bounding_box() for each in (".sentence", ".sure"))
        assert answer["y"] + answer["height"] < sure["y"] + sure["height"] < size[1]
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= size[0]
        plots = seen.page.locator("figure svg")
        assert 4 == plots.count()
        for at in range(3):
            plots.nth(at).scroll_into_view_if_needed()
            drawn = seen.pixels(f"figure:nth-of-type({at + 1}) svg")
            assert all(near(drawn, colour) > 25 for colour in COLOURS[scheme])
            assert (np.abs(drawn - pixels[2, 2]).sum(axis=2) > 300).mean() > 0.005  # words and axes


@pytest.mark.parametrize("size", [(760, 900), (320, 700)], ids=["tablet", "small"])
@pytest.mark.parametrize("name", ["report.html", "blind.html"])
def test_nothing_is_cut_off_at_other_widths(visit: Open, name: str, size: tuple[int, int]) -> None:
    """Only a table that says so scrolls sideways, never the page."""
    with visit(name, size=size) as seen:
        assert seen.page.evaluate("document.documentElement.scrollWidth") <= size[0]


@pytest.mark.parametrize("scheme", ["light", "dark"])
@pytest.mark.parametrize("name", ["report.html", "blind.html"])
@pytest.mark.parametrize("size", [WIDE, PHONE], ids=["wide", "phone"])
def test_axe_finds_nothing_serious(visit: Open, name: str, scheme: Scheme, size: tuple[int, int]) -> None:
    """Names, roles, contrast, order: no serious or critical finding, and the rules did run."""
    from axe_playwright_python.sync_playwright import Axe  # type: ignore[import-untyped]

    with visit(name, scheme=scheme, size=size) as seen:
        seen.open_all()
        found = Axe().run(seen.page).response

    bad = [each for each in found["violations"] if each["impact"] in ("serious", "critical")]
    assert [] == [(each["id"], [node["html"] for node in each["nodes"][:3]]) for each in bad]
    assert "color-contrast" in {each["id"] for each in found["passes"]}
    assert len(found["passes"]) > 15


def test_a_person_votes_blind(visit: Open, made: tuple[Results, Path], tmp_path: Path) -> None:
    """By keys and buttons, taking one back, over a reload; the saved file says who was preferred, the page never."""
    results, _ = made
    whose = sides(results)
    with visit("blind.html") as seen:
        page = seen.page
        total = int(page.locator("progress").get_attribute("max") or 0)
        page.keyboard.press("1")
        page.keyboard.press("2")
        assert f"Pair 3 of {total}" == page.get_by_role("status").inner_text()
        page.keyboard.press("u")
        assert f"Pair 2 of {total}" == page.get_by_role("status").inner_text()
        page.keyboard.press("0")
        page.get_by_role("button", name="2 is better").click()
        page.get_by_role("button", name="No difference").click()
        page.get_by_role("button", name="Undo").click()
        page.get_by_role("button", name="1 is better").click()
        page.reload()
        assert f"Pair 5 of {total}" == page.get_by_role("status").inner_text()
        before = page.content()
        for _ in range(total - 4):
            page.keyboard.press("1")
        assert page.get_by_role("heading", name="All are judged").is_visible()
        page.keyboard.press("1")  # one too many does no harm
        assert "Save the votes" == page.evaluate("document.activeElement.textContent")
        with page.expect_download() as saving:
            page.keyboard.press("Enter")
        saving.value.save_as(tmp_path / "saved.json")
        for text in (before, page.content(), page.evaluate("JSON.stringify(localStorage)")):
            assert not [name for name in results.targets if name in text]

    votes = read_votes(tmp_path / "saved.json", results)
    choices = [vote.choice for vote in votes.votes]
    assert [Choice.LEFT, Choice.TIE, Choice.RIGHT, *[Choice.LEFT] * (total - 3)] == choices
    assert len({vote.ballot for vote in votes.votes}) == 1
    assert {tuple(sorted(vote.pair.split("-"))) for vote in votes.votes} <= {
        tuple(sorted((one, other))) for one in whose for other in whose
    }


def test_the_keyboard_reaches_everything(visit: Open) -> None:
    """From the top: the way past the figures first, then what can be scrolled or chosen, with a focus that is seen."""
    with visit() as seen:
        page = seen.page
        page.keyboard.press("Tab")
        assert "Skip to the outputs" == page.evaluate("document.activeElement.textContent")
        assert page.get_by_text("Skip to the outputs").bounding_box()["x"] >= 0
        reached: set[str] = set()
        for _ in range(10):
            page.keyboard.press("Tab")
            reached.add(page.evaluate("document.activeElement.id || document.activeElement.name || ''"))
            assert "none" != page.evaluate("getComputedStyle(document.activeElement).outlineStyle")
        assert {"case", "outcome", "target", "differences-only"} <= reached
