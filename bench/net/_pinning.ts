/** Servers run on one core and clients on another, where `taskset` can see to that. */

/** Puts a command on a core. */
export interface Pinning {
  server(command: readonly string[]): readonly string[];
  client(command: readonly string[]): readonly string[];
  /** What to tell about it. */
  remark: string;
}

/** Finds out which cores there are. */
export async function findPinning(): Promise<Pinning> {
  const cores = await allowedCores();
  if (cores.length < 2) {
    const free = (command: readonly string[]) => command;
    return {
      server: free,
      client: free,
      remark: "Server and client are not pinned to cores: there is one core, or no `taskset`",
    };
  }
  const on = (core: number) => (command: readonly string[]) => [
    "taskset",
    "-c",
    String(core),
    ...command,
  ];
  const [first, second] = cores as [number, number];
  return {
    server: on(first),
    client: on(second),
    remark: `Servers run on core ${first}, the client on core ${second}`,
  };
}

/** The cores that this process may run on, as far as `taskset` tells. */
async function allowedCores(): Promise<number[]> {
  try {
    const command = new Deno.Command("taskset", { args: ["-cp", String(Deno.pid)] });
    const { success, stdout } = await command.output();
    if (!success) return [];
    // "pid 123's current affinity list: 0,2-3"
    const list = new TextDecoder().decode(stdout).split(":").at(-1)!.trim();
    return list.split(",").flatMap((part) => {
      const [first, last = first] = part.split("-").map(Number);
      return Array.from({ length: last! - first! + 1 }, (_, index) => first! + index);
    });
  } catch (error) {
    if (error instanceof Deno.errors.NotFound) return [];
    throw error;
  }
}
