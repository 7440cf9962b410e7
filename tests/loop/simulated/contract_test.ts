/**
 * The contract between transport and protocol under random schedules of faults: thousands of
 * connections on which everything happens at random.
 */
import { assert, assertEquals, assertInstanceOf } from "@std/assert";
import { createTask, sleep } from "../../../futures/mod.ts";
import { simulate, type SimulatedEventLoop } from "../../../loop/simulated/mod.ts";
import { BufferedProtocol, Protocol, type Transport } from "../../../transports/mod.ts";

const CONNECTIONS_PER_SEED = 2;
const SEEDS = 2000;
const HIGH_BYTES = 65_536;
const MAX_WRITE_BYTES = 50_000;

/** The byte at a place of a stream. */
const byteAt = (place: number, salt: number) => (place * 31 + (place >> 8) + salt) & 255;

/** What one end does and is told, and whether it keeps to the contract. */
class Checker {
  state: "new" | "open" | "ended" | "lost" = "new";
  transport!: Transport;
  written = 0;
  received = 0;
  hasEnded = false;
  mayWrite = true;
  isPaused = false;
  closed = false;
  error: unknown = undefined;
  /** The checker of the other end, once both are there. */
  peer: Checker | undefined = undefined;
  onMade: (transport: Transport) => void = () => {};
  salt: number | undefined;

  constructor(salt: number | undefined) {
    this.salt = salt;
  }

  made(transport: Transport): void {
    assertEquals(this.state, "new", "connectionMade() comes first, and once");
    this.state = "open";
    this.transport = transport;
    this.onMade(transport);
  }

  data(chunk: Uint8Array): void {
    assertEquals(this.state, "open", "data comes between connectionMade() and the end");
    assert(!this.isPaused, "nothing comes while reading is paused");
    assert(!this.closed, "nothing comes after close()");
    assert(chunk.length > 0);
    for (const byte of chunk) {
      if (byte !== byteAt(this.received++, 255 - this.salt!)) {
        throw new RangeError(`Byte ${this.received - 1} is wrong`);
      }
    }
  }

  ended(): void {
    assertEquals(this.state, "open", "the end comes once");
    assert(!this.isPaused, "the end does not come while reading is paused");
    this.state = "ended";
  }

  lost(error: unknown): void {
    assert(this.state === "open" || this.state === "ended", "connectionLost() comes once");
    this.state = "lost";
    this.error = error;
  }

  /** Something at random. */
  act(random: () => number): void {
    const { transport } = this;
    if (this.state === "new") return;
    const choice = random();
    if (choice < 0.55) {
      if (!this.mayWrite || this.hasEnded || this.state === "lost" || transport.isClosing()) return;
      const data = new Uint8Array(Math.ceil(random() ** 4 * MAX_WRITE_BYTES));
      for (let i = 0; i < data.length; i++) data[i] = byteAt(this.written++, this.salt!);
      transport.write(data);
      assert(transport.getWriteBufferSize() <= HIGH_BYTES + MAX_WRITE_BYTES, "memory is bounded");
    } else if (choice < 0.7) {
      this.isPaused = !this.isPaused;
      if (this.isPaused) transport.pauseReading();
      else transport.resumeReading();
    } else if (choice > 0.99) {
      this.closed = true;
      transport.abort();
    } else if (choice > 0.975) {
      this.closed = true;
      transport.close();
    } else if (choice > 0.96 && !this.hasEnded) {
      this.hasEnded = true;
      transport.writeEof();
    }
  }
}

class Stream extends Protocol {
  readonly #checker: Checker;
  constructor(checker: Checker) {
    super();
    this.#checker = checker;
  }
  override connectionMade(transport: Transport) {
    this.#checker.made(transport);
  }
  override dataReceived(data: Uint8Array) {
    this.#checker.data(data);
  }
  override eofReceived() {
    this.#checker.ended();
    return this.#checker.salt! % 2 === 0;
  }
  override pauseWriting() {
    assert(this.#checker.mayWrite, "pauseWriting() and resumeWriting() alternate");
    this.#checker.mayWrite = false;
  }
  override resumeWriting() {
    assert(!this.#checker.mayWrite, "pauseWriting() and resumeWriting() alternate");
    this.#checker.mayWrite = true;
  }
  override connectionLost(error: unknown) {
    this.#checker.lost(error);
  }
}

class Buffered extends BufferedProtocol {
  readonly #checker: Checker;
  readonly #memory = new Uint8Array(3000);
  constructor(checker: Checker) {
    super();
    this.#checker = checker;
  }
  override connectionMade(transport: Transport) {
    this.#checker.made(transport);
  }
  override getBuffer() {
    return this.#memory;
  }
  override bufferUpdated(count: number) {
    this.#checker.data(this.#memory.subarray(0, count));
  }
  override eofReceived() {
    this.#checker.ended();
    return false;
  }
  override pauseWriting() {
    this.#checker.mayWrite = false;
  }
  override resumeWriting() {
    this.#checker.mayWrite = true;
  }
  override connectionLost(error: unknown) {
    this.#checker.lost(error);
  }
}

function portOf(transport: Transport, name: "peername" | "sockname"): number {
  return (transport.getExtraInfo(name) as Deno.NetAddr).port;
}

const totals = { connections: 0, bytes: 0, clean: 0, broken: 0 };

async function schedule(loop: SimulatedEventLoop): Promise<void> {
  const { network } = loop;
  const random = () => network.random();
  const [client, server] = [network.host("client"), network.host("server")];
  const conditions = {
    latencyMs: random() * 50,
    jitterMs: random() * 50,
    loss: random() < 0.5 ? 0 : random() * 0.2,
    fragmentation: random() < 0.5 ? 0 : random(),
    bytesPerSecond: random() < 0.5 ? Infinity : 10_000 + random() * 1e6,
  };
  network.setConditions(conditions);
  const accepted = new Map<number, Checker>();
  const protocol = (checker: Checker) =>
    random() < 0.7 ? new Stream(checker) : new Buffered(checker);
  const listening = await server.run(() =>
    loop.createServer(
      () => {
        const checker = new Checker(undefined);
        checker.onMade = (transport) => accepted.set(portOf(transport, "peername"), checker);
        return protocol(checker);
      },
      "0.0.0.0",
      7,
    )
  );
  const all: Checker[] = [];
  let isOver = false;
  const faults = createTask(async () => {
    while (!isOver) {
      await sleep(random() * 5000);
      const kind = random();
      if (kind < 0.2) network.reset("client");
      else if (kind < 0.6) {
        network.partition("client", "server", { oneWay: random() < 0.5 });
        await sleep(random() ** 2 * 3000);
        network.heal();
      } else network.setLink("client", "server", { latencyMs: random() * 200 });
    }
  });
  await client.run(async () => {
    for (let i = 0; i < CONNECTIONS_PER_SEED; i++) {
      const near = new Checker(i);
      try {
        await loop.createConnection(() => protocol(near), "server", 7);
      } catch (error) {
        assertInstanceOf(error, Deno.errors.ConnectionReset);
        continue;
      }
      const port = portOf(near.transport, "sockname");
      while (!accepted.has(port)) await sleep(10);
      const far = accepted.get(port)!;
      near.peer = far;
      far.peer = near;
      far.salt = 255 - i;
      all.push(near, far);
      const steps = 5 + random() * 40;
      for (let step = 0; step < steps; step++) {
        (random() < 0.5 ? near : far).act(random);
        if (random() < 0.5) await sleep(random() ** 3 * 200);
      }
      for (const end of random() < 0.5 ? [near, far] : [far, near]) {
        if (end.isPaused) end.transport.resumeReading();
        end.isPaused = false;
        if (random() < 0.5) await sleep(random() * 1000);
        if (end.state !== "lost") {
          // What comes from now on is not delivered.
          end.closed = true;
          end.transport.close();
        }
      }
    }
  });
  isOver = true;
  await faults;
  network.heal();
  // By now the last connection is given up.
  await sleep(3_600_000);
  for (const { state, transport, peer } of all) {
    // Two that close and read no more, each with more to send than the other's kernel takes, wait for
    // each other for ever.
    if (state === "lost" || peer!.state === "lost") continue;
    assert(transport.getWriteBufferSize() > 0 && peer!.transport.getWriteBufferSize() > 0);
    transport.abort();
    await sleep(3_600_000);
  }
  listening.close();
  for (const end of all) {
    assertEquals(end.state, "lost", `${end.transport}`);
    assert(end.received <= end.peer!.written, "nothing comes that was not sent");
    totals.connections += 0.5;
    totals.bytes += end.received;
    const isBroken = end.error !== undefined;
    totals[isBroken ? "broken" : "clean"]++;
  }
  assertEquals([client._ends.size, server._ends.size], [0, 0], "nothing is left of connections");
}

Deno.test("Transports keep their contract under thousands of random schedules", async () => {
  await simulate(schedule, { seeds: SEEDS, shuffle: true });
  assert(totals.connections > SEEDS * CONNECTIONS_PER_SEED * 0.9, `${totals.connections}`);
});
