"""Checks of texts: against the platforms' limits, and against what was asked."""

from __future__ import annotations

import subprocess
import sys
from datetime import date

import pytest

from genhub import ConfigError, ImageRequest, TextRequest
from genhub._jobs import Output, OutputKind
from genhub.compare import _language
from genhub.compare._checks import NAMES, check
from genhub.compare._hashtags import Asked, asked, hashtags
from genhub.compare._limits import limits, plain, platforms
from genhub.compare._measure import Unit, measure
from genhub.compare._records import Check
from tests.core.conftest import World
from tests.core.conftest import world as world

FAMILY = "\U0001f468\u200d\U0001f469\u200d\U0001f467\u200d\U0001f466"
LINK = "https://example.com/a/very/long/path/that/nobody/reads?and=more"


def text(words: str | None, platform: str | None = None, **more: object) -> Output:
    return Output(kind="text", text=words, platform=platform, **more)  # type: ignore[arg-type]


def find(checks: tuple[Check, ...], name: str, output: int | None = 1) -> Check:
    """The one check of this name and output."""
    found = [each for each in checks if (each.name, each.output) == (name, output)]
    assert 1 == len(found), f"{name}: {[(each.name, each.output) for each in checks]}"
    return found[0]


def names(checks: tuple[Check, ...]) -> set[str]:
    return {each.name for each in checks}


@pytest.mark.parametrize(
    ("words", "unit", "length"),
    [
        ("cafe\u0301", Unit.CHARACTERS, 4),
        ("café", Unit.BYTES, 5),
        ("a😀", Unit.UTF16, 3),
        ("日本", Unit.WEIGHTED, 4),
        (f"a{FAMILY}b", Unit.WEIGHTED, 4),
        ("\U0001f1e9\U0001f1ea", Unit.WEIGHTED, 2),
        ("1\ufe0f\u20e3!", Unit.WEIGHTED, 3),
        (f"see {LINK}.", Unit.WEIGHTED, 4 + 23 + 1),
        (f"see {LINK}", Unit.LINKS23, 4 + 23),
        (f"a{FAMILY}e\u0301", Unit.GRAPHEMES, 3),
        ("a\r\nb", Unit.GRAPHEMES, 3),
        ("नि", Unit.GRAPHEMES, 1),
        ("a😀", Unit.EMOJI_BYTES, 5),
        ("\ud800", Unit.BYTES, 3),
        ("", Unit.WEIGHTED, 0),
    ],
)
def test_a_length_is_what_the_platform_counts(words: str, unit: Unit, length: int) -> None:
    """Each in its own way: weights, bytes, links, emoji that are put together."""
    assert length == measure(words, unit)


def test_every_limit_says_where_it_is_from() -> None:
    """With a page and the day on which it was read; and every alias leads to it."""
    assert {"x", "instagram", "tiktok", "youtube", "facebook", "linkedin"} <= set(platforms())
    for platform in platforms():
        known = limits(platform)
        assert known is not None
        assert known.source.startswith("https://")
        assert all(page.startswith("https://") for page in known.also)
        assert date(2026, 1, 1) <= known.checked
        assert known.text
        for each in (*known.text, *known.title):
            assert each.said("x").startswith(f"1 of {each.most} ")
            assert (False, True) == (each.over("x" * each.most), each.over("x" * (each.most + 1)))
    assert ("x", "instagram", "instagram", "my-space") == tuple(
        map(plain, (" Twitter", "instagram:reel", "instagram-feed", "My Space"))
    )
    assert limits("myspace") is None


@pytest.mark.parametrize(("words", "passed"), [("x" * 280, True), ("x" * 281, False), ("日" * 141, False)])
def test_a_text_fits_its_platform_or_not(words: str, passed: bool) -> None:
    """To the last character."""
    found = find(check(TextRequest(prompt="p"), [text(words, "x")], []), "length")

    assert passed is found.passed
    assert f"{measure(words, Unit.WEIGHTED)} of 280 characters as X counts for x" == found.said


def test_a_platform_with_two_limits_holds_both() -> None:
    """300 signs of Bluesky's may be too many bytes."""
    many = FAMILY * 200

    found = find(check(TextRequest(prompt="p"), [text(many, "bluesky")], []), "length")

    assert found.passed is False
    assert "200 of 300 characters as read, 5000 of 3000 bytes for bluesky" == found.said


def test_a_title_has_a_limit_of_its_own() -> None:
    """YouTube's: the title's is in characters, the description's in bytes."""
    long = find(check(TextRequest(prompt="p"), [text("fine", "youtube", title="t" * 101)], []), "length")
    fits = find(check(TextRequest(prompt="p"), [text("é" * 2500, "youtube", title="t" * 100)], []), "length")

    assert (False, "title 101 of 100 characters, 4 of 5000 bytes for youtube") == (long.passed, long.said)
    assert (True, "title 100 of 100 characters, 5000 of 5000 bytes for youtube") == (fits.passed, fits.said)


def test_where_titles_are_unknown_they_are_part_of_the_text() -> None:
    """It has to go somewhere."""
    found = find(check(TextRequest(prompt="p"), [text("x" * 200, "x", title="t" * 100)], []), "length")

    assert (False, "302 of 280 characters as X counts for x") == (found.passed, found.said)


def test_an_unknown_platform_is_no_failure() -> None:
    """No limit is known, and none is made up."""
    strange = find(check(TextRequest(prompt="p"), [text("hello", "myspace")], []), "length")
    unsaid = find(check(TextRequest(prompt="p"), [text("hello")], []), "length")

    assert (None, "5 characters; no limit known for myspace") == (strange.passed, strange.said)
    assert unsaid.passed is None
    assert "it is not said for which platform it is: no limit known" in unsaid.said


def test_the_one_platform_that_was_asked_for_counts_for_all_texts() -> None:
    """With two of them nobody can tell."""
    outputs = [text("x" * 300)]

    one = find(check(TextRequest(prompt="p", platforms="x"), outputs, []), "length")
    two = find(check(TextRequest(prompt="p", platforms=("x", "linkedin")), outputs, []), "length")

    assert (False, None) == (one.passed, two.passed)


def test_hashtags_beside_the_text_count_as_they_will_be_posted() -> None:
    """Where the text alone fits, it is not called too long: it is said."""
    tags = ("#Dark", "Mode")

    fits = find(check(TextRequest(prompt="p"), [text("x" * 268, "x", hashtags=tags)], []), "length")
    edge = find(check(TextRequest(prompt="p"), [text("x" * 269, "x", hashtags=tags)], []), "length")
    over = find(check(TextRequest(prompt="p"), [text("x" * 281, "x", hashtags=tags)], []), "length")

    assert (True, None, False) == (fits.passed, edge.passed, over.passed)
    assert "280 of 280 characters as X counts for x, with 2 hashtags that came beside the text" == fits.said
    assert edge.said.endswith("without them it fits")


def test_hashtags_are_found_once_and_nowhere_else() -> None:
    """Not in links, not numbers, and not again when they stand beside the text too."""
    words = "#Dark mode &#39; is #1, see https://example.com/#top a#b \uff03新しい #a_1"

    assert ("Dark", "新しい", "a_1", "new") == hashtags(words, ("#dark", "new"))


@pytest.mark.parametrize(
    ("prompt", "wish"),
    [
        ("Dark mode, with 3 hashtags", Asked(least=3, most=3)),
        ("Dark mode and three relevant hashtags", Asked(least=3, most=3)),
        ("use 3-5 hashtags", Asked(least=3, most=5)),
        ("use 3 to 5 good hashtags", Asked(least=3, most=5)),
        ("no more than five hashtags", Asked(most=5)),
        ("at least 2 hashtags", Asked(least=2)),
        ("without any hashtags", Asked(most=0)),
        ("No hashtags please", Asked(most=0)),
        ("Write 5 captions with hashtags", Asked(least=1)),
        ("include #DarkMode and #Night", Asked(these=("DarkMode", "Night"))),
        ("add 2 hashtags, including #Night", Asked(least=2, most=2, these=("Night",))),
        ("why hashtags matter", None),
        ("our #Sale page", None),
        ("Dark mode", None),
        (None, None),
    ],
)
def test_only_what_a_prompt_says_for_sure_is_a_wish(prompt: str | None, wish: Asked | None) -> None:
    """A word about hashtags asks for none."""
    assert wish == asked(prompt)


@pytest.mark.parametrize(
    ("prompt", "words", "passed", "said"),
    [
        ("p with up to 2 hashtags", "none", True, "0 found; the prompt asks for at most 2"),
        ("p with up to 2 hashtags", "#a #b #c", False, "3 found; the prompt asks for at most 2"),
        ("p with at least 2 hashtags", "#a", False, "1 found; the prompt asks for at least 2"),
        ("p with 2-3 hashtags", "#a #b #c", True, "3 found; the prompt asks for 2 to 3"),
        ("p without hashtags", "#a", False, "1 found; the prompt asks for none"),
        ("p with 1 hashtag, use #Night", "#night", True, "1 found; the prompt asks for 1 and #Night"),
    ],
)
def test_a_wish_for_hashtags_is_met_or_not(prompt: str, words: str, passed: bool, said: str) -> None:
    """And said in words."""
    found = find(check(TextRequest(prompt=prompt), [text(words)], []), "hashtags")

    assert (passed, said) == (found.passed, found.said)


def test_hashtags_are_held_against_the_limit_and_the_wish() -> None:
    """Both are said."""
    six = "Night " + " ".join(f"#tag{each}" for each in "abcdef")
    wish = TextRequest(prompt="Night, with 6 hashtags")

    over = find(check(wish, [text(six, "instagram")], []), "hashtags")
    fine = find(check(wish, [text(six, "x")], []), "hashtags")
    short = find(check(wish, [text("Night #a", "x")], []), "hashtags")
    missing = find(check(TextRequest(prompt="add #Night"), [text("#Day", "x")], []), "hashtags")

    assert (False, "6 found; instagram takes at most 5, the prompt asks for 6") == (over.passed, over.said)
    assert (True, "6 found; the prompt asks for 6") == (fine.passed, fine.said)
    assert (False, "1 found; the prompt asks for 6") == (short.passed, short.said)
    assert (False, "1 found; the prompt asks for #Night") == (missing.passed, missing.said)
    assert "hashtags" not in names(check(TextRequest(prompt="Night"), [text(six, "x")], []))


@pytest.mark.parametrize(
    ("asked_for", "words", "passed"),
    [
        ("German", "Der dunkle Modus ist endlich da, probiere ihn gleich aus!", True),
        ("de-AT", "Der dunkle Modus ist endlich da, probiere ihn gleich aus!", True),
        ("Brazilian Portuguese", "O modo escuro chegou e os seus olhos vão agradecer à noite.", True),
        ("English (US)", "Just in: Dark mode is here. See for yourself. #Dark #Mode", True),
        ("Norwegian", "Ny sko er her, og de er fantastiske til løping", True),
        ("ja", "新しい靴が登場しました", True),
        ("en", "Der dunkle Modus ist endlich da, probiere ihn gleich aus!", False),
        ("en", "新しい靴が登場しました", False),
        ("de", "OK! Sale #Sommerschlussverkauf https://example.de/die-neuen-schuhe-sind-da", None),
        ("da", "Ny sko er her, og de er fantastiske til løping", None),
        ("Klingon", "Der dunkle Modus ist endlich da, probiere ihn gleich aus!", None),
    ],
)
def test_a_language_is_told_or_it_is_said_that_it_cannot_be(asked_for: str, words: str, passed: bool | None) -> None:
    """By code or name; neighbours that can't be told apart are no failure."""
    found = find(check(TextRequest(prompt="p", language=asked_for), [text(words, "x")], []), "language")

    assert passed is found.passed, found.said


def test_a_short_text_says_nothing_of_its_language() -> None:
    """It is too short to tell, and says what was asked for."""
    found = find(check(TextRequest(prompt="p", language="German"), [text("Neu!", "x")], []), "language")

    assert (None, "too short to tell: 3 letters; German was asked for") == (found.passed, found.said)


def test_languages_go_by_code_and_name() -> None:
    """Each leads to one that the identifier knows."""
    known = set(_language._identifier().labels)

    for one in set(_language._names().values()):
        assert one.labels <= known, one
        assert one == _language.language(one.name.upper()) == _language.language(one.code)
    assert _language.language("Flemish") == _language.language("nl_BE")
    assert _language.language("") is None


def test_the_expected_language_stands_in_where_the_request_names_none() -> None:
    """The request's own goes first, and nothing is checked where nobody expects one."""
    german = [text("Der dunkle Modus ist endlich da, probiere ihn gleich aus!", "x")]

    assert find(check(TextRequest(prompt="p"), german, [], language="de"), "language").passed is True
    assert find(check(TextRequest(prompt="p", language="en"), german, [], language="de"), "language").passed is False
    assert "language" not in names(check(TextRequest(prompt="p"), german, []))


def test_without_the_extra_the_remedy_is_named(monkeypatch: pytest.MonkeyPatch) -> None:
    """Only where the package is needed."""
    _language._identifier.cache_clear()
    monkeypatch.setitem(sys.modules, "py3langid.langid", None)

    assert 0 < len(check(TextRequest(prompt="p"), [text("hello", "x")], []))
    with pytest.raises(ConfigError, match=r"genhub-jobs\[compare\]"):
        check(TextRequest(prompt="p", language="de"), [text("Der dunkle Modus ist endlich da", "x")], [])


def test_nothing_of_the_extra_is_loaded_before_it_is_needed() -> None:
    """The modules can be imported without it."""
    modules = "genhub.compare._checks, genhub.compare._scorers"
    heavy = "{'av', 'PIL', 'numpy', 'py3langid'}"

    done = subprocess.run(
        [sys.executable, "-c", f"import sys, {modules}; print({heavy} & set(sys.modules))"],
        capture_output=True,
        check=True,
        text=True,
    )

    assert "set()" == done.stdout.strip()


def test_each_platform_that_was_asked_for_needs_its_text() -> None:
    """Formats of one platform are one; a text that does not say is no proof."""
    wish = TextRequest(prompt="p", platforms=("instagram:reel", "instagram:feed", "x"))
    both = [text("a", "instagram"), text("b", "x")]

    full = find(check(wish, both, []), "platforms", None)
    half = find(check(wish, both[:1], []), "platforms", None)
    unsaid = find(check(wish, [*both[:1], text("b")], []), "platforms", None)
    empty = find(check(wish, [both[0], text("", "x")], []), "platforms", None)

    assert (True, "each has its text; asked for instagram, x") == (full.passed, full.said)
    assert (False, "nothing for x; asked for instagram, x") == (half.passed, half.said)
    assert (None, False) == (unsaid.passed, empty.passed)
    assert "platforms" not in names(check(TextRequest(prompt="p"), both, []))


def test_a_text_that_is_not_there_is_said_to_be() -> None:
    """Empty is a failure; what the adapter could not read is not checked."""
    empty = check(TextRequest(prompt="p"), [text(" \n")], [])
    unread = check(TextRequest(prompt="p"), [Output(kind="text", raw={"strange": 1})], [])
    nothing = check(TextRequest(prompt="p"), [], [])

    assert [("content", False)] == [(each.name, each.passed) for each in empty]
    assert [("content", None)] == [(each.name, each.passed) for each in unread]
    assert [("content", False, None)] == [(each.name, each.passed, each.output) for each in nothing]


def test_fewer_than_were_asked_for_are_too_few() -> None:
    """More are not; and with several platforms the number says nothing."""
    two = [text("a"), text("b")]

    assert find(check(TextRequest(prompt="p", count=3), two, []), "count", None).passed is False
    assert find(check(TextRequest(prompt="p", count=1), two, []), "count", None).passed is True
    assert find(check(ImageRequest(prompt="p", count=1), two, []), "count", None).passed is False
    assert "count" not in names(check(TextRequest(prompt="p", count=3, platforms=("x", "tiktok")), two, []))


@pytest.mark.parametrize("kind", ["text", "image", "video", "audio", "file"])
def test_every_check_has_a_name_that_no_scorer_can_take(kind: OutputKind) -> None:
    """And says something, and of which output."""
    wish = TextRequest(prompt="p, with 2 hashtags", platforms="x", language="de", count=1)

    checks = check(wish, [Output(kind=kind, text="Neu" if kind == "text" else None)], [])

    assert names(checks) <= NAMES
    assert all(each.said and each.output in (1, None) for each in checks)


async def test_what_the_simulators_write_is_usable(world: World) -> None:
    """Captions for six platforms, as the adapter reads them."""
    wish = TextRequest(
        prompt="Dark mode is here for all of our readers",
        platforms=("instagram:feed", "tiktok", "youtube", "x", "facebook", "linkedin"),
    )
    async with world.hub() as hub:
        powerpost = await hub.generate(wish, to="powerpost")
        adgen = await hub.generate(TextRequest(prompt="Dark mode is here", platforms="tiktok"), to="adgen")

    checks = check(powerpost.request, powerpost.outputs, [], language="English")
    assert [] == [each for each in checks if each.passed is False]
    assert find(checks, "platforms", None).passed is True
    assert 6 == sum(each.name == "length" and each.passed is True for each in checks)
    others = check(adgen.request, adgen.outputs, [])
    assert [] == [each for each in others if each.passed is False]
    assert find(others, "platforms", None).passed is None
