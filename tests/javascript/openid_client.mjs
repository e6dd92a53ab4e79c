// The certified client openid-client signs a person in at the city OS whose issuer is given, as each kind of client.
// Tells as JSON what happened, one object a client.
import * as oidc from 'openid-client'
import { Browser } from './browser.mjs'

const issuer = new URL(process.argv[2])
const sandbox = (await (await fetch(new URL('/.well-known/city-os', issuer))).json()).sandbox
const filled = { name: sandbox.sign_in.subjects[0], password: sandbox.sign_in.password }

async function authentication(client) {
  if (client.auth_method === 'client_secret_basic') return oidc.ClientSecretBasic(client.client_secret)
  if (client.auth_method === 'client_secret_post') return oidc.ClientSecretPost(client.client_secret)
  if (client.auth_method === 'none') return oidc.None()
  const algorithm = { name: 'ECDSA', namedCurve: client.private_jwk.crv }
  const key = await crypto.subtle.importKey('jwk', client.private_jwk, algorithm, false, ['sign'])
  return oidc.PrivateKeyJwt({ key, kid: client.private_jwk.kid })
}

const refused = (promise) => promise.then(() => null, (fault) => fault.error ?? fault.cause?.[0]?.parameters?.error ?? String(fault))

async function signIn(client, config, browser, isPushed) {
  const verifier = oidc.randomPKCECodeVerifier()
  const expected = { expectedNonce: oidc.randomNonce(), expectedState: oidc.randomState() }
  const asked = {
    redirect_uri: client.redirect_uris[0],
    scope: 'openid profile email offline_access',
    code_challenge: await oidc.calculatePKCECodeChallenge(verifier),
    code_challenge_method: 'S256',
    nonce: expected.expectedNonce,
    state: expected.expectedState,
    max_age: '3600',
  }
  const url = isPushed ? await oidc.buildAuthorizationUrlWithPAR(config, asked) : oidc.buildAuthorizationUrl(config, asked)
  const back = await browser.walk(url, client.redirect_uris[0], filled)
  return oidc.authorizationCodeGrant(config, back, { ...expected, pkceCodeVerifier: verifier, idTokenExpected: true, maxAge: 3600 })
}

async function trial(client, isPushed) {
  const browser = new Browser(issuer)
  const metadata = { id_token_signed_response_alg: client.id_token_alg }
  const config = await oidc.discovery(issuer, client.client_id, metadata, await authentication(client), {
    execute: [oidc.allowInsecureRequests],
  })
  const tokens = await signIn(client, config, browser, isPushed)
  const { sub } = tokens.claims()
  const userinfo = await oidc.fetchUserInfo(config, tokens.access_token, sub)
  const fresh = await oidc.refreshTokenGrant(config, tokens.refresh_token)
  const isProven = client.auth_method !== 'none'
  const introspected = isProven ? await oidc.tokenIntrospection(config, fresh.access_token) : null
  await oidc.tokenRevocation(config, fresh.access_token)
  const afterRevocation = await refused(oidc.fetchUserInfo(config, fresh.access_token, sub))
  const end = oidc.buildEndSessionUrl(config, {
    id_token_hint: tokens.id_token,
    post_logout_redirect_uri: client.post_logout_redirect_uris[0],
    state: 'bye',
  })
  const out = await browser.walk(end, client.post_logout_redirect_uris[0], filled)
  return {
    client_id: client.client_id,
    auth_method: client.auth_method,
    sub,
    userinfo_sub: userinfo.sub,
    name: userinfo.name ?? null,
    active: introspected?.active ?? null,
    after_revocation: afterRevocation,
    logout: out.href,
    after_logout: await refused(oidc.refreshTokenGrant(config, fresh.refresh_token)),
  }
}

const clients = sandbox.clients.filter((one) => one.redirect_uris?.length && one.grant_types.includes('refresh_token'))
const told = []
for (const client of clients) told.push(await trial(client, told.length % 2 === 0 || client.auth_method === 'private_key_jwt'))
console.log(JSON.stringify(told))
