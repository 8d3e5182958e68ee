"""The journal's schema: numbered SQL files, each applied once, in one transaction."""

from __future__ import annotations

import os
from collections.abc import Iterator, Sequence
from importlib.resources import files
from pathlib import Path
from sqlite3 import Connection, complete_statement

from attrs import frozen

from genhub.stores._failures import fail
from genhub.stores._transactions import transaction

#: Written into each journal's header ("GHub"), so that no other program's database is taken for one.
APPLICATION_ID = 0x47487562


@frozen
class Migration:
    number: int
    sql: str


def shipped() -> tuple[Migration, ...]:
    """Return the migrations of this version of genhub, in their order."""
    folder = files("genhub.stores").joinpath("migrations")
    scripts = sorted((each for each in folder.iterdir() if each.name.endswith(".sql")), key=lambda each: each.name)
    return tuple(Migration(int(each.name.removesuffix(".sql")), each.read_text(encoding="utf-8")) for each in scripts)


def migrate(db: Connection, path: Path, migrations: Sequence[Migration]) -> None:
    """Bring a journal (or an empty file) to the present schema; what is in it is copied beside it first."""
    version = _version(db, path, migrations)
    waiting = [each for each in migrations if each.number > version]
    if version and waiting:
        _back_up(db, path.with_name(f"{path.name}.v{version}.bak"))
    for migration in waiting:
        with transaction(db):
            for statement in statements(migration.sql):
                db.execute(statement)
            db.execute(f"PRAGMA application_id = {APPLICATION_ID}")
            db.execute(f"PRAGMA user_version = {migration.number}")


def check(db: Connection, path: Path, migrations: Sequence[Migration]) -> None:
    """Raise JournalError unless the file is a journal that needs no migration."""
    version = _version(db, path, migrations)
    if version < migrations[-1].number:
        what = f"its schema {version} is older than this version of genhub" if version else "it is empty"
        raise fail(path, what, "Open it once without read_only")


def statements(sql: str) -> Iterator[str]:
    """Split a script: `executescript` would commit on its own."""
    statement = ""
    for line in sql.splitlines(keepends=True):
        statement += line
        if complete_statement(statement):
            yield statement
            statement = ""


def _version(db: Connection, path: Path, migrations: Sequence[Migration]) -> int:
    tables: int
    application: int
    version: int
    ((tables, application, version),) = db.execute(
        "SELECT (SELECT count(*) FROM sqlite_master), application_id, user_version "
        "FROM pragma_application_id, pragma_user_version"
    )
    if tables and application != APPLICATION_ID:
        raise fail(path, "it is the database of another program", "Name another file; this one was not touched")
    newest = migrations[-1].number
    if version > newest:
        raise fail(path, f"its schema {version} is newer than this version of genhub ({newest})", "Upgrade genhub-jobs")
    return version


def _back_up(db: Connection, copy: Path) -> None:
    """Write a copy that is whole and on the disk before anything is changed."""
    part = copy.with_name(copy.name + ".part")
    part.unlink(missing_ok=True)
    db.execute("VACUUM INTO ?", (str(part),))
    with open(part, "rb+") as file:
        os.fsync(file.fileno())
    os.replace(part, copy)
