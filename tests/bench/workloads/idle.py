"""The memory of clients that are connected and do nothing."""

import contextlib

import accounting
from measurement import Broken, Measurement
from plain_client import PlainClient
from support import wire
from workloads.base import Setup, Workload

WARM_UP = 50  # clients that pay for what a process needs once


class Idle(Workload):
    """Clients log in one after the other, and each asks once. A process of its own in each round:
    what one crowd has freed, the next would use again."""

    unit = "client"
    needs_pooler = fresh = True
    most_rounds = 2

    def __init__(self, name, about, sql, setup=Setup()):
        super().__init__(name, about, setup)
        self.request = wire.query(sql)

    def run(self, contender, options):
        with contextlib.ExitStack() as clients:
            def crowd(count):
                for _ in range(count):
                    clients.enter_context(PlainClient(contender)).ask(self.request)
                return accounting.proportional_bytes(contender.pid)

            before = crowd(WARM_UP)
            after = crowd(options.idle_clients)
            if before is None:
                raise Broken(f"the memory of {contender.name} (/proc/{contender.pid}/smaps_rollup)"
                             " may not be read: run this as root")
            found = Measurement(units=options.idle_clients,
                                bytes_each=(after - before) / options.idle_clients)
            # While they are there.
            accounting.note_memory(contender.pid, found)
        return found

    def measure(self, contender, options):
        """Without CPU: clients in Python, one after the other, are no load."""
        return self.run(contender, options)
