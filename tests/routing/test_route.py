"""What a route's settings mean, in code and in a file; every mistake names its field."""

from __future__ import annotations

import math
from collections.abc import Mapping
from decimal import Decimal
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from genhub import (
    Account,
    Budget,
    ConfigError,
    GenhubError,
    ImageRequest,
    InsufficientCredits,
    JobError,
    Price,
    ProviderError,
    RateLimited,
    Status,
    TextRequest,
    VideoRequest,
)
from genhub._config import account, read
from genhub._itinerary import Itinerary, Stage
from genhub._jobs import Attempt
from genhub._requests import Request
from genhub.routing import Conditions, Route, Via, cap_of, check, may_follow
from genhub.routing._route import comparable, errors
from tests.routing.test_step import attempt

TABLES: dict[str, dict[str, Any]] = {
    "powerpost": {"provider": "powerpost", "api_key": "k", "workspace_id": "w", "price": "0.05 USD"},
    "backup": {"provider": "powerpost", "api_key": "k", "workspace_id": "v", "price": "0.04 USD"},
    "adgen": {
        "provider": "adgen", "base_url": "https://a.test", "token": "t", "project_id": "p", "product_id": "q",
        "price": "0.10 EUR",
    },
}  # fmt: skip


def accounts(*names: str, **change: Any) -> dict[str, Account]:
    """Accounts by name, with a setting changed for all."""
    return {name: account(name, {**TABLES[name], **change}, {}) for name in names}


def priceless(*names: str) -> dict[str, Account]:
    """Accounts of which nobody knows the price."""
    tables = {name: {key: value for key, value in TABLES[name].items() if key != "price"} for name in names}
    return {name: account(name, table, {}) for name, table in tables.items()}


# In code


def test_a_bare_list_is_a_route_in_that_order() -> None:
    """With all the usual settings: it waits, changes nothing, and tries nobody beside another."""
    route = Route.of(["powerpost", "adgen"])

    assert ("powerpost", "adgen") == route.names
    assert ("order", "strict", "wait", "wait") == (
        route.policy, route.portability, route.on_deadline, route.on_unknown
    )  # fmt: skip
    assert {None} == {
        route.max_attempts, route.max_spend, route.budget, route.deadline, route.hedge_after, route.reuse,
        route.fallback_on, route.allow_unpriced, route.quantile,
    }  # fmt: skip
    assert route is Route.of(route)


def test_accounts_are_names_vias_or_tables() -> None:
    """A single name is a list of one, not its letters."""
    said = Route(accounts=("a", Via(account="b", weight=2), {"account": "c", "kinds": "text"}))

    assert (Via(account="a"), Via(account="b", weight=2.0), Via(account="c", kinds=("text",))) == said.accounts
    assert ("powerpost",) == Route(accounts="powerpost").names


def test_single_words_are_lists_of_one() -> None:
    """Of kinds, platforms, and what a route goes on after."""
    route = Route(accounts=("a",), kinds="text", platforms="x", fallback_on="RateLimited")

    assert (("text",), ("x",), ("RateLimited",)) == (route.kinds, route.platforms, route.fallback_on)


def own_policy(_: object, several: Any) -> Any:
    return several


@pytest.mark.parametrize(
    "good",
    [
        {"policy": "cheapest"},
        {"policy": own_policy},
        {"max_attempts": 1},
        {"max_spend": 0},
        {"deadline": 0},
        {"patience": 0.0},
        {"hedge_after": 0},
        {"hedge_after": 20.5},
        {"hedge_after": "p99.9"},
        {"reuse": 3600},
        {"fallback_on": ()},
        {"fallback_on": ("failed", "not_submitted", "RateLimited", "ProviderError", "GenhubError")},
    ],
    ids=str,
)
def test_what_may_be_said(good: dict[str, Any]) -> None:
    """The edges of what is allowed."""
    (name, value), route = next(iter(good.items())), Route(accounts=("a",), **good)

    assert value == getattr(route, name)


@pytest.mark.parametrize(
    ("bad", "said"),
    [
        ({"accounts": ()}, "accounts is empty"),
        ({"accounts": ("a", "b", "a", "b")}, "accounts has a, b twice"),
        ({"accounts": ({"acount": "a"},)}, "accounts: .*acount"),
        ({"accounts": (None,)}, "accounts: "),
        ({"policy": "cheap"}, "policy is one of order, cheapest, .*, not 'cheap'"),
        ({"policy": 5}, "policy is one of .*, not 5"),
        ({"portability": "loose"}, "portability is one of 'strict', 'adjust', not 'loose'"),
        ({"max_attempts": 0}, "max_attempts must be 1 or more, not 0"),
        ({"max_spend": "-1"}, "max_spend reads like .*, not '-1'"),
        ({"deadline": -1}, "deadline must be .* 0 or more, not -1"),
        ({"deadline": math.inf}, "deadline must be .* 0 or more, not inf"),
        ({"deadline": "90s"}, "deadline must be a number .*, not '90s'"),
        ({"on_deadline": "stop"}, "on_deadline is one of 'wait', 'give_up', not 'stop'"),
        ({"on_unknown": "pay"}, "on_unknown is one of 'wait', 'pay_twice', not 'pay'"),
        ({"patience": math.nan}, "patience must be .* 0 or more, not nan"),
        ({"hedge_after": -1}, "hedge_after must be .* 0 or more, not -1"),
        ({"hedge_after": math.inf}, "hedge_after must be .* 0 or more, not inf"),
        ({"hedge_after": True}, "hedge_after must be a number .*, not True"),
        ({"hedge_after": "p0"}, "hedge_after is seconds, or a quantile like 'p95', not 'p0'"),
        ({"hedge_after": "p100"}, "hedge_after is seconds, .*, not 'p100'"),
        ({"hedge_after": "20s"}, "hedge_after is seconds, .*, not '20s'"),
        ({"reuse": -0.5}, "reuse must be .* 0 or more, not -0.5"),
        ({"reuse": math.inf}, "reuse must be .* 0 or more, not inf"),
        (
            {"fallback_on": ("Failed",)},
            "fallback_on has 'Failed', which is no end and no error. Known are: failed, exp",
        ),
        (
            {"fallback_on": ("SubmissionUnknown",)},
            "fallback_on has 'SubmissionUnknown', which never lets a route go on",
        ),
        ({"fallback_on": ("stopped",)}, "fallback_on has 'stopped'"),
        ({"kinds": ("txt",)}, "kinds are of text, image, video, speech, not 'txt'"),
        ({"accounts": (Via(account="a", weight=0),), "policy": "weighted"}, "policy is weighted, and no account has"),
    ],
    ids=str,
)
def test_a_bad_value_is_named(bad: dict[str, Any], said: str) -> None:
    """The field, what it may be, and what it is."""
    with pytest.raises(ConfigError, match=said):
        Route(**{"accounts": ("a",), **bad})


@pytest.mark.parametrize("weight", [-1, math.inf, math.nan, "2"])
def test_a_weight_is_a_number_of_its_own(weight: Any) -> None:
    """Said when the route is built, not at the first draw."""
    with pytest.raises(ConfigError, match="weight must be a number of 0 or more"):
        Via(account="a", weight=weight)


def test_conditions_of_an_account_are_checked_too() -> None:
    """As those of a route."""
    with pytest.raises(ConfigError, match="kinds are of text, image"):
        Via(account="a", kinds=("clip",))


@given(st.integers(min_value=1, max_value=99))
def test_a_quantile_is_a_share(percent: int) -> None:
    """`p95` is 0.95; a time is none."""
    assert percent / 100 == Route(accounts=("a",), hedge_after=f"p{percent}").quantile
    assert Route(accounts=("a",), hedge_after=percent).quantile is None


# Conditions


@pytest.mark.parametrize(
    ("conditions", "request_", "why"),
    [
        ({}, ImageRequest(prompt="x"), None),
        ({"kinds": ("text", "image")}, ImageRequest(prompt="x"), None),
        ({"kinds": ("text", "image")}, VideoRequest(prompt="x"), "is for text or image, not for video"),
        ({"platforms": ("x", "linkedin")}, TextRequest(prompt="x", platforms=("x",)), None),
        ({"platforms": ("x",)}, TextRequest(prompt="x", platforms=("x", "tiktok")), "is for x, not for tiktok"),
        ({"platforms": ("x",)}, TextRequest(prompt="x"), "is for x, not for a request without platforms"),
        ({"platforms": ("x",)}, ImageRequest(prompt="x"), "is for x, not for a request without platforms"),
        ({"platforms": ("instagram",)}, TextRequest(prompt="x", platforms=("instagram:reel",)), None),
        ({"platforms": ("instagram:reel",)}, TextRequest(prompt="x", platforms=("instagram:reel",)), None),
        (
            {"platforms": ("instagram:reel",)},
            TextRequest(prompt="x", platforms=("instagram:story",)),
            "is for instagram:reel, not for instagram:story",
        ),
        (
            {"platforms": ("instagram:reel",)},
            TextRequest(prompt="x", platforms=("instagram",)),
            "is for instagram:reel, not for instagram",
        ),
        ({"tags": {"team": "a"}}, ImageRequest(prompt="x", tags={"team": "a", "more": "b"}), None),
        ({"tags": {"team": "a"}}, ImageRequest(prompt="x", tags={"team": "b"}), "is for requests with the tag team=a"),
        ({"tags": {"team": "a"}}, ImageRequest(prompt="x"), "is for requests with the tag team=a"),
        (
            {"kinds": ("text",), "tags": {"team": "a"}},
            TextRequest(prompt="x"),
            "is for requests with the tag team=a",
        ),
    ],
    ids=str,
)
def test_which_requests_something_is_for(conditions: dict[str, Any], request_: Request, why: str | None) -> None:
    """All conditions hold at once; a platform covers all its formats, a format only itself."""
    assert why == Conditions(**conditions).against(request_)


# Caps


@pytest.mark.parametrize(
    ("given_", "cap"),
    [
        (None, None),
        (5, Decimal(5)),
        (0, Decimal(0)),
        ("2.5", Decimal("2.5")),
        (" 20 ", Decimal(20)),
        (0.1, Decimal("0.1")),
        (Decimal("1.25"), Decimal("1.25")),
        ("2 USD", Price(amount=Decimal(2), currency="USD")),
        (" 0.50 usd ", Price(amount=Decimal("0.50"), currency="USD")),
        (Price.parse("1 EUR"), Price(amount=Decimal(1), currency="EUR")),
    ],
    ids=repr,
)
def test_a_cap_is_in_credits_or_in_money(given_: Any, cap: object) -> None:
    """A number is credits; with a currency it is money."""
    read_ = cap_of(given_)

    assert (type(cap), cap) == (type(read_), read_)


@pytest.mark.parametrize(
    "bad", ["", "two", "2USD", "USD 2", "2 U$D", "-1", "-1 USD", "nan", "inf USD", -1, True, [5]], ids=repr
)
def test_a_cap_that_is_none(bad: Any) -> None:
    """A cap that can't be read is refused: it must not count as none."""
    with pytest.raises(ConfigError, match=r"max_spend reads like 20 \(credits\) or '2 USD', not "):
        cap_of(bad)


# Against the accounts that there are


def test_a_route_of_accounts_that_are_there() -> None:
    """In credits where there is one kind of them, in money where each has a price in it."""
    there = accounts("powerpost", "backup")

    check("captions", Route(accounts=("powerpost", "backup"), max_spend=20), there)
    check("captions", Route(accounts=("powerpost", "backup"), max_spend="2 usd"), there)
    check("captions", Route(accounts=("powerpost",), budget=Budget(amount=Decimal(5), currency="usd")), there)
    check("captions", Route(accounts=("powerpost",)), there)


@pytest.mark.parametrize(
    ("route", "said"),
    [
        ({"accounts": ("powerpost", "nobody")}, "no account 'nobody'. Accounts are: powerpost, backup, adgen"),
        ({"max_spend": 20}, r"max_spend is in credits, and the accounts have several kinds: .*Write it in money"),
        ({"max_spend": "2 USD"}, "max_spend is in USD, and adgen has no price in it.*price = .* on the account adgen"),
        ({"budget": Budget(amount=Decimal(5))}, "budget is in credits, and the accounts have several kinds"),
        ({"budget": Budget(amount=Decimal(5), currency="EUR")}, "budget is in EUR, and powerpost has no price in it"),
    ],
    ids=str,
)
def test_what_does_not_fit_the_accounts(route: dict[str, Any], said: str) -> None:
    """A name that is none, and a cap that can't be held against what they charge."""
    there = accounts("powerpost", "backup", "adgen")
    with pytest.raises(ConfigError, match=said):
        check("captions", Route(**{"accounts": ("powerpost", "adgen"), **route}), there)


def test_only_its_own_accounts_count() -> None:
    """That another account has other credits, and no price, does not matter."""
    there = {**accounts("powerpost"), **priceless("adgen")}

    check("captions", Route(accounts=("powerpost",), max_spend=20, budget=Budget(amount=Decimal(5))), there)
    check("captions", Route(accounts=("powerpost",), max_spend="2 USD"), there)


def test_a_route_has_a_name_of_its_own() -> None:
    """`to="powerpost"` must mean one thing."""
    with pytest.raises(ConfigError, match="'powerpost' is the name of an account and of a route"):
        check("powerpost", Route(accounts=("powerpost",)), accounts("powerpost"))


def test_money_needs_a_price() -> None:
    """A cap in money can't be held against credits."""
    with pytest.raises(ConfigError, match="max_spend is in USD, and powerpost has no price in it"):
        comparable("max_spend", Price.parse("2 USD"), priceless("powerpost"))
    comparable("max_spend", Decimal(2), priceless("powerpost", "backup"))


# Errors


class OutOfClay(InsufficientCredits):
    """A third party's own error."""


class Grumble(GenhubError):
    """A third party's own, after which nobody else is tried."""


def test_errors_are_found_by_name() -> None:
    """Ours, and a third party's, however deep they derive."""
    found = errors()

    assert GenhubError is found["GenhubError"]
    assert RateLimited is found["RateLimited"]
    assert OutOfClay is found["OutOfClay"]
    assert "ValueError" not in found


@pytest.mark.parametrize("base", [RateLimited, ProviderError, GenhubError])
def test_a_name_that_we_have_is_ours(base: type[GenhubError]) -> None:
    """A third party's class of the same name does not take the place of our own."""
    theirs = type("RateLimited", (base,), {})

    assert theirs in base.__subclasses__()
    assert RateLimited is errors()["RateLimited"]


def refusal(error: str, kind: str = "refused") -> Attempt:
    return attempt(1, Status.FAILED, error=JobError(kind=kind, message="no", error=error))


def itinerary(*fallback_on: str) -> Itinerary:
    stages = (Stage(account="a", why="1st"),)
    return Itinerary(
        stages=stages, max_attempts=2, fallback_on=Route(accounts=("a",), fallback_on=fallback_on).fallback_on
    )


@pytest.mark.parametrize("kind", ["refused", "not_sent"])
def test_a_base_names_what_derives_from_it(kind: str) -> None:
    """`ProviderError` stands for every refusal of a vendor, also of a third party's class."""
    for error in ("RateLimited", "OutOfClay", "ProviderError"):
        assert may_follow(refusal(error, kind), itinerary("ProviderError"))
    assert may_follow(refusal("OutOfClay", kind), itinerary("InsufficientCredits"))
    assert not may_follow(refusal("UnsupportedRequest", kind), itinerary("ProviderError"))
    assert not may_follow(refusal("ProviderError", kind), itinerary("OutOfClay"))


def test_a_third_partys_error_may_be_named() -> None:
    """Where its class says that another account may do better."""
    assert issubclass(OutOfClay, ProviderError)
    assert may_follow(refusal("OutOfClay"), itinerary("OutOfClay"))
    with pytest.raises(ConfigError, match="fallback_on has 'Grumble', which never lets a route go on"):
        itinerary("Grumble")


# In a file


def from_file(given_: Any, tables: Mapping[str, Any] = TABLES) -> Route:
    """The route `captions` as a file's plain data says it."""
    return read({"accounts": tables, "routes": {"captions": given_}}, {}).routes["captions"]


def test_a_route_is_a_list_in_a_file() -> None:
    """The shortest form."""
    assert Route(accounts=("powerpost", "adgen")) == from_file(["powerpost", "adgen"])
    assert {} == read({"accounts": TABLES}, {}).routes


def test_a_route_is_a_table_in_a_file() -> None:
    """With all that it may say; times have units, amounts are exact."""
    route = from_file({
        "accounts": ["powerpost", "backup"], "policy": "cheapest", "portability": "adjust", "max_attempts": 3,
        "max_spend": "2 USD", "budget": {"amount": 0.1, "per": "day", "currency": "USD"}, "deadline": "90s",
        "on_deadline": "give_up", "on_unknown": "pay_twice", "fallback_on": ["failed", "ProviderError"],
        "patience": "1m", "hedge_after": "p95", "reuse": "1h", "allow_unpriced": True, "kinds": ["text"],
        "platforms": ["x", "linkedin"], "tags": {"team": "a"},
    })  # fmt: skip

    assert route == Route(
        accounts=("powerpost", "backup"),
        policy="cheapest",
        portability="adjust",
        max_attempts=3,
        max_spend=Price(amount=Decimal(2), currency="USD"),
        budget=Budget(amount=Decimal("0.1"), per="day", currency="USD"),
        deadline=90.0,
        on_deadline="give_up",
        on_unknown="pay_twice",
        fallback_on=("failed", "ProviderError"),
        patience=60.0,
        hedge_after="p95",
        reuse=3600.0,
        allow_unpriced=True,
        kinds=("text",),
        platforms=("x", "linkedin"),
        tags={"team": "a"},
    )


def test_accounts_may_be_tables_in_a_file() -> None:
    """With a weight and conditions, beside bare names."""
    route = from_file({
        "accounts": [
            {"account": "powerpost", "weight": 0.7, "kinds": ["text"], "platforms": ["x"], "tags": {"team": "a"}},
            "adgen",
        ],
        "policy": "weighted",
    })  # fmt: skip

    first = Via(account="powerpost", weight=0.7, kinds=("text",), platforms=("x",), tags={"team": "a"})
    assert (first, Via(account="adgen")) == route.accounts


@pytest.mark.parametrize(
    ("name", "given_", "value"),
    [
        ("deadline", 90, 90.0),
        ("deadline", "1.5m", 90.0),
        ("hedge_after", "20s", 20.0),
        ("hedge_after", 20, 20.0),
        ("hedge_after", "p99.9", "p99.9"),
        ("reuse", "1d", 86400.0),
        ("max_spend", 20, Decimal(20)),
        ("max_spend", 2.5, Decimal("2.5")),
        ("max_spend", "0.50 usd", Price(amount=Decimal("0.50"), currency="USD")),
        ("budget", {"amount": 5}, Budget(amount=Decimal(5))),
        ("fallback_on", "RateLimited", ("RateLimited",)),
        ("fallback_on", [], ()),
        ("platforms", "x", ("x",)),
    ],
    ids=str,
)
def test_a_setting_of_a_file(name: str, given_: Any, value: object) -> None:
    """In each of its forms."""
    seen = getattr(from_file({"accounts": ["powerpost"], name: given_}), name)

    assert (type(value), value) == (type(seen), seen)


@pytest.mark.parametrize(
    ("given_", "where", "said"),
    [
        ("powerpost", "routes.captions", "expected a table, got 'powerpost'"),
        ([], "routes.captions.accounts", "accounts is a list of accounts' names"),
        ({}, "routes.captions.accounts", "accounts is a list of accounts' names"),
        ({"accounts": "powerpost"}, "routes.captions.accounts", "accounts is a list of accounts' names"),
        (["powerpost", 3], "routes.captions.accounts", "expected a table, got 3"),
        (["powerpost", "powerpost"], "routes.captions", "accounts has powerpost twice"),
        (["powerpots"], "routes.captions", "there is no account 'powerpots'"),
        ([{"acount": "adgen"}], "routes.captions.accounts", "unknown setting 'acount'. Did you mean 'account'"),
        ([{"account": "adgen", "wieght": 1}], "routes.captions.accounts", "'wieght'. Did you mean 'weight'"),
        ([{"weight": 1}], "routes.captions.accounts", "account missing"),
        ([{"account": "adgen", "weight": -1}], "routes.captions.accounts", "weight must be .* 0 or more"),
        ([{"account": "adgen", "kinds": ["txt"]}], "routes.captions.accounts", "kinds are of text"),
        ({"deadlin": "90s"}, "routes.captions.deadlin", "unknown setting 'deadlin'. Did you mean 'deadline'"),
        ({"deadline": "90x"}, "routes.captions.deadline", "a time reads like 2, '2s' or '5m', not '90x'"),
        ({"deadline": -1}, "routes.captions", "deadline must be .* 0 or more"),
        ({"deadline": True}, "routes.captions.deadline", "a time reads like .*, not True"),
        ({"reuse": math.inf}, "routes.captions", "reuse must be .* 0 or more, not inf"),
        ({"patience": "soon"}, "routes.captions.patience", "a time reads like .*, not 'soon'"),
        ({"hedge_after": "20x"}, "routes.captions.hedge_after", "a time reads like .*, not '20x'"),
        ({"hedge_after": "p0"}, "routes.captions", "hedge_after is seconds, or a quantile like 'p95', not 'p0'"),
        ({"max_spend": "2USD"}, "routes.captions.max_spend", "max_spend reads like .*, not '2USD'"),
        ({"max_spend": True}, "routes.captions.max_spend", "max_spend reads like .*, not True"),
        ({"max_spend": "2 EUR"}, "routes.captions", "max_spend is in EUR, and powerpost has no price in it"),
        ({"budget": {"amout": 5}}, "routes.captions.budget", "amout"),
        ({"budget": {"amount": 5, "per": "fortnight"}}, "routes.captions.budget", "fortnight.*per"),
        ({"budget": {"amount": -5}}, "routes.captions.budget", "a number of 0 or more, got -5"),
        ({"policy": "cheap"}, "routes.captions", "policy is one of order, .*, not 'cheap'"),
        ({"policy": ["order"]}, "routes.captions.policy", "expected text"),
        ({"portability": "loose"}, "routes.captions.portability", "loose"),
        ({"on_deadline": "stop"}, "routes.captions.on_deadline", "stop"),
        ({"on_unknown": True}, "routes.captions.on_unknown", "True"),
        ({"max_attempts": 0}, "routes.captions", "max_attempts must be 1 or more, not 0"),
        ({"max_attempts": 1.5}, "routes.captions.max_attempts", "expected a whole number, got 1.5"),
        ({"allow_unpriced": "yes"}, "routes.captions.allow_unpriced", "expected true or false, got 'yes'"),
        ({"fallback_on": ["Failed"]}, "routes.captions", "fallback_on has 'Failed'"),
        ({"fallback_on": [429]}, "routes.captions.fallback_on", r"expected a list of texts, got \[429\]"),
        ({"kinds": ["txt"]}, "routes.captions", "kinds are of text, .*, not 'txt'"),
        ({"platforms": [1]}, "routes.captions.platforms", "expected a list of texts"),
    ],
    ids=str,
)
def test_a_mistake_in_a_file_is_named(given_: Any, where: str, said: str) -> None:
    """With its place: the setting, or the route where several settings do not fit together."""
    table = {"accounts": ["powerpost"], **given_} if isinstance(given_, dict) and given_ else given_
    with pytest.raises(ConfigError, match=said) as caught:
        from_file(table)

    assert where == caught.value.where


def test_a_table_of_routes_that_is_none() -> None:
    """And a table's name that is nearly right."""
    with pytest.raises(ConfigError, match="routes: expected a table"):
        read({"accounts": TABLES, "routes": ["powerpost"]}, {})
    with pytest.raises(ConfigError, match=r"unknown table 'route'\. Did you mean 'routes'"):
        read({"accounts": TABLES, "route": {}}, {})


def test_a_route_of_a_file_has_a_name_of_its_own() -> None:
    """Not an account's."""
    with pytest.raises(ConfigError, match="'adgen' is the name of an account and of a route") as caught:
        read({"accounts": TABLES, "routes": {"adgen": ["adgen"]}}, {})

    assert "routes.adgen" == caught.value.where
