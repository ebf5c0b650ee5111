/** One way to ask the API. A refusal is a value with the API's stable code; silence is a refusal of our own. */

export const TIMEOUT_MS = 15_000;

export type Problem = { status: number; code: string; title: string; detail: string };

export class Refused extends Error {
  readonly status: number;
  readonly code: string;
  readonly problem: Record<string, unknown>;

  constructor(status: number, code: string, message: string, problem: Record<string, unknown> = {}) {
    super(message);
    this.name = "Refused";
    this.status = status;
    this.code = code;
    this.problem = problem;
  }
}

export type Query = Readonly<Record<string, string | number | boolean | null | undefined>>;

type Asked = { method?: string; query?: Query; body?: unknown; headers?: Record<string, string>; signal?: AbortSignal; limitMs?: number };

let onLoggedOut: () => void = () => undefined;

/** Names whom to tell when the API says that nobody is logged in. */
export function whenLoggedOut(tell: () => void): void {
  onLoggedOut = tell;
}

export function withQuery(path: string, query: Query = {}): string {
  const pairs = Object.entries(query).filter(([, value]) => value !== undefined && value !== null && value !== "");
  const text = new URLSearchParams(pairs.map(([name, value]) => [name, String(value)])).toString();
  return text === "" ? path : `${path}?${text}`;
}

async function refusalOf(response: Response): Promise<Refused> {
  let body: Record<string, unknown> = {};
  try {
    body = (await response.json()) as Record<string, unknown>;
  } catch {
    // A body that is no JSON says no more than its status.
  }
  const text = (name: string): string | null => (typeof body[name] === "string" ? (body[name] as string) : null);
  const message = text("detail") ?? text("title") ?? `the API answered ${response.status}`;
  return new Refused(response.status, text("code") ?? `http_${response.status}`, message, body);
}

/** Asks and returns the answer, whatever it holds. */
async function answerOf(path: string, { method = "GET", query, body, headers, signal, limitMs = TIMEOUT_MS }: Asked): Promise<Response> {
  const limit = AbortSignal.timeout(limitMs);
  let response: Response;
  try {
    response = await fetch(withQuery(path, query), {
      method,
      credentials: "same-origin",
      headers: { accept: "application/json", ...(body === undefined ? {} : { "content-type": "application/json" }), ...headers },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      signal: signal ? AbortSignal.any([signal, limit]) : limit,
    });
  } catch (error) {
    if (signal?.aborted) throw error;
    const late = error instanceof DOMException && error.name === "TimeoutError";
    throw new Refused(0, late ? "timed_out" : "no_answer", late ? "the API did not answer in time" : "the API cannot be reached");
  }
  if (!response.ok) {
    const refused = await refusalOf(response);
    if (refused.status === 401) onLoggedOut();
    throw refused;
  }
  return response;
}

/** Asks and returns the decoded answer. */
export async function ask<T>(path: string, asked: Asked = {}): Promise<T> {
  const response = await answerOf(path, asked);
  return (response.status === 204 ? undefined : await response.json()) as T;
}

export type TakenFile = { name: string; blob: Blob };

/** Asks for a file, and returns it with the name that the API gives it. */
export async function askFile(path: string, query: Query): Promise<TakenFile> {
  const response = await answerOf(path, { query });
  const named = /filename="([^"]+)"/.exec(response.headers.get("content-disposition") ?? "");
  return { name: named?.[1] ?? "flatbook", blob: await response.blob() };
}
