// The certified OpenID provider `oidc-provider`, as an operator would set it up for tests: port and, if given, the
// address that the world sees (a proxy before it) are arguments. It prints one line when it listens.
import { exportJWK, generateKeyPair } from 'jose';
import Provider from 'oidc-provider';

const port = Number(process.argv[2]);
const issuer = process.argv[3] ?? `http://127.0.0.1:${port}`;

async function key(alg, kid) {
  const { privateKey } = await generateKeyPair(alg, { extractable: true });
  return { ...(await exportJWK(privateKey)), alg, kid, use: 'sig' };
}

const client = (name, method) => ({
  client_id: name,
  client_secret: `${name}-secret-of-a-test-0123456789`,
  token_endpoint_auth_method: method,
  redirect_uris: [`https://${name}.citytwin.example/callback`],
  post_logout_redirect_uris: [`https://${name}.citytwin.example/signed-out`],
  grant_types: ['authorization_code', 'refresh_token'],
  response_types: ['code'],
});

const people = {
  findAccount: (_, id) => ({
    accountId: id,
    claims: () => ({
      sub: id,
      name: '試験用 利用者',
      family_name: '試験用',
      given_name: '利用者',
      birthdate: '1950-02-03',
      email: `${id}@example.org`,
      email_verified: false,
      phone_number: '+81242000000',
      phone_number_verified: false,
      address: { formatted: '福島県会津若松市' },
      updated_at: 1_700_000_000,
    }),
  }),
};

const provider = new Provider(issuer, {
  ...people,
  clients: [client('rp', 'client_secret_basic'), client('second-rp', 'client_secret_post')],
  jwks: { keys: [await key('RS256', 'r1'), await key('ES256', 'e1')] },
  // POST to the authorization endpoint (OIDCC 3.1.2.1) is off unless asked for, and then needs cookies across sites.
  cookies: { keys: ['a-key-of-a-test-0123456789'], long: { sameSite: 'none' } },
  enableHttpPostMethods: true,
  claims: {
    openid: ['sub'],
    profile: ['name', 'family_name', 'given_name', 'birthdate', 'updated_at'],
    email: ['email', 'email_verified'],
    phone: ['phone_number', 'phone_number_verified'],
    address: ['address'],
  },
  features: {
    backchannelLogout: { enabled: true },
    claimsParameter: { enabled: true },
    deviceFlow: { enabled: true },
    introspection: { enabled: true },
    registration: { enabled: true },
    registrationManagement: { enabled: true },
    revocation: { enabled: true },
    rpInitiatedLogout: { enabled: true },
  },
  issueRefreshToken: async (_, asked) => asked.grantTypeAllowed('refresh_token'),
  pkce: { required: () => false },
  ttl: { AccessToken: 3600, AuthorizationCode: 60, Grant: 86400, IdToken: 3600, Interaction: 3600, Session: 86400 },
});
provider.proxy = true;
provider.listen(port, '127.0.0.1', () => console.log('listening'));
