// Three children connected by pipes: what a shell writes `seq 100000 | grep 7 | wc -l`.
//
//   deno run --allow-run=seq,grep,wc examples/pipeline.ts
//
// Each pipe has its flow control: however much the first child writes, little of it is in memory.

import { createSubprocessExec, PIPE, type Process, run, taskGroup } from "@asyncio/asyncio";

async function pump(from: Process, to: Process): Promise<void> {
  try {
    while (true) {
      const block = await from.stdout!.read(65_536);
      if (block.length === 0) break;
      to.stdin!.write(block);
      await to.stdin!.drain();
    }
  } catch (error) {
    if (
      !(error instanceof Deno.errors.BrokenPipe || error instanceof Deno.errors.ConnectionReset)
    ) {
      throw error;
    }
    // The next child wants no more; this is how the kernel tells the one before.
    if (from.returncode === undefined) from.sendSignal("SIGPIPE");
  }
  to.stdin!.close();
}

export async function pipeline(...commands: string[][]): Promise<string> {
  // Whatever fails, no child outlives this function.
  await using stack = new AsyncDisposableStack();
  const children: Process[] = [];
  for (const [program, ...args] of commands) {
    const child = await createSubprocessExec(program!, args, { stdin: PIPE, stdout: PIPE });
    children.push(stack.use(child));
  }
  return await taskGroup(async (group) => {
    children[0]!.stdin!.close();
    for (let i = 1; i < children.length; i++) {
      group.createTask(() => pump(children[i - 1]!, children[i]!));
    }
    const output = await children.at(-1)!.stdout!.read();
    for (const [i, child] of children.entries()) {
      const code = await child.wait();
      console.error(`${commands[i]![0]} has ended with ${code}`);
    }
    return new TextDecoder().decode(output);
  });
}

if (import.meta.main) {
  const output = await run(() => pipeline(["seq", "100000"], ["grep", "7"], ["wc", "-l"]));
  console.log(output.trim());
}
