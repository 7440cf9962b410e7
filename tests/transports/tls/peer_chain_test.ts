/** The second look at certificates: signatures, whatever `node:tls` says of them. */
import { X509Certificate } from "node:crypto";
import tls from "node:tls";
import { assert, assertEquals } from "@std/assert";
import { checkChain, checkVersion3, Roots } from "../../../transports/tls/_peer_chain.ts";
import { _configOf } from "../../../transports/tls/ssl_context.ts";
import { clientContext, file, haveOpenssl } from "./_certificates.ts";

const test = (name: string, body: () => void) =>
  haveOpenssl ? Deno.test(name, body) : Deno.test.ignore(`${name} (needs openssl)`, () => {});

const pem = (name: string) => Deno.readTextFileSync(file(`${name}.pem`));
const der = (name: string) => new Uint8Array(new X509Certificate(pem(name)).raw);

/** Certificates as `getPeerCertificate(true)` tells them. */
function sent(...names: string[]): tls.DetailedPeerCertificate {
  let certificate: object | undefined;
  for (const name of names.reverse()) {
    certificate = { raw: der(name), issuerCertificate: certificate };
  }
  return certificate as tls.DetailedPeerCertificate;
}

test("signatures must lead to a certificate that is trusted", () => {
  const roots = new Roots([pem("ca")]);
  const verdict = (...names: string[]) => checkChain(sent(...names), roots)?.code;
  for (
    const good of [
      ["localhost"],
      ["localhost", "ca"],
      ["leaf", "intermediate"],
      ["leaf", "stranger", "intermediate", "ca"],
      ["ca"],
    ]
  ) {
    assertEquals(verdict(...good), undefined, good.join());
  }
  for (
    const bad of [
      ["stranger"],
      ["leaf"],
      ["leaf", "ca"],
      ["forged-v3"],
      ["forged-v3", "forger-ca"],
      ["forged-v3", "ca"],
      ["forged-leaf", "forged-intermediate", "ca"],
      ["presumptuous", "client"],
      ["self-signed"],
    ]
  ) {
    assertEquals(verdict(...bad), "UNABLE_TO_VERIFY_LEAF_SIGNATURE", bad.join());
  }
  const broken = sent("localhost");
  broken.raw.fill(0, 40, 60);
  assertEquals(checkChain(broken, roots)?.code, "UNABLE_TO_DECODE_CERTIFICATE");
});

test("certificates that go in circles lead nowhere", () => {
  const peer = sent("forged-v3", "forger-ca");
  peer.issuerCertificate.issuerCertificate = peer.issuerCertificate;
  assertEquals(
    checkChain(peer, new Roots([pem("stranger-ca")]))?.code,
    "UNABLE_TO_VERIFY_LEAF_SIGNATURE",
  );
});

test("only version 3 will do", () => {
  for (const name of ["localhost", "ca", "client"]) {
    assertEquals(checkVersion3(der(name)), undefined);
  }
  for (const certificate of [der("genuine-v1"), new Uint8Array(0), new Uint8Array([0x30, 0x82])]) {
    assertEquals(checkVersion3(certificate)?.code, "UNSUPPORTED_CERTIFICATE_VERSION");
  }
});

test("a client that trusts whom Deno trusts, and others, trusts both", () => {
  const context = clientContext();
  context.loadDefaultCerts();
  const { roots } = _configOf(context).client();
  const covers = (text: string) => roots!.cover(new X509Certificate(text));
  assert(covers(pem("ca")) && covers(pem("localhost")) && !covers(pem("stranger")));
  const { rootCertificates } = tls;
  assert(covers(rootCertificates[0]!) && covers(rootCertificates.at(-1)!));
});
