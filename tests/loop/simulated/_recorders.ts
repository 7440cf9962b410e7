/** What the tests of the simulated network share. Imported by tests only. */
import { run, type RunnerOptions } from "../../../loop/mod.ts";
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

/** Tests a program on a simulated loop; whatever goes to the exception handler fails the test. */
export function testNetwork(
  name: string,
  main: (loop: SimulatedEventLoop) => Promise<void>,
  options: SimulatedEventLoopOptions & Pick<RunnerOptions, "debug"> = {},
): void {
  Deno.test(name, async () => {
    const loop = new SimulatedEventLoop(options);
    const reports: string[] = [];
    loop.setExceptionHandler((_loop, { message, exception }) =>
      void reports.push(`${message}: ${exception}`)
    );
    await run(() => main(loop), { loopFactory: () => loop });
    if (reports.length > 0) throw new TypeError(`Unexpected reports: ${reports.join("; ")}`);
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
