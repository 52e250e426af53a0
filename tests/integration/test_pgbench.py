"""pgbench by many clients over few servers, without an error."""

import re

import pytest

from support import commands
from support.timing import sized

CLIENTS = 100
EACH = sized(30, 8)


@pytest.fixture(name="bench_tables", scope="module", autouse=True)
def fixture_bench_tables(cluster):
    """pgbench -i goes through pgweir as well."""
    from support.fixtures import require_binary
    from support.pgweir import Pgweir

    require_binary()
    weir = Pgweir(cluster)
    try:
        result = commands.pgbench(weir, "-i", "-s", "2", "-q")
        assert result.returncode == 0, result.stderr
        assert cluster.admin("select count(*) from pgbench_accounts") == [(200_000,)]
    finally:
        weir.finish()
    yield
    cluster.admin("drop table pgbench_accounts, pgbench_branches, pgbench_history, pgbench_tellers")


def _check(result, transactions):
    assert result.returncode == 0, result.stderr
    processed = re.search(r"actually processed: (\d+)/(\d+)", result.stdout)
    assert processed and int(processed[1]) == int(processed[2]) == transactions, result.stdout
    assert "number of failed transactions: 0 " in result.stdout
    assert "error" not in result.stderr.lower(), result.stderr


@pytest.mark.concurrent
@pytest.mark.parametrize("protocol", ["simple", "extended"])
def test_a_hundred_clients_work_on_four_servers(cluster, pgweir, protocol):
    weir = pgweir({"pool": {"default_pool_size": 4}, "workers": 2})
    before = cluster.admin("select count(*) from pgbench_history")[0][0]
    result = commands.pgbench(weir, "-n", "-M", protocol, "-c", str(CLIENTS), "-j", "2",
                              "-t", str(EACH))
    _check(result, CLIENTS * EACH)
    assert cluster.admin("select count(*) from pgbench_history")[0][0] == before + CLIENTS * EACH
    assert cluster.admin("select sum(abalance) from pgbench_accounts") == cluster.admin(
        "select sum(bbalance) from pgbench_branches")
    assert len(weir.servers()) <= 4


def test_prepared_statements_work_in_session_mode(pgweir):
    weir = pgweir({"pool": {"mode": "session", "default_pool_size": 8}})
    result = commands.pgbench(weir, "-n", "-M", "prepared", "-c", "7", "-t", str(EACH * 5))
    _check(result, 7 * EACH * 5)


@pytest.mark.concurrent
@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_new_connection_for_every_transaction(pgweir, mode):
    # A thread of pgbench waits for one connection while its other clients hold theirs: in session
    # mode fewer servers than clients would be a deadlock of its own making.
    weir = pgweir({"pool": {"mode": mode, "default_pool_size": 10 if mode == "session" else 4}})
    each = sized(30, 8)
    result = commands.pgbench(weir, "-n", "-C", "-S", "-c", "10", "-j", "2", "-t", str(each))
    _check(result, 10 * each)


def test_select_only_is_spread_over_four_workers(pgweir):
    weir = pgweir({"workers": 4, "pool": {"default_pool_size": 3}})
    each = sized(100, 25)
    result = commands.pgbench(weir, "-n", "-S", "-M", "extended", "-c", "50", "-j", "2",
                              "-t", str(each))
    _check(result, 50 * each)
