import { readFileSync } from 'node:fs'

/** Memory of a kernel. Whoever holds views of its buffer makes them anew when it has grown. */
export interface KernelMemory {
  readonly buffer: ArrayBuffer
  grow(pages: number): void
}

/** A constant that a kernel exports. */
export interface KernelValue {
  readonly value: number
}

/** What is used of `WebAssembly`, for which Node's types have nothing. */
interface Engine {
  readonly Module: new (bytes: Uint8Array) => object
  readonly Memory: new (limits: { initial: number; maximum: number }) => KernelMemory
  readonly Instance: new (module: object, imports: object) => { readonly exports: unknown }
}

/** It is there: Node reads TypeScript by it. */
export const { Module, Memory, Instance } = (globalThis as unknown as { readonly WebAssembly: Engine }).WebAssembly

/** The module in a file; undefined where the processor has not what it needs: vectors. */
export function compileKernel(path: string): object | undefined {
  const bytes = readFileSync(path)
  try {
    return new Module(bytes)
  } catch {
    return undefined
  }
}
