"""Replication clients: the fixtures of a cluster that has any, PostgreSQL's programs, raw streams."""

import shutil
import subprocess
import tempfile
import uuid

import pytest

from . import wire
from .cluster import Cluster
from .commands import environment, program
from .peer import Peer
from .timing import eventually, scaled

SETTINGS = {"wal_level": "logical", "max_wal_senders": 20, "max_replication_slots": 20}


@pytest.fixture(name="source", scope="module")
def fixture_source():
    """A PostgreSQL whose role `app` may replicate."""
    cluster = Cluster(settings=SETTINGS)
    try:
        cluster.admin("alter role app replication")
        yield cluster
    finally:
        cluster.remove()


@pytest.fixture(name="folder")
def fixture_folder():
    path = tempfile.mkdtemp(prefix="pgweir-replication-", dir="/tmp")
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture(name="slot")
def fixture_slot(source):
    """A logical slot; dropped at the end, by then nobody must use it any more."""
    name = "s" + uuid.uuid4().hex[:12]
    source.admin("select pg_create_logical_replication_slot(%s, 'test_decoding')", [name])
    yield name
    eventually(lambda: not is_active(source, name), 10, "the slot stays in use")
    source.admin("select pg_drop_replication_slot(%s)", [name])


def is_active(cluster, slot):
    """Whether somebody streams from the slot."""
    return cluster.admin("select active from pg_replication_slots where slot_name = %s",
                         [slot])[0][0]


def replication_program(target, name, *arguments):
    """The command line of one of PostgreSQL's programs, as role `app`."""
    return [program(name), "-h", target.host, "-p", str(target.port), "-U", "app", "-w",
            *arguments]


def run(command, **variables):
    """A program run to its end; `variables` of its environment."""
    return subprocess.run(command, stdin=subprocess.DEVNULL, capture_output=True, text=True,
                          timeout=scaled(60), env={**environment(), **variables}, check=False)


def streaming(target, slot, **parameters):
    """A raw client in the middle of a logical stream."""
    peer = Peer.login(target, replication="database", **parameters)
    peer.send(wire.query(f"START_REPLICATION SLOT {slot} LOGICAL 0/0 (\"include-xids\" '0')"))
    assert peer.until("W", "E")[-1].type == "W"
    return peer


def next_change(peer):
    """The text of the next XLogData; keepalives are passed over."""
    while True:
        message = peer.receive()
        assert message.type == "d", message
        if message.body[:1] == b"w":
            return message.body[25:].decode()


def status_update(reply=False):
    """A standby status update: nothing is confirmed."""
    return wire.copy_data(b"r" + bytes(8 * 4) + bytes([reply]))


__all__ = ["fixture_folder", "fixture_slot", "fixture_source", "is_active", "next_change",
           "replication_program", "run", "status_update", "streaming"]
