"""The command's root: `genhub`, its errors, and the commands under it."""

from __future__ import annotations

import contextlib
import logging
import os
import sys
from collections.abc import Sequence
from importlib import import_module
from typing import Any

import click

from genhub._campaign import Problems
from genhub._errors import GenhubError
from genhub._plain import to_dict
from genhub._secrets import redact
from genhub._version import __version__
from genhub.cli import _exits as exits
from genhub.cli._session import Session, options

#: Each command and the module that holds it, in the order of the help.
COMMANDS = {
    "run": "_run",
    "text": "_generate",
    "image": "_generate",
    "video": "_generate",
    "speech": "_generate",
    "plan": "_plan",
    "compare": "_compare",
    "jobs": "_jobs",
    "show": "_jobs",
    "watch": "_watch",
    "stop": "_verbs",
    "resume": "_verbs",
    "settle": "_verbs",
    "recover": "_verbs",
    "balance": "_balance",
    "audit": "_audit",
    "adopt": "_audit",
    "ledger": "_ledger",
    "providers": "_providers",
    "config": "_check",
    "sim": "_sim",
}


class Root(click.Group):
    """Loads a command's module when it is asked for, and ends as section 8 of the design says."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        if cmd_name not in COMMANDS:
            return None
        found = getattr(import_module(f"genhub.cli.{COMMANDS[cmd_name]}"), cmd_name)
        assert isinstance(found, click.Command)
        return found

    def main(self, *args: Any, **kwargs: Any) -> Any:
        given = kwargs.get("args", args[0] if args else None)
        said = list(sys.argv[1:] if given is None else given)
        session = Session(json="--json" in said)
        code = exits.DONE
        try:
            with _logs(session):
                try:
                    kwargs |= {"standalone_mode": False, "obj": session}
                    result = super().main(*args, **kwargs)
                    code = result if isinstance(result, int) else exits.DONE
                except BrokenPipeError:
                    raise
                except BaseException as error:
                    code = end(error, session)
            sys.stdout.flush()
        except BrokenPipeError:  # whoever read our output has enough
            with contextlib.suppress(OSError):
                os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(code)


def end(error: BaseException, session: Session) -> int:
    """Tell what went wrong; returns the exit code. Nobody ever sees a traceback who did not ask for it."""
    out = session.out
    match error:
        case click.exceptions.Exit():
            return error.exit_code
        case SystemExit():
            return error.code if isinstance(error.code, int) else exits.FAILED
        case click.ClickException():
            facts = {"type": "UsageError", "message": error.format_message()}
            lines = [error.format_message()]
            if isinstance(error, click.UsageError) and error.ctx is not None:
                lines.append(f"Help: {error.ctx.command_path} --help")
            code = exits.USAGE
        case KeyboardInterrupt() | click.Abort() | exits.Interrupted():
            message = str(error) or "interrupted"
            if session.json:
                out.data({"error": {"type": "Interrupted", "message": message}})
            else:
                out.say(message)
            return exits.INTERRUPTED
        case GenhubError() | Problems():
            facts, lines, code = exits.facts_of(error), exits.lines_of(error), exits.code_of(error)
        case _:
            if os.environ.get("GENHUB_DEBUG"):
                raise error
            path = exits.keep_traceback(error, session.secrets)
            where = f"its traceback is in {path}" if path is not None else "set GENHUB_DEBUG=1 to see its traceback"
            said = redact(str(error), session.secrets)
            message = f"an unforeseen {type(error).__name__}: {said}; {where}. Please report it with that file"
            facts, lines, code = {"type": type(error).__name__, "message": message}, [message], exits.FAILED
    if session.json:
        job = getattr(error, "job", None)
        out.data({"error": facts, **({"job": to_dict(job)} if job is not None else {})})
    else:
        out.fail(lines[0])
        for line in lines[1:]:
            out.say(line)
    return code


class _Lines(logging.Handler):
    """The library's log, in lines on standard error."""

    def __init__(self, session: Session) -> None:
        super().__init__()
        self._session = session

    def emit(self, record: logging.LogRecord) -> None:
        text = redact(record.getMessage(), self._session.secrets)
        self._session.out.say(f"{record.levelname.lower()}: {text}", style="dim")


@contextlib.contextmanager
def _logs(session: Session) -> Any:
    log, handler = logging.getLogger("genhub"), _Lines(session)
    handler.addFilter(lambda record: record.levelno >= (logging.WARNING if session.verbose else logging.ERROR))
    log.addHandler(handler)
    try:
        yield
    finally:
        log.removeHandler(handler)


@click.command(cls=Root, context_settings={"help_option_names": ["-h", "--help"]})
@click.version_option(__version__, prog_name="genhub")
@options
def root() -> None:
    """One job model over content-generation APIs: submit, watch, stop and continue, and every credit in the books.

    \b
    genhub run FILE --sim      a campaign on simulated vendors, without a key
    genhub text PROMPT --to ACCOUNT
    genhub jobs                what was bought, and what became of it

    Exit codes: 0 done, 1 refused or failed, 2 usage or configuration (nothing was sent), 3 in doubt, 4 timed out (the
    job goes on), 130 interrupted.
    """


def run(argv: Sequence[str] | None = None) -> int:
    """Run the command; returns its exit code."""
    try:
        root.main(args=None if argv is None else list(argv), prog_name="genhub")
    except SystemExit as end:
        return end.code if isinstance(end.code, int) else exits.FAILED
    return exits.DONE
