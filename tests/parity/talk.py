"""Has two protocols talk over loopback on CPython's asyncio: one talk a line on the standard input, one
answer a line. A talk is data (see `_talks.ts`); an answer is, for each step, what each side was told.

What arrives in several pieces is noted once, with the number of bytes until then.
"""
import asyncio
import json
import sys
import warnings

warnings.simplefilter("ignore")


def error_name(error):
    return type(error).__name__


class Side(asyncio.Protocol):
    def __init__(self, name, config, steps):
        self.name = name
        self.config = config
        self.steps = steps
        self.received = 0
        self.sent = 0
        self.lost = False
        self.ended = False
        self.transport = None

    def note(self, text):
        log = self.steps[-1][self.name]
        if text.startswith("data") and log and log[-1].startswith("data"):
            log[-1] = text
        else:
            log.append(text)

    def called(self, what, text):
        self.note(text)
        for op in self.config["on"].get(what, []):
            self.do(op)
        if self.config["fail"] == what:
            raise ValueError

    def do(self, op):
        kind, *rest = op
        transport = self.transport
        try:
            # Where the connection is lost, CPython stumbles over fields of its own that it has cleared.
            # After a resumption it tells the end of the stream again; the library tells it once.
            match kind:
                case "write":
                    transport.write(self.bytes(rest[0]))
                case "lines" if not self.lost:
                    transport.writelines([self.bytes(size) for size in rest[0]])
                case "eof":
                    transport.write_eof()
                case "close":
                    transport.close()
                case "abort" if not self.lost:
                    transport.abort()
                case "pause" if not self.ended:
                    transport.pause_reading()
                case "resume" if not self.ended:
                    transport.resume_reading()
                case "state":
                    closing, reading = transport.is_closing(), transport.is_reading()
                    self.note(f"is {'closing' if closing else 'open'} {'reading' if reading else 'paused'}")
        except OSError:
            # The peer is gone, which the library learns a little later, as it learns everything else.
            pass
        except Exception as error:
            self.note(f"{kind} refused {error_name(error)}")

    def bytes(self, size):
        start = self.sent
        self.sent += size
        return (bytes(range(256)) * (size // 256 + 2))[start % 256 : start % 256 + size]

    def connection_made(self, transport):
        self.transport = transport
        self.called("made", "made")

    def data_received(self, data):
        good = data == (bytes(range(256)) * (len(data) // 256 + 2))[
            self.received % 256 : self.received % 256 + len(data)
        ]
        self.received += len(data)
        size = self.received if self.received < 100_000 else "much"
        self.called("data", f"data {size}{'' if good else ' wrong'}")

    def eof_received(self):
        self.ended = True
        self.called("eof", "eof")
        return self.config["keep"]

    def pause_writing(self):
        self.called("pauseWriting", "pause writing")

    def resume_writing(self):
        self.called("resumeWriting", "resume writing")

    def connection_lost(self, error):
        self.lost = True
        self.called("lost", "lost" if error is None else f"lost {error_name(error)}")


async def talk(program):
    loop = asyncio.get_running_loop()
    steps = [{"client": [], "server": [], "handler": []}]
    loop.set_exception_handler(
        lambda loop, context: steps[-1]["handler"].append(error_name(context["exception"]))
    )
    client = Side("client", program["client"], steps)
    server = Side("server", program["server"], steps)

    async def settle():
        quiet, before = 0, None
        while quiet < 4:
            await asyncio.sleep(0.001)
            now = (json.dumps(steps), client.received, server.received)
            quiet = quiet + 1 if now == before else 0
            before = now
        steps[-1]["got"] = [client.received, server.received]

    def step():
        steps.append({"client": [], "server": [], "handler": []})

    listening = await loop.create_server(lambda: server, "127.0.0.1", 0)
    port = listening.sockets[0].getsockname()[1]
    await loop.create_connection(lambda: client, "127.0.0.1", port)
    await settle()
    listening.close()
    for who, *op in program["steps"]:
        step()
        (client if who == "client" else server).do(op)
        await settle()
    for side in (client, server):
        step()
        side.do(["abort"])
        await settle()
    return steps


for line in sys.stdin:
    print(json.dumps(asyncio.run(talk(json.loads(line)))), flush=True)
