// An echo server and a hundred clients, first on the built-in loop, then on a loop of our own.
//
//   deno task demo
//
// Each client sends its messages, of odd sizes, and checks every byte that comes back.

import {
  DenoEventLoop,
  gather,
  getRunningLoop,
  Protocol,
  run,
  type Transport,
} from "@asyncio/asyncio";

const CLIENTS = 100;
const MESSAGES = 100;

class Echo extends Protocol {
  #transport!: Transport;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override dataReceived(data: Uint8Array): void {
    this.#transport.write(data);
  }
}

class Client extends Protocol {
  readonly finished = getRunningLoop().createFuture<number>();
  readonly #id: number;
  #transport!: Transport;
  #message = 0;
  #expected = new Uint8Array();
  #received = 0;
  #bytes = 0;

  constructor(id: number) {
    super();
    this.#id = id;
  }

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
    this.#send();
  }

  override dataReceived(data: Uint8Array): void {
    for (let i = 0; i < data.length; i++) {
      if (data[i] !== this.#expected[this.#received++]) {
        this.finished.setException(new Error(`client ${this.#id}: a wrong byte came back`));
        return this.#transport.abort();
      }
    }
    this.#bytes += data.length;
    if (this.#received === this.#expected.length) this.#send();
  }

  override connectionLost(): void {
    if (!this.finished.done()) {
      this.finished.setException(new Error(`client ${this.#id}: the connection was lost`));
    }
  }

  #send(): void {
    if (this.#message === MESSAGES) {
      this.finished.setResult(this.#bytes);
      return this.#transport.close();
    }
    // 1, 38, 75, … up to some thousand bytes, no two neighbours alike.
    const size = 1 + (this.#id * 37 + this.#message * 101) % 4999;
    const expected = this.#expected = new Uint8Array(size);
    for (let i = 0; i < size; i++) expected[i] = i * 7 + this.#id;
    this.#message++;
    this.#received = 0;
    this.#transport.write(this.#expected);
  }
}

// A loop by a third party: it inherits everything, and counts what passes through its sockets.
class CountingLoop extends DenoEventLoop {
  bytesRead = 0;

  override _makeSocketTransport(
    ...[socket, ...rest]: Parameters<DenoEventLoop["_makeSocketTransport"]>
  ): Transport {
    const read = socket.read.bind(socket);
    socket.read = async (buffer) => {
      const count = await read(buffer);
      this.bytesRead += count ?? 0;
      return count;
    };
    return super._makeSocketTransport(socket, ...rest);
  }
}

async function main(): Promise<number> {
  const loop = getRunningLoop();
  await using server = await loop.createServer(() => new Echo(), "127.0.0.1", 0);
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  const clients = Array.from({ length: CLIENTS }, async (_, id) => {
    const [, client] = await loop.createConnection(() => new Client(id), "127.0.0.1", port);
    return await client.finished;
  });
  const bytes = await gather(...clients);
  return bytes.reduce((sum, each) => sum + each, 0);
}

const counting = new CountingLoop();
for (const loop of [new DenoEventLoop(), counting]) {
  const start = performance.now();
  const bytes = await run(main, { loopFactory: () => loop });
  const seconds = (performance.now() - start) / 1000;
  const messages = CLIENTS * MESSAGES;
  console.log(
    `${loop.constructor.name}: ${CLIENTS} clients, ${messages} messages, ${bytes} bytes there and ` +
      `back, every byte right, ${Math.round(messages / seconds)} messages/s`,
  );
  if (loop === counting) console.log(`  ${counting.bytesRead} bytes read, counted by the loop`);
}
