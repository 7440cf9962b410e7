/** TLS with the programs of others: OpenSSL, curl, nginx, and Deno's own. Real sockets, real time. */
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { sleep } from "../../../futures/mod.ts";
import type { Server } from "../../../loop/mod.ts";
import { Protocol } from "../../../transports/protocol.ts";
import { CERT_REQUIRED } from "../../../transports/tls/ssl_constants.ts";
import type { SSLContext } from "../../../transports/tls/ssl_context.ts";
import { SSLCertVerificationError, SSLError } from "../../../transports/tls/ssl_error.ts";
import type { SSLObject } from "../../../transports/tls/ssl_object.ts";
import type { Transport } from "../../../transports/transport.ts";
import { testRealLoop, type Trial } from "../../_helpers.ts";
import { ascii, latin1, pattern, Recorder } from "../_recorder.ts";
import { clientContext, file, haveOpenssl, isThere, serverContext } from "./_certificates.ts";
import { Program, WatchingLoop } from "./_programs.ts";

function test(
  name: string,
  body: (t: Trial<WatchingLoop>) => Promise<void>,
  needs?: [program: string, ...args: string[]],
): void {
  if (!haveOpenssl) return Deno.test.ignore(`${name} (needs openssl)`, () => {});
  if (needs !== undefined && !isThere(needs[0], needs.slice(1))) {
    return Deno.test.ignore(`${name} (needs ${needs[0]})`, () => {});
  }
  testRealLoop(name, () => new WatchingLoop(), async (t) => {
    await t.loop.runUntilComplete(() => body(t));
  });
}

/** Sends back what comes, and notes who has come. */
class Echo extends Recorder {
  static made: Echo[] = [];

  constructor() {
    super();
    Echo.made.push(this);
    this.on.dataReceived = (data) => this.transport.write(data);
  }

  get tls(): SSLObject {
    return this.transport.getExtraInfo("sslObject") as SSLObject;
  }
}

async function until(condition: () => boolean): Promise<void> {
  while (!condition()) await sleep(1);
}

function sClient(port: number, ...args: string[]): Program {
  return new Program("openssl", [
    "s_client",
    "-connect",
    `127.0.0.1:${port}`,
    "-CAfile",
    file("ca.pem"),
    "-servername",
    "localhost",
    ...args,
  ]);
}

function sServer(...args: string[]): Program {
  const [cert, key] = [file("localhost.pem"), file("localhost.key")];
  return new Program("openssl", [
    "s_server",
    "-accept",
    "127.0.0.1:0",
    "-cert",
    cert,
    "-key",
    key,
    ...args,
  ]);
}

async function acceptedAt(server: Program): Promise<number> {
  return Number((await server.printed(/ACCEPT \S+:(\d+)/))[1]);
}

/** A server on any port of this machine. Leaving it drops its connections. */
async function serve(
  t: Trial<WatchingLoop>,
  factory: () => Protocol,
  ssl: SSLContext,
): Promise<Server & AsyncDisposable> {
  const server = await t.loop.createServer(factory, "127.0.0.1", 0, { ssl });
  return Object.assign(server, {
    async [Symbol.asyncDispose]() {
      server.close();
      server.abortClients();
      await server.waitClosed();
    },
  });
}

function portOf(server: Server): number {
  return (server.sockets[0]!.addr as Deno.NetAddr).port;
}

/** Connects to a port of this machine, under the name of "localhost". */
async function connectTls(
  t: Trial<WatchingLoop>,
  port: number,
  ssl: SSLContext,
  serverHostname = "localhost",
): Promise<{ transport: Transport; protocol: Recorder }> {
  const [transport, protocol] = await t.loop.createConnection(
    () => new Recorder(),
    "127.0.0.1",
    port,
    { ssl, serverHostname },
  );
  return { transport, protocol };
}

// ---- openssl s_client -----------------------------------------------------------------------------

for (const version of ["TLSv1.2", "TLSv1.3"]) {
  const option = `-${version.toLowerCase().replace("v", "").replace(".", "_")}`;

  test(`openssl s_client talks to a server, ${version}`, async (t) => {
    const context = serverContext();
    context.setAlpnProtocols(["h2"]);
    await using server = await serve(t, () => new Echo(), context);
    await using client = sClient(
      portOf(server),
      option,
      "-alpn",
      "h2",
      "-verify_return_error",
      "-verify_hostname",
      "localhost",
    );
    await client.printed(/Verify return code: 0 \(ok\)/);
    await client.printed(/ALPN protocol: h2/);
    // Asks for new keys, where there is such a thing.
    if (version === "TLSv1.3") {
      await client.type("K\n");
      await client.printed(/KEYUPDATE/);
    }
    await client.type("hello there\n");
    await client.printed(/hello there/);
    await client.end();
    const echo = Echo.made.at(-1)!;
    await until(() => echo.calls.at(-1) === "lost");
    assertEquals(echo.calls, ["made", "data 12", "eof", "lost"]);
    assertEquals(
      [echo.tls.version(), echo.tls.serverHostname, echo.tls.selectedAlpnProtocol()],
      [version, "localhost", "h2"],
    );
    assertEquals(t.loop.handshakeErrors, []);
  });

  test(`openssl s_client must show a certificate, ${version}`, async (t) => {
    const context = serverContext();
    context.loadVerifyLocations(file("ca.pem"));
    context.verifyMode = CERT_REQUIRED;
    await using server = await serve(t, () => new Echo(), context);
    const certificate = (
      name: string,
    ) => ["-cert", file(`${name}.pem`), "-key", file(`${name}.key`)];
    const sessions = await Deno.makeTempFile();
    const before = Echo.made.length;
    {
      await using client = sClient(
        portOf(server),
        option,
        ...certificate("client"),
        "-sess_out",
        sessions,
      );
      await client.printed(/Verify return code: 0/);
      await client.type("let me in\n");
      await client.printed(/let me in/);
      await client.end();
      assertEquals(Echo.made.at(-1)!.tls.getpeercert()?.subject, { commonName: "client" });
    }
    {
      // The certificate was verified here, so the session can be taken up.
      await using client = sClient(portOf(server), option, "-sess_in", sessions);
      await client.printed(/Reused/);
      await client.type("once again\n");
      await client.printed(/once again/);
      await client.end();
      assert(Echo.made.at(-1)!.tls.sessionReused);
    }
    {
      await using client = sClient(portOf(server), option);
      await until(() => t.loop.handshakeErrors.length === 1);
      await client.printed(/alert/);
    }
    {
      await using _client = sClient(portOf(server), option, ...certificate("stranger"));
      await until(() => t.loop.handshakeErrors.length === 2);
    }
    {
      // A session with somebody who has asked for nothing, and one in which a wrong certificate was shown.
      await using open = await serve(t, () => new Echo(), serverContext());
      const stolen = await Deno.makeTempFile();
      await using client = sClient(portOf(open), option, "-sess_out", stolen);
      await client.printed(/Verify return code: 0/);
      await client.type("hello there\n");
      await client.printed(/hello there/);
      await client.end();
      await using intruder = sClient(portOf(server), option, "-sess_in", stolen);
      await intruder.printed(/Reused/);
      await intruder.type("attack\n").catch(() => {});
      await until(() => t.loop.handshakeErrors.length === 3);
      await Deno.remove(stolen);
    }
    {
      const other = serverContext();
      other.loadVerifyLocations(file("stranger-ca.pem"));
      other.verifyMode = CERT_REQUIRED;
      await using trusting = await serve(t, () => new Echo(), other);
      const stolen = await Deno.makeTempFile();
      await using client = sClient(
        portOf(trusting),
        option,
        ...certificate("stranger"),
        "-sess_out",
        stolen,
      );
      await client.printed(/Verify return code: 0/);
      await client.type("hello there\n");
      await client.printed(/hello there/);
      await client.end();
      await using intruder = sClient(portOf(server), option, "-sess_in", stolen);
      await intruder.printed(/Reused/);
      await intruder.type("attack\n").catch(() => {});
      await until(() => t.loop.handshakeErrors.length === 4);
      await Deno.remove(stolen);
    }
    const [none, wrong, open, foreign] = t.loop.handshakeErrors;
    assertEquals(none!.code, "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
    assertInstanceOf(wrong, SSLCertVerificationError);
    assertEquals(open!.code, "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
    assertEquals(foreign!.code, "SESSION_NOT_VERIFIED");
    for (const echo of Echo.made.slice(before)) {
      assert(!latin1(echo.received).includes("attack"));
    }
    await Deno.remove(sessions);
  });
}

test("openssl s_client upgrades an SMTP connection", async (t) => {
  class Smtp extends Protocol {
    transport!: Transport;
    readonly context: SSLContext = serverContext();
    override connectionMade(transport: Transport): void {
      this.transport = transport;
      transport.write(ascii("220 mail.example ESMTP\r\n"));
    }
    override dataReceived(data: Uint8Array): void {
      const line = latin1(data).trim();
      if (line.startsWith("EHLO")) {
        this.transport.write(ascii("250-mail.example\r\n250 STARTTLS\r\n"));
      } else if (line === "STARTTLS") {
        this.transport.write(ascii("220 go ahead\r\n"));
        t.loop.createTask(async () => {
          this.transport = await t.loop.startTls(this.transport, this, this.context, {
            serverSide: true,
          });
        });
      } else this.transport.write(ascii(`250 secret: ${line}\r\n`));
    }
  }
  await using server = await t.loop.createServer(() => new Smtp(), "127.0.0.1", 0);
  await using client = sClient(
    portOf(server),
    "-starttls",
    "smtp",
    "-verify_return_error",
  );
  await client.printed(/Verify return code: 0/);
  await client.type("NOOP\n");
  await client.printed(/250 secret: NOOP/);
  await client.end();
  server.closeClients();
});

// ---- openssl s_server -----------------------------------------------------------------------------

for (const version of ["TLSv1.2", "TLSv1.3"]) {
  const option = `-${version.toLowerCase().replace("v", "").replace(".", "_")}`;

  test(`a client talks to openssl s_server, ${version}`, async (t) => {
    await using server = sServer("-rev", option, "-alpn", "h2");
    const context = clientContext();
    context.setAlpnProtocols(["x", "h2"]);
    const { transport, protocol } = await connectTls(t, await acceptedAt(server), context);
    const tls = transport.getExtraInfo("sslObject") as SSLObject;
    assertEquals([tls.version(), tls.selectedAlpnProtocol()], [version, "h2"]);
    assertEquals(tls.getpeercert()?.subjectAltName[0], ["DNS", "localhost"]);
    transport.write(ascii("hello\n"));
    await until(() => protocol.received.length === 6);
    assertEquals(latin1(protocol.received), "olleh\n");
    transport.close();
    await until(() => protocol.calls.at(-1) === "lost");
    assertEquals(protocol.calls, ["made", "data 6", "lost"]);
  });

  test(`openssl s_server wants a certificate, ${version}`, async (t) => {
    await using server = sServer(
      "-rev",
      option,
      "-Verify",
      "1",
      "-CAfile",
      file("ca.pem"),
      "-verify_return_error",
    );
    const port = await acceptedAt(server);
    const context = clientContext("ca", "client");
    const { transport, protocol } = await connectTls(t, port, context);
    transport.write(ascii("ab\n"));
    await until(() => protocol.received.length === 3);
    transport.close();
    await until(() => protocol.calls.at(-1) === "lost");

    // With TLS 1.3 the client is done before the server has looked at its certificate.
    for (const name of [undefined, "stranger"]) {
      let error: unknown;
      try {
        const { protocol } = await connectTls(t, port, clientContext("ca", name));
        await until(() => protocol.lostWith !== "not lost");
        error = protocol.lostWith;
      } catch (failure) {
        error = failure;
      }
      assertInstanceOf(error, SSLError, `${error}`);
      assertStringIncludes(error.reason, "ALERT");
    }
  });
}

test("a client does not trust an openssl s_server of another name", async (t) => {
  await using server = sServer("-rev");
  try {
    await connectTls(t, await acceptedAt(server), clientContext(), "example.org");
    throw new TypeError("Trusted");
  } catch (error) {
    assertInstanceOf(error, SSLCertVerificationError);
  }
});

// ---- curl and nginx -------------------------------------------------------------------------------

/** HTTP, as far as `curl` needs it: answers with what was sent, or with so many bytes of a pattern. */
class Http extends Protocol {
  #transport!: Transport;
  #request = new Uint8Array(0);

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
  }

  override dataReceived(data: Uint8Array): void {
    const all = new Uint8Array(this.#request.length + data.length);
    all.set(this.#request);
    all.set(data, this.#request.length);
    this.#request = all;
    const head = latin1(all.subarray(0, 2000));
    const start = head.indexOf("\r\n\r\n") + 4;
    if (start < 4) return;
    const length = Number(/content-length: (\d+)/i.exec(head)?.[1] ?? 0);
    if (/expect: 100-continue/i.test(head) && all.length === start) {
      this.#transport.write(ascii("HTTP/1.1 100 Continue\r\n\r\n"));
    }
    if (all.length < start + length) return;
    this.#request = all.slice(start + length);
    const wanted = /^GET \/(\d+)/.exec(head)?.[1];
    const body = wanted === undefined ? all.slice(start, start + length) : pattern(Number(wanted));
    this.#transport.write(ascii(`HTTP/1.1 200 OK\r\nContent-Length: ${body.length}\r\n\r\n`));
    this.#transport.write(body);
  }
}

test("curl fetches over TLS, and sends", async (t) => {
  await using server = await serve(t, () => new Http(), serverContext());
  const data = await Deno.makeTempFile();
  await Deno.writeFile(data, pattern(3_000_000));
  const url = `https://localhost:${portOf(server)}`;
  const curl = async (...args: string[]): Promise<Uint8Array> => {
    const { success, stdout, stderr } = await new Deno.Command("curl", {
      args: ["--silent", "--show-error", "--cacert", file("ca.pem"), ...args],
    }).output();
    assert(success, new TextDecoder().decode(stderr));
    return stdout;
  };
  assertEquals(await curl(`${url}/5000000`), pattern(5_000_000));
  assertEquals(await curl("--data-binary", `@${data}`, url), pattern(3_000_000));
  assertEquals((await curl(`${url}/10`, `${url}/20`)).length, 30);
  assertEquals(t.loop.handshakeErrors, []);
  await Deno.remove(data);
}, ["curl", "--version"]);

test("nginx is talked to over TLS, and wants a certificate", async (t) => {
  const directory = await Deno.makeTempDir();
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr as Deno.NetAddr;
  probe.close();
  await Deno.writeFile(`${directory}/file`, pattern(3_000_000));
  await Deno.writeTextFile(
    `${directory}/nginx.conf`,
    `daemon off; master_process off; pid ${directory}/pid; error_log stderr notice;
    events {}
    http {
      access_log off;
      client_body_temp_path ${directory}; proxy_temp_path ${directory};
      fastcgi_temp_path ${directory}; uwsgi_temp_path ${directory}; scgi_temp_path ${directory};
      server {
        listen 127.0.0.1:${port} ssl;
        ssl_certificate ${file("localhost.pem")}; ssl_certificate_key ${file("localhost.key")};
        ssl_client_certificate ${file("ca.pem")}; ssl_verify_client on;
        root ${directory};
      }
    }`,
  );
  await using nginx = new Program("nginx", [
    "-p",
    directory,
    "-c",
    `${directory}/nginx.conf`,
    "-e",
    "stderr",
  ]);
  await nginx.printed(/start worker|using the "epoll" event method/);
  await until(() => {
    try {
      return Deno.statSync(`${directory}/pid`).isFile;
    } catch {
      return false;
    }
  });
  const context = clientContext("ca", "client");
  const { transport, protocol } = await connectTls(t, port, context);
  transport.write(ascii("GET /file HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n"));
  await until(() => protocol.lostWith !== "not lost");
  assertEquals(protocol.lostWith, undefined);
  const answer = protocol.received;
  const start = latin1(answer.subarray(0, 1000)).indexOf("\r\n\r\n") + 4;
  assertEquals(answer.slice(start), pattern(3_000_000));

  const nobody = await connectTls(t, port, clientContext());
  nobody.transport.write(ascii("GET /file HTTP/1.0\r\n\r\n"));
  await until(() => nobody.protocol.lostWith !== "not lost");
  assertStringIncludes(latin1(nobody.protocol.received), "400 Bad Request");
  await Deno.remove(directory, { recursive: true });
}, ["nginx", "-v"]);

// ---- Deno -----------------------------------------------------------------------------------------

test("Deno.connectTls() talks to a server", async (t) => {
  await using server = await serve(t, () => new Echo(), serverContext());
  const tcp = await Deno.connect({ hostname: "127.0.0.1", port: portOf(server) });
  using conn = await Deno.startTls(tcp, {
    hostname: "localhost",
    caCerts: [await Deno.readTextFile(file("ca.pem"))],
  });
  const data = pattern(300_000);
  const writing = (async () => {
    for (let i = 0; i < data.length;) i += await conn.write(data.subarray(i));
    await conn.closeWrite();
  })();
  const got: number[] = [];
  const buffer = new Uint8Array(65_536);
  for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
    got.push(...buffer.subarray(0, n));
  }
  await writing;
  assertEquals(Uint8Array.from(got), data);
});

test("a client talks to Deno.listenTls()", async (t) => {
  using listener = Deno.listenTls({
    hostname: "127.0.0.1",
    port: 0,
    cert: await Deno.readTextFile(file("localhost.pem")),
    key: await Deno.readTextFile(file("localhost.key")),
  });
  const serving = (async () => {
    using conn = await listener.accept();
    const buffer = new Uint8Array(65_536);
    for (let n = await conn.read(buffer); n !== null; n = await conn.read(buffer)) {
      for (let i = 0; i < n;) i += await conn.write(buffer.subarray(i, n));
    }
  })();
  const { transport, protocol } = await connectTls(
    t,
    (listener.addr as Deno.NetAddr).port,
    clientContext(),
  );
  transport.write(pattern(300_000));
  await until(() => protocol.received.length === 300_000);
  assertEquals(protocol.received, pattern(300_000));
  transport.close();
  await serving;
  await until(() => protocol.calls.at(-1) === "lost");
});

test("TLS goes over Unix sockets", async (t) => {
  const directory = await Deno.makeTempDir();
  const path = `${directory}/socket`;
  await using server = await t.loop.createUnixServer(() => new Echo(), path, {
    ssl: serverContext(),
  });
  const [transport, protocol] = await t.loop.createUnixConnection(() => new Recorder(), path, {
    ssl: clientContext(),
    serverHostname: "localhost",
  });
  transport.write(pattern(300_000));
  await until(() => protocol.received.length === 300_000);
  assertEquals(protocol.received, pattern(300_000));
  transport.close();
  await until(() => protocol.calls.at(-1) === "lost");
  server.close();
  await server.waitClosed();
  await Deno.remove(directory, { recursive: true });
});
