/**
 * Who is signed in. The access token lives in memory alone; the refresh token is in a cookie that scripts cannot read, so
 * a reload asks for a new access token with it.
 */
import type { LinkSeen, Session, Ticket, User } from "@/api/types";

let session: Session | null = null;
let refreshing: Promise<boolean> | null = null;
const listeners = new Set<() => void>();

/** Whether this browser may hold a refresh token, which scripts cannot see: asking in vain is an error in its log. */
const HINT = "tillsight-session";

function set(next: Session | null): void {
  session = next;
  if (next) localStorage.setItem(HINT, "1");
  else localStorage.removeItem(HINT);
  for (const listener of listeners) listener();
}

export const onSession = (listener: () => void): (() => void) => {
  listeners.add(listener);
  return () => listeners.delete(listener);
};

export const currentUser = (): User | null => session?.user ?? null;

/** Signing in failed: what the server says about it. */
class SignInError extends Error {}

/** Ask what needs no session. */
async function ask<T>(address: string, body?: object): Promise<T> {
  const asked = body
    ? { method: "POST", headers: { "Content-Type": "application/json" }, body: JSON.stringify(body) }
    : undefined;
  const response = await fetch(`/api/v1/auth/${address}`, asked).catch(() => {
    throw new SignInError("The server cannot be reached. Check the connection and try again.");
  });
  const answer: unknown = await response.json().catch(() => null);
  if (!response.ok) throw new SignInError(messageOf(answer) ?? `The server answered ${response.status}.`);
  return (answer as { data: T }).data;
}

/** Sign in with a password; gives a ticket where a code is needed as well. */
export async function signIn(user: string, password: string): Promise<Ticket | null> {
  const given = await ask<Session | Ticket>("login", { user, password });
  if ("ticket" in given) return given;
  set(given);
  return null;
}

/** The second step of signing in: the ticket, and a code of the authenticator or a recovery code. */
export async function signInWithCode(ticket: string, code: string): Promise<void> {
  set(await ask<Session>("second-factor", { ticket, code }));
}

export const signInOptions = () => ask<{ single_sign_on: string | null; mail: boolean }>("options");
export const askForLink = (user: string) => ask<object>("forgotten", { user });
export const lookAtLink = (token: string) => ask<LinkSeen>("link", { token });
export const acceptLink = (token: string, password: string) => ask<object>("link/accept", { token, password });

export async function signOut(): Promise<void> {
  await authorised(new Request("/api/v1/auth/logout", { method: "POST" })).catch(() => undefined);
  set(null);
}

/**
 * One tab at a time: a refresh token may be used once, and two tabs that send the same one would end the session. Where the
 * browser has no locks (a plain http address that is not this machine), tabs take the chance.
 */
const alone = async (ask: () => Promise<Response>): Promise<Response> =>
  "locks" in navigator ? await navigator.locks.request("tillsight-refresh", ask) : await ask();

/** A new access token from the cookie; false when there is no session any more. Asked once, however many wait for it. */
function refresh(): Promise<boolean> {
  refreshing ??= alone(() => fetch("/api/v1/auth/refresh-token", { method: "POST" }))
    .then(async (response) => {
      if (!response.ok) {
        set(null);
        return false;
      }
      set(((await response.json()) as { data: Session }).data);
      return true;
    })
    .catch(() => false)
    .finally(() => {
      refreshing = null;
    });
  return refreshing;
}

export const signedIn = async (): Promise<boolean> =>
  session !== null || (localStorage.getItem(HINT) !== null && (await refresh()));

/** What the server says of the user now: after something about him was changed, or when he was signed in elsewhere. */
export const renewed = (): Promise<boolean> => refresh();

/** The session has ended on the server already. */
export const forget = (): void => set(null);

/** Send a request with the access token; after a 401, once more with a new one. */
export async function authorised(request: Request): Promise<Response> {
  const again = request.clone();
  const response = await fetch(withToken(request));
  if (response.status !== 401) return response;
  return (await refresh()) ? fetch(withToken(again)) : response;
}

function withToken(request: Request): Request {
  if (session) request.headers.set("Authorization", `Bearer ${session.access_token}`);
  return request;
}

export function messageOf(body: unknown): string | null {
  const error = (body as { error?: { message?: unknown } } | null)?.error;
  return typeof error?.message === "string" ? error.message : null;
}
