/**
 * Loops that are broken on purpose, each in one way, with the cases of the suite that must say so.
 *
 * Imported by `broken_test.ts` only.
 */
import type { ConformanceArea } from "../../../loop/conformance/mod.ts";
import { Context, Task } from "../../../futures/mod.ts";
import type { CoroutineLike, TaskOptions } from "../../../futures/mod.ts";
import {
  type BaseEventLoop,
  DenoEventLoop,
  type Handle,
  type TimerHandle,
} from "../../../loop/mod.ts";
import { SimulatedEventLoop } from "../../../loop/simulated/mod.ts";
import type {
  AnyProtocol,
  DatagramSocket,
  ProtocolLike,
  StreamSocket,
  Transport,
} from "../../../transports/mod.ts";

type SocketTransportArgs = Parameters<BaseEventLoop["_makeSocketTransport"]>;

/** Passes the calls of a transport on, but for those that `changes` has. */
function wrap(protocol: AnyProtocol, changes: Partial<ProtocolLike>): AnyProtocol {
  const inner = protocol as ProtocolLike;
  return {
    connectionMade: (transport) => inner.connectionMade(transport),
    connectionLost: (error) => inner.connectionLost(error),
    pauseWriting: () => inner.pauseWriting(),
    resumeWriting: () => inner.resumeWriting(),
    dataReceived: (data) => inner.dataReceived(data),
    eofReceived: () => inner.eofReceived(),
    ...changes,
  };
}

// ---- Callbacks and timers -------------------------------------------------------------------------

class ReversedReadyQueue extends DenoEventLoop {
  override _passBegins(ready: Parameters<BaseEventLoop["_passBegins"]>[0]): void {
    const items = ready.toArray().reverse();
    ready.clear();
    for (const item of items) ready.push(item);
  }
}

class RunsTwice extends DenoEventLoop {
  override callSoon<A extends unknown[]>(callback: (...args: A) => void, ...args: A): Handle {
    super.callSoon(callback, ...args);
    return super.callSoon(callback, ...args);
  }
}

class RunsInTheSamePass extends DenoEventLoop {
  #added: (() => void)[] | null = null;

  override callSoon<A extends unknown[]>(callback: (...args: A) => void, ...args: A): Handle {
    if (typeof callback !== "function") return super.callSoon(callback, ...args);
    this.#added?.push(() => callback(...args));
    if (this.#added !== null) return super.callSoon(() => {});
    return super.callSoon(() => {
      this.#added = [];
      callback(...args);
      for (const each of this.#added) each();
      this.#added = null;
    });
  }
}

class RunsWhatWasCalledOff extends DenoEventLoop {
  override callSoon<A extends unknown[]>(callback: (...args: A) => void, ...args: A): Handle {
    let cancelled = false;
    return Object.assign(super.callSoon(callback, ...args), {
      cancel: () => cancelled = true,
      cancelled: () => cancelled,
    });
  }
}

class EarlyTimers extends SimulatedEventLoop {
  override callLater<A extends unknown[]>(
    delay: number,
    callback: (...args: A) => void,
    ...args: A
  ): TimerHandle {
    return super.callLater(delay / 2, callback, ...args);
  }
}

class TimersOutOfOrder extends SimulatedEventLoop {
  #count = 0;

  override callAt<A extends unknown[]>(
    when: number,
    callback: (...args: A) => void,
    ...args: A
  ): TimerHandle {
    return super.callAt(when + 0.5 - this.#count++ * 0.001, callback, ...args);
  }
}

class TimersCannotBeCalledOff extends SimulatedEventLoop {
  override callLater<A extends unknown[]>(
    delay: number,
    callback: (...args: A) => void,
    ...args: A
  ): TimerHandle {
    super.callLater(delay, callback, ...args);
    return super.callLater(1e6, () => {});
  }
}

class LostWakeUp extends DenoEventLoop {
  override _wakeup(): void {}
}

// ---- Tasks, contexts, errors, the end -------------------------------------------------------------

class DeafTasks extends DenoEventLoop {
  override createTask<T>(coro: CoroutineLike<T>, options?: TaskOptions): Task<T> {
    class Deaf extends Task<T> {
      override cancel(): boolean {
        return true;
      }
    }
    return new Deaf(coro, { ...options, loop: this });
  }
}

class OneContext extends DenoEventLoop {
  readonly #context = new Context();

  override callSoon<A extends unknown[]>(callback: (...args: A) => void, ...args: A): Handle {
    return this.#context.run(() => super.callSoon(callback, ...args));
  }
}

class SwallowsErrors extends DenoEventLoop {
  override callExceptionHandler(): void {}
}

class NeverClosed extends DenoEventLoop {
  override close(): void {}
}

// ---- Transports -----------------------------------------------------------------------------------

class ConnectionLostTwice extends DenoEventLoop {
  override _makeSocketTransport(...args: SocketTransportArgs): Transport {
    const [socket, protocol, options] = args;
    const connectionLost = (error: unknown) => {
      protocol.connectionLost(error);
      protocol.connectionLost(error);
    };
    return super._makeSocketTransport(socket, wrap(protocol, { connectionLost }), options);
  }
}

class ConnectionMadeLate extends DenoEventLoop {
  override _makeSocketTransport(...args: SocketTransportArgs): Transport {
    const [socket, protocol, options] = args;
    const connectionMade = (transport: never) => {
      this.callLater(1, () => protocol.connectionMade(transport));
    };
    return super._makeSocketTransport(socket, wrap(protocol, { connectionMade }), options);
  }
}

class LeakedSocket extends DenoEventLoop {
  override _makeSocketTransport(...args: SocketTransportArgs): Transport {
    const [socket, protocol, options] = args;
    const leaking: StreamSocket = {
      localAddr: socket.localAddr,
      remoteAddr: socket.remoteAddr,
      read: (buffer) => socket.read(buffer),
      write: (data) => socket.write(data),
      closeWrite: () => socket.closeWrite!(),
      close: () => void socket.closeWrite!().catch(() => {}),
    };
    return super._makeSocketTransport(leaking, protocol, options);
  }
}

class LosesBytes extends DenoEventLoop {
  override _makeSocketTransport(...args: SocketTransportArgs): Transport {
    const [socket, protocol, options] = args;
    const inner = protocol as ProtocolLike;
    const dataReceived = (data: Uint8Array<ArrayBuffer>) =>
      inner.dataReceived(data.length > 1000 ? data.subarray(1) : data);
    return super._makeSocketTransport(socket, wrap(protocol, { dataReceived }), options);
  }
}

class CloseDropsWhatIsUnsent extends DenoEventLoop {
  override _makeSocketTransport(...args: SocketTransportArgs): Transport {
    const transport = super._makeSocketTransport(...args);
    return Object.assign(transport, { close: () => transport.abort() });
  }
}

class EndIsEndOfBoth extends DenoEventLoop {
  override _makeSocketTransport(...args: SocketTransportArgs): Transport {
    const [socket, protocol, options] = args;
    const eofReceived = () => void (protocol as ProtocolLike).eofReceived();
    return super._makeSocketTransport(socket, wrap(protocol, { eofReceived }), options);
  }
}

class CutsDatagrams extends DenoEventLoop {
  override async _bindDatagram(
    ...args: Parameters<BaseEventLoop["_bindDatagram"]>
  ): Promise<DatagramSocket> {
    const socket = await super._bindDatagram(...args);
    const receive = socket.receive.bind(socket);
    socket.receive = async (buffer) => {
      const [data, from] = await receive(buffer);
      return [data.subarray(0, 2), from];
    };
    return socket;
  }
}

/** A broken loop: what it is, the areas that it is run against, and the cases that must fail. */
export interface BrokenLoop {
  make: () => BaseEventLoop;
  areas: readonly ConformanceArea[];
  fails: readonly string[];
  /** Whether others may fail besides: much rests on what is broken, or the host is slow. */
  andMore?: boolean;
  /** What keeps running in this loop, so that leaks must be borne. */
  leaks?: boolean;
}

export const BROKEN_LOOPS: Record<string, BrokenLoop> = {
  "with a reversed ready queue": {
    make: () => new ReversedReadyQueue(),
    areas: ["callbacks"],
    fails: [
      "callbacks run in the order in which they were scheduled",
    ],
    andMore: true,
  },
  "that runs callbacks twice": {
    make: () => new RunsTwice(),
    areas: ["callbacks"],
    fails: [
      "a callback runs once, with its arguments",
    ],
    andMore: true,
  },
  "that runs in a pass what the pass schedules": {
    make: () => new RunsInTheSamePass(),
    areas: ["callbacks"],
    fails: [
      "what a pass schedules waits for the next pass",
      "stop() before a run makes it a run of one pass",
    ],
  },
  "that runs callbacks that were called off": {
    make: () => new RunsWhatWasCalledOff(),
    areas: ["callbacks"],
    fails: [
      "a callback that was called off does not run",
    ],
  },
  "with early timers": {
    make: () => new EarlyTimers(),
    areas: ["timers"],
    fails: [
      "a timer never runs before its deadline",
      "a timer tells its deadline",
      "the clock never goes back, and goes on while the loop waits",
    ],
  },
  "with equal deadlines out of order": {
    make: () => new TimersOutOfOrder(),
    areas: ["timers"],
    fails: [
      "timers with equal deadlines run in the order of scheduling",
      "a timer tells its deadline",
    ],
  },
  "with timers that cannot be called off": {
    make: () => new TimersCannotBeCalledOff(),
    areas: ["timers"],
    fails: [
      "a timer that was called off does not run",
      "a timer tells its deadline",
    ],
  },
  "that loses wake-ups": {
    make: () => new LostWakeUp(),
    areas: ["wake-ups"],
    fails: [
      "a callback from outside ends the wait of a loop that has nothing to do",
      "a timer from outside shortens the wait",
      "stop() from outside ends the wait",
    ],
    andMore: true,
    leaks: true,
  },
  "with tasks that cannot be cancelled": {
    make: () => new DeafTasks(),
    areas: ["tasks"],
    fails: [
      "cancel() reaches what the task waits for, and lets it clean up",
      "timeout() ends what takes too long",
      "TaskGroup cancels the others when one fails",
      "a task factory makes the tasks",
    ],
    leaks: true,
  },
  "with one context for all callbacks": {
    make: () => new OneContext(),
    areas: ["contexts"],
    fails: [
      "a callback sees the variables of where it was scheduled",
    ],
  },
  "that swallows errors": {
    make: () => new SwallowsErrors(),
    areas: ["error handling"],
    fails: [
      "an error of a callback is reported, and the others run",
      "an exception that nobody retrieves is reported by the end of the run",
      "the handler is told what callExceptionHandler() is told",
      "the handler can be read and replaced",
    ],
  },
  "that is never closed": {
    make: () => new NeverClosed(),
    areas: ["shutdown"],
    fails: [
      "close() may be called twice, and ends the loop",
      "a loop that runs cannot be closed, or run again",
      "run() cancels the tasks that are left, waits for them, and closes the loop",
    ],
    leaks: true,
  },
  "that calls connectionLost() twice": {
    make: () => new ConnectionLostTwice(),
    areas: ["TCP"],
    fails: [
      "connectionMade() comes once and first, connectionLost() once and last",
      "abort() loses the connection at both ends, each once",
    ],
    andMore: true,
  },
  "that calls connectionMade() late": {
    make: () => new ConnectionMadeLate(),
    areas: ["TCP"],
    // Whether data overtakes it as well depends on the machine.
    fails: ["connectionMade() has been called when createConnection() ends"],
    andMore: true,
    leaks: true,
  },
  "that leaks sockets": {
    make: () => new LeakedSocket(),
    areas: ["TCP"],
    fails: [
      "bytes arrive whole and in order, both ways",
      "connectionMade() has been called when createConnection() ends",
      "many connections at once",
    ],
    andMore: true,
    leaks: true,
  },
  "that loses bytes": {
    make: () => new LosesBytes(),
    areas: ["TCP"],
    fails: [
      "bytes arrive whole and in order, both ways",
      "close() sends what was written before",
      "a writer is paused while nobody reads, and resumed after",
    ],
    andMore: true,
    leaks: true,
  },
  "whose close() drops what is unsent": {
    make: () => new CloseDropsWhatIsUnsent(),
    areas: ["TCP"],
    fails: [
      "close() sends what was written before",
    ],
    andMore: true,
    leaks: true,
  },
  "that takes the end of one direction for the end of both": {
    make: () => new EndIsEndOfBoth(),
    areas: ["TCP"],
    fails: [
      "writeEof() ends one direction, and the other goes on",
    ],
    andMore: true,
    leaks: true,
  },
  "that cuts datagrams": {
    make: () => new CutsDatagrams(),
    areas: ["UDP"],
    fails: [
      "a datagram arrives whole, with the address of its sender",
      "datagrams keep their boundaries, and may be empty",
      "an answer goes back to the sender",
    ],
  },
};
