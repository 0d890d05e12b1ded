/** Sheets: people, groups and members as CSV, out and in; what a sheet would do is shown before it is done. */
import { useMutation, useQuery } from '@tanstack/react-query';
import { Download, FileSpreadsheet, Upload } from 'lucide-react';
import { useState } from 'react';
import { address, make, Problem, tryOut } from '../api/client';
import { refresh, type Schemas, useRights } from '../api/queries';
import { Badge, Card, Choice, Empty, Head, Icon, Note, plural, Wrong } from '../ui/parts';
import { Effects, type Told } from '../ui/preview';
import { say } from '../ui/toast';

type Topic = 'users' | 'groups' | 'members';
type Imported = Schemas['ImportedSheet'];
const paths = {
  users: '/v1/companies/{company}/sheets/users',
  groups: '/v1/companies/{company}/sheets/groups',
  members: '/v1/companies/{company}/sheets/members',
} as const;

const columns: Record<Topic, [string, string]> = {
  users: ['email, name, userName, givenName, familyName, status, role, manager, externalId, attributes.NAME', 'A row is the user of its id, externalId, userName or email, else a new one.'],
  groups: ['name, description, icon, owners, externalId', 'A row is the live group of its id, externalId or name, else a new one.'],
  members: ['group, user, action (add or remove), startsAt, endsAt, note', 'A row puts somebody into a group by hand, or takes them out.'],
};
/** What the server takes in one call. */
const LARGEST = 16 * 1024 * 1024;

export function Sheets() {
  const { edits } = useRights();
  return (
    <>
      <Head title="Sheets" sub="People, groups and members as CSV, for whoever works in a spreadsheet." />
      <div className="stack">
        <Export />
        {edits ? <Import /> : <Note>Administrators import sheets, and owners those of their groups’ members.</Note>}
      </div>
    </>
  );
}

function Export() {
  const out = (topic: Topic, words: string) => (
    // The browser fetches it as a file; it is written as it is read, however long.
    <a className="btn" href={address(paths[topic])} download={`${topic}.csv`}>
      <Icon of={Download} /> {words}
    </a>
  );
  return (
    <Card title="Export">
      <div className="row wrap gap-lg spread">
        <p className="small muted" style={{ flex: '1 1 260px' }}>Each is all there is at this moment, in UTF-8 with commas. What goes out can be edited and come in again.</p>
        <div className="row wrap">
          {out('users', 'Users')}
          {out('groups', 'Groups')}
          {out('members', 'Members')}
        </div>
      </div>
    </Card>
  );
}

function Import() {
  const [topic, setTopic] = useState<Topic>('users');
  const [file, setFile] = useState<File>();
  const [whole, setWhole] = useState(false);
  const [over, setOver] = useState(false);
  const take = (to: File | undefined) => {
    setFile(to);
    // A file is often named for what is in it.
    const named = (['users', 'groups', 'members'] as const).find((one) => to?.name.toLowerCase().includes(one));
    if (named) setTopic(named);
  };
  const [known, words] = columns[topic];
  return (
    <Card title="Import">
      <div className="col gap-lg">
        <div className="row wrap">
          <Choice label="What the sheet holds" value={topic} options={[['users', 'Users'], ['groups', 'Groups'], ['members', 'Members']]} onChange={setTopic} />
          <span className="small muted">{words}</span>
        </div>
        <p className="xs faint">
          Columns, in any order: <code>{known}</code>. An empty cell leaves what is there.
        </p>
        {topic === 'members' && (
          <label className="check">
            <input type="checkbox" checked={whole} onChange={(event) => setWhole(event.target.checked)} />
            <span>
              The sheet is the whole list
              <span className="hint xs faint" style={{ display: 'block' }}>
                Each group in it has just the members of its rows afterwards.
              </span>
            </span>
          </label>
        )}
        <label
          className="drop"
          data-over={over}
          onDragOver={(event) => (event.preventDefault(), setOver(true))}
          onDragLeave={() => setOver(false)}
          onDrop={(event) => {
            event.preventDefault();
            setOver(false);
            take(event.dataTransfer.files[0]);
          }}
        >
          <Icon of={file ? FileSpreadsheet : Upload} />
          <span className="grow">
            {file ? (
              <>
                <strong>{file.name}</strong> <span className="faint">{Math.max(1, Math.round(file.size / 1024)).toLocaleString()} kB</span>
              </>
            ) : (
              'Drop a CSV file here, or choose one'
            )}
          </span>
          <span className="btn small" aria-hidden="true">{file ? 'Another' : 'Choose'}</span>
          {/* Chosen again after it was edited, it is another file: the value is forgotten at once. */}
          <input className="sr" type="file" accept=".csv,.tsv,.txt,text/csv" aria-label="CSV file" onChange={(event) => (take(event.target.files?.[0]), (event.target.value = ''))} />
        </label>
        {!file && <Empty icon={FileSpreadsheet} title="Nothing is changed before you have seen it">First comes a trial: which rows are wrong, and who would gain and lose what.</Empty>}
        {file && file.size > LARGEST && <Note tone="bad">It is larger than 16 MB. Split it, or use <code>guildhall import --csv {topic}</code>.</Note>}
        {file && file.size <= LARGEST && <Trial key={`${topic} ${whole} ${file.name} ${file.lastModified} ${file.size}`} topic={topic} file={file} whole={topic === 'members' && whole} onDone={() => setFile(undefined)} />}
      </div>
    </Card>
  );
}

/** What the file would do; and doing it. */
function Trial({ topic, file, whole, onDone }: { topic: Topic; file: File; whole: boolean; onDone: () => void }) {
  const [key] = useState(() => crypto.randomUUID());
  const [confirmed, setConfirmed] = useState(false);
  const headers = { 'content-type': 'text/csv' };
  const asked = { method: 'POST' as const, target: address(paths[topic], {}, { whole: whole || undefined }), body: file, headers };
  const told = useQuery({ queryKey: ['trial', key], queryFn: ({ signal }) => tryOut<Told>(asked, signal), staleTime: Infinity, gcTime: 0, retry: false, refetchOnWindowFocus: false });
  const confirmation = (error: unknown) => (error instanceof Problem && error.kind === 'braked' ? (error.body.confirmation as string | undefined) : undefined);
  const making = useMutation({
    // What is confirmed is another call than the one before.
    mutationFn: (confirms: string | undefined) => make<Imported>({ ...asked, headers: { ...headers, ...(confirms && { 'guildhall-confirmation': confirms }) } }, confirms ? `${key} ${confirms}` : key),
    onSuccess: (done) => {
      say(`The ${topic} are in: ${plural(done.added, 'row')} added, ${done.changed.toLocaleString()} changed`);
      void refresh();
    },
  });
  if (making.data) return <Done done={making.data} onDone={onDone} />;
  const held = confirmation(making.error) ?? confirmation(told.error);
  const refused = told.isError && !held;
  return (
    <section aria-label="What this would do" aria-live="polite" className="col">
      <h3>What this would do</h3>
      {told.isPending && <p className="muted small row"><span className="spin" aria-hidden="true" /> Reading the sheet and working it out…</p>}
      {refused && told.error instanceof Problem && told.error.errors.length > 0 ? <WrongRows problem={told.error} /> : <Wrong error={told.error ?? making.error} />}
      {told.data && <Effects told={told.data} />}
      {held && (
        <label className="check">
          <input type="checkbox" checked={confirmed} onChange={(event) => setConfirmed(event.target.checked)} />
          I have looked: take these members out all the same
        </label>
      )}
      <div className="row">
        <button type="button" className={`btn ${held ? 'danger' : 'primary'}`} disabled={told.isPending || refused || (!!held && !confirmed) || making.isPending} onClick={() => making.mutate(held)}>
          {making.isPending && <span className="spin" aria-hidden="true" />}
          {making.isPending ? 'Importing…' : 'Import it'}
        </button>
        <button type="button" className="btn" onClick={onDone} disabled={making.isPending}>
          Leave it
        </button>
      </div>
    </section>
  );
}

/** Rows that are wrong, by line. Nothing is taken in while there is one. */
function WrongRows({ problem }: { problem: Problem }) {
  return (
    <Note tone="bad" role="alert">
      <p>
        <strong>{plural(problem.errors.length, 'thing')} in it {problem.errors.length === 1 ? 'is' : 'are'} wrong, so nothing would be changed.</strong> Put the file right and choose it again.
      </p>
      <ul className="lines" tabIndex={0} aria-label="What is wrong, by line">
        {problem.errors.slice(0, 200).map((one) => (
          <li key={`${one.line} ${one.field} ${one.detail}`}>
            {one.line !== undefined && <strong>Line {one.line.toLocaleString()}: </strong>}
            <code>{one.field}</code> {one.detail}
          </li>
        ))}
      </ul>
      {problem.errors.length > 200 && <p className="xs faint">and {(problem.errors.length - 200).toLocaleString()} more</p>}
    </Note>
  );
}

function Done({ done, onDone }: { done: Imported; onDone: () => void }) {
  return (
    <section aria-label="What came of it" className="col">
      <Note tone="good" role="status">
        <p className="row wrap">
          <strong>It is in.</strong>
          <Badge tone="good">{done.added.toLocaleString()} added</Badge>
          <Badge tone="info">{done.changed.toLocaleString()} changed</Badge>
          {done.removed > 0 && <Badge tone="bad">{done.removed.toLocaleString()} taken out</Badge>}
          <Badge>{done.unchanged.toLocaleString()} as they were</Badge>
        </p>
        <p className="muted">
          Read as {done.encoding}.{done.ignored.length > 0 && ` Columns passed over: ${done.ignored.join(', ')}.`}
        </p>
      </Note>
      <div className="row">
        <button type="button" className="btn" onClick={onDone}>
          Another sheet
        </button>
      </div>
    </section>
  );
}
