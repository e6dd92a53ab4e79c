// The client library fhir-kit-client at the FHIR server of the city OS whose issuer is given, as a hospital and as a citizen's app.
// Tells what it saw as JSON, one line a step; whether that is right is judged by who reads it.
import { CapabilityTool, Client } from 'fhir-kit-client'

const EXCHANGE = 'urn:ietf:params:oauth:grant-type:token-exchange'
const CHART = 'urn:oid:1.2.392.100495.20.3.51.10000001'
const PATIENT = 'urn:uuid:0f7a2d0e-4a5b-4f0a-9d1e-7b1b3f8a9c01'

const issuer = process.argv[2]
const pulse = JSON.parse(process.argv[3])
const { sandbox } = await (await fetch(`${issuer}/.well-known/city-os`)).json()

const tell = (step, seen) => console.log(JSON.stringify({ step, ...seen }))
const status = (answer) => Client.httpFor(answer).response.status
const header = (answer, name) => Client.httpFor(answer).response.headers.get(name)

/** What a request is refused with. */
async function refusal(request) {
  try {
    return { status: status(await request) }
  } catch (fault) {
    const { response } = fault
    return { status: response?.status, type: response?.data?.resourceType, code: response?.data?.issue?.[0]?.code }
  }
}

async function tokenOf(clientId, form) {
  const { tokenUrl } = await new Client({ baseUrl: `${issuer}/fhir` }).smartAuthMetadata()
  const client = sandbox.clients.find((one) => one.client_id === clientId)
  const authorization = `Basic ${btoa(`${client.client_id}:${client.client_secret}`)}`
  const answer = await fetch(tokenUrl, { method: 'POST', headers: { authorization }, body: new URLSearchParams(form) })
  return (await answer.json()).access_token
}

const signedIn = (bearerToken) => {
  const customHeaders = { 'content-type': 'application/fhir+json' }
  const client = new Client({ baseUrl: `${issuer}/fhir`, customHeaders })
  client.bearerToken = bearerToken
  return client
}

const visitor = (chart) => ({
  resourceType: 'Patient',
  identifier: [{ system: CHART, value: chart }],
  name: [{ text: '旅野 𠮷人', family: '旅野', given: ['𠮷人'] }],
  birthDate: '1980-04-01',
})

async function capabilities(client) {
  const can = new CapabilityTool(await client.capabilityStatement())
  const types = ['Patient', 'Observation', 'Consent']
  tell('capabilities', {
    transaction: can.serverCan('transaction'),
    interactions: Object.fromEntries(types.map((resourceType) => [resourceType, can.interactionsFor({ resourceType })])),
  })
}

async function wholeLife(client) {
  const patient = await client.create({ resourceType: 'Patient', body: visitor('1') })
  const subject = { reference: `Patient/${patient.id}` }
  const made = []
  for (const minute of ['01', '02', '03']) {
    const body = { ...pulse, subject, effectiveDateTime: `2027-01-15T07:${minute}:00+09:00` }
    made.push(await client.create({ resourceType: 'Observation', body }))
  }
  const [observation] = made
  tell('create', { patient, statuses: [patient, ...made].map(status), location: header(patient, 'location') })
  tell('read', { patient: await client.read({ resourceType: 'Patient', id: patient.id }) })
  const searchParams = { patient: patient.id, code: 'http://loinc.org|8867-4', _sort: '-date', _count: 2 }
  const page = await client.search({ resourceType: 'Observation', searchParams })
  const next = await client.nextPage({ bundle: page })
  const ids = [...page.entry, ...next.entry].map((one) => one.resource.id)
  const byForm = { resourceType: 'Patient', searchParams: { family: '旅野' }, options: { postSearch: true } }
  const posted = (await client.resourceSearch(byForm)).entry.map((one) => one.resource.id)
  tell('search', { made: made.map((one) => one.id), ids, posted, patient: patient.id })
  const resolved = await client.resolve({ reference: subject.reference })
  const target = { resourceType: 'Observation', id: observation.id }
  const body = { ...observation, status: 'amended' }
  const changed = await client.update({ ...target, body, options: { headers: { 'If-Match': 'W/"1"' } } })
  const stale = await refusal(client.update({ ...target, body, options: { headers: { 'If-Match': 'W/"1"' } } }))
  const first = await client.vread({ ...target, version: '1' })
  tell('update', { resolved: resolved.id, changed, stale, first: first.status })
  const early = await refusal(client.delete({ resourceType: 'Patient', id: patient.id }))
  const deleted = await refusal(client.delete(target))
  const gone = await refusal(client.read(target))
  const history = await client.history(target)
  tell('delete', { early, deleted, gone, methods: history.entry.map((one) => one.request.method) })
}

async function transactions(client) {
  const post = (resource, more) => ({ ...more, resource, request: { method: 'POST', url: resource.resourceType } })
  const entry = [post({ ...pulse, subject: { reference: PATIENT } }), post(visitor('2'), { fullUrl: PATIENT })]
  const bundle = { resourceType: 'Bundle', type: 'transaction', entry }
  const broken = { ...bundle, entry: [...entry, post({ resourceType: 'Observation' })] }
  const refused = await refusal(client.transaction({ body: broken }))
  const search = { resourceType: 'Patient', searchParams: { identifier: `${CHART}|2` } }
  const before = (await client.search(search)).entry ?? []
  const answer = await client.transaction({ body: bundle })
  const found = await client.search(search)
  const batch = await client.batch({ body: { ...broken, type: 'batch' } })
  const statuses = (done) => done.entry.map((one) => one.response.status.slice(0, 3))
  tell('transaction', { refused, before: before.length, done: statuses(answer), found: found.entry.length, batch: statuses(batch) })
}

async function citizen(client, person) {
  const { entry } = await client.search({ resourceType: 'Patient', searchParams: {} })
  const [{ resource: patient }] = entry
  const { identifier } = patient
  const linked = await client.create({ resourceType: 'Patient', body: { resourceType: 'Patient', identifier } })
  const changed = await refusal(client.update({ resourceType: 'Patient', id: patient.id, body: patient }))
  const consents = await client.search({ resourceType: 'Consent', searchParams: { status: 'active' } })
  const [{ resource: consent }] = consents.entry
  const target = { resourceType: 'Consent', id: consent.id }
  const withdrawn = await client.update({ ...target, body: { ...consent, status: 'inactive' } })
  tell('citizen', { person, identifier, linked: [status(linked), linked.id === patient.id], changed, withdrawn: withdrawn.status })
}

const hospital = signedIn(await tokenOf('medical-institution', { grant_type: 'client_credentials' }))
const subject_token = sandbox.sign_in.subjects[0]
const asked = { grant_type: EXCHANGE, subject_token, subject_token_type: 'urn:citytwin:local-id', scope: 'patient/*.cruds' }
const app = signedIn(await tokenOf('citizen-app', asked))
await capabilities(hospital)
await wholeLife(hospital)
await transactions(hospital)
await citizen(app, subject_token)
