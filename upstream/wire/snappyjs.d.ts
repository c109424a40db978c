declare module 'snappyjs' {
  interface Snappy {
    /** The block format, not the framed one. A Buffer gives a Buffer. */
    compress<T extends Uint8Array>(bytes: T): T
    uncompress<T extends Uint8Array>(bytes: T, most?: number): T
  }
  const snappy: Snappy
  export default snappy
}
