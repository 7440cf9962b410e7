// Copies from one pipe to another, in capitals: standard input and output, or descriptors by number.
import { Protocol, ReadPipeTransport, WritePipeTransport } from "@asyncio/asyncio/transports";
import { DenoEventLoop } from "@asyncio/asyncio";

const [from, to] = Deno.args as [string, string];
const loop = new DenoEventLoop();
await loop.runUntilComplete(async () => {
  const end = loop.createFuture<void>();
  class Sender extends Protocol {
    override connectionLost(error: unknown): void {
      if (error === undefined) end.setResult();
      else end.setException(error);
    }
  }
  const output = to === "stdout" ? Deno.stdout : Number(to);
  const sender = new WritePipeTransport(loop, output, new Sender());
  class Receiver extends Protocol {
    override dataReceived(data: Uint8Array): void {
      const text = new TextDecoder().decode(data).toUpperCase();
      sender.write(new TextEncoder().encode(text));
    }
    override connectionLost(): void {
      sender.close();
    }
  }
  new ReadPipeTransport(loop, from === "stdin" ? Deno.stdin : Number(from), new Receiver());
  await end;
});
loop.close();
