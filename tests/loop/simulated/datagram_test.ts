/** Datagrams of the simulated network: what is lost, doubled and overtaken. */
import { assert, assertEquals, assertInstanceOf, assertRejects } from "@std/assert";
import { sleep } from "../../../futures/mod.ts";
import type { SimulatedEventLoop, SimulatedHost } from "../../../loop/simulated/mod.ts";
import type { DatagramTransport } from "../../../transports/mod.ts";
import { bytes, DatagramRecorder, testNetwork } from "./_recorders.ts";

async function bind(
  loop: SimulatedEventLoop,
  host: SimulatedHost,
  address: string,
  port: number,
): Promise<[DatagramTransport, DatagramRecorder]> {
  return await host.run(() =>
    loop.createDatagramEndpoint(() => new DatagramRecorder(), { localAddr: [address, port] })
  );
}

/** Sends numbers from one host to another, a millisecond apart. @returns what has come */
async function sendNumbers(loop: SimulatedEventLoop, count: number): Promise<number[]> {
  const [from, to] = [loop.network.host("from"), loop.network.host("to")];
  const [, recorder] = await bind(loop, to, "0.0.0.0", 9);
  const [transport] = await bind(loop, from, "0.0.0.0", 1000);
  for (let i = 0; i < count; i++) {
    transport.sendto(bytes(`${i}`), [to.addresses[0]!, 9]);
    await sleep(1);
  }
  await sleep(1000);
  transport.close();
  return recorder.received.map((line) => parseInt(line));
}

const numbers = (count: number) => Array.from({ length: count }, (_, i) => i);

testNetwork("Datagrams carry the sender's address, and may be empty", async (loop) => {
  const [a, b] = [loop.network.host("a"), loop.network.host("b")];
  const [transport, recorder] = await bind(loop, a, "0.0.0.0", 53);
  const [client, answers] = await b.run(() =>
    loop.createDatagramEndpoint(() => new DatagramRecorder(), { remoteAddr: ["a", 53] })
  );
  client.sendto(bytes(""));
  client.sendto(bytes("question"));
  await sleep(10);
  assertEquals(recorder.received, [" from 10.0.0.3:49152", "question from 10.0.0.3:49152"]);
  transport.sendto(bytes("answer"), ["10.0.0.3", 49152]);
  await sleep(10);
  assertEquals(answers.received, ["answer from 10.0.0.2:53"]);
  transport.close();
  client.close();
});

testNetwork("Datagrams come in order, unless the link reorders", async (loop) => {
  assertEquals(await sendNumbers(loop, 100), numbers(100));
}, { network: { jitterMs: 100 } });

testNetwork("A link that reorders loses nothing", async (loop) => {
  const received = await sendNumbers(loop, 100);
  assert(received.join() !== numbers(100).join());
  assertEquals(received.sort((a, b) => a - b), numbers(100));
}, { network: { latencyMs: 10, reordering: 0.2 } });

testNetwork("A link may lose and double datagrams", async (loop) => {
  const received = await sendNumbers(loop, 200);
  const different = new Set(received).size;
  assert(different > 140 && different < 190, `${different} have come`);
  assert(received.length > different, "some came twice");
}, { network: { loss: 0.2, duplication: 0.2 } });

testNetwork("A partition swallows datagrams, and so does a host that is down", async (loop) => {
  const { network } = loop;
  const [from, to] = [network.host("from"), network.host("to")];
  const [, recorder] = await bind(loop, to, "0.0.0.0", 9);
  const [transport] = await bind(loop, from, "0.0.0.0", 0);
  const send = async (what: string) => {
    transport.sendto(bytes(what), [to.addresses[0]!, 9]);
    await sleep(10);
  };
  network.partition(from, to);
  await send("lost");
  network.heal(from, to);
  await send("heard");
  to.crash();
  await send("lost");
  to.restart();
  await send("nobody listens");
  assertEquals(recorder.received.length, 1);
  transport.close();
});

testNetwork("Broadcasts reach every host, from sockets that may send them", async (loop) => {
  const hosts = ["a", "b", "c"].map((name) => loop.network.host(name));
  const recorders: DatagramRecorder[] = [];
  for (const host of hosts) recorders.push((await bind(loop, host, "0.0.0.0", 67))[1]);
  const send = async (allowBroadcast: boolean) => {
    const [transport, recorder] = await loop.createDatagramEndpoint(() => new DatagramRecorder(), {
      localAddr: ["0.0.0.0", 0],
      allowBroadcast,
    });
    transport.sendto(bytes("?"), ["255.255.255.255", 67]);
    await sleep(10);
    transport.close();
    return recorder.errors;
  };
  assertEquals(await send(true), []);
  assertEquals(recorders.map(({ received }) => received.length), [1, 1, 1]);
  assertInstanceOf((await send(false))[0], Deno.errors.PermissionDenied);
});

testNetwork("Addresses can be bound to once, and by their host only", async (loop) => {
  const host = loop.network.host("host");
  const [transport] = await bind(loop, host, "0.0.0.0", 9);
  await assertRejects(() => bind(loop, host, "10.0.0.2", 9), Deno.errors.AddrInUse, "10.0.0.2:9");
  await assertRejects(() => bind(loop, host, "10.0.0.9", 9), Deno.errors.AddrNotAvailable);
  transport.close();
  await sleep(1);
  await bind(loop, host, "10.0.0.2", 9);
});
