"""Run in a peer's own environment: one logical submit by a released client at its default settings.

    python _peer_submit.py NAME URL [TIMEOUT]

Only where the server is, a made-up key, and (where answers never come) the time-out are said. Prints what the client
says in the end, as JSON. This file imports nothing of genhub: it is not installed there.
"""

from __future__ import annotations

import asyncio
import importlib
import json
import sys
from collections.abc import Awaitable, Callable
from typing import Any

KEY = "made-up-key"
PROMPT = "Steam rises from a bowl of soup"


async def fal(url: str, timeout: float | None) -> None:
    """fal-client: a submit to the queue. Its URLs are always https, so its constant is set."""
    client: Any = importlib.import_module("fal_client.client")
    client.QUEUE_URL_FORMAT = f"{url}/"
    options = {} if timeout is None else {"default_timeout": timeout}
    await client.AsyncClient(key=KEY, **options).submit("fal-ai/any-video", {"prompt": PROMPT})


async def replicate(url: str, timeout: float | None) -> None:
    """replicate: predictions.create."""
    module, httpx = importlib.import_module("replicate"), importlib.import_module("httpx")
    options = {} if timeout is None else {"timeout": httpx.Timeout(timeout)}
    client = module.Client(api_token=KEY, base_url=url, **options)
    await client.predictions.async_create(model="any/video", input={"prompt": PROMPT})


async def runwayml(url: str, timeout: float | None) -> None:
    """runwayml: image_to_video.create."""
    options = {} if timeout is None else {"timeout": timeout}
    client = importlib.import_module("runwayml").AsyncRunwayML(api_key=KEY, base_url=url, **options)
    await client.image_to_video.create(
        model="gen4_turbo", prompt_image="https://example.test/soup.png", ratio="1280:720", duration=5
    )


async def openai(url: str, timeout: float | None) -> None:
    """openai: videos.create."""
    options = {} if timeout is None else {"timeout": timeout}
    client = importlib.import_module("openai").AsyncOpenAI(api_key=KEY, base_url=f"{url}/v1", **options)
    await client.videos.create(prompt=PROMPT, model="sora-2", seconds="4")


async def litellm(url: str, timeout: float | None, *, fallback: bool = False) -> None:
    """LiteLLM: its Router's avideo_generation."""
    options = {} if timeout is None else {"timeout": timeout}
    names = ("first", "second") if fallback else ("first",)
    models = [
        {
            "model_name": name,
            "litellm_params": {"model": "openai/sora-2", "api_key": KEY, "api_base": f"{url}/{name}/v1", **options},
        }
        for name in names
    ]
    more = {"fallbacks": [{"first": ["second"]}]} if fallback else {}
    router = importlib.import_module("litellm").Router(model_list=models, **more)
    await router.avideo_generation(model="first", prompt=PROMPT, seconds="4")


async def litellm_fallback(url: str, timeout: float | None) -> None:
    """The same with one fallback."""
    await litellm(url, timeout, fallback=True)


CALLS: dict[str, Callable[[str, float | None], Awaitable[None]]] = {
    call.__name__: call for call in (fal, replicate, runwayml, openai, litellm, litellm_fallback)
}


async def main(name: str, url: str, timeout: float | None) -> None:
    try:
        await CALLS[name](url, timeout)
    except Exception as error:
        said = type(error).__name__
    else:
        said = "done"
    print(json.dumps({"said": said}))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], float(sys.argv[3]) if len(sys.argv) > 3 else None))
