/** Stands for `@std/net/get-network-address`; see `./mod.ts`. */

export function getNetworkAddress(
  family: Deno.NetworkInterfaceInfo["family"] = "IPv4",
): string | undefined {
  for (const found of Deno.networkInterfaces()) {
    if (found.family !== family || found.mac === "00:00:00:00:00:00") continue;
    if (family === "IPv4" && found.address.startsWith("127.")) continue;
    if (family === "IPv6" && (found.address === "::1" || found.scopeid !== 0)) continue;
    return found.address;
  }
  return undefined;
}
