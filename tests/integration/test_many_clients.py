"""Thousands of clients over a handful of servers."""

import asyncio
import random

import pytest

from support import process
from support.async_peer import AsyncPeer
from support.timing import eventually, sized


async def _connect(weir, count):
    """Log in `count` clients, a hundred at a time."""
    gate = asyncio.Semaphore(100)

    async def one():
        async with gate:
            return await AsyncPeer.login(weir)
    return await asyncio.gather(*(one() for _ in range(count)))


async def _work(peer, number, rounds):
    for i in range(rounds):
        wanted = f"{number}-{i}"
        kind = random.randrange(3)
        if kind == 0:
            got = await peer.value(f"select '{wanted}'")
        elif kind == 1:
            await peer.query("begin")
            got = await peer.value(f"select '{wanted}'")
            assert (await peer.query("commit"))[-1].status == "I"
        else:
            got = await peer.value(f"select '{wanted}' || repeat('x', 20000)")
            got = got[:-20000]
        assert got == wanted, f"{number} got {got} instead of {wanted}"


@pytest.mark.parametrize("clients, active", [(5000, 200)])
def test_five_thousand_clients_of_which_two_hundred_work_on_ten_servers(
        cluster, pgweir, clients, active):
    assert process.raise_descriptor_limit() > clients + 500
    weir = pgweir({"limits": {"max_client_conn": clients + 10},
                   "pool": {"default_pool_size": 10}, "log": {"level": "info"}})

    async def all_of_it(administrator):
        peers = await _connect(weir, clients)
        memory = process.resident_bytes(weir.pid)
        assert weir.metrics().sum("clients") == clients
        await asyncio.gather(*(_work(peer, number, sized(30, 8))
                               for number, peer in enumerate(peers[:active])))
        assert len(weir.servers(on=administrator)) <= 10
        # Those that only sat there are still served, each.
        for peer in random.sample(peers[active:], 50):
            assert await peer.value("select 'there'") == "there"
        for peer in peers:
            peer.abort() if random.random() < 0.1 else await peer.close()
        return memory
    # psycopg waits by select(), which takes no descriptor above 1023: connect it before the rest.
    with cluster.administrator() as administrator:
        memory = asyncio.run(all_of_it(administrator))
    eventually(lambda: weir.metrics().sum("clients") == 0, 20, "clients are counted for ever")
    assert memory < sized(120, 1500) * 1_000_000, f"{memory / clients:.0f} bytes a client"
    assert weir.metrics().sum("errors") == 0


@pytest.mark.concurrent
@pytest.mark.parametrize("workers", [2, 4])
def test_replies_never_mix_between_workers(pgweir, workers):
    weir = pgweir({"workers": workers, "pool": {"default_pool_size": 3}})

    async def all_of_it():
        peers = await _connect(weir, 60)
        await asyncio.gather(*(_work(peer, number, sized(60, 20))
                               for number, peer in enumerate(peers)))
        for peer in peers:
            await peer.close()
    asyncio.run(all_of_it())


@pytest.mark.concurrent
def test_a_client_never_waits_while_a_server_of_another_worker_is_idle(pgweir):
    """Work is conserved: with as many servers as clients nobody queues for long."""
    weir = pgweir({"workers": 4, "pool": {"default_pool_size": 4}})

    async def all_of_it():
        peers = await _connect(weir, 16)
        # Open all servers, wherever they are then.
        await asyncio.gather(*(peer.query("select pg_sleep(0.1)") for peer in peers))
        loop = asyncio.get_running_loop()
        for _ in range(10):
            chosen = random.sample(peers, 4)
            begin = loop.time()
            await asyncio.gather(*(peer.query("select pg_sleep(0.2)") for peer in chosen))
            assert loop.time() - begin < sized(0.39, 1.0), "they stood in line"
        for peer in peers:
            await peer.close()
    asyncio.run(all_of_it())


@pytest.mark.concurrent
def test_clients_come_and_go_without_a_trace(pgweir):
    weir = pgweir({"workers": 2, "pool": {"default_pool_size": 2}})

    async def one(number):
        for _ in range(sized(20, 8)):
            peer = await AsyncPeer.login(weir)
            assert await peer.value(f"select '{number}'") == str(number)
            if random.random() < 0.5:
                await peer.close()
            else:
                peer.abort()

    async def all_of_it():
        await asyncio.gather(*(one(number) for number in range(30)))
    asyncio.run(all_of_it())
    descriptors = process.open_descriptors(weir.pid)
    asyncio.run(all_of_it())
    eventually(lambda: weir.metrics().sum("clients") == 0)
    eventually(lambda: process.open_descriptors(weir.pid) <= descriptors + 3, 10,
               "descriptors leak")
