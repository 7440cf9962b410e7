/**
 * A server with this library.
 *
 *     deno run -A ours.ts protocol|giving|buffered|functions|generators MODE PATH|tcp
 */

import {
  BufferedProtocol,
  coroutine,
  getRunningLoop,
  Protocol,
  run,
  type Server,
  sleep,
  SSLContext,
  startServer,
  startUnixServer,
  type StreamReader,
  type StreamWriter,
  type Transport,
} from "../../../mod.ts";
import {
  BACKLOG,
  type Busy,
  BUSY_TASKS,
  certificate,
  CHUNK,
  job,
  type Mode,
  NEWLINE,
  obey,
  PIECE,
  READ_BYTES,
  STREAM_READ_BYTES,
} from "../_control.ts";

// ---- Protocols ------------------------------------------------------------------------------------

class Echo extends Protocol {
  protected transport!: Transport;

  override connectionMade(transport: Transport): void {
    this.transport = transport;
  }

  override dataReceived(data: Uint8Array): void {
    this.transport.write(data);
  }
}

/** What is echoed is not used again. */
const GIVEN = { transfer: true };

class GivingEcho extends Echo {
  override dataReceived(data: Uint8Array): void {
    this.transport.write(data, GIVEN);
  }
}

class Pieces extends Echo {
  override dataReceived(data: Uint8Array): void {
    for (let at = 0; at < data.length; at += PIECE) {
      this.transport.write(data.subarray(at, at + PIECE));
    }
  }
}

class Lines extends Echo {
  #rest = new Uint8Array(0);

  override dataReceived(data: Uint8Array<ArrayBuffer>): void {
    if (this.#rest.length > 0) data = joined(this.#rest, data);
    let start = 0;
    for (let end; (end = data.indexOf(NEWLINE, start)) !== -1; start = end + 1) {
      this.transport.write(data.subarray(start, end + 1));
    }
    this.#rest = data.subarray(start);
  }
}

function joined(a: Uint8Array, b: Uint8Array): Uint8Array<ArrayBuffer> {
  const both = new Uint8Array(a.length + b.length);
  both.set(a);
  both.set(b, a.length);
  return both;
}

class Source extends Protocol {
  #transport!: Transport;
  #going = true;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
    this.resumeWriting();
  }

  override pauseWriting(): void {
    this.#going = false;
  }

  override resumeWriting(): void {
    this.#going = true;
    getRunningLoop().callSoon(() => {
      while (this.#going) this.#transport.write(CHUNK);
    });
  }

  override connectionLost(): void {
    this.#going = false;
  }
}

class BufferedEcho extends BufferedProtocol {
  readonly #memory = new Uint8Array(READ_BYTES);
  #transport!: Transport;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override getBuffer(): Uint8Array {
    return this.#memory;
  }

  override bufferUpdated(count: number): void {
    this.#transport.write(this.#memory.subarray(0, count));
  }
}

class BufferedSink extends BufferedProtocol {
  readonly #memory = new Uint8Array(READ_BYTES);

  override getBuffer(): Uint8Array {
    return this.#memory;
  }
}

const protocols: Record<string, Partial<Record<Mode, new () => Protocol | BufferedProtocol>>> = {
  protocol: { echo: Echo, tls: Echo, lines: Lines, pieces: Pieces, sink: Protocol, source: Source },
  giving: { echo: GivingEcho },
  buffered: { echo: BufferedEcho, tls: BufferedEcho, sink: BufferedSink },
};

// ---- Streams --------------------------------------------------------------------------------------

const handlers = {
  functions: {
    async echo(reader: StreamReader, writer: StreamWriter) {
      for (;;) {
        const data = await reader.read(STREAM_READ_BYTES);
        if (data.length === 0) break;
        writer.write(data, GIVEN);
        await writer.drain();
      }
      writer.close();
    },
    async lines(reader: StreamReader, writer: StreamWriter) {
      for (;;) {
        const line = await reader.readline();
        if (line.length === 0) break;
        writer.write(line);
        await writer.drain();
      }
      writer.close();
    },
    async sink(reader: StreamReader, writer: StreamWriter) {
      while ((await reader.read(1 << 18)).length > 0);
      writer.close();
    },
    async source(_reader: StreamReader, writer: StreamWriter) {
      for (;;) {
        writer.write(CHUNK);
        await writer.drain();
      }
    },
  },
  generators: {
    echo: coroutine(function* (reader: StreamReader, writer: StreamWriter) {
      for (;;) {
        const data = yield* reader.read(STREAM_READ_BYTES);
        if (data.length === 0) break;
        writer.write(data, GIVEN);
        yield* writer.drain();
      }
      writer.close();
    }),
    lines: coroutine(function* (reader: StreamReader, writer: StreamWriter) {
      for (;;) {
        const line = yield* reader.readline();
        if (line.length === 0) break;
        writer.write(line);
        yield* writer.drain();
      }
      writer.close();
    }),
    sink: coroutine(function* (reader: StreamReader, writer: StreamWriter) {
      while ((yield* reader.read(1 << 18)).length > 0);
      writer.close();
    }),
    source: coroutine(function* (_reader: StreamReader, writer: StreamWriter) {
      for (;;) {
        writer.write(CHUNK);
        yield* writer.drain();
      }
    }),
  },
};

// ---- Busy tasks -----------------------------------------------------------------------------------

const spinning = {
  generators: coroutine(function* (delay: number) {
    for (;;) yield* sleep(delay);
  }),
  async functions(delay: number) {
    for (;;) await sleep(delay);
  },
};

// ---- All together ---------------------------------------------------------------------------------

const style = Deno.args[0]!;
const { mode, path } = job();

await run(async () => {
  const loop = getRunningLoop();
  loop.setExceptionHandler((_, context) => {
    // A client that has seen enough goes away in the middle of a message.
    const { exception } = context;
    if (exception instanceof Deno.errors.ConnectionReset) return;
    if (exception instanceof Deno.errors.BrokenPipe) return;
    loop.defaultExceptionHandler(context);
  });

  const server = await listen();
  const addr = server.sockets[0]!.addr as Deno.Addr;
  obey(addr.transport === "tcp" ? addr.port : 0, (kind: Busy) => {
    const spin = style === "functions" ? spinning.functions : spinning.generators;
    const delay = kind === "ready" ? 0 : 1;
    const tasks = Array.from({ length: BUSY_TASKS }, () => loop.createTask(() => spin(delay)));
    return () => tasks.forEach((task) => task.cancel());
  });
  await server.serveForever();
});

async function listen(): Promise<Server> {
  let ssl: SSLContext | undefined;
  if (mode === "tls") {
    const { cert, key } = certificate();
    ssl = new SSLContext("server");
    ssl.loadCertChain(cert, key);
  }
  const options = { backlog: BACKLOG, ...(ssl === undefined ? {} : { ssl }) };
  if (style === "functions" || style === "generators") {
    const handler = handlers[style][mode === "tls" ? "echo" : mode as "echo"];
    return path === undefined
      ? await startServer(handler, "127.0.0.1", 0, options)
      : await startUnixServer(handler, path, options);
  }
  const Chosen = protocols[style]![mode]!;
  const loop = getRunningLoop();
  return path === undefined
    ? await loop.createServer(() => new Chosen(), "127.0.0.1", 0, options)
    : await loop.createUnixServer(() => new Chosen(), path, options);
}
