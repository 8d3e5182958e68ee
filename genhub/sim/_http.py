"""A request and its answer, as the simulators see them, and the way from a path to a handler."""

import contextlib
import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from typing import Any, cast

import attrs
import orjson

from ._fields import Fields, Invalid
from ._jobs import SimJob
from ._scenario import CallKind, Scenario, Script


@attrs.define(eq=False)
class Seen:
    """A request that reached a simulator. Its headers hold secrets: they are for tests, nothing prints them."""

    method: str
    path: str
    query: Mapping[str, str]
    headers: Mapping[str, str] = attrs.field(repr=False)
    body: bytes
    at: float
    #: What it was answered with; 0 while, or if, it was not answered.
    status: int = 0

    @property
    def json(self) -> Any:
        """The body as parsed JSON."""
        return orjson.loads(self.body)


@attrs.frozen(kw_only=True)
class Upload:
    """The part of a multipart request that is worth keeping."""

    fields: Mapping[str, str]
    file_name: str | None
    mime_type: str
    size: int


@attrs.define(eq=False, kw_only=True)
class Call:
    """One request on its way through a simulator."""

    kind: CallKind
    method: str
    path: str
    params: Mapping[str, str]
    query: Mapping[str, str]
    headers: Mapping[str, str] = attrs.field(repr=False)
    raw: bytes = b""
    upload: Upload | None = None
    handler: "Handler"
    script: Script | None = None
    scenario: Scenario = attrs.field(factory=Scenario)

    def json(self) -> dict[str, object]:
        """Return the body's JSON object."""
        if self.headers.get("Content-Type", "").partition(";")[0].strip().lower() != "application/json":
            raise Invalid("Content-Type", "must be application/json")
        try:
            data: object = orjson.loads(self.raw)
        except orjson.JSONDecodeError as error:
            raise Invalid("body", "is not JSON") from error
        if not isinstance(data, dict):
            raise Invalid("body", "must be an object")
        return cast(dict[str, object], data)

    def fields(self) -> Fields:
        """Return the body's fields, to be checked."""
        return Fields(self.json())


@attrs.frozen(kw_only=True)
class Answer:
    """What is sent back."""

    status: int = 200
    data: object = None
    #: Instead of JSON: these bytes.
    raw: bytes | None = None
    content_type: str = "application/json"
    headers: Mapping[str, str] = attrs.field(factory=dict[str, str])
    #: Seconds on the clock before it is sent, and what it is then.
    delay: float = 0
    later: "Callable[[], Answer] | None" = None

    @property
    def content(self) -> bytes:
        """The bytes of the body."""
        if self.raw is not None:
            return self.raw
        return b"" if self.data is None else orjson.dumps(self.data)


class Refusal(Exception):
    """The vendor says no: a status, the vendor's code and a message."""

    def __init__(
        self,
        status: int,
        code: str | None,
        message: str,
        *,
        retry_after: float | None = None,
        issues: tuple[str, str] | None = None,
    ) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.retry_after = retry_after
        self.issues = issues


class Broke(RuntimeError):
    """The balance does not hold what a job costs."""

    def __init__(self, cost: Decimal) -> None:
        super().__init__(f"{cost} credits are needed")
        self.cost = cost


Handler = Callable[[Call], Answer]


@attrs.frozen
class Route:
    """One documented endpoint."""

    method: str
    template: str
    kind: CallKind
    handler: Handler = attrs.field(repr=False)


class Router:
    """Finds the route of a request."""

    def __init__(self, routes: Iterable[Route]) -> None:
        self._exact: dict[tuple[str, str], Route] = {}
        self._patterns: list[tuple[str, re.Pattern[str], Route]] = []
        for route in routes:
            if "{" in route.template:
                pattern = re.compile(re.sub(r"\{(\w+)\}", r"(?P<\1>[^/]+)", route.template))
                self._patterns.append((route.method, pattern, route))
            else:
                self._exact[route.method, route.template] = route

    def find(self, method: str, path: str) -> tuple[Route, dict[str, str]] | None:
        """Return the route and the parts of the path that it names."""
        if exact := self._exact.get((method, path)):
            return exact, {}
        for of, pattern, route in self._patterns:
            if of == method and (match := pattern.fullmatch(path)):
                return route, match.groupdict()
        return None


def number(amount: Decimal) -> int | float:
    """Return an amount as JSON has it: whole where it is whole."""
    return int(amount) if amount == amount.to_integral_value() else float(amount)


def subject_text(call: Call, job: SimJob | None) -> str:
    """Return the text that a scenario's `match` is looked up in."""
    if call.kind == "submit":
        return readable(call.raw)
    query = "&".join(f"{name}={value}" for name, value in call.query.items())
    own = readable(orjson.dumps(job.body, default=str)) if job is not None else ""
    return f"{call.path}?{query}\n{readable(call.raw)}\n{own}"


def readable(raw: bytes) -> str:
    """Return a body as text, with JSON's escapes undone so that a match need not know of them."""
    text = raw.decode("utf-8", "replace")
    if "\\" in text:
        with contextlib.suppress(orjson.JSONDecodeError):
            text += "\n" + "\n".join(_strings(orjson.loads(raw)))
    return text


def _strings(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for item in cast(dict[str, object], value).values():
            yield from _strings(item)
    elif isinstance(value, list):
        for item in cast(list[object], value):
            yield from _strings(item)
