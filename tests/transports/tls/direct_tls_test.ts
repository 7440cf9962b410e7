/** Which TLS sockets are used by the operations beneath them, and that nothing is lost on that way. */
import { assertEquals, assertGreater, assertStrictEquals } from "@std/assert";
import { TLSSocket } from "node:tls";
import { sleep } from "../../../futures/mod.ts";
import { testAsync } from "../../_helpers.ts";
import { ascii, assertPattern, latin1, pattern } from "../_recorder.ts";
import { haveOpenssl } from "./_certificates.ts";
import { drop, securePair } from "./_tls_pair.ts";

const test: typeof testAsync = (name, main, options) =>
  haveOpenssl
    ? testAsync(name, main, options)
    : Deno.test.ignore(`${name} (needs openssl)`, () => {});

interface Handle {
  drainEncOut(): Uint8Array;
}

/** Sees every socket of `node:tls` that is made meanwhile, with the handle beneath it. */
async function watchingSockets<T>(
  onSocket: (socket: TLSSocket, handle: Handle) => void,
  body: () => Promise<T>,
): Promise<T> {
  const prototype = TLSSocket.prototype as unknown as {
    _wrapHandle(...args: unknown[]): Handle;
  };
  const { _wrapHandle } = prototype;
  prototype._wrapHandle = function (this: unknown, ...args) {
    const handle = _wrapHandle.apply(this as typeof prototype, args);
    onSocket(this as TLSSocket, handle);
    return handle;
  };
  try {
    return await body();
  } finally {
    prototype._wrapHandle = _wrapHandle;
  }
}

test("After the handshake, what is written does not go through the streams of node:tls", async (t) => {
  let written = 0;
  const { client, server } = await watchingSockets((socket) => {
    const write = socket.write;
    socket.write = function (this: TLSSocket, ...args: unknown[]) {
      written++;
      return Reflect.apply(write, this, args);
    } as typeof write;
  }, () => securePair(t));
  written = 0;
  server.protocol.on.dataReceived = (data) => server.transport.write(data);
  client.transport.write(ascii("hello"));
  await sleep(1);
  assertEquals(latin1(client.protocol.received), "hello");
  assertEquals(written, 0);
  drop(client, server);
});

test("An operation that the program has put into a TLS socket is used", async (t) => {
  const sizes: number[] = [];
  const { client, server } = await watchingSockets((_socket, handle) => {
    const { drainEncOut } = handle;
    handle.drainEncOut = function (this: Handle) {
      const data = drainEncOut.call(this);
      sizes.push(data.length);
      return data;
    };
  }, () => securePair(t));
  sizes.length = 0;
  client.transport.write(ascii("hello"));
  await sleep(1);
  assertEquals(latin1(server.protocol.received), "hello");
  assertGreater(sizes[0]!, 5);
  drop(client, server);
});

// The engine encrypts 48 KiB at a time. What is left of a write over TLS is not seen in the length of its ciphertext.
for (const rest of [0, 1, 10, 65, 66, 67, 200]) {
  test(`Writes that leave ${rest} bytes to a last piece are sent whole, before the next and before the farewell`, async (t) => {
    const { client, server } = await securePair(t);
    const length = 48 * 1024 + rest;
    client.transport.write(pattern(length, 0));
    await sleep(0);
    client.transport.write(pattern(length, length));
    await sleep(0);
    client.transport.write(pattern(length, 2 * length));
    client.transport.close();
    await sleep(10);
    assertPattern(server.protocol.received, 3 * length);
    assertStrictEquals(server.protocol.lostWith, undefined);
    assertStrictEquals(client.protocol.lostWith, undefined);
  });
}
