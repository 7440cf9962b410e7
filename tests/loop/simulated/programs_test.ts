/** Whole programs on the simulated network: nothing in them knows of it. */
import { assert, assertEquals, assertRejects } from "@std/assert";
import { createTask, sleep } from "../../../futures/mod.ts";
import { openConnection, startServer } from "../../../loop/mod.ts";
import { simulate } from "../../../loop/simulated/mod.ts";
import {
  Protocol,
  SSLError,
  StreamReader,
  StreamReaderProtocol,
  type StreamWriter,
} from "../../../transports/mod.ts";
import { clientContext, haveOpenssl, serverContext } from "../../transports/tls/_certificates.ts";
import { bytes, testNetwork, text } from "./_recorders.ts";

async function echo(reader: StreamReader, writer: StreamWriter): Promise<void> {
  for await (const line of reader) {
    writer.write(line);
    await writer.drain();
  }
  writer.close();
}

Deno.test({
  name: "TLS runs on the simulated network, over links that lose and cut packets",
  ignore: !haveOpenssl,
  async fn() {
    await simulate(async ({ network }) => {
      await network.host("localhost.example").run(() =>
        startServer(echo, "0.0.0.0", 443, { ssl: serverContext() })
      );
      await network.host("client").run(async () => {
        const [reader, writer] = await openConnection("localhost.example", 443, {
          ssl: clientContext(),
          serverHostname: "localhost",
        });
        for (let i = 0; i < 20; i++) {
          const line = `${i} ${"x".repeat(i * 3000)}\n`;
          writer.write(bytes(line));
          assertEquals(text(await reader.readline()), line);
        }
        writer.close();
        await writer.waitClosed();
      });
    }, {
      seeds: 10,
      shuffle: true,
      network: { latencyMs: 40, jitterMs: 20, loss: 0.05, fragmentation: 0.3 },
    });
  },
});

if (haveOpenssl) {
  testNetwork("A TLS handshake under a partition times out", async (loop) => {
    const { network } = loop;
    await network.host("server").run(() =>
      startServer(echo, "0.0.0.0", 443, { ssl: serverContext() })
    );
    await network.host("client").run(async () => {
      const connecting = createTask(async () =>
        await openConnection("server", 443, {
          ssl: clientContext(),
          serverHostname: "localhost",
          sslHandshakeTimeout: 5000,
        })
      );
      await sleep(25);
      network.partition("server");
      await assertRejects(async () => await connecting, Error, "handshake");
      assert(loop.time() > 5000 && loop.time() < 5100, `${loop.time()}`);
      network.heal();
    });
  }, { network: { latencyMs: 10 } });

  testNetwork("A client that does not trust the server is told so on any network", async (loop) => {
    const { network } = loop;
    await network.host("server").run(() =>
      startServer(echo, "0.0.0.0", 443, { ssl: serverContext() })
    );
    await assertRejects(
      async () =>
        await openConnection("server", 443, { ssl: clientContext(), serverHostname: "other" }),
      SSLError,
    );
  });
}

testNetwork("Pipes in memory work as on any loop", async (loop) => {
  const { readable, writable } = new TransformStream<Uint8Array, Uint8Array>();
  const reader = new StreamReader();
  await loop.connectReadPipe(() => new StreamReaderProtocol(reader), readable);
  const [transport] = await loop.connectWritePipe(() => new Protocol(), writable);
  transport.write(bytes("through the pipe"));
  transport.close();
  assertEquals(text(await reader.read()), "through the pipe");
});
