/** The loop that steps inside a host conforms, and keeps to its frames. */
import { assertEquals } from "@std/assert";
import { CORE_AREAS, testEventLoop } from "../../../loop/conformance/mod.ts";
import { FrameLoop } from "../../../examples/loops/frame_loop.ts";

/** A loop whose host draws a frame every millisecond. */
class HostedLoop extends FrameLoop {
  readonly #frames = setInterval(() => this.tick(), 1);

  override close(): void {
    super.close();
    clearInterval(this.#frames);
  }
}

testEventLoop("FrameLoop", () => new HostedLoop(1000), {
  areas: [...CORE_AREAS, "wake-ups", "TCP", "UDP"],
});

Deno.test("FrameLoop runs so many callbacks per tick, and nothing between ticks", async () => {
  const loop = new FrameLoop(3);
  const seen: number[] = [];
  for (let i = 0; i < 8; i++) loop.callSoon(() => seen.push(i));
  const running = loop.runForever();
  const counts: number[] = [];
  for (let frame = 0; frame < 4; frame++) {
    await loop.tick();
    await new Promise((resolve) => setTimeout(resolve, 2));
    counts.push(seen.length);
  }
  loop.stop();
  loop.tick();
  await running;
  loop.close();
  // One callback before the first frame: a run begins at once.
  assertEquals(counts, [4, 7, 8, 8]);
  assertEquals(seen, [0, 1, 2, 3, 4, 5, 6, 7]);
});
