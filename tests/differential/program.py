"""What a program is: the steps of several clients in one global order.

Each step is sent in one segment and fully answered before the next one begins, so that a program
that is played twice runs the same way, however many servers carry it.
"""

import dataclasses

from support import wire

_NAMES = {"query": "Query", "parse": "Parse", "bind": "Bind", "describe": "Describe",
          "execute": "Execute", "close": "Close", "sync": "Sync"}


def _shown(text):
    """A long text by its ends."""
    if len(text) < 2000:
        return repr(text)
    return f"{text[:100]!r}… {len(text)} characters …{text[-100:]!r}"


@dataclasses.dataclass(frozen=True)
class Request:
    """One frontend message: a function of support.wire and its arguments."""

    kind: str
    arguments: tuple = ()

    @property
    def data(self):
        return getattr(wire, self.kind)(*self.arguments)

    @property
    def is_answered_by_ready(self):
        return self.kind in ("query", "sync")

    def __str__(self):
        shown = (_shown(a) if isinstance(a, str) else str(list(a)) if isinstance(a, tuple)
                 else str(a) for a in self.arguments)
        return " ".join([_NAMES[self.kind], *shown])


def request(kind, *arguments):
    return Request(kind, arguments)


SYNC = request("sync")


@dataclasses.dataclass(frozen=True)
class Step:
    """What one client does: `connect`, `send`, `terminate` or `vanish`."""

    client: int
    action: str
    requests: tuple = ()
    parameters: tuple = ()  # of the start-up packet, as pairs

    @property
    def data(self):
        return b"".join(each.data for each in self.requests)

    @property
    def readies(self):
        """How many ReadyForQuery end the answer."""
        return sum(each.is_answered_by_ready for each in self.requests)

    def __str__(self):
        what = [str(each) for each in self.requests]
        what += [f"{name}={value!r}" for name, value in self.parameters]
        return f"client {self.client} {self.action} " + ", ".join(what)


@dataclasses.dataclass(frozen=True)
class Program:
    """`servers`: how many server connections it may have in each pool of pgweir."""

    seed: int
    servers: int
    listens: bool
    sequences: bool  # it asks for currval or lastval
    steps: tuple

    def with_steps(self, steps):
        return dataclasses.replace(self, steps=tuple(steps))

    def __str__(self):
        head = f"seed {self.seed}, {self.servers} server(s), {len(self.steps)} steps"
        return "\n".join([head, *(f"{i:3} {step}" for i, step in enumerate(self.steps))])
