"""Votes of the blind page: which of two outputs somebody preferred, not knowing whose they were."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from pathlib import Path
from typing import Any, cast

import orjson
from attrs import field, frozen

from genhub._errors import ConfigError
from genhub._plain import from_dict, to_dict
from genhub.compare._blind import FORMAT, sides
from genhub.compare._records import Results

#: Where votes are kept, in the results' folder.
FILE = "votes.json"
_REMEDY = "Give the file that the blind page saved"


class Choice(StrEnum):
    """What somebody said of a pair."""

    LEFT = "left"
    RIGHT = "right"
    TIE = "tie"


@frozen(kw_only=True)
class Vote:
    """One pair, judged."""

    case: str
    left: str  #: the target on the left
    right: str
    choice: Choice
    pair: str  #: which outputs they were; the same for the same two outputs, whichever was on the left
    ballot: str = ""  #: who voted, as a number drawn by the page: the same person's later word counts
    at: datetime | None = None

    @property
    def winner(self) -> str | None:
        """The target that was preferred; `None`: neither."""
        return {Choice.LEFT: self.left, Choice.RIGHT: self.right, Choice.TIE: None}[self.choice]


@frozen(kw_only=True)
class Votes:
    """All votes on one comparison."""

    fingerprint: str  #: of its requests
    targets: tuple[str, ...]
    votes: tuple[Vote, ...] = field(default=())


def read_votes(path: Path | str, results: Results) -> Votes:
    """Read a file that the blind page saved, and say whose the outputs were, which only the results know.

    Raises ConfigError when it is no such file, or was cast on other results.
    """
    path = Path(path)
    ballot = _ballot(path)
    if ballot.get("comparison") != results.fingerprint:
        raise ConfigError(
            "these votes are on another comparison", where=path.name, remedy="Give the folder of its results"
        )
    whose = sides(results)
    votes: dict[str, Vote] = {}
    try:
        for each in ballot["votes"]:
            left, right = whose[each["left"]], whose[each["right"]]
            if left.case != right.case or left.target == right.target:
                raise ConfigError("two outputs are judged that are no pair", where=path.name, remedy=_REMEDY)
            vote = Vote(
                case=left.case,
                left=left.target,
                right=right.target,
                choice=Choice(each["choice"]),
                pair="-".join(sorted((each["left"], each["right"]))),
                ballot=str(ballot.get("ballot", "")),
                at=datetime.fromisoformat(each["at"]) if each.get("at") else None,
            )
            votes[vote.pair] = vote
    except KeyError as error:
        raise ConfigError(f"there is no {error} in these results", where=path.name, remedy=_REMEDY) from None
    except (TypeError, ValueError) as error:
        raise ConfigError(f"a vote can't be read: {error}", where=path.name, remedy=_REMEDY) from None
    return Votes(fingerprint=results.fingerprint, targets=results.targets, votes=tuple(votes.values()))


def keep_votes(votes: Votes, folder: Path | str) -> Votes:
    """Put votes beside those that are in the results' folder, and return all; taking a file in twice adds nothing."""
    folder = Path(folder)
    kept = load_votes(folder)
    if kept is None or kept.fingerprint != votes.fingerprint:
        kept = Votes(fingerprint=votes.fingerprint, targets=votes.targets)
    together = {(vote.ballot, vote.pair): vote for vote in (*kept.votes, *votes.votes)}
    everything = Votes(fingerprint=votes.fingerprint, targets=votes.targets, votes=tuple(together.values()))
    part = folder / (FILE + ".part")
    part.write_bytes(orjson.dumps(to_dict(everything), option=orjson.OPT_INDENT_2))
    part.replace(folder / FILE)
    return everything


def load_votes(folder: Path | str) -> Votes | None:
    """Return the votes that are kept in the results' folder; `None`: there are none. Raises ConfigError."""
    path = Path(folder) / FILE
    if not path.exists():
        return None
    try:
        return from_dict(Votes, orjson.loads(path.read_bytes()))
    except orjson.JSONDecodeError as error:
        raise ConfigError(
            f"is no JSON ({error})", where=path.name, remedy="Remove it, and take the votes in again"
        ) from None


def _ballot(path: Path) -> Mapping[str, Any]:
    ballot: Any
    try:
        ballot = orjson.loads(path.read_bytes())
    except OSError as error:
        raise ConfigError(f"can't be read ({error.strerror})", where=path.name, remedy=_REMEDY) from None
    except orjson.JSONDecodeError:
        ballot = None
    match ballot:
        case {"format": str(form), "votes": [*_]} if form == FORMAT:
            return cast("Mapping[str, Any]", ballot)
        case _:
            raise ConfigError("is no file of votes", where=path.name, remedy=_REMEDY)
