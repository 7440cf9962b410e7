/**
 * A server with `node:net` or `node:tls`, as Deno has them.
 *
 *     deno run -A node.ts MODE PATH|tcp
 */

import { Buffer } from "node:buffer";
import { readFileSync } from "node:fs";
import net from "node:net";
import tls from "node:tls";
import {
  BACKLOG,
  beginHostWork,
  certificate,
  CHUNK,
  job,
  type Mode,
  NEWLINE,
  obey,
  PIECE,
} from "../_control.ts";

const services: Record<Mode, (socket: net.Socket) => void> = {
  echo,
  tls: echo,
  lines(socket) {
    let rest: Buffer = Buffer.alloc(0);
    socket.on("data", (data) => {
      if (rest.length > 0) data = Buffer.concat([rest, data]);
      let start = 0;
      for (let end; (end = data.indexOf(NEWLINE, start)) !== -1; start = end + 1) {
        socket.write(data.subarray(start, end + 1));
      }
      rest = data.subarray(start);
    });
  },
  pieces(socket) {
    socket.on("data", (data) => {
      for (let at = 0; at < data.length; at += PIECE) socket.write(data.subarray(at, at + PIECE));
    });
  },
  sink(socket) {
    socket.resume();
  },
  source(socket) {
    const pump = () => {
      while (socket.writable && socket.write(CHUNK));
    };
    socket.on("drain", pump);
    pump();
  },
};

function echo(socket: net.Socket): void {
  socket.on("data", (data) => void socket.write(data));
}

const { mode, path } = job();

function serve(socket: net.Socket): void {
  // A client that has seen enough goes away in the middle of a message.
  socket.on("error", () => socket.destroy());
  socket.setNoDelay(true);
  services[mode](socket);
}

const server = mode === "tls" ? tlsServer() : net.createServer(serve);
const told = () => {
  const address = server.address();
  obey(typeof address === "object" && address !== null ? address.port : 0, beginHostWork);
};
if (path === undefined) server.listen({ host: "127.0.0.1", port: 0, backlog: BACKLOG }, told);
else server.listen({ path, backlog: BACKLOG }, told);

function tlsServer(): net.Server {
  const { cert, key } = certificate();
  const options = { cert: readFileSync(cert), key: readFileSync(key) };
  const made = tls.createServer(options, serve);
  made.on("tlsClientError", () => {});
  return made;
}
