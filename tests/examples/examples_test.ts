/** The examples, run as programs against programs that nobody here wrote. */
import { assert, assertEquals, assertMatch, assertStringIncludes } from "@std/assert";
import { Example, output, testWith } from "./_programs.ts";

const NET = "--allow-net=127.0.0.1";
const ROOT = new URL("../../", import.meta.url).pathname;

Deno.test("echo.ts checks every byte on two loops, and ends by itself", async () => {
  await using example = new Example("echo.ts", ["--allow-net"], []);
  const { code, text } = await example.ended();
  assertEquals(code, 0);
  assertMatch(text, /DenoEventLoop: 100 clients, 10000 messages/);
  assertMatch(text, /CountingLoop: 100 clients, 10000 messages/);
});

Deno.test("multi_process.ts shares a port among processes, each of which answers", async () => {
  const flags = [NET, "--allow-run", "--allow-read"];
  await using example = new Example("multi_process.ts", flags, []);
  const { code, text } = await example.ended();
  assertEquals(code, 0);
  const counts = Array.from(text.matchAll(/answered (\d+) times/g), ([, count]) => Number(count));
  assert(counts.length >= 2 && counts.every((count) => count > 0), text);
  assertEquals(counts.reduce((sum, count) => sum + count, 0), 200);
});

Deno.test("chat_server.ts passes lines on, and says goodbye at SIGINT", async () => {
  await using server = new Example("chat_server.ts", [NET], [0]);
  const port = await server.port();
  const ada = await Deno.connect({ hostname: "127.0.0.1", port });
  const grace = await Deno.connect({ hostname: "127.0.0.1", port });
  const send = (conn: Deno.Conn, text: string) => conn.write(new TextEncoder().encode(text));
  const heard = async (conn: Deno.Conn, pattern: string) => {
    let text = "";
    const buffer = new Uint8Array(1000);
    while (!text.includes(pattern)) {
      const count = await conn.read(buffer);
      assert(count !== null, `heard only ${JSON.stringify(text)}`);
      text += new TextDecoder().decode(buffer.subarray(0, count));
    }
  };
  await send(ada, "ada\n");
  await heard(ada, "ada joins 0 others");
  await send(grace, "grace\n");
  await heard(ada, "grace joins 1 others");
  await send(grace, "hello\n");
  await heard(ada, "grace: hello\n");
  server.kill("SIGINT");
  await heard(ada, "the server goes down");
  const { code, text } = await server.ended();
  ada.close();
  grace.close();
  assertEquals(code, 0);
  assertStringIncludes(text, "goodbye");
});

testWith(
  ["curl"],
  "http_server.ts serves files, keeps connections, and knows what it lacks",
  async () => {
    await using server = new Example("http_server.ts", [NET, "--allow-read=."], [0, "."]);
    const base = `http://127.0.0.1:${await server.port()}`;
    const readme = await Deno.readTextFile(ROOT + "README.md");
    assertEquals(await output("curl", ["-s", `${base}/README.md`]), readme);
    // Two requests over one connection.
    const twice = await output("curl", [
      "-s",
      "-w",
      "%{num_connects}",
      `${base}/LICENSE`,
      `${base}/LICENSE`,
    ]);
    assertMatch(twice, /1[\s\S]*0$/);
    assertMatch(
      await output("curl", ["-sI", `${base}/README.md`]),
      /200 OK[\s\S]*content-length: \d+/,
    );
    assertMatch(await output("curl", ["-si", `${base}/no-such-file`]), /404 Not Found/);
    assertMatch(await output("curl", ["-si", "-X", "DELETE", `${base}/README.md`]), /405/);
    assertMatch(await output("curl", ["-si", "--path-as-is", `${base}/../etc/passwd`]), /40[34]/);
  },
);

testWith(["wrk"], "http_server.ts serves many clients at once without an error", async () => {
  await using server = new Example("http_server.ts", [NET, "--allow-read=."], [0, "."]);
  const url = `http://127.0.0.1:${await server.port()}/LICENSE`;
  const text = await output("wrk", ["-t1", "-c50", "-d1s", url]);
  assertMatch(text, /[1-9]\d* requests in/);
  assert(!/Non-2xx|Socket errors/.test(text), text);
});

testWith(["redis-server"], "redis_client.ts talks to a Redis server", async () => {
  const probe = Deno.listen({ hostname: "127.0.0.1", port: 0 });
  const { port } = probe.addr;
  probe.close();
  const redis = new Deno.Command("redis-server", {
    args: ["--port", String(port), "--bind", "127.0.0.1", "--save", "", "--appendonly", "no"],
    stdout: "piped",
    stderr: "null",
    cwd: "/tmp",
  }).spawn();
  try {
    // It is ready when it says so.
    const reader = redis.stdout.pipeThrough(new TextDecoderStream()).getReader();
    for (let text = ""; !/Ready to accept connections/.test(text);) {
      const { value, done } = await reader.read();
      assert(!done, text);
      text += value;
    }
    await using client = new Example("redis_client.ts", [NET], [port]);
    const { code, text } = await client.ended();
    assertEquals(code, 0);
    assertStringIncludes(text, "PONG\nhällo\n10000 commands pipelined, the last reply is 10000");
    assertStringIncludes(text, "RedisError: ERR unknown command");
    await reader.cancel();
  } finally {
    redis.kill("SIGTERM");
    await redis.status;
  }
});

testWith(["openssl"], "smtp_starttls.ts changes to TLS in mid-conversation", async () => {
  const dir = await Deno.makeTempDir();
  try {
    const [cert, key] = [`${dir}/cert.pem`, `${dir}/key.pem`];
    await output("openssl", [
      ...["req", "-x509", "-newkey", "rsa:2048", "-nodes", "-subj", "/CN=localhost"],
      ...["-keyout", key, "-out", cert],
    ]);
    await using server = new Example("smtp_starttls.ts", [NET, `--allow-read=${dir}`], [
      0,
      cert,
      key,
    ]);
    const port = await server.port();
    const lines = [
      "EHLO me",
      "MAIL FROM:<a@b>",
      "DATA",
      "Subject: hello",
      "",
      "a secret",
      ".",
      "QUIT",
    ];
    const text = await output(
      "openssl",
      ["s_client", "-starttls", "smtp", "-connect", `127.0.0.1:${port}`, "-crlf", "-quiet"],
      lines.map((line) => line + "\n").join(""),
    );
    assertMatch(text, /250 delivered[\s\S]*221 bye/);
    await server.printed(/Subject: hello\r\n\r\na secret/);
  } finally {
    await Deno.remove(dir, { recursive: true });
  }
});

testWith(["seq", "grep", "wc"], "pipeline.ts passes the output of children on", async () => {
  await using example = new Example("pipeline.ts", ["--allow-run=seq,grep,wc"], []);
  const { code, text } = await example.ended();
  assertEquals([code, text], [0, "40951\n"]);
});
