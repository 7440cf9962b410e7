/**
 * Certificates for tests, made with `openssl` when they are first needed and deleted with the process.
 *
 * Imported by tests only. Where there is no `openssl`, `haveOpenssl` is false and what needs
 * certificates is to be ignored, which the test runner shows.
 */
import { SSLContext } from "../../../transports/tls/ssl_context.ts";

/** Whether the program `openssl` is there. */
export const haveOpenssl: boolean = isThere("openssl", ["version"]);

/** Whether a program is there. */
export function isThere(program: string, args: string[]): boolean {
  try {
    return new Deno.Command(program, { args, stdout: "null", stderr: "null" }).outputSync().success;
  } catch {
    return false;
  }
}

let directory: string | undefined;

function openssl(args: string): void {
  const { success, stderr } = new Deno.Command("openssl", {
    args: args.split(" "),
    cwd: directory,
    stdin: "null",
    stdout: "null",
    stderr: "piped",
  }).outputSync();
  if (!success) throw new Error(`openssl ${args}: ${new TextDecoder().decode(stderr)}`);
}

function selfSigned(name: string, subject: string, extension: string): void {
  openssl(
    `req -x509 -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${name}.key ` +
      `-out ${name}.pem -days 3650 -subj /CN=${subject} -addext ${extension}`,
  );
}

function authority(name: string, subject: string): void {
  selfSigned(name, subject, "basicConstraints=critical,CA:TRUE");
}

/** Signs the key of another certificate, or a new one. Without extensions, it is of version 1. */
function certificate(name: string, issuer: string, extensions: string[], days = 3650): void {
  openssl(
    `req -newkey ec -pkeyopt ec_paramgen_curve:prime256v1 -nodes -keyout ${name}.key ` +
      `-out ${name}.csr -subj /CN=${name}`,
  );
  Deno.writeTextFileSync(`${directory}/${name}.ext`, extensions.join("\n"));
  openssl(
    `x509 -req -in ${name}.csr -CA ${issuer}.pem -CAkey ${issuer}.key -CAcreateserial ` +
      `-days ${days} -out ${name}.pem` +
      (extensions.length > 0 ? ` -extfile ${name}.ext` : ""),
  );
}

/** Puts a certificate and its issuer's into one file. */
function chain(name: string, issuer: string): void {
  const texts = [name, issuer].map((each) => Deno.readTextFileSync(`${directory}/${each}.pem`));
  Deno.writeTextFileSync(`${directory}/${name}-chain.pem`, texts.join(""));
}

const LEAF = ["basicConstraints=CA:FALSE", "extendedKeyUsage=serverAuth,clientAuth"];
const LOCALHOST = [...LEAF, "subjectAltName=DNS:localhost,IP:127.0.0.1,IP:::1"];

function make(): string {
  directory = Deno.makeTempDirSync({ prefix: "asyncio-tls-" });
  globalThis.addEventListener("unload", () => Deno.removeSync(directory!, { recursive: true }));
  authority("ca", "Test-CA");
  authority("stranger-ca", "Stranger");
  // The name of the one, the key of somebody else.
  authority("forger-ca", "Test-CA");
  selfSigned("self-signed", "localhost", "subjectAltName=DNS:localhost");
  certificate("localhost", "ca", LOCALHOST);
  certificate("other.example", "ca", [...LEAF, "subjectAltName=DNS:other.example"]);
  certificate("idn", "ca", [...LEAF, "subjectAltName=DNS:xn--bcher-kva.example"]);
  certificate("expired", "ca", LOCALHOST, -1);
  certificate("client", "ca", LEAF);
  certificate("stranger", "stranger-ca", LOCALHOST);
  certificate("forged-v3", "forger-ca", LOCALHOST);
  certificate("forged-v1", "forger-ca", []);
  certificate("genuine-v1", "ca", []);
  certificate("forged-intermediate", "forger-ca", []);
  certificate("forged-leaf", "forged-intermediate", LOCALHOST);
  // Signed by somebody who may not sign.
  certificate("presumptuous", "client", LOCALHOST);
  certificate("intermediate", "ca", ["basicConstraints=critical,CA:TRUE"]);
  certificate("leaf", "intermediate", LOCALHOST);
  openssl("pkey -in localhost.key -aes256 -passout pass:secret -out encrypted.key");
  openssl("x509 -in ca.pem -outform DER -out ca.der");
  chain("leaf", "intermediate");
  chain("forged-leaf", "forged-intermediate");
  chain("presumptuous", "client");
  return directory;
}

/** Where a certificate or key is, e.g. `"localhost.pem"`. */
export function file(name: string): string {
  return `${directory ?? make()}/${name}`;
}

/** A context of a server that shows a certificate. */
export function serverContext(name = "localhost"): SSLContext {
  const context = new SSLContext("server");
  context.loadCertChain(file(`${name}.pem`), file(`${name}.key`));
  return context;
}

/** A context of a client that trusts an authority, and shows a certificate if one is named. */
export function clientContext(authority = "ca", name?: string): SSLContext {
  const context = new SSLContext("client");
  context.loadVerifyLocations(file(`${authority}.pem`));
  if (name !== undefined) context.loadCertChain(file(`${name}.pem`), file(`${name}.key`));
  return context;
}
