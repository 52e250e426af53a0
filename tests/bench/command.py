"""What `compare` and `saturate` have in common: rounds, what they say meanwhile, how they end."""

import contextlib
import json
import os
import signal
import sys
import time

from contenders import Unusable
from measurement import Broken
from support import process


def progress(text):
    """For those who wait."""
    print(text, file=sys.stderr, flush=True)


def busy_before():
    """The load of the machine, with a note if somebody else is at work on it."""
    load = os.getloadavg()[0]
    if load > 0.5:
        progress(f"note: the machine is busy (load {load:.1f}); look at ratios only")
    return load


@contextlib.contextmanager
def ends_as(name):
    """What is run in here ends as a command does: an error is one message, a signal an exit."""
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    process.raise_descriptor_limit()
    try:
        yield
    except (Unusable, Broken) as error:
        sys.exit(f"{name}: {error}")
    except KeyboardInterrupt:
        sys.exit(130)


def _told(found, unit):
    """A measurement in a few words."""
    words = []
    if found.per_second is not None:
        words.append(f"{found.per_second:8,.0f} {unit}s/s".replace("MBs", "MB"))
    if found.cpu_us is not None:
        words.append(f"{found.cpu_us:.1f} µs CPU each, {found.busy_cores:.2f} cores busy")
    if found.bytes_each is not None:
        words.append(f"{found.bytes_each:,.0f} bytes each")
    return ", ".join(words)


def measure_all(place, rows, rounds_of):
    """{workload: {label: Measurements}} of all rows, in `rounds_of(workload)` rounds.

    Rounds of A B C, all workloads in each: slow minutes of the machine hit everyone alike.
    """
    results = {workload: {row.label: [] for row in found} for workload, found in rows.items()}
    for number in range(max(rounds_of(workload) for workload in rows)):
        for workload, row in ((w, r) for w, found in rows.items() for r in found):
            if not row.able or number >= rounds_of(workload):
                continue
            found = workload.measure(place.contender(workload, row), place.options)
            results[workload][row.label].append(found)
            progress(f"round {number + 1}  {workload.name:<17} {row.label:<17}"
                     f" {_told(found, workload.unit)}")
    return results


def save(path, found, versions, options, load):
    """Every measurement, and where and how it was made, as JSON."""
    with open(path, "w", encoding="utf-8") as file:
        json.dump({"time": time.strftime("%Y-%m-%dT%H:%M:%S%z"), "options": vars(options),
                   "versions": versions, "load_before": load, "cores": os.cpu_count(),
                   "kernel": os.uname().release, "workloads": found}, file, indent=1)
        file.write("\n")
