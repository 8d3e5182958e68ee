"""The options that a request's fields have on the command line, and the request that they make."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from types import UnionType
from typing import Any, TypeVar, Union, get_args, get_origin

import click
from attrs import fields, resolve_types

from genhub._requests import REQUESTS, Request
from genhub.cli._types import JSON_TABLE, PAIR

F = TypeVar("F", bound=Callable[..., Any])

#: A field with several values is given several times, by its singular.
_SINGULAR = {"platforms": "platform", "sources": "source", "references": "reference"}
_HELP = {
    "platforms": "Where it is to appear: x, instagram:reel. May be given several times.",
    "tone": "How it is to sound.",
    "count": "How many.",
    "language": "In which language.",
    "sources": "A URL to read. May be given several times.",
    "media": "A media id of the vendor's. May be given several times.",
    "aspect_ratio": "Width to height: 9:16.",
    "style": "How it is to look.",
    "references": "A media id of the vendor's to go by. May be given several times.",
    "script": "The words to speak.",
    "prompt": "What to make.",
    "duration": "Seconds.",
    "audio": "With sound, or without.",
    "image": "The picture to start from: a media id of the vendor's.",
    "avatar_url": "Who is to speak: a picture's URL.",
    "voice": "The vendor's name of a voice.",
    "speed": "1 is the voice's own.",
    "label": "What to call it in your books.",
}


def spoken(kind: str) -> str:
    """Return the field that the command's argument fills: a speech has a script and no prompt."""
    return "prompt" if any(each.name == "prompt" for each in fields(REQUESTS[kind])) else "script"


def request_options(kinds: Iterable[str]) -> Callable[[F], F]:
    """Add an option for each field that requests of these kinds have."""
    found: dict[str, Callable[[F], F]] = {}
    several = list(kinds)
    for kind in several:
        resolve_types(REQUESTS[kind])
        for each in fields(REQUESTS[kind]):
            taken = len(several) == 1 and each.name == spoken(kind)
            if each.name not in ("label", "tags", "extra", *(["prompt"] if len(several) > 1 else [])) and not taken:
                found.setdefault(each.name, _option(each.name, each.type))

    def add(command: F) -> F:
        command = click.option("--label", help=_HELP["label"])(command)
        command = click.option("--tag", "tags", type=PAIR, multiple=True, help="For your books: team=growth.")(command)
        extra = "Fields of the vendor's own, by provider; merged last."
        command = click.option("--extra", type=JSON_TABLE, help=extra)(command)
        for option in reversed(found.values()):
            command = option(command)
        return command

    return add


def _option(name: str, kind: Any) -> Callable[[F], F]:
    types = get_args(kind) if get_origin(kind) in (UnionType, Union) else (kind,)
    flag = "--" + _SINGULAR.get(name, name).replace("_", "-")
    if any(get_origin(each) is tuple for each in types):
        return click.option(flag, name, multiple=True, help=_HELP.get(name))
    if bool in types:
        return click.option(f"{flag}/--no-{flag[2:]}", name, default=None, help=_HELP.get(name))
    if name == "length":
        return click.option(flag, name, type=click.Choice(["short", "long"]))
    number = next((each for each in (int, float) if each in types), str)
    return click.option(flag, name, type=number, help=_HELP.get(name))


def request_of(kind: str, words: str | None, given: dict[str, Any]) -> Request:
    """Return the request that the options make; raises InvalidRequest, or UsageError for another kind's field."""
    names = {each.name for each in fields(REQUESTS[kind])}
    said = {name: value for name, value in given.items() if value not in (None, ())}
    for name in said:
        if name not in names:
            flag = _SINGULAR.get(name, name).replace("_", "-")
            raise click.UsageError(f"--{flag}: {kind} requests have no such field")
    if "tags" in said:
        said["tags"] = dict(said["tags"])
    if words is not None:
        said[spoken(kind)] = words
    return REQUESTS[kind](**said)
