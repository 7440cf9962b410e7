/**
 * Runs the talks of `_talks.ts` on the library, over loopback; `talk.py` runs them on CPython's asyncio.
 *
 * A step is over when the sides have been told what they were told there, and nothing else comes in a
 * few turns of the host; a side that is not told in time has shown a difference.
 *
 * Imported by tests only.
 */
import { CancelledError, RuntimeError } from "../../futures/mod.ts";
import { DenoEventLoop } from "../../loop/mod.ts";
import { Protocol } from "../../transports/protocol.ts";
import type { Transport } from "../../transports/transport.ts";
import { hostTurn } from "../_helpers.ts";
import type { Talk, TalkCall, TalkOp, TalkSide, TalkStep } from "./_talks.ts";

const PATIENCE_MS = 1500;
const QUIET_TURNS = 6;

class ValueError extends Error {
  override readonly name = "ValueError";
}

const NAMES: Record<string, string> = {
  ConnectionReset: "ConnectionResetError",
  BrokenPipe: "BrokenPipeError",
  ConnectionAborted: "ConnectionAbortedError",
};

function errorName(error: unknown): string {
  const { name } = error as Error;
  return NAMES[name] ?? name;
}

const cycle = Uint8Array.from({ length: 65_536 }, (_, i) => i & 255);

/** The bytes of a side's stream from a place on. */
function bytesAt(start: number, size: number): Uint8Array<ArrayBuffer> {
  const bytes = new Uint8Array(size);
  for (let done = 0; done < size;) {
    const from = (start + done) & 255;
    const part = cycle.subarray(from, Math.min(cycle.length, from + size - done));
    bytes.set(part, done);
    done += part.length;
  }
  return bytes;
}

class Side extends Protocol {
  received = 0;
  #sent = 0;
  // `talk.py` tells why some things are not done after that.
  #lost = false;
  #ended = false;
  transport!: Transport;
  readonly #name: "client" | "server";
  readonly #config: TalkSide;
  readonly #steps: TalkStep[];

  constructor(name: "client" | "server", config: TalkSide, steps: TalkStep[]) {
    super();
    this.#name = name;
    this.#config = config;
    this.#steps = steps;
  }

  #note(text: string): void {
    const log = this.#steps.at(-1)![this.#name];
    if (text.startsWith("data") && log.at(-1)?.startsWith("data")) log[log.length - 1] = text;
    else log.push(text);
  }

  #called(what: TalkCall, text: string): void {
    this.#note(text);
    for (const op of this.#config.on[what] ?? []) this.do(op);
    if (this.#config.fail === what) throw new ValueError();
  }

  #bytes(size: number): Uint8Array<ArrayBuffer> {
    const bytes = bytesAt(this.#sent, size);
    this.#sent += size;
    return bytes;
  }

  do([kind, argument]: TalkOp): void {
    const { transport } = this;
    try {
      switch (kind) {
        case "write":
          return transport.write(this.#bytes(argument as number));
        case "lines":
          if (this.#lost) return;
          return transport.writelines((argument as number[]).map((size) => this.#bytes(size)));
        case "eof":
          return transport.writeEof();
        case "close":
          return transport.close();
        case "abort":
          return transport.abort();
        case "pause":
          return this.#ended ? undefined : transport.pauseReading();
        case "resume":
          return this.#ended ? undefined : transport.resumeReading();
        case "state": {
          const closing = transport.isClosing() ? "closing" : "open";
          return this.#note(`is ${closing} ${transport.isReading() ? "reading" : "paused"}`);
        }
      }
    } catch (error) {
      if (!(error instanceof RuntimeError)) throw error;
      this.#note(`${kind} refused ${errorName(error)}`);
    }
  }

  override connectionMade(transport: Transport): void {
    this.transport = transport;
    this.#called("made", "made");
  }

  override dataReceived(data: Uint8Array): void {
    let good = true;
    for (let i = 0; i < data.length; i++) good &&= data[i] === ((this.received + i) & 255);
    this.received += data.length;
    const size = this.received < 100_000 ? this.received : "much";
    this.#called("data", `data ${size}${good ? "" : " wrong"}`);
  }

  override eofReceived(): boolean {
    this.#ended = true;
    this.#called("eof", "eof");
    return this.#config.keep;
  }

  override pauseWriting(): void {
    this.#called("pauseWriting", "pause writing");
  }

  override resumeWriting(): void {
    this.#called("resumeWriting", "resume writing");
  }

  override connectionLost(error: unknown): void {
    this.#lost = true;
    this.#called("lost", error === undefined ? "lost" : `lost ${errorName(error)}`);
  }
}

/** Whether the same was told in two steps. */
export function sameStep(a: TalkStep, b: TalkStep): boolean {
  const told = ({ client, server, handler }: TalkStep) => JSON.stringify([client, server, handler]);
  return told(a) === told(b);
}

const noStep = (): TalkStep => ({ client: [], server: [], handler: [] });

/** Runs a talk. `expected` is what is waited for in each step. */
export async function runTalk(talk: Talk, expected: readonly TalkStep[]): Promise<TalkStep[]> {
  const loop = new DenoEventLoop();
  const steps = [noStep()];
  loop.setExceptionHandler((_loop, { exception }) => {
    if (!(exception instanceof CancelledError)) steps.at(-1)!.handler.push(errorName(exception));
  });
  const client = new Side("client", talk.client, steps);
  const server = new Side("server", talk.server, steps);
  const settle = async () => {
    const wanted = expected[steps.length - 1]!;
    const [fromServer, fromClient] = wanted.got!;
    const step = steps.at(-1)!;
    const end = performance.now() + PATIENCE_MS;
    while (
      !(sameStep(step, wanted) && client.received >= fromServer && server.received >= fromClient) &&
      performance.now() < end
    ) {
      await new Promise((resolve) => setTimeout(resolve, 1));
    }
    let [quiet, before] = [0, -1];
    while (quiet < QUIET_TURNS) {
      await hostTurn();
      const now = client.received + server.received;
      quiet = now === before ? quiet + 1 : 0;
      before = now;
    }
  };
  await loop.runUntilComplete(async () => {
    const listening = await loop.createServer(() => server, "127.0.0.1", 0);
    const { port } = listening.sockets[0]!.addr as Deno.NetAddr;
    await loop.createConnection(() => client, "127.0.0.1", port);
    await settle();
    listening.close();
    for (const [who, ...op] of talk.steps) {
      steps.push(noStep());
      (who === "client" ? client : server).do(op);
      await settle();
    }
    for (const side of [client, server]) {
      steps.push(noStep());
      side.do(["abort"]);
      await settle();
    }
    await listening.waitClosed();
  });
  await hostTurn();
  loop.close();
  return steps;
}
