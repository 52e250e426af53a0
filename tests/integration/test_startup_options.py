"""The `options` of a start-up packet: what PostgreSQL makes of them, pgweir does."""

import pytest

from support.peer import Peer, ServerError

# What the switches set, and a few others.
SETTINGS = ("datestyle", "work_mem", "log_min_messages", "log_statement", "debug_print_parse",
            "debug_print_plan", "debug_print_rewritten", "enable_seqscan", "enable_indexscan",
            "enable_indexonlyscan", "enable_bitmapscan", "enable_tidscan", "enable_nestloop",
            "enable_mergejoin", "enable_hashjoin", "log_parser_stats", "log_planner_stats",
            "log_executor_stats", "log_statement_stats", "allow_system_table_mods",
            "statement_timeout", "fsync", "search_path")

# For everybody, then for superusers: a switch is a setting, and may be refused as one. At most one
# thing is wrong in each: PostgreSQL names the first, pgweir a wrong switch before a wrong setting.
OPTIONS = [
    "-e", "-S 100", "-S100", "-eS 100", "-e -e -S\t64", "-fs", "-f s -fi -fo -fb -ft -fn -fm -fh",
    "-fstop", "-C x", "-Cx -n -T", "-nTe", "-b -E -j", "-D /nowhere -r x -v 3 -e",
    "-e -c statement_timeout=7s", "-ec statement_timeout=7s", "-e-statement_timeout=7s",
    "-c work_mem=1MB -S 100", "-S 100 -c work_mem=1MB", "-e --", "-e -- ",
    # refused by the switch itself
    "-f x", "-f", "-t x", "-t", "-tp", "-x", "-ex", "-xe", "-e -xe", "-S", "-Z 1", "-e foo",
    "foo -e", "foo -xe", "foo bar -e", "-e -- foo", "foo -- bar", "-", "-e -", "-S 100 -xe", "-:",
    "-e:", "-?", "-B", "-d", "foo --x", "--x foo", "-c x foo", "-e--", "-e- x=y", "-\\ ",
    # refused as settings
    "-S x", "-S -1", "-B 100", "-F", "-i", "-h x", "-k x", "-l", "-N 5", "-p 1", "-c a",
]
SUPERUSER = ["-d 0", "-d 1", "-d2", "-d 3", "-d 5", "-d 6", "-d -1", "-d x", "-d 3x", "-d 2147483648",
             "-s", "-es", "-tpa", "-t pl", "-t e", "-tex", "-O"]


def _outcome(target, user, options):
    """The values of all settings, or the error."""
    try:
        with Peer.login(target, dbname="app", user=user, options=options) as peer:
            return peer.rows("select " + ",".join(f"current_setting('{s}')" for s in SETTINGS))[0]
    except ServerError as error:
        return {key: error.fields.get(key) for key in "SVCMDH"}


@pytest.fixture(name="weir", scope="module")
def _weir(cluster):
    from support.fixtures import require_binary
    from support.pgweir import Pgweir

    require_binary()
    found = Pgweir(cluster, {"databases": {"*": {"host": cluster.host, "port": cluster.port}}})
    yield found
    found.finish()


@pytest.mark.parametrize("user,options", [
    *(("app", options) for options in [*OPTIONS, *SUPERUSER]),
    *(("postgres", options) for options in [*SUPERUSER, "-sOe"])])
def test_each_switch_does_what_it_does_in_postgresql(cluster, weir, user, options):
    assert _outcome(weir, user, options) == _outcome(cluster, user, options)
