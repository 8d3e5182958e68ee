"""gen.pro's adapter keeps the contract, against its simulator."""

from __future__ import annotations

from collections.abc import Mapping

from genhub import ImageRequest, Provider, Request, SpeechRequest, Status, TextRequest, VideoRequest
from genhub.sim import GenProSim, Simulator
from genhub.testing import FakeClock, ProviderContract
from genhub_genpro import GenPro
from genhub_genpro._tables import STATUSES

KEY = "gen_pat_9b1d77aa"
WORDS = {
    "pending": Status.QUEUED,
    "processing": Status.RUNNING,
    "completed": Status.SUCCEEDED,
    "failed": Status.FAILED,
    "stopped": Status.STOPPED,
}
REQUESTS: Mapping[str, Request] = {
    "text": TextRequest(prompt="Dark mode is here"),
    "image": ImageRequest(prompt="A desk at night"),
    "video": VideoRequest(prompt="A lamp goes out"),
    "speech": SpeechRequest(script="Dark mode is here."),
}


class TestContract(ProviderContract):
    adapter = GenPro
    statuses = STATUSES
    documented = WORDS
    requests = REQUESTS
    secrets = (KEY,)

    def vendor(self, clock: FakeClock) -> GenProSim:
        return GenProSim(clock=clock, api_key=KEY)

    def provider(self, vendor: Simulator) -> Provider:
        return GenPro(base_url=vendor.url, api_key=KEY, agent_id=42, sheet_id=101, cell_id=3000, organization_id=5)


class TestWithItsKey(TestContract):
    """The same with the `Idempotency-Key` of the wider documents."""

    def provider(self, vendor: Simulator) -> Provider:
        return GenPro(base_url=vendor.url, api_key=KEY, agent_id=42, sheet_id=101, cell_id=3000, idempotency=True)


class TestShortAnswers(TestContract):
    """The same with a vendor that answers stop and continue by an id and a word."""

    def vendor(self, clock: FakeClock) -> GenProSim:
        return GenProSim(clock=clock, api_key=KEY, short_answers=True, ids="string", costs="string")
