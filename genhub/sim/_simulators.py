"""All simulators that are installed, started and stopped together."""

from collections.abc import Collection, Iterator, Mapping
from contextlib import AsyncExitStack
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any, Self, cast

from ._clock import AnyClock, Clock
from ._server import Simulator

if TYPE_CHECKING:
    from .adgen import AdGenSim
    from .genpro import GenProSim
    from .powerpost import PowerPostSim

#: The entry points under which simulators are found, ours and others' alike.
GROUP = "genhub.simulators"


class Simulators:
    """The simulators of this installation, on one clock: `async with Simulators() as sims`."""

    def __init__(
        self,
        names: Collection[str] | None = None,
        *,
        speed: float = 1.0,
        seed: int = 0,
        clock: AnyClock | None = None,
        host: str = "127.0.0.1",
        ports: Mapping[str, int] | None = None,
        options: Mapping[str, Mapping[str, Any]] | None = None,
    ) -> None:
        self.clock: AnyClock = Clock() if clock is None else clock
        found = {point.name: point for point in entry_points(group=GROUP)}
        if unknown := sorted(set(names or ()) - set(found)):
            raise LookupError(f"no simulator named {', '.join(unknown)}; there are {', '.join(sorted(found))}")
        self._sims: dict[str, Simulator] = {}
        for name in sorted(found if names is None else names):
            kind = cast(type[Simulator], found[name].load())
            settings: dict[str, Any] = {
                "clock": self.clock,
                "speed": speed,
                "seed": seed,
                "host": host,
                "port": (ports or {}).get(name, 0),
            }
            self._sims[name] = kind(**settings | dict((options or {}).get(name, {})))
        self._stack = AsyncExitStack()

    async def __aenter__(self) -> Self:
        async with AsyncExitStack() as stack:
            for sim in self._sims.values():
                await stack.enter_async_context(sim)
            self._stack = stack.pop_all()
        return self

    async def __aexit__(self, *_: object) -> None:
        await self._stack.aclose()

    def __getitem__(self, name: str) -> Simulator:
        return self._sims[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._sims)

    def __len__(self) -> int:
        return len(self._sims)

    def __contains__(self, name: object) -> bool:
        return name in self._sims

    @property
    def powerpost(self) -> "PowerPostSim":
        """The simulated PowerPost."""
        return cast("PowerPostSim", self["powerpost"])

    @property
    def genpro(self) -> "GenProSim":
        """The simulated gen.pro."""
        return cast("GenProSim", self["genpro"])

    @property
    def adgen(self) -> "AdGenSim":
        """The simulated CutX."""
        return cast("AdGenSim", self["adgen"])
