/** Stands for `@std/net/get-available-port`; see `./mod.ts`. */

export interface GetAvailablePortOptions {
  preferredPort?: number;
}

export function getAvailablePort(options?: GetAvailablePortOptions): number {
  const preferred = options?.preferredPort;
  if (preferred) {
    try {
      return portOf(preferred);
    } catch (error) {
      if (!(error instanceof Deno.errors.AddrInUse)) throw error;
    }
  }
  return portOf(0);
}

function portOf(port: number): number {
  using listener = Deno.listen({ port });
  return listener.addr.port;
}
