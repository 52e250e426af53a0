"""SET on the console takes PgBouncer's names and values, until the next RELOAD.

The same commands are said to PgBouncer, and its SHOW CONFIG is the oracle.
"""

import psycopg
import pytest

from support import sqlstates
from support.console import ADMIN, USERS, Console
from support.peer import Peer, ServerError
from support.pgbouncer import PROGRAM, AdminConsole, PgBouncer
from support.pgweir import BINARY

_INI = """[databases]
app = host={host} port={server_port} dbname=app
[pgbouncer]
listen_addr = 127.0.0.1
listen_port = {{port}}
unix_socket_dir = {{folder}}
auth_type = any
admin_users = operator
"""

# What both programs are told, and the settings by which the effect is seen.
_TAKEN = [
    "SET server_lifetime=2", "SET server_lifetime = '1800'", "SET verbose=2", "SET verbose=0",
    "SET log_connections=0", "SET log_connections='1'", "set log_connections to 0;",
    "SET server_idle_timeout = '2.5'", "SET pool_mode=Transaction", "SET pool_mode='session'",
    "SET server_reset_query=''", "SET server_reset_query='RESET ALL'", "SET query_timeout=0x10",
    "SET \"query_timeout\"=1", "SET max_client_conn=\"50\"", "SET max_client_conn= 10 ",
    "SET admin_users='operator, other'", "SET stats_users='watcher'", "SET min_pool_size=50",
    "SET auth_type=md5", "SET auth_type=plain", "SET auth_type='scram-sha-256'",
    "SET auth_user=asker", "SET auth_query='select 1'", "SET server_tls_sslmode=allow",
    "SET server_tls_ca_file='/none/ca.pem'", "SET client_tls_ca_file=''",
    "SET stats_period=30", "SET query_wait_timeout=0", "SET client_idle_timeout=7",
    "SET idle_transaction_timeout=7", "SET default_pool_size=3", "SET max_db_connections=9",
    "SET max_user_connections=9", "SET server_connect_timeout=3", "SET server_login_retry=3",
    "SET client_login_timeout=3", "SET log_disconnections=0",
]
# What pgweir has no option for; it is taken with a warning, or needs none.
_TAKEN_WITHOUT_EFFECT = [
    "SET reserve_pool_size=2", "SET reserve_pool_timeout=3", "SET server_round_robin=1",
    "SET ignore_startup_parameters='options'", "SET server_check_query='select 1'",
    "SET server_check_delay=0", "SET tcp_keepalive=1", "SET log_stats=0",
    "SET max_packet_size=1000", "SET application_name_add_host=1", "SET job_name=x", "SET listen_port=3",
]
_REFUSED = [
    "SET foo=1", "SET max_client_conn=many", "SET auth_type=nonsense", "SET query_timeout",
    "SET query_timeout = ", "SET server_check_query = select 1", "SET pool_mode=none",
    "SET query_timeout 3",
]


def _ini(cluster):
    return _INI.format(host=cluster.host, server_port=cluster.port)


def _from_ini(cluster, pgweir, text):
    weir = pgweir(start=False)
    weir.config_path = f"{weir.folder}/pgbouncer.ini"
    weir.write_config(text.format(port=weir.port, folder=weir.folder))
    return weir.start([BINARY, weir.config_path], True)


@pytest.fixture(name="both", scope="module")
def fixture_both(cluster):
    """SHOW CONFIG of PgBouncer after each of the commands that it takes."""
    if PROGRAM is None:
        pytest.skip("PgBouncer is not installed")
    bouncer = PgBouncer(cluster, _ini(cluster))
    answers = {}
    try:
        with AdminConsole(bouncer, host=bouncer.folder) as console:
            for command in _TAKEN + _TAKEN_WITHOUT_EFFECT + _REFUSED:
                answers[command] = (console.takes(command), console.settings())
    finally:
        bouncer.remove()
    return answers


def _name_in(command):
    return command.split("=")[0].split(" to ")[0].split()[1].strip('"')


def test_set_takes_what_pgbouncer_takes_and_shows_what_it_shows(cluster, pgweir, both):
    weir = _from_ini(cluster, pgweir, _ini(cluster))
    with AdminConsole(weir, host=weir.folder) as console:
        for command in _TAKEN:
            taken, expected = both[command]
            assert taken and console.takes(command), command
            name = _name_in(command)
            assert console.settings()[name] == expected[name], command
        for command in _TAKEN_WITHOUT_EFFECT:
            assert both[command][0] and console.takes(command), command
        for command in _REFUSED:
            assert not both[command][0] and not console.takes(command), command


@pytest.mark.parametrize("command, key, value", [
    ("SET timeouts.query_timeout = '200ms'", "query_timeout", "0.2"),
    ("SET query_timeout = '3min'", "query_timeout", "180"),
    ("SET query_timeout = 3", "query_timeout", "3"),
    ("SET log.level = info", "verbose", "0"),
    ("SET verbose = trace", "verbose", "2"),
    ("SET log_connections = off", "log_connections", "0"),
    ("SET timeouts.server_lifetime = 0", "server_lifetime", "0"),
    ("SET auth.type = password", "auth_type", "plain"),
    ("SET session_state = strict", "session_state", "strict")])
def test_pgweirs_own_names_and_units_work_beside_them(pgweir, command, key, value):
    weir = pgweir(USERS)
    with Console(weir, host=weir.folder) as console:
        before = console.row("SHOW CONFIG", key=key)["value"]
        assert console.say(command) == "SET"
        row = console.row("SHOW CONFIG", key=key)
        assert row["value"] == value != before or command.endswith("lifetime = 0")
        console.say("RELOAD")
        assert console.row("SHOW CONFIG", key=key)["value"] == before


def test_show_config_has_both_names_and_both_notations(pgweir):
    weir = pgweir({**USERS, "timeouts": {"server_lifetime": "90min"}})
    with Console(weir) as console:
        row = console.row("SHOW CONFIG", key="server_lifetime")
        assert (row["value"], row["default"]) == ("5400", "3600")
        assert (row["option"], row["option_value"]) == ("timeouts.server_lifetime", "90min")


def test_set_makes_somebody_an_admin_until_the_next_reload(pgweir):
    weir = pgweir(USERS)
    with Console(weir, host=weir.folder) as console:
        with pytest.raises(psycopg.OperationalError):
            Console(weir, user="other")
        assert console.say(f"SET admin_users = '{ADMIN}, other'") == "SET"
        with Console(weir, user="other") as other:
            assert other.say("RELOAD") == "RELOAD"
        with pytest.raises(psycopg.OperationalError):
            Console(weir, user="other")


def test_set_of_the_method_and_of_the_file_of_users_counts_for_the_next_login(pgweir):
    weir = pgweir(USERS)
    with open(f"{weir.folder}/userlist.txt", "w", encoding="utf-8") as file:
        file.write('"app" "word"\n')
    with Console(weir, host=weir.folder) as console:
        assert console.say(f"SET auth_file = '{weir.folder}/userlist.txt'") == "SET"
        assert console.say("SET auth_type = md5") == "SET"
        with pytest.raises(psycopg.OperationalError):
            weir.connect()
        weir.connect(password="word").close()
        assert console.refusal("SET auth_file = '/none/userlist.txt'") == "22023"
        assert console.refusal("SET auth_type = hba") == "22023"
        weir.connect(password="word").close()
        console.say("RELOAD")
    Peer.login(weir).close()


def test_set_of_tls_for_clients_is_in_effect_or_refused(pgweir, tls):
    weir = pgweir(USERS)
    with Console(weir, host=weir.folder) as console:
        assert console.refusal("SET client_tls_sslmode = require") == "22023"
        for name in ("client_tls_key_file", "client_tls_cert_file"):
            console.say(f"SET {name} = '{tls[name]}'")
        assert console.say("SET client_tls_sslmode = require") == "SET"
        with pytest.raises(psycopg.OperationalError):
            weir.connect(sslmode="disable")
        weir.connect(sslmode="require").close()


def test_set_of_server_tls_reaches_new_connections(pgweir):
    weir = pgweir(USERS)
    with Console(weir, host=weir.folder) as console:
        Peer.login(weir).close()
        assert console.say("SET server_tls_sslmode = require") == "SET"
        console.say("RECONNECT")
        with pytest.raises(psycopg.Error), weir.connect() as client:
            client.execute("select 1")
        console.say("SET server_tls_sslmode = disable")
        with weir.connect() as client:
            client.execute("select 1")


@pytest.mark.parametrize("command", [
    "SET auth_type = trust", "SET auth.auth_user = x", "SET admin_users = x",
    "SET client_tls_sslmode = disable"])
def test_who_may_come_in_is_set_by_the_unix_socket_or_tls_only(pgweir, tls, command):
    weir = pgweir({**USERS, "tls": tls})
    with Console(weir, sslmode="disable") as console:
        assert console.refusal(command) == "42501"
        assert console.say("SET query_timeout = 1") == "SET"
    with Console(weir, sslmode="require") as console:
        assert console.say(command) == "SET"


def test_what_pgweir_does_not_have_is_taken_with_a_warning(pgweir):
    weir = pgweir(USERS)
    with Console(weir) as console:
        assert console.say("SET scram_iterations = 5000") == "SET"
        assert console.notices[0].startswith("scram_iterations is not supported: ")
        assert console.say("SET scram_iterations = 4096") == "SET"
        assert console.say("SET pkt_buf = 2048") == "SET"
        assert len(console.notices) == 1
        assert console.refusal("SET workers = 3") == "55P02"
        assert console.refusal("SET max_client_con = 5") == "42704"


def test_a_limit_counts_at_once(pgweir):
    weir = pgweir(USERS)
    with Console(weir) as console, Peer.login(weir):
        console.say("SET max_client_conn = 1")
        with pytest.raises(ServerError) as refused:
            Peer.login(weir)
        assert refused.value.sqlstate == sqlstates.TOO_MANY_CONNECTIONS
