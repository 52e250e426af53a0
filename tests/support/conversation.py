"""The text form of raw protocol conversations (`*.pgs`): parsing. See tests/README.md."""

import os
import re
from dataclasses import dataclass, field

from . import wire

_STRING = re.compile(r'(x?)"((?:[^"\\]|\\.)*)"')
_INTEGER = re.compile(r"-?\d+")
_WORD = re.compile(r"[A-Za-z_.][\w.]*")
_DIRECTIVES = {"setup", "teardown", "modes", "mode", "split", "startup", "database", "user",
               "protocol", "compare", "concurrent", "mask", "about", "timeout", "since"}
_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "0": "\0", '"': '"', "\\": "\\"}


class PgsError(Exception):
    """A conversation file that cannot be understood, with its line."""


@dataclass
class Step:
    """One line: `kind` is send, until, message, eof, bytes, shutdown or sql."""

    kind: str
    text: str
    data: bytes = b""
    types: tuple = ()
    count: int = 1


@dataclass
class Conversation:
    name: str
    about: str = ""
    setup: list = field(default_factory=list)
    teardown: list = field(default_factory=list)
    modes: tuple = ("session", "transaction")
    sending: str = "together"            # together, message-by-message, byte-by-byte
    split: tuple = ()
    parameters: dict = field(default_factory=dict)
    logs_in: bool = True
    version: int = wire.PROTOCOL_3_0
    compare: str = "exact"               # exact; text: errors but for their place in the source;
                                         # code: errors by severity and SQLSTATE
    concurrent: bool = None
    masks: list = field(default_factory=list)
    timeout: float = 10
    since: int = 0                       # the server's version from which PostgreSQL answers so
    steps: list = field(default_factory=list)

    @property
    def runs_concurrently(self):
        """Whether two clients can play it at once: by default when it needs no table of its own."""
        if self.concurrent is None:
            return not self.setup
        return self.concurrent


class _Arguments:
    """Reads `"s1" "select 1" [23, null] x"0001" "a" * 1000 + "b"`."""

    def __init__(self, source):
        self.source, self.position = source, 0

    def _match(self, pattern):
        found = pattern.match(self.source, self.position)
        if found:
            self.position = found.end()
        return found

    def _blank(self):
        while self.position < len(self.source) and self.source[self.position] in " \t,":
            self.position += 1

    def _next(self):
        self._blank()
        return self.source[self.position:self.position + 1]

    def all(self):
        values = []
        while self._next():
            values.append(self.expression())
        return values

    def expression(self):
        value = self.term()
        while self._next() in ("*", "+"):
            operator = self._next()
            self.position += 1
            self._blank()
            other = self.term()
            if operator == "*":
                value = value * other
            else:
                value = _bytes(value) + _bytes(other)
        return value

    def term(self):
        if self._next() == "[":
            self.position += 1
            items = []
            while self._next() != "]":
                items.append(self.expression())
            self.position += 1
            return items
        if found := self._match(_STRING):
            return bytes.fromhex(found[2]) if found[1] else _unescape(found[2])
        if found := self._match(_INTEGER):
            return int(found[0])
        if found := self._match(_WORD):
            return None if found[0] == "null" else found[0]
        raise PgsError(f"cannot read {self.source[self.position:]!r}")


def _bytes(value):
    return value if isinstance(value, bytes) else str(value).encode()


def _unescape(raw):
    def one(found):
        if found[1]:
            return chr(int(found[1], 16))
        return _ESCAPES.get(found[2], found[2])
    return re.sub(r"\\(?:x([0-9a-fA-F]{2})|(.))", one, raw)


def _raw(arguments):
    return b"".join(bytes.fromhex(part) for part in arguments.split())


_BUILDERS = {
    "Query": wire.query, "Parse": wire.parse, "Bind": wire.bind, "Describe": wire.describe,
    "Execute": wire.execute, "Close": wire.close, "Sync": wire.sync, "Flush": wire.flush,
    "Terminate": wire.terminate, "CopyData": wire.copy_data, "CopyDone": wire.copy_done,
    "CopyFail": wire.copy_fail, "FunctionCall": wire.function_call, "Password": wire.password,
}


def _startup(values):
    version = values[0] if isinstance(values[0], int) else _version(values[0])
    pairs = values[1:]
    return wire.startup(dict(zip(pairs[0::2], pairs[1::2])), version)


def _version(text):
    major, minor = text.split(".")
    return int(major) << 16 | int(minor)


def build(line):
    """The bytes of one message, e.g. `Query "select 1"` or `repeat 3 Sync`."""
    name, _, rest = line.partition(" ")
    if name == "repeat":
        count, _, inner = rest.strip().partition(" ")
        return build(inner.strip()) * int(count)
    if name == "raw":
        rest = rest.strip()
        return _bytes(_Arguments(rest).expression()) if '"' in rest else _raw(rest)
    if name == "SSLRequest":
        return wire.request(wire.SSL_REQUEST)
    if name == "GSSENCRequest":
        return wire.request(wire.GSS_REQUEST)
    values = _Arguments(rest).all()
    if name == "Startup":
        # The version is a word such as v3.2, so that it is no number.
        values[0] = values[0].lstrip("v") if isinstance(values[0], str) else values[0]
        return _startup(values)
    if name == "frame":
        return wire.frame(_bytes(values[0]), b"".join(_bytes(value) for value in values[1:]))
    if name not in _BUILDERS:
        raise PgsError(f"no message is called {name!r}")
    return _BUILDERS[name](*values)


def _receive_step(line):
    words = line.split()
    if words[0] == "eof":
        return Step("eof", line)
    if words[0] == "bytes":
        return Step("bytes", line, count=int(words[1]))
    if words[0] == "message":
        return Step("message", line, count=int(words[1]) if len(words) > 1 else 1)
    if words[0] == "until":
        names = [word for word in words[1:] if not word.isdigit()]
        count = int(words[-1]) if words[-1].isdigit() else 1
        try:
            return Step("until", line, types=tuple(wire.BACKEND_CODES[name] for name in names),
                        count=count)
        except KeyError as error:
            raise PgsError(f"no message is called {error}") from None
    raise PgsError(f"cannot wait for {line!r}")


def _directive(conversation, key, value):
    if key in ("setup", "teardown"):
        getattr(conversation, key).append(value)
    elif key == "modes":
        conversation.modes = tuple(value.replace(",", " ").split())
    elif key == "mode":
        conversation.sending = value
    elif key == "split":
        conversation.split = tuple(int(part) for part in value.split(","))
    elif key == "startup":
        if value == "none":
            conversation.logs_in = False
        else:
            name, _, own = value.partition(" ")
            conversation.parameters[name] = _Arguments(own).expression()
    elif key in ("database", "user"):
        conversation.parameters[key] = value
    elif key == "protocol":
        conversation.version = _version(value)
    elif key == "concurrent":
        conversation.concurrent = value == "yes"
    elif key == "mask":
        conversation.masks.append(re.compile(value))
    elif key == "timeout":
        conversation.timeout = float(value)
    elif key == "since":
        conversation.since = int(value)
    elif key == "about":
        conversation.about += value + " "
    else:
        setattr(conversation, key, value)


def parse(name, source, tag="A"):
    """A conversation from its text, with every `@TAG@` replaced."""
    conversation = Conversation(name)
    for number, line in enumerate(source.replace("@TAG@", tag).splitlines(), 1):
        line = line.strip()
        try:
            _line(conversation, line)
        except (PgsError, ValueError, TypeError, IndexError) as error:
            raise PgsError(f"{name}:{number}: {error}: {line}") from error
    if not conversation.steps:
        raise PgsError(f"{name}: says nothing")
    return conversation


def _line(conversation, line):
    if not line or line.startswith("#"):
        return
    if line.startswith(">"):
        inner = line[1:].strip()
        if inner == "shutdown":
            conversation.steps.append(Step("shutdown", line))
        else:
            conversation.steps.append(Step("send", line, data=build(inner)))
    elif line.startswith("<"):
        conversation.steps.append(_receive_step(line[1:].strip()))
    elif line.startswith("! sql "):
        conversation.steps.append(Step("sql", line[6:]))
    else:
        key, colon, value = line.partition(":")
        if not colon or key not in _DIRECTIVES:
            raise PgsError("no directive, no message")
        _directive(conversation, key, value.strip())


def load(path, tag="A"):
    with open(path, encoding="utf-8") as file:
        return parse(os.path.basename(path).removesuffix(".pgs"), file.read(), tag)
