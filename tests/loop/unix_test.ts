/** `createUnixConnection()` and `createUnixServer()`. */
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { pathToFileURL } from "node:url";
import { CancelledError, NotImplementedError, sleep } from "../../futures/mod.ts";
import type { DenoEventLoop, UnixConnectionOptions, UnixServerOptions } from "../../loop/mod.ts";
import { Protocol } from "../../transports/protocol.ts";
import { errorOf, passes, type Program, type Trial } from "../_helpers.ts";
import { Recorder } from "../transports/_recorder.ts";
import { testNet } from "./_net.ts";

type Net = Trial<DenoEventLoop>;

function testInDirectory(
  name: string,
  program: (t: Net, directory: string) => Program<void>,
): void {
  testNet(name, function* (t) {
    const directory = Deno.makeTempDirSync({ prefix: "asyncio-unix-" });
    try {
      yield* program(t, directory);
    } finally {
      Deno.removeSync(directory, { recursive: true });
    }
  });
}

function exists(path: string): boolean {
  try {
    Deno.lstatSync(path);
    return true;
  } catch {
    return false;
  }
}

/** Serves at a path, sends bytes there and back, and closes. */
function* converse(t: Net, path: string | URL): Program<void> {
  const far = new Recorder();
  const server = yield* t.wait(t.loop.createUnixServer(() => far, path));
  const [near, protocol] = yield* t.wait(
    t.loop.createUnixConnection(() => new Recorder(), path),
  );
  far.on.dataReceived = (data: Uint8Array) => far.transport.write(data);
  const bytes = new Uint8Array(1_000_000).map((_, i) => i * 7);
  near.write(bytes);
  near.writeEof();
  while (protocol.calls.at(-1) !== "lost") yield* t.wait(sleep(1));
  assertEquals(protocol.received, bytes);
  assertEquals(protocol.calls.at(-2), "eof");
  server.close();
  yield* t.wait(server.waitClosed());
}

testInDirectory("Unix connections carry bytes both ways, at a path or a URL", function* (t, dir) {
  yield* converse(t, `${dir}/a`);
  assert(!exists(`${dir}/a`), "the path is removed with the server");
  yield* converse(t, pathToFileURL(`${dir}/with space`));
});

testNet("Unix connections go by abstract names, which leave no file", function* (t) {
  yield* converse(t, `\0asyncio-test-${Deno.pid}`);
  yield* converse(t, `\0asyncio-test-${Deno.pid}`);
});

testInDirectory(
  "createUnixServer() takes over the path of a server that has died",
  function* (t, dir) {
    // A socket file that nobody listens on: a listener's, under a second name.
    const listener = Deno.listen({ transport: "unix", path: `${dir}/live` });
    Deno.linkSync(`${dir}/live`, `${dir}/stale`);
    listener.close();
    assert(exists(`${dir}/stale`));
    yield* converse(t, `${dir}/stale`);
  },
);

testInDirectory(
  "cleanupSocket: false leaves the path, which the next takes over",
  function* (t, dir) {
    const path = `${dir}/a.sock`;
    for (let i = 0; i < 2; i++) {
      const far = new Recorder();
      const server = yield* t.wait(
        t.loop.createUnixServer(() => far, path, { cleanupSocket: false }),
      );
      assertEquals([...Deno.readDirSync(dir)].map(({ name }) => name), ["a.sock"]);
      assertEquals(server.sockets[0]!.addr, { transport: "unix", path });
      const [near] = yield* t.wait(t.loop.createUnixConnection(() => new Recorder(), path));
      near.write(Uint8Array.of(1));
      while (far.chunks.length === 0) yield* t.wait(sleep(1));
      assertEquals(far.transport.getExtraInfo("sockname"), { transport: "unix", path });
      near.close();
      server.close();
      yield* t.wait(server.waitClosed());
      assert(exists(path));
      assertInstanceOf(
        yield* errorOf(t.wait(t.loop.createUnixConnection(() => new Protocol(), path))),
        Deno.errors.ConnectionRefused,
      );
    }
    yield* converse(t, path);
    assert(!exists(path));
  },
);

testInDirectory("cleanupSocket: false leaves whatever is at the path", function* (t, dir) {
  const path = `${dir}/a`;
  const listen = (options: UnixServerOptions) =>
    t.wait(t.loop.createUnixServer(() => new Protocol(), path, options));
  const first = yield* listen({ cleanupSocket: false });
  // Another server takes the path over while the first still serves those that it has.
  Deno.removeSync(path);
  const second = yield* listen({});
  first.close();
  const [near] = yield* t.wait(t.loop.createUnixConnection(() => new Protocol(), path));
  near.close();
  assertInstanceOf(yield* errorOf(listen({ cleanupSocket: false })), Deno.errors.AddrInUse);
  second.close();
  for (const server of [first, second]) yield* t.wait(server.waitClosed());
  Deno.writeTextFileSync(path, "precious");
  const error = yield* errorOf(listen({ cleanupSocket: false }));
  assertInstanceOf(error, Deno.errors.AddrInUse);
  assertStringIncludes(error.message, `Cannot listen on ${path}`);
  assertEquals(Deno.readTextFileSync(path), "precious");
  assertEquals([...Deno.readDirSync(dir)].length, 1);
});

testInDirectory("cleanupSocket: false takes every path that Deno takes", function* (t, dir) {
  const room = 107 - dir.length - 1;
  const paths = [`${dir}/${"x".repeat(room)}`, `\0asyncio-kept-${Deno.pid}`];
  for (const path of paths) {
    const options = { cleanupSocket: false };
    const server = yield* t.wait(t.loop.createUnixServer(() => new Recorder(), path, options));
    const [near] = yield* t.wait(t.loop.createUnixConnection(() => new Protocol(), path));
    near.close();
    server.close();
    yield* t.wait(server.waitClosed());
  }
});

testInDirectory("createUnixServer() leaves alone what is in use or no socket", function* (t, dir) {
  const listener = Deno.listen({ transport: "unix", path: `${dir}/live` });
  Deno.writeTextFileSync(`${dir}/file`, "precious");
  for (const path of [`${dir}/live`, `${dir}/file`]) {
    const error = yield* errorOf(t.wait(t.loop.createUnixServer(() => new Protocol(), path)));
    assertInstanceOf(error, Deno.errors.AddrInUse);
    assertStringIncludes(error.message, `Cannot listen on ${path}`);
  }
  assertEquals(Deno.readTextFileSync(`${dir}/file`), "precious");
  listener.close();
});

testInDirectory("createUnixConnection() names the path that nobody listens at", function* (t, dir) {
  const error = yield* errorOf(
    t.wait(t.loop.createUnixConnection(() => new Protocol(), `${dir}/nobody`)),
  );
  assertInstanceOf(error, Deno.errors.NotFound);
  assertStringIncludes(error.message, `Cannot connect to ${dir}/nobody`);
  Deno.writeTextFileSync(`${dir}/file`, "");
  assertInstanceOf(
    yield* errorOf(t.wait(t.loop.createUnixConnection(() => new Protocol(), `${dir}/file`))),
    Deno.errors.ConnectionRefused,
  );
});

testInDirectory("Unix sockets that are open already are used as they are", function* (t, dir) {
  const sock = Deno.listen({ transport: "unix", path: `${dir}/a` });
  const far = new Recorder();
  const server = yield* t.wait(t.loop.createUnixServer(() => far, undefined, { sock }));
  const conn = yield* t.wait(t.loop.sockConnect(`${dir}/a`));
  const [near] = yield* t.wait(
    t.loop.createUnixConnection(() => new Recorder(), undefined, { sock: conn }),
  );
  near.write(Uint8Array.of(1));
  while (far.chunks.length === 0) yield* t.wait(sleep(1));
  near.close();
  server.close();
  yield* t.wait(server.waitClosed());
});

testInDirectory(
  "createUnixConnection() cancelled at any pass leaves no connection",
  function* (t, dir) {
    const path = `${dir}/a`;
    const made: Recorder[] = [];
    const server = yield* t.wait(t.loop.createUnixServer(() => {
      made.push(new Recorder());
      return made.at(-1)!;
    }, path));
    for (let count = 0;; count++) {
      const task = t.loop.createTask(t.loop.createUnixConnection(() => new Protocol(), path));
      yield* t.wait(passes(count));
      const inTime = task.cancel();
      if (inTime) assertInstanceOf(yield* errorOf(t.wait(task)), CancelledError);
      else (yield* t.wait(task))[0].abort();
      // What was on its way arrives, and ends, in its own time.
      const open = () => made.filter(({ calls }) => calls.at(-1) !== "lost");
      for (let wait = 0; wait < 5 || (open().length > 0 && wait < 2000); wait++) {
        yield* t.wait(sleep(1));
      }
      // The other end has seen every connection end.
      assertEquals(open(), []);
      if (!inTime) break;
    }
    server.close();
    yield* t.wait(server.waitClosed());
  },
);

testNet("Unix servers and connections say what is wrong with their arguments", function* (t) {
  const sock = {} as never;
  const connections: [string, string | undefined, UnixConnectionOptions?][] = [
    ["a path is needed", undefined],
    ["a path is needed", ""],
    ["either a path or sock", "/a", { sock }],
    ["serverHostname is needed", "/a", { ssl: true }],
  ];
  for (const [text, path, options] of connections) {
    const error = yield* errorOf(
      t.wait(t.loop.createUnixConnection(() => new Protocol(), path, options)),
    );
    assertInstanceOf(error, TypeError);
    assertStringIncludes(error.message, text);
  }
  const servers: [string, string | undefined, UnixServerOptions?][] = [
    ["a path is needed", undefined],
    ["either a path or sock", "/a", { sock }],
  ];
  for (const [text, path, options] of servers) {
    const error = yield* errorOf(
      t.wait(t.loop.createUnixServer(() => new Protocol(), path, options)),
    );
    assertInstanceOf(error, TypeError);
    assertStringIncludes(error.message, text);
  }
  const options = { sock, cleanupSocket: false };
  const cleanup = yield* errorOf(
    t.wait(t.loop.createUnixServer(() => new Protocol(), undefined, options)),
  );
  assertInstanceOf(cleanup, NotImplementedError);
  assertStringIncludes(cleanup.message, "cleanupSocket");
});
