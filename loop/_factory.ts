/**
 * Protocol factories, and what they and the hooks that make transports return.
 *
 * What is checked here is called once a connection; whoever forgets a `return` or a `new` is told so where
 * it happens, and not by a method that is missing somewhere inside.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import { describe } from "../futures/_describe.ts";
import { isClass } from "../futures/_is_class.ts";
import type { BaseTransport } from "../transports/base_transport.ts";
import type { BaseProtocolLike } from "../transports/protocol.ts";

/**
 * Checks a protocol factory.
 *
 * @throws {TypeError} when it is no function, or a class
 */
export function checkFactory(action: string, factory: unknown): void {
  if (typeof factory !== "function") {
    throw new TypeError(
      `${action}: the protocol factory must be a function, as in () => new MyProtocol(), got ` +
        describe(factory),
    );
  }
  if (isClass(factory)) {
    const name = factory.name === "" ? "MyProtocol" : factory.name;
    throw new TypeError(
      `${action}: the protocol factory must be a function, got the class ${name}; pass () => new ${name}()`,
    );
  }
}

/**
 * Calls a protocol factory.
 *
 * @throws {TypeError} when it returns no protocol
 */
export function makeProtocol<P>(action: string, factory: () => P): P {
  const protocol = factory();
  const { connectionMade } = (protocol ?? {}) as Partial<BaseProtocolLike>;
  if (typeof connectionMade === "function") return protocol;
  throw new TypeError(
    `${action}: the protocol factory must return a protocol, as () => new MyProtocol() does, got ` +
      describe(protocol) +
      (protocol instanceof Promise
        ? "; a factory cannot be async"
        : typeof protocol === "object" && protocol !== null
        ? ", which has no method connectionMade()"
        : ""),
  );
}

/**
 * Checks what a hook of the loop has made.
 *
 * @throws {TypeError} when that is no transport
 */
export function checkTransport<T extends BaseTransport>(loop: object, hook: string, made: T): T {
  if (typeof (made as T | undefined)?.close === "function") return made;
  throw new TypeError(
    `${loop.constructor.name}.${hook}() must return a transport, got ${describe(made)}`,
  );
}
