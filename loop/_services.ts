/**
 * Names of the services that programs ask for by name.
 *
 * Deno does not offer the system's table, and reading `/etc/services` would take a permission that a
 * program which connects to `"https"` has no other use for. This is the part of IANA's registry that
 * people type.
 *
 * May be imported by `loop/` only.
 *
 * @module
 */

import type { SocketProto } from "./address_info.ts";

type Entry = readonly [port: number, tcp: boolean, udp: boolean];

const tcp = (port: number): Entry => [port, true, false];
const udp = (port: number): Entry => [port, false, true];
const both = (port: number): Entry => [port, true, true];

// The first name of a port is the one that `serviceName()` tells; other names for it come later.
const SERVICES: ReadonlyMap<string, Entry> = new Map<string, Entry>([
  ["echo", both(7)],
  ["discard", both(9)],
  ["daytime", both(13)],
  ["chargen", both(19)],
  ["ftp-data", tcp(20)],
  ["ftp", tcp(21)],
  ["ssh", tcp(22)],
  ["telnet", tcp(23)],
  ["smtp", tcp(25)],
  ["time", both(37)],
  ["whois", tcp(43)],
  ["domain", both(53)],
  ["bootps", udp(67)],
  ["bootpc", udp(68)],
  ["tftp", udp(69)],
  ["gopher", tcp(70)],
  ["finger", tcp(79)],
  ["http", tcp(80)],
  ["kerberos", both(88)],
  ["pop3", tcp(110)],
  ["sunrpc", both(111)],
  ["nntp", tcp(119)],
  ["ntp", udp(123)],
  ["imap2", tcp(143)],
  ["imap", tcp(143)],
  ["snmp", both(161)],
  ["snmp-trap", both(162)],
  ["irc", both(194)],
  ["ldap", both(389)],
  ["https", both(443)],
  ["submissions", tcp(465)],
  ["syslog", udp(514)],
  ["printer", tcp(515)],
  ["rtsp", both(554)],
  ["nntps", tcp(563)],
  ["submission", tcp(587)],
  ["ipp", tcp(631)],
  ["ldaps", both(636)],
  ["domain-s", both(853)],
  ["rsync", tcp(873)],
  ["ftps", tcp(990)],
  ["imaps", tcp(993)],
  ["pop3s", tcp(995)],
  ["socks", tcp(1080)],
  ["openvpn", both(1194)],
  ["ms-sql-s", tcp(1433)],
  ["mqtt", tcp(1883)],
  ["nfs", both(2049)],
  ["mysql", tcp(3306)],
  ["stun", both(3478)],
  ["sip", both(5060)],
  ["sip-tls", both(5061)],
  ["xmpp-client", tcp(5222)],
  ["mdns", udp(5353)],
  ["postgresql", tcp(5432)],
  ["amqp", both(5672)],
  ["x11", tcp(6000)],
  ["redis", tcp(6379)],
  ["http-alt", both(8080)],
  ["secure-mqtt", tcp(8883)],
  ["memcached", both(11_211)],
  ["mongodb", tcp(27_017)],
]);

/** The port of a service under a protocol, or `undefined`. */
export function servicePort(name: string, proto: SocketProto): number | undefined {
  const entry = SERVICES.get(name.toLowerCase());
  return entry !== undefined && entry[proto === "tcp" ? 1 : 2] ? entry[0] : undefined;
}

/** The name of the service at a port, or `undefined`. */
export function serviceName(port: number, proto: SocketProto): string | undefined {
  for (const [name, entry] of SERVICES) {
    if (entry[0] === port && entry[proto === "tcp" ? 1 : 2]) return name;
  }
}
