/** Dialogs: the browser's own, which keeps the focus inside and everything else inert. */
import { X } from 'lucide-react';
import { useEffect, useId, useRef, type FormEvent, type ReactNode } from 'react';
import { Icon } from './parts';

interface Shape {
  title: ReactNode;
  onClose: () => void;
  children: ReactNode;
  footer?: ReactNode;
  wide?: boolean;
  onSubmit?: () => void;
}

export function Dialog({ title, onClose, children, footer, wide, onSubmit }: Shape) {
  const ref = useRef<HTMLDialogElement>(null);
  const id = useId();
  useEffect(() => {
    const dialog = ref.current;
    if (dialog && !dialog.open) dialog.showModal();
    return () => dialog?.close();
  }, []);
  const inner = (
    <>
      <header>
        <h2 id={id}>{title}</h2>
        <button type="button" className="btn quiet icon small" aria-label="Close" onClick={onClose}>
          <Icon of={X} />
        </button>
      </header>
      <div className="body">{children}</div>
      {footer && <footer>{footer}</footer>}
    </>
  );
  const submit = (event: FormEvent) => {
    event.preventDefault();
    event.stopPropagation();
    onSubmit?.();
  };
  return (
    <dialog
      ref={ref}
      aria-labelledby={id}
      className={wide ? 'wideish' : ''}
      onCancel={(event) => {
        event.preventDefault();
        onClose();
      }}
      onMouseDown={(event) => event.target === event.currentTarget && onClose()}
    >
      {onSubmit ? <form onSubmit={submit}>{inner}</form> : <div className="inner">{inner}</div>}
    </dialog>
  );
}
