"""What a fresh interpreter needs to import something: CPU, modules, memory."""

from __future__ import annotations

import os
import re
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path

from attrs import frozen

#: Prints how many modules there are, and the memory in use in KiB where the system tells (a process's own largest
#: memory would not do: it counts what its parent had when it was forked).
AFTER = """
import sys
print(len(sys.modules))
try:
    print(next(line.split()[1] for line in open("/proc/self/status") if line.startswith("VmRSS")))
except OSError:
    print("nan")
"""
TOTAL = re.compile(r"^import time:\s*\d+ \|\s*(\d+) \| (\S)", re.MULTILINE)
MB = 1_000_000


@frozen(kw_only=True)
class Subject:
    """Something to import, where it is installed."""

    name: str
    interpreter: Path
    code: str  #: `import x`; `pass` is the bare interpreter


@frozen(kw_only=True)
class Start:
    """One fresh interpreter."""

    cpu: float  #: seconds of user and system time, the whole process
    modules: int
    rss: float  #: MiB


def start(subject: Subject, env: Mapping[str, str]) -> Start:
    """Start an interpreter that imports it, and take its own resource usage."""
    command = [str(subject.interpreter), "-I", "-c", f"{subject.code}\n{AFTER}"]
    with subprocess.Popen(command, env=dict(env), stdout=subprocess.PIPE, text=True) as process:
        assert process.stdout is not None
        out = process.stdout.read()
        _, status, used = os.wait4(process.pid, 0)
        process.returncode = os.waitstatus_to_exitcode(status)
    if process.returncode:
        raise RuntimeError(f"{subject.name}: {subject.code} failed")
    modules, rss = out.split()
    return Start(cpu=used.ru_utime + used.ru_stime, modules=int(modules), rss=float(rss) / 1024)


def rounds(subjects: Sequence[Subject], count: int, env: Mapping[str, str]) -> dict[str, list[Start]]:
    """Start each subject once a round, in turn, so that what disturbs the machine disturbs them all."""
    for subject in subjects:
        start(subject, env)  # what is not in the file cache yet
    starts: dict[str, list[Start]] = {subject.name: [] for subject in subjects}
    for each in range(count):
        for at in range(len(subjects)):
            subject = subjects[(at + each) % len(subjects)]
            starts[subject.name].append(start(subject, env))
    return starts


def importtime(subject: Subject, env: Mapping[str, str]) -> float:
    """Return the milliseconds that `python -X importtime` adds up for what the code imports, all told."""
    command = [str(subject.interpreter), "-I", "-X", "importtime", "-c", subject.code]
    done = subprocess.run(command, env=dict(env), capture_output=True, text=True, check=True)
    # Lines without an indent are imports of the program; `site` and what comes before it are the interpreter's own.
    lines = done.stderr.partition("| site\n")[2] or done.stderr
    return sum(int(found[1]) for found in TOTAL.finditer(lines)) / 1000


def installed(interpreter: Path, *, without: Sequence[str] = ()) -> tuple[int, float]:
    """Return the distributions of an environment without pip, and the megabytes of their files without `.pyc`."""
    out_of_count = ("pip", "setuptools", *without)
    code = (
        "import importlib.metadata as m, os\n"
        f"d = [x for x in m.distributions() if x.name not in {out_of_count!r}]\n"
        "f = {str(x.locate_file(p)) for x in d for p in x.files or () if not str(p).endswith('.pyc')}\n"
        "print(len(d), sum(os.path.getsize(p) for p in f if os.path.isfile(p)))"
    )
    out = subprocess.run([str(interpreter), "-I", "-c", code], capture_output=True, text=True, check=True).stdout
    count, size = out.split()
    return int(count), int(size) / MB
