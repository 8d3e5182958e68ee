"""`genhub sim`: the simulators on ports of their own, for apps in any language."""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Mapping
from typing import Any

import click

from genhub.cli._exits import Interrupted
from genhub.cli._loop import run
from genhub.cli._session import Session, options, pass_session


@click.command()
@click.option("--port", type=click.IntRange(0, 65000), default=8700, show_default=True, help="The first port; 0: any.")
@click.option("--speed", type=float, default=1.0, show_default=True, help="How fast they work.")
@click.option("--host", default="127.0.0.1", show_default=True)
@options
@pass_session
def sim(session: Session, port: int, speed: float, host: str) -> None:
    """Serve the simulated vendors until Ctrl-C.

    What is printed is a genhub.toml: genhub sim > genhub.toml. Any key and any id is served; GET /_sim/state shows a
    simulator's books, POST /_sim/scenarios tells it what is to go wrong.
    """
    with contextlib.suppress(Interrupted):  # this is how it ends
        run(_serve(session, port, speed, host), session.out)
    session.out.say("the simulators are gone, and what they knew")


async def _serve(session: Session, port: int, speed: float, host: str) -> None:
    from genhub._registry import providers
    from genhub.sim import Simulators

    ports = {name: port + number if port else 0 for number, name in enumerate(providers())}
    try:
        async with Simulators(speed=speed, host=host, ports=ports) as sims:
            for name in sims:
                sims[name].accept()
            settings: dict[str, Mapping[str, Any]] = {name: sims[name].settings() for name in sims}
            if session.out.json:
                session.out.data({"accounts": settings})
            else:
                session.out.console.file.write(_toml(settings))
                session.out.console.file.flush()
            await asyncio.Event().wait()
    except OSError as error:
        raise click.UsageError(f"--port {port}: {error.strerror or error}") from None


def _toml(accounts: Mapping[str, Mapping[str, Any]]) -> str:
    lines = ["# The simulators of genhub: no key is real, nothing costs anything. Ctrl-C ends them.", ""]
    for name, table in accounts.items():
        lines += [f"# {table['base_url']}", f"[accounts.{name}]"]
        lines += [f"{key} = {json.dumps(value)}" for key, value in table.items()]
        lines += ["poll_every = 0.5", ""]
    lines += ["[journal]", 'url = "sqlite:///genhub-sim.db"', ""]
    return "\n".join(lines)
