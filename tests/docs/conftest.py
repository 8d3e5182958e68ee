"""A place where the docs' examples run: a folder with a `genhub.toml`, and the simulators behind it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Iterator
from pathlib import Path

import pytest

from genhub.sim import Simulators

#: What the docs' genhub.toml names, and a simulator does not say.
LAYOUT = """\
[accounts.powerpost]
provider = "powerpost"
base_url = "{powerpost}"
api_key = "$POWERPOST_API_KEY"
workspace_id = "ws-1"
price = "0.05 USD"
poll_every = 0.05

[accounts.genpro]
provider = "genpro"
base_url = "{genpro}"
api_key = "$GENPRO_API_KEY"
agent_id = 42
sheet_id = 101
cell_id = 3000
organization_id = 5
poll_every = 0.05

[accounts.adgen]
provider = "adgen"
base_url = "{adgen}"
token = "$ADGEN_TOKEN"
project_id = "11111111-aaaa-4bbb-8ccc-0000000000a1"
product_id = "11111111-aaaa-4bbb-8ccc-0000000000b1"
poll_every = 0.05

[journal]
url = "sqlite:///genhub.db"
"""


@pytest.fixture
def place(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """The folder that an example runs in. Its simulators live in a thread, so that an example may block its own."""
    loop = asyncio.new_event_loop()
    thread = threading.Thread(target=loop.run_forever, daemon=True)
    thread.start()
    sims = Simulators(speed=100)
    asyncio.run_coroutine_threadsafe(sims.__aenter__(), loop).result()
    try:
        urls = {name: sims[name].url for name in ("powerpost", "genpro", "adgen")}
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


#: The variables that the docs name.
VARIABLES = {"POWERPOST_API_KEY": "pp_live_sk_sim", "GENPRO_API_KEY": "gen_pat_sim", "ADGEN_TOKEN": "sim.jwt.token"}
