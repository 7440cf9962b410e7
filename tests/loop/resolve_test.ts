import {
  assert,
  assertEquals,
  assertInstanceOf,
  assertRejects,
  assertStringIncludes,
} from "@std/assert";
import { getaddrinfo, getnameinfo, knownAddresses } from "../../loop/_resolve.ts";
import { type AddressInfo, GAIError, type GAIErrorCode } from "../../loop/address_info.ts";

function brief(infos: readonly AddressInfo[]): string[] {
  return infos.map(({ family, type, proto, address }) =>
    `${family} ${type} ${proto} ${address.host} ${address.port}`
  );
}

async function assertGAIError(promise: Promise<unknown>, code: GAIErrorCode, text: string) {
  const error = await assertRejects(() => promise, GAIError);
  assertEquals(error.code, code);
  assertEquals(error.name, "GAIError");
  assertStringIncludes(error.message, text);
}

// ---- Without asking -------------------------------------------------------------------------------

Deno.test("getaddrinfo() gives an IP address back, once for each kind of socket", async () => {
  assertEquals(brief(await getaddrinfo("192.0.2.7", 80)), [
    "4 stream tcp 192.0.2.7 80",
    "4 datagram udp 192.0.2.7 80",
  ]);
  assertEquals(brief(await getaddrinfo("2001:db8::1", "8080", { type: "datagram" })), [
    "6 datagram udp 2001:db8::1 8080",
  ]);
  assertEquals(brief(await getaddrinfo("::1", undefined, { proto: "tcp" })), [
    "6 stream tcp ::1 0",
  ]);
});

Deno.test("getaddrinfo() keeps the network interface of an address", async () => {
  assertEquals(brief(await getaddrinfo("fe80::1%eth0", 1, { type: "stream" })), [
    "6 stream tcp fe80::1%eth0 1",
  ]);
});

Deno.test("getaddrinfo() without a host gives the loopback, and every address when passive", async () => {
  const type = "stream";
  assertEquals(brief(await getaddrinfo(undefined, 80, { type })), [
    "6 stream tcp ::1 80",
    "4 stream tcp 127.0.0.1 80",
  ]);
  assertEquals(brief(await getaddrinfo(undefined, 80, { type, passive: true })), [
    "4 stream tcp 0.0.0.0 80",
    "6 stream tcp :: 80",
  ]);
  assertEquals(brief(await getaddrinfo(undefined, 80, { type, passive: true, family: 6 })), [
    "6 stream tcp :: 80",
  ]);
});

Deno.test("getaddrinfo() knows services by name, each under the protocols that it has", async () => {
  assertEquals(brief(await getaddrinfo("127.0.0.1", "http")), ["4 stream tcp 127.0.0.1 80"]);
  assertEquals(brief(await getaddrinfo("127.0.0.1", "HTTPS", { type: "stream" })), [
    "4 stream tcp 127.0.0.1 443",
  ]);
  assertEquals(brief(await getaddrinfo("127.0.0.1", "domain")), [
    "4 stream tcp 127.0.0.1 53",
    "4 datagram udp 127.0.0.1 53",
  ]);
  assertEquals(brief(await getaddrinfo("127.0.0.1", "ntp")), ["4 datagram udp 127.0.0.1 123"]);
});

Deno.test("getaddrinfo() refuses what it cannot resolve, with asyncio's reasons", async () => {
  await assertGAIError(getaddrinfo("127.0.0.1", "no-such"), "EAI_SERVICE", '"no-such"');
  await assertGAIError(
    getaddrinfo("127.0.0.1", "http", { type: "datagram" }),
    "EAI_SERVICE",
    "for datagram",
  );
  await assertGAIError(
    getaddrinfo("127.0.0.1", "http", { numericServ: true }),
    "EAI_SERVICE",
    '"http"',
  );
  await assertGAIError(
    getaddrinfo("127.0.0.1", 1, { type: "stream", proto: "udp" }),
    "EAI_SOCKTYPE",
    "udp carries no stream",
  );
  await assertGAIError(getaddrinfo("::1", 1, { family: 4 }), "EAI_FAMILY", "no IPv4 address");
  await assertGAIError(getaddrinfo("", 1), "EAI_NONAME", "empty");
  await assertGAIError(getaddrinfo(undefined, undefined), "EAI_NONAME", "neither");
  await assertGAIError(
    getaddrinfo("localhost", 1, { numericHost: true }),
    "EAI_NONAME",
    "must be an IP address",
  );
});

Deno.test("getaddrinfo() refuses arguments of the wrong kind or out of range", async () => {
  await assertRejects(() => getaddrinfo("::1", 65_536), RangeError, "from 0 to 65535, got 65536");
  await assertRejects(() => getaddrinfo("::1", "70000"), RangeError, "got 70000");
  await assertRejects(() => getaddrinfo("::1", 1.5), RangeError);
  await assertRejects(() => getaddrinfo("::1", {} as never), TypeError, "a service name");
  await assertRejects(() => getaddrinfo(7 as never, 1), TypeError, "the host must be a string");
  await assertRejects(() => getaddrinfo("::1", 1, { family: 10 as never }), RangeError, "family");
});

Deno.test("knownAddresses() knows IP addresses, and of a name only that it has to be asked for", () => {
  assertEquals(brief(knownAddresses("127.0.0.1", 1, { type: "stream" })!), [
    "4 stream tcp 127.0.0.1 1",
  ]);
  assertEquals(knownAddresses("localhost", 1), undefined);
});

// ---- Asking the system ----------------------------------------------------------------------------

Deno.test("getaddrinfo() asks the system for names", async () => {
  const infos = await getaddrinfo("localhost", "ssh", { family: 4, type: "stream" });
  assertEquals(brief(infos), ["4 stream tcp 127.0.0.1 22"]);
});

Deno.test("getaddrinfo() takes the short forms of IPv4 addresses, of that family only", async () => {
  assertEquals(brief(await getaddrinfo("127.1", 5, { type: "stream" })), [
    "4 stream tcp 127.0.0.1 5",
  ]);
  await assertGAIError(getaddrinfo("127.1", 5, { family: 6 }), "EAI_NONAME", '"127.1"');
});

Deno.test("getaddrinfo() answers several questions at once, each on its own", async () => {
  const answers = await Promise.allSettled([
    getaddrinfo("localhost", 1, { family: 4, type: "stream" }),
    getaddrinfo("no such host", 2),
    getaddrinfo("localhost", 3, { family: 4, type: "stream" }),
  ]);
  assertEquals(answers.map(({ status }) => status), ["fulfilled", "rejected", "fulfilled"]);
  const { reason } = answers[1] as PromiseRejectedResult;
  assertInstanceOf(reason, GAIError);
  assertEquals(reason.code, "EAI_NONAME");
  assertEquals(reason.message, 'Cannot resolve "no such host": the name is not known');
  assert(reason.cause instanceof Error);
});

Deno.test({
  name: "getaddrinfo() asks nobody for an IP address, and needs the net's permission for a name",
  permissions: { net: false },
  fn: async () => {
    assertEquals((await getaddrinfo("127.0.0.1", 1)).length, 2);
    await assertRejects(
      () => getaddrinfo("localhost", 1),
      Deno.errors.NotCapable,
      'Cannot resolve "localhost": it requires net access',
    );
    await assertRejects(
      () => getnameinfo({ host: "127.0.0.1", port: 1 }),
      Deno.errors.NotCapable,
    );
  },
});

// ---- From addresses to names ----------------------------------------------------------------------

Deno.test("getnameinfo() names the host and the service", async () => {
  assertEquals(await getnameinfo({ host: "127.0.0.1", port: 80 }), {
    host: "localhost",
    service: "http",
  });
});

Deno.test("getnameinfo() falls back to the number, unless a name is required", async () => {
  const address = { host: "192.0.2.1", port: 64_321 };
  assertEquals(await getnameinfo(address), { host: "192.0.2.1", service: "64321" });
  await assertGAIError(getnameinfo(address, { nameRequired: true }), "EAI_NONAME", "192.0.2.1");
});

Deno.test("getnameinfo() leaves numeric what should be", async () => {
  const address = { host: "127.0.0.1", port: 123 };
  const numericHost = true;
  assertEquals(await getnameinfo(address, { numericHost, numericServ: true }), {
    host: "127.0.0.1",
    service: "123",
  });
  assertEquals((await getnameinfo(address, { numericHost, datagram: true })).service, "ntp");
  assertEquals((await getnameinfo(address, { numericServ: true })).service, "123");
});

Deno.test("getnameinfo() refuses what is no address", async () => {
  await assertGAIError(
    getnameinfo({ host: "localhost", port: 1 }),
    "EAI_NONAME",
    "it is no IP address",
  );
  await assertRejects(() => getnameinfo({ host: "::1", port: -1 }), RangeError);
  await assertGAIError(
    getnameinfo({ host: "::1", port: 1 }, { numericHost: true, nameRequired: true }),
    "EAI_NONAME",
    "the name is required",
  );
});
