"""Suite files: what they say, what is wrong with them, and the order of the runs."""

from __future__ import annotations

import re
from collections import Counter
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from benchmarks._virtual import run as on_a_loop
from genhub import Price, TextRequest
from genhub._campaign import Problems
from genhub.compare import Outlook, Suite, load_suite, look_ahead
from genhub.compare._rehearsal import Actor
from genhub.compare._trials import blocks_of, trials_of
from genhub.routing import Route

from ._suites import TEXT, suite_of, world

SUITES = Path(__file__).parents[2] / "benchmarks" / "suites"


def wrong(folder: Path, text: str) -> str:
    """Return what is said of a suite that is wrong."""
    with pytest.raises(Problems) as caught:
        suite_of(folder, text)
    return str(caught.value).replace(f"{folder}/", "")


def ahead(suite: Suite, *, options: dict[str, Any] | None = None, **routes: Route) -> Outlook:
    async def look() -> Outlook:
        async with world(**(options or {})) as it:
            return await look_ahead(suite, it.hub(**routes))

    return on_a_loop(look())


def test_a_suite_says_what_is_asked_of_whom_and_how_often(tmp_path: Path) -> None:
    """Every setting is read, and requests are named by their label."""
    more = 'title = "Words"\nconcurrency = { target = 3, all = 5 }\nmax_spend = "5 USD"\nallow_unpriced = true\n'
    sim = '[checks]\nlength = false\nlanguage = "en"\n[sim.adgen]\nseconds = 4\nprice = "0.10 USD"\nestimate = 2\n'

    suite = suite_of(tmp_path, more + TEXT + sim)

    assert ("words", "Words", ("powerpost", "adgen", "genpro")) == (suite.name, suite.title, suite.targets)
    assert (2, 7, 3, 5, 120.0) == (
        suite.repetitions, suite.seed, suite.at_target, suite.at_once, suite.timeout,
    )  # fmt: skip
    assert (Price(amount=Decimal(5), currency="USD"), True) == (suite.max_spend, suite.allow_unpriced)
    assert ({"length": False}, "en") == (suite.checks, suite.language)
    assert Actor(seconds=4.0, price=Price.parse("0.10 USD"), estimate=Decimal(2)) == suite.actors["adgen"]
    assert ["Launch", "Shelf"] == [case.name for case in suite.cases]
    expected = TextRequest(label="Launch", prompt="A lantern for long evenings", platforms=("instagram",))
    assert expected == suite.cases[0].request


def test_a_request_without_a_label_is_named_by_its_words(tmp_path: Path) -> None:
    """As many of them as fit; the file's name is the suite's."""
    text = 'targets = ["a"]\n[[request]]\nkind = "text"\nprompt = "' + "word " * 30 + '"\n'

    suite = suite_of(tmp_path, text)

    assert ("words", "word word word word word word word word…") == (suite.name, suite.cases[0].name)


ONE = 'targets = ["a"]\n[[request]]\nkind = "text"\nprompt = "x"\n'


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ('targets = ["a"]\n', "words.toml: the suite is empty: it holds no request"),
        (ONE.replace('["a"]', "[]"), "words.toml:1: targets: must be a list of accounts and routes, not []"),
        (ONE.replace("targets", "name"), "words.toml:1: name: must be a text"),
        ('[[request]]\nkind = "text"\nprompt = "x"\n', "targets: who is to be compared is not said"),
        (ONE.replace('["a"]', '["a", "b", "a"]'), "words.toml:1: targets: names 'a' twice"),
        ("repetitions = 0\n" + ONE, "words.toml:1: repetitions: must be 1 or more, not 0"),
        ("\nrepetitions = true\n" + ONE, "words.toml:2: repetitions: must be a whole number, not True"),
        ("seed = 1.5\n" + ONE, "words.toml:1: seed: must be a whole number"),
        ("repetitons = 3\n" + ONE, "words.toml:1: repetitons: a suite has no such setting. Did you mean 'repetitions'"),
        ("concurrency = { al = 3 }\n" + ONE, "words.toml:1: concurrency.al: there is no such setting. Did you mean"),
        ("concurrency = { all = 0 }\n" + ONE, "words.toml:1: concurrency.all: must be 1 or more"),
        ('max_spend = "much"\n' + ONE, "words.toml:1: max_spend: reads like 20 (credits) or '2 USD', not 'much'"),
        ("timeout = 0\n" + ONE, "words.toml:1: timeout: must be above 0"),
        ('timeout = "soon"\n' + ONE, "words.toml:1: timeout: a time reads like"),
        ('portability = "bend"\n' + ONE, "words.toml:1: portability: must be 'strict' or 'adjust'"),
        (ONE + 'to = "a"\n', "words.toml:5: to: a suite's request has no such field: it is the same for all targets"),
        ('targets = ["a"]\n[defaults]\nto = "a"\n' + ONE[16:], "words.toml:3: defaults.to: a suite's request has no"),
        (ONE + 'promt = "y"\n', "words.toml:5: promt: text requests have no such field. Did you mean 'prompt'?"),
        (
            ONE + ONE[16:].replace('"x"', '"y"\nlabel = "x"'),
            "words.toml:8: label: the name 'x' is that of words.toml:2",
        ),
        (ONE + ONE[16:] + 'label = "B"\n', "words.toml:5: asks for the same as words.toml:2. Say how often"),
        (ONE + "[checks]\nlenght = true\n", "words.toml:6: checks.lenght: there is no such setting. Did you mean"),
        (ONE + "[checks]\naudio = 3\n", "words.toml:6: checks.audio: must be true or false, not 3"),
        (ONE + "[sim.b]\nseconds = 3\n", "words.toml:5: sim.b: is no target of this suite"),
        (ONE + "[sim.a]\nsecond = 3\n", "words.toml:6: sim.a.second: there is no such setting. Did you mean 'seconds'"),
        (ONE + "[sim.a]\nfailures = 3\n", "words.toml:6: sim.a.failures: must be a share from 0 to 1, not 3"),
        ("targets = [", "words.toml: is not TOML"),
        ('request = "x"\n' + ONE[:16], "words.toml:1: request: request is one table; requests are several"),
    ],
)
def test_what_is_wrong_is_said_with_its_line(tmp_path: Path, text: str, said: str) -> None:
    """Plainly, and before anything is sent."""
    assert said in wrong(tmp_path, text)


def test_everything_that_is_wrong_is_said_at_once(tmp_path: Path) -> None:
    """Nobody repairs a file one message at a time."""
    said = wrong(tmp_path, "repetitions = 0\nfoo = 1\n" + ONE.replace('["a"]', '["a", "a"]') + "bar = 1\n")

    assert ["words.toml:1", "words.toml:2", "words.toml:3", "words.toml:7"] == re.findall(r"^(\S+:\d+):", said, re.M)


@pytest.mark.parametrize("name", ["nothing.toml", "words.csv"])
def test_a_file_that_is_no_suite_is_refused(tmp_path: Path, name: str) -> None:
    """One that is not there, and one of another kind."""
    with pytest.raises(Problems, match=r"there is no such file|a suite is a \.toml file"):
        load_suite(tmp_path / name)


def test_labels_and_order_are_no_part_of_the_fingerprint(tmp_path: Path) -> None:
    """Other words are: results of other requests are not compared."""
    suite = suite_of(tmp_path)
    renamed = suite_of(tmp_path, TEXT.replace('"Launch"', '"Start"'))
    other = suite_of(tmp_path, TEXT.replace("long evenings", "short evenings"))

    assert suite.fingerprint == renamed.fingerprint
    assert suite.fingerprint != other.fingerprint


@pytest.mark.parametrize("name", ["captions", "images", "videos"])
def test_the_benchmarks_suites_can_be_run(name: str) -> None:
    """Three targets each, one of which can't do one of the requests."""
    suite = load_suite(SUITES / f"{name}.toml")
    priced = {
        each: {"price": str(actor.price), "estimate": dict.fromkeys(("text", "image", "video"), str(actor.estimate))}
        for each, actor in suite.actors.items()
    }

    outlook = ahead(suite, options=priced)

    cannot = [pair for pair, offer in outlook.offers.items() if offer.impossible is not None]
    assert 1 == len(cannot), [outlook.offers[pair].impossible for pair in cannot]
    assert 3 == len(suite.targets)
    assert all(offer.money is not None for offer in outlook.offers.values() if offer.impossible is None)


# The order


def test_runs_are_cases_times_targets_times_repetitions(tmp_path: Path) -> None:
    """Each once, with a key of its own, and numbered in their order."""
    suite = suite_of(tmp_path, repetitions=5)

    trials = trials_of(suite)

    assert 2 * 3 * 5 == len(trials) == len({trial.key for trial in trials})
    assert {1} == set(Counter((each.case, each.target, each.repetition) for each in trials).values())
    assert list(range(1, 31)) == [trial.position for trial in trials]


def test_a_block_has_every_target_once(tmp_path: Path) -> None:
    """What drifts in an hour hits all alike; who goes first is left to chance."""
    suite = suite_of(tmp_path, repetitions=20)

    blocks = blocks_of(trials_of(suite))

    assert 40 == len(blocks)
    assert all({"powerpost", "adgen", "genpro"} == {each.target for each in block} for block in blocks)
    assert 6 == len({tuple(each.target for each in block) for block in blocks})


def test_every_case_comes_once_before_any_comes_again(tmp_path: Path) -> None:
    """Whoever is stopped by a cap has all of them, as often as it goes."""
    blocks = blocks_of(trials_of(suite_of(tmp_path, repetitions=6)))

    assert [1, 1, 2, 2, 3, 3, 4, 4, 5, 5, 6, 6] == [block[0].repetition for block in blocks]
    assert {("Launch", "Shelf"), ("Shelf", "Launch")} == {
        (blocks[at][0].case, blocks[at + 1][0].case) for at in range(0, 12, 2)
    }


def test_the_seed_says_the_order_and_nothing_else(tmp_path: Path) -> None:
    """Keys stay: another order buys nothing again. More repetitions leave the first ones where they were."""
    suite = suite_of(tmp_path, repetitions=5)
    again, other = trials_of(suite), trials_of(suite_of(tmp_path, repetitions=5, seed=8))
    more = trials_of(suite_of(tmp_path, repetitions=9))

    assert trials_of(suite) == again == more[: len(again)]
    assert [each.key for each in again] != [each.key for each in other]
    assert {each.key for each in again} == {each.key for each in other}


def test_a_fresh_run_has_keys_of_its_own(tmp_path: Path) -> None:
    """And so has the same request under another suite's name, or with other changes allowed."""
    suite = suite_of(tmp_path)
    others = [
        trials_of(suite, fresh="tuesday"),
        trials_of(suite_of(tmp_path, name="other")),
        trials_of(suite_of(tmp_path, portability="strict")),
    ]

    keys = [{each.key for each in trials} for trials in (trials_of(suite), *others)]

    assert 4 * 12 == len(set.union(*keys))


# Looking ahead


def test_an_unknown_target_is_named_with_its_line(tmp_path: Path) -> None:
    """And what was meant."""
    suite = suite_of(tmp_path, TEXT.replace('"adgen"', '"adgne"'))

    with pytest.raises(Problems, match=r"words\.toml:2: targets: there is no account and no route 'adgne'.*'adgen'\?"):
        ahead(suite)


def test_a_target_that_cannot_do_a_request_is_no_mistake(tmp_path: Path) -> None:
    """It is said why, what would be changed elsewhere, and what would be sent."""
    outlook = ahead(suite_of(tmp_path))

    offers = outlook.offers
    assert "needs a platform" in (offers["Shelf", "powerpost"].impossible or "")
    assert ["platforms"] == [each.field for each in offers["Launch", "genpro"].adjustments]
    assert 10 == len(outlook.ahead())
    assert 2 == len(outlook.ahead("powerpost"))


def test_a_suite_that_nobody_can_do_is_refused(tmp_path: Path) -> None:
    """It says who can't, and why."""
    text = TEXT.replace('["powerpost", "adgen", "genpro"]', '["powerpost"]').replace('platforms = ["instagram"]', "")

    with pytest.raises(Problems, match="no target can do any of the requests: powerpost: needs a platform"):
        ahead(suite_of(tmp_path, text))


ESTIMATES = {
    name: {"estimate": {"text": credits}} for name, credits in (("powerpost", 10), ("adgen", 1), ("genpro", 3))
}


@pytest.mark.parametrize(
    ("cap", "options", "said"),
    [
        ("0.04 USD", ESTIMATES, "is below the cheapest request: .* at adgen, 0.05 USD"),
        ("5 EUR", ESTIMATES, "is in EUR, and there is no price in it at powerpost, adgen, genpro"),
        (
            "50",
            ESTIMATES,
            "is in credits, and the targets have different ones: adgen credits, genpro credits, powerpost",
        ),
        ("5 USD", {}, "can't be held: nobody can say what this costs: Launch at powerpost, .* at genpro"),
    ],
)
def test_a_cap_that_cannot_be_held_is_refused(tmp_path: Path, cap: str, options: dict[str, Any], said: str) -> None:
    """Before anything is sent, with the line that says it."""
    suite = suite_of(tmp_path, f'max_spend = "{cap}"\n' + TEXT)

    with pytest.raises(Problems, match=rf"words\.toml:1: max_spend: {said}"):
        ahead(suite, options=options)


def test_a_cap_that_can_be_held_is_taken(tmp_path: Path) -> None:
    """In money where all have prices, in credits where all have the same, unpriced where that is allowed."""
    money = suite_of(tmp_path, 'max_spend = "0.05 USD"\n' + TEXT)
    credits = suite_of(tmp_path, "max_spend = 20\n" + TEXT, targets=("powerpost",))
    unpriced = suite_of(tmp_path, 'max_spend = "0.05 USD"\nallow_unpriced = true\n' + TEXT)

    assert 10 == len(ahead(money, options=ESTIMATES).ahead())
    assert 2 == len(ahead(credits, options=ESTIMATES).ahead())
    assert 10 == len(ahead(unpriced).ahead())


def test_of_a_routes_accounts_the_dearest_counts(tmp_path: Path) -> None:
    """Whoever does it in the end, it costs no more; in credits it can't be said."""
    suite = suite_of(tmp_path, targets=("captions", "adgen"))
    route = Route(accounts=("adgen", "powerpost", "genpro"), portability="adjust")

    offer = ahead(suite, options=ESTIMATES, captions=route).offers["Launch", "captions"]

    assert (Decimal("0.50"), "USD", None, None) == (offer.money, offer.currency, offer.credits, offer.unit)
