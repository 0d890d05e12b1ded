/** Webhooks: who is told of what, whether it arrives, and sending it again. */
import { Link, useNavigate, useParams } from '@tanstack/react-router';
import { Pause, Pencil, Play, Plus, Send, Webhook as Hook } from 'lucide-react';
import { useState } from 'react';
import { change, make } from '../api/client';
import { refresh, type Schemas, useGet, useList, useRights } from '../api/queries';
import { Ask, Field, Once } from '../ui/ask';
import { Badge, Bones, Card, Choice, Empty, Head, Icon, Note, type Tone, Wrong } from '../ui/parts';
import { type Column, Table } from '../ui/table';
import { exactly, Time } from '../ui/time';
import { say } from '../ui/toast';
import { hookTones } from '../ui/tones';

type Row = Schemas['Webhook'];
type Sent = Schemas['Delivery'];
const sentTones: Record<string, Tone> = { delivered: 'good', queued: 'info', retrying: 'warn', failed: 'bad' };

const columns: Column<Row>[] = [
  {
    key: 'name',
    head: 'Name',
    width: 'minmax(160px, 2fr)',
    cell: (row) => (
      <Link className="cover cut" to="/webhooks/$webhook" params={{ webhook: row.id }} style={{ fontWeight: 550 }}>
        {row.name ?? row.url}
      </Link>
    ),
  },
  { key: 'url', head: 'Address', width: 'minmax(140px, 3fr)', wide: true, cell: (row) => <div className="cut muted">{row.url}</div> },
  { key: 'events', head: 'Events', width: '90px', wide: true, cell: (row) => <span className="muted">{row.events.includes('*') ? 'all' : row.events.length}</span> },
  { key: 'state', head: 'State', width: '96px', cell: (row) => <Badge tone={row.failingSince && row.state === 'active' ? 'bad' : hookTones[row.state]}>{row.failingSince && row.state === 'active' ? 'failing' : row.state}</Badge> },
];

export function Webhooks() {
  const { manages } = useRights();
  const [asks, setAsks] = useState(false);
  const found = useList('/v1/companies/{company}/webhooks', { query: { total: true } });
  return (
    <>
      <Head
        title="Webhooks"
        sub="Every change, signed and sent as it happens."
        actions={
          manages && (
            <button type="button" className="btn primary" onClick={() => setAsks(true)}>
              <Icon of={Plus} /> New webhook
            </button>
          )
        }
      />
      <Wrong error={found.error} retry={() => void found.refetch()} />
      <Table label="Webhooks" columns={columns} rows={found.items as Row[]} id={(row) => row.id} total={found.total} loading={found.isPending} links empty={<Empty icon={Hook} title="Nobody is told">Give an address and choose events: each is sent at least once, signed, and tried again for days.</Empty>} />
      {asks && <WebhookForm onClose={() => setAsks(false)} />}
    </>
  );
}

/** Makes a webhook, or edits one. */
function WebhookForm({ hook, onClose }: { hook?: Row; onClose: () => void }) {
  const [name, setName] = useState(hook?.name ?? '');
  const [url, setUrl] = useState(hook?.url ?? '');
  const [events, setEvents] = useState(hook?.events.join(' ') ?? '*');
  const body = { name: name || null, url, events: events.split(/[\s,]+/).filter(Boolean) };
  const asked = hook ? change('patch', '/v1/companies/{company}/webhooks/{webhook}', { path: { webhook: hook.id }, body }) : change('post', '/v1/companies/{company}/webhooks', { body: body as never });
  return (
    <Ask
      title={hook ? 'Edit this webhook' : 'New webhook'}
      verb={hook ? 'Save' : 'Make the webhook'}
      done={hook ? 'The webhook is changed' : 'The webhook is made'}
      change={url && body.events.length ? asked : undefined}
      onClose={onClose}
      after={hook ? undefined : (answer) => {
        const secret = (answer as Schemas['WebhookWithSecret']).secret;
        return secret ? <Once label="Secret that its messages are signed with" secret={secret} /> : undefined;
      }}
    >
      <Field id="nw-url" label="Address">
        <input id="nw-url" className="input" type="url" value={url} onChange={(event) => setUrl(event.target.value)} required placeholder="https://example.com/hooks" autoFocus />
      </Field>
      <Field id="nw-name" label="Name">
        <input id="nw-name" className="input" value={name} onChange={(event) => setName(event.target.value)} maxLength={255} />
      </Field>
      <Field id="nw-events" label="Events" hint="Kinds such as group.members_added, separated by spaces; * for all.">
        <textarea id="nw-events" className="area mono" value={events} onChange={(event) => setEvents(event.target.value)} spellCheck={false} />
      </Field>
    </Ask>
  );
}

export function WebhookPage() {
  const { webhook: id } = useParams({ from: '/webhooks/$webhook' });
  const { manages } = useRights();
  const navigate = useNavigate();
  const [which, setWhich] = useState<'all' | 'undelivered'>('all');
  const [asks, setAsks] = useState<'edit' | 'delete' | 'rotate'>();
  const [error, setError] = useState<unknown>();
  const path = { webhook: id };
  const found = useGet('/v1/companies/{company}/webhooks/{webhook}', { path });
  const sent = useList('/v1/companies/{company}/webhooks/{webhook}/deliveries', { path, query: { undelivered: which === 'undelivered' || undefined } as never }, true, 50, 200);
  const row = found.data;
  if (found.isError) return <Wrong error={found.error} retry={() => void found.refetch()} />;
  if (!row) return <div className="grid"><Bones /></div>;
  const act = (verb: 'pause' | 'resume' | 'test', words: string) => {
    setError(undefined);
    make(change('post', `/v1/companies/{company}/webhooks/{webhook}/${verb}`, { path, body: (verb === 'resume' ? {} : undefined) as never })).then(() => {
      say(words);
      void refresh();
    }, setError);
  };
  const again = (delivery: Sent) => {
    setError(undefined);
    make(change('post', '/v1/companies/{company}/webhooks/{webhook}/deliveries/{delivery}/redeliver', { path: { ...path, delivery: delivery.id } })).then(() => {
      say('It is sent again');
      void refresh();
    }, setError);
  };
  const columns: Column<Sent>[] = [
    { key: 'kind', head: 'Event', width: 'minmax(150px, 2fr)', cell: (one) => <code className="cut xs">{one.kind}</code> },
    { key: 'state', head: 'State', width: '96px', cell: (one) => <Badge tone={sentTones[one.state]}>{one.state}</Badge> },
    { key: 'answer', head: 'Answer', width: 'minmax(90px, 2fr)', wide: true, cell: (one) => <div className="cut muted" title={one.error ?? one.response ?? ''}>{one.status ?? one.error ?? '–'}{one.millis !== null && one.millis !== undefined && ` in ${one.millis} ms`}</div> },
    { key: 'tries', head: 'Tries', width: '50px', wide: true, end: true, cell: (one) => <span className="num">{one.tries}</span> },
    { key: 'at', head: 'Tried', width: '110px', end: true, wide: true, cell: (one) => <span className="muted"><Time at={one.triedAt ?? one.createdAt} /></span> },
    { key: 'act', head: <span className="sr">Send again</span>, width: '96px', end: true, cell: (one) => manages && <button type="button" className="btn small" onClick={() => again(one)}>Send again</button> },
  ];
  return (
    <>
      <Head
        crumbs={<Link to="/webhooks">Webhooks</Link>}
        title={row.name ?? row.url}
        sub={
          <span className="row wrap">
            <Badge tone={hookTones[row.state]}>{row.state}</Badge>
            <span className="cut">{row.url}</span>
          </span>
        }
        actions={
          manages && (
            <>
              <button type="button" className="btn" onClick={() => act('test', 'A test message is on its way')}>
                <Icon of={Send} /> Test
              </button>
              {row.state === 'active' ? (
                <button type="button" className="btn" onClick={() => act('pause', 'Paused: what happens waits for it')}>
                  <Icon of={Pause} /> Pause
                </button>
              ) : (
                <button type="button" className="btn" onClick={() => act('resume', 'It goes on')}>
                  <Icon of={Play} /> Resume
                </button>
              )}
              <button type="button" className="btn" onClick={() => setAsks('edit')}>
                <Icon of={Pencil} /> Edit
              </button>
              <button type="button" className="btn" onClick={() => setAsks('rotate')}>
                New secret…
              </button>
              <button type="button" className="btn" onClick={() => setAsks('delete')}>
                Delete…
              </button>
            </>
          )
        }
      />
      <div className="stack">
        <Wrong error={error} />
        {row.disabledWhy && <Note tone="bad">It was switched off: {row.disabledWhy}. Put its receiver right, then resume.</Note>}
        {row.failingSince && (
          <Note tone="warn">
            It has been failing since {exactly(row.failingSince)}, after {row.tries} tries. {row.nextTryAt && `The next try is at ${exactly(row.nextTryAt)}.`}
          </Note>
        )}
        <Card title="What it is told">
          <div className="row wrap">
            {row.events.map((kind) => (
              <Badge key={kind}>{kind === '*' ? 'everything' : kind}</Badge>
            ))}
          </div>
        </Card>
        <div className="tools" style={{ margin: 0 }}>
          <Choice label="Which deliveries" value={which} options={[['all', 'All'], ['undelivered', 'Not delivered']]} onChange={setWhich} />
        </div>
        <Wrong error={sent.error} />
        <Table label="Deliveries" columns={columns} rows={sent.items as Sent[]} id={(one) => one.id} more={sent.hasNextPage} onMore={() => !sent.isFetchingNextPage && void sent.fetchNextPage()} loading={sent.isPending} empty={<Empty icon={Send} title={which === 'all' ? 'Nothing was sent yet' : 'All was delivered'}>{which === 'all' ? 'Send a test message to see whether it arrives.' : undefined}</Empty>} />
      </div>
      {asks === 'edit' && <WebhookForm hook={row} onClose={() => setAsks(undefined)} />}
      {asks === 'delete' && <Ask title="Delete this webhook?" verb="Delete" danger done="Deleted" change={change('delete', '/v1/companies/{company}/webhooks/{webhook}', { path })} onDone={() => void navigate({ to: '/webhooks' })} onClose={() => setAsks(undefined)} />}
      {asks === 'rotate' && (
        <Ask title="Give it a new secret?" verb="New secret" done="It has a new secret" change={change('post', '/v1/companies/{company}/webhooks/{webhook}/rotate', { path, body: {} as never })} onClose={() => setAsks(undefined)} after={(answer) => ((answer as { secret?: string }).secret ? <Once label="The new secret" secret={(answer as { secret: string }).secret} /> : undefined)}>
          <p className="small muted">The old one signs as well for a while, so that the receiver can change over.</p>
        </Ask>
      )}
    </>
  );
}
