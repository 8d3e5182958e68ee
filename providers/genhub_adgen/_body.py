"""A neutral request as the body of a CutX call."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from hashlib import sha256
from typing import Any, cast

from attrs import frozen

from genhub import Adjustment, Request, UnsupportedRequest
from genhub_adgen._tables import ANY_PLATFORM, DEFAULTS, FIELDS, KINDS, PLATFORMS

LONGEST_KEY = 128


@frozen(kw_only=True)
class Built:
    """What goes into the body, and what had to be changed for it."""

    body: dict[str, Any]
    adjustments: tuple[Adjustment, ...]


def build(request: Request, extra: Mapping[str, Any], *, adjust: bool) -> Built:
    """Translate what the vendor has a name for; refuse the rest, or (`adjust`) change it.

    `extra` is merged later: what it says is not ours to judge.
    """
    kind = KINDS[request.kind]
    names = FIELDS[kind]
    body: dict[str, Any] = dict(DEFAULTS[kind])
    adjustments: list[Adjustment] = []
    for field, value in request.asked().items():
        if (name := names.get(field)) in extra:
            continue
        if field == "platforms":
            sent, why = _platform(cast("Sequence[str]", value))
            body["platform"] = sent
        elif name is not None:
            body[name], why = value, None
            sent = value
        else:
            sent, why = _otherwise(kind, field, value, body, extra)
        if why is None:
            continue
        if not adjust:
            raise UnsupportedRequest(f"{field}: {why}", field=field, provider="adgen")
        adjustments.append(Adjustment(field=field, asked=value, sent=sent, why=why))
    return Built(body=body, adjustments=tuple(adjustments))


def _platform(asked: Sequence[str]) -> tuple[str, str | None]:
    """Return the vendor's one word for the platforms, and why it says less than was asked."""
    first, *others = asked
    if others:
        return ANY_PLATFORM, "CutX writes for one platform at a time"
    if first in PLATFORMS:
        return PLATFORMS[first], None
    bare = PLATFORMS.get(first.partition(":")[0])
    if bare is not None:
        return bare, "CutX knows the platform, but not the format"
    return ANY_PLATFORM, "CutX does not know the platform"


def _otherwise(
    kind: str, field: str, value: Any, body: dict[str, Any], extra: Mapping[str, Any]
) -> tuple[Any, str | None]:
    """Return what is sent of a field that the vendor has no name for, and why it is not what was asked."""
    match kind, field:
        case "static_ad", "count":
            return 1, None if value == 1 else "CutX makes one static ad a call"
        case "copy", "count":
            return None, "CutX decides how many variants it writes"
        case "copy", "language" if "customInstructions" not in extra:
            line = f"Language: {value}"
            instructions = body.get("customInstructions")
            body["customInstructions"] = f"{instructions}\n\n{line}" if instructions else line
            return line, "CutX's copy has no such field: written into the instructions"
        case _:
            return None, f"CutX's {kind} has no such field: left out"


def key_of(kind: str, key: str) -> str:
    """Return the attempt's key as the vendor takes it.

    One key is for all of a user's calls (section 5): with the kind in front it can't meet another endpoint's job.
    """
    whole = f"{kind}-{key}"
    return whole if len(whole) <= LONGEST_KEY else f"{kind}-{sha256(key.encode()).hexdigest()}"
