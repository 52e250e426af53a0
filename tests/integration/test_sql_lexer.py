"""pgweir's lexer of SQL against PostgreSQL's.

Nothing may follow DISCARD ALL. What PostgreSQL complains of behind it is the first token there, so
that each token of a text can be asked for by itself.
"""

import os
import random
import re
import subprocess

import pytest

from support.pgweir import BINARY
from support.timing import sized

PROGRAM = os.path.join(os.path.dirname(os.path.dirname(BINARY)), "tests/unit/protocol/sql_tokens")
PIECES = [
    "'", "'", "''", "\\", "\\'", "\n", "\r", " ", "\t", "--", "-- it's\n", "/*", "*/", "/**/", "/*/",
    "$$", "$q$", "$1", "$", "\"", "\"\"", "E'", "e'", "U&'", "u&\"", "U&", "B'", "x'", "N'", "n",
    "a", "_b1$", "SET", "\u00e4", "1", "1.5", ".5", "1.", "1e5", "1e", "..", ".", "+", "-", "@", "=",
    "<>", "::", ":=", ":", "=>", "!", "*", "/", "(", "]", ",", ";", "{", "\\x41", "\\0061", "\\101",
    "\\u0041", "UESCAPE", "'!'", "type"]
# What is said of a token that is one, but must not stand there or has another meaning to later readers.
OF_ITS_ESCAPES = re.compile(r"Unicode (escape|surrogate)|UESCAPE|escape sequence|zero-length|"
                            r"backslash|byte sequence|Unicode escapes")


def random_texts(count):
    numbers = random.Random(15)
    return ["".join(numbers.choices(PIECES, k=numbers.randint(1, 9))) for _ in range(count)]


def tokens_of(texts, setting):
    """For each text its tokens: kind, begin, end, and the value or None."""
    answer = subprocess.run([PROGRAM, setting], input="\0".join(texts).encode() + b"\0",
                            capture_output=True, check=True)
    told = [[]]
    for line in answer.stdout.decode().splitlines():
        if line:
            kind, begin, size, meant = line.split(" ")
            value = None if meant == "-" else bytes.fromhex(meant[1:])
            told[-1].append((kind, int(begin), int(begin) + int(size), value))
        else:
            told.append([])
    return told[:-1]


@pytest.fixture(name="ask", params=["on", "off"])
def _ask(request, cluster):
    if not os.path.exists(PROGRAM):
        pytest.skip(f"{PROGRAM} is not built")
    with cluster.connect() as connection:
        connection.execute(f"set standard_conforming_strings = {request.param};"
                           " set escape_string_warning = off; set backslash_quote = on;"
                           " set client_min_messages = error; set client_encoding = 'UTF8'")
        yield connection.pgconn.exec_, request.param


def test_each_token_is_one_of_postgresqls(ask):
    ask, setting = ask
    texts = random_texts(sized(3000, 300))
    asked = 0
    for text, tokens in zip(texts, tokens_of(texts, setting), strict=True):
        sql = text.encode()
        for kind, begin, end, _ in tokens:
            token = sql[begin:end]
            if token == b";":
                continue
            answer = ask(b"DISCARD ALL " + sql[begin:])
            message = answer.error_field(ord("M"))
            assert message is not None, (text, token)
            asked += 1
            if OF_ITS_ESCAPES.search(message.decode()):
                continue
            found = re.search(rb'^(.*) at or near "(.*)"$', message, re.DOTALL)
            assert found, (text, token, message)
            # Behind these it looks for UESCAPE, and complains of that token first.
            if kind in ("unicode", "unicode_name") and found[2] != token:
                assert found[2] in sql[end:], (text, message)
                continue
            if found[1].startswith(b"trailing junk"):
                assert kind in ("number", "parameter"), (text, token, message)
                assert found[2].startswith(token), (text, token, message)
                continue
            if token[:2] in (b"N'", b"n'"):  # two tokens to PostgreSQL
                token, kind = token[:1], "word"
            assert found[1].startswith(b"unterminated") == kind.startswith("open"), (text, message)
            assert found[2] == token, (text, kind, message)
    assert asked > len(texts)


def test_each_string_and_name_stands_for_what_postgresql_reads(ask):
    ask, setting = ask
    texts = random_texts(sized(20000, 2000))
    asked = 0
    for text, tokens in zip(texts, tokens_of(texts, setting), strict=True):
        for kind, begin, end, value in tokens:
            if value is None or len(value) == 0:
                continue
            token = text.encode()[begin:end]
            if kind in ("word", "quoted", "unicode_name"):
                answer = ask(b"SELECT 1 AS " + token)
                if answer.ntuples == 0:  # a word that cannot stand there
                    assert kind == "word", (text, token, answer.error_message)
                    continue
                assert answer.fname(0) == value, (text, token)
            else:
                answer = ask(b"SELECT " + token)
                unsafe = kind == "unicode" and setting == "off"
                if answer.ntuples == 0:
                    # What stands in a bit string, or is not of the encoding, is no lexer's matter.
                    assert unsafe or b"invalid byte" in answer.error_message, (text, token)
                    continue
                got = answer.get_value(0, 0)
                assert got.rstrip(b" ") == value.rstrip(b" "), (text, token)
            asked += 1
    assert asked > 1000
