/** What the tests of the simulated network share. Imported by tests only. */
import { assertEquals } from "@std/assert";
import { run } from "../../../loop/mod.ts";
import { SimulatedEventLoop, type SimulatedEventLoopOptions } from "../../../loop/simulated/mod.ts";
import { DatagramProtocol } from "../../../transports/mod.ts";

/** Bytes of a text. */
export function bytes(text: string): Uint8Array<ArrayBuffer> {
  return new TextEncoder().encode(text);
}

/** The text of bytes. */
export function text(data: Uint8Array): string {
  return new TextDecoder().decode(data);
}

/**
 * Tests a program on a simulated loop, with debug mode off and on; whatever goes to the exception
 * handler fails the test.
 */
export function testNetwork(
  name: string,
  main: (loop: SimulatedEventLoop) => Promise<void>,
  options: SimulatedEventLoopOptions = {},
): void {
  Deno.test(name, async (context) => {
    for (const debug of [false, true]) {
      await context.step(debug ? "debug" : "no debug", async () => {
        const loop = new SimulatedEventLoop(options);
        const reports: string[] = [];
        loop.setExceptionHandler((_loop, { message, exception }) =>
          void reports.push(`${message}: ${exception}`)
        );
        await run(() => main(loop), { loopFactory: () => loop, debug });
        assertEquals(reports, [], "unexpected calls of the exception handler");
      });
    }
  });
}

/** A protocol that keeps the datagrams it gets. */
export class DatagramRecorder extends DatagramProtocol {
  readonly received: string[] = [];
  readonly errors: unknown[] = [];

  override datagramReceived(data: Uint8Array, [host, port]: [string, number]): void {
    this.received.push(`${text(data)} from ${host}:${port}`);
  }

  override errorReceived(error: unknown): void {
    this.errors.push(error);
  }
}
