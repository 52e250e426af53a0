"""LISTEN in transaction pooling: one server connection listens for all clients of a pool."""

import contextlib
import itertools
import threading

import pytest

from support import wire
from support.listening import handed_over
from support.peer import Peer
from support.timing import eventually, sized


def notifications(messages):
    """(channel, payload) of each NotificationResponse."""
    found = []
    for message in messages:
        if message.type == "A":
            channel, payload = message.body[4:].split(b"\0")[:2]
            found.append((channel.decode(), payload.decode()))
    return found


def next_payload(peer):
    message = peer.receive()
    assert message.type == "A", message
    return notifications([message])[0][1]


def payloads_until(peer, last):
    """The payloads that come up to one that is `last`."""
    found = []
    while not found or found[-1] != last:
        found.append(next_payload(peer))
    return found


def assert_silent(peer):
    """Nothing has come: a query is answered by nothing but its own answer."""
    messages = peer.query("select 1")
    assert [m.type for m in messages] == ["T", "D", "C", "Z"], messages


@pytest.mark.concurrent
def test_many_idle_listeners_cost_one_server_connection(cluster, pgweir):
    weir = pgweir({"workers": 2, "pool": {"default_pool_size": 2}})
    with contextlib.ExitStack() as stack:
        listeners = [stack.enter_context(Peer.login(weir)) for _ in range(sized(300, 60))]
        for peer in listeners:
            assert peer.query("listen news")[-1].status == "I"
        handed_over(weir, len(listeners))
        worker = stack.enter_context(Peer.login(weir))
        direct = stack.enter_context(cluster.connect())
        for i in range(100):
            direct.execute("select pg_notify('news', %s)", [str(i)])
            if i % 10 == 0:
                assert worker.value("select 1") == "1"
        for peer in listeners:
            assert payloads_until(peer, "99") == [str(i) for i in range(100)]
        assert len(weir.servers()) <= 3, "two of the pool and one that listens"
        assert weir.metrics().sum("pgweir_notifications_total") == 100 * len(listeners)


def test_listen_takes_effect_at_commit_and_not_at_rollback(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer, cluster.connect() as direct:
        peer.query("begin")
        peer.query("listen kept")
        direct.execute("notify kept, 'too early'")
        peer.query("commit")
        handed_over(weir, 1)
        direct.execute("notify kept, 'one'")
        assert next_payload(peer) == "one"

        peer.query("begin")
        peer.query("listen undone")
        peer.query("unlisten kept")
        peer.query("rollback")
        direct.execute("notify undone, 'lost'")
        direct.execute("notify kept, 'two'")
        assert next_payload(peer) == "two"
        handed_over(weir, 1)

        peer.query("begin")
        peer.query("savepoint s")
        peer.query("unlisten *")
        peer.query("rollback to s")
        peer.query("listen more")
        peer.query("commit")
        direct.execute("notify more, 'three'")
        direct.execute("notify kept, 'four'")
        assert [next_payload(peer), next_payload(peer)] == ["three", "four"]
        handed_over(weir, 1)


@pytest.mark.parametrize("end", ["unlisten *", "discard all", "begin; unlisten *; commit"])
def test_a_client_that_unlistens_hears_nothing_any_more(cluster, pgweir, end):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer, cluster.connect() as direct:
        peer.query("listen a")
        peer.query("listen b")
        handed_over(weir, 1)
        peer.query("unlisten a")
        handed_over(weir, 1)
        direct.execute("notify a, 'lost'")
        direct.execute("notify b, 'heard'")
        assert next_payload(peer) == "heard"
        for statement in end.split("; "):
            assert peer.query(statement)[-1].type == "Z"
        direct.execute("notify b, 'lost'")
        eventually(lambda: weir.metrics().sum("pgweir_listening_clients") == 0)
        assert_silent(peer)
        assert weir.metrics().sum("pgweir_clients_pinned") == 0


def test_the_channels_are_shown_as_postgresql_shows_them(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    channels = "select string_agg(c, ',' order by c) from pg_listening_channels() c"
    with Peer.login(weir) as peer, Peer.login(weir) as other:
        peer.query('listen "Odd ""name"""')
        peer.query("listen plain")
        handed_over(weir, 1)
        for _ in range(3):
            assert peer.value(channels) == 'Odd "name",plain'
            assert other.value(channels) is None
        handed_over(weir, 1)


def test_extended_queries_listen_and_unlisten(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})

    def run(peer, sql):
        peer.send(wire.parse("", sql), wire.bind("", ""), wire.describe("P", ""), wire.execute(),
                  wire.sync())
        messages = peer.until("Z")
        assert [m.type for m in messages if m.type != "A"] == ["1", "2", "n", "C", "Z"], messages

    with Peer.login(weir) as peer, cluster.connect() as direct:
        run(peer, "listen a")
        handed_over(weir, 1)
        run(peer, "listen b")
        handed_over(weir, 1)
        direct.execute("notify a, '1'")
        direct.execute("notify b, '2'")
        assert [next_payload(peer), next_payload(peer)] == ["1", "2"]
        run(peer, "begin")
        run(peer, "unlisten a")
        run(peer, "commit")
        direct.execute("notify a, 'lost'")
        direct.execute("notify b, '3'")
        assert next_payload(peer) == "3"
        handed_over(weir, 1)


def test_a_suspended_portal_goes_on_behind_a_further_listen(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer:
        peer.query("listen a")
        handed_over(weir, 1)
        peer.query("begin")
        peer.send(wire.parse("", "select * from generate_series(1, 3)"), wire.bind("", ""),
                  wire.execute("", 1), wire.sync())
        assert [m.type for m in peer.until("Z")] == ["1", "2", "D", "s", "Z"]
        peer.send(wire.parse("l", "listen b"), wire.bind("l", "l"), wire.execute("l"), wire.sync())
        assert [m.type for m in peer.until("Z")] == ["1", "2", "C", "Z"]
        peer.send(wire.execute("", 0), wire.sync())
        assert [m.type for m in peer.until("Z")] == ["D", "D", "C", "Z"]
        peer.query("commit")
        handed_over(weir, 1)


def test_psycopg_listens_through_pgweir(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with weir.connect() as one, weir.connect() as two, cluster.connect() as direct:
        for connection in (one, two):
            connection.execute("listen news")
        handed_over(weir, 2)
        assert one.execute("select 1").fetchone() == (1,)
        for i in range(3):
            direct.execute("select pg_notify('news', %s)", [str(i)])
        for connection in (one, two):
            heard = [n.payload for n in itertools.islice(connection.notifies(), 3)]
            assert heard == ["0", "1", "2"]


# UNLISTEN * took the marker's channel away as well: the client heard nothing more, for ever.
def test_a_client_that_changes_all_its_channels_in_a_transaction_hears_the_new_ones(cluster, pgweir):
    weir = pgweir({"workers": 1, "pool": {"default_pool_size": 2}})
    with Peer.login(weir) as peer, cluster.connect() as direct:
        peer.query("listen before")
        handed_over(weir, 1)
        for number in range(3):
            for statement in ("begin", "unlisten *", f"listen after{number}", "commit"):
                peer.query(statement)
            handed_over(weir, 1)
            direct.execute("select pg_notify('before', 'not any more')")
            direct.execute(f"select pg_notify('after{number}', 'heard')")
            assert next_payload(peer) == "heard"


def test_a_client_that_leaves_listens_no_more(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as staying:
        staying.query("listen news")
        for leave in (Peer.close, Peer.abort):
            leaving = Peer.login(weir)
            leaving.query("listen news")
            handed_over(weir, 2)
            leave(leaving)
            handed_over(weir, 1)
        with cluster.connect() as direct:
            direct.execute("notify news, 'still'")
        assert next_payload(staying) == "still"


def test_a_client_hears_of_its_own_notify(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer:
        peer.query("listen own")
        handed_over(weir, 1)
        messages = peer.query("notify own, 'mine'")
        found = notifications(messages) or [("own", next_payload(peer))]
        assert found == [("own", "mine")]


def test_notifications_wait_for_the_end_of_the_transaction(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir) as peer, cluster.connect() as direct, Peer.login(weir) as other:
        for listener in (peer, other):
            listener.query("listen news")
        handed_over(weir, 2)
        peer.query("begin")
        direct.execute("notify news, 'meanwhile'")
        assert next_payload(other) == "meanwhile"
        assert notifications(peer.query("select 1")) == []
        messages = peer.query("commit")
        assert (notifications(messages) or [("news", next_payload(peer))]) == [
            ("news", "meanwhile")]


@pytest.mark.concurrent
def test_clients_hear_all_from_their_listen_on_however_fast_it_comes(cluster, pgweir):
    weir = pgweir({"workers": 2, "pool": {"default_pool_size": 3}})
    stop = threading.Event()
    sent = []

    def notify():
        with cluster.connect() as direct:
            while not stop.is_set():
                sent.append(len(sent))
                direct.execute("select pg_notify(%s, %s)", [f"c{len(sent) % 3}", str(len(sent))])

    thread = threading.Thread(target=notify)
    thread.start()
    try:
        with contextlib.ExitStack() as stack:
            clients = [(stack.enter_context(Peer.login(weir)), []) for _ in range(sized(20, 8))]
            for channel in ("c0", "c1", "c2"):
                for peer, heard in clients:
                    heard += [(channel, None)] + notifications(peer.query(f"listen {channel}"))
                limit = len(sent) + 50
                eventually(lambda: len(sent) > limit, 30)
            for peer, heard in clients[::2]:
                heard += notifications(peer.query("select pg_listening_channels()"))
                for statement in ("begin", "listen c0", "select 1", "commit"):
                    heard += notifications(peer.query(statement))
            for peer, heard in clients[::3]:
                # Without waiting for the answers.
                peer.send(*(wire.query(f"listen c{i % 3}") for i in range(5)))
                for _ in range(5):
                    heard += notifications(peer.until("Z"))
            stop.set()
            thread.join()
            with cluster.connect() as direct:
                for channel in ("c0", "c1", "c2"):
                    direct.execute("select pg_notify(%s, 'end')", [channel])
            for peer, heard in clients:
                while heard[-1] != ("c2", "end"):
                    heard += notifications([peer.receive(30)])
            for _, heard in clients:
                check_suffix([h for h in heard if h[1] is not None and h[1] != "end"], len(sent))
    finally:
        stop.set()
        thread.join()


def check_suffix(heard, last):
    """In commit order, and of each channel all from the first that was heard."""
    numbers = [int(payload) for _, payload in heard]
    assert numbers == sorted(set(numbers)), "not in commit order, or twice"
    for remainder in range(3):
        of_channel = [n for n in numbers if n % 3 == remainder]
        assert of_channel == list(range(of_channel[0], last + 1, 3)), "a gap"


def test_listening_goes_on_after_a_restart_with_a_warning(own_cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 2}})
    with Peer.login(weir) as peer:
        peer.query("listen news")
        handed_over(weir, 1)
        own_cluster.restart()
        warning = peer.receive(30)
        assert warning.type == "N" and warning.sqlstate == "01000", warning
        assert "may have been missed" in warning.fields["M"]
        with own_cluster.connect() as direct:
            direct.execute("notify news, 'back'")
        assert next_payload(peer) == "back"
        assert weir.metrics().sum("pgweir_notification_interruptions_total") == 1


def test_a_client_that_does_not_read_its_notifications_is_ended(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir, receive_buffer=4096) as peer, Peer.login(weir) as good:
        for listener in (peer, good):
            listener.query("listen flood")
        handed_over(weir, 2)
        with cluster.connect() as direct:
            def flood():
                for _ in range(20):
                    direct.execute("select pg_notify('flood', i || repeat('x', 7000))"
                                   " from generate_series(1, 50) i")
                    for _ in range(50):
                        next_payload(good)
                return weir.metrics().sum("pgweir_client_closes_total", reason="unread") == 1
            eventually(flood, 60)
        assert weir.log_lines("notifications are not read")
        assert good.value("select 1") == "1"


def test_a_client_of_another_encoding_keeps_its_server(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}})
    with Peer.login(weir, client_encoding="LATIN1") as peer, cluster.connect() as direct:
        peer.query("listen news")
        direct.execute("notify news, 'ä'")
        message = peer.receive()
        assert message.type == "A" and message.body[4:] == b"news\0\xe4\0"
        eventually(lambda: weir.metrics().sum("pgweir_clients_pinned", reason="listen") == 1)


def test_a_channel_keeps_its_name_when_its_client_changes_its_encoding(cluster, pgweir):
    weir = pgweir({"pool": {"default_pool_size": 2}})
    shown = "select c from pg_listening_channels() c where c not like 'pgweir%'"
    name = "Ärger".encode("cp1252")
    for target in (cluster, weir):
        with Peer.login(target) as peer, Peer.login(target) as sender:
            peer.query('listen "Ärger"')
            if target is weir:
                handed_over(weir, 1)
            peer.query("set client_encoding = 'WIN1252'")
            assert [m.values for m in peer.query(shown) if m.type == "D"] == [[name]]
            sender.query('notify "Ärger"')
            assert peer.until("A")[-1].body[4:] == name + b"\0\0"


def test_an_unused_listening_connection_is_closed(pgweir):
    weir = pgweir({"pool": {"default_pool_size": 1}, "timeouts": {"server_idle_timeout": "1s"}})
    with Peer.login(weir) as peer:
        peer.query("listen news")
        handed_over(weir, 1)
    eventually(lambda: not weir.servers(), 20)


@pytest.mark.parametrize("end", ["commit", "rollback"])
@pytest.mark.parametrize("extended", [True, False])
@pytest.mark.parametrize("at_once", [True, False])
def test_a_failed_transaction_with_an_unlisten_in_it_can_be_ended(cluster, pgweir, at_once, extended,
                                                                  end):
    ending = ([wire.parse("", end), wire.bind("", ""), wire.execute(""), wire.sync()] if extended
              else [wire.query(end)])

    def ended(target, rests):
        with Peer.login(target) as client:
            client.query("listen weather")
            rests()
            for sql in ("begin", "unlisten *"):
                client.query(sql)
            client.send(wire.query("select 1/0"), *(ending if at_once else []))
            client.until("Z")
            if not at_once:
                client.send(*ending)
            return [(m.type, m.body) for m in client.until("Z")]
    weir = pgweir()
    wanted = ended(cluster, lambda: None)
    assert wanted[-1] == ("Z", b"I")
    assert ended(weir, lambda: eventually(
        lambda: weir.metrics().sum("servers", state="active") == 0)) == wanted
