// A server and clients in one process that may have few descriptors.
import { getRunningLoop, Protocol, run, sleep, type Transport } from "../../mod.ts";

let served = 0;

class Greeter extends Protocol {
  override connectionMade(transport: Transport): void {
    served++;
    transport.write(Uint8Array.of(1));
  }
}

class Client extends Protocol {
  greeted = false;
  override dataReceived(): void {
    this.greeted = true;
  }
}

await run(async () => {
  const loop = getRunningLoop();
  let reports = 0;
  loop.setExceptionHandler((_loop, { exception, message }) => {
    if (`${exception}`.includes("os error 24")) reports++;
    else console.log(message, exception);
  });
  const options = { startServing: false };
  const server = await loop.createServer(() => new Greeter(), "127.0.0.1", 0, options);
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  const clients: [Transport, Client][] = [];
  for (;;) {
    try {
      clients.push(await loop.createConnection(() => new Client(), "127.0.0.1", port));
    } catch (error) {
      if (!`${error}`.includes("os error 24")) console.log(error);
      break;
    }
  }
  // A few descriptors for many connections that wait to be accepted.
  for (const [transport] of clients.splice(0, 3)) transport.close();
  await server.startServing();
  // Time for more tries, which the server keeps to itself.
  await sleep(1500);
  const before = served;
  // Whoever was greeted makes room for others.
  while (clients.some(([, { greeted }]) => !greeted)) {
    for (const [transport, { greeted }] of clients) if (greeted) transport.close();
    await sleep(20);
  }
  for (const [transport] of clients) transport.close();
  server.close();
  await server.waitClosed();
  console.log(`reports: ${reports}, served before: ${before}, then all`);
});
