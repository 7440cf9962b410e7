/**
 * The area "TLS": connections with TLS, from the start or later.
 *
 * @module
 */

import { assert, assertEquals, assertRejects, assertStrictEquals } from "@std/assert";
import { createTask, sleep } from "../../futures/mod.ts";
import { SSLContext } from "../../transports/tls/ssl_context.ts";
import { SSLError } from "../../transports/tls/ssl_error.ts";
import type { Transport } from "../../transports/transport.ts";
import { casesOf, type ConformanceCase, portOf } from "./_case.ts";
import { CERTIFICATE, KEY } from "./_certificate.ts";
import { bytes, Echo, pattern, Recorder } from "./_protocols.ts";

const HOST = "127.0.0.1";

function serverContext(): SSLContext {
  const context = new SSLContext("server");
  context.loadCertChain(CERTIFICATE, KEY);
  return context;
}

function clientContext(): SSLContext {
  const context = new SSLContext("client");
  context.loadVerifyLocations(CERTIFICATE);
  return context;
}

export const tls: readonly ConformanceCase[] = casesOf("TLS", {
  "bytes arrive whole and in order, both ways": async (t) => {
    await t.run(async () => {
      const { loop } = t;
      const make = () => new Recorder(loop);
      const ssl = serverContext();
      await using server = await loop.createServer(() => new Echo(loop), HOST, 0, { ssl });
      const [transport, client] = await loop.createConnection(make, HOST, portOf(server), {
        ssl: clientContext(),
      });
      assertEquals(client.calls, ["made"]);
      assert(transport.getExtraInfo("sslObject") !== undefined);
      transport.write(pattern(100_000));
      await client.bytesReceived(100_000);
      assertEquals(client.received, pattern(100_000));
      transport.close();
      assertStrictEquals(await client.lost, undefined);
      assertEquals(client.order, ["made", "data", "lost"]);
    });
  },

  "a certificate that nobody vouches for ends the connection before the protocol": async (t) => {
    await t.run(async () => {
      const { loop } = t;
      const made: Recorder[] = [];
      const make = () => {
        const protocol = new Recorder(loop);
        made.push(protocol);
        return protocol;
      };
      const ssl = serverContext();
      await using server = await loop.createServer(() => new Recorder(loop), HOST, 0, { ssl });
      await assertRejects(
        async () =>
          await loop.createConnection(make, HOST, portOf(server), {
            ssl: new SSLContext("client"),
          }),
        SSLError,
      );
      assertEquals(made.flatMap(({ calls }) => calls), []);
      await sleep(5);
    });
    // What a server thinks of clients that go away is its own affair.
    t.takeReports();
  },

  "startTls() goes on with TLS in the middle of a conversation": async (t) => {
    await t.run(async () => {
      const { loop } = t;
      const accepted = loop.createFuture<[Recorder]>();
      await using server = await loop.createServer(
        () => {
          const protocol = new Recorder(loop);
          accepted.setResult([protocol]);
          return protocol;
        },
        HOST,
        0,
      );
      const make = () => new Recorder(loop);
      const [plain, client] = await loop.createConnection(make, HOST, portOf(server));
      const [protocol] = await accepted;
      await protocol.called("made");
      plain.write(bytes("plain,"));
      await protocol.bytesReceived(6);
      const other = createTask(
        loop.startTls(protocol.transport, protocol, serverContext(), { serverSide: true }),
      );
      const secure: Transport = await loop.startTls(plain, client, clientContext(), {
        serverHostname: "localhost",
      });
      const answering = await other;
      secure.write(bytes("secret"));
      await protocol.bytesReceived(12);
      assertEquals(protocol.text, "plain,secret");
      answering.write(bytes("answer"));
      await client.bytesReceived(6);
      secure.close();
      await client.lost;
      await protocol.lost;
      assertEquals(client.calls.filter((call) => call === "made" || call === "lost"), [
        "made",
        "lost",
      ]);
    });
  },
});
