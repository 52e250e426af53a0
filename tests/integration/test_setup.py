"""`pgweir --setup`: the role that looks up passwords, and a configuration for the server found."""

import psycopg
import pytest

from support.cluster import SUPERUSER
from support.commands import psql
from support.fixtures import require_binary
from support.pgweir import run_once, yaml
from support.timing import scaled


def _setup(cluster, part, **keywords):
    require_binary()
    server = cluster.conninfo("postgres", SUPERUSER, **keywords)
    answer = run_once(f"--setup={part}" if part else "--setup", "--server", server)
    assert answer.returncode == 0, answer.stderr
    return answer.stdout


def _run(cluster, sql):
    answer = psql(cluster, "-v", "ON_ERROR_STOP=1", script=sql, dbname="postgres", user=SUPERUSER)
    assert answer.returncode == 0, answer.stderr


@pytest.fixture(name="prepared")
def fixture_prepared(own_cluster):
    own_cluster.admin("ALTER ROLE app PASSWORD 'word'")
    own_cluster.admin("CREATE ROLE late LOGIN PASSWORD 'word' VALID UNTIL '2020-01-01'")
    own_cluster.admin("CREATE ROLE nobody NOLOGIN PASSWORD 'word'")
    _run(own_cluster, _setup(own_cluster, ""))
    return own_cluster


@pytest.mark.parametrize("by_socket", [True, False])
def test_passwords_log_in_with_what_it_prints(prepared, pgweir, by_socket):
    host = {"host": prepared.folder} if by_socket else {}
    weir = pgweir(start=False)
    config = yaml.safe_load(_setup(prepared, "yaml", **host))
    assert config["databases"] == {
        "pgweir_auth": {"host": prepared.folder, "port": prepared.port, "dbname": "postgres"},
        "*": {"host": prepared.host, "port": prepared.port}}
    weir.write_config({**config, "listen": weir.config["listen"], "http": weir.config["http"]})
    weir.start()
    with weir.connect(password="word") as client:
        assert client.execute("select current_user").fetchone() == ("app",)
    for user, password in (("app", "guess"), ("late", "word"), ("nobody", "word"), ("pgweir", "")):
        with pytest.raises(psycopg.OperationalError):
            weir.connect(user=user, password=password, connect_timeout=int(scaled(20)))


def test_its_sql_may_be_run_again(prepared):
    _run(prepared, _setup(prepared, "sql"))
    _run(prepared, _setup(prepared, ""))


def test_the_role_may_look_up_passwords_and_nobody_else_may(prepared):
    look = "SELECT secret FROM pgweir.user_secret('app')"
    with prepared.connect("postgres", "pgweir") as connection:
        assert connection.execute(look).fetchone()[0].startswith("SCRAM-SHA-256$")
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("SELECT * FROM pg_authid")
    with prepared.connect("postgres", "app") as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute(look)


# Who owned the schema could put a function of his own into it.
def test_a_schema_of_that_name_is_taken_from_its_owner(own_cluster):
    own_cluster.admin("CREATE SCHEMA pgweir AUTHORIZATION app", dbname="postgres")
    _run(own_cluster, _setup(own_cluster, "sql"))
    with own_cluster.connect("postgres", "app") as connection:
        with pytest.raises(psycopg.errors.InsufficientPrivilege):
            connection.execute("DROP FUNCTION pgweir.user_secret(text)")


# CREATE OR REPLACE and ALTER OWNER leave what was granted before.
def test_rights_that_somebody_has_prepared_are_taken_away(own_cluster):
    own_cluster.admin("CREATE ROLE accomplice LOGIN")
    for sql in ("CREATE SCHEMA pgweir AUTHORIZATION app", "GRANT ALL ON SCHEMA pgweir TO accomplice",
                "CREATE FUNCTION pgweir.user_secret(wanted text, OUT name text, OUT secret text) "
                "RETURNS SETOF record LANGUAGE sql AS $$select 'a'::text, 'b'::text$$",
                "GRANT EXECUTE ON FUNCTION pgweir.user_secret(text) TO accomplice WITH GRANT OPTION",
                "ALTER DEFAULT PRIVILEGES GRANT EXECUTE ON FUNCTIONS TO accomplice",
                "ALTER DEFAULT PRIVILEGES GRANT ALL ON SCHEMAS TO accomplice"):
        own_cluster.admin(sql, dbname="postgres")
    _run(own_cluster, _setup(own_cluster, "sql"))
    with own_cluster.connect("postgres", "accomplice") as connection:
        for sql in ("SELECT * FROM pgweir.user_secret('app')", "CREATE TABLE pgweir.mine (n int)"):
            with pytest.raises(psycopg.errors.InsufficientPrivilege):
                connection.execute(sql)


def test_another_function_of_that_name_stops_it(own_cluster):
    for sql in ("CREATE SCHEMA pgweir", "CREATE FUNCTION pgweir.user_secret(text, n int DEFAULT 0) "
                "RETURNS text LANGUAGE sql AS $$select 'mine'$$"):
        own_cluster.admin(sql, dbname="postgres")
    answer = psql(own_cluster, "-v", "ON_ERROR_STOP=1", script=_setup(own_cluster, "sql"),
                  dbname="postgres", user=SUPERUSER)
    assert answer.returncode != 0 and "another function user_secret" in answer.stderr


def test_it_runs_only_in_the_database_that_it_is_for(own_cluster):
    answer = psql(own_cluster, "-v", "ON_ERROR_STOP=1", script=_setup(own_cluster, "sql"),
                  dbname="app", user=SUPERUSER)
    assert answer.returncode != 0
    assert 'Run it in database "postgres"' in answer.stderr


def test_a_role_that_may_not_log_in_may_afterwards(own_cluster):
    own_cluster.admin("CREATE ROLE pgweir NOLOGIN")
    _run(own_cluster, _setup(own_cluster, "sql"))
    own_cluster.connect("postgres", "pgweir").close()


def test_a_server_that_still_has_an_md5_hash_gets_md5(own_cluster):
    own_cluster.admin("SET password_encryption = 'md5'; CREATE ROLE old LOGIN PASSWORD 'word'")
    assert yaml.safe_load(_setup(own_cluster, "yaml"))["auth"]["type"] == "md5"


def test_a_server_with_md5_hashes_gets_md5(own_cluster):
    own_cluster.admin("ALTER SYSTEM SET password_encryption = 'md5'")
    own_cluster.admin("SELECT pg_reload_conf()")
    assert yaml.safe_load(_setup(own_cluster, "yaml"))["auth"]["type"] == "md5"


def test_a_server_that_does_not_answer_is_said():
    answer = run_once("--setup", "--server", "host=127.0.0.1 port=1")
    assert answer.returncode == 1
    assert "Connection refused" in answer.stderr and "--server" in answer.stderr


@pytest.mark.parametrize("arguments, why", [
    (["--setup=nonsense"], "sql"), (["--server", "host=x", "a.yaml"], "--server is for --setup"),
    (["--setup", "a.yaml"], "exclude each other")])
def test_a_wrong_command_line_is_refused(arguments, why):
    answer = run_once(*arguments)
    assert answer.returncode == 64
    assert why in answer.stderr
