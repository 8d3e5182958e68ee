"""CutX's adapter keeps the contract, against its simulator."""

from __future__ import annotations

from collections.abc import Mapping

from genhub import ImageRequest, Provider, Request, Status, TextRequest, VideoRequest
from genhub.sim import AdGenSim, Simulator
from genhub.testing import FakeClock, ProviderContract
from genhub_adgen import AdGen
from genhub_adgen._tables import STATUSES

TOKEN = "eyJhbGciOiJIUzI1NiJ9.c29tZWJvZHk.Zm9yLXNldmVuLWRheXM"
PROJECT, PRODUCT = "11111111-aaaa-4bbb-8ccc-0000000000a1", "11111111-aaaa-4bbb-8ccc-0000000000b1"
SAME = {"adgen": {"idempotencyKey": "launch-hero-1"}}
WORDS = {
    "pending": Status.QUEUED,
    "queued": Status.QUEUED,
    "processing": Status.RUNNING,
    "completed": Status.SUCCEEDED,
    "failed": Status.FAILED,
    "canceled": Status.CANCELED,
    "expired": Status.EXPIRED,
}
REQUESTS: Mapping[str, Request] = {
    "copy": TextRequest(prompt="Dark mode is here"),
    "static_ad": ImageRequest(prompt="A desk at night"),
    "video": VideoRequest(script="Dark mode is here, at last."),
}
REPEATS: Mapping[str, Request] = {
    "static_ad": ImageRequest(prompt="A desk at night", extra=SAME),
    "video": VideoRequest(script="Dark mode is here, at last.", extra=SAME),
}


class TestContract(ProviderContract):
    adapter = AdGen
    statuses = STATUSES
    documented = WORDS
    requests = REQUESTS
    repeats = REPEATS
    secrets = (TOKEN,)

    def vendor(self, clock: FakeClock) -> AdGenSim:
        return AdGenSim(clock=clock, token=TOKEN)

    def provider(self, vendor: Simulator) -> Provider:
        return AdGen(base_url=vendor.url, token=TOKEN, project_id=PROJECT, product_id=PRODUCT)


class TestFetchedToken(TestContract):
    """The same with a token that is fetched."""

    def provider(self, vendor: Simulator) -> Provider:
        async def fetch() -> str:
            return TOKEN

        return AdGen(base_url=vendor.url, token=fetch, project_id=PROJECT, product_id=PRODUCT)
