/** The `sock…` methods, and `sendfile()`. */
import {
  assert,
  assertEquals,
  assertFalse,
  assertInstanceOf,
  assertStringIncludes,
} from "@std/assert";
import { CancelledError, NotImplementedError, RuntimeError, sleep } from "../../futures/mod.ts";
import { type DenoEventLoop, SendfileNotAvailableError } from "../../loop/mod.ts";
import type { StreamSocket } from "../../transports/stream_socket.ts";
import type { Transport } from "../../transports/transport.ts";
import { errorOf, hostTurn, passes, type Program, type Trial } from "../_helpers.ts";
import { ascii, assertPattern, latin1, pattern, Recorder } from "../transports/_recorder.ts";
import { testNet } from "./_net.ts";

type Net = Trial<DenoEventLoop>;

/** Two ends of a connection. */
function* pair(t: Net): Program<[near: StreamSocket, far: StreamSocket]> {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const near = yield* t.wait(t.loop.sockConnect(["127.0.0.1", port]));
  const [far, address] = yield* t.wait(t.loop.sockAccept(listener));
  assertEquals(address, near.localAddr);
  listener.close();
  return [near, far];
}

function* receiveAll(t: Net, sock: StreamSocket): Program<Uint8Array> {
  const chunks: Uint8Array[] = [];
  for (;;) {
    const chunk = yield* t.wait(t.loop.sockRecv(sock, 65_536));
    if (chunk.length === 0) break;
    chunks.push(chunk);
  }
  const all = new Uint8Array(chunks.reduce((sum, { length }) => sum + length, 0));
  let end = 0;
  for (const chunk of chunks) {
    all.set(chunk, end);
    end += chunk.length;
  }
  return all;
}

// ---- Connections as sockets -----------------------------------------------------------------------

testNet("sockSendall() and sockRecv() carry bytes, and no more than asked for", function* (t) {
  const [near, far] = yield* pair(t);
  yield* t.wait(t.loop.sockSendall(near, ascii("hello world")));
  assertEquals(latin1(yield* t.wait(t.loop.sockRecv(far, 5))), "hello");
  assertEquals(yield* t.wait(t.loop.sockRecv(far, 0)), new Uint8Array(0));
  const memory = new Uint8Array(20);
  assertEquals(yield* t.wait(t.loop.sockRecvInto(far, memory)), 6);
  assertEquals(latin1(memory.subarray(0, 6)), " world");
  near.close();
  assertEquals(yield* t.wait(t.loop.sockRecv(far, 5)), new Uint8Array(0));
  far.close();
});

testNet("sockSendall() sends everything, from memory that may change at once", function* (t) {
  const [near, far] = yield* pair(t);
  const bytes = pattern(5_000_000);
  const sending = t.loop.createTask(t.loop.sockSendall(near, bytes));
  yield* t.wait(passes(2));
  bytes.fill(0);
  const receiving = t.loop.createTask(t.work(() => receiveAll(t, far)));
  yield* t.wait(sending);
  near.close();
  assertPattern(yield* t.wait(receiving), 5_000_000);
  far.close();
});

testNet("sockRecv() that is cancelled loses no byte", function* (t) {
  const [near, far] = yield* pair(t);
  let received = "";
  for (let count = 0; count < 12; count++) {
    const task = t.loop.createTask(t.loop.sockRecv(far, 10));
    yield* t.wait(passes(count));
    // In some rounds the bytes come before, in some after the cancellation.
    if (count % 2 === 0) yield* t.wait(t.loop.sockSendall(near, ascii(`<${count}>`)));
    if (count % 3 === 0) yield* t.wait(sleep(1));
    if (task.cancel()) assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    else received += latin1(yield* t.wait(task));
    if (count % 2 === 1) yield* t.wait(t.loop.sockSendall(near, ascii(`<${count}>`)));
  }
  near.close();
  // In pieces that are smaller than what earlier calls have asked for.
  for (;;) {
    const chunk = yield* t.wait(t.loop.sockRecv(far, 2));
    if (chunk.length === 0) break;
    assert(chunk.length <= 2);
    received += latin1(chunk);
  }
  assertEquals(received, Array.from({ length: 12 }, (_, i) => `<${i}>`).join(""));
  far.close();
});

testNet("sockAccept() that is cancelled loses no connection", function* (t) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const seen: number[] = [];
  const clients: StreamSocket[] = [];
  const note = (sock: StreamSocket) => {
    seen.push((sock.remoteAddr as Deno.NetAddr).port);
    sock.close();
  };
  for (let count = 0; count < 10; count++) {
    const task = t.loop.createTask(t.loop.sockAccept(listener));
    yield* t.wait(passes(count));
    clients.push(yield* t.wait(t.loop.sockConnect(["127.0.0.1", port])));
    yield* t.wait(passes(count % 3));
    if (task.cancel()) assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
    else note((yield* t.wait(task))[0]);
  }
  while (seen.length < 10) note((yield* t.wait(t.loop.sockAccept(listener)))[0]);
  assertEquals(seen, clients.map(({ localAddr }) => (localAddr as Deno.NetAddr).port));
  for (const client of clients) client.close();
  listener.close();
});

testNet("sockAccept() called several times at once gives each its own connection", function* (t) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  const tasks = [0, 1, 2].map(() => t.loop.createTask(t.loop.sockAccept(listener)));
  yield* t.wait(passes(3));
  tasks[1]!.cancel();
  const clients: StreamSocket[] = [];
  for (let i = 0; i < 3; i++) {
    clients.push(yield* t.wait(t.loop.sockConnect(["127.0.0.1", port])));
  }
  const [first] = yield* t.wait(tasks[0]!);
  const [last] = yield* t.wait(tasks[2]!);
  // The connection that was meant for the task that was cancelled.
  const [left] = yield* t.wait(t.loop.sockAccept(listener));
  const accepted = [first, left, last];
  assertEquals(
    accepted.map(({ remoteAddr }) => (remoteAddr as Deno.NetAddr).port),
    clients.map(({ localAddr }) => (localAddr as Deno.NetAddr).port),
  );
  for (const socket of [...clients, ...accepted]) socket.close();
  listener.close();
});

testNet("sockRecv() called twice at once gives each its own bytes, in order", function* (t) {
  const [near, far] = yield* pair(t);
  const receive = () => t.loop.createTask(t.loop.sockRecv(far, 10));
  const tasks = [receive(), receive()];
  yield* t.wait(passes(3));
  // The later one first: what it was to get comes later all the same.
  for (const task of tasks.toReversed()) {
    task.cancel();
    yield* t.wait(passes(1));
  }
  const [one, two] = [receive(), receive()] as const;
  yield* t.wait(t.loop.sockSendall(near, ascii("one")));
  assertEquals(latin1(yield* t.wait(one)), "one");
  assertFalse(two.done());
  yield* t.wait(t.loop.sockSendall(near, ascii("two")));
  assertEquals(latin1(yield* t.wait(two)), "two");
  near.close();
  far.close();
});

testNet(
  "sockRecv() tells of a failure once, and says what is wrong with its arguments",
  function* (t) {
    const [near, far] = yield* pair(t);
    for (const count of [-1, 1.5, NaN]) {
      assertInstanceOf(yield* errorOf(t.wait(t.loop.sockRecv(near, count))), RangeError);
    }
    const text = "text" as unknown as Uint8Array;
    assertInstanceOf(yield* errorOf(t.wait(t.loop.sockSendall(near, text))), TypeError);
    const receiving = t.loop.createTask(t.loop.sockRecv(near, 10));
    yield* t.wait(passes(3));
    near.close();
    assertInstanceOf(yield* errorOf(t.wait(receiving)), Deno.errors.Interrupted);
    assertInstanceOf(
      yield* errorOf(t.wait(t.loop.sockRecv(near, 10))),
      Deno.errors.BadResource,
    );
    far.close();
  },
);

testNet("sockConnect() names the address that refuses", function* (t) {
  const listener = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = listener.addr as Deno.NetAddr;
  listener.close();
  const error = yield* errorOf(t.wait(t.loop.sockConnect(["127.0.0.1", port])));
  assertInstanceOf(error, Deno.errors.ConnectionRefused);
  assertStringIncludes(error.message, `127.0.0.1:${port}`);
});

testNet("What a loop cannot do without descriptors says why", function* (t) {
  for (const method of ["addReader", "removeReader", "addWriter", "removeWriter"] as const) {
    let error: unknown;
    try {
      t.loop[method](0, () => {});
    } catch (thrown) {
      error = thrown;
    }
    assertInstanceOf(error, NotImplementedError, method);
    assert(error.message.length > 20, error.message);
  }
  yield* t.wait(passes(1));
});

// ---- Files ----------------------------------------------------------------------------------------

/** A file with so many bytes of the pattern. */
function makeFile(length: number): Disposable & { file: Deno.FsFile } {
  const path = Deno.makeTempFileSync({ prefix: "asyncio-sendfile-" });
  Deno.writeFileSync(path, pattern(length));
  const file = Deno.openSync(path);
  Deno.removeSync(path);
  return { file, [Symbol.dispose]: () => file.close() };
}

/** A transport to a recorder. */
function* transportPair(t: Net): Program<[near: Transport, near: Recorder, far: Recorder]> {
  const far = new Recorder();
  const server = yield* t.wait(t.loop.createServer(() => far, "127.0.0.1", 0));
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  const [transport, near] = yield* t.wait(
    t.loop.createConnection(() => new Recorder(), "127.0.0.1", port),
  );
  while (far.transport === undefined) yield* t.wait(sleep(1));
  server.close();
  return [transport, near, far];
}

function* arrived(t: Net, { calls }: Recorder): Program<void> {
  while (calls.at(-1) !== "lost") yield* t.wait(sleep(1));
}

testNet("sendfile() sends a file, or a part of it, and leaves the file at its end", function* (t) {
  const parts: [offset: number | undefined, count: number | undefined, sent: number][] = [
    [undefined, undefined, 1_000_000],
    [10, undefined, 999_990],
    [5, 7, 7],
    [0, 600_000, 600_000],
    [999_999, 100, 1],
    [1_000_000, undefined, 0],
    [2_000_000, 5, 0],
  ];
  using made = makeFile(1_000_000);
  for (const [offset, count, bytes] of parts) {
    const [transport, near, far] = yield* transportPair(t);
    transport.write(ascii("before "));
    const sent = yield* t.wait(t.loop.sendfile(transport, made.file, offset, count));
    assertEquals(sent, bytes);
    if (sent > 0) assertEquals(made.file.seekSync(0, Deno.SeekMode.Current), (offset ?? 0) + sent);
    transport.write(ascii(" after"));
    assertEquals(transport.getProtocol(), near);
    transport.close();
    yield* arrived(t, far);
    const { received } = far;
    assertEquals(latin1(received.subarray(0, 7)), "before ");
    assertPattern(received.subarray(7, 7 + sent), sent, offset);
    assertEquals(latin1(received.subarray(7 + sent)), " after");
  }
});

testNet("sendfile() keeps little in memory while nobody reads, and pauses reading", function* (t) {
  using made = makeFile(9_000_000);
  const [transport, near, far] = yield* transportPair(t);
  far.transport.pauseReading();
  const sending = t.loop.createTask(t.loop.sendfile(transport, made.file));
  far.transport.write(ascii("not now"));
  yield* t.wait(sleep(100));
  assert(!sending.done());
  const unsent = transport.getWriteBufferSize();
  assert(unsent <= 65_536 + 262_144, `${unsent} bytes unsent`);
  assertEquals(near.received.length, 0);
  assert(!transport.isReading());
  far.transport.resumeReading();
  assertEquals(yield* t.wait(sending), 9_000_000);
  while (near.received.length === 0) yield* t.wait(sleep(1));
  assertEquals(latin1(near.received), "not now");
  transport.close();
  yield* arrived(t, far);
  assertEquals(far.received.length, 9_000_000);
  assert(near.calls.filter((call) => call === "pause").length > 0);
});

testNet("sendfile() that is cancelled gives the connection back to its protocol", function* (t) {
  using made = makeFile(9_000_000);
  const [transport, near, far] = yield* transportPair(t);
  far.transport.pauseReading();
  for (const wait of [0, 1, 2, 3, 5, 8]) {
    const sending = t.loop.createTask(t.loop.sendfile(transport, made.file));
    yield* t.wait(passes(wait));
    sending.cancel();
    assertInstanceOf(yield* errorOf(t.wait(sending)), CancelledError);
    assertEquals(transport.getProtocol(), near);
    assert(transport.isReading());
  }
  const sending = t.loop.createTask(t.loop.sendfile(transport, made.file));
  yield* t.wait(sleep(50));
  sending.cancel();
  assertInstanceOf(yield* errorOf(t.wait(sending)), CancelledError);
  far.transport.write(ascii("still here"));
  while (near.received.length === 0) yield* t.wait(sleep(1));
  assertEquals(latin1(near.received), "still here");
  transport.abort();
  far.transport.abort();
  yield* t.wait(passes(3));
});

testNet("sendfile() ends with the connection, whose protocol is told", function* (t) {
  using made = makeFile(9_000_000);
  const [transport, near, far] = yield* transportPair(t);
  far.transport.pauseReading();
  const sending = t.loop.createTask(t.loop.sendfile(transport, made.file));
  yield* t.wait(sleep(30));
  transport.abort();
  assertInstanceOf(yield* errorOf(t.wait(sending)), Deno.errors.ConnectionReset);
  assertEquals(near.calls.at(-1), "lost");
  const closed = yield* errorOf(t.wait(t.loop.sendfile(transport, made.file)));
  assertInstanceOf(closed, RuntimeError);
  assertStringIncludes(closed.message, "closing");
  far.transport.abort();
  yield* t.wait(passes(3));
});

testNet("sendfile() tells of a lost connection once, also while it reads", function* (t) {
  const [transport, near, far] = yield* transportPair(t);
  far.transport.pauseReading();
  const file = {
    seek: () => Promise.resolve(0),
    async read(memory: Uint8Array): Promise<number> {
      if (near.calls.at(-1) === "pause") {
        transport.abort();
        while (near.calls.at(-1) !== "lost") await hostTurn();
      }
      return memory.length;
    },
  } as unknown as Deno.FsFile;
  const error = yield* errorOf(t.wait(t.loop.sendfile(transport, file)));
  assertInstanceOf(error, Deno.errors.ConnectionReset);
  far.transport.abort();
  yield* t.wait(passes(3));
});

testNet("sendfile() says what is wrong with its arguments", function* (t) {
  using made = makeFile(10);
  const [transport, , far] = yield* transportPair(t);
  const { file } = made;
  const wrong = "file" as unknown as Deno.FsFile;
  const mistakes: [new (...args: never[]) => Error, ...Parameters<DenoEventLoop["sendfile"]>][] = [
    [TypeError, transport, wrong],
    [RangeError, transport, file, -1],
    [RangeError, transport, file, 0.5],
    [RangeError, transport, file, 0, 0],
    [SendfileNotAvailableError, transport, file, 0, 5, { fallback: false }],
  ];
  for (const [Class, ...args] of mistakes) {
    assertInstanceOf(yield* errorOf(t.wait(t.loop.sendfile(...args))), Class);
    const [, ...rest] = args;
    const [near, peer] = yield* pair(t);
    assertInstanceOf(yield* errorOf(t.wait(t.loop.sockSendfile(near, ...rest))), Class);
    near.close();
    peer.close();
  }
  transport.close();
  yield* arrived(t, far);
  assertEquals(far.received.length, 0);
});

testNet("sockSendfile() sends a file, or a part of it", function* (t) {
  using made = makeFile(1_000_000);
  const [near, far] = yield* pair(t);
  const receiving = t.loop.createTask(t.work(() => receiveAll(t, far)));
  assertEquals(yield* t.wait(t.loop.sockSendfile(near, made.file, 100)), 999_900);
  assertEquals(yield* t.wait(t.loop.sockSendfile(near, made.file, 3, 4)), 4);
  near.close();
  const received = yield* t.wait(receiving);
  assertPattern(received.subarray(0, 999_900), 999_900, 100);
  assertEquals(received.slice(999_900), pattern(4, 3));
  far.close();
});
