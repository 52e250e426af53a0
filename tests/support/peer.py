"""A blocking raw client: what a hostile or a very exact driver would be."""

import contextlib
import select
import socket
import struct
import time

from . import wire
from .timing import scaled


class Closed(Exception):
    """The other side ended the connection."""


class Peer(contextlib.AbstractContextManager):
    """A TCP (or Unix) connection that speaks `wire`. Each wait has a time limit."""

    def __init__(self, address, timeout=10, receive_buffer=None):
        family = socket.AF_UNIX if isinstance(address, str) else socket.AF_INET
        self.socket = socket.socket(family)
        if receive_buffer:
            self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        self.timeout = scaled(timeout)
        self.socket.settimeout(self.timeout)
        self.socket.connect(address)
        if family == socket.AF_INET:
            self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self._splitter = wire.Splitter()
        self.pid = self.key = None
        self.parameters = {}

    @classmethod
    def login(cls, target, dbname="app", user="app", timeout=10, receive_buffer=None, **parameters):
        """A connection to `target` (Cluster or Pgweir) that is ready for queries."""
        peer = cls((target.host, target.port), timeout, receive_buffer)
        try:
            peer.startup({"user": user, "database": dbname, **parameters})
        except BaseException:
            peer.abort()
            raise
        return peer

    def startup(self, parameters, version=wire.PROTOCOL_3_0):
        """Send a StartupMessage and read to ReadyForQuery; an error is a ServerError."""
        self.send(wire.startup(parameters, version))
        messages = self.until("Z", "E")
        for message in messages:
            if message.type == "K":
                self.pid, self.key = struct.unpack("!I", message.body[:4])[0], message.body[4:]
            elif message.type == "S":
                name, value = message.strings
                self.parameters[name] = value
        if messages[-1].type == "E":
            raise ServerError(messages[-1])
        return messages

    def send(self, *parts):
        self.socket.sendall(b"".join(parts))

    def _receive(self, limit):
        left = limit - time.monotonic()
        if left <= 0:
            raise TimeoutError(f"nothing came; unfinished: {self._splitter.pending[:80]!r}")
        self.socket.settimeout(left)
        try:
            data = self.socket.recv(1 << 18)
        except TimeoutError:
            raise TimeoutError(
                f"nothing came; unfinished: {self._splitter.pending[:80]!r}") from None
        except ConnectionError as error:
            raise Closed(str(error)) from error
        finally:
            self.socket.settimeout(self.timeout)
        if not data:
            raise Closed(f"end of stream; unfinished: {self._splitter.pending[:80]!r}")
        self._splitter.feed(data)

    def receive(self, timeout=None):
        """The next message."""
        limit = time.monotonic() + (scaled(timeout) if timeout else self.timeout)
        while (message := self._splitter.next()) is None:
            self._receive(limit)
        return message

    def has_input(self):
        """Whether something has come that was not received yet."""
        return bool(select.select([self.socket], [], [], 0)[0])

    def receive_raw(self, count):
        """Untyped bytes, such as the answer to SSLRequest."""
        limit = time.monotonic() + self.timeout
        while (raw := self._splitter.take(count)) is None:
            self._receive(limit)
        return raw

    def until(self, *types, timeout=None):
        """All messages up to and with the first of one of these types."""
        messages = [self.receive(timeout)]
        while messages[-1].type not in types:
            messages.append(self.receive(timeout))
        return messages

    def until_closed(self, timeout=None):
        """All messages until the other side ends the connection."""
        messages = []
        while True:
            try:
                messages.append(self.receive(timeout))
            except Closed:
                return messages

    def query(self, sql, timeout=None):
        """A simple query; its messages to ReadyForQuery."""
        self.send(wire.query(sql))
        return self.until("Z", timeout=timeout)

    def rows(self, sql, timeout=None):
        """A simple query; its rows as lists of str (None for NULL). An error is a ServerError."""
        messages = self.query(sql, timeout)
        for message in messages:
            if message.type == "E":
                raise ServerError(message)
        return [[None if value is None else value.decode() for value in message.values]
                for message in messages if message.type == "D"]

    def value(self, sql, timeout=None):
        return self.rows(sql, timeout)[0][0]

    def close(self):
        """Say goodbye."""
        with contextlib.suppress(OSError):
            self.socket.sendall(wire.terminate())
        self.socket.close()

    def abort(self):
        """Vanish with a RST, as a killed machine's peer would see it."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def vanish(self):
        """Vanish as a killed process does: FIN without Terminate."""
        self.socket.close()

    def __exit__(self, *_):
        self.close()


class ServerError(Exception):
    """An ErrorResponse where none was expected (or where the test wants to look at it)."""

    def __init__(self, message):
        self.fields = message.fields
        self.sqlstate = self.fields.get("C")
        super().__init__(f"{self.fields.get('S')} {self.sqlstate}: {self.fields.get('M')}")


def cancel(target, pid, key, timeout=10):
    """Send a CancelRequest and wait until the other side has closed that connection."""
    with socket.create_connection((target.host, target.port), scaled(timeout)) as connection:
        connection.sendall(wire.cancel(pid, key))
        with contextlib.suppress(ConnectionError):
            while connection.recv(100):
                pass
