/** Which pieces of some state were written to: a piece has another version, an object, whenever it may be another one than when it was last asked for. */
export class Versions {
  readonly #touched: Uint8Array
  readonly #versions: object[]

  constructor(pieces: number) {
    this.#touched = new Uint8Array(pieces)
    this.#versions = Array.from({ length: pieces }, () => ({}))
  }

  touch(piece: number): void {
    this.#touched[piece] = 1
  }

  touchAll(): void {
    this.#touched.fill(1)
  }

  of(piece: number): object {
    if (this.#touched[piece] === 1) {
      this.#touched[piece] = 0
      this.#versions[piece] = {}
    }
    return this.#versions[piece]!
  }
}
