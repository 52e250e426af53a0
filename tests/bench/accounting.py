"""What a process has used, from /proc: CPU time and memory."""

import contextlib
import dataclasses
import glob
import os
import time


@dataclasses.dataclass
class Cpu:
    """Seconds of CPU of all threads of a process."""

    total: float
    user: float
    system: float

    def __sub__(self, other):
        """The time between; the total is exact, its parts are shared out by the kernel's ticks."""
        total = self.total - other.total
        user, system = self.user - other.user, self.system - other.system
        ticks = (user + system) or 1
        return Cpu(total, total * user / ticks, total * system / ticks)


def cpu(pid):
    """What a process has used until now."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as stat:
        fields = stat.read().rpartition(")")[2].split()
    user, system = (int(field) / os.sysconf("SC_CLK_TCK") for field in fields[11:13])
    return Cpu(_scheduled_seconds(pid) or user + system, user, system)


def _scheduled_seconds(pid):
    """Nanosecond by nanosecond, of the threads that live; 0 where the kernel does not count it."""
    total = 0
    for path in glob.glob(f"/proc/{pid}/task/*/schedstat"):
        with open(path, encoding="ascii") as stat:
            total += int(stat.read().split()[0])
    return total / 1e9


def _kilobytes(path, name):
    """A line `Name:  123 kB` as bytes; None where the file may not be read or has no such line."""
    with contextlib.suppress(PermissionError, FileNotFoundError):
        with open(path, encoding="ascii") as file:
            for line in file:
                if line.startswith(name + ":"):
                    return int(line.split()[1]) * 1024
    return None


def peak_bytes(pid):
    """The most that a process ever had in RAM."""
    return _kilobytes(f"/proc/{pid}/status", "VmHWM")


def proportional_bytes(pid):
    """What a process has in RAM now; a page that n processes share counts as its nth part."""
    return _kilobytes(f"/proc/{pid}/smaps_rollup", "Pss")


def note_memory(pid, measurement):
    """What the process has of it now, and at most had."""
    for field, value in (("peak_mb", peak_bytes(pid)), ("pss_mb", proportional_bytes(pid))):
        setattr(measurement, field, None if value is None else value / 1e6)


class Account:
    """Charges a measurement with what the pooler used since this account was opened."""

    def __init__(self, pid):
        self.pid = pid
        self.opened = time.monotonic()
        self.before = cpu(pid) if pid else None

    def charge(self, measurement):
        """Fill in CPU and memory; nothing where there is no pooler."""
        if self.pid is None:
            return
        used, seconds = cpu(self.pid) - self.before, time.monotonic() - self.opened
        measurement.busy_cores = used.total / seconds
        measurement.cpu_us = used.total * 1e6 / measurement.units
        measurement.user_us = used.user * 1e6 / measurement.units
        measurement.system_us = used.system * 1e6 / measurement.units
        note_memory(self.pid, measurement)
