/** The simulated loop does all that its program can see; it has no host that could wake it. */
import { CORE_AREAS, testEventLoop } from "../../../loop/conformance/mod.ts";
import { SimulatedEventLoop } from "../../../loop/simulated/mod.ts";

const areas = [...CORE_AREAS, "TCP", "Unix", "UDP", "TLS"] as const;

testEventLoop("SimulatedEventLoop", () => new SimulatedEventLoop(), { areas });
testEventLoop("SimulatedEventLoop on a slow network", () => {
  const loop = new SimulatedEventLoop({ seed: 7 });
  // The cases talk to themselves, and what stays on one host is fast unless it is told otherwise.
  loop.network.setLink("main", "main", { latencyMs: 20, jitterMs: 10 });
  return loop;
}, { areas });
