/** What waits for me: decisions in my hands, and those I have taken. */
import { useSearch, useNavigate } from '@tanstack/react-router';
import { CheckCheck } from 'lucide-react';
import { useState } from 'react';
import { change } from '../api/client';
import { type Schemas, useGet, useList, useMe } from '../api/queries';
import { Ask, Field } from '../ui/ask';
import { Badge, Choice, Empty, Head, type Tone, Wrong } from '../ui/parts';
import { type Column, Table } from '../ui/table';
import { Time } from '../ui/time';
import { About } from './Requests';
import { Who } from '../ui/names';

type Task = Schemas['Task'];
const tones: Record<string, Tone> = { open: 'warn', approved: 'good', declined: 'bad', cancelled: 'plain', expired: 'plain' };
const kinds: Record<string, string> = { review: 'Decide', action: 'Carry out', offboarding: 'Offboarding' };

/** What a task is about, read from its request. */
export function TaskAbout({ task }: { task: Task }) {
  const request = useGet('/v1/companies/{company}/requests/{request}', { path: { request: task.request } }, task.type !== 'offboarding');
  if (task.type === 'offboarding') return <>Someone is leaving: see that all is handed over</>;
  if (!request.data) return <span className="bone" style={{ width: 180 }} />;
  return <About request={request.data} />;
}

export function Decide({ task, how, onClose }: { task: Task; how: 'approve' | 'decline'; onClose: () => void }) {
  const [comment, setComment] = useState('');
  const word = how === 'approve' ? (task.type === 'action' ? 'Done' : 'Approve') : 'Decline';
  return (
    <Ask
      title={how === 'approve' ? (task.type === 'review' ? 'Approve this?' : 'Is it done?') : 'Decline this?'}
      verb={word}
      danger={how === 'decline'}
      done={how === 'approve' ? 'Approved' : 'Declined'}
      change={change('post', `/v1/companies/{company}/tasks/{task}/${how}`, { path: { task: task.id }, body: (comment ? { comment } : {}) as never })}
      onClose={onClose}
    >
      <p className="small">
        <TaskAbout task={task} />
      </p>
      <Field id="decide-comment" label="Comment" hint="Whoever asked will see it.">
        <textarea id="decide-comment" className="area" value={comment} maxLength={1024} onChange={(event) => setComment(event.target.value)} />
      </Field>
    </Ask>
  );
}

export function Tasks() {
  const { status = 'open' } = useSearch({ from: '/tasks' });
  const navigate = useNavigate({ from: '/tasks' });
  const me = useMe();
  const user = me?.user?.id ?? '';
  const [asks, setAsks] = useState<{ task: Task; how: 'approve' | 'decline' }>();
  const found = useList('/v1/companies/{company}/users/{user}/tasks', { path: { user }, query: { status: status === 'all' ? undefined : status } as never }, !!user);
  const columns: Column<Task>[] = [
    { key: 'what', head: 'What', width: 'minmax(200px, 4fr)', cell: (task) => <div className="cut"><TaskAbout task={task} /></div> },
    { key: 'type', head: 'Kind', width: '96px', wide: true, cell: (task) => <Badge>{kinds[task.type] ?? task.type}</Badge> },
    { key: 'status', head: 'Status', width: '92px', wide: true, cell: (task) => <Badge tone={tones[task.status]}>{task.status}</Badge> },
    { key: 'due', head: 'Due', width: '100px', wide: true, end: true, cell: (task) => (task.dueAt ? <Time at={task.dueAt} /> : <span className="faint">no end</span>) },
    { key: 'made', head: 'Raised', width: '100px', wide: true, end: true, cell: (task) => <span className="muted"><Time at={task.createdAt} /></span> },
    {
      key: 'act',
      head: <span className="sr">Decide</span>,
      width: '152px',
      end: true,
      cell: (task) =>
        task.status === 'open' && me?.access === 'write' ? (
          <div className="acts">
            <button type="button" className="btn small primary" onClick={() => setAsks({ task, how: 'approve' })}>
              {task.type === 'review' ? 'Approve' : 'Done'}
            </button>
            <button type="button" className="btn small" onClick={() => setAsks({ task, how: 'decline' })}>
              Decline
            </button>
          </div>
        ) : task.decidedBy ? (
          <Who id={task.decidedBy} />
        ) : null,
    },
  ];
  return (
    <>
      <Head title="Tasks" sub="Decisions that are, or were, in your hands." />
      <div className="tools">
        <Choice label="Status" value={status} options={[['open', 'Waiting'], ['approved', 'Approved'], ['declined', 'Declined'], ['all', 'All']]} onChange={(to) => void navigate({ search: { status: to === 'open' ? undefined : to }, replace: true })} />
      </div>
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table
        label="Tasks"
        tall
        columns={columns}
        rows={found.items as Task[]}
        id={(task) => task.id}
        more={found.hasNextPage}
        onMore={() => !found.isFetchingNextPage && void found.fetchNextPage()}
        loading={found.isPending}
        empty={
          <Empty icon={CheckCheck} title={status === 'open' ? 'Nothing waits for you' : 'None'}>
            {status === 'open' ? 'When somebody asks for access or a place in a group that you decide, it shows here.' : 'No task of yours stands so.'}
          </Empty>
        }
      />
      {asks && <Decide {...asks} onClose={() => setAsks(undefined)} />}
    </>
  );
}
