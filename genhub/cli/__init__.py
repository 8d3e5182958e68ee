"""The command. Its libraries (click, rich) are the extra `cli` and load when the command runs."""

from __future__ import annotations

import sys
from collections.abc import Sequence


def main(argv: Sequence[str] | None = None) -> int:
    """Run `genhub`; returns the exit code."""
    try:
        try:
            import click
            import rich
        except ModuleNotFoundError as error:
            sys.stderr.write(f"genhub: the command needs {error.name}. Install it: pip install 'genhub-jobs[cli]'\n")
            return 2
        del click, rich
        from genhub.cli._app import run

        return run(argv)
    except KeyboardInterrupt:  # while it was loading
        sys.stderr.write("interrupted; nothing was sent\n")
        return 130
