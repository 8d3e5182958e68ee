"""What the docs say of each provider, from its class."""

from __future__ import annotations

import importlib
import inspect
from collections.abc import Callable, Iterator, Mapping
from typing import Any

import attrs

import genhub
from docs import _mapping as mapping
from docs._tables import NONE, block, code, first_line, table
from genhub import _registry
from genhub._errors import GenhubError
from genhub._provider import CAPABILITIES
from genhub._requests import REQUESTS

#: The built-in providers, as the docs order them, with what people call them.
TITLES = {"powerpost": "PowerPost", "genpro": "gen.pro", "adgen": "CutX (ad generation)"}


def provider(name: str) -> Any:
    """Return a provider's class."""
    return _registry.load(name)


@block
def matrix() -> str:
    """What each provider can do: kinds of request, and the methods that its class has."""
    names = list(TITLES)
    rows: list[list[object]] = []
    for kind in REQUESTS:
        made = [mapping.base_of(mapping.an_instance(provider(name)), kind) for name in names]
        rows.append([f"makes {kind}", *(NONE if found is None else code(found[1].kind) for found in made)])
    for word in CAPABILITIES:
        can = [word in genhub.capabilities(provider(name)) for name in names]
        rows.append([code(word), *("yes" if each else NONE for each in can)])
    return table(["", *(f"[{TITLES[name]}](providers/{name}.md)" for name in names)], rows)


@block
def billing(name: str) -> str:
    """A provider's money rules, as its class carries them."""
    profile: genhub.BillingProfile = provider(name).billing
    rules = [
        [
            str(rule.moment),
            rule.kind or "all",
            {None: "", True: "with outputs", False: "without outputs"}[rule.outputs],
            f"**{rule.effect}**",
            rule.note,
            rule.source,
        ]
        for rule in profile.rules
    ]
    prices = ", ".join(f"{kind} {amount}" for kind, amount in profile.prices.items())
    facts = [
        ["unit", profile.unit],
        ["checked", profile.checked],
        ["repeated submit", profile.idempotency],
        ["where the cost is said", profile.cost_in],
        ["documented prices", prices or "none"],
        ["sources", "; ".join(profile.sources)],
    ]
    return (
        table(["fact", "by the documents"], facts)
        + "\n\n"
        + table(["moment", "kind", "when", "effect", "note", "source"], rules)
        + "\n\nA moment that is not in the table is `unknown`: nothing is claimed about it."
    )


@block
def statuses(name: str) -> str:
    """A provider's words and ours."""
    words = importlib.import_module(f"genhub_{name}._tables").STATUSES.words
    rows = [[code(theirs), code(ours), "yes" if ours.is_final else "no"] for theirs, ours in words.items()]
    return table(["the vendor's word", "genhub's status", "final"], rows)


@block
def codes(name: str) -> str:
    """A provider's error codes and ours."""
    dialect = provider(name).dialect
    if not dialect.codes:
        return "The vendor documents no codes: the HTTP status decides."
    return table(["the vendor's code", "error"], [[code(c), code(e.__name__)] for c, e in dialect.codes.items()])


@block
def polling(name: str) -> str:
    """How often a provider's jobs are read."""
    every: Mapping[str, float] = provider(name).poll_every
    return table(
        ["kind of call", "seconds between two reads"], [[k or "any other", f"{s:g}"] for k, s in every.items()]
    )


@block
def verbs(name: str) -> str:
    """The vendor's own verbs, called on `hub.account(...)`."""
    kind = provider(name)
    rows = [[code(_signature(verb, member)), first_line(member)] for verb, member in own_verbs(kind)]
    return table(["verb", ""], rows)


def own_verbs(kind: type[Any]) -> Iterator[tuple[str, Any]]:
    """Yield what a provider has beyond the neutral verbs."""
    neutral = {"headers", "prepare", "submit", "poll"}
    for protocol in CAPABILITIES.values():
        neutral |= {name for name in vars(protocol) if not name.startswith("_")}
    for name, member in inspect.getmembers(kind, callable):
        if not name.startswith("_") and name not in neutral and inspect.isfunction(member):
            yield name, member


def _signature(name: str, member: Callable[..., Any]) -> str:
    shown: list[str] = []
    star = False
    for each in list(inspect.signature(member).parameters.values())[2:]:  # without self and http
        if each.kind is each.KEYWORD_ONLY and not star:
            shown.append("*")
            star = True
        shown.append(each.name if each.default is each.empty else f"{each.name}={each.default!r}")
    return f"{name}({', '.join(shown)})"


@block
def fields_at(name: str, kind: str) -> str:
    """What each field of a request becomes at a vendor."""
    a_provider = mapping.an_instance(provider(name))
    base = mapping.base_of(a_provider, kind)
    if base is None:
        return f"Makes no {kind}: refused."
    request, call = base
    needs = ", ".join(code(field) for field in request.asked() if _needed(a_provider, request, field))
    rows: list[list[object]] = []
    last = ""
    for found in mapping.findings(a_provider, kind):
        name_ = "" if found.field == last else code(found.field)
        last = found.field
        sent = ", ".join(f"{code(key)}: {mapping.shown(value)}" for key, value in found.sent.items())
        match found.how:
            case "sent":
                says, why = sent or "nothing: it is what the vendor does anyway", ""
            case "adjusted":
                says, why = sent or "left out", f"only under `adjust`: {found.why}"
            case _:
                says, why = NONE, f"refused: {found.why}"
        rows.append([name_, mapping.shown(found.asked), says, why])
    kind_of_call = f"Kind of call: `{call.kind}`, `POST {call.path}`." + (f" Needs {needs}." if needs else "")
    return kind_of_call + "\n\n" + table(["field", "asked for", "sent", ""], rows)


def _needed(a_provider: Any, request: Any, field: str) -> bool:
    try:
        a_provider.prepare(attrs.evolve(request, **{field: None if field != "platforms" else ()}), "key", adjust=False)
    except GenhubError:
        return True
    return False
