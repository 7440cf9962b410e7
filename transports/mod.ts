/**
 * Transports and protocols: how bytes move, and what is told of it.
 *
 * A transport moves bytes over a connection; a protocol says what they mean. A loop makes the
 * transports, out of whatever has the shape of a connection, and calls the protocols.
 *
 * @example A protocol, tried without any connection
 * ```ts
 * import { Protocol } from "@asyncio/asyncio/transports";
 * import { assertEquals } from "@std/assert";
 *
 * class Lines extends Protocol {
 *   readonly lines: string[] = [];
 *   readonly #decoder = new TextDecoder();
 *   #rest = "";
 *   override dataReceived(data: Uint8Array) {
 *     const parts = (this.#rest + this.#decoder.decode(data, { stream: true })).split("\n");
 *     this.#rest = parts.pop()!;
 *     this.lines.push(...parts);
 *   }
 * }
 * const protocol = new Lines();
 * for (const piece of ["one\ntw", "o\nthr"]) {
 *   protocol.dataReceived(new TextEncoder().encode(piece));
 * }
 * assertEquals(protocol.lines, ["one", "two"]);
 * ```
 *
 * @module
 */

export {
  type AnyProtocol,
  BaseProtocol,
  type BaseProtocolLike,
  BufferedProtocol,
  type BufferedProtocolLike,
  DatagramProtocol,
  Protocol,
  type ProtocolLike,
  SubprocessProtocol,
} from "./protocol.ts";
export { BaseTransport } from "./base_transport.ts";
export {
  ReadTransport,
  Transport,
  type WritableData,
  type WriteBufferLimits,
  type WriteOptions,
  WriteTransport,
} from "./transport.ts";
export { DatagramTransport } from "./datagram_transport.ts";
export { SubprocessTransport } from "./subprocess_transport.ts";
export type { SocketAddress, StreamListener, StreamSocket } from "./stream_socket.ts";
export {
  SocketTransport,
  type SocketTransportOptions,
  type TransportOwner,
} from "./socket_transport.ts";
export type { Closable, TransportLoop } from "./transport_loop.ts";
export {
  bindDatagram,
  type BindDatagramOptions,
  type DatagramAddress,
  type DatagramSocket,
  NodeDatagramSocket,
} from "./datagram_socket.ts";
export { UdpTransport, type UdpTransportOptions } from "./udp_transport.ts";
export type { ReadablePipe, ReadPipe, WritablePipe, WritePipe } from "./pipe.ts";
export type { PipeTransportOptions } from "./pipe_options.ts";
export { ReadPipeTransport } from "./read_pipe_transport.ts";
export { WritePipeTransport } from "./write_pipe_transport.ts";
export {
  type PausableTransport,
  type ReadOptions,
  type ReadUntilOptions,
  StreamReader,
  type StreamReaderOptions,
} from "./stream_reader.ts";
export { StreamWriter } from "./stream_writer.ts";
export { type StreamHandler, StreamProtocolBase, StreamReaderProtocol } from "./stream_protocol.ts";
export { IncompleteReadError, LimitOverrunError } from "./stream_errors.ts";
export { type LoadCertChainOptions, type SniCallback, SSLContext } from "./tls/ssl_context.ts";
export {
  createDefaultContext,
  type CreateDefaultContextOptions,
} from "./tls/create_default_context.ts";
export {
  CERT_NONE,
  CERT_OPTIONAL,
  CERT_REQUIRED,
  type PemSource,
  type SSLRole,
  type TLSVersion,
  type VerifyMode,
} from "./tls/ssl_constants.ts";
export { SSLCertVerificationError, SSLError, type SSLErrorOptions } from "./tls/ssl_error.ts";
export { type CipherInfo, type PeerCertificate, SSLObject } from "./tls/ssl_object.ts";
export type { SSLOptions } from "./tls/ssl_options.ts";
export { SSLProtocol, type SSLProtocolOptions } from "./tls/ssl_protocol.ts";
export { SSLTransport } from "./tls/ssl_transport.ts";
export {
  makeSslTransport,
  type SSLTransportLoop,
  type SSLTransportOptions,
  startTls,
  type StartTlsOptions,
} from "./tls/start_tls.ts";
export {
  DEVNULL,
  PIPE,
  type ProcessCommand,
  type Stdio,
  STDOUT,
  type SubprocessOptions,
} from "./process_command.ts";
export { type ProcessLoop, ProcessTransport } from "./process_transport.ts";
export { Process, type ProcessOutput, type ProcessWaitOptions } from "./subprocess.ts";
export { SubprocessStreamProtocol } from "./subprocess_stream_protocol.ts";
