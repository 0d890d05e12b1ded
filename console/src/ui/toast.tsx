/** Short words on what was just done, with a way back where there is one. */
import { useSyncExternalStore } from 'react';

interface Word {
  id: number;
  text: string;
  undo?: () => void;
}

let words: Word[] = [];
let count = 0;
const listeners = new Set<() => void>();
const tellAll = () => {
  for (const tell of listeners) tell();
};

export function say(text: string, undo?: () => void) {
  const id = ++count;
  words = [...words.slice(-2), { id, text, undo }];
  tellAll();
  setTimeout(() => drop(id), undo ? 12_000 : 5_000);
}

function drop(id: number) {
  words = words.filter((word) => word.id !== id);
  tellAll();
}

export function Toasts() {
  const shown = useSyncExternalStore(
    (tell) => {
      listeners.add(tell);
      return () => listeners.delete(tell);
    },
    () => words,
  );
  return (
    <div className="toasts" role="status" aria-live="polite">
      {shown.map((word) => (
        <div className="toast" key={word.id}>
          <span className="grow">{word.text}</span>
          {word.undo && (
            <button
              type="button"
              className="btn small"
              onClick={() => {
                drop(word.id);
                word.undo?.();
              }}
            >
              Undo
            </button>
          )}
        </div>
      ))}
    </div>
  );
}
