"""`genhub audit` and `genhub adopt`: the ledger against the vendors' balances."""

from __future__ import annotations

import pytest

from genhub.sim import Fault, Scenario

from .conftest import EXAMPLES, SECRETS, Place, document


def image(place: Place) -> None:
    place.genhub("image", "bowl of soup", "--to", "powerpost")


def test_books_that_agree_end_with_0(place: Place) -> None:
    """The first audit remembers, the second one explains to the last credit."""
    first = place.genhub("audit")
    image(place)
    second = place.genhub("audit")
    facts = {each["account"]: each for each in document(place.genhub("audit", "powerpost", "--json"))["audits"]}

    assert (0, 0) == (first.exit_code, second.exit_code)
    assert "first audit: remembered" in first.stdout
    assert "991" in second.stdout and "explained to the last credit" in second.stdout
    assert ("991", "991", "0", True) == tuple(
        facts["powerpost"][name] for name in ("actual", "expected", "difference", "explained")
    )


def test_what_nobody_explains_ends_with_1_and_shows_what_can_be_adopted(place: Place) -> None:
    """Somebody else spent on the account: said, with the vendor's job that no attempt claims."""
    place.genhub("audit", "powerpost")
    place.genhub("text", "hello there", "--to", "powerpost", "--platform", "x", "--journal", "other.db")
    theirs = place.sims.powerpost.creations[0][0]
    result = place.genhub("audit", "powerpost")
    adopted = place.genhub("adopt", "powerpost", theirs)

    assert 1 == result.exit_code
    assert "NOT explained" in result.stdout
    assert f"genhub adopt powerpost {theirs}" in result.stdout
    assert 0 == adopted.exit_code
    assert 1 == place.genhub("adopt", "powerpost", theirs).exit_code


def test_a_doubt_is_what_explains_it(place: Place) -> None:
    """The balance leaves nine credits for the one job in doubt."""
    place.genhub("audit", "powerpost")
    place.sims.powerpost.script(Scenario(fault=Fault.LOSE_ANSWER))
    image(place)
    result = place.genhub("audit", "powerpost")

    assert 0 == result.exit_code
    assert "explained, 9 of it by the balance alone" in result.stdout
    assert "the balance leaves 9 for it" in result.stdout


def test_offline_needs_no_secret_and_asks_nobody(place: Place, monkeypatch: pytest.MonkeyPatch) -> None:
    """What the ledger expects, beside a running hub too."""
    place.genhub("audit", "powerpost")
    image(place)
    for name in SECRETS:
        monkeypatch.delenv(name)
    asked = len(place.sims.powerpost.requests)
    result = place.genhub("audit", "--offline")

    assert 0 == result.exit_code
    assert "991" in result.stdout and "not asked" in result.stdout
    assert asked == len(place.sims.powerpost.requests)


def test_the_whole_example_is_explained_to_the_last_credit(place: Place) -> None:
    """The launch: every account's balance is what the ledger says, one partial refund by the balance alone."""
    result = place.genhub("run", EXAMPLES / "launch.toml", "--sim", "--speed", "1000")

    assert 0 == result.exit_code
    assert 2 == result.stdout.count("explained to the last credit")
    assert "18 of it by the balance alone" in result.stdout
