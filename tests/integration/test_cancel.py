"""A cancel hits the query of the client that asked for it, and nobody else's, ever."""

import asyncio
import random

import pytest

from support import async_peer, wire
from support.async_peer import AsyncPeer
from support.cluster import SUPERUSER
from support.peer import Peer, ServerError, cancel
from support.timing import eventually, sized

MODES = pytest.mark.parametrize("mode", ["session", "transaction"])


def _running(cluster, marker):
    return cluster.backends(f"state = 'active' and query like '%/* {marker} */%'")


@MODES
def test_a_cancel_ends_the_clients_running_query(cluster, pgweir, mode):
    weir = pgweir({"pool": {"mode": mode}})
    with Peer.login(weir) as peer:
        for _ in range(3):
            peer.send(wire.query("select pg_sleep(60) /* cancel me */"))
            eventually(lambda: _running(cluster, "cancel me"), 10, "it never ran")
            cancel(weir, peer.pid, peer.key)
            messages = peer.until("Z")
            assert next(m for m in messages if m.type == "E").sqlstate == "57014"
            assert peer.value("select 'well again'") == "well again"
    assert weir.metrics().sum("cancels") >= 3


def test_a_cancel_in_a_transaction_leaves_it_failed(cluster, pgweir):
    weir = pgweir()
    with Peer.login(weir) as peer:
        peer.query("begin")
        peer.send(wire.query("select pg_sleep(60) /* in transaction */"))
        eventually(lambda: _running(cluster, "in transaction"))
        cancel(weir, peer.pid, peer.key)
        assert peer.until("Z")[-1].status == "E"
        assert peer.query("rollback")[-1].status == "I"


def test_a_cancel_takes_a_waiting_client_out_of_the_queue(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as holder, Peer.login(weir) as waiter:
        holder.query("begin")
        waiter.send(wire.query("select 1"))
        eventually(lambda: weir.metrics().sum("clients", state="waiting") == 1)
        cancel(weir, waiter.pid, waiter.key)
        assert next(m for m in waiter.until("E")).sqlstate == "57014"
        assert waiter.until("Z")[-1].status == "I", "the session does not go on"
        holder.query("commit")
        assert waiter.value("select 'still here'") == "still here"


def test_a_cancel_ends_a_request_that_waits_for_what_pgweir_asks(cluster, pgweir):
    """The question what the client has left waits here behind a lock."""
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer, cluster.connect(user=SUPERUSER, autocommit=False) as locker:
        peer.query("set work_mem = '3MB'")
        eventually(lambda: weir.metrics().sum("servers", state="idle") == 1)
        locker.execute("lock table pg_catalog.pg_depend in access exclusive mode")
        peer.query("set work_mem = '4MB'")
        peer.send(wire.query("select 1"))
        eventually(lambda: weir.metrics().sum("clients", state="waiting") == 1)
        cancel(weir, peer.pid, peer.key)
        assert next(m for m in peer.until("E")).sqlstate == "57014"
        assert peer.until("Z")[-1].status == "I"
        locker.rollback()
        assert peer.value("show work_mem") == "4MB"


def test_a_cancel_of_a_client_that_does_nothing_does_nothing(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as idle, Peer.login(weir) as other:
        for _ in range(20):
            cancel(weir, idle.pid, idle.key)
            assert other.value("select pg_sleep(0.005)") == ""
        assert idle.value("select 1") == "1"
        idle.query("begin")
        cancel(weir, idle.pid, idle.key)
        assert idle.query("commit")[-1].status == "I"


def test_a_cancel_with_a_wrong_key_does_nothing(cluster, pgweir):
    weir = pgweir()
    with Peer.login(weir) as peer:
        peer.send(wire.query("select pg_sleep(0.7), 'survived' /* wrong key */"))
        backend = eventually(lambda: _running(cluster, "wrong key"))[0]
        wrong = bytes(byte ^ 1 for byte in peer.key)
        cancel(weir, peer.pid, wrong)
        cancel(weir, peer.pid + 1, peer.key)
        cancel(weir, backend["pid"], peer.key)
        cancel(weir, 0, 0)
        cancel(weir, 0xFFFFFFFF, 0xFFFFFFFF)
        row = next(m for m in peer.until("Z") if m.type == "D")
        assert row.values[1] == b"survived"
    assert weir.metrics().sum("pgweir_cancel_requests_unknown_total") >= 4


def test_a_cancel_of_a_client_that_left_does_nothing(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as gone:
        gone.value("select 1")
        pid, key = gone.pid, gone.key
    with Peer.login(weir) as peer:
        peer.send(wire.query("select pg_sleep(0.5), 'survived' /* next */"))
        eventually(lambda: _running(cluster, "next"))
        cancel(weir, pid, key)
        assert next(m for m in peer.until("Z") if m.type == "D").values[1] == b"survived"


def test_a_cancel_during_copy_from_the_client_ends_it(pgweir):
    weir = pgweir()
    with Peer.login(weir) as peer:
        peer.query("begin; create temp table t (a int) on commit drop")
        peer.send(wire.query("copy t from stdin /* copy */"))
        peer.until("G")
        cancel(weir, peer.pid, peer.key)
        # The server notices with the next message, at the latest.
        peer.send(wire.copy_data("1\n"), wire.copy_data("2\n"))
        assert next(m for m in peer.until("E")).sqlstate == "57014"
        peer.send(wire.copy_done())
        assert peer.until("Z")[-1].status == "E"
        peer.query("rollback")


class _Ledger:
    """Who was cancelled, who asked for it."""

    def __init__(self):
        self.asked = 0
        self.hit_victims = 0
        self.hit_others = []
        self.answers = 0


async def _worker(weir, number, rounds, ledger):
    """Never asks for a cancel, so must never meet one."""
    peer = await AsyncPeer.login(weir)
    for i in range(rounds):
        try:
            wanted = f"{number}/{i}"
            got = await peer.value(f"select '{wanted}' from pg_sleep({random.uniform(0, 0.004)})")
            assert got == wanted, f"another's reply: {got} instead of {wanted}"
            ledger.answers += 1
        except ServerError as error:
            ledger.hit_others.append((number, i, str(error)))
    await peer.close()


async def _victim(weir, rounds, ledger):
    """Cancels itself at a random moment, early, in the middle and late."""
    peer = await AsyncPeer.login(weir)
    for _ in range(rounds):
        query = asyncio.create_task(peer.value("select pg_sleep(0.004)"))
        await asyncio.sleep(random.uniform(0, 0.008))
        ledger.asked += 1
        await async_peer.cancel(weir, peer.pid, peer.key)
        try:
            await query
        except ServerError as error:
            assert error.sqlstate == "57014", error
            ledger.hit_victims += 1
    await peer.close()


@pytest.mark.concurrent
@pytest.mark.parametrize("workers", [1, 2])
def test_a_storm_of_cancels_never_hits_another_client(pgweir, workers):
    weir = pgweir({"workers": workers, "pool": {"default_pool_size": 3}})
    ledger = _Ledger()

    async def storm():
        await asyncio.gather(
            *(_worker(weir, number, sized(150, 40), ledger) for number in range(12)),
            *(_victim(weir, sized(60, 20), ledger) for _ in range(8)))
    asyncio.run(storm())
    assert not ledger.hit_others, ledger.hit_others[:5]
    assert ledger.hit_victims > 0, "no cancel ever hit: the test shows nothing"
    assert ledger.answers == 12 * sized(150, 40)


@pytest.mark.concurrent
def test_a_waiting_client_that_leaves_is_out_of_the_queue_at_once(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as holder:
        holder.query("begin")
        waiters = [Peer.login(weir) for _ in range(10)]
        for number, waiter in enumerate(waiters):
            waiter.send(wire.query(f"select {number}"))
        eventually(lambda: weir.metrics().sum("clients", state="waiting") == 10)
        for number, waiter in enumerate(waiters[:9]):
            (waiter.abort if number % 2 else waiter.vanish)()
        eventually(lambda: weir.metrics().sum("clients", state="waiting") == 1, 5,
                   "the dead still wait")
        before = weir.metrics().sum("queries")
        holder.query("commit")
        assert next(m for m in waiters[9].until("Z") if m.type == "D").values == [b"9"]
        waiters[9].close()
        assert weir.metrics().sum("queries") - before <= 2
