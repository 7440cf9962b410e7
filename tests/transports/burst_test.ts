/** When the answers of many connections leave. */
import { assertEquals } from "@std/assert";
import type { Runnable } from "../../futures/future_loop.ts";
import { getRunningLoop, run } from "../../loop/mod.ts";
import type { SSLContext } from "../../transports/mod.ts";
import { Burst } from "../../transports/_burst.ts";
import { Protocol } from "../../transports/protocol.ts";
import type { Transport } from "../../transports/transport.ts";
import type { TransportLoop } from "../../transports/transport_loop.ts";
import { file, haveOpenssl, serverContext } from "./tls/_certificates.ts";

Deno.test("Burst sends the first answers of a turn at once, and the others together at its end", async () => {
  const calls: string[] = [];
  const loop = {
    _atPassEnd(item: Runnable) {
      calls.push("pass");
      item._run();
    },
  } as unknown as TransportLoop;
  for (const pass of [["pass"], []]) {
    const burst = pass.length > 0 ? new Burst(loop) : new Burst();
    for (let turn = 0; turn < 2; turn++) {
      calls.length = 0;
      for (let i = 0; i < 7; i++) burst.send({ flush: () => void calls.push(String(i)) });
      assertEquals(calls, ["0", "1", "2", "3"]);
      await Promise.resolve();
      assertEquals(calls, ["0", "1", "2", "3", ...pass, "4", "5", "6"]);
    }
  }
});

Deno.test("Burst does not let an answer wait for more than 32", () => {
  const burst = new Burst();
  let sent = 0;
  for (let i = 1; i <= 100; i++) {
    burst.send({ flush: () => void sent++ });
    assertEquals(sent, i <= 4 ? i : 4 + Math.floor((i - 4) / 32) * 32);
  }
});

class Echo extends Protocol {
  #transport!: Transport;

  constructor(readonly answered: () => void) {
    super();
  }

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override dataReceived(data: Uint8Array<ArrayBuffer>): void {
    this.#transport.write(data);
    this.answered();
  }
}

/** Sends a byte over each connection at once, to a program that ends with its last answer. */
async function askAll(
  connect: (port: number) => Promise<Deno.Conn>,
  ssl?: SSLContext,
): Promise<void> {
  const clients: Deno.Conn[] = [];
  await run(async () => {
    const loop = getRunningLoop();
    const done = loop.createFuture<void>();
    let answers = 0;
    const factory = () => new Echo(() => void (++answers === 50 && done.setResult(undefined)));
    const server = await loop.createServer(
      factory,
      "127.0.0.1",
      0,
      ssl === undefined ? {} : { ssl },
    );
    const { port } = server.sockets[0]!.addr as Deno.NetAddr;
    for (let i = 0; i < 50; i++) clients.push(await connect(port));
    await Promise.all(clients.map((client, i) => client.write(new Uint8Array([i]))));
    await done;
  });
  for (const [i, client] of clients.entries()) {
    const byte = new Uint8Array(1);
    assertEquals(await client.read(byte), 1, `the answer to client ${i}`);
    assertEquals(byte[0], i);
    client.close();
  }
}

Deno.test("Every answer of a turn leaves, also when the last one ends the program", () =>
  askAll((port) => Deno.connect({ hostname: "127.0.0.1", port })));

Deno.test({
  name: "Over TLS every answer of a turn leaves, also when the last one ends the program",
  ignore: !haveOpenssl,
  fn: () => {
    const caCerts = [Deno.readTextFileSync(file("ca.pem"))];
    const connect = async (port: number) => {
      const client = await Deno.connectTls({ hostname: "localhost", port, caCerts });
      await client.handshake();
      return client;
    };
    return askAll(connect, serverContext());
  },
});
