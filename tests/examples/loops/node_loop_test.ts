/** The loop over node:net conforms. */
import { CORE_AREAS, testEventLoop } from "../../../loop/conformance/mod.ts";
import { NodeLoop } from "../../../examples/loops/node_loop.ts";

testEventLoop("NodeLoop", () => new NodeLoop(), {
  areas: [...CORE_AREAS, "wake-ups", "TCP", "Unix", "TLS"],
});
