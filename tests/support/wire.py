"""The PostgreSQL protocol 3.0 as bytes: build frontend and backend messages, split a stream.

No sockets here; peer.py and async_peer.py carry these bytes.
"""

import struct
from dataclasses import dataclass

PROTOCOL_3_0 = 0x00030000
PROTOCOL_3_2 = 0x00030002
SSL_REQUEST = 80877103
GSS_REQUEST = 80877104
CANCEL_REQUEST = 80877102


def text(value):
    """A zero-terminated string."""
    raw = value if isinstance(value, bytes) else value.encode()
    return raw + b"\0"


def frame(kind, body=b""):
    """A typed message with its length."""
    code = kind if isinstance(kind, bytes) else kind.encode()
    return code + struct.pack("!I", len(body) + 4) + body


# --- start-up packets -------------------------------------------------------------------------


def startup(parameters, version=PROTOCOL_3_0):
    body = struct.pack("!I", version)
    for key, value in parameters.items():
        body += text(key) + text(value)
    body += b"\0"
    return struct.pack("!I", len(body) + 4) + body


def request(code, payload=b""):
    """SSLRequest, GSSENCRequest and the like."""
    return struct.pack("!II", 8 + len(payload), code) + payload


def cancel(pid, key):
    key = key if isinstance(key, bytes) else struct.pack("!I", key)
    return request(CANCEL_REQUEST, struct.pack("!I", pid) + key)


# --- frontend messages ------------------------------------------------------------------------


def query(sql):
    return frame("Q", text(sql))


def parse(name, sql, oids=()):
    body = text(name) + text(sql) + struct.pack("!H", len(oids))
    return frame("P", body + b"".join(struct.pack("!I", oid) for oid in oids))


def _formats(formats):
    return struct.pack("!H", len(formats)) + b"".join(struct.pack("!h", f) for f in formats)


def _values(values):
    out = struct.pack("!H", len(values))
    for value in values:
        if value is None:
            out += struct.pack("!i", -1)
        else:
            raw = value if isinstance(value, bytes) else str(value).encode()
            out += struct.pack("!i", len(raw)) + raw
    return out


def bind(portal, statement, values=(), formats=(), result_formats=()):
    return frame("B", text(portal) + text(statement) + _formats(formats) + _values(values)
                 + _formats(result_formats))


def describe(kind, name):
    return frame("D", kind.encode() + text(name))


def execute(portal="", rows=0):
    return frame("E", text(portal) + struct.pack("!I", rows))


def close(kind, name):
    return frame("C", kind.encode() + text(name))


def sync():
    return frame("S")


def flush():
    return frame("H")


def terminate():
    return frame("X")


def copy_data(data):
    return frame("d", data if isinstance(data, bytes) else data.encode())


def copy_done():
    return frame("c")


def copy_fail(reason):
    return frame("f", text(reason))


def function_call(oid, formats=(), values=(), result_format=0):
    return frame("F", struct.pack("!I", oid) + _formats(formats) + _values(values)
                 + struct.pack("!h", result_format))


def password(secret):
    return frame("p", text(secret))


# --- backend messages, for scripted servers ---------------------------------------------------


def authentication_ok():
    return frame("R", struct.pack("!I", 0))


def parameter_status(name, value):
    return frame("S", text(name) + text(value))


def backend_key_data(pid, key):
    key = key if isinstance(key, bytes) else struct.pack("!I", key)
    return frame("K", struct.pack("!I", pid) + key)


def ready_for_query(status="I"):
    return frame("Z", status.encode())


def command_complete(tag):
    return frame("C", text(tag))


def row_description(*names):
    body = struct.pack("!H", len(names))
    for name in names:
        body += text(name) + struct.pack("!IhIhih", 0, 0, 25, -1, -1, 0)
    return frame("T", body)


def data_row(*values):
    return frame("D", _values(values))


def error_response(sqlstate="XX000", message="scripted", severity="ERROR", **more):
    fields = {"S": severity, "V": severity, "C": sqlstate, "M": message, **more}
    body = b"".join(key.encode() + text(value) for key, value in fields.items() if value is not None)
    return frame("E", body + b"\0")


def notice_response(message="scripted"):
    return frame("N", error_response("00000", message, "NOTICE")[5:])


# --- reading ----------------------------------------------------------------------------------


@dataclass(frozen=True)
class Message:
    """One typed message: its one-letter code and its body."""

    type: str
    body: bytes

    @property
    def fields(self):
        """The fields of an ErrorResponse or NoticeResponse, by code letter."""
        found = {}
        for item in self.body.split(b"\0"):
            if item:
                found[chr(item[0])] = item[1:].decode("utf-8", "replace")
        return found

    @property
    def sqlstate(self):
        return self.fields.get("C")

    @property
    def status(self):
        """The transaction status of a ReadyForQuery."""
        assert self.type == "Z", self
        return self.body.decode()

    @property
    def values(self):
        """The columns of a DataRow: bytes or None."""
        assert self.type == "D", self
        count, offset, result = struct.unpack("!H", self.body[:2])[0], 2, []
        for _ in range(count):
            length = struct.unpack("!i", self.body[offset:offset + 4])[0]
            offset += 4
            if length < 0:
                result.append(None)
            else:
                result.append(self.body[offset:offset + length])
                offset += length
        return result

    @property
    def strings(self):
        """The zero-terminated strings of CommandComplete, ParameterStatus and the like."""
        return [item.decode("utf-8", "replace") for item in self.body.split(b"\0")[:-1]]


class Splitter:
    """Bytes in, whole messages out."""

    def __init__(self):
        self._buffer = bytearray()
        self._start = 0

    def feed(self, data):
        if self._start > 1 << 20:
            del self._buffer[:self._start]
            self._start = 0
        self._buffer += data

    @property
    def pending(self):
        """Bytes that are no whole message yet."""
        return bytes(self._buffer[self._start:])

    def take(self, count):
        """Raw bytes (the one-byte answer to SSLRequest), or None."""
        if len(self._buffer) - self._start < count:
            return None
        raw = bytes(self._buffer[self._start:self._start + count])
        self._start += count
        return raw

    def next(self):
        """The next whole message, or None."""
        available = len(self._buffer) - self._start
        if available < 5:
            return None
        length = struct.unpack_from("!I", self._buffer, self._start + 1)[0]
        if length < 4:
            raise ValueError(f"a message with length {length}: {self.pending[:40]!r}")
        if available < length + 1:
            return None
        kind = chr(self._buffer[self._start])
        body = bytes(self._buffer[self._start + 5:self._start + 1 + length])
        self._start += length + 1
        if self._start == len(self._buffer):
            self._buffer.clear()
            self._start = 0
        return Message(kind, body)


BACKEND_NAMES = {
    "R": "Authentication", "K": "BackendKeyData", "2": "BindComplete", "3": "CloseComplete",
    "C": "CommandComplete", "d": "CopyData", "c": "CopyDone", "G": "CopyInResponse",
    "H": "CopyOutResponse", "W": "CopyBothResponse", "D": "DataRow", "I": "EmptyQueryResponse",
    "E": "ErrorResponse", "V": "FunctionCallResponse", "v": "NegotiateProtocolVersion",
    "n": "NoData", "N": "NoticeResponse", "A": "NotificationResponse",
    "t": "ParameterDescription", "S": "ParameterStatus", "1": "ParseComplete",
    "s": "PortalSuspended", "Z": "ReadyForQuery", "T": "RowDescription",
}
BACKEND_CODES = {name: code for code, name in BACKEND_NAMES.items()}
