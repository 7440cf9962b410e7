/** asyncio for Deno. @module */
export * from "./futures/mod.ts";
export * from "./transports/mod.ts";
export * from "./loop/mod.ts";
