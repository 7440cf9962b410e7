/**
 * Rewrites the recorded list of exports: `deno task exports:record`. What it changes is what a user
 * of the package gains or loses, so the difference belongs into the review and the changelog.
 */
import { exportedNames, RECORD } from "./_exports.ts";

await Deno.writeTextFile(RECORD, JSON.stringify(await exportedNames(), null, 2) + "\n");
