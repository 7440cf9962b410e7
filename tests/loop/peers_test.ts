/** Connections with the programs of others: socat, nginx, curl. Real sockets, real time. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { sleep } from "../../futures/mod.ts";
import type { DenoEventLoop } from "../../loop/mod.ts";
import { DatagramProtocol, Protocol } from "../../transports/protocol.ts";
import type { DatagramTransport } from "../../transports/datagram_transport.ts";
import type { Transport } from "../../transports/transport.ts";
import type { Trial } from "../_helpers.ts";
import { testWith } from "../transports/_programs.ts";
import { ascii, assertPattern, latin1, pattern, Recorder } from "../transports/_recorder.ts";
import { Program } from "../transports/tls/_programs.ts";
import { portOf } from "./_net.ts";

type Net = Trial<DenoEventLoop>;

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

/** Runs socat; what runs programs makes certificates for them, hence "openssl" below. */
function socat(...args: string[]): Program {
  return new Program("socat", ["-d", "-d", ...args]);
}

/** Sends a lot and gets it back. */
async function converse(near: Transport, protocol: Recorder): Promise<void> {
  near.write(pattern(1_000_000));
  near.writeEof();
  await until(() => protocol.calls.at(-1) === "lost");
  assertPattern(protocol.received, 1_000_000);
  assertEquals(protocol.calls.at(-2), "eof");
}

testWith(["socat", "openssl"], "createConnection() talks to an echo of socat", async (t) => {
  await using peer = socat("TCP-LISTEN:0,bind=127.0.0.1", "EXEC:cat");
  const [, port] = await peer.printed(/listening on .*:(\d+)/);
  const [near, protocol] = await t.loop.createConnection(
    () => new Recorder(),
    "127.0.0.1",
    Number(port),
    { localAddr: ["127.0.0.4", 0] },
  );
  await peer.printed(/accepting connection from .*127\.0\.0\.4/);
  await converse(near, protocol);
});

testWith(["socat", "openssl"], "createUnixConnection() talks to an echo of socat", async (t) => {
  const directory = await Deno.makeTempDir({ prefix: "asyncio-socat-" });
  for (
    const [listen, path] of [
      [`UNIX-LISTEN:${directory}/a`, `${directory}/a`],
      [`ABSTRACT-LISTEN:asyncio-socat-${Deno.pid}`, `\0asyncio-socat-${Deno.pid}`],
    ] as const
  ) {
    await using peer = socat(listen, "EXEC:cat");
    await peer.printed(/listening on/);
    const [near, protocol] = await t.loop.createUnixConnection(() => new Recorder(), path);
    await converse(near, protocol);
  }
  await Deno.remove(directory, { recursive: true });
});

/** Serves what comes back to whoever sent it. */
class Echo extends Recorder {
  constructor() {
    super();
    this.keepOpen = true;
    this.on.dataReceived = (data: Uint8Array) => this.transport.write(data);
    this.on.eofReceived = () => this.transport.close();
  }
}

async function echoes(peer: Program): Promise<void> {
  await peer.type("hello\n");
  await peer.printed(/hello\n/);
  await peer.end();
}

testWith(["socat", "openssl"], "Servers echo to socat, over TCP and Unix", async (t) => {
  const far = [new Echo(), new Echo(), new Echo()];
  let made = 0;
  const factory = () => far[made++]!;
  const name = `asyncio-echo-${Deno.pid}`;
  const servers = [
    await t.loop.createServer(factory, "127.0.0.1", 0),
    await t.loop.createServer(factory, "127.0.0.1", 0, { reusePort: true }),
    await t.loop.createUnixServer(factory, `\0${name}`),
  ];
  for (
    const address of [
      `TCP:127.0.0.1:${portOf(servers[0]!)}`,
      `TCP:127.0.0.1:${portOf(servers[1]!)}`,
      `ABSTRACT-CONNECT:${name}`,
    ]
  ) {
    await using peer = socat("STDIO", address);
    await echoes(peer);
  }
  for (const server of servers) {
    server.close();
    await server.waitClosed();
  }
  for (const { calls } of far) assertEquals(calls, ["made", "data 6", "eof", "lost"]);
});

class Datagrams extends DatagramProtocol {
  readonly received: [data: string, from: [host: string, port: number]][] = [];
  transport!: DatagramTransport;
  lost = false;

  override connectionLost(): void {
    this.lost = true;
  }

  override connectionMade(transport: DatagramTransport): void {
    this.transport = transport;
  }

  override datagramReceived(data: Uint8Array, from: [host: string, port: number]): void {
    this.received.push([latin1(data), from]);
  }
}

testWith(
  ["socat"],
  "createDatagramEndpoint() talks to an echo of socat, and is talked to",
  async (t) => {
    const free = Deno.listen({ hostname: "127.0.0.1", port: 0 });
    const { port } = free.addr as Deno.NetAddr;
    free.close();
    {
      await using _peer = socat(`UDP-RECVFROM:${port},bind=127.0.0.1,fork`, "EXEC:cat");
      const [transport, protocol] = await t.loop.createDatagramEndpoint(() => new Datagrams(), {
        remoteAddr: ["127.0.0.1", port],
      });
      // Nobody tells when socat is there.
      while (protocol.received.length === 0) {
        transport.sendto(ascii("hello"));
        await sleep(20);
      }
      assertEquals(protocol.received[0], ["hello", ["127.0.0.1", port]]);
      transport.close();
    }
    const [transport, protocol] = await t.loop.createDatagramEndpoint(() => new Datagrams(), {
      localAddr: ["127.0.0.1", 0],
    });
    const { port: here } = transport.getExtraInfo("sockname") as Deno.NetAddr;
    await using peer = socat("STDIO", `UDP:127.0.0.1:${here}`);
    await peer.type("ping");
    await until(() => protocol.received.length > 0);
    const [[data, from]] = protocol.received as [[string, [string, number]]];
    assertEquals(data, "ping");
    transport.sendto(ascii("pong"), from);
    await peer.printed(/pong/);
    transport.close();
    await until(() => protocol.lost);
  },
);

// ---- HTTP -----------------------------------------------------------------------------------------

testWith(["nginx", "openssl"], "nginx is talked to, and serves a file in one piece", async (t) => {
  const directory = await Deno.makeTempDir({ prefix: "asyncio-nginx-" });
  await Deno.chmod(directory, 0o755);
  await Deno.writeFile(`${directory}/file`, pattern(700_000));
  await Deno.writeTextFile(
    `${directory}/nginx.conf`,
    `daemon off; master_process off; pid ${directory}/pid; error_log stderr notice;
    events {}
    http { access_log off; client_body_temp_path ${directory}/b; proxy_temp_path ${directory}/p;
      fastcgi_temp_path ${directory}/f; uwsgi_temp_path ${directory}/u; scgi_temp_path ${directory}/s;
      server { listen unix:${directory}/socket; root ${directory}; } }`,
  );
  {
    await using server = new Program("nginx", [
      ...["-p", directory, "-c", `${directory}/nginx.conf`, "-e", "stderr"],
    ]);
    await server.printed(/start worker|using the "epoll"|nginx\/[\d.]+/);
    await until(() => {
      try {
        return Deno.lstatSync(`${directory}/socket`).isSocket ?? false;
      } catch {
        return false;
      }
    });
    for (const connection of ["keep-alive", "close"]) {
      const [near, protocol] = await t.loop.createUnixConnection(
        () => new Recorder(),
        `${directory}/socket`,
      );
      const request = `GET /file HTTP/1.1\r\nHost: here\r\nConnection: ${connection}\r\n\r\n`;
      near.write(ascii(request));
      const bodyAt = () => latin1(protocol.received.subarray(0, 2000)).indexOf("\r\n\r\n") + 4;
      await until(() => protocol.received.length >= 700_000 + bodyAt());
      const head = latin1(protocol.received.subarray(0, bodyAt()));
      assertStringIncludes(head, "HTTP/1.1 200 OK");
      assertPattern(protocol.received.subarray(bodyAt()), 700_000);
      if (connection === "close") await until(() => protocol.calls.at(-1) === "lost");
      near.close();
      await until(() => protocol.calls.at(-1) === "lost");
    }
  }
  await Deno.remove(directory, { recursive: true });
});

/** As much of HTTP as curl needs: answers with the size of what was sent, or with a lot. */
class TinyHttp extends Protocol {
  #transport!: Transport;
  #head = "";
  #left = -1;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override dataReceived(data: Uint8Array): void {
    if (this.#left < 0) {
      this.#head += latin1(data);
      const end = this.#head.indexOf("\r\n\r\n") + 4;
      if (end < 4) return;
      const length = Number(this.#head.match(/content-length: (\d+)/i)?.[1] ?? 0);
      if (/expect: 100-continue/i.test(this.#head)) {
        this.#transport.write(ascii("HTTP/1.1 100 Continue\r\n\r\n"));
      }
      this.#left = length - (this.#head.length - end);
    } else this.#left -= data.length;
    if (this.#left > 0) return;
    const size = this.#head.match(/content-length: (\d+)/i)?.[1];
    const body = size === undefined ? pattern(2_000_000) : ascii(`got ${size}`);
    this.#transport.write(ascii(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`));
    this.#transport.write(body);
    this.#head = "";
    this.#left = -1;
  }
}

async function curl(...args: string[]): Promise<Uint8Array> {
  const { code, stdout, stderr } = await new Deno.Command("curl", { args: ["-sS", ...args] })
    .output();
  assertEquals(code, 0, new TextDecoder().decode(stderr));
  return stdout;
}

testWith(
  ["curl"],
  "curl fetches, sends, and keeps its connection, over TCP and Unix",
  async (t: Net) => {
    let made = 0;
    const factory = () => {
      made++;
      return new TinyHttp();
    };
    const path = `${await Deno.makeTempDir({ prefix: "asyncio-curl-" })}/socket`;
    const tcp = await t.loop.createServer(factory, "127.0.0.1", 0);
    const unix = await t.loop.createUnixServer(factory, path);
    const file = `${path}.data`;
    await Deno.writeFile(file, pattern(3_000_000));
    for (
      const over of [[`http://127.0.0.1:${portOf(tcp)}/`], ["http://here/", "--unix-socket", path]]
    ) {
      assertPattern(await curl(...over), 2_000_000);
      assertMatch(latin1(await curl(...over, "--data-binary", `@${file}`)), /got 3000000/);
    }
    assertEquals(made, 4);
    // Two requests over one connection.
    const url = `http://127.0.0.1:${portOf(tcp)}/`;
    assertEquals((await curl(url, url)).length, 4_000_000);
    assertEquals(made, 5);
    for (const server of [tcp, unix]) {
      server.close();
      await server.waitClosed();
    }
    assert(!tcp.isServing());
    await Deno.remove(path.replace("/socket", ""), { recursive: true });
  },
);
