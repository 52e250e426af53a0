"""A database can be dropped, renamed and copied though pgweir has connections of nobody's to it."""

import pytest

from support import wire
from support.cluster import SUPERUSER
from support.peer import Peer, ServerError


@pytest.fixture(name="weir")
def _weir(cluster, pgweir):
    return pgweir({"databases": {"*": {"host": cluster.host, "port": cluster.port}}})


@pytest.fixture(name="admin")
def _admin(weir):
    with Peer.login(weir, dbname="postgres", user=SUPERUSER, timeout=20) as admin:
        admin.rows('create database "Passing"')
        yield admin
        admin.rows('drop database if exists "Passing"')


def use(weir):
    """Somebody is there, and leaves a connection behind that pgweir keeps."""
    with Peer.login(weir, dbname="Passing", user=SUPERUSER) as peer:
        peer.rows("select 1")


def test_it_is_dropped(weir, admin):
    use(weir)
    assert weir.servers(dbname="Passing")
    admin.rows('drop database "Passing"')


def test_it_is_dropped_by_an_extended_query(weir, admin):
    use(weir)
    admin.send(wire.parse("", 'drop database "Passing"'), wire.bind("", ""), wire.execute(),
               wire.sync())
    assert [m for m in admin.until("Z") if m.type == "E"] == []


def test_it_is_dropped_again_soon(weir, admin):
    for _ in range(3):
        use(weir)
        admin.rows('drop database "Passing"')
        admin.rows('create database "Passing"')


def test_it_is_renamed(weir, admin):
    use(weir)
    admin.rows('alter database "Passing" rename to passed')
    admin.rows('alter database passed rename to "Passing"')


def test_it_is_copied(weir, admin):
    use(weir)
    admin.rows('/* a copy */ create database copied template "Passing"')
    admin.rows("drop database copied")


def test_who_is_in_it_is_not_thrown_out(weir, admin):
    with Peer.login(weir, dbname="Passing", user=SUPERUSER) as peer:
        peer.rows("begin")
        with pytest.raises(ServerError, match="being accessed by other users"):
            admin.rows('drop database "Passing"')
        peer.rows("commit")
