/** TLS: who is trusted. Every handshake that fails does so with its own error, and delivers nothing. */
import { assert, assertEquals, assertInstanceOf, assertStringIncludes } from "@std/assert";
import { sleep } from "../../../futures/mod.ts";
import {
  CERT_NONE,
  CERT_OPTIONAL,
  CERT_REQUIRED,
  type TLSVersion,
} from "../../../transports/tls/ssl_constants.ts";
import type { SSLContext } from "../../../transports/tls/ssl_context.ts";
import { SSLCertVerificationError, SSLError } from "../../../transports/tls/ssl_error.ts";
import type { SSLObject } from "../../../transports/tls/ssl_object.ts";
import { testAsync, type Trial } from "../../_helpers.ts";
import { ascii, Recorder } from "../_recorder.ts";
import { clientContext, file, haveOpenssl, serverContext } from "./_certificates.ts";
import { drop, outcome, type PairOptions, tlsPair } from "./_tls_pair.ts";

const ignore = !haveOpenssl;
const test: typeof testAsync = (name, main) =>
  ignore ? Deno.test.ignore(`${name} (needs openssl)`, () => {}) : testAsync(name, main);

const VERSIONS = ["TLSv1.2", "TLSv1.3"] as const;

function speaking(context: SSLContext, version: TLSVersion): SSLContext {
  context.minimumVersion = context.maximumVersion = version;
  return context;
}

/** A protocol that has something to say as soon as it is allowed to. */
function eager(): Recorder {
  const protocol = new Recorder();
  protocol.on.connectionMade = () => protocol.transport.write(ascii("secret"));
  return protocol;
}

/**
 * Two handshakes that are to fail at the client, or at the server; the end at which it fails is told
 * nothing, the other one gets no data.
 */
async function failing(
  t: Trial,
  at: "client" | "server",
  options: PairOptions<Recorder, Recorder>,
): Promise<{ code: string; error: SSLError }> {
  const pair = tlsPair(t, { clientProtocol: eager(), serverProtocol: eager(), ...options });
  const error = await outcome(pair[at]);
  assertInstanceOf(error, SSLError);
  assertEquals(pair[at].protocol.calls, []);
  assert(pair[at].socket.closed);
  await sleep(1);
  const other = pair[at === "client" ? "server" : "client"];
  assertEquals(other.protocol.received.length, 0);
  await outcome(other);
  await sleep(1);
  assert(other.socket.closed);
  drop(pair.client, pair.server);
  return { code: error.code, error };
}

async function succeeding(
  t: Trial,
  options: PairOptions<Recorder, Recorder>,
): Promise<{ client: SSLObject; server: SSLObject }> {
  const { client, server } = tlsPair(t, {
    clientProtocol: eager(),
    serverProtocol: eager(),
    ...options,
  });
  await client.waiter;
  await server.waiter;
  await sleep(1);
  assertEquals([client.protocol.calls, server.protocol.calls], [["made", "data 6"], [
    "made",
    "data 6",
  ]]);
  const objects = {
    client: client.transport.getExtraInfo("sslObject") as SSLObject,
    server: server.transport.getExtraInfo("sslObject") as SSLObject,
  };
  drop(client, server);
  await sleep(1);
  return objects;
}

// ---- The server's certificate, to the client ------------------------------------------------------

for (const version of VERSIONS) {
  test(`${version}: a server is trusted that shows a certificate of the right name`, async (t) => {
    for (const serverHostname of ["localhost", "LOCALHOST", "localhost.", "127.0.0.1", "::1"]) {
      const { client, server } = await succeeding(t, {
        clientContext: speaking(clientContext(), version),
        client: { serverHostname },
      });
      assertEquals([client.version(), server.version()], [version, version]);
      assertEquals(client.serverHostname, serverHostname);
      // An address is no name that a server could be asked for.
      const isName = serverHostname.toLowerCase().startsWith("localhost");
      assertEquals(server.serverHostname, isName ? "localhost" : undefined);
    }
  });

  test(`${version}: a server of another name is not trusted`, async (t) => {
    for (const serverHostname of ["example.org", "127.0.0.2", "::2", "localhost.example.org"]) {
      const { code, error } = await failing(t, "client", {
        clientContext: speaking(clientContext(), version),
        client: { serverHostname },
      });
      assertEquals(code, "ERR_TLS_CERT_ALTNAME_INVALID");
      assertInstanceOf(error, SSLCertVerificationError);
      assertStringIncludes(error.message, serverHostname);
      assertEquals(error.reason, "CERTIFICATE_VERIFY_FAILED");
    }
  });

  test(`${version}: a server that nobody vouches for is not trusted`, async (t) => {
    const { code, error } = await failing(t, "client", {
      clientContext: speaking(clientContext(), version),
      serverContext: serverContext("stranger"),
    });
    assertEquals(code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    assertInstanceOf(error, SSLCertVerificationError);
    assertEquals(error.verifyMessage, "unable to verify the first certificate");
  });

  test(`${version}: a certificate that is no longer valid is not trusted`, async (t) => {
    const { code, error } = await failing(t, "client", {
      clientContext: speaking(clientContext(), version),
      serverContext: serverContext("expired"),
    });
    assertEquals(code, "CERT_HAS_EXPIRED");
    assertEquals(
      error.message,
      "Cannot verify the certificate of the peer: certificate has expired",
    );
  });

  test(`${version}: a forged certificate with the issuer's name is not trusted`, async (t) => {
    const v3 = await failing(t, "client", {
      clientContext: speaking(clientContext(), version),
      serverContext: serverContext("forged-v3"),
    });
    assertEquals(v3.code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
    // Of version 1, it passes as valid under `node:tls` in Deno 2.9.
    for (const serverHostname of ["forged-v1", "localhost"]) {
      const v1 = await failing(t, "client", {
        clientContext: speaking(clientContext(), version),
        serverContext: serverContext("forged-v1"),
        client: { serverHostname },
      });
      assertEquals(v1.code, "UNSUPPORTED_CERTIFICATE_VERSION");
    }
  });

  test(`${version}: forged certificates that lead to the name of a root are not trusted`, async (t) => {
    // The one in the middle is of version 1, for which `node:tls` in Deno 2.9 takes names for signatures.
    const forged = serverContext();
    forged.loadCertChain(file("forged-leaf-chain.pem"), file("forged-leaf.key"));
    const presumptuous = serverContext();
    presumptuous.loadCertChain(file("presumptuous-chain.pem"), file("presumptuous.key"));
    for (const context of [forged, presumptuous]) {
      const { error } = await failing(t, "client", {
        clientContext: speaking(clientContext(), version),
        serverContext: context,
      });
      assertInstanceOf(error, SSLCertVerificationError);
    }
  });

  test(`${version}: a genuine certificate of version 1 is not trusted`, async (t) => {
    // The signature of the handshake is not checked for it, so anybody could show it.
    const { code } = await failing(t, "client", {
      clientContext: speaking(clientContext(), version),
      serverContext: serverContext("genuine-v1"),
      client: { serverHostname: "genuine-v1" },
    });
    assertEquals(code, "UNSUPPORTED_CERTIFICATE_VERSION");
  });
}

test("a name that is not in ASCII is asked for and checked in ASCII", async (t) => {
  for (const serverHostname of ["b\u00fccher.example", "xn--bcher-kva.example"]) {
    const { server } = await succeeding(t, {
      serverContext: serverContext("idn"),
      client: { serverHostname },
    });
    assertEquals(server.serverHostname, "xn--bcher-kva.example");
  }
});

test("a server is trusted whose certificates lead to a root", async (t) => {
  const context = serverContext();
  context.loadCertChain(file("leaf-chain.pem"), file("leaf.key"));
  await succeeding(t, { serverContext: context });
  context.loadCertChain(file("leaf.pem"), file("leaf.key"));
  assertEquals(
    (await failing(t, "client", { serverContext: context })).code,
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  );
});

test("a server is trusted whose self-signed certificate is", async (t) => {
  await succeeding(t, {
    clientContext: clientContext("self-signed"),
    serverContext: serverContext("self-signed"),
  });
  const { code } = await failing(t, "client", { serverContext: serverContext("self-signed") });
  assertEquals(code, "DEPTH_ZERO_SELF_SIGNED_CERT");
});

test("a client that has loaded no certificates trusts nobody", async (t) => {
  const context = clientContext();
  const { SSLContext } = await import("../../../transports/tls/ssl_context.ts");
  const nobody = new SSLContext("client");
  assertInstanceOf(
    (await failing(t, "client", { clientContext: nobody })).error,
    SSLCertVerificationError,
  );
  nobody.loadDefaultCerts();
  assertInstanceOf(
    (await failing(t, "client", { clientContext: nobody })).error,
    SSLCertVerificationError,
  );
  context.loadDefaultCerts();
  await succeeding(t, { clientContext: context });
});

test("without checkHostname, the name does not matter, but the certificate does", async (t) => {
  const context = clientContext();
  context.checkHostname = false;
  await succeeding(t, { clientContext: context, client: { serverHostname: "example.org" } });
  await succeeding(t, { clientContext: context, client: { serverHostname: "" } });
  const { code } = await failing(t, "client", {
    clientContext: context,
    serverContext: serverContext("stranger"),
  });
  assertEquals(code, "UNABLE_TO_VERIFY_LEAF_SIGNATURE");
});

test("with CERT_NONE, a client talks to anybody and tells nothing of them", async (t) => {
  const context = clientContext();
  context.checkHostname = false;
  context.verifyMode = CERT_NONE;
  for (const name of ["stranger", "expired", "forged-v1"]) {
    const { client } = await succeeding(t, {
      clientContext: context,
      serverContext: serverContext(name),
    });
    assertEquals(client.getpeercert(), undefined);
    assert(client.getpeercertDer() instanceof Uint8Array);
  }
});

// ---- The client's certificate, to the server ------------------------------------------------------

function demanding(mode: typeof CERT_OPTIONAL | typeof CERT_REQUIRED): SSLContext {
  const context = serverContext();
  context.loadVerifyLocations(file("ca.pem"));
  context.verifyMode = mode;
  return context;
}

for (const version of VERSIONS) {
  test(`${version}: with CERT_REQUIRED, a client gets in with a certificate to be trusted`, async (t) => {
    const serverContext = demanding(CERT_REQUIRED);
    const { server } = await succeeding(t, {
      clientContext: speaking(clientContext("ca", "client"), version),
      serverContext,
    });
    assertEquals(server.getpeercert()?.subject, { commonName: "client" });

    const none = await failing(t, "server", {
      clientContext: speaking(clientContext(), version),
      serverContext,
    });
    assertEquals(none.code, "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
    assertEquals(none.error.reason, "PEER_DID_NOT_RETURN_A_CERTIFICATE");

    for (const name of ["stranger", "forged-v3", "forged-v1", "genuine-v1", "expired"]) {
      const { error } = await failing(t, "server", {
        clientContext: speaking(clientContext("ca", name), version),
        serverContext,
      });
      assertInstanceOf(error, SSLCertVerificationError, name);
    }
  });

  test(`${version}: with CERT_OPTIONAL, a client gets in without a certificate, not with a wrong one`, async (t) => {
    const serverContext = demanding(CERT_OPTIONAL);
    for (const name of ["client", undefined]) {
      const { server } = await succeeding(t, {
        clientContext: speaking(clientContext("ca", name), version),
        serverContext,
      });
      assertEquals(server.getpeercert()?.subject.commonName, name);
    }
    for (const name of ["stranger", "forged-v1"]) {
      const { error } = await failing(t, "server", {
        clientContext: speaking(clientContext("ca", name), version),
        serverContext,
      });
      assertInstanceOf(error, SSLCertVerificationError, name);
    }
  });
}

test("a certificate of version 1 that is itself trusted opens nothing", async (t) => {
  const context = serverContext();
  context.loadVerifyLocations(file("genuine-v1.pem"));
  context.verifyMode = CERT_REQUIRED;
  const { code } = await failing(t, "server", {
    clientContext: clientContext("ca", "genuine-v1"),
    serverContext: context,
  });
  assertEquals(code, "UNSUPPORTED_CERTIFICATE_VERSION");
});

test("a server that trusts nobody lets nobody in", async (t) => {
  const context = serverContext();
  context.verifyMode = CERT_REQUIRED;
  context.loadDefaultCerts();
  const { error } = await failing(t, "server", {
    clientContext: clientContext("ca", "client"),
    serverContext: context,
  });
  assertInstanceOf(error, SSLCertVerificationError);
});

test("a server that asks for no certificate is shown none", async (t) => {
  const { server } = await succeeding(t, { clientContext: clientContext("ca", "client") });
  assertEquals([server.getpeercert(), server.getpeercertDer()], [undefined, undefined]);
});

// ---- The certificate that a server shows ----------------------------------------------------------

test("sniCallback chooses the certificate by the name that is asked for", async (t) => {
  const context = serverContext();
  const asked: (string | undefined)[] = [];
  context.sniCallback = (name, self) => {
    asked.push(name);
    assertEquals(self, context);
    return name === "other.example" ? serverContext("other.example") : undefined;
  };
  const other = await succeeding(t, {
    serverContext: context,
    client: { serverHostname: "other.example" },
  });
  assertEquals(other.client.getpeercert()?.subjectAltName, [["DNS", "other.example"]]);
  assertEquals(other.server.serverHostname, "other.example");
  await succeeding(t, { serverContext: context });
  await succeeding(t, { serverContext: context, client: { serverHostname: "127.0.0.1" } });
  assertEquals(asked, ["other.example", "localhost", undefined]);
});

test("what is asked of clients does not depend on the chosen certificate", async (t) => {
  const context = demanding(CERT_REQUIRED);
  context.sniCallback = () => serverContext("other.example");
  const options = { serverContext: context, client: { serverHostname: "other.example" } };
  await succeeding(t, { ...options, clientContext: clientContext("ca", "client") });
  assertEquals(
    (await failing(t, "server", options)).code,
    "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE",
  );
});

test("what is changed in a context holds for the next connection", async (t) => {
  const [client, server, other] = [
    clientContext(),
    serverContext(),
    serverContext("other.example"),
  ];
  server.sniCallback = (name) => name === "other.example" ? other : undefined;
  const contexts = { clientContext: client, serverContext: server };
  const names = ["localhost", "other.example"];
  for (const serverHostname of names) {
    await succeeding(t, { ...contexts, client: { serverHostname } });
  }

  server.loadVerifyLocations(file("ca.pem"));
  server.verifyMode = CERT_REQUIRED;
  for (const serverHostname of names) {
    const { code } = await failing(t, "server", { ...contexts, client: { serverHostname } });
    assertEquals(code, "ERR_SSL_PEER_DID_NOT_RETURN_A_CERTIFICATE");
  }
  client.loadCertChain(file("client.pem"), file("client.key"));
  for (const serverHostname of names) {
    await succeeding(t, { ...contexts, client: { serverHostname } });
  }

  other.loadCertChain(file("localhost.pem"), file("localhost.key"));
  await failing(t, "client", { ...contexts, client: { serverHostname: "other.example" } });
});

test("a failing sniCallback ends the handshake with its error", async (t) => {
  const context = serverContext();
  for (
    const callback of [() => {
      throw new RangeError("no");
    }, () => ({} as SSLContext)]
  ) {
    context.sniCallback = callback;
    const { client, server } = tlsPair(t, { serverContext: context });
    const error = await outcome(server);
    assertInstanceOf(error, SSLError);
    assertEquals(error.code, "ERR_SSL_CALLBACK_FAILED");
    assertInstanceOf(error.cause, Error);
    assertInstanceOf(await outcome(client), Deno.errors.ConnectionReset);
  }
});

// ---- What is spoken -------------------------------------------------------------------------------

test("the preferred application protocol of the server that the client offers is spoken", async (t) => {
  const [client, server] = [clientContext(), serverContext()];
  client.setAlpnProtocols(["http/1.1", "h2", "x"]);
  server.setAlpnProtocols(["h2", "http/1.1"]);
  const both = await succeeding(t, { clientContext: client, serverContext: server });
  assertEquals(
    [both.client.selectedAlpnProtocol(), both.server.selectedAlpnProtocol()],
    ["h2", "h2"],
  );
  const one = await succeeding(t, { clientContext: client });
  assertEquals(one.client.selectedAlpnProtocol(), undefined);
  client.setAlpnProtocols(["x"]);
  const { code } = await failing(t, "server", { clientContext: client, serverContext: server });
  assertEquals(code, "ERR_SSL_NO_APPLICATION_PROTOCOL");
});

test("ends that have no version in common part", async (t) => {
  const options = {
    clientContext: speaking(clientContext(), "TLSv1.3"),
    serverContext: speaking(serverContext(), "TLSv1.2"),
  };
  assertInstanceOf((await failing(t, "server", options)).error, SSLError);
  const odd = clientContext();
  odd.minimumVersion = "TLSv1.3";
  odd.maximumVersion = "TLSv1.2";
  assertEquals(
    (await failing(t, "client", { clientContext: odd })).code,
    "ERR_SSL_UNSUPPORTED_PROTOCOL",
  );
});

test("a server without a certificate can serve nobody", async (t) => {
  const { SSLContext } = await import("../../../transports/tls/ssl_context.ts");
  await failing(t, "server", { serverContext: new SSLContext("server") });
});
