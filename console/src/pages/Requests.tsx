/** What was asked for, and where each of it stands. */
import { useNavigate, useSearch } from '@tanstack/react-router';
import { Plus, Send } from 'lucide-react';
import { useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useGet, useList, useMe, useRights } from '../api/queries';
import { Ask, Field } from '../ui/ask';
import { Dialog } from '../ui/dialog';
import { Who } from '../ui/names';
import { Badge, Bones, Choice, Empty, Head, Icon, type Tone, Wrong } from '../ui/parts';
import { Picker, type Picked } from '../ui/picker';
import { type Column, Table } from '../ui/table';
import { exactly, fromField, Time } from '../ui/time';

type Request = Schemas['Request'];
export const requestTones: Record<string, Tone> = { open: 'warn', approved: 'info', declined: 'bad', cancelled: 'plain', completed: 'good', expired: 'plain' };

function AppName({ id }: { id: string | null | undefined }) {
  const found = useGet('/v1/companies/{company}/apps/{app}', { path: { app: id ?? '' } }, !!id);
  return <strong>{found.data?.name ?? (found.isError ? 'an app' : '…')}</strong>;
}

/** What a request asks for, as a sentence. */
export function About({ request }: { request: Request }) {
  const whom = <Who id={request.target ?? request.requester} />;
  switch (request.type) {
    case 'JoinGroupRequest': return <>{whom} wants to join <Who id={request.group} /></>;
    case 'GrantAccessRequest': return <>{whom} is to get <AppName id={request.app} /></>;
    case 'RemoveAccessRequest': return <>{whom} is to give back <AppName id={request.app} /></>;
    case 'ChangePermissionLevelRequest': return <>{whom} is to get another level of <AppName id={request.app} /></>;
    case 'ArchiveWorkAppRequest': return <><AppName id={request.app} /> is to be archived</>;
    case 'AddNewManagedWorkAppRequest': return <><AppName id={request.app} /> is to be looked after</>;
    default: return <>{request.type} for {whom}</>;
  }
}

export function Requests() {
  const search = useSearch({ from: '/requests' });
  const navigate = useNavigate({ from: '/requests' });
  const me = useMe();
  const { writes } = useRights();
  const status = search.status ?? 'all';
  const mine = search.mine;
  const [open, setOpen] = useState<Request>();
  const [asks, setAsks] = useState(false);
  const query = { status: status === 'all' ? undefined : status, user: mine ? me?.user?.id : undefined };
  const found = useList('/v1/companies/{company}/requests', { query: query as never }, !!me);
  const columns: Column<Request>[] = [
    {
      key: 'what',
      head: 'What',
      width: 'minmax(200px, 4fr)',
      cell: (request) => <div className="cut"><About request={request} /></div>,
    },
    { key: 'status', head: 'Status', width: '100px', cell: (request) => <Badge tone={requestTones[request.status]}>{request.status}</Badge> },
    { key: 'step', head: 'Step', width: '70px', wide: true, cell: (request) => <span className="num muted">{request.steps ? `${Math.min(request.step, request.steps)} of ${request.steps}` : '–'}</span> },
    { key: 'made', head: 'Raised', width: '110px', wide: true, end: true, cell: (request) => <span className="muted"><Time at={request.createdAt} /></span> },
    {
      key: 'more',
      head: <span className="sr">Details</span>,
      width: '74px',
      end: true,
      cell: (request) => (
        <button type="button" className="btn small" onClick={() => setOpen(request)}>
          Details
        </button>
      ),
    },
  ];
  return (
    <>
      <Head
        title="Requests"
        actions={
          writes && (
            <button type="button" className="btn primary" onClick={() => setAsks(true)}>
              <Icon of={Plus} /> Ask to join a group
            </button>
          )
        }
      />
      <div className="tools">
        <Choice label="Whose" value={mine ? 'mine' : 'all'} options={[['all', 'Everybody’s'], ['mine', 'Mine']]} onChange={(to) => void navigate({ search: (before) => ({ ...before, mine: to === 'mine' || undefined }), replace: true })} />
        <Choice label="Status" value={status} options={[['all', 'All'], ['open', 'Open'], ['approved', 'Approved'], ['completed', 'Done'], ['declined', 'Declined']]} onChange={(to) => void navigate({ search: (before) => ({ ...before, status: to === 'all' ? undefined : to }), replace: true })} />
      </div>
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table
        label="Requests"
        tall
        columns={columns}
        rows={found.items as Request[]}
        id={(request) => request.id}
        more={found.hasNextPage}
        onMore={() => !found.isFetchingNextPage && void found.fetchNextPage()}
        loading={found.isPending}
        empty={
          <Empty icon={Send} title="No requests">
            They arise when somebody asks for access, or joins or leaves a group that holds apps. A policy decides whom each goes to.
          </Empty>
        }
      />
      {open && <Details request={open} onClose={() => setOpen(undefined)} />}
      {asks && <JoinGroup onClose={() => setAsks(false)} />}
    </>
  );
}

function Details({ request, onClose }: { request: Request; onClose: () => void }) {
  const { me, admin, writes } = useRights();
  const [withdraws, setWithdraws] = useState(false);
  const tasks = useGet('/v1/companies/{company}/requests/{request}/tasks', { path: { request: request.id } });
  const mayWithdraw = writes && ['open', 'approved'].includes(request.status) && (admin || request.requester === me?.user?.id);
  if (withdraws) {
    return (
      <Ask title="Withdraw this request?" verb="Withdraw" danger done="Withdrawn" change={change('post', '/v1/companies/{company}/requests/{request}/withdraw', { path: { request: request.id } })} onClose={onClose}>
        <p className="small">
          <About request={request} />
        </p>
      </Ask>
    );
  }
  return (
    <Dialog title={<About request={request} />} onClose={onClose} footer={mayWithdraw && <button type="button" className="btn" onClick={() => setWithdraws(true)}>Withdraw…</button>}>
      <dl className="facts">
        <dt>Status</dt>
        <dd><Badge tone={requestTones[request.status]}>{request.status}</Badge></dd>
        <dt>Asked by</dt>
        <dd><Who id={request.requester} face /></dd>
        <dt>Why</dt>
        <dd>{request.purpose ?? <span className="faint">not said</span>}</dd>
        <dt>Raised</dt>
        <dd>{exactly(request.createdAt)}</dd>
        {request.endsAt && <><dt>Until</dt><dd>{exactly(request.endsAt)}</dd></>}
      </dl>
      <h3>Decisions</h3>
      {tasks.isPending && <Bones rows={2} />}
      {tasks.data?.items.length === 0 && <p className="small muted">It was approved at once: no policy asks for a decision.</p>}
      <ul className="col small">
        {tasks.data?.items.map((task) => (
          <li key={task.id} className="row wrap spread">
            <span className="row wrap">
              <Badge>{task.type}</Badge>
              {task.waiting ? <Badge tone="bad">nobody may decide</Badge> : task.people.map((person) => person.name).join(', ')}
            </span>
            <span className="row">
              {task.decidedBy && <span className="faint">by <Who id={task.decidedBy} /></span>}
              <Badge tone={requestTones[task.status] ?? 'plain'}>{task.status}</Badge>
            </span>
            {task.comment && <span className="muted" style={{ flexBasis: '100%' }}>“{task.comment}”</span>}
          </li>
        ))}
      </ul>
    </Dialog>
  );
}

function JoinGroup({ onClose }: { onClose: () => void }) {
  const [group, setGroup] = useState<Picked[]>([]);
  const [purpose, setPurpose] = useState('');
  const [ends, setEnds] = useState('');
  const id = group[0]?.id;
  const body = { type: 'JoinGroupRequest', group: id, purpose, endsAt: fromField(ends) };
  return (
    <Ask title="Ask to join a group" verb="Ask" done="Asked" change={id && purpose.trim() ? change('post', '/v1/companies/{company}/requests', { body: body as never }) : undefined} onClose={onClose}>
      <Picker label="Group" kinds={['group']} value={group} onChange={setGroup} autoFocus />
      <Field id="jg-why" label="Why" hint="Whoever decides will read it.">
        <textarea id="jg-why" className="area" value={purpose} onChange={(event) => setPurpose(event.target.value)} required maxLength={1024} />
      </Field>
      <Field id="jg-until" label="Until" hint="For good, when left empty.">
        <input id="jg-until" className="input" type="datetime-local" value={ends} onChange={(event) => setEnds(event.target.value)} />
      </Field>
    </Ask>
  );
}
