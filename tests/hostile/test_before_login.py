"""Connections that never log in: they are bounded, cost little, and keep no honest client out."""

import os
import resource
import shlex
import socket
import struct

import psycopg
import pytest

from support import wire
from support.peer import Peer
from support.pgweir import BINARY
from support.timing import SANITIZED, eventually

HALF_A_STARTUP = struct.pack("!I", 9999) + b"\0\3\0\0user\0" + b"a" * 9000


def _descriptors(daemon):
    return len(os.listdir(f"/proc/{daemon.pid}/fd"))


def _resident_kb(daemon):
    with open(f"/proc/{daemon.pid}/status", encoding="ascii") as file:
        return int(next(line for line in file if line.startswith("VmRSS")).split()[1])


def _crowd(daemon, count, says=b"", host="127.0.0.1"):
    """So many connections that do not log in, each of which has said as much."""
    crowd = []
    for _ in range(count):
        peer = socket.socket()
        peer.bind((host, 0))
        peer.settimeout(10)
        peer.connect((daemon.host, daemon.port))
        crowd.append(peer)
        if says:
            try:
                peer.sendall(says)
            except OSError:  # it has made room already
                pass
    return crowd


def _closed(peer):
    peer.setblocking(False)
    try:
        while peer.recv(1000):
            pass
        return True
    except BlockingIOError:
        return False
    except OSError:
        return True


def _query(daemon):
    """An honest client's answer; not by libpq, whose select() takes no descriptor above 1023."""
    peer = Peer((daemon.host, daemon.port), 10)
    peer.send(wire.startup({"user": "app", "database": "app"}))
    while peer.receive().type != "Z":
        pass
    peer.send(wire.query("select 1"))
    assert peer.receive().type == "T"
    row = peer.receive()
    peer.send(wire.terminate())
    peer.close()
    return int(row.body[6:])


@pytest.fixture(autouse=True)
def fixture_descriptors():
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(hard, 20_000), hard))
    yield
    resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))


@pytest.mark.parametrize("says", [b"", b"\0\0", HALF_A_STARTUP, wire.request(wire.SSL_REQUEST)],
                         ids=["silent", "half a length", "half a start-up", "SSLRequest"])
def test_connections_that_do_not_log_in_are_bounded(pgweir, says):
    # One worker: several may be told of the connections in another order.
    daemon = pgweir({"workers": 1, "limits": {"max_client_conn": 20, "max_login_conn": 50}})
    before = _descriptors(daemon)
    crowd = _crowd(daemon, 300, says)
    eventually(lambda: _descriptors(daemon) <= before + 50 + 4, 10, "they are not bounded")
    assert _query(daemon) == 1
    # The oldest have made room, the newest are there.
    eventually(lambda: sum(map(_closed, crowd)) >= 250, 10, "nobody was closed")
    assert not _closed(crowd[-1])
    eventually(lambda: daemon.metrics().sum("pgweir_logins_crowded_out_total") >= 250, 10,
               "they are not counted")
    for peer in crowd:
        peer.close()


def test_the_bound_follows_max_client_conn(pgweir):
    daemon = pgweir({"limits": {"max_client_conn": 20}})
    before = _descriptors(daemon)
    crowd = _crowd(daemon, 400)
    eventually(lambda: _descriptors(daemon) <= before + 100 + 4, 10, "they are not bounded")
    assert _query(daemon) == 1
    for peer in crowd:
        peer.close()


def test_one_address_does_not_push_another_one_out(pgweir):
    daemon = pgweir({"limits": {"max_login_conn": 40}})
    patient = _crowd(daemon, 1, host="127.0.0.2")[0]
    crowd = _crowd(daemon, 300)
    patient.sendall(wire.startup({"user": "app", "database": "app"}))
    assert patient.recv(1) == b"R"
    patient.close()
    for peer in crowd:
        peer.close()


def test_one_address_may_have_a_bound_of_its_own(pgweir):
    daemon = pgweir({"limits": {"max_login_conn": 200, "max_login_conn_per_address": 10}})
    before = _descriptors(daemon)
    crowd = _crowd(daemon, 60)
    eventually(lambda: _descriptors(daemon) <= before + 10 + 4, 10, "they are not bounded")
    others = _crowd(daemon, 10, host="127.0.0.2")
    eventually(lambda: sum(map(_closed, crowd)) == 50, 10, "not those of its own made room")
    assert not any(map(_closed, others))
    assert _query(daemon) == 1
    for peer in crowd + others:
        peer.close()


def test_who_is_logged_in_is_not_counted(pgweir):
    daemon = pgweir({"limits": {"max_client_conn": 100, "max_login_conn": 10}})
    clients = [psycopg.connect(host=daemon.host, port=daemon.port, user="app", dbname="app")
               for _ in range(40)]
    crowd = _crowd(daemon, 60)
    eventually(lambda: sum(map(_closed, crowd)) >= 50, 10, "nobody was closed")
    for client in clients:
        assert client.execute("select 1").fetchone()[0] == 1
        client.close()
    for peer in crowd:
        peer.close()


@pytest.mark.skipif(SANITIZED, reason="a sanitizer has its own memory")
def test_who_does_not_log_in_costs_little_memory(pgweir):
    count = 2000
    daemon = pgweir({"workers": 1, "limits": {"max_login_conn": 5000}})
    for peer in _crowd(daemon, count):  # what the allocator keeps is there for both
        peer.close()
    eventually(lambda: _descriptors(daemon) < 100, 10, "they are not closed")
    base = _resident_kb(daemon)
    crowd = _crowd(daemon, count, HALF_A_STARTUP[:1000])
    eventually(lambda: _descriptors(daemon) > count, 10, "they are not accepted")
    assert _query(daemon) == 1
    each = (_resident_kb(daemon) - base) * 1024 / count
    assert each < 6000, f"{each:.0f} bytes for each, of which it has sent 1000"
    for peer in crowd:
        peer.close()


def test_when_descriptors_run_out_those_who_do_not_log_in_make_room(pgweir):
    daemon = pgweir({"workers": 1, "limits": {"max_client_conn": 1000, "max_login_conn": 5000}},
                    start=False)
    command = f"ulimit -n 200; exec {shlex.quote(BINARY)} {shlex.quote(daemon.config_path)}"
    daemon.start(["/bin/sh", "-c", command])
    clients = [psycopg.connect(host=daemon.host, port=daemon.port, user="app", dbname="app")
               for _ in range(20)]
    crowd = _crowd(daemon, 600)
    assert _query(daemon) == 1
    for client in clients:
        assert client.execute("select 1").fetchone()[0] == 1
        client.close()
    for peer in crowd:
        peer.close()


def test_half_a_startup_may_go_on(pgweir):
    """What was put aside while its rest was awaited is the same as if it had come at once."""
    daemon = pgweir()
    packet = wire.startup({"user": "app", "database": "app", "application_name": "x" * 3000})
    peer = socket.create_connection((daemon.host, daemon.port), 10)
    peer.settimeout(10)
    for start in range(0, len(packet), 7):
        peer.sendall(packet[start:start + 7])
    assert peer.recv(1) == b"R"
    peer.close()
