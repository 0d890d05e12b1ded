/** What happens elsewhere shows here: administrators follow the journal, and what is shown is read again after it. */
import { useEffect } from 'react';
import { address } from './client';
import { refresh, useMe } from './queries';

/** Between two times that everything is read again because of others. */
const REST = 3_000;

const kinds = [
  'group.created', 'group.updated', 'group.archived', 'group.restored', 'group.nested', 'group.unnested', 'group.members_added', 'group.members_removed', 'group.members_changed',
  'group.members_started', 'group.members_ended', 'group.owners_changed', 'group.roles_changed', 'group.app_linked', 'group.app_unlinked', 'user.created', 'user.updated', 'user.deactivated',
  'user.reactivated', 'request.raised', 'request.opened', 'request.approved', 'request.declined', 'request.completed', 'task.assigned', 'task.decided', 'app.created', 'app.updated',
  'app.access_given', 'app.access_ended', 'company.imported', 'webhook.disabled',
];

export function useLive() {
  const me = useMe();
  const follows = me?.role === 'admin';
  useEffect(() => {
    // A browser opens only a few connections to a host, for all its tabs: one of them listens and tells the others.
    if (!follows || !navigator.locks) return;
    const ended = new AbortController();
    const others = new BroadcastChannel('guildhall-live');
    let timer: ReturnType<typeof setTimeout> | undefined;
    const heard = () => {
      timer ??= setTimeout(() => {
        timer = undefined;
        if (document.visibilityState === 'visible') void refresh();
      }, REST);
    };
    others.onmessage = heard;
    const listen = () =>
      new Promise<void>((done) => {
        const stream = new EventSource(address('/v1/companies/{company}/events'));
        for (const kind of kinds) {
          stream.addEventListener(kind, () => {
            heard();
            others.postMessage(kind);
          });
        }
        ended.signal.addEventListener('abort', () => {
          stream.close();
          done();
        });
      });
    // Waits until no other tab listens; refused when this page is left before that.
    navigator.locks.request('guildhall-live', { signal: ended.signal }, listen).catch(() => undefined);
    return () => {
      ended.abort();
      others.close();
      clearTimeout(timer);
    };
  }, [follows]);
}
