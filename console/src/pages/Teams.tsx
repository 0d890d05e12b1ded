/** Teams: the workspace areas that people work in. */
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { Plus, Waypoints } from 'lucide-react';
import { useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useList, useRights } from '../api/queries';
import { Ask, Field } from '../ui/ask';
import { Avatar, Badge, Choice, Empty, Head, Icon, Wrong } from '../ui/parts';
import { type Column, Table } from '../ui/table';
import { Day } from '../ui/time';

export type Team = Schemas['Team'];

export function TeamBadges({ team }: { team: Team }) {
  return (
    <>
      <Badge tone={team.type === 'OPEN' ? 'good' : 'plain'} title={team.type === 'OPEN' ? 'Everybody sees it' : 'Its members and administrators see it'}>
        {team.type === 'OPEN' ? 'open' : 'closed'}
      </Badge>
      {team.default && <Badge tone="info" title="Everybody but guests belongs to it">default</Badge>}
      {team.archivedAt && <Badge tone="warn">archived</Badge>}
    </>
  );
}

const columns: Column<Team>[] = [
  {
    key: 'name',
    head: 'Name',
    width: 'minmax(160px, 2fr)',
    cell: (row) => (
      <div className="row">
        <Avatar name={row.name} group icon={row.icon} />
        <Link className="cover cut" to="/teams/$team" params={{ team: row.id }} style={{ fontWeight: 550 }}>
          {row.name}
        </Link>
      </div>
    ),
  },
  { key: 'about', head: 'Description', width: 'minmax(120px, 3fr)', wide: true, cell: (row) => <div className="cut muted">{row.description}</div> },
  { key: 'kind', head: 'Seen by', width: '130px', cell: (row) => <div className="row"><TeamBadges team={row} /></div> },
  { key: 'made', head: 'Made', width: '104px', wide: true, end: true, cell: (row) => <span className="muted"><Day at={row.createdAt} /></span> },
];

export function Teams() {
  const { archived } = useSearch({ from: '/teams' });
  const navigate = useNavigate({ from: '/teams' });
  const { manages } = useRights();
  const [asks, setAsks] = useState(false);
  const found = useList('/v1/companies/{company}/teams', { query: { archived: archived || undefined } });
  const rows = (found.items as Team[]).filter((team) => !!team.archivedAt === !!archived);
  const make = manages && (
    <button type="button" className="btn primary" onClick={() => setAsks(true)}>
      <Icon of={Plus} /> New team
    </button>
  );
  return (
    <>
      <Head title="Teams" sub="Areas of the workspace, with people and whole groups in them." actions={make} />
      <div className="tools">
        <Choice label="State" value={archived ? 'archived' : 'live'} options={[['live', 'Live'], ['archived', 'Archived']]} onChange={(to) => void navigate({ search: { archived: to === 'archived' || undefined }, replace: true })} />
      </div>
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table
        label="Teams"
        columns={columns}
        rows={rows}
        id={(row) => row.id}
        more={found.hasNextPage}
        onMore={() => !found.isFetchingNextPage && void found.fetchNextPage()}
        loading={found.isPending}
        links
        empty={
          archived ? (
            <Empty icon={Waypoints} title="Nothing is archived">Archived teams rest here and can be brought back.</Empty>
          ) : (
            <Empty icon={Waypoints} title="No teams yet" action={make}>
              A team is an area that people work in. Put whole groups into it, and whoever is in them is in the team.
            </Empty>
          )
        }
      />
      {asks && <TeamForm onClose={() => setAsks(false)} />}
    </>
  );
}

/** Makes a team, or edits one. */
export function TeamForm({ team, onClose }: { team?: Team; onClose: () => void }) {
  const navigate = useNavigate();
  const [name, setName] = useState(team?.name ?? '');
  const [icon, setIcon] = useState(team?.icon ?? '');
  const [description, setDescription] = useState(team?.description ?? '');
  const [type, setType] = useState(team?.type ?? 'OPEN');
  const [everybody, setEverybody] = useState(team?.default ?? false);
  const body = { name, type, icon: icon || null, description: description || null, default: everybody };
  const asked = team
    ? change('patch', '/v1/companies/{company}/teams/{team}', { path: { team: team.id }, body })
    : change('post', '/v1/companies/{company}/teams', { body });
  return (
    <Ask
      title={team ? `Edit ${team.name}` : 'New team'}
      verb={team ? 'Save' : 'Make the team'}
      done={team ? `${name} is changed` : `${name} is made`}
      change={name.trim() ? asked : undefined}
      onClose={onClose}
      onDone={(made) => !team && void navigate({ to: '/teams/$team', params: { team: (made as Team).id } })}
    >
      <div className="row" style={{ alignItems: 'flex-start' }}>
        <div style={{ width: 74 }}>
          <Field id="te-icon" label="Icon">
            <input id="te-icon" className="input" value={icon} onChange={(event) => setIcon(event.target.value)} maxLength={16} />
          </Field>
        </div>
        <Field id="te-name" label="Name">
          <input id="te-name" className="input" value={name} onChange={(event) => setName(event.target.value)} required maxLength={255} autoFocus />
        </Field>
      </div>
      <Field id="te-about" label="Description">
        <textarea id="te-about" className="area" value={description} onChange={(event) => setDescription(event.target.value)} maxLength={1000} />
      </Field>
      <Field id="te-type" label="Seen by">
        <select id="te-type" className="select" value={type} onChange={(event) => setType(event.target.value)}>
          <option value="OPEN">everybody</option>
          <option value="CLOSED">its members and administrators</option>
        </select>
      </Field>
      <label className="check">
        <input type="checkbox" checked={everybody} onChange={(event) => setEverybody(event.target.checked)} />
        <span>
          Everybody but guests belongs to it
          <span className="hint xs faint" style={{ display: 'block' }}>
            One team of a company does: another one ceases to.
          </span>
        </span>
      </label>
    </Ask>
  );
}
