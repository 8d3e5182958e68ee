"""A measurement in a process of its own: nothing that another one left behind is in its figures.

    python -m benchmarks._apart benchmarks.MODULE:FUNCTION '{"jobs": 1000}'

calls the function, and prints what it returns as JSON.
"""

from __future__ import annotations

import asyncio
import json
import logging
import subprocess
import sys
from collections.abc import Callable
from importlib import import_module
from inspect import iscoroutine
from typing import Any

from benchmarks._report import ROOT


def apart(work: Callable[..., Any], **what: Any) -> dict[str, float]:
    """Call a function of a module of benchmarks in a fresh process; returns the figures that it returns.

    Raises RuntimeError when that process fails.
    """
    command = [sys.executable, "-m", __name__, f"{work.__module__}:{work.__qualname__}", json.dumps(what)]
    done = subprocess.run(command, cwd=ROOT, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise RuntimeError(f"{work.__qualname__} failed, called with {what}")
    figures: dict[str, float] = json.loads(done.stdout)
    return figures


def main(name: str, what: str) -> None:
    logging.getLogger("genhub").setLevel(logging.CRITICAL)
    module, _, function = name.partition(":")
    said = getattr(import_module(module), function)(**json.loads(what))
    print(json.dumps(asyncio.run(said) if iscoroutine(said) else said))


if __name__ == "__main__":
    main(*sys.argv[1:])
