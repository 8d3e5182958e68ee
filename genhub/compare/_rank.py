"""What votes say: how often each target was preferred, and a ranking by Bradley-Terry strengths."""

from __future__ import annotations

from attrs import frozen

from genhub.compare._extra import extra
from genhub.compare._intervals import Floats, share
from genhub.compare._summary import Interval
from genhub.compare._votes import Vote, Votes

with extra():
    import numpy as np
    from choix import ilsr_pairwise_dense

#: With fewer votes than this on a target that were no ties, nothing is claimed of it.
FEW = 10
#: Keeps strengths finite where somebody won, or lost, every vote: about a tenth of a vote each way.
_PRIOR = 0.1


@frozen(kw_only=True)
class Rank:
    """How one target did in the votes."""

    target: str
    wins: int
    losses: int
    ties: int
    rate: Interval | None  #: share won of what was decided (no ties), with a Wilson interval; `None`: nothing was
    strength: Interval | None  #: Bradley-Terry, log-odds against an average target; `None`: too few votes
    ahead: bool | None = None  #: its lead over the next is beyond noise; `None`: the last, or too few votes

    @property
    def decided(self) -> int:
        return self.wins + self.losses

    @property
    def votes(self) -> int:
        return self.wins + self.losses + self.ties


def rank(votes: Votes, *, level: float = 0.95, draws: int = 1000, seed: int = 1) -> tuple[Rank, ...]:
    """Rank the targets, the preferred first. A tie is half a win for each in the strengths, and no part of the rate.

    Intervals of strengths are by bootstrap over the votes. Targets nobody voted on are left out. Raises ConfigError
    without the extra.
    """
    names = [name for name in votes.targets if any(name in (vote.left, vote.right) for vote in votes.votes)]
    if len(names) < 2:
        return ()
    tallies = [_tally(name, votes.votes) for name in names]
    enough = all(wins + losses >= FEW for wins, losses, _ in tallies)
    wins = _matrix(votes.votes, names)
    point = _strengths(wins)
    drawn = _drawn(wins, draws, seed) if enough else None
    order = sorted(range(len(names)), key=lambda at: (-point[at], names[at]))
    tail = (1 - level) / 2
    ranks: list[Rank] = []
    for place, at in enumerate(order):
        won, lost, tied = tallies[at]
        strength, ahead = None, None
        if drawn is not None:
            low, high = (float(end) for end in np.quantile(drawn[:, at], (tail, 1 - tail)))
            strength = Interval(value=float(point[at]), low=low, high=high)
            if place + 1 < len(order):
                ahead = bool(np.quantile(drawn[:, at] - drawn[:, order[place + 1]], tail) > 0)
        rate = share(won, won + lost, level) if won + lost else None
        ranks.append(
            Rank(target=names[at], wins=won, losses=lost, ties=tied, rate=rate, strength=strength, ahead=ahead)
        )
    return tuple(ranks)


def said(ranks: tuple[Rank, ...]) -> str:
    """Say it in a sentence."""
    if not ranks:
        return "Nobody has voted yet."
    first, second = ranks[0], ranks[1]
    fewest = min(each.decided for each in ranks)
    if first.ahead is None:
        return f"Too few votes to say who is preferred: {fewest} were decided, and {FEW} on each are the least."
    record = f"{first.wins} of {first.decided} votes that were no ties"
    if first.ahead:
        return f"{first.target} is preferred: it won {record}, and its lead over {second.target} is beyond noise."
    return f"No preference shown: {first.target} won {record}, and its lead over {second.target} may be chance."


def _tally(name: str, votes: tuple[Vote, ...]) -> tuple[int, int, int]:
    own = [vote.winner for vote in votes if name in (vote.left, vote.right)]
    return own.count(name), sum(winner not in (name, None) for winner in own), own.count(None)


def _matrix(votes: tuple[Vote, ...], names: list[str]) -> Floats:
    """Return how often i beat j at [0, i, j], and how often they tied at [1, i, j] with i < j."""
    wins = np.zeros((2, len(names), len(names)))
    for vote in votes:
        left, right = names.index(vote.left), names.index(vote.right)
        match vote.winner:
            case None:
                wins[1, min(left, right), max(left, right)] += 1
            case winner:
                wins[(0, left, right) if winner == vote.left else (0, right, left)] += 1
    return wins


def _strengths(wins: Floats) -> Floats:
    halves = (wins[1] + wins[1].T) / 2
    return ilsr_pairwise_dense(wins[0] + halves, alpha=_PRIOR, max_iter=1000, tol=1e-6)


def _drawn(wins: Floats, draws: int, seed: int) -> Floats:
    total = int(wins.sum())
    counts = np.random.default_rng(seed).multinomial(total, wins.ravel() / total, size=draws)
    kinds, which = np.unique(counts, axis=0, return_inverse=True)  # few votes draw the same counts often
    fits = np.array([_strengths(each.reshape(wins.shape).astype(float)) for each in kinds])
    return fits[which.ravel()]
