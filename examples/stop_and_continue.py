"""Stop a video that takes too long, see what that cost, and let it go on. On a simulated gen.pro.

python examples/stop_and_continue.py
"""

from __future__ import annotations

import asyncio
from pathlib import Path
from tempfile import TemporaryDirectory

from genhub import Account, Hub, VideoRequest
from genhub.sim import Simulators
from genhub_genpro import GenPro


async def main() -> None:
    async with Simulators(["genpro"], speed=20) as sims:
        sim = sims.genpro
        provider = GenPro(
            api_key=sim.api_key, agent_id=sim.agent_id, sheet_id=sim.sheet_id, cell_id=sim.cell_id, base_url=sim.url
        )
        with TemporaryDirectory() as folder:
            journal = f"sqlite:///{Path(folder) / 'genhub.db'}"  # what is bought is here before it is sent
            async with Hub({"video": Account(provider=provider, poll_every=0.2)}, journal=journal) as hub:
                handle = await hub.submit(VideoRequest(prompt="A lantern at dusk", aspect_ratio="9:16"))
                verdict = await handle.stop()
                print(f"{verdict.job.status}: {verdict.money}")
                await handle.resume()
                async for job in handle.updates():
                    print(f"{job.status}: {job.credits.net} {job.credits.unit}")
                for file in await hub.download(handle.job, folder):
                    print(f"{file.path.name}, {file.size} bytes")


if __name__ == "__main__":
    asyncio.run(main())
