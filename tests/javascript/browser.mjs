// A browser without scripts, as far as signing in and out needs one: cookies, redirects, and forms sent as they are shown.

const decode = (text) =>
  text.replace(/&#39;/g, "'").replace(/&#34;|&quot;/g, '"').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&')

const attributes = (tag) =>
  Object.fromEntries(
    [...tag.matchAll(/([a-z-]+)(?:="([^"]*)")?/g)].map(([, name, value]) => [name, value === undefined ? true : decode(value)]),
  )

/** Where the first form of a page leads, and what its first button sends; `filled` are the fields a person types in. */
function firstForm(page, filled) {
  const [, action, inner] = page.match(/<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/)
  const sent = new URLSearchParams()
  for (const [, tag] of inner.matchAll(/<input([^>]*)>/g)) {
    const field = attributes(tag)
    const isBox = field.type === 'checkbox' || field.type === 'radio'
    if (!field.name || (isBox && !field.checked)) continue
    sent.append(field.name, filled[field.name] ?? field.value ?? '')
  }
  const button = [...inner.matchAll(/<button([^>]*)>/g)].map(([, tag]) => attributes(tag)).find((one) => one.name)
  if (button) sent.append(button.name, button.value)
  return [decode(action), sent]
}

export class Browser {
  #cookies = {}

  constructor(origin) {
    this.origin = origin
  }

  async #fetch(url, options = {}) {
    const cookie = Object.entries(this.#cookies).map(([name, value]) => `${name}=${value}`).join('; ')
    const answer = await fetch(url, { ...options, redirect: 'manual', headers: { cookie, 'accept-language': 'en' } })
    for (const line of answer.headers.getSetCookie()) {
      const [pair] = line.split(';')
      this.#cookies[pair.slice(0, pair.indexOf('='))] = pair.slice(pair.indexOf('=') + 1)
    }
    return answer
  }

  /** Follow redirects and send every form that is shown, until an address that begins with `end` is reached. */
  async walk(url, end, filled) {
    let answer = await this.#fetch(url)
    for (let step = 0; step < 12; step += 1) {
      if (answer.status === 303) {
        const next = new URL(answer.headers.get('location'), this.origin)
        if (next.href.startsWith(end)) return next
        answer = await this.#fetch(next)
      } else {
        const [action, body] = firstForm(await answer.text(), filled)
        answer = await this.#fetch(new URL(action, this.origin), { method: 'POST', body })
      }
    }
    throw new Error(`did not come to ${end}`)
  }
}
