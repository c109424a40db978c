/** @typedef {Node | string | number | null | undefined | false} Child */

/**
 * @typedef {object} Attributes
 * @property {string} [class]
 * @property {Record<string, string | number>} [style] custom properties and others, set through the CSSOM (allowed by CSP)
 * @property {Record<string, (event: any) => void>} [on]
 */

const SVG = 'http://www.w3.org/2000/svg'

/**
 * Appends children; strings become text nodes, never markup.
 * @param {Element} node
 * @param {readonly (Child | readonly Child[])[]} children
 */
export function append(node, children) {
  for (const child of children.flat()) {
    if (child === null || child === undefined || child === false || child === '') continue
    node.append(child instanceof Node ? child : String(child))
  }
}

/**
 * @param {Element} node
 * @param {Attributes & Record<string, unknown>} attributes
 */
function apply(node, attributes) {
  for (const [name, value] of Object.entries(attributes)) {
    if (value === undefined || value === null || value === false) continue
    if (name === 'on') {
      for (const [event, run] of Object.entries(attributes.on ?? {})) node.addEventListener(event, run)
    } else if (name === 'style') {
      const { style } = /** @type {HTMLElement} */ (node)
      for (const [key, item] of Object.entries(attributes.style ?? {})) style.setProperty(key, String(item))
    } else if (typeof value === 'string' || typeof value === 'number' || value === true) {
      node.setAttribute(name, value === true ? '' : String(value))
    }
  }
}

/**
 * An element with attributes and children. Data only ever becomes text.
 * @template {keyof HTMLElementTagNameMap} Tag
 * @param {Tag} tag
 * @param {Attributes & Record<string, unknown>} [attributes]
 * @param {...(Child | readonly Child[])} children
 * @returns {HTMLElementTagNameMap[Tag]}
 */
export function el(tag, attributes = {}, ...children) {
  const node = document.createElement(tag)
  apply(node, attributes)
  append(node, children)
  return node
}

/**
 * @param {string} tag
 * @param {Attributes & Record<string, unknown>} [attributes]
 * @param {...(Child | readonly Child[])} children
 */
export function svg(tag, attributes = {}, ...children) {
  const node = document.createElementNS(SVG, tag)
  apply(node, attributes)
  append(node, children)
  return node
}

/**
 * A part of a page that is built again only when what it shows has changed: focus, selection and scroll stay.
 * @param {HTMLElement} host
 */
export function region(host) {
  let shown = ''
  return {
    host,
    /**
     * @param {unknown} data what the part shows, as JSON can say it
     * @param {() => readonly Child[]} build
     * @returns {boolean} whether it was built
     */
    show(data, build) {
      const key = JSON.stringify(data)
      if (key === shown) return false
      shown = key
      host.replaceChildren()
      append(host, build())
      return true
    },
  }
}

/**
 * A link that opens elsewhere; only http and https become links.
 * @param {string} url
 * @param {string} text
 * @returns {Child}
 */
export function outside(url, text) {
  return /^https?:\/\//i.test(url) ? el('a', { href: url, target: '_blank', rel: 'noopener noreferrer' }, text) : text
}
