/** asyncio for Deno. @module */
export * from "./futures/mod.ts";
export * from "./loop/mod.ts";
export * from "./loop/server.ts";
export * from "./loop/streams.ts";
export * from "./transports/protocol.ts";
export * from "./transports/transport.ts";
export * from "./transports/stream_reader.ts";
export * from "./transports/stream_writer.ts";
