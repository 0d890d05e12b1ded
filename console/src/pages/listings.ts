/** What the long listings ask for, so that it can be asked for before their pages are there. */
import { askAhead } from '../api/queries';

/** What an address of a listing says behind its question mark. */
interface Asked {
  q?: string | undefined;
  state?: string | undefined;
  status?: string | undefined;
  sort?: string | undefined;
}

export const GROUPS = '/v1/companies/{company}/groups';
export function ofGroups({ q, state, sort }: Asked) {
  const live = state !== 'archived';
  return { query: { q: q?.trim() ?? '', state: live ? ('live' as const) : ('archived' as const), sort: (sort ?? 'name') as 'name', total: true, counts: live ? true : undefined } };
}

export const USERS = '/v1/companies/{company}/users';
export function ofUsers({ q, status, sort }: Asked) {
  return { query: { q: q?.trim() ?? '', status: status as 'active' | undefined, sort: (sort ?? 'name') as 'name', total: true } };
}

export const aheadOf = {
  groups: ({ location }: { location: { search: Asked } }) => askAhead(GROUPS, ofGroups(location.search)),
  users: ({ location }: { location: { search: Asked } }) => askAhead(USERS, ofUsers(location.search)),
};
