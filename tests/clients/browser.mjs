// A browser without scripts, as far as signing in and out needs one: cookies, redirects, and forms sent as they are shown.

const MOST_STEPS = 12

const decode = (text) =>
  text.replace(/&#39;/g, "'").replace(/&#34;|&quot;/g, '"').replace(/&lt;/g, '<').replace(/&gt;/g, '>').replace(/&amp;/g, '&')

const attributes = (tag) =>
  Object.fromEntries(
    [...tag.matchAll(/([a-z-]+)(?:="([^"]*)")?/g)].map(([, name, value]) => [name, value === undefined ? true : decode(value)]),
  )

const heading = (page) => decode(page.match(/<h1>([\s\S]*?)<\/h1>/)[1])

/** What an input sends, or null: boxes as they are shown, unless the person ticks or unticks their value. */
function sentBy(field, person) {
  if (field.type !== 'checkbox') return person.typed?.[field.name] ?? field.value ?? ''
  const isTicked = person.ticked?.includes(field.value) || (field.checked && !person.unticked?.includes(field.value))
  return isTicked ? field.value : null
}

/** Where one form of a page leads (the first, or the one whose step the person chooses), and what its first button sends. */
function filledForm(page, person) {
  const forms = [...page.matchAll(/<form[^>]*action="([^"]*)"[^>]*>([\s\S]*?)<\/form>/g)]
  const [, action, inner] = forms.find(([, , text]) => text.includes(`value="${person.step}"`)) ?? forms[0] ?? []
  if (!action) throw new Error(`a page without a form: ${heading(page)}`)
  const sent = new URLSearchParams()
  for (const [, tag] of inner.matchAll(/<input([^>]*)>/g)) {
    const field = attributes(tag)
    const value = sentBy(field, person)
    if (field.name && value !== null) sent.append(field.name, value)
  }
  const button = [...inner.matchAll(/<button([^>]*)>/g)].map(([, tag]) => attributes(tag)).find((one) => one.name)
  if (button) sent.append(button.name, button.value)
  return [decode(action), sent]
}

export class Browser {
  #cookies = {}

  /** Headings of the pages that were shown. */
  shown = []

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

  /** Follow redirects and send the forms that are shown, until `isEnd` holds for an address or for a page's heading. */
  async walk(url, isEnd, person = {}) {
    let answer = await this.#fetch(url)
    for (let step = 0; step < MOST_STEPS; step += 1) {
      if (answer.status === 303) {
        const next = new URL(answer.headers.get('location'), this.origin)
        if (isEnd(next.href)) return next
        answer = await this.#fetch(next)
      } else {
        const page = await answer.text()
        this.shown.push(heading(page))
        if (isEnd(heading(page))) return heading(page)
        const [action, body] = filledForm(page, person)
        answer = await this.#fetch(new URL(action, this.origin), { method: 'POST', body })
      }
    }
    throw new Error(`went round in circles: ${this.shown.join(', ')}`)
  }
}
