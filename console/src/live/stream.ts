/**
 * The one socket of the console. It keeps the last picture of every channel, resumes where it broke off, and asks for the
 * whole state anew when a number is missing.
 */
import { changed, readMessage, type Message, type Moment, type Tick } from "./wire";

export const SILENCE_MS_MAX = 6_000;
export const WAITS_MS = [500, 1_000, 2_000, 4_000, 8_000] as const;
/** The close code by which the API says that the session ended. */
export const SESSION_ENDED = 4401;
/** The API speaks another form of these messages: this page is of another version. */
export const OTHER_PROTOCOL = 4406;
const PROTOCOL = 1;

export type Phase = "connecting" | "live" | "waiting" | "ended" | "outdated";

export type Line = {
  phase: Phase;
  seq: number;
  /** The instant of the engine's desk that the last tick named; null before the first. */
  now: string | null;
  /** Whether the engine answers; null before the first tick. */
  engine: boolean | null;
  /** How far the journal was read at the last tick, and how long before it that was the truth. */
  asOf: Moment | null;
  readAge: number | null;
  readAgeMax: number | null;
  /** When the picture was last known to be whole, on the browser's steady clock. */
  heardAt: number;
  /** When the last tick came, on the browser's steady clock. */
  tickAt: number;
  retryAt: number | null;
  attempt: number;
};

export type SocketLike = {
  onmessage: ((event: { data: unknown }) => void) | null;
  onclose: ((event: { code: number }) => void) | null;
  close: () => void;
};

export type Outside = {
  open: (path: string) => SocketLike;
  clock: () => number;
  after: (ms: number, act: () => void) => () => void;
};

const START: Line = { phase: "connecting", seq: 0, now: null, engine: null, asOf: null, readAge: null, readAgeMax: null, heardAt: 0, tickAt: 0, retryAt: null, attempt: 0 };

function ticked(tick: Tick, at: number): Partial<Line> {
  return { now: tick.now, engine: tick.live, asOf: tick.as_of, readAge: tick.read_age_s ?? null, readAgeMax: tick.age_s_max ?? null, tickAt: at };
}

export class Stream {
  #line: Line = START;
  #channels: Record<string, unknown> = {};
  #heard: Record<string, number> = {};
  #stream: string | null = null;
  #socket: SocketLike | null = null;
  #cancel: (() => void) | null = null;
  readonly #listeners = new Map<string, Set<() => void>>();

  constructor(
    private readonly outside: Outside,
    private readonly path: string,
  ) {}

  get line(): Line {
    return this.#line;
  }

  channel(name: string): unknown {
    return this.#channels[name];
  }

  /** When a channel last changed, on the browser's steady clock. */
  heardAt(name: string): number | null {
    return this.#heard[name] ?? null;
  }

  /** Tells a reader when `name` changes: a channel, or `line` for the state of the connection. */
  subscribe(name: string, tell: () => void): () => void {
    const listeners = this.#listeners.get(name) ?? new Set();
    this.#listeners.set(name, listeners.add(tell));
    return () => listeners.delete(tell);
  }

  start(): void {
    if (this.#socket || this.#cancel) return;
    this.#connect();
  }

  stop(): void {
    this.#drop();
    this.#say({ phase: "ended", retryAt: null });
  }

  /** Tries again at once instead of at the end of the countdown. */
  retry(): void {
    this.#drop();
    this.#connect();
  }

  #connect(): void {
    this.#cancel = null;
    this.#say({ phase: "connecting", retryAt: null });
    const resume = this.#stream === null ? "" : `&after=${this.#line.seq}&stream=${encodeURIComponent(this.#stream)}`;
    const socket = this.outside.open(`${this.path}?protocol=${PROTOCOL}${resume}`);
    this.#socket = socket;
    socket.onmessage = (event) => {
      for (const text of String(event.data).split("\n")) if (socket === this.#socket) this.#hear(text);
    };
    socket.onclose = (event) => socket === this.#socket && this.#lost(event.code);
    this.#watch();
  }

  #watch(): void {
    this.#cancel?.();
    this.#cancel = this.outside.after(SILENCE_MS_MAX, () => this.#lost(0));
  }

  #hear(text: string): void {
    const message = readMessage(text);
    if (message === null || !this.#follows(message)) {
      this.#stream = null;
      this.#lost(0);
      return;
    }
    this.#watch();
    const moved = this.#take(message);
    const at = this.outside.clock();
    this.#say({ phase: "live", seq: message.seq, heardAt: at, attempt: 0, ...(message.type === "tick" ? ticked(message, at) : {}) });
    for (const name of moved) this.#tell(name);
  }

  #follows(message: Message): boolean {
    if (message.type === "snapshot") return true;
    if (this.#stream === null) return false;
    return message.type === "tick" ? message.seq === this.#line.seq : message.seq === this.#line.seq + 1;
  }

  #take(message: Message): string[] {
    if (message.type === "tick") return [];
    const at = this.outside.clock();
    if (message.type === "snapshot") {
      this.#stream = message.stream;
      this.#channels = message.state;
      this.#heard = Object.fromEntries(Object.keys(message.state).map((name) => [name, at]));
      return Object.keys(message.state);
    }
    const { channel } = message;
    this.#channels = { ...this.#channels, [channel]: changed(this.#channels[channel], message) };
    this.#heard = { ...this.#heard, [channel]: at };
    return [channel];
  }

  #lost(code: number): void {
    this.#drop();
    if (code === SESSION_ENDED || code === OTHER_PROTOCOL) {
      this.#say({ phase: code === SESSION_ENDED ? "ended" : "outdated", retryAt: null });
      return;
    }
    const attempt = this.#line.attempt;
    const wait = WAITS_MS[Math.min(attempt, WAITS_MS.length - 1)] ?? SILENCE_MS_MAX;
    this.#cancel = this.outside.after(wait, () => this.#connect());
    this.#say({ phase: "waiting", retryAt: this.outside.clock() + wait, attempt: attempt + 1 });
  }

  #drop(): void {
    this.#cancel?.();
    this.#cancel = null;
    const socket = this.#socket;
    this.#socket = null;
    socket?.close();
  }

  #say(news: Partial<Line>): void {
    this.#line = { ...this.#line, ...news };
    this.#tell("line");
  }

  #tell(name: string): void {
    for (const tell of this.#listeners.get(name) ?? []) tell();
  }
}
