/**
 * Keeps an eye on a loop: which transports and listeners it has made that are still open, and what its
 * exception handler was told.
 *
 * May be imported by this folder only.
 *
 * @module
 */

import { coroutine } from "../../futures/coroutine.ts";
import { describe } from "../../futures/_describe.ts";
import type { ExceptionContext } from "../../futures/future_loop.ts";
import type { BaseTransport } from "../../transports/base_transport.ts";
import type { BaseEventLoop } from "../base_event_loop.ts";

/** What a loop has made and been told. */
export class LoopWatch {
  readonly #transports: BaseTransport[] = [];
  readonly #listeners = new Set<object>();
  readonly #reports: ExceptionContext[] = [];

  constructor(loop: BaseEventLoop) {
    loop.setExceptionHandler((_loop, context) => void this.#reports.push(context));
    const keep = <T extends BaseTransport>(transport: T): T => {
      this.#transports.push(transport);
      return transport;
    };
    // The loop's own hooks, each followed by a note of what it has made.
    const stream = loop._makeSocketTransport.bind(loop);
    loop._makeSocketTransport = (...args) => keep(stream(...args));
    const datagram = loop._makeDatagramTransport.bind(loop);
    loop._makeDatagramTransport = (...args) => keep(datagram(...args));
    const readPipe = loop._makeReadPipeTransport.bind(loop);
    loop._makeReadPipeTransport = (...args) => keep(readPipe(...args));
    const writePipe = loop._makeWritePipeTransport.bind(loop);
    loop._makeWritePipeTransport = (...args) => keep(writePipe(...args));
    const child = loop._makeSubprocessTransport.bind(loop);
    loop._makeSubprocessTransport = coroutine(function* (...args: Parameters<typeof child>) {
      return keep(yield* child(...args));
    });
    const listen = loop._listen.bind(loop);
    loop._listen = async (...args) => {
      const listener = await listen(...args);
      this.#listeners.add(listener);
      const close = listener.close.bind(listener);
      listener.close = () => {
        this.#listeners.delete(listener);
        close();
      };
      return listener;
    };
  }

  /** A line for each transport and listener that is open. */
  open(): string[] {
    return [
      ...this.#transports.filter((each) => !each.isClosing()).map((each) => `open: ${each}`),
      ...Array.from(this.#listeners, () => "open: a listening socket"),
    ];
  }

  /** A line for each thing that the exception handler was told. */
  reports(): string[] {
    return this.#reports.map((context) =>
      `reported: ${context.message}` +
      ("exception" in context ? `: ${describe(context.exception)}` : "")
    );
  }

  /** The first error that nobody took, as a cause. */
  get cause(): unknown {
    return this.#reports.find((context) => "exception" in context)?.exception;
  }
}
