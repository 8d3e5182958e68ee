"""Every setting: its type, its default, what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import attrs

from docs._comments import comments
from docs._providers import provider
from docs._tables import NONE, block, code, table
from genhub._account import Account, Budget
from genhub.routing import Route, Via

#: What a provider's settings mean, where its class has no comment of its own.
MEANINGS: Mapping[tuple[str, str], str] = {
    ("powerpost", "api_key"): "the key, from the dashboard; sent as `x-api-key`",
    ("powerpost", "workspace_id"): "the workspace that holds what is made; sent as `X-Workspace-Id`",
    ("powerpost", "base_url"): "where the API is, with its version",
    ("genpro", "api_key"): "the token, from the dashboard; sent as `X-API-Key`",
    ("genpro", "agent_id"): "the agent that generates; a request may say otherwise in `extra.genpro`",
    ("genpro", "sheet_id"): "the sheet; likewise",
    ("genpro", "cell_id"): "the cell of the sheet; likewise",
    ("genpro", "layer_id"): "a layer of the cell: with it, layers are generated instead of cells; likewise",
    ("genpro", "base_url"): "where the API is, with its version",
    ("genpro", "idempotency"): "send the attempt's key as `Idempotency-Key`, and replay a lost submit under it",
    ("adgen", "base_url"): "the origin of the service; its documents name none",
    ("adgen", "token"): "the login token. In Python also an async function that returns one",
    ("adgen", "project_id"): "the project; a request may say otherwise in `extra.adgen.projectId`",
    ("adgen", "product_id"): "the product; a request may say otherwise in `extra.adgen.productId`",
    ("adgen", "replay_window"): "for how long a lost submit may be sent again under its key; 0: never. "
    "Without it 2 s for static ads, 20 s for videos",
    ("budget", "amount"): "the most",
    ("budget", "per"): "in which stretch of time",
    ("budget", "currency"): "the amount is money in this currency, not credits",
    ("sim", "clock"): "the time it lives in: `Clock()`, `Clock(speed=60)`, or `Clock.manual()`, which `advance` moves",
    ("sim", "seed"): "of what is left to chance: durations",
    ("sim", "opening"): "the credits at the beginning",
    ("sim", "host"): "where to listen",
    ("sim", "port"): "0: any that is free",
    ("powerpostsim", "api_key"): "the key that is served; `accept(...)` adds others",
    ("powerpostsim", "workspace_id"): "the workspace that is served; likewise",
    ("powerpostsim", "prices"): "what is charged",
    ("powerpostsim", "image_limit"): "bytes of an uploaded image",
    ("powerpostsim", "video_limit"): "bytes of an uploaded video",
    ("powerpostsim", "storage_quota"): "bytes of all uploads",
    ("powerpostsim", "webhook_url"): "where events are sent to",
    ("genprosim", "api_key"): "the key that is served; `accept(...)` adds others",
    ("genprosim", "agent_id"): "the agent that is served; likewise",
    ("genprosim", "sheet_id"): "the sheet; likewise",
    ("genprosim", "cell_id"): "its first cell; likewise",
    ("genprosim", "organization_id"): "who pays",
    ("genprosim", "layer_count"): "layers of each cell",
    ("genprosim", "ids"): "how ids are written",
    ("genprosim", "conflict_status"): "the status when a key comes again with another body",
    ("genprosim", "reads_blocked_when_empty"): "whether it blocks reads of generations as well",
    ("genprosim", "prices"): "what is charged up front",
    ("adgensim", "token"): "the token that is served; `accept(...)` adds others",
    ("adgensim", "project_id"): "the project that is served; likewise",
    ("adgensim", "product_id"): "the product; likewise",
    ("adgensim", "refund_canceled"): "whether a canceled job gets its charge back",
    ("adgensim", "refund_expired"): "whether an expired job gets its charge back",
    ("adgensim", "prices"): "what is charged",
    ("scenario", "fault"): "what goes wrong: one of the faults above",
    ("account", "provider"): "which adapter: the name of an installed provider",
    ("account", "budget"): "the most that may be spent: see below",
    ("via", "account"): "its name",
}


def meaning(of: str, name: str, kind: type[Any]) -> str:
    """Return what a setting means."""
    return MEANINGS.get((of, name)) or comments(kind).get(name, "")


@block
def settings(name: str) -> str:
    """The settings of one provider."""
    return _settings(name, provider(name))


@block
def account_settings() -> str:
    """The settings that every account has."""
    return _settings("account", Account)


@block
def budget_settings() -> str:
    """The fields of a budget."""
    return _settings("budget", Budget)


@block
def route_settings() -> str:
    """The settings of a route."""
    return _settings("route", Route)


@block
def via_settings() -> str:
    """What one account of a route may say."""
    return _settings("via", Via)


def _settings(of: str, kind: type[Any]) -> str:
    attrs.resolve_types(kind)
    rows: list[list[object]] = []
    for each in sorted(attrs.fields(kind), key=lambda each: each.inherited):  # its own first
        if each.init:
            rows.append([code(each.name), type_words(each), default_words(each), meaning(of, each.name, kind)])
    return table(["setting", "type", "default", "meaning"], rows)


def type_words(field: attrs.Attribute[Any]) -> str:
    """Return what kind of value a setting takes, in words."""
    shown = str(field.type)
    for part, words in (
        ("Secret", "secret"),
        ("_provider.Provider", "text"),
        ("Budget", "table"),
        ("Via", "list"),
        ("Callable", "text"),
        ("_credits.Price | decimal.Decimal", "number or price"),
        ("Price", "price"),
        ("Mapping[str, str]", "table of texts"),
        ("Mapping", "table of numbers"),
        ("tuple[str", "list of texts"),
        ("Literal", ""),
        ("datetime.date", "day"),
        ("float | str", "time or text"),
        ("float", "number" if field.name == "weight" else "time"),
        ("bool", "true or false"),
        ("Decimal", "number"),
        ("int", "whole number"),
        ("str", "text or number" if field.name.endswith("_id") else "text"),
    ):
        if part in shown:
            if part == "Literal":
                return " ".join(code(f'"{each}"') for each in _options(field.type))
            return words
    return shown


def _options(kind: Any) -> tuple[Any, ...]:
    return tuple(kind.__args__)


def default_words(field: attrs.Attribute[Any]) -> str:
    """Return a setting's default, in words."""
    default: Any = field.default
    if default is attrs.NOTHING:
        return "**required**"
    if isinstance(default, attrs.Factory):  # type: ignore[arg-type]
        made = None if default.takes_self else default.factory()
        return ", ".join(f"{name} {each}" for name, each in made.items()) if isinstance(made, dict) and made else NONE
    if default is None or default == ():
        return NONE
    if isinstance(default, bool):
        return code(str(default).lower())
    if isinstance(default, float):
        return code(f"{default:g}")
    return code(f'"{default}"' if isinstance(default, str) else default)
