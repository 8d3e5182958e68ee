"""Run in a fresh process: open a hub on a journal, and recover. Prints when, as JSON; ends with its input.

    python -m benchmarks._start_child JOURNAL ORIGIN

Imports what a program of a user's would, and nothing else of the benchmarks.
"""

from __future__ import annotations

import asyncio
import json
import logging
import sys
import time

from genhub import Hub
from genhub_adgen import AdGen


async def main(journal: str, origin: str) -> None:
    imported = time.time()
    provider = AdGen(base_url=origin, token="token", project_id="11", product_id="22")
    async with Hub({"ads": provider}, journal=f"sqlite:///{journal}") as hub:
        opened = time.time()
        found = await hub.recover()
        said = {"imported": imported, "opened": opened, "recovered": time.time(), "polling": len(found.polling)}
        print(json.dumps(said), flush=True)
        await asyncio.to_thread(sys.stdin.readline)


if __name__ == "__main__":
    logging.getLogger("genhub").setLevel(logging.CRITICAL)
    asyncio.run(main(*sys.argv[1:]))
