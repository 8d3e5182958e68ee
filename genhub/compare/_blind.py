"""The blind page: pairs of outputs of the same request, and no word of whose they are.

An output's id is a digest of its run's key: the page, and the votes that it saves, name outputs and no targets.
"""

from __future__ import annotations

import hashlib
import random
import shutil
from collections import defaultdict
from collections.abc import Mapping, Sequence
from itertools import combinations
from pathlib import Path
from typing import Any

from attrs import evolve, frozen

from genhub.compare._records import Observation, Outcome, Results
from genhub.compare._shown import Part, inside, parts

#: What the page's file of votes says it is.
FORMAT = "genhub votes 1"
#: So many pairs are asked at most: people tire.
MOST = 60
PAGE, MEDIA = "blind.html", "blind-media"


@frozen(kw_only=True)
class Side:
    """One output of a pair, as the page has it."""

    id: str
    parts: tuple[Part, ...]


@frozen(kw_only=True)
class Pair:
    """Two outputs of the same request, in the order they are shown."""

    case: str
    asked: tuple[tuple[str, str], ...]
    left: Side
    right: Side


def opaque(observation: Observation, results: Results) -> str:
    """Return the id that stands for an observation's outputs on the page."""
    text = f"{results.fingerprint}\n{results.seed}\n{observation.key}"
    return hashlib.blake2s(text.encode(), digest_size=8).hexdigest()


def sides(results: Results) -> Mapping[str, Observation]:
    """Return the observations that can be judged by their ids."""
    return {
        opaque(each, results): each
        for each in results.observations
        if each.outcome is Outcome.SUCCEEDED and (each.outputs or each.files)
    }


def pairs(results: Results, folder: Path, *, most: int = MOST) -> tuple[Pair, ...]:
    """Return the pairs to judge: drawn by the comparison's seed, cases and targets taking turns.

    Pairs that look the same are left out: there is nothing to prefer.
    """
    asked = {case.name: told(case.request.asked()) for case in results.cases}
    draw = random.Random(f"{results.fingerprint}/{results.seed}")
    runs: dict[tuple[str, int], list[tuple[str, Observation, tuple[Part, ...]]]] = defaultdict(list)
    for name, each in sides(results).items():
        if shown := _blinded(each, folder, name):
            runs[each.case, each.repetition].append((name, each, shown))
    turns: dict[tuple[str, str, str], list[Pair]] = defaultdict(list)
    for (case, _), several in sorted(runs.items()):
        for one, other in combinations(sorted(several, key=lambda run: run[1].target), 2):
            if _look(one[2], folder) != _look(other[2], folder):
                left, right = (one, other) if draw.random() < 0.5 else (other, one)
                pair = Pair(
                    case=case,
                    asked=asked.get(case, ()),
                    left=Side(id=left[0], parts=left[2]),
                    right=Side(id=right[0], parts=right[2]),
                )
                turns[case, one[1].target, other[1].target].append(pair)
    groups = list(turns.values())
    for group in groups:
        draw.shuffle(group)
    chosen = [group[turn] for turn in range(max(map(len, groups), default=0)) for group in groups if turn < len(group)]
    chosen = chosen[:most]
    draw.shuffle(chosen)
    return tuple(chosen)


def told(asked: Mapping[str, Any]) -> tuple[tuple[str, str], ...]:
    """Return what a request asks for, as words."""

    return tuple((name.replace("_", " "), _words(value)) for name, value in asked.items())


def _words(value: Any) -> str:
    match value:
        case (*several,):
            return ", ".join(map(str, several))
        case _:
            return str(value)


def _blinded(observation: Observation, folder: Path, name: str) -> tuple[Part, ...]:
    """Return what may be shown of an observation: no names of files and no addresses, which tell whose it is."""
    shown: list[Part] = []
    for part in parts(observation, folder):
        match part.kind:
            case "text":
                shown.append(part)
            case "image" | "video" | "audio":
                src = part.src or ""
                if not src.startswith("data:"):
                    src = f"./{MEDIA}/{name}-{len(shown)}{Path(part.file).suffix.lower()}"
                shown.append(evolve(part, text="", href="", src=src))
            case "file" | "link":
                pass
    return tuple(shown)


def _look(shown: Sequence[Part], folder: Path) -> Sequence[object]:
    """Return what a person would see, to tell whether two differ."""
    return [
        (
            part.kind,
            part.text,
            part.title,
            part.facts,
            part.src if part.src.startswith("data:") else _digest(part, folder),
        )
        for part in shown
    ]


def _digest(part: Part, folder: Path) -> str:
    path = inside(part.file, folder) if part.file else None
    if path is None:
        return ""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "blake2s").hexdigest()


def payload(results: Results, several: Sequence[Pair]) -> Mapping[str, Any]:
    """Return what the page's script needs, as plain data: the outputs by their ids, and what was asked."""

    def plain(side: Side) -> Mapping[str, Any]:
        fields = ("kind", "text", "title", "facts", "src")
        return {"id": side.id, "parts": [{name: getattr(part, name) for name in fields} for part in side.parts]}

    return {
        "format": FORMAT,
        "comparison": results.fingerprint,
        "pairs": [
            {"case": pair.case, "asked": pair.asked, "left": plain(pair.left), "right": plain(pair.right)}
            for pair in several
        ],
    }


def lay_media(several: Sequence[Pair], folder: Path) -> None:
    """Put films and sounds that are too large for the page beside it, under names that tell nothing."""
    for part in (part for pair in several for side in (pair.left, pair.right) for part in side.parts):
        source = inside(part.file, folder)
        if part.src.startswith("./") and source is not None:
            beside = folder / part.src
            beside.parent.mkdir(exist_ok=True)
            if not beside.exists():
                shutil.copyfile(source, beside)
