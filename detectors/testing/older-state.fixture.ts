/** State of a detector as it was saved before its rows had their last columns: so many, of so many bytes together. */
export function withoutLastColumns(
  state: Uint8Array,
  { columns, bytes }: { readonly columns: number; readonly bytes: number },
): Uint8Array {
  const view = new DataView(state.buffer, state.byteOffset)
  const sections = view.getUint32(0, true)
  const head = 4 + 4 * sections
  const first = view.getUint32(4, true)
  const out = new Uint8Array(state.length - bytes)
  out.set(state.subarray(0, head + first - bytes))
  out.set(state.subarray(head + first), head + first - bytes)
  const outView = new DataView(out.buffer)
  outView.setUint32(4, first - bytes, true)
  outView.setUint32(head + 12, outView.getUint32(head + 12, true) - columns, true)
  return out
}
