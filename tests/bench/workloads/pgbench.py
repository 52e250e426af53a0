"""Workloads that pgbench runs: closed loops, one connection a transaction, a fixed arrival rate."""

import glob
import math
import os
import re
import subprocess
import tempfile

from measurement import Broken, Measurement
from workloads.base import Row, Setup, Workload, workers_label

LOGGED_SECONDS = 20  # of transactions; of a longer run a sample is logged


def _number(pattern, output):
    found = re.search(pattern, output)
    if found is None:
        raise Broken(f"pgbench did not say {pattern!r}:\n{output}")
    return float(found[1])


def _environment(contender):
    """libpq's settings come from the workload, never from who runs the benchmark."""
    clean = {name: value for name, value in os.environ.items() if not name.startswith("PG")}
    return {**clean, **contender.client_environment()}


def latencies(folder):
    """Microseconds of each transaction in pgbench's logs, in order of size."""
    found = []
    for path in glob.glob(os.path.join(folder, "log.*")):
        with open(path, encoding="ascii") as file:
            found += [int(line.split(" ", 3)[2]) for line in file]
    return sorted(found)


def percentile(ordered, percent):
    """The smallest value that this many per cent of all do not exceed."""
    return ordered[max(0, math.ceil(len(ordered) * percent / 100) - 1)]


class Pgbench(Workload):
    """A closed loop of pgbench with these arguments."""

    sizes = (5, 205)  # transactions of each client

    def __init__(self, name, about, *arguments, setup=Setup(), clients=None, prepares=False):
        super().__init__(name, about, setup)
        self.arguments, self.clients, self.prepares = arguments, clients, prepares

    def _clients(self, options):
        return self.clients or options.clients

    def _call(self, contender, options, *more):
        clients = self._clients(options)
        answer = subprocess.run(
            [options.pgbench, "-n", "-h", contender.host, "-p", str(contender.port),
             "-U", contender.user, "-c", str(clients), "-j", str(min(options.jobs, clients)),
             *self.arguments, *more, "app"],
            capture_output=True, text=True, check=False, stdin=subprocess.DEVNULL,
            env=_environment(contender), timeout=options.seconds + 300)
        where = f"{self.name} through {contender.name}"
        if answer.returncode != 0:
            raise Broken(f"{where}: pgbench failed:\n{answer.stderr}")
        if re.search(r"number of failed transactions: [1-9]", answer.stdout):
            raise Broken(f"{where}: transactions failed:\n{answer.stdout}")
        return answer.stdout

    def prepare(self, contender, options):
        self._call(contender, options, "-t", "20")

    def _for_a_while(self, contender, options, *more):
        return self._call(contender, options, "-T", str(options.seconds), *more)

    def run(self, contender, options):
        with tempfile.TemporaryDirectory(prefix="pgweir-bench-") as folder:
            sample = min(1.0, LOGGED_SECONDS / options.seconds)
            output = self._for_a_while(contender, options, "-l", "--log-prefix", f"{folder}/log",
                                       "--sampling-rate", f"{sample:.3f}")
            times = latencies(folder)
        count = _number(r"transactions actually processed: (\d+)", output)
        if count == 0 or not times:
            raise Broken(f"{self.name} through {contender.name}: no transaction was processed")
        return Measurement(
            units=int(count), per_second=_number(r"tps = ([\d.]+)", output),
            mean_ms=_number(r"latency average = ([\d.]+) ms", output),
            **{f"p{percent}_ms": percentile(times, percent) / 1e3 for percent in (50, 95, 99)})

    def fixed(self, contender, options, size):
        self._call(contender, options, "-t", str(size))
        return size * self._clients(options)


class Crowd(Pgbench):
    """Many clients: fewer transactions of each are counted."""

    sizes = (1, 21)


class Connections(Pgbench):
    """Each transaction is a connection: login, one query, and the end."""

    unit = "connection"
    sizes = (2, 52)

    def __init__(self, name, about, setup):
        script = os.path.join(os.path.dirname(os.path.abspath(__file__)), "select_1.sql")
        super().__init__(name, about, "-C", "-f", script, setup=setup)

    def prepare(self, contender, options):
        self._call(contender, options, "-t", "2")


class Arrivals(Pgbench):
    """Transactions come at a rate of their own: a latency counts from when one should have begun."""

    sizes = None  # strace would slow the pooler below the rate

    def _for_a_while(self, contender, options, *more):
        return super()._for_a_while(contender, options, *more, "-R", str(options.rate))


class Workers(Crowd):
    """A row for each number of worker threads, where a contender has threads."""

    COUNTS = (1, 2, 4)

    def rows(self, kinds):
        found = []
        for each in kinds:
            if each.threads:
                found += [Row(f"{each.name}, {workers_label(count)}", each,
                              Setup(workers=count)) for count in self.COUNTS]
            else:
                found.append(Row(each.name, each, self.setup))
        return found
