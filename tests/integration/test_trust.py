"""`auth.type: trust` is asked for by its name, and on addresses of the network by one more."""

import socket

import psycopg
import pytest

from support.console import USERS, Console
from support.fixtures import require_binary
from support.pgweir import merged, run_once
from support.timing import eventually

OPEN = "auth.type trust whoever reaches it can be any user"
SCRAM = {"auth": {"type": "scram-sha-256"}, "users": {"app": {"password": "word"}}}


def _address(weir):
    return f"0.0.0.0:{weir.port}"


def test_without_a_method_nobody_comes_in_without_a_password(pgweir):
    weir = pgweir({"auth": None, "users": {"app": {"password": "word"}}}, start=False)
    weir.start()
    with pytest.raises(psycopg.OperationalError, match="no password supplied"):
        weir.connect()
    with pytest.raises(psycopg.OperationalError, match="password authentication failed"):
        weir.connect(password="guess")
    weir.connect(password="word").close()


def test_trust_on_an_address_of_the_network_does_not_start(pgweir):
    weir = pgweir(start=False)
    weir.write_config({**weir.config, "listen": [_address(weir), weir.folder]})
    for arguments in (["--check"], []):
        answer = run_once(*arguments, weir.config_path)
        assert answer.returncode == 2
        assert f'{weir.config_path}:' in answer.stderr and OPEN in answer.stderr
        assert "auth.allow_trust_from_network: true" in answer.stderr


def test_trust_on_an_address_of_the_network_starts_where_it_is_allowed(pgweir):
    weir = pgweir({"auth": {"allow_trust_from_network": True}}, start=False)
    weir.config["listen"] = [_address(weir), weir.folder]
    weir.write_config(weir.config)
    weir.start()
    weir.connect().close()


# A new `listen` needs a restart, so that the old addresses are still there after this reload.
def test_a_reload_does_not_open_the_addresses_that_are_still_listened_at(pgweir):
    weir = pgweir(SCRAM, start=False)
    local = weir.config["listen"]
    weir.config["listen"] = [_address(weir), weir.folder]
    weir.write_config(weir.config)
    weir.start()
    weir.reload(merged(weir.config, {"listen": local, "auth": {"type": "trust"}}))
    eventually(lambda: weir.log_lines(" reload_failed "), 10, weir.log)
    assert any(OPEN in line for line in weir.log_lines(" reload_problem "))
    with pytest.raises(psycopg.OperationalError):
        weir.connect()
    weir.connect(password="word").close()


def test_set_on_the_console_does_not_open_them_either(pgweir):
    weir = pgweir(merged(SCRAM, {**USERS, "users": {"operator": {"password": "admin"}}}), start=False)
    weir.config["listen"] = [_address(weir), weir.folder]
    weir.write_config(weir.config)
    weir.start()
    with Console(weir, host=weir.folder, password="admin") as console:
        assert console.refusal("SET auth_type = any") == "22023"
        assert console.say("SET auth.allow_trust_from_network = true") == "SET"
        assert console.say("SET auth_type = any") == "SET"
    weir.connect().close()


def test_a_pgbouncer_ini_may_and_is_warned(pgweir, tmp_path):
    require_binary()
    ini = tmp_path / "pgbouncer.ini"
    ini.write_text("[databases]\n* = host=127.0.0.1\n[pgbouncer]\nlisten_addr = 0.0.0.0\n"
                   "unix_socket_dir =\nauth_type = trust\n")
    answer = run_once("--import", str(ini))
    assert answer.returncode == 0
    assert "allow_trust_from_network: true" in answer.stdout
    assert "pgbouncer.ini:6: auth_type: differs: " in answer.stderr
    assert "whoever reaches 0.0.0.0:6432 can be any user" in answer.stderr
    # As it stands nobody else can come in: the option is for those who need it.
    ini.write_text(ini.read_text().replace("0.0.0.0", "127.0.0.1"))
    assert "allow_trust_from_network" not in run_once("--import", str(ini)).stdout
    weir = pgweir(start=False)
    ini.write_text(f"[databases]\napp = host={weir.cluster.host} port={weir.cluster.port}\n"
                   f"[pgbouncer]\nlisten_addr = 0.0.0.0\nlisten_port = {weir.port}\n"
                   f"unix_socket_dir =\nauth_type = trust\nauth_file = {tmp_path}/userlist.txt\n")
    (tmp_path / "userlist.txt").write_text('"app" ""\n')
    weir.config_path = str(ini)
    weir.start(local=False)
    weir.connect().close()
    eventually(lambda: [line for line in weir.log_lines(" WARNING pgbouncer_setting ")
                        if "can be any user" in line], 10, weir.log)


def test_the_port_is_not_taken_by_a_refused_start(pgweir):
    weir = pgweir(start=False)
    weir.write_config({**weir.config, "listen": [_address(weir)]})
    run_once(weir.config_path)
    socket.create_server(("0.0.0.0", weir.port)).close()
