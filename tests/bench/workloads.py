"""The workloads, one entry each, and how one is run against one contender.

A workload is a function `(contender, options) -> Measurement` under a name; `pgbench` makes one from
pgbench's arguments. What is to be measured in another way gets a function of its own.
"""

import dataclasses
import re
import subprocess
import typing

from support import process


@dataclasses.dataclass
class Measurement:
    """One workload, one contender, one round."""

    transactions: int
    tps: float
    latency_ms: float               # mean
    cpu_us: typing.Optional[float]  # of the pooler, per transaction; None without a pooler


@dataclasses.dataclass
class Workload:
    name: str
    about: str
    measure: typing.Callable
    prepares: bool = False  # only for contenders whose clients may use prepared statements


class Broken(Exception):
    """A run had errors: its numbers mean nothing."""


def _number(pattern, output):
    found = re.search(pattern, output)
    if found is None:
        raise Broken(f"pgbench did not say {pattern!r}:\n{output}")
    return float(found[1])


def _run_pgbench(contender, options, arguments):
    answer = subprocess.run(
        [options.pgbench, "-n", "-h", contender.host, "-p", str(contender.port), "-U", "app",
         "-c", str(options.clients), "-j", str(options.jobs), *arguments, "app"],
        capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
        timeout=options.seconds + 120)
    if answer.returncode != 0:
        raise Broken(f"pgbench {' '.join(arguments)} through {contender.name}:\n{answer.stderr}")
    if re.search(r"number of failed transactions: [1-9]", answer.stdout):
        raise Broken(f"transactions failed through {contender.name}:\n{answer.stdout}")
    return answer.stdout


def pgbench(*arguments):
    """A closed loop of pgbench; a short run before it opens the server connections."""
    def measure(contender, options):
        _run_pgbench(contender, options, [*arguments, "-t", "20"])
        before = process.cpu_seconds(contender.pid) if contender.pid else None
        output = _run_pgbench(contender, options, [*arguments, "-T", str(options.seconds)])
        after = process.cpu_seconds(contender.pid) if contender.pid else None
        count = _number(r"transactions actually processed: (\d+)", output)
        if count == 0:
            raise Broken(f"no transaction was processed through {contender.name}")
        return Measurement(
            transactions=int(count),
            tps=_number(r"tps = ([\d.]+)", output),
            latency_ms=_number(r"latency average = ([\d.]+) ms", output),
            cpu_us=(after - before) * 1e6 / count if contender.pid else None)
    return measure


WORKLOADS = [
    Workload("simple", "select-only, simple protocol", pgbench("-S", "-M", "simple")),
    Workload("extended", "select-only, extended protocol", pgbench("-S", "-M", "extended")),
    Workload("prepared", "select-only, named prepared statements", pgbench("-S", "-M", "prepared"),
             prepares=True),
]
