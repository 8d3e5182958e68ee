"""What a comparison needs beyond the core, and what to say when it is not there."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager

from genhub._errors import ConfigError


@contextmanager
def extra() -> Generator[None]:
    """Import packages of the extra `compare` inside; raises ConfigError that names the extra when one is missing."""
    try:
        yield
    except ModuleNotFoundError as error:
        raise ConfigError(
            f"a comparison needs {error.name}, which is not installed", remedy="pip install 'genhub-jobs[compare]'"
        ) from None
