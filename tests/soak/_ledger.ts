/**
 * The ledger of a soak: what both ends of each connection say about it, and whether that agrees.
 *
 * That the bytes are right, each end has checked already. Here they are counted: what was received was
 * sent; a connection that nobody has broken off has carried everything both ways; and one that was
 * closed in one direction, with nothing under way in the other, has delivered what it was given before.
 */
import { type Cut, makePlan, type Plan, type Scale, type Side } from "./_plan.ts";

/** What may happen to one end when the other breaks the connection off, or when it does so itself. */
const KNOWN = new Set([
  "BrokenPipe",
  "CancelledError",
  "ConnectionAborted",
  "ConnectionReset",
  "NotConnected",
  "PlannedFailure",
]);

/** Whether an error is one that a connection that was broken off may bring. */
export function isKnown(name: string): boolean {
  return KNOWN.has(name);
}

/** What one end says about a connection. */
export interface EndRecord {
  /** The number of the connection; `undefined` when the server was not told. */
  id: number | undefined;
  side: Side;
  /** Whether there was a connection, as far as this end knows. */
  connected: boolean;
  /** How many bytes were given to the writer, the header not counted. */
  sent: number;
  /** How many bytes were received, the header not counted. */
  received: number;
  /** How this end has broken the connection off. */
  cut: Cut | undefined;
  /** Whether this end has come to the end of what the other one sends. */
  sawEnd: boolean;
  /** The errors that its task has ended with. */
  errors: string[];
}

/** What a ledger has counted. */
export interface Totals {
  connections: number;
  orderly: number;
  sent: number;
  received: number;
  /** Connections that were broken off before the server knew which they were. */
  nameless: number;
  endings: Partial<Record<Cut | "orderly", number>>;
}

/** Compares what both ends say. */
export class Ledger {
  readonly totals: Totals = {
    connections: 0,
    orderly: 0,
    sent: 0,
    received: 0,
    nameless: 0,
    endings: {},
  };
  readonly #scale: Scale;
  readonly #fail: (text: string) => void;
  readonly #single = new Map<number, EndRecord>();

  constructor(scale: Scale, fail: (text: string) => void) {
    this.#scale = scale;
    this.#fail = fail;
  }

  /** Enters what one end says. */
  add(record: EndRecord): void {
    const { id } = record;
    if (id === undefined) {
      this.totals.nameless++;
      this.#checkErrors(`a connection without a name`, record);
      return;
    }
    const other = this.#single.get(id);
    if (other === undefined) {
      this.#single.set(id, record);
      return;
    }
    this.#single.delete(id);
    if (other.side === record.side) {
      return this.#fail(`Connection ${id}: twice at the ${other.side}`);
    }
    const [client, server] = record.side === "client" ? [record, other] : [other, record];
    this.#judge(makePlan(this.#scale, id), client, server);
  }

  /** Looks at what only one end has told of. */
  finish(): void {
    let unheard = 0;
    for (const [id, record] of this.#single) {
      const { side, cut, received, errors } = record;
      // The header of a connection that was broken off may have gone with it; a server that closes has
      // not heard of those that wait to be accepted.
      const refused = makePlan(this.#scale, id).transport === "restless" && cut === undefined;
      if (side === "client" && received === 0 && (cut !== undefined || refused)) {
        unheard++;
        const others = errors.filter((each) => !(refused && each.startsWith("ConnectionRefused")));
        this.#count(record, { sent: 0, received: 0, cut: refused ? "server restarts" : undefined });
        this.#checkErrors(`Connection ${id}`, { ...record, errors: others });
      } else {this.#fail(
          `Connection ${id}: only the ${side} knows of it: ${JSON.stringify(record)}`,
        );}
    }
    this.#single.clear();
    if (this.totals.nameless > unheard) {
      this.#fail(
        `${this.totals.nameless} connections did not say who they are, ${unheard} had no time to`,
      );
    }
  }

  #count(client: EndRecord, server: Pick<EndRecord, "sent" | "received" | "cut">): void {
    const { totals } = this;
    totals.connections++;
    totals.sent += client.sent + server.sent;
    totals.received += client.received + server.received;
    const ending = client.cut ?? server.cut ?? "orderly";
    totals.endings[ending] = (totals.endings[ending] ?? 0) + 1;
  }

  #judge(plan: Plan, client: EndRecord, server: EndRecord): void {
    this.#count(client, server);
    const wrong: string[] = [];
    const check = (right: boolean, text: string) => void (right || wrong.push(text));
    check(server.received <= client.sent, "the server has received more than was sent");
    check(client.received <= server.sent, "the client has received more than was sent");
    const errors = [...client.errors, ...server.errors];
    if (client.cut === undefined && server.cut === undefined) {
      this.totals.orderly++;
      check(errors.length === 0, "there were errors");
      check(client.sent === plan.up, "the client has not sent all");
      check(server.sent === plan.down, "the server has not sent all");
      check(server.received === plan.up, "the server has not received all");
      check(client.received === plan.down, "the client has not received all");
      check(client.sawEnd && server.sawEnd, "not both ends have seen the end");
    } else {
      check(errors.every(isKnown), "there were errors of other kinds");
      if (client.cut === "client closes" && server.cut === undefined && plan.down === 0) {
        check(server.received === client.sent, "what was sent before close() has not arrived");
        check(server.sawEnd && server.errors.length === 0, "the server has not seen the end");
      }
      if (server.cut === "server closes" && plan.up === 0) {
        check(client.received === server.sent, "what was sent before close() has not arrived");
        check(client.sawEnd && client.errors.length === 0, "the client has not seen the end");
      }
    }
    if (wrong.length > 0) {
      this.#fail(
        `Connection ${plan.id}: ${wrong.join("; ")}\n` +
          [plan, client, server].map((each) => `    ${JSON.stringify(each)}`).join("\n"),
      );
    }
  }

  #checkErrors(what: string, { errors }: EndRecord): void {
    const wrong = errors.filter((each) => !isKnown(each));
    if (wrong.length > 0) this.#fail(`${what}: ${wrong.join(", ")}`);
  }
}
