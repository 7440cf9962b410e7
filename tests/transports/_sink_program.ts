/**
 * A program that is run by `array_memory_test.ts`: sends itself many bytes, and reads them in long arrays.
 *
 *     deno run --allow-net --v8-flags=--trace-gc _sink_program.ts MEBIBYTES
 */
import { getRunningLoop, Protocol, run, type Transport } from "../../mod.ts";

const bytes = Number(Deno.args[0]) * 1024 * 1024;
const PIECE = new Uint8Array(256 * 1024);

class Source extends Protocol {
  #left = bytes;
  #going = true;
  #transport!: Transport;

  override connectionMade(transport: Transport): void {
    this.#transport = transport;
    this.#send();
  }

  override pauseWriting(): void {
    this.#going = false;
  }

  override resumeWriting(): void {
    this.#going = true;
    this.#send();
  }

  #send(): void {
    while (this.#going && this.#left > 0) {
      this.#left -= PIECE.length;
      this.#transport.write(PIECE);
    }
    if (this.#left <= 0) this.#transport.close();
  }
}

const arrived = await run(async () => {
  const loop = getRunningLoop();
  const done = loop.createFuture<number>();
  class Sink extends Protocol {
    #arrived = 0;

    override dataReceived(data: Uint8Array): void {
      this.#arrived += data.length;
    }

    override connectionLost(): void {
      done.setResult(this.#arrived);
    }
  }
  await using server = await loop.createServer(() => new Sink(), "127.0.0.1", 0);
  const { port } = server.sockets[0]!.addr as Deno.NetAddr;
  await loop.createConnection(() => new Source(), "127.0.0.1", port);
  return await done;
});
const { rss, external } = Deno.memoryUsage();
console.log(JSON.stringify({ arrived, rss, external }));
