/** `KnownClients`: what a server remembers of clients. */
import { assert, assertEquals } from "@std/assert";
import { KnownClients } from "../../../transports/tls/_known_clients.ts";

Deno.test("KnownClients forgets those whom it has not seen for the longest time", () => {
  const clients = new KnownClients();
  assert(!clients.has("0"));
  for (let i = 0; i < 10_000; i++) clients.add(String(i));
  clients.add("0");
  assert(clients.has("1"));
  clients.add("one more");
  assertEquals(["0", "1", "2", "one more"].map((each) => clients.has(each)), [
    true,
    false,
    true,
    true,
  ]);
});
