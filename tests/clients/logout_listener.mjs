// A relying party's back-channel logout endpoint on this machine; logout tokens are verified with jose.
import { once } from 'node:events'
import { createServer } from 'node:http'
import { setTimeout } from 'node:timers/promises'
import { createRemoteJWKSet, jwtVerify } from 'jose'

const WAIT_MS = 30_000

async function tooLate() {
  // Nothing else is waited for by then: the timer must not keep the program alive.
  await setTimeout(WAIT_MS, undefined, { ref: false })
  throw new Error('no logout token came')
}

async function formOf(request) {
  const parts = []
  for await (const part of request) parts.push(part)
  return new URLSearchParams(Buffer.concat(parts).toString())
}

export class LogoutListener {
  #server = createServer((request, response) => this.#take(request, response))

  #arrive

  #arrival = new Promise((resolve) => {
    this.#arrive = resolve
  })

  async open() {
    this.#server.listen(0, '127.0.0.1')
    await once(this.#server, 'listening')
    return `http://127.0.0.1:${this.#server.address().port}/backchannel-logout`
  }

  close() {
    this.#server.close()
    this.#server.closeAllConnections()
  }

  async #take(request, response) {
    const form = await formOf(request)
    response.writeHead(200, { 'cache-control': 'no-store' }).end()
    const { method, headers } = request
    this.#arrive({ method, mediaType: headers['content-type'], token: form.get('logout_token') })
  }

  /** What the first logout token says once it is verified (Back-Channel Logout 1.0 section 2.6). */
  async received(metadata, clientId) {
    const { method, mediaType, token } = await Promise.race([this.#arrival, tooLate()])
    const { payload, protectedHeader } = await jwtVerify(token, createRemoteJWKSet(new URL(metadata.jwks_uri)), {
      issuer: metadata.issuer,
      audience: clientId,
      typ: 'logout+jwt',
      algorithms: ['RS256'],
      requiredClaims: ['iat', 'exp', 'jti', 'events'],
    })
    return { method, mediaType, payload, header: protectedHeader }
  }
}
