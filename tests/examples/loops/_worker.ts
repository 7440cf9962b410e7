/** A worker with a loop that serves its owner; among what it can be asked is its own conformance. */
import { conformanceCases } from "../../../loop/conformance/mod.ts";
import { sleep } from "../../../mod.ts";
import { type Port, ServingLoop } from "../../../examples/loops/worker_loop.ts";

const cancelled: string[] = [];

const loop = new ServingLoop(self as unknown as Port, {
  double: async (n: number) => await sleep(1, 2 * n),
  fail: (message: string) => Promise.reject(new TypeError(message)),
  forEver: async (name: string) => {
    try {
      await sleep(1e9);
    } finally {
      cancelled.push(name);
    }
  },
  cancelled: () => Promise.resolve(cancelled),
  conformance: async (index: number) => {
    const { port1, port2 } = new MessageChannel();
    try {
      await conformanceCases()[index]!.run(() => new ServingLoop(port1, {}));
    } finally {
      port1.close();
      port2.close();
    }
  },
});
await loop.runForever();
