/** One way to ask the API: typed by its description, signed in, the envelope taken off, an error as `ApiError`. */
import createClient from "openapi-fetch";
import type { paths } from "@/api/schema";
import { authorised, messageOf } from "@/api/session";
import type { Paged } from "@/api/types";

export class ApiError extends Error {
  constructor(
    message: string,
    readonly status: number,
    readonly code: string,
    /** The job that makes what was asked for, where it has to be made first. */
    readonly job: string | null = null,
  ) {
    super(message);
  }
}

/** Requests that a page leaves behind come to nothing; that is no error of the server. */
let leaving = false;
window.addEventListener("pagehide", () => {
  leaving = true;
});
window.addEventListener("pageshow", () => {
  leaving = false;
});

async function reach(request: Request): Promise<Response> {
  try {
    return await authorised(request);
  } catch (error) {
    if (leaving) return new Promise(() => undefined);
    if (error instanceof DOMException && error.name === "AbortError") throw error;
    throw new ApiError("The server cannot be reached. Check that it runs, then try again.", 0, "UNREACHABLE");
  }
}

export const client = createClient<paths>({ baseUrl: "", fetch: reach });

interface Given<T> {
  data?: T;
  error?: unknown;
  response: Response;
}

async function given<T>(call: Promise<Given<T>>): Promise<T> {
  const { data, error, response } = await call;
  if (response.ok && data !== undefined) return data;
  const said = (error as { error?: { code?: string; details?: { job?: string } } } | undefined)?.error;
  throw new ApiError(
    messageOf(error) ?? `The server answered ${response.status}.`,
    response.status,
    said?.code ?? "FAILED",
    said?.code === "BEING_BUILT" ? (said.details?.job ?? null) : null,
  );
}

/** The data of a response; where it may be a file instead, JSON was asked for. */
export const dataOf = async <T>(call: Promise<Given<{ data: T } | string>>): Promise<T> =>
  ((await given(call)) as { data: T }).data;

interface PageBody<T> {
  data: T;
  meta: { page: number; per_page: number; total: number };
}

/** The data of a response with its place in the whole. */
export async function pageOf<T>(call: Promise<Given<PageBody<T> | string>>): Promise<Paged<T>> {
  const { data, meta } = (await given(call)) as PageBody<T>;
  return { data, page: meta.page, per_page: meta.per_page, total: meta.total };
}

/** The file of a response. */
export const fileOf = (call: Promise<Given<unknown>>): Promise<Blob> => given(call as Promise<Given<Blob>>);
