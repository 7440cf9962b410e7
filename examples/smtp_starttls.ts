// A mail server that changes to TLS in mid-conversation (RFC 3207), and takes one kind of message: yours.
//
//   openssl req -x509 -newkey rsa:2048 -nodes -keyout key.pem -out cert.pem -subj /CN=localhost
//   deno run --allow-net=127.0.0.1 --allow-read examples/smtp_starttls.ts 2525 cert.pem key.pem
//   openssl s_client -starttls smtp -connect 127.0.0.1:2525 -crlf -quiet

import {
  IncompleteReadError,
  run,
  SSLContext,
  startServer,
  type StreamReader,
  type StreamWriter,
} from "@asyncio/asyncio";

const encoder = new TextEncoder();
const decoder = new TextDecoder();
const END_OF_MESSAGE = encoder.encode("\r\n.\r\n");

function say(writer: StreamWriter, ...lines: string[]): void {
  writer.write(encoder.encode(lines.map((line) => line + "\r\n").join("")));
}

export function mailServer(context: SSLContext, deliver: (message: string) => void) {
  return async (reader: StreamReader, writer: StreamWriter): Promise<void> => {
    await using _ = writer;
    let secure = false;
    say(writer, "220 example ESMTP");
    for (;;) {
      const line = decoder.decode(await reader.readline());
      if (line === "") return;
      const [verb] = line.trim().toUpperCase().split(/[ :]/);
      switch (verb) {
        case "EHLO":
          say(writer, ...(secure ? [] : ["250-STARTTLS"]), "250 HELP");
          break;
        case "STARTTLS":
          if (secure) {
            say(writer, "503 there is TLS already");
            break;
          }
          say(writer, "220 go ahead");
          await writer.startTls(context);
          secure = true;
          break;
        case "MAIL":
        case "RCPT":
          say(writer, secure ? "250 ok" : "530 must issue a STARTTLS command first");
          break;
        case "DATA":
          if (!secure) {
            say(writer, "530 must issue a STARTTLS command first");
            break;
          }
          say(writer, "354 end with a dot on a line of its own");
          try {
            deliver(decoder.decode(await reader.readuntil(END_OF_MESSAGE)));
          } catch (error) {
            if (error instanceof IncompleteReadError) return;
            throw error;
          }
          say(writer, "250 delivered");
          break;
        case "QUIT":
          say(writer, "221 bye");
          return;
        default:
          say(writer, "502 not implemented");
      }
      await writer.drain();
    }
  };
}

if (import.meta.main) {
  const [port = "2525", cert = "cert.pem", key = "key.pem"] = Deno.args;
  const context = new SSLContext("server");
  context.loadCertChain(cert, key);
  await run(async () => {
    const handler = mailServer(context, (message) => console.log(`message:\n${message}`));
    await using server = await startServer(handler, "127.0.0.1", Number(port));
    console.log(`listening on ${(server.sockets[0]!.addr as Deno.NetAddr).port}`);
    await server.serveForever();
  });
}
