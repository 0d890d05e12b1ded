/** A group's rule: its words, what each clause says of one person, whom it would bring and lose. */
import { useQuery } from '@tanstack/react-query';
import { Check, FunctionSquare, X } from 'lucide-react';
import { useEffect, useState } from 'react';
import { change, send, workingIn } from '../../api/client';
import { type Schemas, useNames, useRights } from '../../api/queries';
import { Card, Icon, Note, plural, Wrong } from '../../ui/parts';
import { Picker, type Picked } from '../../ui/picker';
import { ChangeDialog } from '../../ui/preview';

/** A value once it has stood still for a moment. */
export function useStill<T>(value: T, ms = 250) {
  const [still, set] = useState(value);
  useEffect(() => {
    const timer = setTimeout(() => set(value), ms);
    return () => clearTimeout(timer);
  }, [value, ms]);
  return still;
}

const examples = [
  ['user.attributes.department == "Engineering"', 'everybody of one department'],
  ['user.attributes.location in ["Oslo", "Bergen"]', 'two places'],
  ['user.role == "admin" || user.attributes.title.startsWith("Head of")', 'one or the other'],
] as const;

export function Rule({ group }: { group: Schemas['Group'] }) {
  const { manages } = useRights();
  const [text, setText] = useState(group.rule ?? '');
  const [person, setPerson] = useState<Picked[]>([]);
  const [asks, setAsks] = useState<'save' | 'end'>();
  const still = useStill(text.trim());
  const user = person[0]?.id;
  const at = `/v1/companies/${workingIn()}/rules`;
  const preview = useQuery({
    queryKey: ['rule', group.id, still],
    queryFn: ({ signal }) => send('POST', `${at}/preview`, { rule: still, group: group.id }, {}, signal) as Promise<Schemas['PreviewedRule']>,
    enabled: still !== '' && manages,
    retry: false,
    placeholderData: (before) => before,
  });
  const tried = useQuery({
    queryKey: ['try', still, user],
    queryFn: ({ signal }) => send('POST', `${at}/try`, { rule: still, user }, {}, signal) as Promise<Schemas['TriedRule']>,
    enabled: still !== '' && !!user,
    retry: false,
  });
  const changed = still !== (group.rule ?? '');
  const path = { group: group.id };
  const edit = (rule: string | null) => change('patch', '/v1/companies/{company}/groups/{group}', { path, body: { rule } as never });
  if (!manages && !group.rule) return <Note>This group has no rule: its members come by hand, by nesting or from a connection.</Note>;
  return (
    <div className="cards">
      <Card title="The rule" aside={changed && <span className="small muted">not saved</span>}>
        <div className="col">
          <div className="field">
            <label htmlFor="rule" className="sr">
              Expression
            </label>
            <textarea id="rule" className="area mono" rows={5} spellCheck={false} value={text} readOnly={!manages} maxLength={2048} onChange={(event) => setText(event.target.value)} placeholder='user.attributes.department == "Engineering"' aria-describedby="rule-hint" aria-invalid={preview.isError} />
            <span className="hint" id="rule-hint">
              Whoever it is true of is a member, as long as it is. A missing attribute makes its clause false.
            </span>
          </div>
          <Wrong error={preview.error} />
          {manages && (
            <div className="row wrap">
              <button type="button" className="btn primary" disabled={!changed || !still || preview.isError} onClick={() => setAsks('save')}>
                Save…
              </button>
              {group.rule && (
                <button type="button" className="btn" onClick={() => setAsks('end')}>
                  End the rule…
                </button>
              )}
              {changed && (
                <button type="button" className="btn quiet" onClick={() => setText(group.rule ?? '')}>
                  Put back
                </button>
              )}
            </div>
          )}
          {!text && (
            <ul className="col small">
              {examples.map(([rule, words]) => (
                <li key={rule}>
                  <button type="button" className="btn quiet small" onClick={() => setText(rule)} style={{ height: 'auto', whiteSpace: 'normal', textAlign: 'left', padding: '4px 8px' }}>
                    <code>{rule}</code>
                  </button>{' '}
                  <span className="faint">{words}</span>
                </li>
              ))}
            </ul>
          )}
        </div>
      </Card>
      <div className="stack">
        <Card title="Whom it is true of">
          {!still ? (
            <p className="small muted">Write an expression to see whom it would bring.</p>
          ) : preview.data ? (
            <div className="col small" aria-live="polite">
              <p>
                True of <strong>{plural(preview.data.members, 'person', 'people')}</strong> now. <span className="plus">+{preview.data.gains.count}</span> <span className="minus">−{preview.data.loses.count}</span> if it were saved.
              </p>
              <People label="Would come" ids={preview.data.gains.users} tone="plus" />
              <People label="Would go" ids={preview.data.loses.users} tone="minus" />
            </div>
          ) : (
            !preview.isError && <p className="small muted">{manages ? 'Working it out…' : 'Only administrators see whom a rule would bring.'}</p>
          )}
        </Card>
        <Card title="Try it on one person">
          <div className="col">
            <Picker label="Person" kinds={['user']} value={person} onChange={setPerson} />
            <Wrong error={tried.error} />
            {tried.data && (
              <ul className="col small" aria-label="Clauses">
                {tried.data.clauses.map((clause) => (
                  <li key={clause.text} className="row" style={{ alignItems: 'flex-start' }}>
                    <span className={clause.holds ? 'plus' : 'minus'} title={clause.holds ? 'true' : 'false'}>
                      <Icon of={clause.holds ? Check : X} />
                      <span className="sr">{clause.holds ? 'true: ' : 'false: '}</span>
                    </span>
                    <span className="grow">
                      <code>{clause.text}</code>
                      {clause.why && <span className="faint"> – {clause.why}</span>}
                    </span>
                  </li>
                ))}
                <li>
                  <strong>{tried.data.holds ? 'They would be a member.' : 'They would not be a member.'}</strong>
                </li>
              </ul>
            )}
            {!user && (
              <p className="small muted row">
                <Icon of={FunctionSquare} /> Shows each clause, and which of them decides.
              </p>
            )}
          </div>
        </Card>
      </div>
      {asks === 'save' && <ChangeDialog title={`Give ${group.name} this rule?`} verb="Save the rule" done="The rule is saved" change={edit(still)} undo={() => edit(group.rule ?? null)} onClose={() => setAsks(undefined)}><pre className="mono small" style={{ margin: 0, whiteSpace: 'pre-wrap' }}>{still}</pre></ChangeDialog>}
      {asks === 'end' && <ChangeDialog title={`End the rule of ${group.name}?`} verb="End the rule" danger done="The rule is ended" change={edit(null)} undo={() => edit(group.rule ?? null)} onDone={() => setText('')} onClose={() => setAsks(undefined)} />}
    </div>
  );
}

function People({ label, ids, tone }: { label: string; ids: string[]; tone: 'plus' | 'minus' }) {
  const shown = ids.slice(0, 20);
  const names = useNames(shown);
  if (ids.length === 0) return null;
  return (
    <p>
      <span className={tone}>{label}:</span> {shown.map((id) => names.get(id)?.name ?? '…').join(', ')}
      {ids.length > shown.length && ` and ${(ids.length - shown.length).toLocaleString()} more`}
    </p>
  );
}
