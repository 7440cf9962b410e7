// A Redis client over streams: RESP, pipelining, cancellation that breaks nothing.
//
//   redis-server --port 6399 --save "" &
//   deno run --allow-net=127.0.0.1 examples/redis_client.ts 6399

import {
  createTask,
  type Future,
  gather,
  getRunningLoop,
  openConnection,
  run,
  type StreamReader,
  type StreamWriter,
  type Task,
} from "@asyncio/asyncio";

type Reply = string | number | null | RedisError | Reply[];

const CRLF = new TextEncoder().encode("\r\n");
const decoder = new TextDecoder();

class RedisError extends Error {
  override readonly name = "RedisError";
}

class Redis implements AsyncDisposable {
  readonly #reader: StreamReader;
  readonly #writer: StreamWriter;
  // One task reads; replies come in the order of the commands.
  readonly #waiting: Future<Reply>[] = [];
  readonly #receiver: Task<void>;
  #lost: Error | undefined;

  private constructor(reader: StreamReader, writer: StreamWriter) {
    this.#reader = reader;
    this.#writer = writer;
    this.#receiver = createTask(() => this.#receive(), { name: "redis receiver" });
  }

  static async connect(host: string, port: number): Promise<Redis> {
    const [reader, writer] = await openConnection(host, port);
    return new Redis(reader, writer);
  }

  /** Sends a command at once; wait for the reply now or later. */
  command(...words: (string | number)[]): Future<Reply> {
    if (this.#lost !== undefined) throw this.#lost;
    const parts = words.map((word) => {
      const text = String(word);
      return `$${new TextEncoder().encode(text).length}\r\n${text}\r\n`;
    });
    this.#writer.write(new TextEncoder().encode(`*${parts.length}\r\n${parts.join("")}`));
    const reply = getRunningLoop().createFuture<Reply>();
    this.#waiting.push(reply);
    return reply;
  }

  async #receive(): Promise<void> {
    while (true) {
      let reply: Reply;
      try {
        reply = await this.#parse();
      } catch (error) {
        this.#lost = new Error("the connection is lost", { cause: error });
        for (const each of this.#waiting) if (!each.done()) each.setException(this.#lost);
        return;
      }
      const future = this.#waiting.shift();
      // One who no longer waits was cancelled: the reply was his all the same.
      if (future === undefined || future.done()) continue;
      if (reply instanceof RedisError) future.setException(reply);
      else future.setResult(reply);
    }
  }

  async #parse(): Promise<Reply> {
    const line = decoder.decode((await this.#reader.readuntil(CRLF)).subarray(0, -2));
    const rest = line.slice(1);
    switch (line[0]) {
      case "+":
        return rest;
      case "-":
        return new RedisError(rest);
      case ":":
        return Number(rest);
      case "$": {
        if (rest === "-1") return null;
        const bytes = await this.#reader.readexactly(Number(rest) + 2);
        return decoder.decode(bytes.subarray(0, -2));
      }
      case "*": {
        if (rest === "-1") return null;
        const items: Reply[] = [];
        for (let i = 0; i < Number(rest); i++) items.push(await this.#parse());
        return items;
      }
      default:
        throw new RedisError(`unknown reply: ${line}`);
    }
  }

  async [Symbol.asyncDispose](): Promise<void> {
    this.#receiver.cancel();
    this.#writer.close();
    await this.#writer.waitClosed();
  }
}

async function main(port: number): Promise<void> {
  await using redis = await Redis.connect("127.0.0.1", port);
  console.log(await redis.command("PING"));
  await redis.command("SET", "greeting", "hällo");
  console.log(await redis.command("GET", "greeting"));

  // Ten thousand commands, written before the first reply is read.
  await redis.command("DEL", "counter");
  const start = performance.now();
  const replies = await gather(
    ...Array.from({ length: 10_000 }, () => redis.command("INCR", "counter")),
  );
  const took = performance.now() - start;
  console.log(`${replies.length} commands pipelined, the last reply is ${replies.at(-1)}`);
  console.error(`${Math.round(replies.length / took * 1000)} commands/s`);

  await redis.command("RPUSH", "list", 1, 2, 3);
  console.log(await redis.command("LRANGE", "list", 0, -1));
  await redis.command("DEL", "list", "greeting", "counter");
  try {
    await redis.command("NOSUCHCOMMAND");
  } catch (error) {
    console.log(String(error).replace(/,.*/, ""));
  }
}

if (import.meta.main) await run(() => main(Number(Deno.args[0] ?? 6379)));
