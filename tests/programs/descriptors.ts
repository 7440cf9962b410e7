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
  const server = await loop.createServer(() => new Greeter(), "127.0.0.1", 0);
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
  // More tries of the server, which it keeps to itself.
  await sleep(1500);
  const before = served;
  // Those that were not accepted yet have their turn when others go.
  const waiting = clients.filter(([, { greeted }]) => !greeted);
  for (const [transport, { greeted }] of clients) if (greeted) transport.close();
  while (!waiting.every(([, { greeted }]) => greeted)) await sleep(50);
  const [transport, client] = await loop.createConnection(() => new Client(), "127.0.0.1", port);
  while (!client.greeted) await sleep(10);
  for (const each of waiting) each[0].close();
  transport.close();
  server.close();
  await server.waitClosed();
  const plural = reports === 1 ? "report" : "reports";
  console.log(`${reports} ${plural}, ${before} served before, all served after`);
});
