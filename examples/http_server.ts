// An HTTP/1.1 server for static files: keep-alive, HEAD, and files sent with sendfile().
//
//   deno run --allow-net=127.0.0.1 --allow-read=. examples/http_server.ts 8080 .
//   curl -v http://127.0.0.1:8080/README.md

import {
  getRunningLoop,
  IncompleteReadError,
  LimitOverrunError,
  run,
  startServer,
  type StreamReader,
  type StreamWriter,
  timeout,
  TimeoutError,
} from "@asyncio/asyncio";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const END_OF_HEAD = encoder.encode("\r\n\r\n");
const IDLE_MS = 30_000;
const MAX_BODY = 1 << 20;

const TYPES: Record<string, string> = {
  html: "text/html; charset=utf-8",
  json: "application/json",
  md: "text/markdown; charset=utf-8",
  ts: "text/plain; charset=utf-8",
  txt: "text/plain; charset=utf-8",
};

interface Request {
  method: string;
  path: string;
  keepAlive: boolean;
}

async function readRequest(reader: StreamReader): Promise<Request> {
  const head = await reader.readuntil(END_OF_HEAD);
  const [first, ...lines] = decoder.decode(head).split("\r\n");
  const [method, target, version] = first!.split(" ");
  if (version === undefined) throw new SyntaxError("bad request line");
  const headers = new Map(lines.map((line) => {
    const colon = line.indexOf(":");
    return [line.slice(0, colon).toLowerCase(), line.slice(colon + 1).trim()];
  }));
  // What follows a body whose end is not known could be taken for a request.
  if (headers.has("transfer-encoding")) throw new SyntaxError("a body in chunks");
  const length = headers.get("content-length") ?? "0";
  if (!/^\d+$/.test(length) || Number(length) > MAX_BODY) throw new SyntaxError("bad body length");
  await reader.readexactly(Number(length));
  const connection = headers.get("connection")?.toLowerCase();
  return {
    method: method!,
    path: pathOf(target!),
    keepAlive: version === "HTTP/1.1" ? connection !== "close" : connection === "keep-alive",
  };
}

function pathOf(target: string): string {
  try {
    return decodeURIComponent(new URL(target, "http://host").pathname);
  } catch {
    throw new SyntaxError("bad request target");
  }
}

function respond(
  writer: StreamWriter,
  status: string,
  { body = "", length = encoder.encode(body).length, type = "text/plain", keepAlive = true } = {},
): void {
  writer.write(encoder.encode(
    `HTTP/1.1 ${status}\r\ncontent-type: ${type}\r\ncontent-length: ${length}\r\n` +
      `connection: ${keepAlive ? "keep-alive" : "close"}\r\n\r\n${body}`,
  ));
}

async function answer(root: string, request: Request, writer: StreamWriter): Promise<void> {
  const { method, path, keepAlive } = request;
  if (method !== "GET" && method !== "HEAD") {
    return respond(writer, "405 Method Not Allowed", { keepAlive });
  }
  if (path.split("/").includes("..")) return respond(writer, "403 Forbidden", { keepAlive });
  let file: Deno.FsFile;
  try {
    file = await Deno.open(root + (path.endsWith("/") ? path + "index.html" : path));
  } catch {
    return respond(writer, "404 Not Found", { body: "There is no such file.\n", keepAlive });
  }
  using _ = file;
  const { isFile, size } = await file.stat();
  if (!isFile) return respond(writer, "404 Not Found", { keepAlive });
  const type = TYPES[path.split(".").at(-1)!] ?? "application/octet-stream";
  respond(writer, "200 OK", { length: size, type, keepAlive });
  if (method === "GET" && size > 0) await getRunningLoop().sendfile(writer.transport, file);
}

export function serve(root: string) {
  return async (reader: StreamReader, writer: StreamWriter): Promise<void> => {
    await using _ = writer;
    for (;;) {
      try {
        const request = await timeout(IDLE_MS, async () => await readRequest(reader));
        await answer(root, request, writer);
        await writer.drain();
        if (!request.keepAlive) return;
      } catch (error) {
        // The client is idle or gone.
        if (error instanceof TimeoutError || error instanceof IncompleteReadError) return;
        if (error instanceof LimitOverrunError || error instanceof SyntaxError) {
          return respond(writer, "400 Bad Request", { keepAlive: false });
        }
        if (
          error instanceof Deno.errors.ConnectionReset || error instanceof Deno.errors.BrokenPipe
        ) {
          return;
        }
        throw error;
      }
    }
  };
}

if (import.meta.main) {
  const [port = "8080", root = "."] = Deno.args;
  await run(async () => {
    await using server = await startServer(serve(root), "127.0.0.1", Number(port), {
      backlog: 1024,
    });
    console.log(`listening on ${(server.sockets[0]!.addr as Deno.NetAddr).port}`);
    await server.serveForever();
  });
}
