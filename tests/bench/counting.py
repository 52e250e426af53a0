"""What a unit of a workload costs a pooler in events that can be counted: system calls, instructions.

Two fixed amounts of work are done, of `Workload.sizes`; the difference of the counts belongs to the
difference of the work, and start-up and logins cancel out. These are runs of their own, because to
count makes slow.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile

from measurement import Broken
from support import process


def obstacle_to_strace():
    """Why system calls cannot be counted here; None where they can."""
    if shutil.which("strace") is None:
        return "strace is not installed (tools/install-packages bench)"
    with contextlib.suppress(FileNotFoundError):
        with open("/proc/sys/kernel/yama/ptrace_scope", encoding="ascii") as scope:
            if int(scope.read()) > 0 and os.getuid() != 0:
                return "only root may strace other processes here (kernel.yama.ptrace_scope)"
    return None


def obstacle_to_callgrind():
    """Why instructions cannot be counted here; None where they can."""
    return None if shutil.which("valgrind") else (
        "valgrind is not installed (tools/install-packages bench)")


def countable(rows):
    """Of {workload: rows}, each pair of a workload that has a fixed size and a row with a pooler."""
    return [(workload, row) for workload, found in rows.items() for row in found
            if row.able and workload.sizes is not None and row.kind.pools]


def _each(workload, count):
    """`count(size)` returns events and units; the events of one unit more."""
    (few, little), (many, much) = (count(size) for size in workload.sizes)
    return (many - few) / (much - little)


@contextlib.contextmanager
def _traced(pid):
    """Count the calls of all threads of a process: yields a list that holds the count afterwards."""
    count = []
    with tempfile.TemporaryDirectory(prefix="pgweir-bench-") as folder:
        summary = os.path.join(folder, "summary")
        tracer = process.start(["strace", "-f", "-c", "-o", summary, "-p", str(pid)],
                               stderr=subprocess.PIPE, text=True)
        try:
            line = tracer.stderr.readline()
            if "attached" not in line:
                raise Broken(f"strace could not look at process {pid}: {line}")
            yield count
        finally:
            process.end(tracer, first=signal.SIGINT)
        with open(summary, encoding="ascii") as file:
            total = re.search(r"^\S+\s+\S+\s+\S+\s+(\d+).*\btotal$", file.read(), re.MULTILINE)
        count.append(int(total[1]) if total else 0)


def system_calls(place, workload, row):
    """Of the process that has been measured."""
    contender = place.contender(workload, row)

    def count(size):
        with _traced(contender.pid) as calls:
            units = workload.fixed(contender, place.options, size)
        return calls[0], units

    workload.prepare(contender, place.options)
    return _each(workload, count)


def _callgrind(profile):
    # A worker that waits must not keep the others from running.
    return ["valgrind", "-q", "--tool=callgrind", "--fair-sched=try",
            f"--callgrind-out-file={profile}"]


def _profile(place, workload, row, size, path):
    """Let a process of its own do the work under callgrind, whose profile becomes the file `path`.

    Returns how many units that was.
    """
    with tempfile.TemporaryDirectory(prefix="pgweir-bench-") as folder:
        os.chmod(folder, 0o777)  # PgBouncer, which is another user, writes there
        made = os.path.join(folder, "profile")
        contender = row.kind.start(place, row.setup, _callgrind(made))
        try:
            workload.prepare(contender, place.options)
            units = workload.fixed(contender, place.options, size)
        finally:
            contender.close()
        shutil.copyfile(made, path)
    return units


def instructions(place, workload, row, folder):
    """In user space. The profiles stay in the folder, for callgrind_annotate and kcachegrind."""
    def count(size):
        label = re.sub(r"\W+", "-", row.label)
        path = os.path.join(folder, f"{workload.name}.{label}.{size}")
        units = _profile(place, workload, row, size, path)
        with open(path, encoding="utf-8", errors="replace") as file:
            return int(re.search(r"^totals: (\d+)", file.read(), re.MULTILINE)[1]), units

    return _each(workload, count)
