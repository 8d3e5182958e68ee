"""PowerPost's adapter keeps the contract, against its simulator."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping

from genhub import ImageRequest, Provider, Request, Status, TextRequest, VideoRequest
from genhub._billing import Effect, Rule
from genhub.sim import Fault, PowerPostSim, Scenario, Simulator
from genhub.testing import FakeClock, ProviderContract
from genhub_powerpost import PowerPost
from genhub_powerpost._tables import STATUSES

KEY = "pp_live_sk_5f0c2e91"
WORDS = {
    "pending": Status.QUEUED,
    "processing": Status.RUNNING,
    "completed": Status.SUCCEEDED,
    "failed": Status.FAILED,
}
REQUESTS: Mapping[str, Request] = {
    "captions": TextRequest(prompt="Dark mode is here", platforms=("tiktok", "instagram")),
    "image": ImageRequest(prompt="A desk at night", count=2),
    "video": VideoRequest(prompt="A lamp goes out", duration=10),
}


class TestContract(ProviderContract):
    adapter = PowerPost
    statuses = STATUSES
    documented = WORDS
    requests = REQUESTS
    secrets = (KEY,)

    def vendor(self, clock: FakeClock) -> PowerPostSim:
        return PowerPostSim(clock=clock, api_key=KEY)

    def provider(self, vendor: Simulator) -> Provider:
        return PowerPost(base_url=vendor.url, api_key=KEY, workspace_id="ws-1")

    def life(self, kind: str, rule: Rule, words: tuple[str, ...]) -> Scenario:
        partial = 1 if rule.effect is Effect.PARTIAL else None
        return Scenario(steps=words, partial=partial)


async def test_a_lost_answer_among_the_first_jobs_at_once_is_found() -> None:
    """Jobs that are sent side by side before the vendor's clock was known are not worse off than later ones."""
    async with TestContract().bench() as bench:
        bench.vendor.script(Scenario(fault=Fault.LOSE_ANSWER, match="number 3"))
        requests = [TextRequest(prompt=f"Caption number {number}", platforms=("tiktok",)) for number in range(5)]
        jobs = await asyncio.gather(*(bench.submit(request) for request in requests))
        ends = [await bench.end(job.id) for job, _ in jobs]

        assert [Status.SUCCEEDED] * 5 == [job.status for job in ends]
        assert sorted(bench.made) == sorted(job.provider_id or "" for job in ends)
