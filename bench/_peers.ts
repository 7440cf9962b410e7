/**
 * The packages from npm that the library is measured against, in the versions that published figures
 * name. Loaded by the variants that use them, since a process that measures something else should not
 * pay for them.
 */

/** Their versions, as in the imports below. */
export const PEER_VERSIONS = {
  effection: "4.1.1",
  effect: "4.1.0",
  "async-mutex": "0.5.0",
  "p-queue": "10.0.0",
};

export const loadEffection = (): Promise<typeof import("npm:effection@4.1.1")> =>
  import("npm:effection@4.1.1");

export const loadEffect = (): Promise<typeof import("npm:effect@4.1.0")> =>
  import("npm:effect@4.1.0");

export const loadAsyncMutex = (): Promise<typeof import("npm:async-mutex@0.5.0")> =>
  import("npm:async-mutex@0.5.0");

export const loadPQueue = (): Promise<typeof import("npm:p-queue@10.0.0")> =>
  import("npm:p-queue@10.0.0");
