"""What one run of a workload against one contender has shown."""

import dataclasses
import typing

Number = typing.Optional[float]


class Broken(Exception):
    """A run had errors: its numbers mean nothing."""


@dataclasses.dataclass
class Measurement:
    """One workload, one contender, one round. None is what was not, or cannot be, measured.

    A workload counts in a unit of its own (a transaction, a MB, a connection, a client); "each" and
    "per second" are of that unit. Latencies are the client's, CPU and memory the pooler's.
    """

    units: float
    per_second: Number = None
    mean_ms: Number = None
    p50_ms: Number = None
    p95_ms: Number = None
    p99_ms: Number = None
    cpu_us: Number = None        # each: user and system, all threads
    user_us: Number = None
    system_us: Number = None
    busy_cores: Number = None    # of which the pooler had the CPU meanwhile
    moves: Number = None         # each: of a server connection from one worker to another
    peak_mb: Number = None       # VmHWM
    pss_mb: Number = None        # Pss: what it shares with other processes counts in part
    bytes_each: Number = None    # of Pss, where clients are what is counted
    added_ms: Number = None      # p50 less that of no pooler in the same round


FIELDS = tuple(f.name for f in dataclasses.fields(Measurement) if f.name != "units")
