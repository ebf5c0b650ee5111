import { beforeEach, describe, expect, it } from "vitest";
import { OTHER_PROTOCOL, SESSION_ENDED, SILENCE_MS_MAX, Stream, type SocketLike } from "./stream";

class Wire implements SocketLike {
  onmessage: ((event: { data: unknown }) => void) | null = null;
  onclose: ((event: { code: number }) => void) | null = null;
  closed = false;
  constructor(readonly path: string) {}
  close(): void {
    this.closed = true;
  }
  say(message: object): void {
    this.onmessage?.({ data: JSON.stringify(message) });
  }
}

type Timer = { at: number; act: () => void };

let sockets: Wire[];
let timers: Timer[];
let now: number;
let stream: Stream;

function pass(ms: number): void {
  const end = now + ms;
  for (;;) {
    const next = timers.filter((timer) => timer.at <= end).sort((a, b) => a.at - b.at)[0];
    if (!next) break;
    timers = timers.filter((timer) => timer !== next);
    now = next.at;
    next.act();
  }
  now = end;
}

const last = (): Wire => sockets[sockets.length - 1] as Wire;
const snapshot = { type: "snapshot", stream: "s1", seq: 7, state: { status: { flat: true }, orders: [{ order_id: "a" }] } };

beforeEach(() => {
  sockets = [];
  timers = [];
  now = 0;
  stream = new Stream(
    {
      open: (path) => {
        sockets.push(new Wire(path));
        return last();
      },
      clock: () => now,
      after: (ms, act) => {
        const timer = { at: now + ms, act };
        timers.push(timer);
        return () => {
          timers = timers.filter((other) => other !== timer);
        };
      },
    },
    "/stream",
  );
  stream.start();
});

describe("the stream", () => {
  it("takes the whole state and then each numbered change", () => {
    last().say(snapshot);
    last().say({ type: "delta", seq: 8, channel: "status", body: { flat: false } });
    last().say({ type: "delta", seq: 9, channel: "orders", upsert: [{ order_id: "b" }, { order_id: "a", open: false }] });
    expect(stream.channel("status")).toEqual({ flat: false });
    expect(stream.channel("orders")).toEqual([{ order_id: "a", open: false }, { order_id: "b" }]);
    expect(stream.line).toMatchObject({ phase: "live", seq: 9, attempt: 0 });
  });

  it("lets go of the rows that are gone", () => {
    last().say(snapshot);
    last().say({ type: "delta", seq: 8, channel: "orders", upsert: [{ order_id: "b" }], gone: ["a"] });
    expect(stream.channel("orders")).toEqual([{ order_id: "b" }]);
  });

  it("takes several messages that come together, a line for each, and none behind one that is missing", () => {
    const status = (seq: number, flat: boolean): string => JSON.stringify({ type: "delta", seq, channel: "status", body: { flat } });
    last().onmessage?.({ data: [JSON.stringify(snapshot), status(8, false)].join("\n") });
    expect([stream.line.seq, stream.channel("status")]).toEqual([8, { flat: false }]);
    last().onmessage?.({ data: [status(10, true), status(11, true)].join("\n") });
    expect([stream.line.phase, stream.channel("status")]).toEqual(["waiting", { flat: false }]);
  });

  it("resumes after the last number that it heard", () => {
    last().say(snapshot);
    last().onclose?.({ code: 1006 });
    expect(stream.line).toMatchObject({ phase: "waiting", retryAt: 500 });
    pass(500);
    expect(last().path).toBe("/stream?protocol=1&after=7&stream=s1");
    expect(stream.channel("status")).toEqual({ flat: true });
  });

  it("asks for everything anew when a number is missing", () => {
    last().say(snapshot);
    last().say({ type: "delta", seq: 9, channel: "status", body: { flat: false } });
    expect(stream.channel("status")).toEqual({ flat: true });
    pass(500);
    expect(last().path).toBe("/stream?protocol=1");
  });

  it("gives up a socket that is open and silent", () => {
    last().say(snapshot);
    pass(SILENCE_MS_MAX);
    expect(sockets[0]?.closed).toBe(true);
    expect(stream.line.phase).toBe("waiting");
  });

  it("waits longer after each failure, and starts over once it hears", () => {
    const waits: number[] = [];
    for (let i = 0; i < 6; i += 1) {
      last().onclose?.({ code: 1006 });
      waits.push((stream.line.retryAt ?? 0) - now);
      pass(waits[i] ?? 0);
    }
    expect(waits).toEqual([500, 1000, 2000, 4000, 8000, 8000]);
    last().say(snapshot);
    expect(stream.line.attempt).toBe(0);
  });

  it("tries no more once the session ended", () => {
    last().say(snapshot);
    last().onclose?.({ code: SESSION_ENDED });
    pass(60_000);
    expect(stream.line.phase).toBe("ended");
    expect(sockets.length).toBe(1);
  });

  it("tries no more where the API speaks another form of messages: the page must be loaded anew", () => {
    last().say(snapshot);
    last().onclose?.({ code: OTHER_PROTOCOL });
    pass(60_000);
    expect(stream.line.phase).toBe("outdated");
    expect(sockets.length).toBe(1);
  });

  it("keeps a bounded tail of events", () => {
    last().say({ ...snapshot, state: { events: [] } });
    const append = Array.from({ length: 600 }, (_, seq) => ({ seq }));
    last().say({ type: "delta", seq: 8, channel: "events", append });
    const kept = stream.channel("events") as { seq: number }[];
    expect([kept.length, kept[0]?.seq]).toEqual([100, 500]);
  });

  it("tells only the readers of what changed", () => {
    const told: string[] = [];
    stream.subscribe("status", () => told.push("status"));
    stream.subscribe("orders", () => told.push("orders"));
    last().say(snapshot);
    last().say({ type: "delta", seq: 8, channel: "status", body: {} });
    expect(told).toEqual(["status", "orders", "status"]);
  });

  it("hears the clock of the desk and whether the engine lives from each tick", () => {
    last().say(snapshot);
    last().say({ type: "tick", seq: 7, now: "2025-12-02T20:45:31Z", as_of: { seq: 70, at: null }, live: false });
    expect(stream.line).toMatchObject({ now: "2025-12-02T20:45:31Z", engine: false, asOf: { seq: 70 } });
  });
});
