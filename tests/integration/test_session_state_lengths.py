"""The same text is treated the same at every length: the features of test_session_state_table again,
with comments, literals and statements of up to 2 MB beside them.

Up to `limits.longest_statement` (1 MB) a text is looked at as a whole; beyond, it may have done
anything. What the client and the next one see must not depend on it. PostgreSQL is the oracle: it is
sent the same texts.
"""

import dataclasses
import itertools
import os
import re

import pytest

from support import session_features, wire
from support.peer import Peer
from support.session_features import ALL, PINS, daemon, login, parts_of

EVERYTHING = os.environ.get("PGWEIR_ALL_LENGTHS", "0") not in ("", "0")

SIZES = {"short": 40, "20kB": 20_000, "300kB": 300_000, "2MB": 2_000_000}
LONG = tuple(SIZES)[1:]
# As odd as the number of bytes is, each of these meets the end of a buffer somewhere.
_IN_A_COMMENT = "it's said /* nested */ \"so; $$ -- "
_IN_A_LINE = "it's /* said \"so; $$ "
_IN_A_LITERAL = "it''s said; -- \"so\" /* $$ "


def _filled(pattern, size):
    return pattern * (size // len(pattern) + 1)


def _values(size):
    """A statement that is long by its tokens."""
    each = f"('{_IN_A_LITERAL * 8}'),"
    return f"select count(v) from (values {each * (size // len(each))} ('')) v"


# What makes a text longer. The first ones may stand where a space may; the others are statements.
SPACES = {"comment": lambda size: f"/*{_filled(_IN_A_COMMENT, size)}*/",
          "line": lambda size: f"--{_filled(_IN_A_LINE, size)}\n",
          "blank": lambda size: " " * size}
STATEMENTS = {"literal": lambda size: f"select length('{_filled(_IN_A_LITERAL, size)}')",
              "statement": _values}
PLACES = ("before", "within", "behind")
_NUMBERS = itertools.count()  # of named statements


@dataclasses.dataclass(frozen=True)
class Padding:
    size: str
    kind: str
    place: str
    protocol: str

    def __str__(self):
        return f"{self.size} of {self.kind} {self.place}, {self.protocol}"

    def of(self, sql):
        """The text with that beside it. Statements stand within as half of them on each side."""
        size = SIZES[self.size]
        if self.kind in SPACES:
            space = SPACES[self.kind](size)
            if self.place == "within":
                longer, count = re.subn(r"\s", lambda _: f" {space} ", sql, count=1)
                return longer if count else f"{sql} {space}"
            return f"{space} {sql}" if self.place == "before" else f"{sql} {space}"
        make = STATEMENTS[self.kind]
        if self.place == "within":
            return f"{make(size // 2)}; {sql}; {make(size // 2)}"
        return f"{make(size)}; {sql}" if self.place == "before" else f"{sql}; {make(size)}"

    @property
    def keeps_server(self):
        """A statement that is too long to be carried keeps its server (`large_statement`)."""
        return self.size == "2MB" and self.protocol != "simple"

    def messages(self, sql):
        text = self.of(sql)
        if self.protocol == "simple":
            return wire.query(text)
        name = f"s{next(_NUMBERS)}" if self.protocol == "named" else ""
        return b"".join((wire.parse(name, text), wire.bind("", name), wire.execute(), wire.sync()))


# An extended query is one statement.
WAYS = [(kind, place, protocol)
        for kind, place, protocol in itertools.product((*SPACES, *STATEMENTS), PLACES,
                                                       ("simple", "unnamed", "named"))
        if kind in SPACES or protocol == "simple"]


def _cases(features, sizes):
    """Each feature with some of the sizes and one way to be longer, both in turn. With all of them
    where EVERYTHING is asked for."""
    turn = 0
    for number, feature in enumerate(features):
        for size in LONG if EVERYTHING else sizes[number % len(sizes)]:
            turn += 7  # coprime to the number of ways, so that neighbours are not alike
            for way in WAYS if EVERYTHING else [WAYS[turn % len(WAYS)]]:
                padding = Padding(size, *way)
                yield pytest.param(feature, padding, id=f"{feature.name}-{padding}")


def said(peer, messages, reported=True):
    """What the client is told: rows, commands, errors and reported settings."""
    peer.send(messages)
    told = []
    for message in peer.until("Z"):
        if message.type == "E":
            told.append(f"{message.fields['S']} {message.sqlstate} {message.fields['M']}")
        elif message.type == "D":
            told.append(message.values)
        elif message.type == "S" and reported:
            told.append(message.strings)
        elif message.type == "C":
            told.append(message.strings[0])
    return told


def run_longer(peer, feature, padding, sql):
    """What the client is told of each part of that, and then of the question, all made longer. Where
    that is not looked at as a whole, a RESET may be reported as what the server has at its login."""
    return [said(peer, padding.messages(part), padding.size != "2MB")
            for part in (*parts_of(sql), feature.asks)]


def ask(peer, feature):
    return said(peer, wire.query(feature.asks))


def texts_of(feature):
    return [feature.does, *filter(None, [feature.ends])]


def asked_by_stranger(target, feature, padding):
    """What somebody is told who has done nothing."""
    with login(target, feature) as stranger:
        return ask(stranger, feature), said(stranger, padding.messages(feature.asks))


def wanted(world, feature, padding):
    """What PostgreSQL says of them, to the short question then, and to somebody who has done nothing."""
    with login(world, feature, feature.login) as direct:
        told = [(run_longer(direct, feature, padding, sql), ask(direct, feature))
                for sql in texts_of(feature)]
    return told, asked_by_stranger(world, feature, padding)


@pytest.fixture(scope="module", name="world")
def fixture_world(cluster):
    return session_features.create_world(cluster)


@pytest.fixture(scope="module", name="weir")
def fixture_weir(world):
    yield from daemon(world, 1)


@pytest.fixture(scope="module", name="strict_weir")
def fixture_strict_weir(world):
    yield from daemon(world, 1, session_state="strict")


@pytest.mark.parametrize("feature, padding", _cases(ALL, [("20kB", "300kB"), ("20kB", "2MB")]))
def test_the_client_and_the_next_one_see_the_same_at_every_length(world, weir, feature, padding):
    expected, nothing = wanted(world, feature, padding)
    with login(weir, feature, feature.login) as client:
        for sql, (told, answer) in zip(texts_of(feature), expected):
            assert run_longer(client, feature, padding, sql) == told
            if not feature.reason and not padding.keeps_server:
                assert asked_by_stranger(weir, feature, padding) == nothing
            assert ask(client, feature) == answer
    assert asked_by_stranger(weir, feature, padding) == nothing


@pytest.mark.parametrize("feature, padding", _cases(
    (f for f in PINS if f.ends), [[size] for size in LONG]))
def test_the_next_client_finds_nothing_of_one_that_vanished(world, weir, feature, padding):
    _, nothing = wanted(world, feature, padding)
    with login(weir, feature, feature.login) as client:
        run_longer(client, feature, padding, feature.does)
        client.vanish()
    assert asked_by_stranger(weir, feature, padding) == nothing


def refusal(weir, feature, padding):
    """The error that ends what the client does, or its session once it has done it."""
    with login(weir, feature) as client:
        for part in (*parts_of(feature.does), *[feature.asks] * (feature.reason == "sequence")):
            client.send(padding.messages(part))
            errors = [m for m in client.until("Z", "E") if m.type == "E"]
            if errors:
                return errors[0]
        return next(m for m in client.until_closed() if m.type == "E")


@pytest.mark.parametrize("feature, padding", _cases(
    (f for f in PINS if f.user != "postgres"), [[size] for size in LONG]))
def test_strict_mode_refuses_at_every_length(strict_weir, feature, padding):
    refused = refusal(strict_weir, feature, padding)
    assert refused.sqlstate == "0A000"
    # What is not looked at as a whole may be refused only when it has done it.
    if padding.size != "2MB":
        short = refusal(strict_weir, feature, dataclasses.replace(padding, size="short"))
        assert refused.fields["S"] == short.fields["S"]
    with login(strict_weir, feature) as stranger:
        assert stranger.rows("select 1") == [["1"]]


# Where it may do anything, it ended the session though it had done nothing.
def test_strict_mode_lets_a_long_statement_pass_that_leaves_nothing(strict_weir):
    feature = PINS[0]
    long = Padding("2MB", "literal", "before", "simple")
    with login(strict_weir, feature) as client:
        said(client, long.messages("set app.seen = '1'"))
        assert said(client, long.messages("select 1"))[-2:] == [[b"1"], "SELECT 1"]
        assert client.rows("select 1") == [["1"]]
        assert asked_by_stranger(strict_weir, feature, long)


def test_a_long_statement_that_strict_mode_refuses_is_refused_whole(pgweir):
    weir = pgweir({"pool": {"session_state": "strict"}, "limits": {"longest_statement": "64kB"}})
    with Peer.login(weir) as peer:
        text = "create temp table t (x int); select '" + "x" * 300_000 + "'"
        peer.send(wire.query(text))
        messages = peer.until("Z")
        errors = [m.sqlstate for m in messages if m.type == "E"]
        assert errors == ["0A000"], errors
        assert peer.value("select 1") == "1"
