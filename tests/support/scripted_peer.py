"""A fake PostgreSQL server that plays a script to each connection: hostile, odd or exact.

A script is a function `script(session)`; when it returns, the connection is closed. `session`
offers the small vocabulary below. Most scripts start with `session.login()`.
"""

import contextlib
import socket
import struct
import threading

from . import wire
from .peer import Closed
from .timing import scaled


class Session:
    """The server's end of one connection."""

    def __init__(self, connection, index):
        self.connection = connection
        self.index = index          # 0 for the first connection of this server
        self.parameters = {}
        self._splitter = wire.Splitter()
        connection.settimeout(scaled(20))

    def send(self, *parts):
        self.connection.sendall(b"".join(parts))

    def _more(self):
        data = self.connection.recv(1 << 16)
        if not data:
            raise Closed("the client left")
        self._splitter.feed(data)

    def _bytes(self, count):
        while (raw := self._splitter.take(count)) is None:
            self._more()
        return raw

    def receive_request(self):
        """The code of a packet without parameters: an SSLRequest, mostly."""
        return struct.unpack("!II", self._bytes(8))[1]

    def receive_rest(self):
        """Whatever comes until the other side ends the connection."""
        rest = self._splitter.pending
        with contextlib.suppress(OSError):
            while data := self.connection.recv(1 << 16):
                rest += data
        return rest

    def startup(self):
        """Read start-up packets; refuse encryption. Returns the parameters, or None for a cancel."""
        while True:
            length, code = struct.unpack("!II", self._bytes(8))
            body = self._bytes(length - 8)
            if code in (wire.SSL_REQUEST, wire.GSS_REQUEST):
                self.send(b"N")
            elif code == wire.CANCEL_REQUEST:
                return None
            else:
                items = [item.decode() for item in body.split(b"\0")]
                self.parameters = dict(zip(items[0::2], items[1::2]))
                return self.parameters

    def greeting(self, **parameters):
        """What PostgreSQL says after a good login, without ReadyForQuery."""
        settings = {
            "server_version": "15.0", "server_encoding": "UTF8", "client_encoding": "UTF8",
            "DateStyle": "ISO, MDY", "TimeZone": "UTC", "integer_datetimes": "on",
            "standard_conforming_strings": "on", "is_superuser": "off", "IntervalStyle": "postgres",
            "session_authorization": self.parameters.get("user", "app"), "application_name": "",
            **parameters,
        }
        out = wire.authentication_ok()
        for name, value in settings.items():
            out += wire.parameter_status(name, value)
        return out + wire.backend_key_data(4000 + self.index, 77)

    def login(self, **parameters):
        if self.startup() is None:
            raise Closed("a cancel request")
        self.send(self.greeting(**parameters), wire.ready_for_query())

    def receive(self):
        while (message := self._splitter.next()) is None:
            self._more()
        return message

    def receive_until(self, *types):
        messages = [self.receive()]
        while messages[-1].type not in types:
            messages.append(self.receive())
        return messages

    def answer_queries(self, value="1"):
        """Answer every simple query with one row, and what pgweir sends before a client's request
        (Parse, Bind, Execute, Close, Sync), until the client leaves."""
        extended = {"P": wire.frame("1"), "B": wire.frame("2"), "C": wire.frame("3"),
                    "E": wire.command_complete("SELECT 1")}
        while True:
            message = self.receive()
            if message.type == "Q":
                self.send(one_row(value))
            elif message.type in extended:
                self.send(extended[message.type])
            elif message.type == "S":
                self.send(wire.ready_for_query())
            elif message.type == "X":
                return

    def wait_closed(self):
        """Until the other side ends the connection."""
        with contextlib.suppress(OSError):
            while self.connection.recv(1 << 16):
                pass


def one_row(value="1", tag="SELECT 1", status="I"):
    """The whole reply to a query with one column and row."""
    return (wire.row_description("value") + wire.data_row(value) + wire.command_complete(tag)
            + wire.ready_for_query(status))


class ScriptedServer:
    """Listens on a free port; each connection plays `script` (may be replaced at any time)."""

    host = "127.0.0.1"

    def __init__(self, script):
        self.script = script
        self.count = 0
        self.errors = []
        self.cancels = 0
        self._open = []
        self._listener = socket.create_server((self.host, 0), backlog=256)
        self.port = self._listener.getsockname()[1]
        threading.Thread(target=self._accept, daemon=True).start()

    def _accept(self):
        while True:
            try:
                connection, _ = self._listener.accept()
            except OSError:
                return
            session = Session(connection, self.count)
            self.count += 1
            self._open.append(connection)
            threading.Thread(target=self._play, args=(session,), daemon=True).start()

    def _play(self, session):
        try:
            self.script(session)
        except (Closed, OSError):
            pass
        except Exception as error:  # noqa: BLE001 - a broken script must be seen by the test
            self.errors.append(error)
        finally:
            session.connection.close()

    def conninfo(self, dbname="app", user="app", **keywords):
        parts = {"host": self.host, "port": self.port, "dbname": dbname, "user": user, **keywords}
        return " ".join(f"{key}={value}" for key, value in parts.items())

    def keywords(self, dbname="app", user="app", **keywords):
        return {"host": self.host, "port": self.port, "dbname": dbname, "user": user, **keywords}

    def close(self):
        for each in (self._listener, *self._open):
            with contextlib.suppress(OSError):
                each.shutdown(socket.SHUT_RDWR)
        self._listener.close()

    def __enter__(self):
        return self

    def __exit__(self, *_):
        self.close()
        assert not self.errors, self.errors
