/** Edits a review: by when, how often, and what is said about it. */
import { useState } from 'react';
import { change } from '../../api/client';
import type { Schemas } from '../../api/queries';
import { Ask, Field } from '../../ui/ask';
import { fromField, toField } from '../../ui/time';

export function EditReview({ review, onClose }: { review: Schemas['Review']; onClose: () => void }) {
  const stood = { due: toField(new Date(review.dueAt)), days: review.intervalDays?.toString() ?? '', note: review.note ?? '', description: review.description ?? '' };
  const [said, setSaid] = useState(stood);
  const open = review.status === 'open';
  const body = {
    ...(said.due !== stood.due && { dueAt: fromField(said.due) }),
    ...(said.days !== stood.days && { intervalDays: said.days ? Number(said.days) : null }),
    ...(said.note !== stood.note && { note: said.note || null }),
    ...(said.description !== stood.description && { description: said.description || null }),
  };
  const set = (part: Partial<typeof said>) => setSaid({ ...said, ...part });
  return (
    <Ask title={`Edit ${review.name}`} verb="Save" done={`${review.name} is changed`} change={said.due && Object.keys(body).length > 0 ? change('patch', '/v1/companies/{company}/reviews/{review}', { path: { review: review.id }, body }) : undefined} onClose={onClose}>
      <div className="pair">
        {open && (
          <Field id="er-due" label="To be decided by">
            <input id="er-due" className="input" type="datetime-local" value={said.due} required onChange={(event) => set({ due: event.target.value })} />
          </Field>
        )}
        <Field id="er-days" label="Days from one to the next" hint="The last of its series, when left empty.">
          <input id="er-days" className="input" type="number" min={1} max={3660} value={said.days} onChange={(event) => set({ days: event.target.value })} />
        </Field>
      </div>
      {open && (
        <>
          <Field id="er-about" label="Description">
            <input id="er-about" className="input" value={said.description} maxLength={1000} onChange={(event) => set({ description: event.target.value })} />
          </Field>
          <Field id="er-note" label="Note for the reviewers">
            <textarea id="er-note" className="area" value={said.note} maxLength={1000} onChange={(event) => set({ note: event.target.value })} />
          </Field>
        </>
      )}
    </Ask>
  );
}
