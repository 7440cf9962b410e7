/**
 * Stands for `@std/net` where its registry cannot be reached: the real package's names and
 * signatures, by Deno's own means. No part of the published package.
 */
export * from "./get_available_port.ts";
