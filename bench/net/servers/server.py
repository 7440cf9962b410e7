"""A server of the network benchmarks on Python's own loops: see _control.ts.

    python3 servers/server.py asyncio|uvloop protocol|buffered|streams MODE PATH|tcp

One file, so that it runs by itself under any Python.
"""

import asyncio
import gc
import json
import logging
import os
import resource
import ssl
import sys
import threading

KIND, STYLE, MODE, ADDRESS = sys.argv[1:]
BACKLOG = 4096
CHUNK = bytes(1 << 20)
READ_BYTES = 1 << 16
STREAM_READ_BYTES = 1 << 17
PIECE = 16
BUSY_TASKS = 100

# ---- Protocols ----------------------------------------------------------------------------------


class Echo(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport

    def data_received(self, data):
        self.transport.write(data)


class Lines(Echo):
    rest = b""

    def data_received(self, data):
        *lines, self.rest = (self.rest + data).split(b"\n")
        for line in lines:
            self.transport.write(line + b"\n")


class Pieces(Echo):
    def data_received(self, data):
        for at in range(0, len(data), PIECE):
            self.transport.write(data[at : at + PIECE])


class Source(asyncio.Protocol):
    def connection_made(self, transport):
        self.transport = transport
        self.resume_writing()

    def pause_writing(self):
        self.going = False

    def resume_writing(self):
        self.going = True
        asyncio.get_running_loop().call_soon(self.pump)

    def pump(self):
        while self.going:
            self.transport.write(CHUNK)

    def connection_lost(self, error):
        self.going = False


class BufferedEcho(asyncio.BufferedProtocol):
    def connection_made(self, transport):
        self.transport = transport
        self.memory = memoryview(bytearray(READ_BYTES))

    def get_buffer(self, hint):
        return self.memory

    def buffer_updated(self, count):
        # What is not sent at once would be overwritten by the next read.
        self.transport.write(bytes(self.memory[:count]))


class BufferedSink(asyncio.BufferedProtocol):
    def connection_made(self, transport):
        self.memory = memoryview(bytearray(1 << 18))

    def get_buffer(self, hint):
        return self.memory

    def buffer_updated(self, count):
        pass


PROTOCOLS = {
    "protocol": {
        "echo": Echo,
        "tls": Echo,
        "lines": Lines,
        "pieces": Pieces,
        "sink": asyncio.Protocol,
        "source": Source,
    },
    "buffered": {"echo": BufferedEcho, "tls": BufferedEcho, "sink": BufferedSink},
}

# ---- Streams ------------------------------------------------------------------------------------


async def echo(reader, writer):
    while data := await reader.read(STREAM_READ_BYTES):
        writer.write(data)
        await writer.drain()
    writer.close()


async def lines(reader, writer):
    while line := await reader.readline():
        writer.write(line)
        await writer.drain()
    writer.close()


async def sink(reader, writer):
    while await reader.read(1 << 18):
        pass
    writer.close()


async def source(reader, writer):
    while True:
        writer.write(CHUNK)
        await writer.drain()


HANDLERS = {"echo": echo, "tls": echo, "lines": lines, "sink": sink, "source": source}

# ---- Obeying ------------------------------------------------------------------------------------

tasks = []


async def spin(delay):
    while True:
        await asyncio.sleep(delay)


def begin_work(kind):
    loop = asyncio.get_running_loop()
    delay = 0 if kind == "ready" else 0.001
    tasks.extend(loop.create_task(spin(delay)) for _ in range(BUSY_TASKS))


def end_work():
    for task in tasks:
        task.cancel()
    tasks.clear()


def resident_bytes():
    gc.collect()
    with open("/proc/self/statm") as file:
        return int(file.read().split()[1]) * resource.getpagesize()


def obey(loop, port):
    print(json.dumps({"port": port}), flush=True)
    for line in sys.stdin:
        command, *arguments = line.split()
        answer = {}
        if command == "busy":
            loop.call_soon_threadsafe(begin_work, *arguments)
        elif command == "rest":
            loop.call_soon_threadsafe(end_work)
        elif command == "collect":
            answer = {"bytes": resident_bytes()}
        print(json.dumps(answer), flush=True)
    os._exit(0)


# ---- All together -------------------------------------------------------------------------------


def on_exception(loop, context):
    # A client that has seen enough goes away in the middle of a message.
    if not isinstance(context.get("exception"), ConnectionError):
        loop.default_exception_handler(context)


async def main():
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(on_exception)
    options = {"backlog": BACKLOG}
    if MODE == "tls":
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(os.environ["BENCH_CERT"], os.environ["BENCH_KEY"])
        options["ssl"] = context
    if STYLE == "streams":
        handler = HANDLERS[MODE]
        if ADDRESS == "tcp":
            server = await asyncio.start_server(handler, "127.0.0.1", 0, **options)
        else:
            server = await asyncio.start_unix_server(handler, ADDRESS, **options)
    else:
        protocol = PROTOCOLS[STYLE][MODE]
        if ADDRESS == "tcp":
            server = await loop.create_server(protocol, "127.0.0.1", 0, **options)
        else:
            server = await loop.create_unix_server(protocol, ADDRESS, **options)
    port = server.sockets[0].getsockname()[1] if ADDRESS == "tcp" else 0
    threading.Thread(target=obey, args=(loop, port), daemon=True).start()
    await server.serve_forever()


# It warns of each write to a client that has gone.
logging.getLogger("asyncio").setLevel(logging.ERROR)
_, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
if KIND == "uvloop":
    from uvloop import new_event_loop
else:
    new_event_loop = asyncio.new_event_loop
with asyncio.Runner(loop_factory=new_event_loop) as runner:
    runner.run(main())
