/** Who is in a group, with every reason, its window and where it comes from. */
import { Link, useNavigate, useSearch } from '@tanstack/react-router';
import { CalendarClock, CircleHelp, UserPlus, UsersRound } from 'lucide-react';
import { useState } from 'react';
import { change } from '../../api/client';
import { learn, type Schemas, useGet, useList, useMe, useRights } from '../../api/queries';
import { Avatar, Badge, Choice, Empty, Icon, plural, type Tone, Wrong } from '../../ui/parts';
import { Picker, type Picked } from '../../ui/picker';
import { ChangeDialog } from '../../ui/preview';
import { type Column, Table } from '../../ui/table';
import { Day, exactly, fromField, Time, toField } from '../../ui/time';

type Row = Schemas['ListedMember'];
type Reason = Schemas['Reason'];

const tones: Record<string, Tone> = { direct: 'accent', synced: 'info', rule: 'violet', requested: 'warn' };
export const kinds: Record<string, string> = { direct: 'By hand', synced: 'Synced', rule: 'Rule', requested: 'Requested' };

/** A reason in a word, its window beside it, everything else on hover. */
export function ReasonBadge({ reason }: { reason: Reason }) {
  const future = reason.startsAt && new Date(reason.startsAt) > new Date();
  const words = [
    `${kinds[reason.kind] ?? reason.kind}, given ${exactly(reason.addedAt)}`,
    reason.startsAt && `from ${exactly(reason.startsAt)}`,
    reason.endsAt && `until ${exactly(reason.endsAt)}`,
    reason.note,
  ].filter(Boolean);
  return (
    <Badge tone={future ? 'plain' : (tones[reason.kind] ?? 'plain')} title={words.join('\n')} icon={reason.endsAt || future ? CalendarClock : undefined}>
      {kinds[reason.kind] ?? reason.kind}
      {future && reason.startsAt ? <> · from <Day at={reason.startsAt} /></> : reason.endsAt && <> · until <Day at={reason.endsAt} /></>}
    </Badge>
  );
}

export function Members({ group }: { group: Schemas['Group'] }) {
  const search = useSearch({ from: '/groups/$group' });
  const navigate = useNavigate({ from: '/groups/$group' });
  const { edits } = useRights();
  const me = useMe();
  const owners = useGet('/v1/companies/{company}/groups/{group}/owners', { path: { group: group.id } });
  const [chosen, setChosen] = useState<Map<string, Row>>(new Map());
  const [asks, setAsks] = useState<'add' | 'remove'>();
  const [terms, setTerms] = useState<{ row: Row; reason: Reason }>();
  const effective = !search.direct;
  const query = { effective, total: true, reasons: search.at ? undefined : true, at: search.at };
  const found = useList('/v1/companies/{company}/groups/{group}/members', { path: { group: group.id }, query }, group.state === 'live' || !!search.at, 100, 500);
  const rows = found.items as Row[];
  for (const row of rows) learn(row.user.id, row.user.name, 'user');
  const owns = owners.data?.items.some((owner) => owner.id === me?.user?.id) ?? false;
  const closed = group.source ?? (group.rule ? 'its rule' : undefined);
  const may = edits && group.state === 'live' && !search.at && !closed && (me?.role === 'admin' || owns);
  // Given anew, a membership would lose its window, its approval and its note: it is not undone at one stroke, but put back by the history.
  const comesBack = (row: Row) => !group.defaultDays && !!row.reasons?.every((reason) => reason.kind === 'direct' && !reason.startsAt && !reason.endsAt && !reason.note);
  const toggle = (row: Row) => {
    const next = new Map(chosen);
    if (!next.delete(row.user.id)) next.set(row.user.id, row);
    setChosen(next);
  };
  const columns: Column<Row>[] = [
    ...(may
      ? [
          {
            key: 'tick',
            head: <span className="sr">Choose</span>,
            width: '20px',
            cell: (row: Row) => row.direct && <input type="checkbox" aria-label={`Choose ${row.user.name}`} checked={chosen.has(row.user.id)} onChange={() => toggle(row)} />,
          },
        ]
      : []),
    {
      key: 'name',
      head: 'Member',
      width: 'minmax(150px, 2fr)',
      cell: (row) => (
        <div className="row">
          <Avatar name={row.user.name} />
          <Link className="link cut" to="/users/$user" params={{ user: row.user.id }} style={{ fontWeight: 550 }}>
            {row.user.name}
          </Link>
          {row.user.status !== 'active' && <Badge tone="warn">{row.user.status}</Badge>}
        </div>
      ),
    },
    { key: 'email', head: 'E-mail', width: 'minmax(120px, 2fr)', wide: true, cell: (row) => <div className="cut muted">{row.user.email}</div> },
    {
      key: 'why',
      head: 'Why',
      width: 'minmax(120px, 2fr)',
      cell: (row) => (
        <div className="row" style={{ overflow: 'hidden' }}>
          {row.reasons?.map((reason) =>
            may && (reason.kind === 'direct' || reason.kind === 'requested') ? (
              <button key={reason.id} type="button" className="bare" onClick={() => setTerms({ row, reason })}>
                <ReasonBadge reason={reason} />
                <span className="sr">, change how long {row.user.name} stays</span>
              </button>
            ) : (
              <ReasonBadge key={reason.id} reason={reason} />
            ),
          )}
          {!row.direct && <Badge title="In a group that is inside this one">By nesting</Badge>}
          {row.direct && !row.reasons && <Badge tone="accent">Direct</Badge>}
        </div>
      ),
    },
    { key: 'since', head: 'Since', width: '112px', wide: true, end: true, cell: (row) => <span className="muted">{row.addedAt ? <Time at={row.addedAt} /> : <span className="faint">–</span>}</span> },
    {
      key: 'ask',
      head: <span className="sr">Explain</span>,
      width: '30px',
      cell: (row) => (
        <Link className="btn quiet icon small" to="/users/$user" params={{ user: row.user.id }} search={{ tab: 'why', group: group.id, at: search.at }} aria-label={`Why is ${row.user.name} in ${group.name}?`} title="Why?">
          <Icon of={CircleHelp} />
        </Link>
      ),
    },
  ];
  return (
    <>
      <div className="tools">
        <Choice label="Which members" value={effective ? 'all' : 'direct'} options={[['all', 'With nesting'], ['direct', 'Direct only']]} onChange={(to) => void navigate({ search: (before) => ({ ...before, direct: to === 'direct' || undefined }), replace: true })} />
        <span className="grow" />
        {chosen.size > 0 && (
          <>
            <span className="small muted" aria-live="polite">{plural(chosen.size, 'member')} chosen</span>
            <button type="button" className="btn quiet" onClick={() => setChosen(new Map())}>
              Clear
            </button>
            <button type="button" className="btn danger" onClick={() => setAsks('remove')}>
              Remove…
            </button>
          </>
        )}
        {may && (
          <button type="button" className="btn primary" onClick={() => setAsks('add')}>
            <Icon of={UserPlus} /> Add members
          </button>
        )}
        {closed && <span className="small muted">Members are kept by {closed}.</span>}
      </div>
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table
        label={`Members of ${group.name}`}
        tall
        columns={columns}
        rows={rows}
        id={(row) => row.user.id}
        total={found.total}
        more={found.hasNextPage}
        onMore={() => !found.isFetchingNextPage && void found.fetchNextPage()}
        loading={found.isPending && found.fetchStatus !== 'idle'}
        height="min(calc(100dvh - 330px), 1200px)"
        empty={
          <Empty icon={UsersRound} title="Nobody is in this group" action={may && <button type="button" className="btn primary" onClick={() => setAsks('add')}><Icon of={UserPlus} /> Add members</button>}>
            {closed ? `Its members come from ${closed}; nobody fits at present.` : 'Add people by hand, put a group inside it, or give it a rule that keeps its members.'}
          </Empty>
        }
      />
      {terms && <Terms group={group} {...terms} onClose={() => setTerms(undefined)} />}
      {asks === 'add' && <AddMembers group={group} onClose={() => setAsks(undefined)} />}
      {asks === 'remove' && (
        <ChangeDialog
          title={`Remove ${plural(chosen.size, 'member')} from ${group.name}?`}
          danger
          verb="Remove"
          done={`${plural(chosen.size, 'member')} left ${group.name}`}
          change={change('post', '/v1/companies/{company}/groups/{group}/members/remove', { path: { group: group.id }, body: { members: [...chosen.keys()].map((id) => ({ id })) } as never })}
          undo={() => ([...chosen.values()].every(comesBack) ? change('post', '/v1/companies/{company}/groups/{group}/members', { path: { group: group.id }, body: { members: [...chosen.keys()].map((id) => ({ id })), note: 'Put back after removal' } as never }) : undefined)}
          onDone={() => setChosen(new Map())}
          onClose={() => setAsks(undefined)}
        >
          <p className="small muted">{[...chosen.values()].map((row) => row.user.name).join(', ')}</p>
        </ChangeDialog>
      )}
    </>
  );
}

function AddMembers({ group, onClose }: { group: Schemas['Group']; onClose: () => void }) {
  const [people, setPeople] = useState<Picked[]>([]);
  const [starts, setStarts] = useState('');
  const [ends, setEnds] = useState('');
  const [note, setNote] = useState('');
  const members = people.map((one) => ({ id: one.id }));
  const body = { members, startsAt: fromField(starts), endsAt: fromField(ends), note: note || undefined };
  const asked = members.length ? change('post', '/v1/companies/{company}/groups/{group}/members', { path: { group: group.id }, body: body as never }) : undefined;
  return (
    <ChangeDialog
      title={`Add members to ${group.name}`}
      verb={members.length ? `Add ${plural(members.length, 'person', 'people')}` : 'Add'}
      done={`${plural(members.length, 'person', 'people')} joined ${group.name}`}
      change={asked}
      undo={() => change('post', '/v1/companies/{company}/groups/{group}/members/remove', { path: { group: group.id }, body: { members } as never })}
      onClose={onClose}
    >
      <Picker label="People" kinds={['user']} many value={people} onChange={setPeople} autoFocus />
      <div className="row" style={{ alignItems: 'flex-start' }}>
        <div className="field grow">
          <label htmlFor="am-from">From</label>
          <input id="am-from" className="input" type="datetime-local" value={starts} onChange={(event) => setStarts(event.target.value)} />
          <span className="hint">Now, when left empty.</span>
        </div>
        <div className="field grow">
          <label htmlFor="am-until">Until</label>
          <input id="am-until" className="input" type="datetime-local" value={ends} onChange={(event) => setEnds(event.target.value)} />
          <span className="hint">{group.defaultDays ? `${plural(group.defaultDays, 'day')}, when left empty.` : 'For good, when left empty.'}</span>
        </div>
      </div>
      <div className="field">
        <label htmlFor="am-note">Note</label>
        <input id="am-note" className="input" value={note} maxLength={1000} onChange={(event) => setNote(event.target.value)} placeholder="Why, for whoever asks later" />
      </div>
    </ChangeDialog>
  );
}

/** Changes the window or the note of one reason. */
function Terms({ group, row, reason, onClose }: { group: Schemas['Group']; row: Row; reason: Reason; onClose: () => void }) {
  const [ends, setEnds] = useState(reason.endsAt ? toField(new Date(reason.endsAt)) : '');
  const [note, setNote] = useState(reason.note ?? '');
  const path = { group: group.id, user: row.user.id, reason: reason.id };
  const edit = (endsAt: string | null, words: string | null) => change('patch', '/v1/companies/{company}/groups/{group}/members/{user}/reasons/{reason}', { path, body: { endsAt, note: words } as never });
  return (
    <ChangeDialog title={`How long ${row.user.name} stays in ${group.name}`} verb="Save" done="Saved" change={edit(fromField(ends) ?? null, note || null)} undo={() => edit(reason.endsAt ?? null, reason.note ?? null)} onClose={onClose}>
      <div className="field">
        <label htmlFor="t-until">Until</label>
        <input id="t-until" className="input" type="datetime-local" value={ends} onChange={(event) => setEnds(event.target.value)} />
        <span className="hint">As long as the group allows, when left empty.</span>
      </div>
      <div className="field">
        <label htmlFor="t-note">Note</label>
        <input id="t-note" className="input" value={note} maxLength={1000} onChange={(event) => setNote(event.target.value)} />
      </div>
    </ChangeDialog>
  );
}
