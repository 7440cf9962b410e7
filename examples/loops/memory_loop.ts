// A loop whose connections never leave the process: its network is a map of servers.
//
// Two hooks are all of it: every method that connects or serves works on them, TLS and streams
// included.

import * as asyncio from "@asyncio/asyncio";

function end<Ends>(from: TransformStream, to: TransformStream, ends: Ends) {
  const [reader, writer] = [from.readable.getReader(), to.writable.getWriter()];
  let rest = new Uint8Array();
  return {
    ...ends,
    async read(buffer: Uint8Array): Promise<number | null> {
      if (rest.length === 0) rest = (await reader.read()).value ?? rest;
      const part = rest.subarray(0, buffer.length);
      buffer.set(part);
      rest = rest.subarray(part.length);
      return part.length || null;
    },
    write: (data: Uint8Array) => writer.write(data.slice()).then(() => data.length),
    closeWrite: () => writer.close(),
    close: () => void [reader.cancel(), writer.close().catch(() => {})],
  };
}

export class MemoryLoop extends asyncio.DenoEventLoop {
  readonly #open = new Map<string, WritableStreamDefaultWriter<asyncio.StreamSocket>>();
  #port = 49_152;

  override async _connect(there: asyncio.StreamAddress) {
    const server = this.#open.get(JSON.stringify(there));
    if (server === undefined) throw new Deno.errors.ConnectionRefused("Nobody listens");
    const here = { ...there, port: this.#port++ };
    const [up, down] = [new TransformStream(), new TransformStream()] as const;
    await server.write(end(up, down, { localAddr: there, remoteAddr: here }));
    return end(down, up, { localAddr: here, remoteAddr: there });
  }

  // deno-lint-ignore require-await
  override async _listen(address: asyncio.StreamAddress) {
    const addr = "port" in address ? { ...address, port: address.port || this.#port++ } : address;
    const key = JSON.stringify(addr);
    if (this.#open.has(key)) throw new Deno.errors.AddrInUse("Somebody listens already");
    const { readable, writable } = new TransformStream({}, { highWaterMark: 9 });
    const [reader, queue] = [readable.getReader(), writable.getWriter()];
    this.#open.set(key, queue);
    const close = () => void [this.#open.delete(key), queue.abort(new Deno.errors.BadResource())];
    return { addr, accept: async () => (await reader.read()).value!, close };
  }
}
