"""Which providers are installed. Built-in and third-party adapters take the same road."""

from __future__ import annotations

from importlib.metadata import EntryPoint, entry_points
from typing import Any

from genhub._errors import ConfigError

GROUP = "genhub.providers"


def _points() -> dict[str, EntryPoint]:
    found: dict[str, EntryPoint] = {}
    for point in entry_points(group=GROUP):
        first = found.setdefault(point.name, point)
        if first.value != point.value:
            raise ConfigError(
                f"two packages claim the provider {point.name!r}: {first.value} and {point.value}",
                remedy="Uninstall one of them",
            )
    return found


def providers() -> tuple[str, ...]:
    """Return the names of all installed providers; imports none of them."""
    return tuple(sorted(_points()))


def load(name: str) -> type[Any]:
    """Import one provider's class; raises ConfigError that names the ones there are."""
    point = _points().get(name)
    if point is None:
        raise ConfigError(f"there is no provider {name!r}", remedy=f"Installed are: {', '.join(providers()) or 'none'}")
    try:
        loaded: type[Any] = point.load()
    except Exception as error:
        raise ConfigError(
            f"the provider {name!r} ({point.value}) can't be imported: {error}", remedy="Install its package again"
        ) from error
    return loaded
