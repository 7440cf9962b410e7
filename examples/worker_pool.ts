// Heavy computing on every processor, while the event loop stays free.
//
//   deno run examples/worker_pool.ts
//
// The Mandelbrot set, a band of lines for each worker. `band` is sent to the workers as source, so
// it uses nothing but its arguments; each result is moved back, not copied.

import { gather, getRunningLoop, run, sleep, WorkerPoolExecutor } from "@asyncio/asyncio";

const WIDTH = 72;
const HEIGHT = 32;
const BANDS = 8;
const ITERATIONS = 20_000;

function band(from: number, to: number, width: number, height: number, limit: number): Uint32Array {
  const counts = new Uint32Array((to - from) * width);
  for (let row = from; row < to; row++) {
    for (let column = 0; column < width; column++) {
      const [a, b] = [(column / width) * 3 - 2.25, (row / height) * 2.5 - 1.25];
      let [x, y, n] = [0, 0, 0];
      while (n < limit && x * x + y * y < 4) {
        [x, y] = [x * x - y * y + a, 2 * x * y + b];
        n++;
      }
      counts[(row - from) * width + column] = n;
    }
  }
  return counts;
}

async function main(): Promise<void> {
  const loop = getRunningLoop();
  await using pool = new WorkerPoolExecutor({ maxWorkers: navigator.hardwareConcurrency });

  let ticks = 0;
  const ticker = loop.createTask(async () => {
    for (;; ticks++) await sleep(5);
  });

  const lines = HEIGHT / BANDS;
  const call = { function: band, transferResult: true };
  const bands = Array.from(
    { length: BANDS },
    (_, i) => loop.runInExecutor(pool, call, i * lines, (i + 1) * lines, WIDTH, HEIGHT, ITERATIONS),
  );

  for (const counts of await gather(...bands)) {
    for (let start = 0; start < counts.length; start += WIDTH) {
      const line = Array.from(
        counts.subarray(start, start + WIDTH),
        (n) => n === ITERATIONS ? "#" : " .:-=+*"[Math.min(6, n >> 1)],
      );
      console.log(line.join("").trimEnd());
    }
  }
  ticker.cancel();
  console.log(
    `${BANDS} bands on ${pool.maxWorkers} workers; meanwhile the loop slept ${ticks} times`,
  );
}

await run(main);
