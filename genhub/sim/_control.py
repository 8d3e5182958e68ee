"""The control API: what a test or an app in any language asks of a simulator, under `/_sim/`.

    GET  /_sim/state                       name, clock, balance, opening, ledger, jobs, creations, counts, scenarios
    POST /_sim/scenarios   {...} or [...]  the fields of `Scenario`; `fault` by its value, amounts as strings or numbers
    POST /_sim/balance     {"balance": 5}  set the balance
    POST /_sim/reset                       forget jobs, books, requests and scenarios
    POST /_sim/clock       {"advance": 60} move the clock (409 if it is not one that can be moved)
    POST /_sim/jobs/{id}/{verb}            cancel, expire, revive (adgen), stop, continue (gen.pro's dashboard)

No key is asked for, and no header of a request is ever shown. Errors are `{"error": "..."}` with 400, 404 or 409.
"""

from __future__ import annotations

import inspect
from collections.abc import Callable
from decimal import Decimal, InvalidOperation
from typing import TYPE_CHECKING, Any, cast

import attrs
import orjson
from aiohttp import web

from ._scenario import Scenario

if TYPE_CHECKING:
    from ._server import Simulator

#: The verbs on a job, and the simulators' methods behind them.
VERBS = {
    "cancel": "cancel",
    "expire": "expire",
    "revive": "revive",
    "stop": "dashboard_stop",
    "continue": "dashboard_continue",
}


async def serve(sim: Simulator, request: web.BaseRequest) -> web.Response:
    """Answer one request of the control API."""
    parts = request.path.removeprefix("/_sim/").split("/")
    try:
        return _json(await _do(sim, request, parts))
    except LookupError as error:
        return _json({"error": str(error.args[0])}, 404)
    except (AttributeError, TypeError, ValueError, InvalidOperation) as error:
        return _json({"error": str(error)}, 400)
    except RuntimeError as error:
        return _json({"error": str(error)}, 409)


async def _do(sim: Simulator, request: web.BaseRequest, parts: list[str]) -> object:
    raw = await request.read()
    data: Any = orjson.loads(raw) if raw else {}
    match request.method, parts:
        case "GET", ["state"]:
            return state(sim)
        case "POST", ["scenarios"]:
            for item in cast(list[dict[str, object]], data if isinstance(data, list) else [data]):
                sim.script(Scenario.from_dict(item))
        case "POST", ["balance"]:
            sim.set_balance(data.get("balance"))
        case "POST", ["reset"]:
            sim.reset()
        case "POST", ["clock"]:
            advance: Callable[[float], object] | None = getattr(sim.clock, "advance", None)
            if advance is None:
                raise RuntimeError("this clock can not be moved")
            advance(float(data.get("advance", 0)))
        case "POST", ["jobs", job_id, verb]:
            act: Callable[[str], object] | None = getattr(sim, VERBS.get(verb, "-"), None)
            if act is None or job_id not in sim.jobs:
                raise LookupError(f"no job {job_id} that {sim.name} can {verb}")
            if inspect.isawaitable(done := act(job_id)):
                await done
        case _:
            raise LookupError(f"no {request.method} {request.path}")
    return {"ok": True, "now": sim.clock.time(), "balance": sim.balance}


def state(sim: Simulator) -> dict[str, object]:
    """Return everything worth seeing; looking is not a read of any job."""
    return {
        "name": sim.name,
        "now": sim.clock.time(),
        "skew": sim.skew,
        "balance": sim.balance,
        "opening": sim.opening_balance,
        "ledger": [attrs.asdict(line) for line in sim.ledger],
        "jobs": {
            job.id: {
                "kind": job.kind,
                "status": job.status,
                "place": job.place,
                "created_at": job.created_at,
                "finished_at": job.finished_at,
                "cost": job.cost,
                "net": sim.net(job.id),
                "body": job.body,
            }
            for job in sim.jobs.values()
        },
        "creations": [job_id for job_id, _ in sim.creations],
        "requests": sim.counts(),
        "faults": {str(fault): count for fault, count in sim.hits.items()},
        "scenarios": len(sim.scripts),
    }


def _json(data: object, status: int = 200) -> web.Response:
    body = orjson.dumps(data, default=_plain)
    return web.Response(status=status, body=body, content_type="application/json")


def _plain(value: object) -> object:
    """Amounts go out as strings: they are decimals."""
    if isinstance(value, Decimal):
        return str(value)
    raise TypeError(f"{type(value).__name__} is not JSON")
