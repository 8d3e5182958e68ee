"""Statuses, evidence, errors, the fields of requests."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

import genhub
from docs._comments import comments
from docs._tables import NONE, block, code, first_line, table
from genhub._errors import GenhubError
from genhub._requests import REQUESTS

#: What a request's fields mean, where the class has no comment of its own.
MEANINGS: Mapping[str, str] = {
    "prompt": "what to make, in words",
    "platforms": "where it is to appear: `x`, `instagram:reel`. A single text is a list of one",
    "tone": "how it is to sound; the words are the vendor's",
    "length": "`short` or `long`",
    "count": "how many",
    "language": "in which language",
    "aspect_ratio": 'width to height, `"9:16"`',
    "style": "how it is to look; the words are the vendor's",
    "audio": "with sound, or without",
    "avatar_url": "who is to speak: a picture's URL",
    "voice": "the vendor's name of a voice",
    "script": "the words to speak",
}


@block
def status_words() -> str:
    """All statuses."""
    said = comments(genhub.Status)
    rows = [[code(s), "yes" if s.is_final else "no", said[s.name]] for s in genhub.Status]
    return table(["status", "final", "meaning"], rows)


@block
def evidence_words() -> str:
    """How the ledger knows."""
    said = comments(genhub.Evidence)
    return table(["evidence", "meaning"], [[code(e), said[e.name]] for e in genhub.Evidence])


@block
def event_words() -> str:
    """What happens, and what is said of it."""
    said = comments(genhub.EventName)
    return table(["event", "meaning, and what `detail` has"], [[code(e), said[e.name]] for e in genhub.EventName])


@block
def errors() -> str:
    """The tree of errors, drawn as a table."""
    rows: list[list[object]] = []

    def walk(kind: type[GenhubError], depth: int) -> None:
        if kind.__name__ in genhub.__all__:
            indent = "&nbsp;" * 4 * depth
            yes = {True: "yes", False: NONE}
            rows.append([indent + code(kind.__name__), yes[kind.retryable], yes[kind.fallback], first_line(kind)])
        for each in kind.__subclasses__():
            walk(each, depth + (kind.__name__ in genhub.__all__))

    walk(GenhubError, 0)
    return table(["error", "`retryable`", "`fallback`", "meaning"], rows)


@block
def request_fields(kind: str) -> str:
    """The fields of a kind of request."""
    request = REQUESTS[kind]
    attrs.resolve_types(request)
    said = comments(request)
    return table(
        ["field", "type", "meaning"],
        [
            [code(each.name), code(_plain_type(each.type)), said.get(each.name) or MEANINGS[each.name]]
            for each in attrs.fields(request)
            if each.name not in ("label", "tags", "extra")
        ],
    )


def _plain_type(kind: Any) -> str:
    if type(None) in (options := getattr(kind, "__args__", ())):
        kind = next(each for each in options if each is not type(None))
    plain = isinstance(kind, type) and not getattr(kind, "__args__", None)
    return kind.__name__ if plain else str(kind).replace("typing.", "").replace("collections.abc.", "")


@block
def sync_verbs() -> str:
    """What `genhub.sync.Hub` has, and what it has not."""
    from genhub import Hub, sync

    def verbs(kind: type[Any]) -> list[str]:
        return [name for name, each in vars(kind).items() if not name.startswith("_") and callable(each)]

    has, whole = verbs(sync.Hub), verbs(Hub)
    known = {*has, *vars(sync.Handle), "close", "follow", "release", "in_hand"}
    lacks = [name for name in whole if name not in known]
    on_handles = ", ".join(map(code, verbs(sync.Handle)))
    shown = f"The hub has {', '.join(map(code, has))}; its handles have {on_handles}."
    return shown + (f" It has not: {', '.join(map(code, lacks))}." if lacks else "")
