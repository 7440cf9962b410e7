/** Loops whose hosts are scripted, and real ones, for tests of connections. Imported by tests only. */
import { assertEquals } from "@std/assert";
import { GAIError } from "../../loop/mod.ts";
import { DenoEventLoop } from "../../loop/mod.ts";
import type { AddressInfo, ConnectHookOptions, StreamAddress } from "../../loop/mod.ts";
import { SocketTransport } from "../../transports/socket_transport.ts";
import type { StreamSocket } from "../../transports/stream_socket.ts";
import { type Kind, type Program, testRealLoop, Trial } from "../_helpers.ts";
import { memoryPair, type MemorySocket } from "../transports/_memory_socket.ts";

/** Tests a program on the default loop with the real network, in both kinds of coroutine. */
export function testNet(
  name: string,
  program: (t: Trial<DenoEventLoop>) => Program<void>,
  options: { kinds?: readonly Kind[]; ignore?: boolean } = {},
): void {
  Deno.test({
    name,
    ignore: options.ignore ?? false,
    fn: async (context) => {
      for (const kind of options.kinds ?? ["generator", "async function"] as const) {
        await context.step(kind, async () => {
          const t = new Trial(new DenoEventLoop(), kind);
          await t.loop.runUntilComplete(t.work(() => program(t)));
          t.finish();
        });
      }
    },
  });
}

/** Tests an async function on the default loop with the real network. */
export function testNetAsync(
  name: string,
  main: (t: Trial<DenoEventLoop>) => Promise<void>,
): void {
  testRealLoop(name, () => new DenoEventLoop(), (t) => t.loop.runUntilComplete(() => main(t)));
}

/** What becomes of an attempt to connect. */
export interface Attempt {
  /** After so many milliseconds of the loop's time; at once, but not in the call, when left out. */
  after?: number;
  /** With this error; with a connection when left out. */
  error?: Error;
  /** Whether an abort makes no difference, as with hosts that cannot take a call back. */
  deaf?: boolean;
}

/** A host with names and addresses of its own. */
export class Script {
  /** What was asked, in order: `"0 ms: 192.0.2.1:80"`. */
  readonly log: string[] = [];
  /** Connections that were opened. */
  readonly opened: MemorySocket[] = [];
  aborted = 0;
  readonly #t: Trial;

  /**
   * @param names the addresses of names
   * @param attempts what becomes of connecting to an address; refused when not listed
   */
  constructor(
    t: Trial,
    names: Record<string, readonly string[]>,
    attempts: Record<string, Attempt> = {},
  ) {
    this.#t = t;
    Object.assign(t.loop, {
      _resolve: async (host: string, port: number, options: { family?: number }) => {
        await undefined;
        const found = (names[host] ?? []).filter((address) =>
          !options.family || (address.includes(":") ? 6 : 4) === options.family
        );
        if (found.length === 0) throw new GAIError("EAI_NONAME", `Cannot resolve ${host}`);
        return found.map((address): AddressInfo => ({
          family: address.includes(":") ? 6 : 4,
          type: "stream",
          proto: "tcp",
          canonname: "",
          address: { host: address, port },
        }));
      },
      _connect: (address: StreamAddress, options: ConnectHookOptions) => {
        const { host, port } = address as { host: string; port: number };
        this.log.push(`${t.loop.time()} ms: ${host}:${port}`);
        return this.#connect(attempts[host] ?? { error: refused() }, options);
      },
      _makeSocketTransport: (
        ...args: ConstructorParameters<typeof SocketTransport> extends [unknown, ...infer Rest]
          ? Rest
          : never
      ) => new SocketTransport(t.loop, ...args),
    });
  }

  async #connect(
    { after, error, deaf = false }: Attempt,
    { signal }: ConnectHookOptions,
  ): Promise<StreamSocket> {
    signal.addEventListener("abort", () => this.aborted++);
    if (after === undefined) await undefined;
    else {
      await new Promise<void>((resolve, reject) => {
        const timer = this.#t.loop.callLater(after, resolve);
        if (deaf) return;
        signal.addEventListener("abort", () => {
          timer.cancel();
          reject(signal.reason);
        });
      });
    }
    if (error !== undefined) throw error;
    const [near] = memoryPair();
    this.opened.push(near);
    return near;
  }

  /** Fails unless every connection but so many is closed. */
  assertOpen(count: number): void {
    const open = this.opened.filter(({ closed }) => !closed);
    assertEquals(open.length, count, "open connections");
  }
}

/** An error of the host. */
export function refused(): Error {
  return new Deno.errors.ConnectionRefused("Connection refused");
}

/** The port of a server. */
export function portOf(server: { sockets: readonly { addr: unknown }[] }, index = 0): number {
  return (server.sockets[index]!.addr as Deno.NetAddr).port;
}
