"""Blind votes: cast without knowing whose, read back with it, and what they come to."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from attrs import evolve

from genhub import ConfigError, Output
from genhub.compare import Outcome, Results
from genhub.compare._blind import FORMAT, lay_media, opaque, pairs, payload, sides
from genhub.compare._rank import FEW, rank, said
from genhub.compare._votes import Choice, Vote, Votes, keep_votes, load_votes, read_votes
from tests.compare import _made


@pytest.fixture
def made(tmp_path: Path) -> Results:
    return _made.results(tmp_path)


def ballot(made: Results, folder: Path, choice: str = "left", **changes: Any) -> Path:
    """Write the file that the page would save after the same answer to every pair."""
    votes = [
        {"left": pair.left.id, "right": pair.right.id, "choice": choice, "at": "2026-03-02T10:00:00.000Z"}
        for pair in pairs(made, folder)
    ]
    data = {"format": FORMAT, "comparison": made.fingerprint, "ballot": "0badcafe", "votes": votes, **changes}
    path = folder / "saved.json"
    path.write_text(json.dumps(data), "utf-8")
    return path


def cast(*winners: tuple[str, str, str | None], ballot: str = "") -> Votes:
    """Return votes: (left, right, who won), `None` for a tie."""
    votes = tuple(
        Vote(
            case="one",
            left=left,
            right=right,
            choice=Choice.TIE if winner is None else Choice.LEFT if winner == left else Choice.RIGHT,
            pair=str(place),
            ballot=ballot,
        )
        for place, (left, right, winner) in enumerate(winners)
    )
    targets = tuple(sorted({name for left, right, _ in winners for name in (left, right)}))
    return Votes(fingerprint="f", targets=targets, votes=votes)


def test_the_page_s_data_names_nobody(made: Results, tmp_path: Path) -> None:
    """Ids tell nothing: no account, key, job, address or file name is in what the page gets."""
    text = json.dumps(payload(made, pairs(made, tmp_path)))

    assert made.observations
    for each in made.observations:
        for telling in (each.target, each.key, each.job or "job", *each.files, *(o.url or "url" for o in each.outputs)):
            assert telling not in text


def test_pairs_are_the_same_request_and_repetition_at_two_accounts(made: Results, tmp_path: Path) -> None:
    """Like is compared with like, each pair once."""
    whose = sides(made)
    several = pairs(made, tmp_path)

    assert len(several) == len({frozenset((pair.left.id, pair.right.id)) for pair in several}) > 10
    for pair in several:
        left, right = whose[pair.left.id], whose[pair.right.id]
        assert (left.case, left.repetition) == (right.case, right.repetition) and left.target != right.target


def test_the_order_is_drawn_by_the_seed(made: Results, tmp_path: Path) -> None:
    """The same page again for the same results; each account stands on both sides."""
    whose = sides(made)
    left = [whose[pair.left.id].target for pair in pairs(made, tmp_path)]
    right = [whose[pair.right.id].target for pair in pairs(made, tmp_path)]

    assert pairs(made, tmp_path) == pairs(made, tmp_path)
    assert set(left) == set(right) == set(_made.TARGETS)


def test_few_pairs_are_spread_over_requests_and_accounts(made: Results, tmp_path: Path) -> None:
    """With fewer than there are, every request takes its turn before one comes again."""
    groups = {
        (pair.case, *sorted(sides(made)[s.id].target for s in (pair.left, pair.right)))
        for pair in pairs(made, tmp_path)
    }
    several = pairs(made, tmp_path, most=len(groups))

    asked = {(pair.case, *sorted(sides(made)[s.id].target for s in (pair.left, pair.right))) for pair in several}
    assert groups == asked


def test_what_looks_the_same_or_shows_nothing_is_not_asked(made: Results, tmp_path: Path) -> None:
    """Nobody is asked to choose between two of the same, or of what can't be seen."""
    same = (Output(kind="text", text="the same"),)
    alike = tuple(evolve(each, outcome=Outcome.SUCCEEDED, outputs=same, files=()) for each in made.observations)
    links = (Output(kind="image", url="https://cdn.example/1.png"),)
    unseen = tuple(evolve(each, outputs=links, files=()) for each in made.observations)

    assert () == pairs(evolve(made, observations=alike), tmp_path)
    assert () == pairs(evolve(made, observations=unseen), tmp_path)


def test_films_are_laid_beside_the_page_under_names_that_tell_nothing(made: Results, tmp_path: Path) -> None:
    """A film that is too large for the page is copied under the output's opaque id."""
    posters = [each for each in made.observations if each.case == "poster"]
    one, other = (next(each for each in posters if each.target == name) for name in ("swift", "flaky"))
    (tmp_path / "swift.mp4").write_bytes(b"\0" * 300_000)
    (tmp_path / "flaky.mp4").write_bytes(b"\1" * 300_000)
    films = tuple(
        evolve(each, outcome=Outcome.SUCCEEDED, repetition=1, files=(f"{each.target}.mp4",)) for each in (one, other)
    )
    several = pairs(evolve(made, observations=films), tmp_path)
    lay_media(several, tmp_path)

    laid = {path.name: path.read_bytes()[0] for path in (tmp_path / "blind-media").iterdir()}
    assert {f"{opaque(films[0], made)}-0.mp4": 0, f"{opaque(films[1], made)}-0.mp4": 1} == laid


def test_votes_are_read_with_whose_they_were(made: Results, tmp_path: Path) -> None:
    """The results know what the page did not say."""
    whose = sides(made)
    votes = read_votes(ballot(made, tmp_path), made)

    assert {"0badcafe"} == {vote.ballot for vote in votes.votes}
    expected = [(whose[pair.left.id].target, whose[pair.right.id].target) for pair in pairs(made, tmp_path)]
    assert expected == [(vote.left, vote.right) for vote in votes.votes]
    assert [left for left, _ in expected] == [vote.winner for vote in votes.votes]


def test_a_later_page_still_knows_earlier_votes(made: Results, tmp_path: Path) -> None:
    """A comparison that was resumed has more outputs; what was voted before stays valid."""
    half = evolve(made, observations=made.observations[: len(made.observations) // 2])
    path = ballot(half, tmp_path)

    assert read_votes(path, half).votes == read_votes(path, made).votes


def test_votes_are_kept_once_for_each_voter(made: Results, tmp_path: Path) -> None:
    """Taken in twice they count once; a changed mind replaces; another voter adds."""
    first = keep_votes(read_votes(ballot(made, tmp_path), made), tmp_path)
    again = keep_votes(read_votes(ballot(made, tmp_path), made), tmp_path)
    changed = keep_votes(read_votes(ballot(made, tmp_path, "tie"), made), tmp_path)
    other = keep_votes(read_votes(ballot(made, tmp_path, ballot="another"), made), tmp_path)

    assert first == again
    assert {Choice.TIE} == {vote.choice for vote in changed.votes} and len(changed.votes) == len(first.votes)
    assert 2 * len(first.votes) == len(other.votes)
    assert other == load_votes(tmp_path)


def test_a_folder_without_votes_has_none(tmp_path: Path) -> None:
    """Nobody voted is not an error."""
    assert load_votes(tmp_path) is None


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"format": "else"}, "is no file of votes"),
        ({"votes": None}, "is no file of votes"),
        ({"comparison": "another"}, "on another comparison"),
        ({"votes": [{"left": "x", "right": "y", "choice": "left"}]}, "there is no 'x' in these results"),
        ({"votes": [{"left": "x"}]}, "in these results"),
        ({"votes": ["x"]}, "can't be read"),
        ({"votes": [{"left": [], "right": [], "choice": "left"}]}, "can't be read"),
    ],
)
def test_a_file_that_is_none_is_said_plainly(
    made: Results, tmp_path: Path, changes: dict[str, Any], words: str
) -> None:
    """Wrong files are refused by name, and nothing is kept."""
    path = ballot(made, tmp_path, **changes)

    with pytest.raises(ConfigError, match=words) as caught:
        read_votes(path, made)
    assert "saved.json" == caught.value.where


def test_a_choice_or_a_pair_that_is_none_is_refused(made: Results, tmp_path: Path) -> None:
    """A hand-made file can't count an unknown word, or an output against another of the same account."""
    pair = pairs(made, tmp_path)[0]
    best = {"left": pair.left.id, "right": pair.right.id, "choice": "both"}
    with pytest.raises(ConfigError, match="both"):
        read_votes(ballot(made, tmp_path, votes=[best]), made)

    with pytest.raises(ConfigError, match="no pair"):
        read_votes(ballot(made, tmp_path, votes=[{**best, "right": pair.left.id, "choice": "left"}]), made)


def test_a_missing_or_broken_file_is_said_plainly(made: Results, tmp_path: Path) -> None:
    """No traceback for a typing error, or for a file that was cut off."""
    with pytest.raises(ConfigError, match="No such file"):
        read_votes(tmp_path / "nothing.json", made)
    (tmp_path / "votes.json").write_text("{", "utf-8")
    with pytest.raises(ConfigError, match=r"votes\.json"):
        load_votes(tmp_path)


def test_the_preferred_comes_first_with_its_lead_beyond_noise() -> None:
    """Thirty wins of forty say it; the rate is Wilson's, of what was decided."""
    ranks = rank(cast(*[("a", "b", "b")] * 30, *[("b", "a", "a")] * 10, *[("a", "b", None)] * 5))

    first, second = ranks
    assert ("b", 30, 10, 5, 45) == (first.target, first.wins, first.losses, first.ties, first.votes)
    assert first.rate is not None and first.rate.low is not None and first.rate.high is not None
    assert [0.75, 0.598, 0.858] == pytest.approx([first.rate.value, first.rate.low, first.rate.high], abs=0.001)
    assert first.ahead is True and second.ahead is None
    assert said(ranks).startswith("b is preferred: it won 30 of 40")


def test_an_even_split_is_no_preference() -> None:
    """Eleven to nine may be chance, and it is called so."""
    ranks = rank(cast(*[("a", "b", "a")] * 11, *[("a", "b", "b")] * 9))

    assert ranks[0].ahead is False
    assert said(ranks).startswith("No preference shown")


def test_few_votes_claim_nothing() -> None:
    """One vote fewer than enough: counts, and no strengths."""
    ranks = rank(cast(*[("a", "b", "a")] * (FEW - 1), *[("a", "b", None)] * 20))

    assert [(None, None)] * 2 == [(each.strength, each.ahead) for each in ranks]
    assert f"Too few votes to say who is preferred: {FEW - 1} were decided" in said(ranks)
    assert "Nobody has voted yet." == said(rank(Votes(fingerprint="f", targets=("a", "b"))))


def test_only_ties_have_no_rate() -> None:
    """Nothing decided is no zero."""
    assert [None, None] == [each.rate for each in rank(cast(*[("a", "b", None)] * 12))]


def test_strengths_are_bradley_terry_s() -> None:
    """With two accounts the fit is the log-odds of the wins, half to each side of zero; a tie is half a win."""
    ranks = rank(cast(*[("a", "b", "a")] * 290, *[("a", "b", "b")] * 90, *[("a", "b", None)] * 20))

    assert ranks[0].strength is not None
    assert float(np.log(3) / 2) == pytest.approx(ranks[0].strength.value, abs=0.01)


def test_winning_every_vote_is_finite() -> None:
    """A clean sweep has a strength and bounds that JSON can carry."""
    first, last = rank(cast(*[("a", "b", "a")] * 20, *[("a", "c", "a")] * 20, *[("b", "c", "b")] * 20))[::2]

    assert first.strength is not None and last.strength is not None
    ends = (first.strength.low, first.strength.value, first.strength.high, last.strength.value)
    assert np.isfinite(np.array(ends, dtype=float)).all()
    assert ("a", "c") == (first.target, last.target) and first.ahead


def test_the_lead_is_shown_by_chance_no_more_than_said() -> None:
    """Between two equals a lead is called beyond noise in about one of twenty comparisons."""
    draw = np.random.default_rng(5)
    shown = sum(
        rank(cast(*[("a", "b", "a" if win else "b") for win in draw.random(40) < 0.5]), draws=300)[0].ahead is True
        for _ in range(200)
    )

    assert shown <= 20  # 10 are expected; 20 or fewer in 99.9 % of seeds
