// The certified client openid-client at the city OS whose issuer is given, as each kind of client that a sandbox lists.
// Tells what it saw as JSON, one line a step; whether that is right is judged by who reads it.
import * as oidc from 'openid-client'
import { Browser } from './browser.mjs'
import { LogoutListener } from './logout_listener.mjs'
import { execute, refusal, RelyingParty } from './relying_party.mjs'

const DEVICE_CODE = 'urn:ietf:params:oauth:grant-type:device_code'

const issuer = new URL(process.argv[2])
const { sandbox } = await (await fetch(new URL('/.well-known/city-os', issuer))).json()
const listed = (clientId) => sandbox.clients.find((one) => one.client_id === clientId)

/** One of the sandbox's people: each trial has its own, since what somebody once agreed to is not asked again. */
const nth = (number) => ({ typed: { name: sandbox.sign_in.subjects[number], password: sandbox.sign_in.password } })

const tell = (step, client, seen) => console.log(JSON.stringify({ step, client, ...seen }))

/** Login, UserInfo, refresh, introspection, revocation and logout of one client. */
async function wholeLife(client, person, number) {
  const party = await RelyingParty.discover(issuer, client)
  const browser = new Browser(issuer)
  const told = (step, seen) => tell(step, client.client_id, seen)
  const tokens = await party.signIn(browser, person, { isPushed: number % 2 === 0 || client.auth_method === 'private_key_jwt' })
  const claims = tokens.claims()
  told('login', { auth_method: client.auth_method, shown: browser.shown, claims, token_type: tokens.token_type })
  told('userinfo', { sub: claims.sub, userinfo: await party.userinfo(tokens) })
  const fresh = await rotation(party, tokens, told)
  await revocation({ party, fresh, isProven: client.auth_method !== 'none' }, claims.sub, told)
  await reuse(party, { browser, person }, told)
  await ending(party, { browser, person }, told)
}

async function rotation(party, tokens, told) {
  const fresh = await party.refresh(tokens.refresh_token)
  told('refresh', {
    sub: tokens.claims().sub,
    refreshed_sub: fresh.claims()?.sub ?? null,
    is_rotated: fresh.refresh_token !== tokens.refresh_token && fresh.access_token !== tokens.access_token,
    userinfo_sub: (await oidc.fetchUserInfo(party.config, fresh.access_token, tokens.claims().sub)).sub,
  })
  return fresh
}

/** An access token ends alone; with a refresh token ends everything. Public clients may not introspect. */
async function revocation({ party, fresh, isProven }, sub, told) {
  const introspect = async (token) => (isProven ? oidc.tokenIntrospection(party.config, token) : null)
  const userinfo = (token) => refusal(oidc.fetchUserInfo(party.config, token, sub))
  const before = [await introspect(fresh.access_token), await introspect(fresh.refresh_token)]
  await party.revoke(fresh.access_token)
  told('access-token-revocation', {
    before,
    after: await introspect(fresh.access_token),
    userinfo: await userinfo(fresh.access_token),
  })
  const last = await party.refresh(fresh.refresh_token)
  await party.revoke(last.refresh_token)
  told('refresh-token-revocation', {
    after: [await introspect(last.access_token), await introspect(last.refresh_token)],
    userinfo: await userinfo(last.access_token),
    refresh: await refusal(party.refresh(last.refresh_token)),
  })
}

/** A refresh token that was used before ends its whole family. */
async function reuse(party, { browser, person }, told) {
  const shownBefore = browser.shown.length
  const tokens = await party.signIn(browser, person)
  const fresh = await party.refresh(tokens.refresh_token)
  told('reuse', {
    asked_again: browser.shown.slice(shownBefore),
    old: await refusal(party.refresh(tokens.refresh_token)),
    new: await refusal(party.refresh(fresh.refresh_token)),
    access: await refusal(oidc.fetchUserInfo(party.config, fresh.access_token, tokens.claims().sub)),
  })
}

async function ending(party, { browser, person }, told) {
  const tokens = await party.signIn(browser, person)
  const shownBefore = browser.shown.length
  const place = await party.signOut(browser, { id_token_hint: tokens.id_token })
  told('logout', {
    place,
    shown: browser.shown.slice(shownBefore),
    refresh: await refusal(party.refresh(tokens.refresh_token)),
    userinfo: await refusal(party.userinfo(tokens)),
    silent: await refusal(party.signIn(browser, person, { prompt: 'none' })),
  })
}

/** Without an ID token the person is asked before being signed out. */
async function askedLogout(client, person) {
  const party = await RelyingParty.discover(issuer, client)
  const browser = new Browser(issuer)
  await party.signIn(browser, person)
  const shownBefore = browser.shown.length
  const place = await party.signOut(browser)
  tell('asked-logout', client.client_id, { place, shown: browser.shown.slice(shownBefore) })
}

/** Of two categories asked for the person unticks one; the claims of the other stay. */
async function narrowedConsent(client, person) {
  const party = await RelyingParty.discover(issuer, client)
  const browser = new Browser(issuer)
  const asked = {
    type: 'cityos_consent',
    purpose: 'personal_service',
    datatypes: ['profile.basic', 'profile.contact'],
    recipients: [`service:${client.client_id}`],
    modes: ['normal', 'disaster'],
  }
  const narrowing = { ...person, ticked: ['yes'], unticked: ['profile.contact', 'disaster'] }
  const request = { authorization_details: JSON.stringify([asked]) }
  const tokens = await party.signIn(browser, narrowing, request)
  const introspected = await oidc.tokenIntrospection(party.config, tokens.access_token)
  tell('narrowed-consent', client.client_id, {
    asked,
    shown: browser.shown,
    granted: tokens.authorization_details,
    introspected: introspected.authorization_details,
  })
}

/** What comes back from the browser is taken only with the issuer and the state that belong to it, and only once. */
async function callback(client, person) {
  const party = await RelyingParty.discover(issuer, client)
  const browser = new Browser(issuer)
  const spoilt = async (spoil) => {
    const answer = await party.authorize(browser, person)
    spoil(answer.back.searchParams)
    return refusal(party.redeem(answer))
  }
  const good = await party.authorize(browser, person)
  const tokens = await party.redeem(good)
  tell('callback', client.client_id, {
    iss: good.back.searchParams.get('iss'),
    without_iss: await spoilt((back) => back.delete('iss')),
    foreign_iss: await spoilt((back) => back.set('iss', 'https://elsewhere.example')),
    foreign_state: await spoilt((back) => back.set('state', 'foreign')),
    replay: await refusal(party.redeem(good)),
    userinfo_after_replay: await refusal(party.userinfo(tokens)),
  })
}

async function refusedConsent(client, person) {
  const party = await RelyingParty.discover(issuer, client)
  const answer = await party.authorize(new Browser(issuer), { ...person, step: 'refuse' })
  tell('refused-consent', client.client_id, {
    iss: answer.back.searchParams.get('iss'),
    error: await refusal(party.redeem(answer)),
    wrong_verifier: await wrongVerifier(party, person),
  })
}

async function wrongVerifier(party, person) {
  const { back, checks } = await party.authorize(new Browser(issuer), person)
  return refusal(party.redeem({ back, checks: { ...checks, pkceCodeVerifier: oidc.randomPKCECodeVerifier() } }))
}

/** A kiosk polls while a person approves it on a page. */
async function device(client, person) {
  const party = await RelyingParty.discover(issuer, client)
  const codes = await oidc.initiateDeviceAuthorization(party.config, { scope: 'openid profile offline_access' })
  const early = await refusal(oidc.genericGrantRequest(party.config, DEVICE_CODE, { device_code: codes.device_code }))
  const browser = new Browser(issuer)
  const approving = { typed: { ...person.typed, user_code: codes.user_code } }
  const [tokens, page] = await Promise.all([
    oidc.pollDeviceAuthorizationGrant(party.config, codes),
    browser.walk(codes.verification_uri, (heading) => heading.startsWith('The device'), approving),
  ])
  const again = await refusal(oidc.genericGrantRequest(party.config, DEVICE_CODE, { device_code: codes.device_code }))
  const fresh = await party.refresh(tokens.refresh_token)
  tell('device', client.client_id, {
    early,
    page,
    shown: browser.shown,
    sub: tokens.claims().sub,
    userinfo: await party.userinfo(tokens),
    is_rotated: fresh.refresh_token !== tokens.refresh_token,
    again,
  })
}

async function ownToken(client) {
  const party = await RelyingParty.discover(issuer, client)
  const tokens = await oidc.clientCredentialsGrant(party.config, { scope: 'consent_decisions.read' })
  tell('client-credentials', client.client_id, {
    scope: tokens.scope,
    has_refresh_token: 'refresh_token' in tokens,
    introspected: await oidc.tokenIntrospection(party.config, tokens.access_token),
    userinfo: await refusal(oidc.fetchUserInfo(party.config, tokens.access_token, oidc.skipSubjectCheck)),
  })
}

/** A service that registers itself is told when the person signs out elsewhere. */
async function registered(other, person) {
  const listener = new LogoutListener()
  const address = await listener.open()
  const metadata = {
    client_name: 'Bus tickets',
    'client_name#ja': 'バス券',
    redirect_uris: ['http://127.0.0.1/callback'],
    post_logout_redirect_uris: ['http://127.0.0.1/signed-out'],
    grant_types: ['authorization_code', 'refresh_token'],
    token_endpoint_auth_method: 'client_secret_basic',
    backchannel_logout_uri: address,
    backchannel_logout_session_required: true,
  }
  const config = await oidc.dynamicClientRegistration(issuer, metadata, oidc.ClientSecretBasic(), { execute })
  const party = new RelyingParty(config, metadata)
  const browser = new Browser(issuer)
  const tokens = await party.signIn(browser, person)
  const clientId = config.clientMetadata().client_id
  tell('registration', clientId, { shown: browser.shown, sub: tokens.claims().sub, userinfo: await party.userinfo(tokens) })
  await singleSignOut({ party, tokens, clientId, listener }, { browser, person }, other)
  listener.close()
}

async function singleSignOut({ party, tokens, clientId, listener }, { browser, person }, other) {
  const second = await RelyingParty.discover(issuer, other)
  const shownBefore = browser.shown.length
  const secondTokens = await second.signIn(browser, person)
  const shown = browser.shown.slice(shownBefore)
  await second.signOut(browser, { id_token_hint: secondTokens.id_token })
  const logout = await listener.received(party.config.serverMetadata(), clientId)
  tell('back-channel-logout', clientId, {
    shown,
    id_token: tokens.claims(),
    logout,
    refresh: await refusal(party.refresh(tokens.refresh_token)),
  })
}

/** One trial that breaks off leaves the others to be told. */
async function attempt(trial, client, ...rest) {
  try {
    await trial(client, ...rest)
  } catch (fault) {
    tell('broken-off', client.client_id, { trial: trial.name, fault: fault.stack, cause: fault.cause })
  }
}

const signingIn = sandbox.clients.filter((one) => one.redirect_uris?.length && one.grant_types.includes('refresh_token'))
const trials = [
  [askedLogout, 'example-second-service'],
  [narrowedConsent, 'example-service'],
  [callback, 'example-second-service'],
  [refusedConsent, 'example-key-client'],
  [device, 'example-kiosk'],
  [ownToken, 'example-key-client'],
  [registered, 'example-service'],
]
await Promise.all([
  ...signingIn.map((client, number) => attempt(wholeLife, client, nth(0), number)),
  ...trials.map(([trial, clientId], number) => attempt(trial, listed(clientId), nth(number + 1))),
])
// What a trial that broke off still waits for is not waited for.
process.exit()
