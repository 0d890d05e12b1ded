import '@fontsource-variable/inter';
import './ui/tokens.css';
import './ui/base.css';
import { QueryClientProvider } from '@tanstack/react-query';
import { RouterProvider } from '@tanstack/react-router';
import { StrictMode, useEffect } from 'react';
import { createRoot } from 'react-dom/client';
import { SignIn } from './app/SignIn';
import { workIn } from './api/client';
import { askMeAhead, client, forgetNames } from './api/queries';
import { load, useSession } from './api/session';
import { router } from './router';
import { Wrong } from './ui/parts';
import { Toasts } from './ui/toast';

function Console() {
  const session = useSession();
  const company = session?.signedIn ? session.company : undefined;
  const user = session?.signedIn ? session.user : undefined;
  useEffect(() => {
    if (company) return;
    client.clear();
    forgetNames();
  }, [company, user]);
  if (!session) return null;
  if (!session.signedIn) return <SignIn />;
  workIn(session.company);
  return <RouterProvider router={router} />;
}

// Back from the provider: on to the page that was asked for before.
const to = sessionStorage.getItem('guildhall-to');
sessionStorage.removeItem('guildhall-to');
if (to?.startsWith('/console') && location.pathname.replace(/\/$/, '') === '/console' && !location.search) history.replaceState(null, '', to);

const root = createRoot(document.getElementById('root') as HTMLElement);
load().then(
  (session) => {
    if (session.signedIn) {
      workIn(session.company);
      askMeAhead();
    }
    root.render(
      <StrictMode>
        <QueryClientProvider client={client}>
          <Console />
          <Toasts />
        </QueryClientProvider>
      </StrictMode>,
    );
  },
  (error: unknown) =>
    root.render(
      <main className="main">
        <Wrong error={error} retry={() => location.reload()} />
      </main>,
    ),
);
