/** A change that touches one thing alone: a few fields, and it is made. What touches people shows its preview: `preview.tsx`. */
import { useMutation } from '@tanstack/react-query';
import { useState, type ReactNode } from 'react';
import { type Change, make } from '../api/client';
import { refresh } from '../api/queries';
import { Dialog } from './dialog';
import { Wrong } from './parts';
import { say } from './toast';

interface Shape {
  title: string;
  verb: string;
  done: string;
  danger?: boolean;
  wide?: boolean;
  change: Change | undefined;
  children?: ReactNode;
  onClose: () => void;
  onDone?: (answer: unknown) => void;
  /** Keeps the dialog open with what this returns: for what is shown only once. */
  after?: (answer: unknown) => ReactNode;
}

export function Ask({ title, verb, done, danger, wide, change, children, onClose, onDone, after }: Shape) {
  const [key] = useState(() => crypto.randomUUID());
  const [told, setTold] = useState<ReactNode>();
  const making = useMutation({
    mutationFn: () => make(change as Change, key),
    onSuccess: (answer) => {
      onDone?.(answer);
      void refresh();
      if (after) setTold(after(answer));
      else {
        say(done);
        onClose();
      }
    },
  });
  if (told) {
    return (
      <Dialog title={done} onClose={onClose} footer={<button type="button" className="btn primary" onClick={onClose}>Done</button>}>
        {told}
      </Dialog>
    );
  }
  return (
    <Dialog
      title={title}
      wide={wide}
      onClose={onClose}
      onSubmit={() => change && making.mutate()}
      footer={
        <>
          <button type="button" className="btn" onClick={onClose}>
            Cancel
          </button>
          <button type="submit" className={`btn ${danger ? 'danger' : 'primary'}`} disabled={!change || making.isPending}>
            {making.isPending && <span className="spin" aria-hidden="true" />}
            {verb}
          </button>
        </>
      }
    >
      {children}
      <Wrong error={making.error} />
    </Dialog>
  );
}

/** A labelled field of one line. */
export function Field({ id, label, hint, children }: { id: string; label: string; hint?: ReactNode; children: ReactNode }) {
  return (
    <div className="field grow">
      <label htmlFor={id}>{label}</label>
      {children}
      {hint && <span className="hint">{hint}</span>}
    </div>
  );
}

/** A secret that is shown this once, to be copied. */
export function Once({ label, secret }: { label: string; secret: string }) {
  const [copied, setCopied] = useState(false);
  return (
    <div className="field">
      <span className="label">{label}</span>
      <div className="row">
        <code className="input grow" style={{ display: 'flex', alignItems: 'center', overflow: 'auto', whiteSpace: 'nowrap' }} tabIndex={0}>
          {secret}
        </code>
        <button
          type="button"
          className="btn"
          onClick={() => {
            void navigator.clipboard?.writeText(secret);
            setCopied(true);
          }}
        >
          {copied ? 'Copied' : 'Copy'}
        </button>
      </div>
      <span className="hint">It is kept only as a hash and cannot be shown again.</span>
    </div>
  );
}
