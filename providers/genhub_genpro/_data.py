"""A neutral request as gen.pro's `generation_type` and `data`."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, cast

from attrs import frozen

from genhub import Adjustment, Request, UnsupportedRequest
from genhub_genpro._tables import FIELDS, FROM_IMAGE, IN_WORDS, TYPES


@frozen(kw_only=True)
class Built:
    """What goes into the body, and what had to be changed for it."""

    generation_type: str
    data: dict[str, Any]
    adjustments: tuple[Adjustment, ...]


def build(request: Request, given: Mapping[str, Any] | None, *, adjust: bool) -> Built:
    """Translate what the vendor has a name for; refuse the rest, or (`adjust`) say it in the prompt.

    `given` is the caller's own `extra.genpro.data`, which will take the place of ours.
    """
    names = FIELDS[request.kind]
    data: dict[str, Any] = {}
    lines: list[str] = []
    adjustments: list[Adjustment] = []
    for field, value in request.asked().items():
        if field in names:
            data[names[field]] = _plain(value)
        elif field == "voice" and isinstance(given, Mapping) and "voice_method" in given:
            pass  # the caller says it in the vendor's own words
        elif not adjust:
            raise UnsupportedRequest(_why(request.kind, field), field=field, provider="genpro")
        else:
            line, why = _in_words(field, value, data, given)
            lines += [line] if line else []
            why = f"gen.pro's {request.kind} has no such field: {why}"
            adjustments.append(Adjustment(field=field, asked=value, sent=line, why=why))
    if lines:
        data["prompt"] += "\n\n" + "\n".join(lines)
    kind = FROM_IMAGE if "image_resource_id" in data else TYPES[request.kind]
    return Built(generation_type=kind, data=data, adjustments=tuple(adjustments))


def _in_words(field: str, value: Any, data: Mapping[str, Any], given: object) -> tuple[str | None, str]:
    """Return the line that says it in the prompt, or `None`, and the reason."""
    word = IN_WORDS.get(field)
    if word is None:
        return None, "left out"
    if given is not None:
        return None, "left out, because extra.genpro.data replaces the prompt"
    if "prompt" not in data:  # the cell's own prompt counts then; a line of ours would take its place
        return None, "left out, because there is no prompt to say it in"
    said = ", ".join(cast("tuple[str, ...]", value)) if isinstance(value, tuple) else str(value)
    return f"{word}: {said.replace(':', ' ') if field == 'platforms' else said}", "written into the prompt"


def _plain(value: Any) -> Any:
    if isinstance(value, tuple):
        return list(cast("tuple[str, ...]", value))
    return int(value) if isinstance(value, float) and value.is_integer() else value


def _why(kind: str, field: str) -> str:
    if field == "voice" and kind == "speech":
        # Section 2.6 names voice_method, but not the fields of each method; the vendor's own pages disagree on them.
        return "a voice is chosen by voice_method and its fields: put them, and the script, in extra.genpro.data"
    return f"gen.pro's {kind} has no field for {field}; portability='adjust' or extra.genpro can say it another way"
