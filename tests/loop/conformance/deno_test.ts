/** The default loop does all that a loop can do. */
import { DenoEventLoop } from "../../../loop/mod.ts";
import { testEventLoop } from "../../../loop/conformance/mod.ts";

testEventLoop("DenoEventLoop", () => new DenoEventLoop());
