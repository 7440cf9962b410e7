/** Stands for `@std/net/unstable-ip`; see `./mod.ts`. */
import { BlockList, isIPv4 as v4, isIPv6 as v6 } from "node:net";

export function isIPv4(addr: string): boolean {
  return v4(addr);
}

export function isIPv6(addr: string): boolean {
  return v6(addr);
}

export function matchIPv4Subnet(addr: string, subnet: string): boolean {
  return matchSubnet(addr, subnet, v4, "ipv4", 32);
}

export function matchIPv6Subnet(addr: string, subnet: string): boolean {
  return matchSubnet(addr, subnet, v6, "ipv6", 128);
}

export function matchSubnets(addr: string, subnetOrIps: string[]): boolean {
  return subnetOrIps.some((each) => {
    if (!each.includes("/")) return (v4(addr) || v6(addr)) && addr === each;
    return matchIPv4Subnet(addr, each) || matchIPv6Subnet(addr, each);
  });
}

function matchSubnet(
  addr: string,
  subnet: string,
  isFamily: (addr: string) => boolean,
  family: "ipv4" | "ipv6",
  bits: number,
): boolean {
  const [base = "", prefix = ""] = subnet.split("/");
  if (!isFamily(addr) || !isFamily(base) || !/^\d+$/.test(prefix) || +prefix > bits) return false;
  const list = new BlockList();
  list.addSubnet(base, +prefix, family);
  return list.check(addr, family);
}
