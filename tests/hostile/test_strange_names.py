"""Names that clients make up cost neither labels of metrics nor anything that stays."""

import psycopg
import pytest

from support.timing import eventually

COUNT = 40


def _labels(daemon, name):
    return {labels[name] for _, labels, _ in daemon.metrics().samples if name in labels}


def _fails(daemon, **who):
    with pytest.raises(psycopg.OperationalError):
        psycopg.connect(host=daemon.host, port=daemon.port, connect_timeout=10, **who)


def test_databases_that_do_not_exist_get_no_label(pgweir):
    daemon = pgweir()
    for number in range(COUNT):
        _fails(daemon, user="app", dbname=f"made_up_{number}")
    assert not [name for name in _labels(daemon, "database") if "made_up" in name]
    assert "*" in _labels(daemon, "database")


def test_users_that_do_not_exist_get_no_label(pgweir):
    daemon = pgweir()
    for number in range(COUNT):
        _fails(daemon, user=f"made_up_{number}", dbname="postgres")
    assert not [name for name in _labels(daemon, "user") if "made_up" in name]
    assert "*" in _labels(daemon, "user")


def test_a_name_gets_its_label_when_it_has_worked(pgweir):
    daemon = pgweir()
    with psycopg.connect(host=daemon.host, port=daemon.port, user="app", dbname="postgres") as client:
        assert client.execute("select 1").fetchone()[0] == 1
        eventually(lambda: "postgres" in _labels(daemon, "database"), 5, "it has no label")


def test_a_database_of_the_configuration_has_its_label_at_once(pgweir, cluster):
    daemon = pgweir({"databases": {"app": {"host": cluster.host, "port": 1, "user": "app"}},
                     "timeouts": {"server_login_retry": "100ms"}})
    _fails(daemon, user="app", dbname="app")
    assert "app" in _labels(daemon, "database")
