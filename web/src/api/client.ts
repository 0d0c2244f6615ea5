/** One way to ask the API: signed in, the envelope taken off, an error as `ApiError`. */
import { authorised, messageOf } from "@/api/session";
import type { Paged } from "@/api/types";

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    readonly details: Record<string, unknown>,
  ) {
    super(message);
  }
}

type Params = Record<string, string | number | boolean | null | undefined>;

interface Options {
  method?: string;
  params?: Params;
  json?: unknown;
  body?: BodyInit;
  signal?: AbortSignal;
}

function address(path: string, params: Params = {}): string {
  const search = new URLSearchParams();
  for (const [name, value] of Object.entries(params)) {
    if (value !== undefined && value !== null && value !== "") search.set(name, String(value));
  }
  const text = search.toString();
  return `/api/v1${path}${text ? `?${text}` : ""}`;
}

async function send(path: string, { method, params, json, body, signal }: Options): Promise<Response> {
  const request = new Request(address(path, params), {
    method: method ?? (json === undefined && body === undefined ? "GET" : "POST"),
    ...(json === undefined ? {} : { headers: { "Content-Type": "application/json" }, body: JSON.stringify(json) }),
    ...(body === undefined ? {} : { body }),
    ...(signal ? { signal } : {}),
  });
  const response = await authorised(request).catch((error: unknown) => {
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("The server cannot be reached. Check that it runs, then try again.", 0, "UNREACHABLE", {});
  });
  if (response.ok) return response;
  const text: unknown = await response.json().catch(() => null);
  const error = (text as { error?: { code?: string; details?: Record<string, unknown> } } | null)?.error;
  throw new ApiError(
    messageOf(text) ?? `The server answered ${response.status}.`,
    response.status,
    error?.code ?? "FAILED",
    error?.details ?? {},
  );
}

export async function ask<T>(path: string, options: Options = {}): Promise<T> {
  const response = await send(path, options);
  return ((await response.json()) as { data: T }).data;
}

export async function askPage<T>(path: string, options: Options = {}): Promise<Paged<T>> {
  const response = await send(path, options);
  const body = (await response.json()) as { data: T; meta: { page: number; per_page: number; total: number } };
  return { data: body.data, page: body.meta.page, per_page: body.meta.per_page, total: body.meta.total };
}

export async function askBlob(path: string, options: Options = {}): Promise<Blob> {
  return (await send(path, options)).blob();
}
