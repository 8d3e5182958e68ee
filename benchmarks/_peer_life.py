"""Run in a peer's own environment: blocks of jobs' lives by a released client, submit to end.

    python _peer_life.py NAME URL

Warms up, and prints {"ready": true}. Then each line `block IN_FLIGHT EACH EVERY` on its input is a block: so many
workers live so many lives each, one after the other, and read a job each EVERY seconds. Answered by a line {"us": CPU
microseconds of one life, of all threads, "whole": false when the block was cut off after `CAP` seconds} or {"error":
why}. Only where the server is, a made-up key and the interval are said, the latter as the client takes it; runwayml
takes none, so its constants are set, and LiteLLM has no call that waits, so that it is read in a loop. This file
imports nothing of genhub: it is not installed there.
"""

from __future__ import annotations

import asyncio
import gc
import importlib
import json
import sys
import time
from collections.abc import Awaitable, Callable
from typing import Any

KEY = "made-up-key"
PROMPT = "A bowl of soup, steaming"
#: So long a block may take, in seconds. Its jobs cost at least what was used up to then.
CAP = 30.0

Life = Callable[[float], Awaitable[None]]


def fal(url: str) -> Life:
    """fal-client: subscribe. Its URLs are always https, so its constant is set."""
    module: Any = importlib.import_module("fal_client.client")
    module.QUEUE_URL_FORMAT = f"{url}/"
    client = module.AsyncClient(key=KEY)

    async def life(every: float) -> None:
        done = await client.subscribe("fal-ai/any-video", {"prompt": PROMPT}, interval=every)
        assert done["video"]["url"], done

    return life


def replicate(url: str) -> Life:
    """replicate: predictions.async_create, and the prediction's async_wait."""
    client = importlib.import_module("replicate").Client(api_token=KEY, base_url=url)

    async def life(every: float) -> None:
        client.poll_interval = every
        made = await client.predictions.async_create(model="any/video", input={"prompt": PROMPT})
        await made.async_wait()
        assert made.status == "succeeded", made

    return life


def runwayml(url: str) -> Life:
    """runwayml: image_to_video.create, and wait_for_task_output."""
    client = importlib.import_module("runwayml").AsyncRunwayML(api_key=KEY, base_url=url)
    polling: Any = importlib.import_module("runwayml.lib.polling")
    polling.POLL_JITTER = 0

    async def life(every: float) -> None:
        polling.POLL_TIME = every
        made = await client.image_to_video.create(
            model="gen4_turbo", prompt_image="https://example.test/soup.png", ratio="1280:720", duration=5
        )
        done = await made.wait_for_task_output()
        assert done.status == "SUCCEEDED", done

    return life


def openai(url: str) -> Life:
    """openai: videos.create_and_poll."""
    client = importlib.import_module("openai").AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1")

    async def life(every: float) -> None:
        done = await client.videos.create_and_poll(
            prompt=PROMPT, model="sora-2", seconds="4", poll_interval_ms=round(every * 1000)
        )
        assert done.status == "completed", done

    return life


def litellm(url: str) -> Life:
    """LiteLLM: avideo_generation without the Router, then avideo_status in a loop."""
    module = importlib.import_module("litellm")
    where = {"api_key": KEY, "api_base": f"{url}/v1"}

    async def life(every: float) -> None:
        made = await module.avideo_generation(model="openai/sora-2", prompt=PROMPT, seconds="4", **where)
        while made.status != "completed":
            await asyncio.sleep(every)
            made = await module.avideo_status(video_id=made.id, **where)

    return life


LIVES: dict[str, Callable[[str], Life]] = {make.__name__: make for make in (fal, replicate, runwayml, openai, litellm)}


async def block(life: Life, in_flight: int, each: int, every: float) -> dict[str, Any]:
    """Live a block of lives; returns CPU microseconds of one, of all threads, and whether all came to their end."""

    async def worker() -> None:
        for _ in range(each):
            await life(every)

    gc.collect()
    begun = time.process_time()
    workers = [asyncio.ensure_future(worker()) for _ in range(in_flight)]
    done, still = await asyncio.wait(workers, timeout=CAP, return_when=asyncio.FIRST_EXCEPTION)
    used = time.process_time() - begun
    for each_done in done:
        each_done.result()
    return {"us": used * 1e6 / (in_flight * each), "whole": not still}


async def main(name: str, url: str) -> None:
    life = LIVES[name](url)
    await block(life, 10, 2, 0.0)
    print(json.dumps({"ready": True}), flush=True)
    # In a thread: what a client leaves to be done later is done between two blocks, and not counted.
    while line := await asyncio.to_thread(sys.stdin.readline):
        _, in_flight, each, every = line.split()
        try:
            said = await block(life, int(in_flight), int(each), float(every))
        except Exception as error:
            said = {"error": f"{type(error).__name__}: {error}"[:160]}
        print(json.dumps(said), flush=True)


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2]))
