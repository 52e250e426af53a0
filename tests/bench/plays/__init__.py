"""What one client may send a great deal of (tests/bench/growth)."""

import dataclasses



@dataclasses.dataclass
class Load:
    """What one client sends at once, and how many ReadyForQuery answer it."""

    request: bytes
    readies: int = 1
    before: bytes = b""  # sent first, and not measured
    readies_before: int = 0
    startup: dict = dataclasses.field(default_factory=dict)
    steps: bool = False  # each message is sent when the one before is answered
    turns: bool = False  # and others use the server in between


@dataclasses.dataclass(frozen=True)
class Play:
    """`load(n)` for a growing n, beginning with `first`."""

    name: str
    load: object
    first: int
    servers: int


REGISTRY = {}


def play(first, servers=3, name=None):
    """Registers a function that makes the Load for n; `servers`: the size of the pool."""
    def register(function):
        named = name or function.__name__.replace("_", "-")
        assert named not in REGISTRY, named
        REGISTRY[named] = Play(named, function, first, servers)
        return function
    return register
