"""The workloads, by group. A group has one table, with the columns that its workloads fill."""

import dataclasses

from workloads.base import Setup
from workloads.bulk import MEGABYTES, ROW, Download, Upload
from workloads.idle import Idle
from workloads.pgbench import Arrivals, Connections, Crowd, Pgbench, Workers

_CPU = ("cpu_us", "user_us", "system_us")
_MEMORY = ("peak_mb", "pss_mb")
_PERCENTILES = ("p50_ms", "p95_ms", "p99_ms")


@dataclasses.dataclass(frozen=True)
class Group:
    """Workloads of one subject, the columns of their table, and those given as ratios, too."""

    name: str
    columns: tuple
    ratios: tuple
    workloads: tuple


_SCRAM = Setup(auth="scram-sha-256")
_ROWS = f"repeat('x', {ROW}) from generate_series(1, {{rows}})"

GROUPS = (
    Group("queries", ("per_second", "mean_ms", *_PERCENTILES, *_CPU, "calls", *_MEMORY),
          ("per_second", "cpu_us"), (
        Pgbench("simple", "select-only, simple protocol", "-S", "-M", "simple"),
        Pgbench("extended", "select-only, extended protocol", "-S", "-M", "extended"),
        Pgbench("prepared", "select-only, named prepared statements", "-S", "-M", "prepared",
                prepares=True),
        Crowd("many", "select-only, 200 clients", "-S", "-M", "simple", clients=200),
        Pgbench("tpcb", "TPC-B-like: transactions of seven statements", "-b", "tpcb-like"),
        Pgbench("tls", "select-only, simple protocol, clients with TLS", "-S", "-M", "simple",
                setup=Setup(tls=True)),
    )),
    Group("latency", ("per_second", "mean_ms", *_PERCENTILES, "added_ms", *_CPU, "calls", *_MEMORY),
          ("p50_ms", "added_ms", "cpu_us"), (
        Pgbench("one", "select-only, one client", "-S", "-M", "simple", clients=1),
        Arrivals("rate", "select-only, 32 clients, transactions arrive at --rate", "-S", "-M",
                 "simple", clients=32),
    )),
    Group("workers", ("per_second", "mean_ms", *_PERCENTILES, *_CPU, "calls", *_MEMORY),
          ("per_second", "cpu_us"), (
        Workers("workers", "select-only, 32 clients, pgweir with 1, 2 and 4 workers", "-S", "-M",
                "simple", clients=32),
    )),
    Group("bulk", ("per_second", *_CPU, "calls", *_MEMORY), ("per_second", "cpu_us"), (
        Download("result", f"one client, results of {MEGABYTES} MB", "select " + _ROWS),
        Download("copy-out", f"one client, COPY TO STDOUT of {MEGABYTES} MB",
                 "copy (select " + _ROWS + ") to stdout"),
        Upload("copy-in", f"one client, COPY FROM STDIN of {MEGABYTES} MB"),
    )),
    Group("connections", ("per_second", "mean_ms", *_PERCENTILES, *_CPU, "calls", *_MEMORY),
          ("per_second", "cpu_us"), (
        Connections("connect", "connect, select 1, disconnect: trust", Setup()),
        Connections("connect-scram", "the same with SCRAM", _SCRAM),
        Connections("connect-scram-tls", "the same with SCRAM over TLS",
                    dataclasses.replace(_SCRAM, tls=True)),
    )),
    Group("memory", ("bytes_each", *_MEMORY), ("bytes_each",), (
        Idle("idle", "idle clients that each ran select 1", "select 1"),
        Idle("idle-tls", "the same with TLS", "select 1", Setup(tls=True)),
        Idle("idle-result", "idle clients that each had a result of 100 kB",
             "select repeat('x', 100000)"),
    )),
)

# In how many rounds the quick form runs what: two minutes together.
QUICK = {"simple": 4, "extended": 4, "prepared": 4, "one": 2, "copy-out": 1, "copy-in": 1,
         "connect-scram": 1, "idle": 1}
# Where it matters what a session has.
TRACKED = ("simple", "extended", "prepared")

WORKLOADS = {workload.name: workload for group in GROUPS for workload in group.workloads}

__all__ = ["GROUPS", "Group", "QUICK", "TRACKED", "WORKLOADS"]
