"""The web process's threads stay with whoever calls without a pause, but for nobody's loss."""

import time
from concurrent.futures import ThreadPoolExecutor
from http.client import HTTPConnection
from pathlib import Path
from urllib.parse import urlsplit

import pytest

from tests.web import web_server

pytestmark = pytest.mark.slow


def calls_in(seconds: float, address: str, *, pause: float = 0) -> int:
    """How often a client was answered on one connection that it keeps."""
    connection = HTTPConnection(urlsplit(address).netloc, timeout=10)
    answered, ends = 0, time.monotonic() + seconds
    while time.monotonic() < ends:
        connection.request("GET", "/health/")
        response = connection.getresponse()
        assert response.read()
        assert not response.will_close
        answered += 1
        time.sleep(pause)
    connection.close()
    return answered


def test_more_clients_than_threads_are_all_answered(transactional_db: None, tmp_path: Path) -> None:
    """Twenty without a pause and four that come now and then, at a process of eight threads."""
    with web_server(tmp_path, WEB_CONCURRENCY="1") as address, ThreadPoolExecutor(24) as clients:
        busy = [clients.submit(calls_in, 3, address) for _ in range(20)]
        now_and_then = [clients.submit(calls_in, 3, address, pause=0.1) for _ in range(4)]
        answered, calm = [client.result() for client in busy], [client.result() for client in now_and_then]

    assert min(answered) * 5 > max(answered), answered
    assert min(calm) > 2, calm


def test_requests_that_come_at_once_are_all_answered(transactional_db: None, tmp_path: Path) -> None:
    """Pipelined, as HTTP/1.1 allows: what was read too early is not lost."""
    with web_server(tmp_path, WEB_CONCURRENCY="1") as address:
        host = urlsplit(address).netloc
        connection = HTTPConnection(host, timeout=10)
        connection.connect()
        request = f"POST /ipn-verify.html HTTP/1.1\r\nHost: {host}\r\nContent-Length: 11\r\n\r\nok_verify=1".encode()
        connection.sock.sendall(request * 10)
        received = b""
        while received.count(b"INVALID") < 10:
            part = connection.sock.recv(65536)
            assert part, received
            received += part
        connection.close()

    assert received.count(b"HTTP/1.1 200 ") == 10
