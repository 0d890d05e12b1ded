/** Times in the reader's own zone, short to read and exact on hover. */
import { useSyncExternalStore } from 'react';

const day = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short' });
const dayYear = new Intl.DateTimeFormat(undefined, { day: 'numeric', month: 'short', year: 'numeric' });
const exact = new Intl.DateTimeFormat(undefined, { dateStyle: 'full', timeStyle: 'long' });
const near = new Intl.RelativeTimeFormat(undefined, { numeric: 'auto' });

let minute = Date.now();
const listeners = new Set<() => void>();
setInterval(() => {
  minute = Date.now();
  for (const tell of listeners) tell();
}, 30_000);

/** The present, to half a minute. */
export function useNow() {
  return useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => minute,
  );
}

/** A time as people say it: "3 hours ago", "in 2 days", "14 Mar 2025". */
export function said(at: Date, now: number) {
  const seconds = (at.getTime() - now) / 1000;
  const size = Math.abs(seconds);
  if (size < 45) return 'just now';
  if (size < 3600) return near.format(Math.round(seconds / 60), 'minute');
  if (size < 86_400) return near.format(Math.round(seconds / 3600), 'hour');
  if (size < 7 * 86_400) return near.format(Math.round(seconds / 86_400), 'day');
  return at.getFullYear() === new Date(now).getFullYear() ? day.format(at) : dayYear.format(at);
}

export function exactly(at: string) {
  return exact.format(new Date(at));
}

export function Time({ at }: { at: string | null | undefined }) {
  const now = useNow();
  if (!at) return <span className="faint">never</span>;
  return (
    <time dateTime={at} title={exactly(at)}>
      {said(new Date(at), now)}
    </time>
  );
}

export function Day({ at }: { at: string | null | undefined }) {
  if (!at) return <span className="faint">–</span>;
  return (
    <time dateTime={at} title={exactly(at)}>
      {dayYear.format(new Date(at))}
    </time>
  );
}

/** The value of a date-and-time field, in the reader's zone. */
export function toField(at: Date) {
  const local = new Date(at.getTime() - at.getTimezoneOffset() * 60_000);
  return local.toISOString().slice(0, 16);
}

/** What such a field says, as the API takes it. */
export function fromField(value: string) {
  return value ? new Date(value).toISOString() : undefined;
}
