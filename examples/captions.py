"""One caption for two platforms, on a simulated PowerPost: no key, no network, no costs.

python examples/captions.py
"""

from __future__ import annotations

import asyncio

from genhub import Account, Hub, TextRequest
from genhub.sim import Simulators
from genhub_powerpost import PowerPost


async def main() -> None:
    async with Simulators(["powerpost"], speed=10) as sims:
        # At the vendor: PowerPost(api_key=os.environ["POWERPOST_API_KEY"], workspace_id="...")
        provider = PowerPost(**{**sims.powerpost.credentials(), "base_url": sims.powerpost.url})  # type: ignore[arg-type]
        async with Hub({"captions": Account(provider=provider, poll_every=0.2)}) as hub:
            job = await hub.generate(
                TextRequest(prompt="Dark mode is here", platforms=("tiktok", "instagram:reel")), to="captions"
            )
            for output in job.outputs:
                print(f"{output.platform}: {output.text}")
            print(f"{job.credits.net} {job.credits.unit}, exact: {job.credits.exact}")


if __name__ == "__main__":
    asyncio.run(main())
