// An identity provider by others, certified by the OpenID Foundation, at which one person signs in by being sent there.
// Arguments: port, callback, client's id and secret, acr, subject, name and number of the person.
import { createServer } from 'node:http';
import Provider from 'oidc-provider';

const [port, callback, clientId, secret, acr, subject, name, number] = process.argv.slice(2);
const provider = new Provider(`http://127.0.0.1:${port}`, {
  clients: [{ client_id: clientId, client_secret: secret, redirect_uris: [callback], application_type: 'native' }],
  acrValues: [acr],
  claims: { openid: ['sub'], profile: ['name', 'id_number'], acr: null },
  findAccount: (_, id) => ({ accountId: id, claims: () => ({ sub: id, name, id_number: number }) }),
  features: { devInteractions: { enabled: false } },
  pkce: { required: () => true },
  interactions: { url: (_, interaction) => `/interaction/${interaction.uid}` },
  cookies: { keys: [secret] },
});
const answer = provider.callback();

async function interact(request, response) {
  const { prompt, params } = await provider.interactionDetails(request, response);
  if (prompt.name === 'login') {
    return provider.interactionFinished(request, response, { login: { accountId: subject, acr } });
  }
  const grant = new provider.Grant({ accountId: subject, clientId: params.client_id });
  grant.addOIDCScope(params.scope);
  const consent = { consent: { grantId: await grant.save() } };
  return provider.interactionFinished(request, response, consent, { mergeWithLastSubmission: true });
}

createServer((request, response) => (request.url.startsWith('/interaction/') ? interact : answer)(request, response))
  .listen(port, '127.0.0.1', () => console.log('ready'));
