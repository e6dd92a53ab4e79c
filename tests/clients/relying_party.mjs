// A relying party built on openid-client: it knows the city OS by discovery, and checks all that the library can check.
import * as oidc from 'openid-client'

const SCOPE = 'openid profile email offline_access'
const MAX_AGE_S = 3600

/** How a client proves who it is, as the sandbox lists it. */
async function authentication(client) {
  if (client.auth_method === 'client_secret_basic') return oidc.ClientSecretBasic(client.client_secret)
  if (client.auth_method === 'client_secret_post') return oidc.ClientSecretPost(client.client_secret)
  if (client.auth_method === 'none') return oidc.None()
  const algorithm = { name: 'ECDSA', namedCurve: client.private_jwk.crv }
  const key = await crypto.subtle.importKey('jwk', client.private_jwk, algorithm, false, ['sign'])
  return oidc.PrivateKeyJwt({ key, kid: client.private_jwk.kid })
}

/** Loopback may go without TLS; signatures of ID tokens are checked although they come over the back channel. */
export const execute = [oidc.allowInsecureRequests, oidc.enableNonRepudiationChecks]

export class RelyingParty {
  constructor(config, client) {
    this.config = config
    this.redirectUri = client.redirect_uris?.[0]
    this.afterLogout = client.post_logout_redirect_uris?.[0]
  }

  static async discover(issuer, client) {
    const metadata = { id_token_signed_response_alg: client.id_token_alg }
    const config = await oidc.discovery(issuer, client.client_id, metadata, await authentication(client), { execute })
    return new RelyingParty(config, client)
  }

  /** The address that a browser comes back with, and what it is checked against. */
  async authorize(browser, person, { isPushed = true, ...asked } = {}) {
    const pkceCodeVerifier = oidc.randomPKCECodeVerifier()
    const checks = { expectedNonce: oidc.randomNonce(), expectedState: oidc.randomState(), maxAge: MAX_AGE_S }
    const parameters = {
      redirect_uri: this.redirectUri,
      scope: SCOPE,
      code_challenge: await oidc.calculatePKCECodeChallenge(pkceCodeVerifier),
      code_challenge_method: 'S256',
      nonce: checks.expectedNonce,
      state: checks.expectedState,
      max_age: String(MAX_AGE_S),
      ...asked,
    }
    const build = isPushed ? oidc.buildAuthorizationUrlWithPAR : oidc.buildAuthorizationUrl
    const url = await build(this.config, parameters)
    const back = await browser.walk(url, (place) => place.startsWith(this.redirectUri), person)
    return { back, checks: { ...checks, pkceCodeVerifier, idTokenExpected: true } }
  }

  redeem({ back, checks }) {
    return oidc.authorizationCodeGrant(this.config, back, checks)
  }

  async signIn(browser, person, asked) {
    return this.redeem(await this.authorize(browser, person, asked))
  }

  userinfo(tokens) {
    return oidc.fetchUserInfo(this.config, tokens.access_token, tokens.claims().sub)
  }

  refresh(refreshToken) {
    return oidc.refreshTokenGrant(this.config, refreshToken)
  }

  revoke(token) {
    return oidc.tokenRevocation(this.config, token)
  }

  /** Where the browser ends after the logout: an address of ours with the state that was sent, or a page's heading. */
  async signOut(browser, parameters = {}) {
    const asked = { post_logout_redirect_uri: this.afterLogout, state: 'bye', ...parameters }
    const end = (place) => place.startsWith(this.afterLogout) || place.startsWith('You are signed out')
    return String(await browser.walk(oidc.buildEndSessionUrl(this.config, asked), end))
  }
}

/** The OAuth error by which something was refused; the library's own code where the library refused it; null if nobody did. */
export const refusal = (promise) =>
  promise.then(() => null, (fault) => fault.error ?? fault.cause?.[0]?.parameters?.error ?? fault.code ?? String(fault))
