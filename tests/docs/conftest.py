"""A place where the docs' examples run: a folder with a `genhub.toml`, and the simulators behind it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from genhub.sim import Simulators

from ._layout import LAYOUT, NAMES, VARIABLES


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that an example runs in. Its simulators live in a thread, so that an example may block its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    sims = Simulators(speed=100)
    asyncio.run_coroutine_threadsafe(sims.__aenter__(), loop).result()
    try:
        urls = {name: sims[name].url for name in NAMES}
        (tmp_path / "genhub.toml").write_text(LAYOUT.format(**urls), "utf-8")
        monkeypatch.chdir(tmp_path)
        monkeypatch.delenv("GENHUB_CONFIG", raising=False)
        for variable, value in VARIABLES.items():
            monkeypatch.setenv(variable, value)
        yield tmp_path
    finally:
        asyncio.run_coroutine_threadsafe(sims.__aexit__(None, None, None), loop).result()
        loop.call_soon_threadsafe(loop.stop)
        thread.join()
        loop.close()
