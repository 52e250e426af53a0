"""The service protocol, with this test in systemd's part."""

import asyncio
import copy
import os
import signal
import socket

import pytest

from support import systemd, wire
from support.async_peer import AsyncPeer
from support.peer import Closed, Peer, ServerError
from support.pgweir import merged
from support.timing import eventually, scaled


@pytest.fixture(name="notify")
def fixture_notify():
    found = systemd.NotifySocket()
    yield found
    found.close()


def _serve(weir):
    with Peer.login(weir) as peer:
        return peer.value("select 'served'") == "served"


def _started(pgweir, notify, changes=None, **environment):
    return pgweir(changes, environment={"NOTIFY_SOCKET": notify.path, **environment})


def test_ready_is_said_once_clients_can_connect(pgweir, notify):
    weir = _started(pgweir, notify)
    notify.wait("READY", "1")
    assert notify.said("READY") == 1
    assert _serve(weir)


def test_ready_is_said_although_postgresql_is_down(pgweir, notify):
    _started(pgweir, notify, {"databases": {"app": "host=127.0.0.1 port=1 dbname=app user=app"}})
    notify.wait("READY", "1")


def test_status_tells_of_clients_and_servers(pgweir, notify):
    weir = _started(pgweir, notify, {"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as one, Peer.login(weir):
        one.query("begin")
        eventually(lambda: "2 clients" in (notify.last("STATUS") or ""), 15,
                   lambda: f"the last status is {notify.last('STATUS')!r}")
        assert "1 server" in notify.last("STATUS")


def test_stopping_is_said_before_the_end(pgweir, notify):
    weir = _started(pgweir, notify)
    with Peer.login(weir) as peer:
        peer.query("begin")
        weir.signal(signal.SIGINT)
        notify.wait("STOPPING", "1")
        assert weir.http("/readyz")[0] == 503
        assert weir.http("/healthz")[0] == 200
        peer.query("commit")
        assert weir.wait() == 0
    weir.stop()
    assert notify.order("READY", "STOPPING") == ["READY", "STOPPING"]


def test_a_reload_is_announced_and_ends_with_ready(pgweir, notify):
    weir = _started(pgweir, notify)
    good = copy.deepcopy(weir.config)
    weir.reload(merged(good, {"limits": {"max_client_conn": 77}}))
    notify.wait("READY", more_than=1)
    assert notify.order("READY", "RELOADING") == ["READY", "RELOADING", "READY"]
    said = next(fields for _, fields in notify.messages if "RELOADING" in fields)
    assert int(said["MONOTONIC_USEC"]) > 0


def test_a_broken_reload_ends_with_ready_as_well(pgweir, notify):
    weir = _started(pgweir, notify)
    weir.reload("pool: {mode: nonsense}\n")
    notify.wait("READY", more_than=1)
    assert notify.order("READY", "RELOADING") == ["READY", "RELOADING", "READY"]
    assert _serve(weir)


def test_the_watchdog_is_fed_in_time(pgweir, notify):
    interval = scaled(0.6)
    weir = _started(pgweir, notify, WATCHDOG_USEC=str(int(interval * 1_000_000)))
    notify.wait("WATCHDOG", "1", deadline=10, more_than=6)
    times = notify.times("WATCHDOG")
    assert max(b - a for a, b in zip(times, times[1:])) < interval
    assert _serve(weir)


def test_the_watchdog_is_not_fed_for_another_process(pgweir, notify):
    _started(pgweir, notify, WATCHDOG_USEC="200000", WATCHDOG_PID="1")
    notify.wait("READY", "1")
    assert notify.said("WATCHDOG") == 0


def test_a_stopped_process_does_not_feed_the_watchdog(pgweir, notify):
    weir = _started(pgweir, notify, WATCHDOG_USEC="200000")
    notify.wait("WATCHDOG", "1", more_than=2)
    weir.signal(signal.SIGSTOP)
    try:
        before = notify.said("WATCHDOG")
        with pytest.raises(AssertionError):
            eventually(lambda: notify.said("WATCHDOG") > before + 1, 0.5)
    finally:
        weir.signal(signal.SIGCONT)
    notify.wait("WATCHDOG", "1", more_than=before + 2)


def test_inherited_sockets_are_listened_to_instead_of_the_files(pgweir):
    weir = pgweir(start=False)
    tcp = socket.create_server((weir.host, 0), backlog=64)
    unix_path = os.path.join(weir.folder, "inherited")
    unix = socket.socket(socket.AF_UNIX)
    unix.bind(unix_path)
    unix.listen(64)
    try:
        weir.port = tcp.getsockname()[1]
        # A client that comes before the service runs waits in the backlog, as with systemd.
        early = Peer((weir.host, weir.port))
        early.send(wire.startup({"user": "app", "database": "app"}))
        systemd.start_with_sockets(weir, [tcp, unix])
        with early:
            early.until("Z")
            assert early.value("select 'patient'") == "patient"
        assert _serve(weir)
        with Peer(unix_path) as peer:
            peer.startup({"user": "app", "database": "app"})
            assert peer.value("select 'by socket'") == "by socket"
        assert weir.stop() == 0
        assert os.path.exists(unix_path), "a socket of systemd's was removed"
        # The socket is systemd's: the next start serves those who came in between.
        between = Peer((weir.host, weir.port))
        between.send(wire.startup({"user": "app", "database": "app"}))
        systemd.start_with_sockets(weir, [tcp, unix])
        with between:
            between.until("Z")
    finally:
        tcp.close()
        unix.close()


# The check of the configuration cannot know where systemd listens.
def test_inherited_sockets_of_the_network_are_not_opened_to_all(pgweir):
    weir = pgweir(start=False)
    with socket.create_server(("0.0.0.0", 0)) as everywhere:
        weir.port = everywhere.getsockname()[1]
        systemd.start_with_sockets(weir, [everywhere])
        assert weir.wait() == 1
        assert "can be any user" in weir.log()
        weir.process = None
        weir.write_config(merged(weir.config, {"auth": {"allow_trust_from_network": True}}))
        systemd.start_with_sockets(weir, [everywhere])
        assert _serve(weir)


def test_listen_fds_of_another_process_are_left_alone(pgweir):
    weir = pgweir(environment={"LISTEN_FDS": "1", "LISTEN_PID": "1"})
    assert _serve(weir)


def test_reloads_and_a_stop_under_load_cost_no_query(cluster, pgweir, notify):
    weir = _started(pgweir, notify, {"pool": {"default_pool_size": 3}})
    good = copy.deepcopy(weir.config)
    counts, ended = {}, []

    async def client(number):
        peer = await AsyncPeer.login(weir)
        try:
            while True:
                for message in await peer.query(f"begin; select '{number}'; commit"):
                    if message.type == "E":
                        raise ServerError(message)
                    if message.type == "D":
                        assert message.values == [str(number).encode()]
                counts[number] = counts.get(number, 0) + 1
        except ServerError as error:
            assert error.sqlstate == "57P01", error
            ended.append(number)
        except (asyncio.IncompleteReadError, ConnectionError):
            ended.append(number)
        finally:
            peer.abort()

    async def operator():
        while len(counts) < 20:
            await asyncio.sleep(0.02)
        for i in range(6):
            before = notify.said("READY")
            weir.reload("listen: [" if i % 2 else merged(
                good, {"databases": {"app": cluster.keywords(connect_timeout=5 + i)}}))
            while notify.said("READY") == before:
                await asyncio.sleep(0.02)
        weir.signal(signal.SIGINT)

    async def all_of_it():
        await asyncio.wait_for(
            asyncio.gather(operator(), *(client(number) for number in range(20))), scaled(60))
    asyncio.run(all_of_it())
    assert weir.wait() == 0
    weir.stop()
    assert len(ended) == 20 and len(counts) == 20


def test_a_client_is_refused_politely_once_the_service_stops(pgweir, notify):
    weir = _started(pgweir, notify)
    with Peer.login(weir) as peer:
        peer.query("begin")
        weir.signal(signal.SIGINT)
        notify.wait("STOPPING", "1")
        try:
            Peer.login(weir, timeout=5).close()
            raise AssertionError("a new client was let in")
        except ServerError as error:
            assert error.sqlstate in ("57P01", "57P03")
        except (ConnectionError, Closed):
            pass
        peer.query("commit")
        assert weir.wait() == 0
    weir.stop()
