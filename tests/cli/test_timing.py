"""`genhub providers --timing`: what was learned of how long jobs take, as the journal knows it."""

from __future__ import annotations

from .conftest import Place, document

CAPTION = ("text", "hello", "--platform", "x", "--to", "powerpost")


def test_what_was_learned_is_shown(place: Place) -> None:
    """By account and kind: how many ends it rests on, what they took, when jobs are read; the journal keeps it."""
    before = place.genhub("providers", "--timing")
    for _ in range(2):
        assert 0 == place.genhub(*CAPTION).exit_code

    told = place.genhub("providers", "--timing")
    data = document(place.genhub("providers", "--timing", "--json"))
    other = document(place.genhub("providers", "adgen", "--timing", "--json"))

    assert (0, "nothing was learned yet: no job has ended in this journal\n") == (before.exit_code, before.stderr)
    (line,) = [each for each in told.stdout.splitlines() if each.startswith("powerpost ")]
    assert ["powerpost", "captions", "2"] == line.split()[:3]
    assert "every 0.05 s" in line
    assert [("powerpost", "captions", "prior")] == [
        (each["account"], each["kind"], each["basis"]) for each in data["timings"]
    ]
    assert 1.9 < data["timings"][0]["ends"] <= 2
    assert 0 < data["timings"][0]["takes"]["median"] < data["timings"][0]["takes"]["p90"]
    assert [] == other["timings"]


def test_a_wrong_name_and_two_tables_at_once_are_refused(place: Place) -> None:
    """With what to say instead."""
    wrong, both = place.genhub("providers", "nope", "--timing"), place.genhub("providers", "--timing", "--health")

    assert [2, 2] == [wrong.exit_code, both.exit_code]
    assert "no account of the configuration uses 'nope'. Its accounts use adgen, genpro, powerpost" in wrong.stderr
    assert "--health and --timing are two tables: ask for one" in both.stderr
