/** How answers are kept: read once, shown at once, read again after every change. */
import { infiniteQueryOptions, keepPreviousData, QueryClient, useInfiniteQuery, useQuery } from '@tanstack/react-query';
import { type Answer, type Call, get, type PathOf, Problem, send, workingIn } from './client';
import type { components } from './schema';

export type Schemas = components['schemas'];

export const client = new QueryClient({
  defaultOptions: {
    queries: {
      staleTime: 15_000,
      retry: (count, error) => count < 2 && error instanceof Problem && (error.status === 0 || error.status >= 500),
      refetchOnWindowFocus: true,
    },
  },
});

/** After a change: whatever is shown is read again, since a change of one thing is felt in many. Of growth, which reads far, one change is nothing. */
export function refresh() {
  return client.invalidateQueries({ predicate: (query) => query.queryKey[0] !== 'growth' });
}

/** One answer. */
export function useGet<P extends PathOf<'get'>>(path: P, call: Call<P, 'get'> = {}, when = true, keep = false) {
  return useQuery({
    queryKey: [path, call.path, call.query],
    queryFn: ({ signal }) => get(path, { ...call, signal }),
    enabled: when,
    placeholderData: keep ? keepPreviousData : undefined,
  });
}

interface Paged<T> {
  items: T[];
  next?: string | null;
  total?: number | null;
}
type Item<P extends PathOf<'get'>> = Answer<P, 'get'> extends { items: (infer T)[] } ? T : never;

/** A listing as it is asked for and kept. */
function listing<P extends PathOf<'get'>>(path: P, call: Call<P, 'get'>, first: number, later: number) {
  return infiniteQueryOptions({
    queryKey: ['list', path, call.path, call.query],
    queryFn: async ({ pageParam, signal }) => {
      const query = { ...(call.query as object | undefined), limit: pageParam ? later : first, cursor: pageParam };
      return (await get(path, { ...call, query, signal } as never)) as unknown as Paged<Item<P>>;
    },
    initialPageParam: undefined as string | undefined,
    getNextPageParam: (page: Paged<Item<P>>) => page.next ?? undefined,
  });
}

/** Asks for a listing before its page is there: on the way to it, or while a link to it is pointed at. */
export function askAhead<P extends PathOf<'get'>>(path: P, call: Call<P, 'get'>) {
  void client.prefetchInfiniteQuery(listing(path, call, FIRST, LATER));
}

/** Rows of the first page of a listing, and of each after it. */
const [FIRST, LATER] = [100, 1000];

/** A listing, page after page as it is needed. */
export function useList<P extends PathOf<'get'>>(path: P, call: Call<P, 'get'> = {}, when = true, first = FIRST, later = LATER) {
  const found = useInfiniteQuery({ ...listing(path, call, first, later), placeholderData: keepPreviousData, enabled: when });
  const pages = found.data?.pages ?? [];
  return { ...found, items: pages.flatMap((page) => page.items), total: pages[0]?.total ?? undefined };
}

/** What ids are called, asked for together whoever asks within a moment. */
const known = new Map<string, { name: string; type: string } | null>();
let asked = new Map<string, ((name: { name: string; type: string } | null) => void)[]>();
let timer: ReturnType<typeof setTimeout> | undefined;

function ask(id: string) {
  const found = known.get(id);
  if (found !== undefined) return Promise.resolve(found);
  return new Promise<{ name: string; type: string } | null>((tell) => {
    asked.set(id, [...(asked.get(id) ?? []), tell]);
    timer ??= setTimeout(() => void flush(), 8);
  });
}

async function flush() {
  const batch = asked;
  asked = new Map();
  timer = undefined;
  const ids = [...batch.keys()];
  for (let at = 0; at < ids.length; at += 1000) {
    const part = ids.slice(at, at + 1000);
    const answer = (await send('POST', `/v1/companies/${workingIn()}/names`, { ids: part }).catch(() => ({ names: [] }))) as { names: { id: string; name: string; type: string }[] };
    for (const one of answer.names) known.set(one.id, one);
    for (const id of part) {
      if (!known.has(id)) known.set(id, null);
      for (const tell of batch.get(id) ?? []) tell(known.get(id) ?? null);
    }
  }
}

/** Remembers what a listing has told, so that it is not asked for again. */
export function learn(id: string, name: string, type: string) {
  known.set(id, { name, type });
}

/** Forgets all names: another company, or a rename. */
export function forgetNames() {
  known.clear();
}

/** The name of a user or group; undefined while it is being asked for, null when there is none. */
export function useName(id: string | null | undefined) {
  const found = useQuery({ queryKey: ['name', id], queryFn: () => ask(id as string), enabled: !!id, staleTime: 60_000 });
  return id ? found.data : null;
}

/** The names of several ids at once. */
export function useNames(ids: string[]) {
  const found = useQuery({
    queryKey: ['names', ids],
    queryFn: async () => new Map(await Promise.all(ids.map(async (id) => [id, await ask(id)] as const))),
    enabled: ids.length > 0,
    staleTime: 60_000,
  });
  return found.data ?? new Map<string, { name: string; type: string } | null>();
}

/** Asks who is signed in before anything that waits for it is there. */
export function askMeAhead() {
  void client.prefetchQuery({ queryKey: ['/v1/me', undefined, undefined], queryFn: () => get('/v1/me') });
}

/** Who is signed in, and what they may do. */
export function useMe() {
  return useGet('/v1/me').data;
}

/** May the caller manage the company, as far as can be told beforehand? */
export function useRights() {
  const me = useMe();
  const writes = me?.access === 'write';
  return { me, admin: me?.role === 'admin', writes, manages: writes && me?.role === 'admin', edits: writes && (me?.role === 'admin' || me?.role === 'editor') };
}
