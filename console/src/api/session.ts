/** The session of this browser: who is signed in, and the proof that goes with every change. */
import { useSyncExternalStore } from 'react';

/** A way to sign in that is no key. */
export interface Way {
  name: string;
  url: string;
}

/** What `/console/session` tells. */
export type Session = { signedIn: true; company: string; user: string; expiresAt: string; proof: string } | { signedIn: false; ways?: Way[] };

let now: Session | undefined;
const listeners = new Set<() => void>();

function set(next: Session) {
  now = next;
  for (const tell of listeners) tell();
}

/** The proof of the present session; empty when nobody is signed in. */
export function proof() {
  return now?.signedIn ? now.proof : '';
}

/** The session, once it is known. */
export function useSession() {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => now,
  );
}

/** Asks the server who is signed in. */
export async function load() {
  const response = await fetch('/console/session', { headers: { accept: 'application/json' } });
  if (!response.ok) throw new Error('The server cannot tell who is signed in just now.');
  const told = (await response.json()) as Session;
  set(told);
  return told;
}

/** A call was refused for want of a session: it ended elsewhere. */
export function signedOut() {
  if (!now?.signedIn) return;
  set({ signedIn: false });
  // Which ways there are to sign in again.
  void load().catch(() => undefined);
}

/** Signs in with a key. */
export async function signIn(key: string) {
  const response = await fetch('/console/session', {
    method: 'POST',
    headers: { 'content-type': 'application/json' },
    body: JSON.stringify({ key }),
  });
  const body = (await response.json().catch(() => ({}))) as Record<string, unknown>;
  if (!response.ok) throw new Error(String(body.detail ?? 'Signing in failed.'));
  set(body as Session);
}

/** Signs out, on the server as well. */
export async function signOut() {
  await fetch('/console/session', { method: 'DELETE', headers: { 'guildhall-proof': proof() } });
  signedOut();
}
