"""The cheapest listener there is: it notes when a message came first, and says 200; to a POST to /fail it says 500.

python -m tests.bench.listener      on PORT and on PORTS; GET answers with what it noted
"""

import asyncio
import json
import os
import time
from urllib.parse import parse_qs


class Recorder(asyncio.Protocol):
    arrived: dict[str, float] = {}
    transport: asyncio.Transport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        assert isinstance(transport, asyncio.Transport)
        self.transport = transport
        self.received = b""

    def data_received(self, data: bytes) -> None:
        self.received += data
        head, gap, body = self.received.partition(b"\r\n\r\n")
        if not gap:
            return
        if head.startswith(b"GET "):
            self.answer(b"200 OK", json.dumps(self.arrived).encode())
            return
        if len(body) < int(head.lower().partition(b"content-length:")[2].split(b"\r\n")[0]):
            return
        # Parsed only where it matters, for the time that it takes is the sender's too.
        if b"/timed" in head.split(b"\r\n")[0]:
            self.arrived.setdefault(parse_qs(body.decode())["ok_ipn_id"][0], time.time())
        self.answer(b"500 No" if head.startswith(b"POST /fail ") else b"200 OK", b"OK")

    def answer(self, status: bytes, body: bytes) -> None:
        self.received = b""
        self.transport.write(b"HTTP/1.1 %s\r\nContent-Length: %d\r\n\r\n%s" % (status, len(body), body))


async def listen(ports: list[int]) -> None:
    loop = asyncio.get_running_loop()
    servers = [await loop.create_server(Recorder, "127.0.0.1", port, backlog=1024) for port in ports]
    await asyncio.gather(*(server.serve_forever() for server in servers))


if __name__ == "__main__":
    asyncio.run(listen([int(port) for port in (os.environ["PORT"], *os.environ.get("PORTS", "").split())]))
