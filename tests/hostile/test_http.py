"""Who connects to the HTTP port and says nothing does not take it away from the watchers."""

import socket
import time

import pytest

from support.timing import eventually, scaled


def _ask(daemon, path="/healthz", peer=None):
    own = peer is None
    peer = peer or socket.create_connection((daemon.host, daemon.http_port), 5)
    peer.settimeout(scaled(5))
    end = "Connection: close\r\n" if own else ""
    peer.sendall(f"GET {path} HTTP/1.1\r\nHost: x\r\n{end}\r\n".encode())
    answer = b""
    while b"\r\n\r\n" not in answer:
        more = peer.recv(4096)
        if not more:
            break
        answer += more
    if own:
        peer.close()
    return answer


def _is_served(daemon):
    """HTTP comes after the clients' port, which pgweir() waits for."""
    try:
        return bool(_ask(daemon))
    except ConnectionRefusedError:
        return False


@pytest.fixture(name="daemon")
def fixture_daemon(pgweir):
    daemon = pgweir()
    eventually(lambda: _is_served(daemon), 10, "no HTTP")
    return daemon


def test_silent_connections_do_not_take_healthz_away(daemon):
    crowd = [socket.create_connection((daemon.host, daemon.http_port), 5) for _ in range(300)]
    for _ in range(5):
        assert _ask(daemon).startswith(b"HTTP/1.1 200")
    for peer in crowd:
        peer.close()


def test_requests_that_are_never_complete_do_not_take_healthz_away(daemon):
    crowd = [socket.create_connection((daemon.host, daemon.http_port), 5) for _ in range(300)]
    for peer in crowd:
        try:
            peer.sendall(b"GET /metrics HTTP/1.1\r\nHost:")
        except OSError:  # it has made room already
            pass
    for _ in range(5):
        assert _ask(daemon).startswith(b"HTTP/1.1 200")
    for peer in crowd:
        peer.close()


def test_a_scraper_that_keeps_its_connection_keeps_it_in_the_crowd(daemon):
    scraper = socket.create_connection((daemon.host, daemon.http_port), 5)
    assert _ask(daemon, "/metrics", scraper).startswith(b"HTTP/1.1 200")
    crowd = [socket.create_connection((daemon.host, daemon.http_port), 5) for _ in range(150)]
    assert _ask(daemon).startswith(b"HTTP/1.1 200")
    scraper.setblocking(False)
    try:
        while True:
            assert scraper.recv(65536), "the scraper was closed, and not one that says nothing"
    except BlockingIOError:
        pass
    for peer in [*crowd, scraper]:
        peer.close()


def test_who_says_nothing_at_all_is_closed_soon(daemon):
    peer = socket.create_connection((daemon.host, daemon.http_port), 5)
    peer.settimeout(scaled(30))
    begun = time.monotonic()
    assert peer.recv(1) == b""
    assert time.monotonic() - begun < scaled(15)
    peer.close()
    eventually(lambda: _ask(daemon).startswith(b"HTTP/1.1 200"), 5, "no answer")
