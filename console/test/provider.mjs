// A real OpenID Connect provider for the tests: `node test/provider.mjs <console's address>` prints its issuer and stays.
// Whoever signs in there with an address is proved to have it, unless it begins with "unverified".
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const server = createServer();
await new Promise((listening) => server.listen(0, 'localhost', listening));
// Another site than the console's 127.0.0.1, as providers are.
const issuer = `http://localhost:${server.address().port}`;
const provider = new Provider(issuer, {
  clients: [{ client_id: 'guildhall', client_secret: 'a-secret-with:odd%signs', redirect_uris: [`${process.argv[2]}/console/oidc/callback`] }],
  claims: { openid: ['sub'], email: ['email', 'email_verified'], profile: ['name'] },
  // As many providers do, it tells the address at its own endpoint and not in the token.
  conformIdTokenClaims: true,
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, email: id, email_verified: !id.startsWith('unverified') }) }),
  cookies: { keys: ['only for tests'] },
  pkce: { required: () => true },
});
server.on('request', provider.callback());
console.log(issuer);
