/** What a queue keeps its items in. */
import { assertEquals } from "@std/assert";
import { Fifo } from "../../futures/_fifo.ts";

Deno.test("Fifo gives items in the order in which they came, whatever comes between", () => {
  let seed = 1;
  const random = () => seed = (seed * 48_271) % 2_147_483_647;
  const fifo = new Fifo<number>();
  const model: number[] = [];
  for (let i = 0; i < 5000; i++) {
    // Runs of one kind, so that it grows over several chunks and is emptied again.
    const burst = random() % 100;
    if (random() % 2 === 0) {
      for (let j = 0; j < burst; j++) {
        fifo.push(j);
        model.push(j);
      }
    } else {for (let j = 0; j < burst && model.length > 0; j++) {
        assertEquals(fifo.shift(), model.shift());
      }}
    assertEquals(fifo.length, model.length);
  }
  assertEquals([...fifo], model);
});
