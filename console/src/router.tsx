/** Which page answers which address. Pages beyond the first are fetched when they are gone to. */
import { createRootRoute, createRoute, createRouter, lazyRouteComponent } from '@tanstack/react-router';
import { Compass } from 'lucide-react';
import { Shell } from './app/Shell';
import { aheadOf } from './pages/listings';
import { Empty, Wrong } from './ui/parts';

const root = createRootRoute({
  component: Shell,
  notFoundComponent: () => (
    <Empty icon={Compass} title="There is no such page">
      Look for it with Ctrl K, or choose a page on the left.
    </Empty>
  ),
  errorComponent: ({ error, reset }) => <Wrong error={error} retry={reset} />,
});

type Search = Record<string, unknown>;
type Known<T extends string, M extends string> = Partial<Record<T, string | undefined>> & Partial<Record<M, true | undefined>>;

/** The parts of an address behind its question mark that a page knows: texts, and marks that are set or not. */
function knows<const T extends string, const M extends string = never>(texts: readonly T[], marks: readonly M[] = []) {
  return (search: Search): Known<T, M> => {
    const found: Search = {};
    for (const name of texts) if (typeof search[name] === 'string' && search[name]) found[name] = search[name];
    for (const name of marks) if (search[name] === true || search[name] === 'true') found[name] = true;
    return found as Known<T, M>;
  };
}

const groups = createRoute({
  getParentRoute: () => root,
  path: '/groups',
  validateSearch: knows(['q', 'state', 'kind', 'sort'], ['new']),
  loader: aheadOf.groups,
  component: lazyRouteComponent(() => import('./pages/Groups'), 'Groups'),
});
const group = createRoute({
  getParentRoute: () => root,
  path: '/groups/$group',
  validateSearch: knows(['tab', 'at'], ['direct']),
  component: lazyRouteComponent(() => import('./pages/Group'), 'GroupPage'),
});
const users = createRoute({
  getParentRoute: () => root,
  path: '/users',
  validateSearch: knows(['q', 'status', 'sort'], ['new']),
  loader: aheadOf.users,
  component: lazyRouteComponent(() => import('./pages/Users'), 'Users'),
});
const user = createRoute({
  getParentRoute: () => root,
  path: '/users/$user',
  validateSearch: knows(['tab', 'group', 'role', 'app', 'at']),
  component: lazyRouteComponent(() => import('./pages/User'), 'UserPage'),
});
const overview = createRoute({ getParentRoute: () => root, path: '/', component: lazyRouteComponent(() => import('./pages/Overview'), 'Overview') });

const tasks = createRoute({ getParentRoute: () => root, path: '/tasks', validateSearch: knows(['status']), component: lazyRouteComponent(() => import('./pages/Tasks'), 'Tasks') });
const requests = createRoute({ getParentRoute: () => root, path: '/requests', validateSearch: knows(['status'], ['mine']), component: lazyRouteComponent(() => import('./pages/Requests'), 'Requests') });
const apps = createRoute({ getParentRoute: () => root, path: '/apps', validateSearch: knows(['q']), component: lazyRouteComponent(() => import('./pages/Apps'), 'Apps') });
const app = createRoute({ getParentRoute: () => root, path: '/apps/$app', component: lazyRouteComponent(() => import('./pages/App'), 'AppPage') });
const roles = createRoute({ getParentRoute: () => root, path: '/roles', component: lazyRouteComponent(() => import('./pages/Roles'), 'Roles') });
const policies = createRoute({ getParentRoute: () => root, path: '/policies', component: lazyRouteComponent(() => import('./pages/Policies'), 'Policies') });
const connections = createRoute({ getParentRoute: () => root, path: '/connections', component: lazyRouteComponent(() => import('./pages/Connections'), 'Connections') });
const connection = createRoute({ getParentRoute: () => root, path: '/connections/$connection', component: lazyRouteComponent(() => import('./pages/Connections'), 'ConnectionPage') });
const webhooks = createRoute({ getParentRoute: () => root, path: '/webhooks', component: lazyRouteComponent(() => import('./pages/Webhooks'), 'Webhooks') });
const webhook = createRoute({ getParentRoute: () => root, path: '/webhooks/$webhook', component: lazyRouteComponent(() => import('./pages/Webhooks'), 'WebhookPage') });
const keys = createRoute({ getParentRoute: () => root, path: '/keys', component: lazyRouteComponent(() => import('./pages/Keys'), 'Keys') });
const journal = createRoute({ getParentRoute: () => root, path: '/journal', validateSearch: knows(['subject']), component: lazyRouteComponent(() => import('./pages/Journal'), 'Journal') });
const settings = createRoute({ getParentRoute: () => root, path: '/settings', component: lazyRouteComponent(() => import('./pages/Settings'), 'Settings') });

const reviews = createRoute({ getParentRoute: () => root, path: '/reviews', validateSearch: knows(['status'], ['mine']), component: lazyRouteComponent(() => import('./pages/Reviews'), 'Reviews') });
const review = createRoute({ getParentRoute: () => root, path: '/reviews/$review', component: lazyRouteComponent(() => import('./pages/Review'), 'ReviewPage') });
const conflicts = createRoute({ getParentRoute: () => root, path: '/conflicts', component: lazyRouteComponent(() => import('./pages/Conflicts'), 'Conflicts') });

const teams = createRoute({ getParentRoute: () => root, path: '/teams', validateSearch: knows([], ['archived']), component: lazyRouteComponent(() => import('./pages/Teams'), 'Teams') });
const team = createRoute({ getParentRoute: () => root, path: '/teams/$team', component: lazyRouteComponent(() => import('./pages/Team'), 'TeamPage') });
const sheets = createRoute({ getParentRoute: () => root, path: '/sheets', component: lazyRouteComponent(() => import('./pages/Sheets'), 'Sheets') });

const tree = root.addChildren([
  overview, groups, group, users, user, tasks, requests, apps, app, roles, policies, connections, connection, webhooks, webhook, keys, journal, settings,
  reviews, review, conflicts, teams, team, sheets,
]);

export const router = createRouter({ routeTree: tree, basepath: '/console', defaultPreload: 'intent', scrollRestoration: true });

declare module '@tanstack/react-router' {
  interface Register {
    router: typeof router;
  }
}
