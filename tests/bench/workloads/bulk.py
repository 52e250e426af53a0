"""Workloads of many bytes. The client is a bare socket, so that it is not what is measured."""

import time

from measurement import Measurement
from plain_client import PlainClient
from support import wire
from workloads.base import Workload

ROW = 1000       # bytes of payload in a row
CHUNK = 8000     # of a CopyData message: about what psql sends
CHUNKS = 64      # handed to the kernel at once
MEGABYTES = 100  # of one statement


class Bulk(Workload):
    """One client that repeats a large statement; the unit is a MB of the protocol's bytes."""

    unit = "MB"
    sizes = (1, 6)  # MB

    def statement(self, client, megabytes):
        """Run it once with this much payload; returns the bytes it moved."""
        raise NotImplementedError

    def prepare(self, contender, options):
        with PlainClient(contender) as client:
            client.ask(wire.query("select 1"))

    def run(self, contender, options):
        with PlainClient(contender) as client:
            begin, moved = time.monotonic(), 0
            while (seconds := time.monotonic() - begin) < options.seconds:
                moved += self.statement(client, MEGABYTES)
        return Measurement(units=moved / 1e6, per_second=moved / 1e6 / seconds)

    def fixed(self, contender, options, size):
        with PlainClient(contender) as client:
            return self.statement(client, size) / 1e6


class Download(Bulk):
    """The answer is large: as many rows as `sql` is told by {rows}."""

    def __init__(self, name, about, sql):
        super().__init__(name, about)
        self.sql = sql

    def statement(self, client, megabytes):
        return client.ask(wire.query(self.sql.format(rows=megabytes * 1_000_000 // ROW)))


class Upload(Bulk):
    """COPY FROM STDIN; the server parses the rows and keeps none."""

    def __init__(self, name, about):
        super().__init__(name, about)
        row = b"x" * (ROW - 1) + b"\n"
        self.batch = wire.copy_data(row * (CHUNK // ROW)) * CHUNKS

    def statement(self, client, megabytes):
        client.begin_copy("copy uploads from stdin where false")
        count = round(megabytes * 1_000_000 / len(self.batch))
        for _ in range(count):
            client.send(self.batch)
        return count * len(self.batch) + client.ask(wire.copy_done())
