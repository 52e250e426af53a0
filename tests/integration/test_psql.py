"""psql works through pgweir as it does directly."""

import hashlib
import re
import signal
import subprocess

import pytest

from support import commands, process
from support.timing import eventually, scaled, sized

MEGABYTES = sized(100, 25)
LINE = 1000  # bytes of a row, about

SCRIPT = r"""
\set VERBOSITY verbose
select 1 as one, 'two' as two; select 3;
select 1 \; select 2 \; select 3 as three;
select nonsense;
select 1/0;
do $$ begin raise notice 'a notice'; raise warning 'a warning' using hint = 'a hint'; end $$;
begin;
create temp table t (a int primary key, b text) on commit drop;
insert into t values (1, 'x'), (2, 'y');
insert into t values (1, 'again');
select 'ignored';
rollback;
begin; \echo :SERVER_VERSION_NUM
create temp table t (a int) on commit drop;
\copy t from pstdin
1
2
\.
copy t to stdout;
\copy (select sum(a) from t) to stdout
commit;
select $1::int + $2::int \bind
select generate_series(1, 3) as g \gset p_
\x on
select 1 as a, 2 as b;
\x off
\set FETCH_COUNT 2
select * from generate_series(1, 5);
\unset FETCH_COUNT
select 'select ' || g from generate_series(1, 3) g \gexec
select 1 as "a", 2 as "b" \crosstabview
\encoding
\conninfo_is_not_compared
"""


@pytest.fixture(name="tables", scope="module")
def fixture_tables(cluster):
    cluster.admin("create table psql_a (id int primary key, name text not null default 'x');"
                  "create index on psql_a (name);"
                  "create view psql_v as select * from psql_a;"
                  "create function psql_f(int) returns int language sql as 'select $1';")
    yield
    cluster.admin("drop view psql_v; drop table psql_a; drop function psql_f")


def _of_any_backend(said):
    """psql from 17 on names the schema of an error's table: of a temporary one, its backend's."""
    return re.sub(r"\bpg_temp_\d+\b", "pg_temp_N", said)



@pytest.mark.parametrize("mode", ["session", "transaction"])
def test_a_script_says_the_same_as_directly(cluster, pgweir, mode):
    weir = pgweir({"pool": {"mode": mode}})
    direct = commands.psql(cluster, "-f", "-", script=SCRIPT)
    through = commands.psql(weir, "-f", "-", script=SCRIPT)
    assert direct.stdout == through.stdout
    assert _of_any_backend(direct.stderr) == _of_any_backend(through.stderr)
    assert "a warning" in through.stderr and direct.returncode == through.returncode


@pytest.mark.parametrize("command", [r"\d", r"\d psql_a", r"\d+ psql_v", r"\df psql_*", r"\l",
                                     r"\du", r"\dn", r"\dt+", r"\di", r"\dT", r"\dx",
                                     r"\sf psql_f", r"\dconfig work_mem"])
@pytest.mark.usefixtures("tables")
def test_backslash_commands_say_the_same_as_directly(cluster, describing_weir, command):
    direct = commands.psql(cluster, "-c", command)
    through = commands.psql(describing_weir, "-c", command)
    assert (direct.stdout, direct.stderr) == (through.stdout, through.stderr)
    assert direct.returncode == through.returncode == 0


@pytest.fixture(name="describing_weir", scope="module")
def fixture_describing_weir(cluster):
    from support.fixtures import require_binary
    from support.pgweir import Pgweir

    require_binary()
    weir = Pgweir(cluster)
    yield weir
    weir.finish()


def test_a_multi_statement_string_is_one_transaction(cluster, pgweir):
    weir = pgweir()
    text = "create table psql_m (a int); insert into psql_m values (1); select 1/0"
    direct = commands.psql(cluster, "-c", text)
    through = commands.psql(weir, "-c", text)
    assert (direct.stderr, direct.returncode) == (through.stderr, through.returncode)
    assert cluster.admin("select to_regclass('psql_m')") == [(None,)]


def _hash_of_copy_out(target, query):
    command = commands.psql_command(target, "-c", f"copy ({query}) to stdout")
    digest, size = hashlib.sha256(), 0
    copying = process.start(command, stdout=subprocess.PIPE, env=commands.environment())
    try:
        while block := copying.stdout.read(1 << 20):
            digest.update(block)
            size += len(block)
        assert copying.wait(scaled(20)) == 0
    finally:
        process.end(copying)
    return digest.hexdigest(), size


def test_copy_out_of_many_megabytes_arrives_whole(cluster, pgweir):
    rows = MEGABYTES * 1_000_000 // LINE
    query = f"select g, repeat(chr(65 + g % 26), {LINE - 10}) from generate_series(1, {rows}) g"
    through = _hash_of_copy_out(pgweir(), query)
    assert through == _hash_of_copy_out(cluster, query)
    assert through[1] > MEGABYTES * 900_000


def test_copy_in_of_many_megabytes_arrives_whole(cluster, pgweir, tmp_path):
    weir = pgweir()
    cluster.admin("create unlogged table psql_copy (a text); alter table psql_copy owner to app")
    path = tmp_path / "rows"
    line = b"0123456789" * (LINE // 10)
    with open(path, "wb") as file:
        for number in range(MEGABYTES * 1_000_000 // LINE):
            file.write(b"%d:%s\n" % (number, line))
    wanted = hashlib.sha256(path.read_bytes()).hexdigest()
    try:
        result = commands.psql(weir, "-c", rf"\copy psql_copy from '{path}'", timeout=120)
        assert result.returncode == 0, result.stderr
        assert _hash_of_copy_out(cluster, "select a from psql_copy")[0] == wanted
    finally:
        cluster.admin("drop table psql_copy")


def test_watch_runs_again_and_again(cluster, pgweir):
    weir = pgweir()
    # PostgreSQL 15's \watch has no count: it ends at the first error, here in the fourth round.
    script = r"select 10 / (4 - nextval('psql_watch')) as left \watch 0.05"
    answers = []
    for target in (cluster, weir):
        cluster.admin("create sequence psql_watch; alter sequence psql_watch owner to app")
        try:
            result = commands.psql(target, "-f", "-", script=script)
        finally:
            cluster.admin("drop sequence psql_watch")
        lines = [line for line in result.stdout.splitlines() if "(every" not in line]
        answers.append((lines, result.stderr))
    assert answers[0] == answers[1]
    assert "division by zero" in answers[1][1]


def _interrupted(target, cluster):
    """What psql says when Ctrl-C hits it in a query."""
    marker = "select pg_sleep(60) /* ctrl-c */"
    running = commands.start(commands.psql_command(target, "-At", "-c", marker))
    try:
        eventually(lambda: cluster.backends(f"state = 'active' and query = '{marker}'"), 10,
                   "psql's query never ran")
        running.send_signal(signal.SIGINT)
        out, err = running.communicate(timeout=scaled(10))
    finally:
        process.end(running)
    assert not cluster.backends(f"state = 'active' and query = '{marker}'")
    return out, err, running.returncode


def test_ctrl_c_cancels_the_running_query(cluster, pgweir):
    through = _interrupted(pgweir(), cluster)
    assert "canceling statement due to user request" in through[1]
    assert through == _interrupted(cluster, cluster)
