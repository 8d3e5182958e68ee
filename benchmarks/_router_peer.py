"""Run in LiteLLM's own environment: what its Router adds to a call, and what it makes of an afternoon of outages.

    python _router_peer.py cost    < {"url", "rounds", "each", "at_once"}
    python _router_peer.py outages < {"urls", "way", "times": {mark: seconds}}

Reads JSON, says "ready" once everything is imported, begins at the next line, and prints what came of it as JSON. This
file imports nothing of genhub: it is not installed there.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

KEY = "made-up-key"
MESSAGES = [{"role": "user", "content": "Steam rises from a bowl of soup"}]


async def cost(litellm: Any, asked: Mapping[str, Any]) -> dict[str, list[float]]:
    """Return CPU microseconds of a call without the Router and with it, block by block."""
    params = {"model": "openai/gpt-4o-mini", "api_key": KEY, "api_base": f"{asked['url']}/v1"}
    router = litellm.Router(model_list=[{"model_name": "first", "litellm_params": params}])
    works: dict[str, Callable[[], Awaitable[Any]]] = {
        "direct": lambda: litellm.acompletion(messages=MESSAGES, **params),
        "router": lambda: router.acompletion(model="first", messages=MESSAGES),
    }
    used: dict[str, list[float]] = {name: [] for name in works}
    for turn in range(asked["rounds"] + 1):
        for name in list(works) if turn % 2 else list(reversed(works)):
            took = await _block(works[name], asked["at_once"], asked["each"] if turn else 2)
            if turn:  # the first one warms up
                used[name].append(took)
    return used


async def _block(work: Callable[[], Awaitable[Any]], at_once: int, each: int) -> float:
    async def worker() -> None:
        for _ in range(each):
            await work()

    gc.collect()
    begun = time.process_time()
    await asyncio.gather(*(worker() for _ in range(at_once)))
    return (time.process_time() - begun) * 1e6 / (at_once * each)


async def outages(litellm: Any, asked: Mapping[str, Any]) -> dict[str, str]:
    """Ask for one video at each of the times; returns "done" or the error that the caller sees, by mark."""
    urls: list[str] = asked["urls"]
    in_order = asked["way"] == "fallbacks"
    names = [f"account{number}" if in_order else "account" for number in range(len(urls))]
    models = [
        {
            "model_name": name,
            "litellm_params": {"model": "openai/sora-2", "api_key": KEY, "api_base": f"{url}/v1"},
        }
        for name, url in zip(names, urls, strict=True)
    ]
    more = {"fallbacks": [{names[0]: names[1:]}]} if in_order else {}
    router = litellm.Router(model_list=models, **more)
    said: dict[str, str] = {}
    began = time.monotonic()

    async def one(mark: str, at: float) -> None:
        await asyncio.sleep(at - (time.monotonic() - began))
        try:
            await router.avideo_generation(model=names[0], prompt=mark, seconds="4")
        except Exception as error:
            said[mark] = type(error).__name__
        else:
            said[mark] = "done"

    await asyncio.gather(*(one(mark, at) for mark, at in asked["times"].items()))
    return said


def main() -> None:
    asked = json.loads(sys.stdin.readline())
    litellm = importlib.import_module("litellm")
    print("ready", flush=True)
    sys.stdin.readline()
    work = {"cost": cost, "outages": outages}[sys.argv[1]]
    print(json.dumps(asyncio.run(work(litellm, asked))))


if __name__ == "__main__":
    main()
