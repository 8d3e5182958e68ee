"""What each neutral field becomes at each vendor: found out by asking the adapter, which sends nothing."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping
from typing import Any

from attrs import evolve, frozen

from genhub import (
    Call,
    ConfigError,
    GenhubError,
    ImageRequest,
    Provider,
    Request,
    SpeechRequest,
    TextRequest,
    UnsupportedRequest,
    VideoRequest,
)

#: Values for the settings that a provider must have. They are sent nowhere.
SETTINGS: Mapping[str, Any] = {
    "api_key": "secret",
    "token": "secret",
    "workspace_id": "ws-1",
    "base_url": "https://api.example.com",
    "agent_id": "42",
    "sheet_id": "101",
    "cell_id": "3000",
    "project_id": "project",
    "product_id": "product",
}
#: One request of each kind that as many vendors as possible can do.
BASES: tuple[Request, ...] = (
    TextRequest(prompt="base"),
    TextRequest(prompt="base", platforms=("x",)),
    ImageRequest(prompt="base"),
    VideoRequest(prompt="base", duration=5),
    VideoRequest(script="The base of all scripts."),
    SpeechRequest(script="The base of all scripts."),
)
#: What is asked for, field by field. Several values where the vendor tells them apart.
SAMPLES: Mapping[str, Mapping[str, tuple[Any, ...]]] = {
    "text": {
        "prompt": ("Soup season",),
        "platforms": (("instagram",), ("instagram:reel",), ("tiktok", "x"), ("pinterest",)),
        "tone": ("bold",),
        "length": ("long",),
        "count": (1, 3),
        "language": ("de",),
        "sources": (("https://example.com/menu",),),
        "media": (("media-1",),),
    },
    "image": {
        "prompt": ("Soup season",),
        "aspect_ratio": ("9:16", "4:5", "3:2"),
        "count": (1, 3),
        "style": ("minimal",),
        "references": (("media-1",),),
    },
    "video": {
        "prompt": ("Soup season",),
        "script": ("Soup season is here again.",),
        "aspect_ratio": ("9:16", "4:5"),
        "duration": (8, 7.5),
        "audio": (True,),
        "image": ("media-1",),
        "avatar_url": ("https://example.com/me.png",),
        "voice": ("male-1",),
    },
    "speech": {
        "script": ("Soup season is here again.",),
        "voice": ("male-1",),
        "language": ("de",),
        "speed": (1.2,),
    },
}


@frozen(kw_only=True)
class Found:
    """What an adapter does with one value of one field."""

    field: str
    asked: Any
    how: str  #: `sent`, `adjusted` or `refused`
    sent: Mapping[str, Any]  #: what is in the vendor's body because of it
    why: str = ""


def an_instance(kind: type[Provider]) -> Provider:
    """Return a provider with made-up settings."""
    from attrs import fields

    known = {each.name for each in fields(kind) if each.init}  # type: ignore[arg-type]
    return kind(**{name: value for name, value in SETTINGS.items() if name in known})


def base_of(provider: Provider, kind: str) -> tuple[Request, Call] | None:
    """Return a request of this kind that the provider can do; None when there is none."""
    for request in BASES:
        if request.kind == kind:
            try:
                return request, provider.prepare(request, "key", adjust=False)
            except (UnsupportedRequest, ConfigError):
                continue
    return None


def findings(provider: Provider, kind: str) -> Iterator[Found]:
    """Yield what becomes of every field of a kind of request."""
    base = base_of(provider, kind)
    if base is None:
        return
    request, call = base
    for name, values in SAMPLES[kind].items():
        for value in values:
            yield _probe(provider, request, call, name, value)


def _probe(provider: Provider, base: Request, plain: Call, name: str, value: Any) -> Found:
    request = evolve(base, **{name: value})
    try:
        call = provider.prepare(request, "key", adjust=False)
    except GenhubError as refusal:
        try:
            call = provider.prepare(request, "key", adjust=True)
        except GenhubError:
            return Found(field=name, asked=value, how="refused", sent={}, why=_reason(refusal, name, provider.name))
        why = "; ".join(each.why for each in call.adjustments)
        sent = _differs(plain, call) or {each.field: each.sent for each in call.adjustments if each.sent is not None}
        return Found(field=name, asked=value, how="adjusted", sent=sent, why=why)
    return Found(field=name, asked=value, how="sent", sent=_differs(plain, call))


def _reason(error: GenhubError, name: str, provider: str) -> str:
    return str(error).removeprefix(f"{provider}: ").removeprefix(f"{name}: ")


def _differs(plain: Call, call: Call) -> dict[str, Any]:
    """Return what one call's body has and the other's has not, by dotted names."""
    before, after = dict(_flat(plain.body)), dict(_flat(call.body))
    return {name: value for name, value in after.items() if before.get(name) != value}


def _flat(body: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Any]]:
    for name, value in body.items():
        if isinstance(value, Mapping):
            yield from _flat(value, f"{above}{name}.")
        else:
            yield f"{above}{name}", value


def shown(value: Any) -> str:
    """Return a value as code."""
    return f"`{json.dumps(list(value) if isinstance(value, tuple) else value, ensure_ascii=False)}`"
