/** One group: who is in it and why, how it hangs together, what it gives, what became of it. */
import { Link, useNavigate, useParams, useSearch } from '@tanstack/react-router';
import { Archive, ArchiveRestore, Clock, Pencil, Snowflake, X } from 'lucide-react';
import { lazy, Suspense, useState } from 'react';
import { change } from '../api/client';
import { useGet, useRights } from '../api/queries';
import { Avatar, Badge, Bones, Head, Icon, Note, plural, showTab, Wrong } from '../ui/parts';
import { ChangeDialog } from '../ui/preview';
import { Day, exactly } from '../ui/time';
import { EditGroup } from './group/EditGroup';
import { Members } from './group/Members';
import { Kind } from './Groups';

const GroupMap = lazy(() => import('./group/GroupMap').then((page) => ({ default: page.GroupMap })));
const Rule = lazy(() => import('./group/Rule').then((page) => ({ default: page.Rule })));
const Gives = lazy(() => import('./group/Gives').then((page) => ({ default: page.Gives })));
const Owners = lazy(() => import('./group/Owners').then((page) => ({ default: page.Owners })));
const History = lazy(() => import('./group/History').then((page) => ({ default: page.History })));

const tabs = [
  ['members', 'Members'],
  ['map', 'Map'],
  ['gives', 'What it gives'],
  ['owners', 'Owners'],
  ['rule', 'Rule'],
  ['history', 'History'],
] as const;

export function GroupPage() {
  const { group: id } = useParams({ from: '/groups/$group' });
  const search = useSearch({ from: '/groups/$group' });
  const navigate = useNavigate({ from: '/groups/$group' });
  const { manages, admin } = useRights();
  const [asks, setAsks] = useState<'edit' | 'archive' | 'restore'>();
  const found = useGet('/v1/companies/{company}/groups/{group}', { path: { group: id }, query: { at: search.at } });
  const counts = useGet('/v1/companies/{company}/groups/{group}/members/count', { path: { group: id }, query: { at: search.at } }, found.data?.state === 'live');
  const group = found.data;
  const tab = search.tab ?? 'members';
  if (found.isError) return <Wrong error={found.error} retry={() => void found.refetch()} />;
  if (!group) return <div className="grid"><Bones /></div>;
  const restored = () => change('post', '/v1/companies/{company}/groups/{group}/restore', { path: { group: id } });
  const archived = () => change('post', '/v1/companies/{company}/groups/{group}/archive', { path: { group: id } });
  return (
    <>
      <Head
        crumbs={<Link to="/groups">Groups</Link>}
        icon={<Avatar name={group.name} group big icon={group.icon} />}
        title={group.name}
        sub={
          <span className="row wrap">
            <Kind group={group} />
            {group.unmodifiable && <Badge icon={Snowflake} tone="info" title="Name and description are frozen">Unmodifiable</Badge>}
            {group.longestDays && <Badge icon={Clock}>at most {plural(group.longestDays, 'day')}</Badge>}
            {counts.data && (
              <span className="num">
                {plural(counts.data.effective, 'member')}
                {counts.data.effective !== counts.data.direct && `, ${counts.data.direct.toLocaleString()} of them direct`}
              </span>
            )}
            <span className="faint">
              made <Day at={group.createdAt} />
            </span>
          </span>
        }
        actions={
          manages &&
          !search.at && (
            <>
              {group.state === 'live' && (
                <>
                  <button type="button" className="btn" onClick={() => setAsks('edit')}>
                    <Icon of={Pencil} /> Edit
                  </button>
                  <button type="button" className="btn" onClick={() => setAsks('archive')}>
                    <Icon of={Archive} /> Archive
                  </button>
                </>
              )}
              {group.state === 'archived' && (
                <button type="button" className="btn primary" onClick={() => setAsks('restore')}>
                  <Icon of={ArchiveRestore} /> Restore
                </button>
              )}
            </>
          )
        }
      />
      {group.description && <p className="muted" style={{ margin: '-4px 0 14px', maxWidth: '80ch' }}>{group.description}</p>}
      {search.at && (
        <div style={{ marginBottom: 14 }}>
          <Note tone="warn">
            <span className="row wrap spread">
              <span>
                You see this group as it was on <strong>{exactly(search.at)}</strong>.
              </span>
              <button type="button" className="btn small" onClick={() => void navigate({ search: (before) => ({ ...before, at: undefined }) })}>
                <Icon of={X} /> Back to now
              </button>
            </span>
          </Note>
        </div>
      )}
      {group.state === 'archived' && !search.at && (
        <div style={{ marginBottom: 14 }}>
          <Note tone="warn">
            This group is archived: nobody is in it and it gives nothing. It can be restored until <Day at={group.purgeAt} />, and is then purged.
          </Note>
        </div>
      )}
      <nav className="tabs" aria-label="Parts of this group" ref={(nav) => showTab(nav)}>
        {tabs
          .filter(([key]) => (key !== 'history' || admin) && (!search.at || key === 'members'))
          .map(([key, name]) => (
            <Link key={key} className="tab" activeOptions={{ exact: true, includeSearch: true, explicitUndefined: true }} to="/groups/$group" params={{ group: id }} search={{ tab: key === 'members' ? undefined : key, at: search.at }} aria-current={tab === key ? 'page' : undefined}>
              {name}
              {key === 'members' && counts.data && <span className="n">{counts.data.effective.toLocaleString()}</span>}
            </Link>
          ))}
      </nav>
      <Suspense fallback={<div className="grid"><Bones /></div>}>
        {tab === 'members' && <Members group={group} />}
        {tab === 'map' && <GroupMap group={group} />}
        {tab === 'gives' && <Gives group={group} />}
        {tab === 'owners' && <Owners group={group} />}
        {tab === 'rule' && <Rule group={group} />}
        {tab === 'history' && <History group={group} />}
      </Suspense>
      {asks === 'edit' && <EditGroup group={group} onClose={() => setAsks(undefined)} />}
      {asks === 'restore' && <ChangeDialog title={`Restore ${group.name}?`} change={restored()} verb="Restore" done={`${group.name} is back`} undo={archived} onClose={() => setAsks(undefined)} />}
      {asks === 'archive' && (
        <ChangeDialog
          title={`Archive ${group.name}?`}
          change={archived()}
          verb="Archive"
          danger
          done={`${group.name} is archived`}
          undo={restored}
          onClose={() => setAsks(undefined)}
        >
          <p className="small muted">Its members leave it and what it gave ends, at once. Nothing is lost: it can be restored for a while.</p>
        </ChangeDialog>
      )}
    </>
  );
}
