// Requests to the broker. Every path is relative, so the console works below any base path.

export class ApiError extends Error {
  constructor(
    readonly status: number,
    readonly reason: string,
    message: string,
    readonly hint: string,
  ) {
    super(message);
  }
}

type Query = Record<string, string | number | undefined>;

export function url(path: string, query: Query = {}): string {
  const parameters = new URLSearchParams();
  for (const [name, value] of Object.entries(query)) {
    if (value !== undefined && value !== "") parameters.set(name, String(value));
  }
  const text = parameters.toString();
  return text === "" ? path : `${path}${path.includes("?") ? "&" : "?"}${text}`;
}

/** One path segment, whatever characters it has. */
export const segment = encodeURIComponent;

async function request<T>(path: string, init: RequestInit): Promise<T> {
  let answer: Response;
  try {
    answer = await fetch(path, { ...init, signal: init.signal ?? AbortSignal.timeout(30_000) });
  } catch (error) {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError(
      0,
      "UNREACHABLE",
      "The broker does not answer.",
      "It may be stopped or restarting; this page tries again by itself.",
    );
  }
  const text = await answer.text();
  let body: unknown;
  try {
    body = JSON.parse(text);
  } catch {
    body = undefined;
  }
  if (answer.ok && body !== undefined) return body as T;
  const told = (body as { error?: { reason?: string; message?: string; hint?: string } } | undefined)?.error;
  throw new ApiError(
    answer.status,
    told?.reason ?? `HTTP ${answer.status}`,
    told?.message ?? `The broker answered ${answer.status} ${answer.statusText}.`,
    told?.hint ?? "",
  );
}

export function get<T>(path: string, query: Query = {}, signal?: AbortSignal): Promise<T> {
  return request<T>(url(path, query), signal ? { signal } : {});
}

/** A change. The header keeps other sites' forms out; the broker refuses changes without it. */
export function send<T>(method: "POST" | "PATCH" | "DELETE", path: string, body: unknown = {}): Promise<T> {
  return request<T>(path, {
    method,
    headers: { "Content-Type": "application/json", "X-Qalam-Request": "1" },
    ...(method === "DELETE" ? {} : { body: JSON.stringify(body) }),
  });
}

export const topicPath = (name: string) => `api/v1/topics/${segment(name)}`;
