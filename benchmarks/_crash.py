"""A process of its own for `lost_response`: it submits and is killed, or it starts again and recovers.

python -m benchmarks._crash submit|recover OFFER JOURNAL   < settings and time-out as JSON
"""

from __future__ import annotations

import asyncio
import json
import sys
from typing import Any

from benchmarks._offers import OFFERS, account
from genhub import Hub, SubmissionUnknown


async def submit(hub: Hub, offer: str) -> str:
    """Submit; this process is killed in the middle of it."""
    request = next(each.request for each in OFFERS if each.name == offer)
    handle = await hub.submit(request, to="account")
    return f"was not killed: {handle.status}"


async def recover(hub: Hub, _: str) -> str:
    """Recover, and follow the job until it is known whether it was made."""
    await hub.recover()
    jobs = [job async for job in hub.jobs()]
    if len(jobs) != 1:
        return f"{len(jobs)} jobs in the journal"
    handle = await hub.get(jobs[0].id)
    try:
        async for job in handle.updates():
            if not job.status.in_doubt:
                return "found" if job.attempt.provider_id else "not bought"
    except SubmissionUnknown:
        return "in doubt"
    return str(handle.status)


async def main(verb: str, offer: str, journal: str, settings: dict[str, Any], timeout: float | None) -> None:
    async with Hub({"account": account(settings, timeout)}, journal=f"sqlite:///{journal}") as hub:
        print(await (submit if verb == "submit" else recover)(hub, offer))


if __name__ == "__main__":
    asyncio.run(main(sys.argv[1], sys.argv[2], sys.argv[3], **json.load(sys.stdin)))
