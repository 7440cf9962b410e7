/** `SSLContext` and `createDefaultContext()`. */
import { assert, assertEquals, assertInstanceOf, assertRejects, assertThrows } from "@std/assert";
import { SimulatedEventLoop } from "../../../loop/simulated/mod.ts";
import { Protocol } from "../../../transports/protocol.ts";
import { createDefaultContext } from "../../../transports/tls/create_default_context.ts";
import { CERT_NONE, CERT_OPTIONAL, CERT_REQUIRED } from "../../../transports/tls/ssl_constants.ts";
import { SSLContext } from "../../../transports/tls/ssl_context.ts";
import { SSLError } from "../../../transports/tls/ssl_error.ts";
import { file, haveOpenssl } from "./_certificates.ts";

const test = (name: string, body: () => void) =>
  haveOpenssl ? Deno.test(name, body) : Deno.test.ignore(`${name} (needs openssl)`, () => {});

function codeOf(body: () => void): string {
  const error = assertThrows(body, SSLError);
  assertInstanceOf(error, SSLError);
  return error.code;
}

Deno.test("createDefaultContext() verifies servers, and asks clients for nothing", () => {
  const client = createDefaultContext();
  assertEquals([client.role, client.verifyMode, client.checkHostname], [
    "client",
    CERT_REQUIRED,
    true,
  ]);
  const server = createDefaultContext("server");
  assertEquals([server.role, server.verifyMode, server.checkHostname], [
    "server",
    CERT_NONE,
    false,
  ]);
  assertEquals([client.minimumVersion, client.maximumVersion], ["TLSv1.2", "TLSv1.3"]);
  assertThrows(() => new SSLContext("SERVER_AUTH" as "client"), TypeError, "client");
});

Deno.test("checking the name needs verification", () => {
  const context = createDefaultContext();
  assertThrows(() => context.verifyMode = CERT_NONE, RangeError, "checkHostname");
  context.checkHostname = false;
  context.verifyMode = CERT_NONE;
  assertEquals(context.verifyMode, CERT_NONE);
  context.checkHostname = true;
  assertEquals(context.verifyMode, CERT_REQUIRED);
  context.verifyMode = CERT_OPTIONAL;
  context.checkHostname = true;
  assertEquals(context.verifyMode, CERT_OPTIONAL);
  assertThrows(() => context.verifyMode = 3 as 2, RangeError);
});

Deno.test("a context takes only what Deno can do", () => {
  const context = createDefaultContext();
  assertThrows(() => context.minimumVersion = "TLSv1" as "TLSv1.2", RangeError, "TLSv1.2");
  assertThrows(() => context.maximumVersion = "1.3" as "TLSv1.3", RangeError);
  for (const protocol of ["", "ü", "a b", "x".repeat(256)]) {
    assertThrows(() => context.setAlpnProtocols(["h2", protocol]), RangeError, "ALPN");
  }
  assertThrows(() => context.sniCallback = 1 as unknown as undefined, TypeError);
});

test("certificates can be given as a path, a URL, a text or bytes", () => {
  const path = file("ca.pem");
  const context = new SSLContext("client");
  const text = Deno.readTextFileSync(path);
  for (
    const source of [
      path,
      new URL(`file://${path}`),
      text,
      new TextEncoder().encode(text),
      file("ca.der"),
      Deno.readFileSync(file("ca.der")),
    ]
  ) {
    context.loadVerifyLocations(source);
    createDefaultContext("client", { ca: source });
  }
  const server = new SSLContext("server");
  server.loadCertChain(file("localhost.pem"), file("localhost.key"));
  const both = ["localhost.pem", "localhost.key"].map((name) => Deno.readTextFileSync(file(name)));
  server.loadCertChain(both.join(""));
});

test("certificates that are not there are refused", () => {
  const context = new SSLContext("client");
  const error = assertThrows(
    () => createDefaultContext("client", { ca: file("nothing.pem") }),
    Deno.errors.NotFound,
    "Cannot load certificates to trust: No such file or directory",
  );
  assert(error.message.includes("nothing.pem"));
  assertEquals((error as { code?: string }).code, "ENOENT");
  assertThrows(
    () => new SSLContext("server").loadCertChain(file("localhost.pem"), file("nothing.key")),
    Deno.errors.NotFound,
    "Cannot load the key of a certificate chain: No such file or directory",
  );
  assertThrows(
    () => context.loadVerifyLocations(5 as never),
    TypeError,
    "Cannot load certificates to trust: a path, a file URL, or what is in the file is needed, got 5",
  );
  assertEquals(
    codeOf(() => context.loadVerifyLocations(file("ca.key"))),
    "ERR_SSL_NO_CERTIFICATE_OR_CRL_FOUND",
  );
  assertEquals(
    codeOf(() =>
      context.loadVerifyLocations("-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----")
    ),
    "ERR_SSL_BAD_CERTIFICATE",
  );
  assertEquals(
    codeOf(() => context.loadVerifyLocations(new Uint8Array([0x30, 0x03, 1, 2, 3]))),
    "ERR_SSL_BAD_CERTIFICATE",
  );
});

test("a key must be readable, and that of the certificate", () => {
  const context = new SSLContext("server");
  const cert = file("localhost.pem");
  assertEquals(
    codeOf(() => context.loadCertChain(cert, file("client.key"))),
    "ERR_SSL_KEY_VALUES_MISMATCH",
  );
  assertEquals(codeOf(() => context.loadCertChain(cert)), "ERR_SSL_BAD_KEY");
  assertEquals(codeOf(() => context.loadCertChain(cert, cert)), "ERR_SSL_BAD_KEY");
  const encrypted = file("encrypted.key");
  for (const options of [undefined, { password: "wrong" }]) {
    const error = assertThrows(() => context.loadCertChain(cert, encrypted, options), SSLError);
    assert(error.message.includes("password"));
  }
  context.loadCertChain(cert, encrypted, { password: "secret" });
});

test("what is trusted needs no permission unless it is in a file", () => {
  const script = `
    import { createDefaultContext } from "${new URL(
    "../../../transports/tls/create_default_context.ts",
    import.meta.url,
  )}";
    createDefaultContext("client", { ca: ${
    JSON.stringify(Deno.readTextFileSync(file("ca.pem")))
  } });
    createDefaultContext();
  `;
  const { success, stderr } = new Deno.Command(Deno.execPath(), {
    args: ["eval", script],
    stderr: "piped",
    env: { JSR_URL: Deno.env.get("JSR_URL") ?? "" },
  }).outputSync();
  assert(success, new TextDecoder().decode(stderr));
});

Deno.test("a context is for one side of a connection", async () => {
  const loop = new SimulatedEventLoop();
  await loop.runUntilComplete(async () => {
    const factory = () => new Protocol();
    const [client, server] = [new SSLContext("client"), new SSLContext("server")];
    await assertRejects(
      async () => await loop.createServer(factory, "127.0.0.1", 443, { ssl: client }),
      TypeError,
      "for a server",
    );
    await assertRejects(
      async () => await loop.createConnection(factory, "127.0.0.1", 443, { ssl: server }),
      TypeError,
      "for a client",
    );
  });
  loop.close();
});
