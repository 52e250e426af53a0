"""Real programs, unmodified, in transaction mode: they print what they print on PostgreSQL."""

import difflib
import os
import shutil
import subprocess

import pytest

from support import node
from support.commands import environment, program
from support.timing import scaled, sized

CLIENTS = os.path.join(os.path.dirname(os.path.abspath(__file__)), "clients")
DRIVER = "/usr/share/java/postgresql.jar"
CROWD = 20
PYTHON = {
    "django_orm": "django", "sqlalchemy_orm": "sqlalchemy", "alembic_migration": "alembic",
    "asyncpg_cache": "asyncpg", "psycopg_prepare": "psycopg",
}


@pytest.fixture(name="weir")
def fixture_weir(pgweir):
    """Two servers for each database and user."""
    return pgweir({"pool": {"default_pool_size": 2}, "log": {"level": "info"},
                   "timeouts": {"query_wait_timeout": "40s"}})


@pytest.fixture(name="database")
def fixture_database(cluster):
    """`database(name)` makes one anew. It goes at the end, with what is still connected."""
    made = []

    def make(name):
        cluster.admin(f"create database {name} owner app template template0", dbname="postgres")
        made.append(name)
        return name
    yield make
    for name in made:
        cluster.admin(f"drop database {name} with (force)", dbname="postgres")


def run(command, limit=100, **variables):
    done = subprocess.run(command, capture_output=True, text=True, timeout=scaled(limit),
                          stdin=subprocess.DEVNULL, check=False,
                          env={**environment(), "PYTHONDONTWRITEBYTECODE": "1", **variables})
    assert done.returncode == 0, \
        f"{command}: exit code {done.returncode}\n{done.stdout[-3000:]}\n{done.stderr[-3000:]}"
    return done.stdout


def compare(command, cluster, weir, database, crowd=CROWD, **variables):
    """Run it with PostgreSQL and with pgweir, each on a new database: it prints the same."""
    direct, through = (
        run([*command, target.host, str(target.port), database(name), str(crowd)], **variables)
        for target, name in ((cluster, "at_postgresql"), (weir, "at_pgweir")))
    assert "Traceback" not in direct, f"PostgreSQL itself does not play along:\n{direct}"
    assert f"client {crowd - 1}: " in direct
    if direct != through:
        lines = difflib.unified_diff(direct.splitlines(), through.splitlines(), "PostgreSQL",
                                     "through pgweir", lineterm="", n=2)
        pytest.fail("\n".join(lines), pytrace=False)


@pytest.mark.parametrize("name", PYTHON)
def test_a_program_of_twenty_clients_is_content_with_two_servers(cluster, weir, database, name):
    pytest.importorskip(PYTHON[name])
    compare(["/usr/bin/python3", os.path.join(CLIENTS, f"{name}.py")], cluster, weir, database)


def test_node_with_named_statements_and_listen(cluster, weir, database):
    if node.modules() is None:
        pytest.skip("neither Debian's node-pg nor npm is there")
    compare(["node", os.path.join(CLIENTS, "node_program.js")], cluster, weir, database,
            NODE_PATH=node.modules())


@pytest.mark.skipif(shutil.which("javac") is None or not os.path.exists(DRIVER),
                    reason="a JDK and libpostgresql-jdbc-java are missing")
def test_jdbc_prepares_every_statement(cluster, weir, database, tmp_path):
    run(["javac", "-cp", DRIVER, "-d", str(tmp_path), os.path.join(CLIENTS, "JdbcProgram.java")])
    compare(["java", "-Xmx128m", "-XX:+UseSerialGC", "-XX:TieredStopAtLevel=1",
             "-cp", f"{DRIVER}:{tmp_path}", "JdbcProgram"], cluster, weir, database)


def _dump(target, database, *arguments):
    """A dump as text, without its random keys and the time it was made at."""
    text = run([program("pg_dump"), "-h", target.host, "-p", str(target.port), "-U", "app", "-d",
                database, *arguments])
    return [line for line in text.splitlines()
            if not line.startswith(("\\restrict", "\\unrestrict"))]


_CONTENT = """
create table item (id serial primary key, name text not null, price numeric(8,2) check (price > 0));
insert into item (name, price) select 'Äpfel ' || i, i / 7.0 from generate_series(1, {rows}) i;
create index on item (name);
create table part (item int references item, picture bytea, at timestamptz default '2001-02-03 UTC');
insert into part select id, decode(md5(id::text), 'hex') from item;
create view dear as select * from item where price > 100;
create materialized view total as select sum(price) from item;
create function f(int) returns int language sql as 'select $1 + 1';
select lo_from_bytea(4711, 'large object');
"""


def test_pg_dump_and_pg_restore_make_the_same_database(cluster, weir, database, tmp_path):
    first, second = database("dumped"), database("restored")
    with cluster.connect(dbname=first) as connection:
        connection.execute(_CONTENT.format(rows=sized(20000, 5000)))
    wanted = _dump(cluster, first)
    assert _dump(weir, first) == wanted
    assert _dump(weir, first, "--inserts", "--rows-per-insert=100") \
        == _dump(cluster, first, "--inserts", "--rows-per-insert=100")
    archive = str(tmp_path / "archive")
    _dump(weir, first, "-Fc", "-f", archive)
    run([program("pg_restore"), "-h", weir.host, "-p", str(weir.port), "-U", "app", "-d", second,
         "--jobs", "2", "--no-comments", archive])
    assert _dump(cluster, second) == wanted
