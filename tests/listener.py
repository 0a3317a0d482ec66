"""A merchant's listener, real and scriptable: it records what arrives, answers as told, and asks ipn-verify if told to.

    with listening() as listener:
        listener.will(Answer(500), Answer(200))     # first 500, from then on 200
        ...
        assert listener.wait_for(2)[1].variables["ok_ipn_resend"] == "true"

It speaks HTTP by hand, so that it can also misspeak it (`Answer(raw=...)`), hang, and hang up.
"""

import asyncio
import http.client
import socket
import ssl
import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, field
from urllib.parse import parse_qsl, urlsplit

from okpay_sandbox.server import free_port as free_port


@dataclass(frozen=True)
class Answer:
    """What the listener says to one request. `delay` is in seconds and comes first."""

    status: int = 200
    body: bytes = b"OK"
    headers: tuple[tuple[str, str], ...] = ()
    delay: float = 0
    raw: bytes | None = None  # these bytes and nothing else, then the connection is closed
    endless: bytes | None = None  # `raw`, then these for ever
    drip: float = 0  # seconds after each byte
    hang: bool = False  # never answer
    drop: bool = False  # close without a word

    def as_bytes(self) -> bytes:
        if self.raw is not None:
            return self.raw
        lines = [f"HTTP/1.1 {self.status} {http.client.responses.get(self.status, 'Whatever')}"]
        lines += [f"{name}: {value}" for name, value in self.headers]
        lines += [f"Content-Length: {len(self.body)}", "", ""]
        return "\r\n".join(lines).encode() + self.body


@dataclass
class Received:
    """One request as it came. Header names are in lower case."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    at: float  # time.monotonic()
    verdict: str = ""  # what ipn-verify said, if the listener asked

    @property
    def pairs(self) -> list[tuple[str, str]]:
        return parse_qsl(self.body.decode(), keep_blank_values=True)

    @property
    def variables(self) -> dict[str, str]:
        return dict(self.pairs)


@dataclass
class Listener:
    url: str
    port: int
    # Base address of a gateway: every message is posted back to its /ipn-verify.html before it is answered.
    verify_at: str = ""
    requests: list[Received] = field(default_factory=list)
    connections: int = 0
    _answers: list[Answer] = field(default_factory=lambda: [Answer()])
    _arrival: threading.Condition = field(default_factory=threading.Condition)

    def will(self, *answers: Answer) -> None:
        """Answer so, one after the other; the last one goes on for ever."""
        with self._arrival:
            self._answers = list(answers)

    def wait_for(self, count: int, timeout: float = 15) -> list[Received]:
        """The requests so far, as soon as there are `count`. Raises AssertionError when they do not come."""
        with self._arrival:
            arrived = self._arrival.wait_for(lambda: len(self.requests) >= count, timeout)
            assert arrived, f"{len(self.requests)} of {count} requests came within {timeout} s"
            return list(self.requests)

    @property
    def verdicts(self) -> list[str]:
        return [request.verdict for request in self.requests]

    def _record(self, request: Received) -> Answer:
        with self._arrival:
            self.requests.append(request)
            self._arrival.notify_all()
            return self._answers.pop(0) if len(self._answers) > 1 else self._answers[0]


@contextmanager
def listening(*, verify_at: str = "", tls: ssl.SSLContext | None = None, port: int = 0) -> Iterator[Listener]:
    """A listener on 127.0.0.1 in a thread of its own, until the block ends."""
    with socket.create_server(("127.0.0.1", port), backlog=1024) as server:
        port = server.getsockname()[1]
        listener = Listener(f"http{'s' if tls else ''}://127.0.0.1:{port}/ipn", port, verify_at)
        loop = asyncio.new_event_loop()
        stop = asyncio.Event()
        thread = threading.Thread(target=loop.run_until_complete, args=(_serve(listener, server, tls, stop),))
        thread.start()
        try:
            yield listener
        finally:
            loop.call_soon_threadsafe(stop.set)
            thread.join()
            loop.close()


async def _serve(listener: Listener, socket_: socket.socket, tls: ssl.SSLContext | None, stop: asyncio.Event) -> None:
    conversations: set[asyncio.Task[None]] = set()
    # Where the blocking calls of ipn-verify run.
    asyncio.get_running_loop().set_default_executor(ThreadPoolExecutor(8))

    def meet(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.ensure_future(_converse(listener, reader, writer))
        conversations.add(task)
        task.add_done_callback(conversations.discard)

    server = await asyncio.start_server(meet, sock=socket_, ssl=tls)
    await stop.wait()
    server.close()
    for task in conversations:
        task.cancel()
    await asyncio.gather(*conversations, return_exceptions=True)
    await asyncio.sleep(0.05 if tls else 0.001)  # the loop closes the last sockets
    await asyncio.get_running_loop().shutdown_default_executor()


async def _converse(listener: Listener, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
    listener.connections += 1
    try:
        while request := await _read(reader, writer):
            answer = listener._record(request)
            if listener.verify_at:
                request.verdict = await asyncio.to_thread(ask_ipn_verify, listener.verify_at, request.body)
            await asyncio.sleep(answer.delay)
            if answer.hang:
                await reader.read()  # until the other side gives up
            if answer.hang or answer.drop:
                return
            if answer.drip:
                await _drip(writer, answer)
            else:
                writer.write(answer.as_bytes())
            while answer.endless:
                writer.write(answer.endless)
                await writer.drain()
            await writer.drain()
            if answer.raw is not None:
                return
    except OSError:
        pass  # the other side hung up
    finally:
        writer.transport.abort() if writer.is_closing() else writer.close()


async def _drip(writer: asyncio.StreamWriter, answer: Answer) -> None:
    for byte in answer.as_bytes():
        writer.write(bytes((byte,)))
        await writer.drain()
        await asyncio.sleep(answer.drip)


async def _read(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> Received | None:
    try:
        first = await reader.readexactly(1)
        if not first.isalpha():  # somebody speaks TLS to us
            writer.write(Answer(400).as_bytes())
            return None
        head = (first + await reader.readuntil(b"\r\n\r\n")).decode("latin-1")
    except asyncio.IncompleteReadError:
        return None
    start, *lines = head.rstrip("\r\n").split("\r\n")
    method, target, _ = start.split(" ")
    headers = {name.lower(): value for name, value in (line.split(": ", 1) for line in lines)}
    body = await reader.readexactly(int(headers.get("content-length", 0)))
    return Received(method, target, headers, body, time.monotonic())


def ask_ipn_verify(base: str, body: bytes) -> str:
    """What a listener does with a message: post it back behind ok_verify=true. Returns the answer's body."""
    connection = http.client.HTTPConnection(urlsplit(base).netloc, timeout=10)
    try:
        headers = {"Content-Type": "application/x-www-form-urlencoded"}
        connection.request("POST", "/ipn-verify.html", b"ok_verify=true&" + body, headers)
        response = connection.getresponse()
        return response.read().decode() if response.status == 200 else f"{response.status}"
    finally:
        connection.close()
