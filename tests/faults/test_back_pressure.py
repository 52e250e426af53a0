"""Slow readers and hasty writers cost one buffer, not the result, and never a deadlock."""

import threading

import pytest

from support import process, wire
from support.peer import Peer
from support.timing import eventually, sized

MEGABYTES = sized(200, 60)
BOUND = sized(40, 250) * 1_000_000


def _highest_memory(pid, while_running):
    """The peak of the daemon's memory while a function runs."""
    peak, over = [process.resident_bytes(pid)], threading.Event()

    def watch():
        while not over.wait(0.02):
            peak[0] = max(peak[0], process.resident_bytes(pid))
    watcher = threading.Thread(target=watch)
    watcher.start()
    try:
        while_running()
    finally:
        over.set()
        watcher.join()
    return max(peak[0], process.resident_bytes(pid))


@pytest.mark.parametrize("shape", ["many rows", "one row"])
def test_a_slow_reader_of_a_huge_result_costs_one_buffer(pgweir, shape):
    weir = pgweir({"log": {"level": "info"}})
    sql = (f"select repeat('x', 10000) from generate_series(1, {MEGABYTES * 100})"
           if shape == "many rows" else f"select repeat('x', {MEGABYTES * 1_000_000})")
    with Peer.login(weir, timeout=60, receive_buffer=8192) as slow, Peer.login(weir) as other:
        before = process.resident_bytes(weir.pid)
        slow.send(wire.query(sql))
        seen = [0]

        def read():
            # Not a byte is read until the way is full and nothing moves any more.
            eventually(lambda: weir.servers("wait_event = 'ClientWrite'"), 20,
                       "the server is never held back")
            assert other.value("select 'not in the way'") == "not in the way"
            slow.socket.settimeout(60)
            while seen[0] < MEGABYTES * 1_000_000:
                seen[0] += len(slow.socket.recv(1 << 20))
        grown = _highest_memory(weir.pid, read) - before
        assert grown < BOUND, f"{grown} bytes for one slow reader"


def test_a_huge_pipeline_sent_without_reading_is_answered(pgweir):
    weir = pgweir({"log": {"level": "info"}})
    count = sized(20_000, 6_000)
    one = wire.query(f"select repeat('y', 2000), '{'q' * 1000}'")
    with Peer.login(weir, timeout=60) as peer:
        before = process.resident_bytes(weir.pid)
        sender = threading.Thread(target=peer.socket.sendall, args=(one * count,))
        peer.socket.settimeout(120)

        def run():
            sender.start()
            # Little of it is on its way: the server need not be held back to wait for more.
            held_back = ("wait_event = 'ClientWrite' or state = 'idle' and query like 'select repeat%'"
                         " and clock_timestamp() - state_change > interval '0.5 s'")
            eventually(lambda: weir.servers(held_back) or not sender.is_alive(),
                       20, "neither held back nor done")
            for _ in range(count):
                peer.until("Z")
            sender.join()
        grown = _highest_memory(weir.pid, run) - before
        assert grown < BOUND, f"{grown} bytes for one pipeline"
        assert peer.value("select 'in step'") == "in step"


def test_a_huge_extended_pipeline_sent_before_reading_is_answered(pgweir):
    weir = pgweir({"log": {"level": "info"}})
    count = sized(10_000, 3_000)
    one = (wire.parse("", "select $1::text") + wire.bind("", "", ["z" * 500])
           + wire.execute() + wire.sync())
    with Peer.login(weir, timeout=60) as peer:
        sender = threading.Thread(target=peer.socket.sendall, args=(one * count,))
        sender.start()
        rows = sum(1 for _ in range(count) for m in peer.until("Z") if m.type == "D")
        sender.join()
        assert rows == count


def test_a_copy_into_a_slow_server_is_held_back(pgweir, gate):
    weir = pgweir({"databases": {"app": f"host=127.0.0.1 port={gate.port} dbname=app user=app"},
                   "log": {"level": "info"}})
    block = wire.copy_data(b"0123456789abcde\n" * 4096)
    blocks = MEGABYTES * 1_000_000 // 2 // len(block)
    with Peer.login(weir, timeout=60) as peer:
        peer.query("begin; create temp table t (a text) on commit drop")
        peer.send(wire.query("copy t from stdin"))
        peer.until("G")
        before = process.resident_bytes(weir.pid)
        gate.to_server.stall()
        sender = threading.Thread(target=peer.socket.sendall, args=(block * blocks,))

        def run():
            sender.start()
            sender.join(1.0)
            assert sender.is_alive(), "nothing held the client back"
            gate.to_server.flow()
            peer.socket.settimeout(120)
            sender.join()
        grown = _highest_memory(weir.pid, run) - before
        peer.send(wire.copy_done())
        done = next(m for m in peer.until("Z") if m.type == "C")
        assert done.strings == [f"COPY {blocks * 4096}"]
        assert grown < BOUND, f"{grown} bytes for one COPY"
        peer.query("rollback")


def test_a_client_that_never_reads_is_still_cleaned_up(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    deaf = Peer.login(weir, receive_buffer=4096)
    deaf.send(wire.query("select repeat('x', 1000) from generate_series(1, 10000000)"))
    eventually(lambda: weir.servers("wait_event = 'ClientWrite'"), 20)
    deaf.abort()
    with Peer.login(weir, timeout=20) as peer:
        assert peer.value("select 'free'") == "free"


def test_idle_clients_cost_little_memory(pgweir):
    weir = pgweir({"limits": {"max_client_conn": 3000}, "log": {"level": "info"}})
    with Peer.login(weir) as first:
        first.value("select 1")
        before = process.resident_bytes(weir.pid)
        peers = [Peer.login(weir) for _ in range(1000)]
        try:
            for peer in peers:
                peer.value("select 1")
            each = (process.resident_bytes(weir.pid) - before) / len(peers)
        finally:
            for peer in peers:
                peer.close()
    assert each < sized(12_000, 300_000), f"{each:.0f} bytes for an idle client"
