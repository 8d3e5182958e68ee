"""A caption from whichever service the genhub.toml names first: the program does not know which one that is.

python examples/switch.py "Dark mode is here."
"""

from __future__ import annotations

import asyncio
import sys
from textwrap import shorten

from genhub import Hub, TextRequest


async def main(prompt: str) -> None:
    request = TextRequest(prompt=prompt, platforms=("instagram",))
    async with Hub.from_config() as hub:
        job = await hub.generate(request, to="captions", timeout=120)
    for output in job.outputs:
        print(f"{output.platform}: {shorten(output.text or '', 60)}")
    cost = job.cost or job.credits  # in money where the account has a price
    print(f"{job.account}: {cost.net} {cost.unit}")


if __name__ == "__main__":
    asyncio.run(main(" ".join(sys.argv[1:]) or "Dark mode is here."))
