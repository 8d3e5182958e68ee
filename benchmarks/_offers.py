"""What genhub is asked to buy in `lost_response`: one request for each way to be charged."""

from __future__ import annotations

from typing import Any

from attrs import frozen

from genhub import Account, ImageRequest, Request, TextRequest, VideoRequest
from genhub.sim import AdGenSim, GenProSim, PowerPostSim, Scenario, Simulator
from genhub_adgen import AdGen
from genhub_genpro import GenPro
from genhub_powerpost import PowerPost

SIMULATORS: dict[str, type[Simulator]] = {"powerpost": PowerPostSim, "genpro": GenProSim, "adgen": AdGenSim}
PROVIDERS: dict[str, type[Any]] = {"powerpost": PowerPost, "genpro": GenPro, "adgen": AdGen}


@frozen
class Offer:
    """One kind of job at one provider."""

    name: str
    provider: str
    request: Request
    duration: float = 4.0  #: seconds that the vendor works on it

    def vendor(self, clock: Any = None) -> Simulator:
        """Return the simulated vendor."""
        vendor = SIMULATORS[self.provider](**({} if clock is None else {"clock": clock}))
        vendor.script(Scenario(queue=0.5 if self.duration else 0.0, duration=self.duration, times=None))
        return vendor

    def account(self, vendor: Simulator, origin: str, timeout: float | None) -> Account:
        """Return an account at a vendor that is reached by another origin."""
        settings = {**vendor.settings(), "base_url": origin + vendor.base_path}
        return account(settings, timeout)


def account(settings: dict[str, Any], timeout: float | None) -> Account:
    """Return an account by its settings; without a time-out: genhub's own."""
    kind = PROVIDERS[settings["provider"]]
    provider = kind(**{name: value for name, value in settings.items() if name != "provider"})
    return Account(provider=provider) if timeout is None else Account(provider=provider, timeout=timeout)


OFFERS = (
    Offer("powerpost captions", "powerpost", TextRequest(prompt="Soup season is here", platforms=("tiktok",))),
    Offer("powerpost image", "powerpost", ImageRequest(prompt="A bowl of soup, steaming")),
    Offer("powerpost video", "powerpost", VideoRequest(prompt="Steam rises from the soup", duration=5), 25.0),
    Offer("genpro cell", "genpro", TextRequest(prompt="Soup season is here")),
    Offer("adgen copy", "adgen", TextRequest(prompt="Soup season is here"), 0.0),
    Offer("adgen static ad", "adgen", ImageRequest(prompt="A bowl of soup, steaming")),
    Offer("adgen video", "adgen", VideoRequest(script="Soup that stays hot for nine hours."), 25.0),
)
