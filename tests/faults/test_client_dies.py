"""A client vanishes at the worst moment: its server is never lent on dirty, its query cancelled."""

import pytest

from support import wire
from support.peer import Peer
from support.timing import eventually

MODES = pytest.mark.parametrize("mode", ["session", "transaction"])
WAYS = pytest.mark.parametrize("way", ["vanish", "abort"])  # FIN, RST


@pytest.fixture(autouse=True)
def fixture_nothing_left_behind(cluster):
    """One test's leftover must not be found by the next."""
    yield
    cluster.admin("drop table if exists left_behind")


def _start(pgweir, mode):
    return pgweir({"pool": {"mode": mode, "default_pool_size": 1}})


def _check_clean(weir):
    """The next client finds a server without a transaction, without leftovers, in step."""
    with Peer.login(weir, timeout=20) as peer:
        for i in range(5):
            assert peer.value(f"select 'mine {i}'") == f"mine {i}"
        assert peer.query("select 1")[-1].status == "I"
        assert peer.value("select to_regclass('left_behind')") is None
        assert peer.value("select count(*) from pg_locks where locktype = 'advisory'") == "0"
    eventually(lambda: not weir.servers("state like 'idle in transaction%'"), 10,
               "a transaction is left open")
    eventually(lambda: weir.metrics().sum("clients") == 0, 10, "a dead client is still counted")
    assert len(weir.servers()) <= 1


@pytest.mark.concurrent
@MODES
@WAYS
def test_a_client_dies_in_mid_query(pgweir, mode, way):
    weir = _start(pgweir, mode)
    peer = Peer.login(weir)
    peer.send(wire.query("select pg_sleep(120) /* orphan */"))
    eventually(lambda: weir.servers("state = 'active' and query like '%/* orphan */%'"))
    getattr(peer, way)()
    eventually(lambda: not weir.servers("state = 'active' and query like '%/* orphan */%'"), 10,
               "its query runs on")
    _check_clean(weir)


@MODES
@WAYS
def test_a_client_dies_in_an_open_transaction(pgweir, mode, way):
    weir = _start(pgweir, mode)
    peer = Peer.login(weir)
    peer.query("begin; create table left_behind (a int); select pg_advisory_xact_lock(77)")
    getattr(peer, way)()
    _check_clean(weir)


@MODES
@WAYS
def test_a_client_dies_in_a_failed_transaction(pgweir, mode, way):
    weir = _start(pgweir, mode)
    peer = Peer.login(weir)
    peer.query("begin; select 1/0")
    getattr(peer, way)()
    _check_clean(weir)


@MODES
@WAYS
def test_a_client_dies_while_it_copies_in(cluster, pgweir, mode, way):
    cluster.admin("drop table if exists copied; create table copied (a int);"
                  "grant all on copied to app")
    weir = _start(pgweir, mode)
    peer = Peer.login(weir)
    peer.send(wire.query("copy copied from stdin"))
    peer.until("G")
    peer.send(wire.copy_data("1\n2\n"))
    getattr(peer, way)()
    _check_clean(weir)
    assert cluster.admin("select count(*) from copied") == [(0,)], "half a COPY was committed"
    cluster.admin("drop table copied")


@MODES
@WAYS
def test_a_client_dies_while_it_copies_out(pgweir, mode, way):
    weir = _start(pgweir, mode)
    peer = Peer.login(weir)
    peer.send(wire.query("copy (select repeat('x', 1000) from generate_series(1, 5000000)) "
                         "to stdout /* flood */"))
    peer.until("d")
    getattr(peer, way)()
    eventually(lambda: not weir.servers("state = 'active' and query like '%/* flood */%'"), 20,
               "the COPY runs on")
    _check_clean(weir)


@MODES
@WAYS
@pytest.mark.parametrize("messages", [
    (wire.parse("", "select 1"),),
    (wire.parse("", "select 1"), wire.bind("", ""), wire.execute()),
    (wire.parse("", "select 1"), wire.bind("", ""), wire.execute(), wire.flush()),
    (wire.parse("", "create table left_behind (a int)"), wire.bind("", ""), wire.execute(),
     wire.flush()),
    (wire.parse("", "selec"), wire.flush()),
    (wire.parse("", "begin"), wire.bind("", ""), wire.execute(), wire.flush()),
], ids=["parse", "execute", "flushed", "ddl", "error", "begin"])
def test_a_client_dies_with_messages_that_no_sync_ends(pgweir, mode, way, messages):
    weir = _start(pgweir, mode)
    peer = Peer.login(weir)
    peer.send(*messages)
    if messages[-1] == wire.flush():
        peer.receive()
    getattr(peer, way)()
    _check_clean(weir)


@WAYS
@pytest.mark.parametrize("cut", [1, 3, 5, 9])
def test_a_client_dies_in_the_middle_of_a_message(pgweir, way, cut):
    weir = _start(pgweir, "transaction")
    peer = Peer.login(weir)
    peer.send(wire.query("begin"))
    peer.until("Z")
    peer.send(wire.query("select 'never heard'")[:cut])
    getattr(peer, way)()
    _check_clean(weir)
    peer = Peer.login(weir)
    peer.send(wire.query("select 'never heard'")[:cut])
    getattr(peer, way)()
    _check_clean(weir)


@pytest.mark.concurrent
def test_many_clients_die_at_random_moments(pgweir):
    import random
    import threading

    weir = pgweir({"pool": {"default_pool_size": 2}, "workers": 2})
    problems = []

    def reckless(seed):
        chance = random.Random(seed)
        for _ in range(12):
            peer = Peer.login(weir, timeout=30)
            peer.send(chance.choice([
                wire.query("select pg_sleep(0.01)"), wire.query("begin"),
                wire.query("copy (select generate_series(1, 100000)) to stdout"),
                wire.parse("", "select 1") + wire.flush(),
                wire.query("select 1") * 20]))
            if chance.random() < 0.5:
                peer.receive()
            chance.choice([peer.abort, peer.vanish, peer.close])()

    def careful(number):
        with Peer.login(weir, timeout=60) as peer:
            for i in range(60):
                got = peer.rows(f"select '{number}/{i}', txid_current_if_assigned()")
                if got != [[f"{number}/{i}", None]]:
                    problems.append(got)
    threads = [threading.Thread(target=reckless, args=(seed,)) for seed in range(6)]
    threads += [threading.Thread(target=careful, args=(number,)) for number in range(6)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert not problems, problems[:3]
    eventually(lambda: weir.metrics().sum("clients") == 0)
    eventually(lambda: not weir.servers("state like 'idle in transaction%' or state = 'active'"))
